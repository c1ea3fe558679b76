"""Estimates over a real database: the bill for them counts in their place, and they stay visible beside it."""

from datetime import date

import pytest

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.period import Period
from budget_tui.services.estimates import replaced_estimates
from budget_tui.services.holds import Settlement
from tests.services.conftest import Home, shown, usd
from tests.services.planning import bill

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
DAY = "2026-01-13"


@pytest.fixture
def home(home: Home) -> Home:
    home.budget("1000")
    home.add("pcc", "web", allocate="400")
    return home


def settled(home: Home, amount: str, provider: str = "openai", project: str = "pcc") -> None:
    held = home.services.holds.hold(project, usd(amount))
    home.services.holds.settle(held.hold_id, Settlement(usd(amount), provider=provider))


def beside(home: Home) -> list[tuple[str, str, list[str]]]:
    """The estimates that do not count: provider, amount, what was billed."""
    with home.services.context.reading() as session:
        org = home.services.context.organization(session).org_key
        return [
            (each.provider, shown(each.amount), [shown(amount) for amount in each.billed.values()])
            for each in replaced_estimates(session, org, JANUARY)
        ]


@pytest.mark.both_engines
def test_a_bill_counts_in_the_place_of_the_estimate_for_every_reading(home: Home) -> None:
    settled(home, "5")
    settled(home, "2")
    settled(home, "3", "anthropic")
    assert (home.spent["pcc"], beside(home)) == ("10", [])
    bill(home.services, ("pcc", "6.40", "USD", DAY, "OpenAI"))
    assert beside(home) == [("openai", "7", ["6.4"])]
    services = home.services
    assert home.spent["pcc"] == "9.4"
    assert shown(services.forecasts.current().snapshot.total.spent) == "9.4"
    services.forecasts.close()
    actual = services.cost_details.of_entity("pcc", JANUARY)
    groups, page = services.cost_details.groups(actual), services.cost_details.page(actual)
    services.cost_details.close()
    assert (shown(groups.total), shown(page.total)) == ("9.4", "9.4")
    assert [shown(line.estimated) for line in page.lines if line.estimated is not None] == ["7"]
    explained = services.explain.of_project("pcc")
    assert sum(group.amount for group in explained.counting) == usd("9.40")
    [finding] = [each for each in explained.left_out if each.reason == "estimated"]
    assert (finding.amount, finding.costs) == (usd("7"), 1)
    assert "$6.40 billed by openai counts instead, $0.60 less" in finding.text
    services.undo.undo()
    assert (home.spent["pcc"], beside(home)) == ("10", [])
    services.undo.redo()
    assert (home.spent["pcc"], len(beside(home))) == ("9.4", 1)
    actions = [(entry.actor, entry.action) for entry in home.log if entry.action.startswith("estimate")]
    assert actions == [("budget-tui", each) for each in ("estimate.bill", "estimate.count", "estimate.bill")]
    assert home.services.database.check().problems == ()


@pytest.mark.parametrize(
    ("provider", "cost", "counts"),
    [
        ("openai", ("pcc", "1", "USD", "2026-01-12", "OpenAI"), "6"),
        ("openai", ("pcc", "1", "USD", DAY, "Anthropic"), "6"),
        ("openai", ("web", "1", "USD", DAY, "OpenAI"), "5"),
        ("", ("pcc", "1", "USD", DAY, "OpenAI"), "6"),
        ("openai", ("nobody", "1", "USD", DAY, "OpenAI"), "0"),
        ("openai", ("ORG", "1", "USD", DAY, "OpenAI"), "0"),
        ("OpenAI, LLC", ("pcc", "1", "EUR", DAY, "OpenAI"), "0"),
    ],
)
def test_only_a_bill_of_the_same_vendor_day_and_project(
    home: Home, provider: str, cost: tuple[str, str, str, str, str], counts: str
) -> None:
    """Where one of the two names no project, projects are not compared."""
    settled(home, "5", provider)
    bill(home.services, cost)
    assert home.spent["pcc"] == counts


def test_a_bill_that_came_first_replaces_what_is_settled_later(home: Home) -> None:
    bill(home.services, ("pcc", "6.40", "USD", DAY, "OpenAI"))
    settled(home, "5")
    assert (home.spent["pcc"], beside(home)) == ("6.4", [("openai", "5", ["6.4"])])
    assert home.services.undo.undo().what == "1 cost of 5 on pcc"
    assert (home.spent["pcc"], beside(home)) == ("6.4", [])
    home.services.undo.redo()
    assert (home.spent["pcc"], beside(home)) == ("6.4", [("openai", "5", ["6.4"])])
    assert home.services.database.check().problems == ()


def test_a_closed_period_stands_and_is_restated(home: Home) -> None:
    settled(home, "5")
    february = home.on("2026-02-03")
    february.services.periods.catch_up()
    bill(february.services, ("pcc", "4", "USD", DAY, "OpenAI"))
    [closed] = february.services.history.periods(1)
    assert (shown(closed.spent), shown(closed.restated)) == ("5", "-1")


def test_tokens_have_no_estimates(home: Home) -> None:
    settled(home, "5")
    bill(home.services, ("pcc", "4", "USD", DAY, "OpenAI"))
    actual = home.services.cost_details.of_entity("pcc", JANUARY, budget_type=BudgetType.TOKEN)
    assert home.services.cost_details.page(actual).lines == ()
    home.services.cost_details.close()
