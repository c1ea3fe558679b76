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
def office(home: Home) -> Home:
    """A home with two projects, on the afternoon of `DAY`."""
    office = home.at(f"{DAY} 15:00")
    office.budget("1000")
    office.add("pcc", "web", allocate="400")
    return office


def later(office: Home, day: str = "2026-01-14") -> Home:
    return office.at(f"{day} 09:00")


def settled(office: Home, amount: str, provider: str = "openai", project: str = "pcc") -> None:
    held = office.services.holds.hold(project, usd(amount))
    office.services.holds.settle(held.hold_id, Settlement(usd(amount), provider=provider))


def beside(office: Home) -> list[tuple[str, str, list[str]]]:
    """The estimates that do not count: provider, amount, what was billed."""
    with office.services.context.reading() as session:
        organization = office.services.context.organization(session)
        return [
            (each.provider, shown(each.amount), [shown(bill.amount) for bill in each.bills])
            for each in replaced_estimates(session, organization, JANUARY)
        ]


@pytest.mark.both_engines
def test_a_bill_counts_in_the_place_of_the_estimate_for_every_reading(office: Home) -> None:
    settled(office, "5")
    settled(office, "2")
    settled(office, "3", "anthropic")
    assert (office.spent["pcc"], beside(office)) == ("10", [])
    office = later(office)
    report = bill(office.services, ("pcc", "6.40", "USD", DAY, "OpenAI"))
    assert "2 estimates of $7.00 replaced" in import_report(report, dry_run=False, how_to_map="")
    assert beside(office) == [("openai", "7", ["6.4"])]
    services = office.services
    assert office.spent["pcc"] == "9.4"
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
    assert (office.spent["pcc"], beside(office)) == ("10", [])
    services.undo.redo()
    assert (office.spent["pcc"], len(beside(office))) == ("9.4", 1)
    actions = [(entry.actor, entry.action) for entry in office.log if entry.action.startswith("estimate")]
    assert actions == [("budget-tui", each) for each in ("estimate.bill", "estimate.count", "estimate.bill")]
    assert office.services.database.check().problems == ()


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
    office: Home, provider: str, cost: tuple[str, str, str, str, str], counts: str
) -> None:
    """Where one of the two names no project, projects are not compared."""
    settled(office, "5", provider)
    bill(later(office).services, cost)
    assert later(office).spent["pcc"] == counts


def test_a_bill_for_a_day_that_has_not_ended_replaces_nothing(office: Home) -> None:
    """Otherwise ten cents of this morning would let a project spend without bounds until the evening."""
    bill(office.services, ("pcc", "0.10", "USD", DAY, "OpenAI"))
    settled(office, "390")
    assert (office.spent["pcc"], beside(office)) == ("390.1", [])
    with pytest.raises(InsufficientBudget):
        office.services.holds.hold("pcc", usd("10"))
    office = later(office)
    office.budget("1001")
    assert office.spent["pcc"] == "390.1"
    same = ("pcc", "0.10", "USD", DAY, "OpenAI")
    assert [bill(office.services, same).unchanged for _ in range(2)] == [False, True]
    assert (office.spent["pcc"], beside(office)) == ("0.1", [("openai", "390", ["0.1"])])
    office.services.undo.undo()
    assert (office.spent["pcc"], beside(office)) == ("390.1", [])
    bill(office.services, ("pcc", "380", "USD", DAY, "OpenAI"))
    assert (office.spent["pcc"], beside(office)) == ("380", [("openai", "390", ["380"])])
    office.services.undo.undo()
    assert (office.spent["pcc"], beside(office)) == ("390.1", [])


def test_a_day_that_one_only_looks_at_has_not_ended_either(office: Home) -> None:
    as_of = office.on(DAY)
    settled(as_of, "390")
    bill(as_of.services, ("pcc", "0.10", "USD", DAY, "OpenAI"))
    assert as_of.spent["pcc"] == "390.1"


def test_what_is_settled_for_a_day_that_was_billed_is_replaced_at_once(office: Home) -> None:
    held = office.at("2026-01-31 23:59").services.holds.hold("pcc", usd("5"))
    office = later(office, "2026-02-01")
    bill(office.services, ("pcc", "6.40", "USD", "2026-01-31", "OpenAI"))
    assert office.services.holds.settle(held.hold_id, Settlement(usd("5"), provider="openai")).is_billed
    assert beside(office) == [("openai", "5", ["6.4"])]
    assert office.services.undo.undo().what == "1 cost of 5 on pcc"
    assert beside(office) == []
    office.services.undo.redo()
    assert beside(office) == [("openai", "5", ["6.4"])]
    assert office.services.database.check().problems == ()


def test_no_bill_is_too_late_to_come_or_to_go(office: Home) -> None:
    settled(office, "5")
    office = later(office, "2026-04-03")
    bill(office.services, ("pcc", "6", "USD", DAY, "OpenAI"))
    assert beside(office) == [("openai", "5", ["6"])]
    office = later(office, "2026-04-28")
    office.services.undo.undo()
    assert beside(office) == []
    [january] = [each for each in office.services.history.periods(12) if each.period == JANUARY]
    assert (shown(january.spent), january.restated) == ("5", 0)


def test_a_bill_that_cannot_be_converted_replaces_nothing_until_there_is_a_rate(office: Home) -> None:
    settled(office, "5")
    office = later(office)
    bill(office.services, ("pcc", "6", "EUR", DAY, "OpenAI"))
    assert (office.spent["pcc"], beside(office)) == ("5", [])
    office.services.fx.set("EUR", "USD", Decimal("1.5"), date(2026, 1, 1))
    assert (office.spent["pcc"], beside(office)) == ("9", [("openai", "5", ["6"])])


def test_explanations_name_who_billed_and_what_counts(office: Home) -> None:
    settled(office, "5")
    office = later(office)
    bill(office.services, ("", "100", "USD", DAY, "OpenAI"))
    [finding] = [each for each in office.services.explain.of_project("pcc").left_out if each.reason == "estimated"]
    assert finding.text == "of openai, estimated: a bill of $100.00 by openai that names no project is there"


def test_a_closed_period_stands_and_is_restated(office: Home) -> None:
    settled(office, "5")
    february = later(office, "2026-02-03")
    february.services.periods.catch_up()
    bill(february.services, ("pcc", "4", "USD", DAY, "OpenAI"))
    [closed] = february.services.history.periods(1)
    assert (shown(closed.spent), shown(closed.restated)) == ("5", "-1")


def test_tokens_have_no_estimates(office: Home) -> None:
    settled(office, "5")
    office = later(office)
    bill(office.services, ("pcc", "4", "USD", DAY, "OpenAI"))
    actual = office.services.cost_details.of_entity("pcc", JANUARY, budget_type=BudgetType.TOKEN)
    assert office.services.cost_details.page(actual).lines == ()
    office.services.cost_details.close()
