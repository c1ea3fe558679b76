"""The Plan screen: five tabs of one choice, the costs behind each number, amounts edited where they stand."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from budget_tui.bootstrap import Services
from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import BudgetPlan, PlanFilter
from budget_tui.presentation.columns import split_at_point
from budget_tui.presentation.formatting import range_of
from budget_tui.presentation.plan_columns import forecast_words
from budget_tui.services.costs import CostEntry
from budget_tui.services.demo_acme import ORGANIZATION, SHOWN_ON
from budget_tui.services.plans import PlanChange
from budget_tui.tui.dialogs.cost_details import CostBox
from budget_tui.tui.screens.plan.lines import TABS
from budget_tui.tui.screens.plan.rescale import RescaleScreen
from budget_tui.tui.screens.plan.screen import PlanScreen
from budget_tui.tui.theme import LIGHT
from tests.services.planning import bill
from tests.tui.conftest import OpenDashboard, OpenServices, Pictured
from tests.tui.driving import NARROW, WIDE, Dashboard, FixedClock
from tests.tui.test_appearance import too_faint


@pytest.fixture
def acme(services_on: OpenServices) -> Services:
    """The demonstration of planning on the last day of its quarter."""
    services = services_on(clock=FixedClock(SHOWN_ON))
    return Services(replace(services.context, org_slug=ORGANIZATION), services.settings)


def to_tab(tab: str) -> list[str]:
    return ["tab"] * [key for key, _ in TABS].index(tab)


def screen_of(dashboard: Dashboard) -> PlanScreen:
    screen = dashboard.app.screen
    assert isinstance(screen, PlanScreen)
    return screen


def budget_id(services: Services, entity_id: str, category: str = "cloud", year: bool = False) -> str:
    lines = services.plan_views.summary().lines
    services.plan_views.close()
    (found,) = [
        line.budget.budget_id
        for line in lines
        if (line.budget.entity_id, line.budget.category) == (entity_id, category)
        and (line.budget.period.days > 300) is year
    ]
    return found


def amount_of(services: Services, budget: str) -> int:
    return services.plans.get(budget).amount // NANOS


async def test_each_tab_shows_what_the_command_line_says(open_dashboard: OpenDashboard, acme: Services) -> None:
    shown = {
        "overview": ("2 over", "3 and 8 in", "175,000.00", "74,222.00", "100,778.00"),
        "budgets": ("genai anthropic", "41.2M", "-860.00", "107%"),
        "allocation": ("▾ Acme Inc", "├─  Engineering", "90,000.00", "10,000.00"),
        "category": ("Acme Inc (ORG, organization)", "34,120.00", "78.7M", "46%"),
        "provider": ("anthropic", "27,100.00", "58.58M", "25,950.00"),
    }
    async with open_dashboard(acme, mode="plan") as dashboard:
        for tab, _ in TABS:
            for text in shown[tab]:
                assert text in dashboard.text, tab
            await dashboard.keys("tab")
        assert "Closest to the limit" in dashboard.text, "behind the last comes the first"
        await dashboard.keys("shift+tab")
        assert "58.58M" in dashboard.text
        row = next(at for at, line in enumerate(dashboard.lines) if "By Category" in line)
        await dashboard.pilot.click(offset=(dashboard.lines[row].index("Allocation") + 2, row))
        await dashboard.settled()
        assert "▾ Acme Inc" in dashboard.text, "a click shows a tab, too"


async def test_what_is_beside_the_budgets_of_a_category_has_a_row_and_its_costs(
    open_dashboard: OpenDashboard, acme: Services
) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys(*to_tab("budgets"), *["down"] * 8, "n", "tab", "tab")
        assert "Platform (PROJ-PLATFORM, project)" in dashboard.text
        [row] = [line for line in dashboard.lines if "not budgeted" in line]
        assert "3,400.00" in row
        await dashboard.keys("down", "enter")
        assert isinstance(dashboard.app.screen, CostBox)
        assert "Platform: cloud, not budgeted" in dashboard.text
        assert "$3,400.00 in" in dashboard.text


async def test_each_tab_names_what_it_leaves_out_and_what_counts_at_a_rate(
    open_dashboard: OpenDashboard, acme: Services
) -> None:
    bill(acme, *(("TEAM-BACKEND", "8", currency, "2026-03-05", "Google Cloud") for currency in ("CHF", "EUR")))
    acme.fx.set("EUR", "USD", Decimal("1.25"), date(2026, 1, 1))
    async with open_dashboard(acme, mode="plan") as dashboard:
        for tab, _ in TABS:
            assert "1 cost in CHF (CHF 8.00) left out: there is no usable exchange rate to USD" in dashboard.text, tab
            assert "1 cost in EUR: €8.00 counted as $10.00" in dashboard.text, tab
            await dashboard.keys("tab")
        await dashboard.keys("C", "C")
        assert "only genai" in dashboard.text
        assert "1 cost in CHF" not in dashboard.text, "no budget shown counts it"
        await dashboard.keys("escape", *to_tab("category"), "T")
        assert "1 cost in CHF" in dashboard.text
        await dashboard.keys("T")
        assert "only token" in dashboard.text
        assert "1 cost in CHF" not in dashboard.text, "tokens have no currency"


async def test_many_warnings_take_two_lines(open_dashboard: OpenDashboard, acme: Services) -> None:
    currencies = ("CHF", "DKK", "EUR", "GBP")
    bill(acme, *(("TEAM-BACKEND", "8", currency, "2026-03-05", "Google Cloud") for currency in currencies))
    async with open_dashboard(acme, mode="plan", size=(80, 24)) as dashboard:
        for tab, _ in TABS:
            at = dashboard.lines.index(dashboard.line_with("(CHF 8.00) left out"))
            assert dashboard.lines[at + 1].strip() == "and 3 more warnings: budget-tui plan summary", tab
            await dashboard.keys("tab")
        amounts = ("123456797", "8", "8", "8")
        costs = zip(currencies, amounts, strict=True)
        bill(acme, *(("TEAM-BACKEND", amount, of, "2026-03-05", "Google Cloud") for of, amount in costs))
        await dashboard.looked()
        for _ in TABS:
            at = dashboard.lines.index(dashboard.line_with("(CHF 123,456,797.00) left out"))
            assert "to USD; and 3 more warnings: budget-tui plan summary" in dashboard.lines[at + 1], "nothing is cut"
            await dashboard.keys("tab")


async def test_the_number_of_budgets_that_ended_is_told_at_80_columns(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    async with open_dashboard(services.of_organization("studio"), mode="plan", size=(80, 24)) as dashboard:
        words = ("0 over", "4 approaching", "13 under", "0 without data", "of 17 · 33 ended")
        assert all(each in dashboard.line_with("over") for each in words)
        await dashboard.resized(60, 20)
        assert dashboard.line_with("approaching").strip() == "▲ 4 approaching  ● 13 under  of 17 · 33 ended"
        await dashboard.keys(*to_tab("budgets"))
        assert "Studio: ended on Oct 31" in dashboard.text, "where the forecast of others stands"


async def test_a_row_of_a_budget_in_another_currency_explains_itself(
    open_dashboard: OpenDashboard, acme: Services
) -> None:
    acme.fx.set("EUR", "USD", Decimal("1.25"), date(2026, 1, 1))
    quarter = Period(date(2026, 1, 1), date(2026, 3, 31))
    plan = BudgetPlan("DEPT-OPS", Category.GENAI, 100 * NANOS, PeriodKind.QUARTERLY, quarter, currency="EUR")
    acme.plans.create(plan)
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys(*to_tab("budgets"), "/", *"operations", "enter", "n", *to_tab("budgets") * 2, "down")
        assert "125.00" in dashboard.text
        await dashboard.keys("x")
        assert "1 budget in EUR: €100.00 counted as $125.00" in dashboard.text


async def test_in_a_low_terminal_the_charts_make_room_for_the_table(
    open_dashboard: OpenDashboard, acme: Services
) -> None:
    async with open_dashboard(acme, mode="plan", size=(160, 16)) as dashboard:
        assert "Per month" not in dashboard.text
        assert sum("2026" in line for line in dashboard.lines[5:]) >= 4, "of the budgets"
        await dashboard.resized(160, 22)
        assert "Per month" in dashboard.text


async def test_only_budgets_that_run_are_near_their_end(open_dashboard: OpenDashboard, acme: Services) -> None:
    later = replace(acme, context=replace(acme.context, clock=FixedClock(date(2026, 4, 10))))
    async with open_dashboard(later, mode="plan") as dashboard:
        assert "✕ 0 over" in dashboard.text, "what has ended is over no more, as on Budget"
        assert re.search(r"of \d+ budgets · \d+ ended", dashboard.text)
        assert "Q1" not in dashboard.text
        assert "DEPT-OPS" not in dashboard.text
        assert "Operations" in dashboard.text


async def test_filters_stay_while_tabs_change(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("C", "C", "T")
        assert "only genai · monetary  2 of 12 budgets" in dashboard.text
        await dashboard.keys("tab")
        assert "2 of 12 budgets" in dashboard.text
        assert [name for name in ("ML Pipeline", "Data Science", "Platform", "MLOps") if name in dashboard.text] == [
            "ML Pipeline",
            "Data Science",
        ]
        await dashboard.keys("escape")
        assert "all budgets" in dashboard.text
        assert "Platform" in dashboard.text


CHOICES = (
    ("C", "only cloud  7 of 12"),
    ("T", "only monetary  11 of 12"),
    ("TT", "only token  1 of 12"),
    ("PP", "only quarterly  8 of 12"),
    ("V", "only of anthropic  2 of 12"),
    ("H", "only over  2 of 12"),
    ("HH", "only approaching  4 of 12"),
    ("CCCC", "only total  1 of 12"),
)


async def test_a_key_chooses_the_next_and_behind_the_last_all(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        for keys, told in CHOICES:
            await dashboard.keys(*keys)
            assert told in dashboard.text
            await dashboard.keys("escape")
            assert "all budgets" in dashboard.text
        await dashboard.keys(*"HHH", "H")
        assert "all budgets" in dashboard.text


async def test_search_as_it_is_typed_and_the_form_with_all_filters(
    open_dashboard: OpenDashboard, acme: Services
) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("f", *["tab"] * 5, *"engineering", "tab", *"gcp", "enter")
        assert "only in DEPT-ENG · 'gcp'  2 of 12 budgets" in dashboard.text
        await dashboard.keys("f", *["tab"] * 5, "enter")
        assert "  DEPT-ENG  Engineering · department" in dashboard.text
        await dashboard.keys("g", "home", "enter", "tab", "enter")
        assert "only 'gcp'" in dashboard.text
        await dashboard.keys("escape")
        await dashboard.keys("tab", "/", *"team-")
        assert "only 'team-'  3 of 12 budgets" in dashboard.text
        await dashboard.keys("enter", "C")
        assert "only cloud · 'team-'  1 of 12 budgets" in dashboard.text
        await dashboard.keys("/", "escape")
        assert "only cloud  7 of 12 budgets" in dashboard.text, "the other filter stays"
        await dashboard.keys("tab", "tab")
        assert [line.split()[0] for line in dashboard.lines[6:8]] == ["Category", "cloud"]
        assert "genai" not in dashboard.text, "what is left out is not shown as unplanned"


async def test_narrowing_to_an_entity_and_what_is_below_it(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("tab", "down", "n")
        assert "only in DEPT-DS  4 of 12 budgets" in dashboard.text
        await dashboard.keys(*["tab"] * 2)
        assert "Data Science (DEPT-DS, department)" in dashboard.text
        await dashboard.keys("n")
        assert "Acme Inc (ORG, organization)" in dashboard.text


BEHIND = {
    "overview": ((), "All budgets", "$74,222.00 in 1,359 costs"),
    "budgets": (("end",), "Operations's cloud budget for 2026", "$6,550.00 in 180 costs"),
    "allocation": ((), "Acme Inc's cloud budget for 2026", "$36,880.00 in 810 costs"),
    "category": (("down",), "Acme Inc: genai", "$34,120.00 in"),
    "provider": (("down",), "Acme Inc: anthropic", "58,580,000 tokens in"),
}


async def test_enter_lists_the_costs_behind_any_number(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        for tab, _ in TABS:
            keys, title, total = BEHIND[tab]
            await dashboard.keys(*keys, "enter")
            assert isinstance(dashboard.app.screen, CostBox), tab
            assert title in dashboard.text
            assert total in dashboard.text
            await dashboard.keys("tab", "enter")
            assert [line for line in dashboard.lines if "│  Mar 31, 2026 " in line], "its costs, below the title"
            await dashboard.keys("escape", "escape")
            screen_of(dashboard)
            await dashboard.keys("tab")


async def test_the_costs_scroll_to_the_first_day(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan", keys="") as dashboard:
        await dashboard.keys("enter", "enter")
        for _ in range(6):
            await dashboard.keys("end")
        assert "Jan 1, 2026" in dashboard.text


async def test_branches_open_and_close(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys(*to_tab("allocation"))
        assert "└─  Operations" in dashboard.text
        await dashboard.keys("left")
        assert "▸ Acme Inc" in dashboard.text
        assert "Operations" not in dashboard.text
        await dashboard.keys("right", "down", "left", "left")
        assert "▸ Acme Inc" in dashboard.text, "from a child to its parent, then closed"


async def test_children_above_their_parent_are_told_in_words(open_dashboard: OpenDashboard, acme: Services) -> None:
    acme.plans.update(budget_id(acme, "DEPT-OPS", year=True), PlanChange(amount=40_000 * NANOS))
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys(*to_tab("allocation"))
        assert "its children have $15,000.00 more than it" in dashboard.text
        assert "-15,000.00" in dashboard.line_with("Acme Inc")


async def test_the_screen_warns_of_children_above_their_parent_as_the_command_line_does(
    open_dashboard: OpenDashboard, services_on: OpenServices
) -> None:
    services, period = services_on(clock=FixedClock(date(2026, 2, 1))), Period(date(2026, 1, 20), date(2026, 2, 10))
    services.entities.add("DEPT-ENG", level="department")
    services.entities.add("PROJ-PLATFORM", parent_id="DEPT-ENG")
    services.fx.set("EUR", "USD", Decimal("1.01"), date(2026, 1, 1))
    for entity, category, provider in (
        ("PROJ-PLATFORM", Category.GENAI, "anthropic"),
        ("DEPT-ENG", Category.TOTAL, ""),
        ("DEPT-ENG", Category.TOTAL, "gcp"),
    ):
        plan = BudgetPlan(entity, category, 1000 * NANOS, PeriodKind.CUSTOM, period, currency="EUR", provider=provider)
        services.plans.create(plan)
    conditions = PlanFilter(period_start=period.start, period_end=period.end)
    over, *_ = services.plan_views.by_category("DEPT-ENG", conditions).warnings
    entities = [line.budget.entity_id for line in services.plan_views.board().lines]
    services.plan_views.close()
    assert "its children have €2,000.00, €1,000.00 more than its €1,000.00" in over
    async with open_dashboard(services, mode="plan") as dashboard:
        await dashboard.keys(*to_tab("budgets"), "home", *["down"] * entities.index("DEPT-ENG"), "n")
        assert "only in DEPT-ENG" in dashboard.text
        for tab, _ in TABS[1:]:
            assert "its children have €1,000.00 more than it" in " ".join(dashboard.text.split()), tab
            await dashboard.keys("tab")


async def test_every_tab_tells_children_above_the_parents_that_it_shows(
    open_dashboard: OpenDashboard, acme: Services
) -> None:
    for entity, category, amount in (("DEPT-ENG", "total", 25_000), ("PROJ-PLATFORM", "cloud", 10_000)):
        acme.plans.update(budget_id(acme, entity, category), PlanChange(amount=amount * NANOS))
    department = "Engineering's total budget for Q1 2026: its children have $8,000.00 more than it"
    project = "Platform's cloud gcp budget for Q1 2026: its children have $2,000.00 more than it"

    def told() -> str:
        return " ".join(dashboard.text.split())

    async with open_dashboard(acme, (80, 24), mode="plan") as dashboard:
        for tab, _ in TABS[:3]:
            assert f"{department} (and 1 more)" in told(), tab
            await dashboard.keys("tab")
        assert "more than it" not in told(), "the organization's own budgets are enough"
        await dashboard.keys("shift+tab", "H", "H")
        assert "only approaching" in told()
        assert "more than it" not in told(), "neither is shown"
        await dashboard.keys("escape", *"CCCC")
        assert "only total" in told()
        assert f"{department} data through" in told(), "its children are not in the tree"
        await dashboard.keys("escape", *["end"], *["up"] * 2, "n")
        assert "only in PROJ-PLATFORM" in told()
        for _ in range(5):
            assert project in told()
            assert department not in told()
            await dashboard.keys("tab")
        await dashboard.keys("x")
        assert "Warning" in dashboard.text
        assert "children have $12,000.00" in dashboard.text


async def test_a_change_that_is_warned_about_was_made(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("tab", "e", *"80000", "enter")
        await dashboard.keys("tab", "tab", "enter")  # the children keep their amounts
        told = dashboard.line_with("$100,000.00 → $80,000.00")
        assert told.startswith(" ✓ ")
        assert "▲ " in dashboard.text.partition("→ $80,000.00")[2]


async def test_an_amount_is_edited_in_its_cell(open_dashboard: OpenDashboard, acme: Services) -> None:
    budget = budget_id(acme, "DEPT-OPS", year=True)
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("tab", "end", "e", *"abc", "enter")
        assert "✕ 'abc' is not an amount" in dashboard.text
        await dashboard.keys("ctrl+u", *"16500")
        assert "$15,000.00 → $16,500.00 (editing)" in dashboard.text
        await dashboard.keys("enter")
        assert amount_of(acme, budget) == 16_500
        assert "16,500.00" in dashboard.line_with("Operations")
        assert "$15,000.00 → $16,500.00; u undoes it" in dashboard.line_with("Operations's")
        entries = len(acme.audit.newest(100))
        await dashboard.keys("end", "e", "enter")
        assert "undoes it" not in dashboard.line_with("Operations's")
        assert len(acme.audit.newest(100)) == entries, "left as it was"


async def test_a_sign_opens_the_edit_of_an_amount(open_dashboard: OpenDashboard, acme: Services) -> None:
    budget = budget_id(acme, "DEPT-OPS", year=True)
    async with open_dashboard(acme, mode="plan") as dashboard:
        for keys, amount in ((["+"], 15_010), (["-", *"1010"], 14_000), (["=", *"15000"], 15_000), (["="], 15_000)):
            await dashboard.keys("tab", "end", *keys, "escape", *keys)
            assert "(editing)" in dashboard.text
            await dashboard.keys("enter", "shift+tab")
            assert amount_of(acme, budget) == amount


async def test_children_are_kept_or_rescaled(open_dashboard: OpenDashboard, acme: Services) -> None:
    parent, of_engineering = budget_id(acme, "ORG", year=True), budget_id(acme, "DEPT-ENG", year=True)
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("tab")
        for choose, child in (((), 45_000), (("enter", "down", "enter"), 54_000)):
            await dashboard.keys("e", *"120000", "enter")
            assert isinstance(dashboard.app.screen, RescaleScreen)
            assert "3 budgets allocated from it" in dashboard.text
            await dashboard.keys(*choose, "tab", "tab", "enter")
            assert amount_of(acme, parent) == 120_000
            assert amount_of(acme, of_engineering) == child
            await dashboard.keys("u")
            assert amount_of(acme, parent) == 100_000


async def test_what_somebody_else_changed_is_refused(
    open_dashboard: OpenDashboard, acme: Services, elsewhere: Services
) -> None:
    budget = budget_id(acme, "DEPT-OPS", year=True)
    other = Services(replace(elsewhere.context, org_slug=ORGANIZATION), elsewhere.settings)
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("tab", "end", "e", *"17000")
        other.plans.update(budget, PlanChange(amount=1_000 * NANOS))
        await dashboard.keys("enter")
        assert "is $1,000.00 by now" in dashboard.text
        assert amount_of(acme, budget) == 1_000
        await dashboard.keys("enter")
        assert amount_of(acme, budget) == 17_000, "it was seen by then"


async def test_a_budget_is_deleted_when_confirmed(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("tab", "end", "d", "enter")
        assert "12 budgets" in dashboard.text, "the safe answer has the focus"
        await dashboard.keys("d", "tab", "enter")
        assert "11 budgets" in dashboard.text
        assert "Operations " not in dashboard.text


async def test_sorting_and_amounts_that_are_aligned_on_their_point(
    open_dashboard: OpenDashboard, acme: Services
) -> None:
    def first(dashboard: Dashboard) -> str:
        header = next(at for at, line in enumerate(dashboard.lines) if "Actual" in line)
        return dashboard.lines[header + 1].split()[0]

    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("tab")
        assert first(dashboard) == "Acme"
        lines = dashboard.lines
        header = next(at for at, line in enumerate(lines) if "Actual" in line)
        points = {line.index(".") for line in lines[header + 1 : header + 13] if "tok" not in line}
        assert len(points) == 1
        await dashboard.keys("s", "S")
        assert first(dashboard) == "Platform"
        header = next(at for at, line in enumerate(dashboard.lines) if "Actual" in line)
        await dashboard.pilot.click(offset=(dashboard.lines[header].index("Actual") + 1, header))
        await dashboard.settled()
        assert first(dashboard) == "Frontend"


async def test_what_others_write_is_shown(open_dashboard: OpenDashboard, acme: Services, elsewhere: Services) -> None:
    other = Services(replace(elsewhere.context, org_slug=ORGANIZATION), elsewhere.settings)
    async with open_dashboard(acme, mode="plan") as dashboard:
        await dashboard.keys("tab")
        other.plans.update(budget_id(other, "DEPT-OPS", year=True), PlanChange(amount=9_999 * NANOS))
        await dashboard.looked()
        assert "9,999.00" in dashboard.line_with("Operations")


async def test_ranges_follow_the_figures_and_the_cursor(open_dashboard: OpenDashboard, acme: Services) -> None:
    """Of the budgets shown; the line below says what the one under the cursor means."""
    lines = {line.budget.entity_id: line for line in acme.plan_views.forecast().lines}
    (budget, _, backend), tokens = lines["TEAM-BACKEND"], lines["TEAM-MLOPS"].forecast
    async with open_dashboard(acme, size=(160, 30), keys="4") as dashboard:
        await dashboard.keys("tab", "/")
        await dashboard.typed("backend", "enter")
        assert range_of(backend, BudgetType.MONETARY, "USD") in dashboard.line_with("Backend")
        assert f"Backend: {forecast_words(backend, budget)}" in dashboard.text
        await dashboard.keys("escape", "tab")
        assert range_of(tokens, BudgetType.TOKEN, "") in dashboard.line_with("MLOps")
        await dashboard.keys("end")
        assert "over, almost surely" in dashboard.text, "of the last branch, which is over already"
        parts = acme.plan_views.by_category().forecasts
        await dashboard.keys("tab")
        assert range_of(
            parts["cloud", BudgetType.MONETARY].forecast, BudgetType.MONETARY, "USD"
        ) in dashboard.line_with(" cloud")
        await dashboard.keys("tab")
        parts = acme.plan_views.by_provider().forecasts
        assert range_of(parts["gcp", BudgetType.MONETARY].forecast, BudgetType.MONETARY, "USD") in dashboard.line_with(
            " gcp"
        )
        await dashboard.keys("tab")
        assert range_of(backend, BudgetType.MONETARY, "USD") in dashboard.line_with("Backend")
        assert f"forecast {range_of(tokens, BudgetType.TOKEN, '')}" not in dashboard.text
        assert "─ no forecast: the budgets' periods differ" in dashboard.text, "of all budgets in dollars"
        await dashboard.keys("down")
        assert f"forecast {range_of(tokens, BudgetType.TOKEN, '')}" in dashboard.text, (
            "all tokens are those of one budget"
        )
        await dashboard.keys("home", *"TCCCC")
        assert "─ forecast $35,542–$35,545" in dashboard.text, "of totals alone, which are one budget"
        await dashboard.keys("C")
        assert "─ forecast" not in dashboard.text, "nor a range of what was shown before"


async def test_where_nothing_is_planned_it_says_how_to_begin(open_dashboard: OpenDashboard, empty: Services) -> None:
    async with open_dashboard(empty, mode="plan", size=(80, 24)) as dashboard:
        assert "No plan yet." in dashboard.text
        assert "budget-tui plan create DEPT-ENG cloud 30000" in dashboard.text
        for _ in range(5):
            await dashboard.keys("tab", "C", "n", "s", "escape")
            assert "No plan yet." in dashboard.text


async def test_before_the_first_command_a_category_explains_itself(
    open_dashboard: OpenDashboard, empty: Services
) -> None:
    async with open_dashboard(empty, mode="plan") as dashboard:
        await dashboard.keys(*to_tab("category"), "x")
        assert "no costs are stored at all" in dashboard.text


async def test_a_theme_chosen_later_colours_the_rows_too(open_dashboard: OpenDashboard, acme: Services) -> None:
    async with open_dashboard(acme, mode="plan") as dashboard:
        assert too_faint(dashboard.app, 3.0) == [], "drawn as it is before"
        dashboard.app.theme = LIGHT.name
        await dashboard.settled()
        assert too_faint(dashboard.app, 3.0) == []


def test_amounts_are_split_at_their_point() -> None:
    assert split_at_point("1,234.50") == ("1,234", ".50")
    assert split_at_point("41.2M") == ("41", ".2M")
    assert split_at_point("50M") == ("50", "M")
    assert split_at_point("-R$1,234.50") == ("-R$1,234", ".50")
    assert split_at_point("CHF 7") == ("CHF 7", "")


async def test_tab_80x24(open_dashboard: OpenDashboard, pictured: Pictured, acme: Services) -> None:
    async with open_dashboard(acme, size=NARROW, keys="4") as dashboard:
        for tab, _ in TABS:
            await pictured(dashboard, tab)
            await dashboard.keys("tab")


async def test_tab(open_dashboard: OpenDashboard, pictured: Pictured, acme: Services) -> None:
    async with open_dashboard(acme, size=WIDE, keys="4") as dashboard:
        for tab, _ in TABS:
            await pictured(dashboard, tab)
            await dashboard.keys("tab")


async def test_a_breakdown_without_room_for_forecasts_names_that_of_the_row(
    open_dashboard: OpenDashboard, acme: Services
) -> None:
    running = replace(acme, context=replace(acme.context, clock=FixedClock(date(2026, 3, 13))))
    async with open_dashboard(running, mode="plan", size=(80, 24)) as dashboard:
        await dashboard.keys(*to_tab("category"))
        assert re.search(r"cloud will come to \$[\d,]+–\$[\d,]+", dashboard.text)
        header = dashboard.lines.index(dashboard.line_with(" Unit "))
        await dashboard.keys(*["down"] * 4)
        assert "will come to" not in dashboard.text, "seats have no forecast"
        assert dashboard.lines.index(dashboard.line_with(" Unit ")) == header, "no row jumps"
        await dashboard.resized(140, 24)
        assert "Forecast" in dashboard.line_with(" Unit ")
        assert "will come to" not in dashboard.text


async def test_the_shares_of_categories_add_up_to_their_title(open_dashboard: OpenDashboard, empty: Services) -> None:
    """With what no budget covers: a budget for a later month takes nothing away."""
    empty.budgets.set_global(1000 * NANOS)
    empty.projects.add("p")
    for amount, category in ((100, Category.CLOUD), (40, Category.GENAI)):
        empty.costs.add(CostEntry("p", amount * NANOS, category=category))
    february = Period(date(2026, 2, 1), date(2026, 2, 28))
    empty.plans.create(BudgetPlan("ORG", Category.CLOUD, 300 * NANOS, PeriodKind.MONTHLY, february))
    async with open_dashboard(empty, mode="plan", size=(120, 40)) as dashboard:
        assert "By category: Default · $140.00" in dashboard.text
        assert re.search(r"cloud +71% +\$100", dashboard.text)
        assert re.search(r"genai +29% +\$40", dashboard.text)
