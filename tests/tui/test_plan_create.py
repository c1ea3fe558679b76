"""Create Budget: a single one, and one from the top down in three steps, to and fro, refused in place."""

from dataclasses import replace
from datetime import date

import pytest
from textual.widgets import Button

from budget_tui.bootstrap import Services
from budget_tui.domain.plan import PlanFilter, PlannedBudget
from budget_tui.domain.tree import Placement
from budget_tui.services.clock import Clock
from budget_tui.tui.fields import Choice
from budget_tui.tui.picker import Picker
from budget_tui.tui.screens.plan.create import PlanCreateScreen
from budget_tui.tui.screens.plan.create_shares import PlanShares, ShareInput
from tests.tui.conftest import OpenDashboard
from tests.tui.driving import Dashboard

TO_AMOUNT = ("tab",) * 4


@pytest.fixture
def acme(services: Services) -> Services:
    """The company that plans, on the last day of its quarter."""
    context = replace(services.context, org_slug="acme", clock=Clock(date(2026, 3, 31)))
    return Services(context, services.settings)


@pytest.fixture
def wide(acme: Services) -> Services:
    """With a department of fifty teams."""
    acme.entities.add("DEPT-MANY", level="department")
    acme.entities.import_placements(Placement(f"TEAM-{number:02}", "", "team", "DEPT-MANY") for number in range(50))
    return acme


def words(dashboard: Dashboard) -> str:
    """The screen's text as if its lines were not broken."""
    return " ".join(dashboard.text.replace("│", " ").split())


def made(dashboard: Dashboard) -> str:
    """What the review says is going to be made."""
    return str(dashboard.app.screen.query_one("#made").render())


def planned(services: Services, entity: str = "", category: str = "total") -> list[PlannedBudget]:
    """The budgets of March and of custom days, which are those that the tests make."""
    found = services.plan_views.list(PlanFilter(entity_id=entity)).budgets
    services.plan_views.close()
    return [budget for budget in found if budget.category == category and budget.period.days < 80]


