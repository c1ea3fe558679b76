"""Costs entered by hand, and the rules that say whose a cost is. Those of exports: test_imports."""

from pathlib import Path

import pytest

from budget_tui.domain.amount import LIMIT_COUNT, LIMIT_NANOS
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Conflict, NotFound, Refused
from budget_tui.presentation.audit import changes
from budget_tui.services.costs import CostEntry
from tests.databases import Engine
from tests.services.conftest import TODAY, Home, home_at, shown, usd


def a_and_b(path: Path) -> None:
    home_at(path, TODAY).add("a", "b")


@pytest.fixture
def two(engine: Engine) -> Home:
    return home_at(engine.new(a_and_b), TODAY)


def origins(home: Home) -> list[tuple[object, ...]]:
    return home.rows("SELECT provider, category, category_hint FROM cost_origin ORDER BY origin_key")


def test_a_cost_is_the_projects_and_todays_unless_told(two: Home) -> None:
    two.spend("a", "12.50")
    two.spend("a", "0.000000001", on="2026-01-02")
    assert two.spent == {"a": "12.500000001", "b": "0", "all": "12.500000001"}
    assert [day.isoformat() for day, _ in two.snapshot.daily_spend] == ["2026-01-02", TODAY.isoformat()]
    assert [(entry.action, entry.subject, changes(entry)) for entry in two.log[:2]] == [
        ("cost.add", "a", "costs 1, amount 0.000000001"),
        ("cost.add", "a", "costs 1, amount 12.5"),
    ]


def test_a_credit_takes_off(two: Home) -> None:
    two.spend("a", "10")
    two.spend("a", "-12.50")
    assert two.spent["a"] == "-2.5"


@pytest.mark.parametrize(
    "entry",
    [
        CostEntry("a", 0),
        CostEntry("a", LIMIT_NANOS + 1),
        CostEntry("a", -LIMIT_NANOS - 1),
        CostEntry("a", 1, tokens=-1),
        CostEntry("a", 1, tokens=LIMIT_COUNT + 1),
        CostEntry("a", 1, category=Category.TOTAL),
        CostEntry("a", 1, provider="two\nlines"),
    ],
)
def test_a_cost_that_makes_no_sense_is_refused(two: Home, entry: CostEntry) -> None:
    with pytest.raises(Refused):
        two.services.costs.add(entry)
    assert two.rows("SELECT count(*) FROM cost_origin") == [(0,)]


def test_tokens_may_cost_nothing(two: Home) -> None:
    two.services.costs.add(CostEntry("a", 0, provider="openai", tokens=1_000))
    assert two.rows("SELECT amount_nanos, tokens FROM cost") == [(0, 1_000)]


def test_costs_that_could_not_be_added_up_are_refused(two: Home) -> None:
    """Were they stored, nothing could be shown any more."""
    two.spend("a", "9000000000")
    for project in ("a", "b"):
        with pytest.raises(Refused, match="out of range"):
            two.spend(project, "9000000000")
    two.spend("b", "-1")
    assert two.spent == {"a": "9000000000", "b": "-1", "all": "8999999999"}
    two.spend("a", "9000000000", on="2026-02-01")  # which is another period's
    assert two.on("2026-02-01").spent["a"] == "9000000000"


def test_a_project_that_is_not_there(two: Home) -> None:
    with pytest.raises(NotFound, match="there is no project 'nobody'"):
        two.spend("nobody", "5")


@pytest.mark.both_engines
def test_many_costs_are_stored_all_or_not_at_all(two: Home) -> None:
    with pytest.raises(NotFound):
        two.services.costs.add_all([CostEntry("a", 5), CostEntry("nobody", 5)])
    assert two.spent["all"] == "0"
    two.services.costs.add_all([CostEntry("a", usd("5")), CostEntry("b", usd("6")), CostEntry("a", usd("7"))])
    assert two.spent == {"a": "12", "b": "6", "all": "18"}
    assert sorted((entry.subject, changes(entry)) for entry in two.log[:2]) == [
        ("a", "costs 2, amount 12"),
        ("b", "costs 1, amount 6"),
    ]


def test_the_same_key_counts_once(two: Home) -> None:
    two.spend("a", "5", key="invoice-7")
    two.again().spend("a", "5", key="invoice-7")
    two.on("2026-01-14").spend("a", "5", key="invoice-7")
    assert two.spent["a"] == "5"
    with pytest.raises(Conflict, match="'invoice-7' was used for another request"):
        two.spend("a", "6", key="invoice-7")
    two.spend("a", "5")
    assert two.spent["a"] == "10"


