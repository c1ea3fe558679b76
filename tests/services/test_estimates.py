"""Estimates over a real database: the bill for them counts in their place, and they stay visible beside it."""

from datetime import date
from decimal import Decimal

import pytest

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.errors import InsufficientBudget
from budget_tui.domain.period import Period
from budget_tui.presentation.messages import import_report
from budget_tui.services.estimates import replaced_estimates
from budget_tui.services.holds import Settlement
from tests.services.conftest import Home, shown, usd
from tests.services.planning import bill

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
DAY = "2026-01-13"


@pytest.fixture
def home(home: Home) -> Home:
    """A home on the afternoon of `DAY`."""
    home = home.at(f"{DAY} 15:00")
    home.budget("1000")
    home.add("pcc", "web", allocate="400")
    return home


def later(home: Home, day: str = "2026-01-14") -> Home:
    return home.at(f"{day} 09:00")


def settled(home: Home, amount: str, provider: str = "openai", project: str = "pcc") -> None:
    held = home.services.holds.hold(project, usd(amount))
    home.services.holds.settle(held.hold_id, Settlement(usd(amount), provider=provider))


def beside(home: Home) -> list[tuple[str, str, list[str]]]:
    """The estimates that do not count: provider, amount, what was billed."""
    with home.services.context.reading() as session:
        organization = home.services.context.organization(session)
        return [
            (each.provider, shown(each.amount), [shown(bill.amount) for bill in each.bills])
            for each in replaced_estimates(session, organization, JANUARY)
        ]


@pytest.mark.both_engines
def test_a_bill_counts_in_the_place_of_the_estimate_for_every_reading(home: Home) -> None:
    settled(home, "5")
    settled(home, "2")
    settled(home, "3", "anthropic")
    assert (home.spent["pcc"], beside(home)) == ("10", [])
    home = later(home)
    report = bill(home.services, ("pcc", "6.40", "USD", DAY, "OpenAI"))
    assert "2 estimates of $7.00 replaced" in import_report(report, dry_run=False, how_to_map="")
    assert beside(home) == [("openai", "7", ["6.4"])]
    services = home.services
    assert home.spent["pcc"] == "9.4"
    assert shown(services.forecasts.current().snapshot.total.spent) == "9.4"
    services.forecasts.close()
    actual = services.cost_details.of_entity("pcc", JANUARY)
    groups, page = services.cost_details.groups(actual), services.cost_details.page(actual)
    services.cost_details.close()
    assert (shown(groups.total), groups.count, shown(page.total)) == ("9.4", 2, "9.4")
    assert [shown(line.estimated) for line in page.lines if line.estimated is not None] == ["7"]
    explained = services.explain.of_project("pcc")
    counting = [(group.source, shown(group.amount), group.costs) for group in explained.counting]
    assert counting == [("bill", "6.4", 1), ("holds", "3", 1)]
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
        ("OpenAI, LLC", ("pcc", "1", "USD", DAY, "OpenAI"), "1"),
        ("openai", ("pcc", "0", "USD", DAY, "OpenAI"), "5"),
        ("openai", ("pcc", "-1", "USD", DAY, "OpenAI"), "4"),
    ],
)
def test_only_a_bill_of_the_same_vendor_day_and_project(
    home: Home, provider: str, cost: tuple[str, str, str, str, str], counts: str
) -> None:
    """Where one of the two names no project, projects are not compared."""
    settled(home, "5", provider)
    bill(later(home).services, cost)
    assert later(home).spent["pcc"] == counts


def test_a_bill_for_a_day_that_has_not_ended_replaces_nothing(home: Home) -> None:
    """Otherwise ten cents of this morning would let a project spend without bounds until the evening."""
    bill(home.services, ("pcc", "0.10", "USD", DAY, "OpenAI"))
    settled(home, "390")
    assert (home.spent["pcc"], beside(home)) == ("390.1", [])
    with pytest.raises(InsufficientBudget):
        home.services.holds.hold("pcc", usd("10"))
    home = later(home)
    home.budget("1001")
    assert home.spent["pcc"] == "390.1"
    bill(home.services, ("pcc", "380", "USD", DAY, "OpenAI"))
    assert (home.spent["pcc"], beside(home)) == ("380", [("openai", "390", ["380"])])
    home.services.undo.undo()
    assert (home.spent["pcc"], beside(home)) == ("390.1", [])


def test_what_is_settled_for_a_day_that_was_billed_is_replaced_at_once(home: Home) -> None:
    held = home.at("2026-01-31 23:59").services.holds.hold("pcc", usd("5"))
    home = later(home, "2026-02-01")
    bill(home.services, ("pcc", "6.40", "USD", "2026-01-31", "OpenAI"))
    assert home.services.holds.settle(held.hold_id, Settlement(usd("5"), provider="openai")).is_billed
    assert beside(home) == [("openai", "5", ["6.4"])]
    assert home.services.undo.undo().what == "1 cost of 5 on pcc"
    assert beside(home) == []
    home.services.undo.redo()
    assert beside(home) == [("openai", "5", ["6.4"])]
    assert home.services.database.check().problems == ()


def test_no_bill_is_too_late_to_come_or_to_go(home: Home) -> None:
    settled(home, "5")
    home = later(home, "2026-04-03")
    bill(home.services, ("pcc", "6", "USD", DAY, "OpenAI"))
    assert beside(home) == [("openai", "5", ["6"])]
    home = later(home, "2026-04-28")
    home.services.undo.undo()
    assert beside(home) == []
    [january] = [each for each in home.services.history.periods(12) if each.period == JANUARY]
    assert (shown(january.spent), january.restated) == ("5", 0)


def test_a_bill_that_cannot_be_converted_replaces_nothing_until_there_is_a_rate(home: Home) -> None:
    settled(home, "5")
    home = later(home)
    bill(home.services, ("pcc", "6", "EUR", DAY, "OpenAI"))
    assert (home.spent["pcc"], beside(home)) == ("5", [])
    home.services.fx.set("EUR", "USD", Decimal("1.5"), date(2026, 1, 1))
    assert (home.spent["pcc"], beside(home)) == ("9", [("openai", "5", ["6"])])


def test_explanations_name_who_billed_and_what_counts(home: Home) -> None:
    settled(home, "5")
    home = later(home)
    bill(home.services, ("", "100", "USD", DAY, "OpenAI"))
    [finding] = [each for each in home.services.explain.of_project("pcc").left_out if each.reason == "estimated"]
    assert finding.text == "of openai, estimated: a bill of $100.00 by openai that names no project is there"


def test_a_closed_period_stands_and_is_restated(home: Home) -> None:
    settled(home, "5")
    february = later(home, "2026-02-03")
    february.services.periods.catch_up()
    bill(february.services, ("pcc", "4", "USD", DAY, "OpenAI"))
    [closed] = february.services.history.periods(1)
    assert (shown(closed.spent), shown(closed.restated)) == ("5", "-1")


def test_tokens_have_no_estimates(home: Home) -> None:
    settled(home, "5")
    home = later(home)
    bill(home.services, ("pcc", "4", "USD", DAY, "OpenAI"))
    actual = home.services.cost_details.of_entity("pcc", JANUARY, budget_type=BudgetType.TOKEN)
    assert home.services.cost_details.page(actual).lines == ()
    home.services.cost_details.close()