def amounts(services: Services) -> dict[str, int]:
    """In cents."""
    return {budget.entity_id: budget.amount // 10**7 for budget in planned(services)}


def is_open(dashboard: Dashboard) -> bool:
    return isinstance(dashboard.app.screen, PlanCreateScreen)


def title(dashboard: Dashboard) -> str:
    return str(dashboard.app.screen.query_one(".box").border_title)


def submit(dashboard: Dashboard) -> str:
    return str(dashboard.app.screen.query_one("#submit", Button).label)


def chosen(dashboard: Dashboard, name: str) -> str:
    return dashboard.app.screen.query_one(f"#{name}", Choice).value


def entity(dashboard: Dashboard) -> Picker[str]:
    return dashboard.app.screen.query_one(Picker)


def focused(dashboard: Dashboard) -> str:
    widget = dashboard.app.focused
    return (widget.id or type(widget).__name__) if widget else ""


def shares(dashboard: Dashboard) -> dict[str, str]:
    return {row.entity.entity_id: row.field.value for row in dashboard.app.screen.query_one(PlanShares).rows}


async def to_the_children(dashboard: Dashboard, amount: str = "1000") -> None:
    """From the Plan screen to the second step: the root's budget for March, from the top down."""
    await dashboard.keys("a", "right", *TO_AMOUNT, *amount, "enter")


# A single budget


async def test_a_single_budget_in_one_form(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan", keys="a") as dashboard:
        assert title(dashboard) == "Create budget"
        assert submit(dashboard) == "Create"
        await dashboard.keys("tab", *"back", "tab")
        assert entity(dashboard).value == "TEAM-BACKEND"
        await dashboard.keys("right", "right", "tab", "tab", *"1,234.50", "tab", "ctrl+a", "ctrl+k", *"eur")
        await dashboard.keys("tab", "tab", "tab", "tab", *"Google Cloud", "tab", *"for the launch", "enter")
        assert not is_open(dashboard)
        assert "planned Backend's genai gcp budget for March 2026: €1,234.50" in dashboard.text
    [made] = planned(acme, "TEAM-BACKEND", "genai")
    assert (made.amount, made.currency, made.provider, made.notes) == (
        1_234_500_000_000,
        "EUR",
        "gcp",
        "for the launch",
    )
    assert (made.period.start, made.period.end) == (date(2026, 3, 1), date(2026, 3, 31))


async def test_undo_takes_all_of_it_back(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await to_the_children(dashboard)
        await dashboard.keys("=", "enter", "enter")
        assert len(planned(acme)) == 4
        await dashboard.keys("u")
        assert "Engineering:" in words(dashboard)
        assert not planned(acme)


async def test_tokens_and_seats_have_no_currency(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan", keys="a") as dashboard:
        await dashboard.keys("tab", "tab", "tab", "right")
        assert not dashboard.field("currency").display
        await dashboard.keys("tab", *"25M", "tab")
        assert focused(dashboard) == "kind"
        await dashboard.keys("enter")
        assert "25,000,000 tokens" in dashboard.text
    [made] = planned(acme)
    assert (made.budget_type, made.amount) == ("token", 25_000_000)


async def test_what_children_have_above_their_parent_is_told(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        for name, amount in (("DEPT-ENG", "50"), ("DEPT-OPS", "60"), ("ORG", "100")):
            await dashboard.keys("a", "tab", *name, "tab", "tab", "tab", *amount, "enter")
            assert not is_open(dashboard), dashboard.text
        assert "its children have $110.00, $10.00 more than its $100.00" in words(dashboard)


# The entity


async def test_the_entity_is_found_by_a_part_of_its_name_or_with_the_arrows(
    open_dashboard: OpenDashboard, acme: Services
) -> None:
    async with open_dashboard(acme, mode="plan", keys="a") as dashboard:
        await dashboard.keys("tab", *"front")
        assert entity(dashboard).value == "TEAM-FRONTEND"
        assert "TEAM-FRONTEND  Frontend · team" in dashboard.line_with("Entity")
        await dashboard.keys("backspace", "down", "up", "enter")
        assert is_open(dashboard)
        assert entity(dashboard).value == "TEAM-BACKEND"
        await dashboard.keys("down", "home", "escape")
        assert not entity(dashboard).expanded
        assert is_open(dashboard), "escape closed the list only"
        assert entity(dashboard).value == "TEAM-BACKEND"


# The period


async def test_days_are_proposed_by_kind_and_fiscal_year(open_dashboard: OpenDashboard, acme: Services) -> None:
    from budget_tui.services.period_rules import RuleChange

    acme.period_rules.set(RuleChange(fiscal_start_month=2))
    async with open_dashboard(acme, mode="plan", keys="a") as dashboard:
        await dashboard.keys(*TO_AMOUNT, "tab", "tab", "right")
        assert chosen(dashboard, "kind") == "quarterly"
        assert (dashboard.field("first").value, dashboard.field("last").value) == ("2026-02-01", "2026-04-30")
        await dashboard.keys("right")
        assert (dashboard.field("first").value, dashboard.field("last").value) == ("2026-02-01", "2027-01-31")
        await dashboard.keys("tab", "ctrl+a", "ctrl+k", *"2026-05-01")
        assert dashboard.field("last").value == "2027-04-30"
        await dashboard.keys("shift+tab", "right")
        assert chosen(dashboard, "kind") == "custom"
        assert dashboard.field("first").value == "2026-05-01", "a custom period begins as what there was"


# Refusals


REFUSALS = (
    ("amount", "", "the amount is missing", "Amount"),
    ("amount", "-5", "a budget cannot be negative", "Amount"),
    ("amount", "5x", "'5x' is not an amount", "Amount"),
    ("currency", "", "'' is not a currency", "Amount"),
    ("first", "2026-03-0", "'2026-03-0' is not a date", "From"),
    ("last", "2026-03-30", "is not monthly; end it on 2026-03-31", "From"),
    ("last", "2026-02-01", "a period cannot end (2026-02-01) before it starts", "From"),
)


async def test_refusals_stand_below_their_field(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan", keys="a") as dashboard:
        dashboard.field("amount").value = "5"
        for name, text, why, label in REFUSALS:
            field = dashboard.field(name)
            before = field.value
            field.focus()
            field.value = text
            await dashboard.keys("enter")
            assert why in words(dashboard)
            refused = dashboard.line_with("│              ✕ ")
            assert label in dashboard.lines[dashboard.lines.index(refused) - 1]
            assert focused(dashboard) == {"Amount": "amount", "From": "first"}[label]
            field.value = before
        dashboard.app.screen.query_one("#category", Choice).focus()
        await dashboard.keys("right", "tab", "right", "enter")
        assert "cloud has no token budgets" in words(dashboard)
        assert focused(dashboard) == "type"
    assert not planned(acme)


async def test_a_budget_that_is_there_is_refused_and_the_entry_stays(
    open_dashboard: OpenDashboard, acme: Services
) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("a", *TO_AMOUNT, *"10", "enter", "a", *TO_AMOUNT, *"20", "enter")
        assert "there is Acme Inc's total budget for March 2026 already, of $10.00" in words(dashboard)
        assert dashboard.field("amount").value == "20"
    assert amounts(acme) == {"ORG": 1000}


# From the top down


async def test_three_steps(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan", keys="a") as dashboard:
        await dashboard.keys("right")
        assert title(dashboard) == "Create budget · step 1 of 3: parent"
        assert submit(dashboard) == "Next"
        await dashboard.keys(*TO_AMOUNT, *"1000", "enter")
        assert title(dashboard) == "Create budget · step 2 of 3: children"
        assert list(shares(dashboard)) == ["DEPT-ENG", "DEPT-DS", "DEPT-OPS"]
        await dashboard.keys(*"45")
        assert "$450.00" in dashboard.line_with("DEPT-ENG  Engineering")
        assert "Allocated 45% " in dashboard.text
        assert "margin 55% $550.00" in dashboard.text
        await dashboard.keys("down", *"30.5")
        assert "margin 24.5% $245.00" in dashboard.text
        assert not planned(acme), "nothing is made yet"
        await dashboard.keys("ctrl+n")
        assert title(dashboard) == "Create budget · step 3 of 3: review"
        assert submit(dashboard) == "Create"
        assert "$450.00" in dashboard.line_with("  DEPT-ENG  Engineering")
        assert "$305.00" in dashboard.line_with("  DEPT-DS  Data Science")
        assert "$245.00" in dashboard.line_with("  unallocated")
        assert not planned(acme), "a review makes nothing"
        await dashboard.keys("enter")
        assert not is_open(dashboard)
        assert "allocated to 2 budgets below it" in words(dashboard)
    assert amounts(acme) == {"ORG": 100_000, "DEPT-ENG": 45_000, "DEPT-DS": 30_500}
    [parent] = planned(acme, "ORG")
    assert {child.parent_id for child in planned(acme) if child.entity_id != "ORG"} == {parent.budget_id}


async def test_equal_split_is_exact_to_the_cent(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await to_the_children(dashboard, "100")
        await dashboard.keys("=")
        assert set(shares(dashboard).values()) == {"33.33…"}
        assert "margin 0% $0.00" in dashboard.text
        await dashboard.keys("ctrl+o")
        entity(dashboard).focus()
        await dashboard.keys(*"DEPT-ENG", "ctrl+n", "ctrl+o")
        entity(dashboard).focus()
        await dashboard.keys(*"ORG", "ctrl+n", "enter", "enter")
    assert amounts(acme) == {"ORG": 10_000, "DEPT-ENG": 3334, "DEPT-DS": 3333, "DEPT-OPS": 3333}


async def test_back_and_forth_loses_nothing(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await to_the_children(dashboard)
        await dashboard.keys(*"40", "down", *"25", "enter", "ctrl+o")
        assert shares(dashboard) == {"DEPT-ENG": "40", "DEPT-DS": "25", "DEPT-OPS": ""}
        await dashboard.keys("ctrl+o")
        assert title(dashboard) == "Create budget · step 1 of 3: parent"
        assert dashboard.field("amount").value == "1000"
        dashboard.field("amount").focus()
        await dashboard.keys(*"10000", "enter")
        assert shares(dashboard) == {"DEPT-ENG": "40", "DEPT-DS": "25", "DEPT-OPS": ""}
        assert "$4,000.00" in dashboard.line_with("DEPT-ENG  Engineering"), "40% of the new amount"
        await dashboard.keys("ctrl+o")
        entity(dashboard).focus()
        await dashboard.keys(*"DEPT-ENG", "ctrl+n")
        assert shares(dashboard) == {"PROJ-PLATFORM": "", "PROJ-DESIGN": ""}
        await dashboard.keys("ctrl+o")
        entity(dashboard).focus()
        await dashboard.keys(*"ORG", "ctrl+n")
        assert shares(dashboard) == {"DEPT-ENG": "40", "DEPT-DS": "25", "DEPT-OPS": ""}


async def test_more_than_all_is_refused_in_place(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await to_the_children(dashboard)
        await dashboard.keys("enter")
        assert "an allocation needs children; name at least one" in dashboard.text
        await dashboard.keys("down", *"40", "up", *"6x")
        assert "✕ not a share" in dashboard.line_with("DEPT-ENG")
        assert "margin 60% $600.00 · 1 refused share" in dashboard.text
        await dashboard.keys("enter")
        assert "'6x%' is not a share" in dashboard.line_with("✕ '")
        await dashboard.keys("down", *"50")
        assert "1 refused share" in dashboard.text, "what is wrong stays marked while others are typed"
        await dashboard.keys("up", *"60")
        assert "✕" not in dashboard.text
        assert "Allocated 110%: 10% too much; choose Amounts to exceed 100%" in dashboard.text
        await dashboard.keys("down")
        await dashboard.keys("enter")
        assert title(dashboard) == "Create budget · step 2 of 3: children"
        assert "percentages are 0 or more and sum to at most 100" in dashboard.text
        await dashboard.keys("backspace", "backspace", *"40", "enter")
        assert title(dashboard) == "Create budget · step 3 of 3: review"


async def test_amounts_instead_of_percentages(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await to_the_children(dashboard)
        await dashboard.keys(*"25", "shift+tab", "right")
        assert shares(dashboard) == {"DEPT-ENG": "250.00", "DEPT-DS": "", "DEPT-OPS": ""}
        await dashboard.keys("tab", "down", *"900.01")
        assert "$150.01 over-allocated" in dashboard.text
        await dashboard.keys("enter")
        assert "its children have $1,150.01, $150.01 more than its $1,000.00" in made(dashboard)
        await dashboard.keys("ctrl+o")
        dashboard.app.screen.query_one("#by").focus()
        await dashboard.keys("left")
        assert shares(dashboard) == {"DEPT-ENG": "25", "DEPT-DS": "", "DEPT-OPS": ""}
        await dashboard.keys("right", "ctrl+n", "enter")
    assert amounts(acme) == {"ORG": 100_000, "DEPT-ENG": 25_000, "DEPT-DS": 90_001}


async def test_what_has_nothing_below_it_is_planned_by_itself(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan", keys="a") as dashboard:
        await dashboard.keys("right", "tab", *"TEAM-MLOPS", *TO_AMOUNT[1:], *"10", "enter")
        assert "Nothing is below TEAM-MLOPS: plan it as a single budget." in words(dashboard)
        await dashboard.keys("ctrl+n")
        assert "an allocation needs children" in dashboard.text


async def test_fifty_children_scroll(open_dashboard: OpenDashboard, wide: Services) -> None:
    small, large = (80, 24), (160, 50)
    async with open_dashboard(wide, mode="plan", size=small, keys="a") as dashboard:
        await dashboard.keys("right", "tab", *"DEPT-MANY", *TO_AMOUNT[1:], *"100", "enter")
        for size in (small, large):
            await dashboard.resized(*size)
            assert "TEAM-00" in dashboard.text
            assert "TEAM-49" not in dashboard.text
            assert "margin 100% $100.00" in dashboard.text
            assert "Next" in dashboard.text
        await dashboard.keys("=")
        fields = dashboard.app.screen.query(ShareInput)
        for size in (large, small):
            await dashboard.resized(*size)
            fields.first().focus()
            await dashboard.until(lambda: "TEAM-00" in dashboard.text)
            fields.last().focus()
            await dashboard.until(lambda: "TEAM-49" in dashboard.text)
            assert "$2.00" in dashboard.line_with("TEAM-49")
        await dashboard.keys("enter")
        for size in (small, large):
            await dashboard.resized(*size)
            assert "Create" in dashboard.text
        await dashboard.keys("enter")
    assert amounts(wide) == {"DEPT-MANY": 10_000, **{f"TEAM-{number:02}": 200 for number in range(50)}}


# Leaving


async def test_escape_asks_before_it_drops_what_was_typed(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan", keys="a") as dashboard:
        await dashboard.keys("escape")
        assert not is_open(dashboard), "nothing was typed"
        await dashboard.keys("a", *TO_AMOUNT, *"10", "escape")
        assert "esc again discards your entries" in dashboard.text
        await dashboard.keys("5", "escape")
        assert is_open(dashboard), "after another key it asks again"
        assert dashboard.field("amount").value == "105"
        await dashboard.keys("escape")
        assert not is_open(dashboard)
    assert not planned(acme)