def test_equal_costs_share_an_origin_and_stay_two(two: Home) -> None:
    two.spend("a", "5", provider="AWS")
    two.spend("a", "5", provider="AWS")
    assert two.spent["a"] == "10"
    assert two.rows("SELECT count(*) FROM cost_origin") == [(1,)]
    assert two.rows("SELECT count(*), sum(charges) FROM cost") == [(2, 2)]


# Providers and categories


def test_provider_and_category_are_derived_unless_told(two: Home) -> None:
    two.spend("a", "1", provider="Amazon Web Services")
    two.spend("a", "1", provider="Anthropic")
    two.spend("a", "1", provider="Figma")
    two.spend("a", "1", provider="Corner Shop")
    two.services.costs.add(CostEntry("a", 1, provider="Corner Shop", category=Category.GENAI))
    assert origins(two) == [
        ("aws", "cloud", ""),
        ("anthropic", "genai", ""),
        ("figma", "subscription", ""),
        ("Corner Shop", "cloud", ""),
        ("Corner Shop", "genai", "genai"),
    ]


@pytest.mark.both_engines
def test_a_providers_name_reaches_the_past(two: Home) -> None:
    two.spend("a", "1", provider="ACME Brain Ltd")
    outcome = two.services.costs.name_provider(" acme brain LTD ", "OpenAI")
    assert outcome.changed_origins == 1
    assert origins(two) == [("openai", "genai", "")]
    two.spend("a", "1", provider="Acme Brain Ltd")
    assert origins(two)[1] == ("openai", "genai", "")


@pytest.mark.both_engines
def test_a_short_name_stands_in_a_row(two: Home) -> None:
    with pytest.raises(Refused, match="control characters"):
        two.services.costs.name_provider("Acme", "ac\nme")


@pytest.mark.both_engines
def test_a_category_reaches_the_past_but_not_what_was_chosen_by_hand(two: Home) -> None:
    two.spend("a", "1", provider="Corner Shop")
    two.services.costs.add(CostEntry("a", 1, provider="Corner Shop", category=Category.GENAI))
    assert two.services.costs.put_into_category("corner shop", Category.SUBSCRIPTION).changed_origins == 1
    assert origins(two) == [("Corner Shop", "subscription", ""), ("Corner Shop", "genai", "genai")]


@pytest.mark.both_engines
def test_the_latest_rule_counts(two: Home) -> None:
    two.spend("a", "1", provider="Corner Shop")
    two.services.costs.put_into_category("Corner Shop", Category.SUBSCRIPTION)
    two.services.costs.put_into_category("CORNER SHOP", Category.GENAI)
    assert origins(two) == [("Corner Shop", "genai", "")]
    assert changes(two.log[0]) == "target subscription → genai"


def test_rules_without_sense_are_refused(two: Home) -> None:
    costs = two.services.costs
    with pytest.raises(Refused, match="a provider needs a name"):
        costs.name_provider("ACME", "  ")
    with pytest.raises(Refused, match="a rule needs a value"):
        costs.name_provider("  ", "acme")
    with pytest.raises(Refused, match="'total' is all categories together"):
        costs.put_into_category("aws", Category.TOTAL)
    with pytest.raises(Refused, match="a rule needs a value"):
        costs.map_to_project("a", "service", " ")


@pytest.mark.parametrize("field", ["", "colour", "tag", "tag:", "tag: ", "service:x", "sub account"])
def test_a_rule_goes_by_something_that_costs_have(two: Home, field: str) -> None:
    with pytest.raises(Refused, match="use tag:KEY, directory, sub_account, service or provider"):
        two.services.costs.map_to_project("a", field, "value")
    assert two.rows("SELECT count(*) FROM cost_rule") == [(0,)]


@pytest.mark.parametrize("field", ["tag:team", "TAG: Team ", "Service", "sub_account", " provider "])
def test_a_rule_may_be_written_in_any_case(two: Home, field: str) -> None:
    two.services.costs.map_to_project("a", field, "Value")
    [(stored, value)] = two.rows("SELECT field, value FROM cost_rule")
    assert stored in ("tag:team", "service", "sub_account", "provider")
    assert value == "value"


def test_what_was_entered_for_a_project_stays_its_own_whatever_rules_say(two: Home) -> None:
    two.spend("a", "5", provider="AWS")
    assert two.services.costs.map_to_project("b", "provider", "aws").changed_origins == 0
    assert two.spent == {"a": "5", "b": "0", "all": "5"}


def test_the_seeds_costs_are_exact(seed: Home) -> None:
    assert sum(usd(shown(amount)) for _, amount in seed.snapshot.daily_spend) == usd("241")
