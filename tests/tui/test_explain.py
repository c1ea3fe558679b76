"""Explain: x says where the numbers of what is under the cursor come from, on every screen."""

from datetime import date
from pathlib import Path

import pytest
from textual.containers import VerticalScroll
from textual.widgets import OptionList

from budget_tui.bootstrap import Services
from budget_tui.domain.budget import parse_change
from budget_tui.domain.cost import Category
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import BudgetPlan
from budget_tui.services.costs import CostEntry
from budget_tui.tui.dialogs.explain import ExplainScreen
from budget_tui.tui.screens.history.closed_period import ClosedPeriodScreen
from tests.databases import change
from tests.tui.conftest import OpenDashboard, OpenServices, Pictured
from tests.tui.driving import NARROW, WIDE, Dashboard, FixedClock, units

QUARTER = Period(date(2026, 1, 1), date(2026, 3, 31))


@pytest.fixture
def planned(services: Services) -> Services:
    """A budget of the organization that counts what the example spent."""
    services.plans.create(BudgetPlan("ORG", Category.TOTAL, units(1000), PeriodKind.QUARTERLY, QUARTER))
    return services


@pytest.fixture
def in_utc(services: Services, database: Path) -> Services:
    """The example of somebody in UTC: the pictures tell the time zone, which is else the one of this machine."""
    change(database, "UPDATE organization SET time_zone = 'UTC'")
    return services


async def test_it_opens_on_the_cause(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects", size=NARROW) as dashboard:
        await dashboard.keys("j", "j", "x")
        assert "▲ spends $7.55 a day, the drip allows $0.67" in dashboard.text
        await dashboard.keys("escape", "j", "x")
        assert "▲" not in " ".join(dashboard.lines[3:-3]), "Dandelion is not in trouble"


def chosen(dashboard: Dashboard) -> str:
    """The value that is explained."""
    values = dashboard.app.screen.query_one(OptionList)
    assert values.highlighted is not None
    return str(values.get_option_at_index(values.highlighted).id)


def told(dashboard: Dashboard) -> str:
    """The right side, its lines joined."""
    side = dashboard.app.screen.query_one(VerticalScroll).region
    lines = [line[side.x + 1 : side.right].strip() for line in dashboard.lines[side.y : side.bottom]]
    return " ".join(filter(None, lines))


async def test_x_on_the_global_budget(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(keys="x") as dashboard:
        assert "the global budget, January 2026" in dashboard.text
        assert chosen(dashboard) == "spent"
        assert "the sum of the costs that count" in told(dashboard)
        await dashboard.keys("up")
        assert "$500.00 − $420.00 = $80.00" in told(dashboard)
        await dashboard.keys("escape")
        assert not isinstance(dashboard.app.screen, ExplainScreen)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_every_value_of_a_project_is_the_one_in_its_row(
    open_dashboard: OpenDashboard, size: tuple[int, int]
) -> None:
    async with open_dashboard(mode="projects", size=size, keys="x") as dashboard:
        assert "PCC, January 2026" in dashboard.text
        assert "$105.00" in dashboard.line_with("Spent")
        await dashboard.keys("down", "down")
        assert chosen(dashboard) == "drip"
        assert "max(0, $45.00) ÷ 18 days = $2.50" in told(dashboard)
        assert "today is Jan 13, 2026 in" in told(dashboard)
        await dashboard.keys("down")
        assert "($45.00 + $0.00) ÷ 19 days − $0.00 = $2.37" in told(dashboard)


async def test_the_row_under_the_cursor_and_why_it_shows_0(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("down", "down", "down", "x")
        assert "Dandelion, January 2026" in dashboard.text
        assert "Why nothing counts no cost ever named dandelion" in told(dashboard)


async def test_an_agent_and_no_agent(open_dashboard: OpenDashboard, services: Services) -> None:
    for agent in services.agents.all():
        services.agents.archive(agent.agent_id)
    async with open_dashboard(mode="agents", keys="x") as dashboard:
        assert "the global budget" in dashboard.text, "with no row, the global budget is explained"
    services.agents.add("scout", "pcc", "Scout", tokens=1000)
    services.agents.consume("scout", 200)
    async with open_dashboard(mode="agents", keys="x") as dashboard:
        assert "Scout, January 2026" in dashboard.text
        assert "800 tokens" in dashboard.line_with("Available")


async def test_a_planned_budget(open_dashboard: OpenDashboard, planned: Services) -> None:
    async with open_dashboard(mode="plan", services=planned) as dashboard:
        await dashboard.keys("tab", "down", "down", "x")
        assert "Default's total budget for Q1 2026" in dashboard.text
        assert "$241.00" in dashboard.line_with("Actual")
        await dashboard.keys("down")
        assert "$1,000.00 − $241.00 = $759.00" in told(dashboard)


async def test_what_was_used_of_a_provider(open_dashboard: OpenDashboard, planned: Services) -> None:
    async with open_dashboard(mode="plan", services=planned) as dashboard:
        await dashboard.keys("P", "P", "shift+tab")
        shown = dashboard.line_with("anthropic")
        await dashboard.keys("x")
        assert "64.20" in shown
        assert "$64.20" in dashboard.line_with("Actual")
        assert "manual · anthropic · genai" in told(dashboard)


async def test_a_row_of_many_budgets_tells_which_it_adds_up_and_which_not(
    open_dashboard: OpenDashboard, planned: Services
) -> None:
    async with open_dashboard(mode="plan", services=planned) as dashboard:
        assert "Running now" in dashboard.text, "first, what the sum over months says nothing of"
        await dashboard.keys("down", "x")
        assert "All budgets" in dashboard.text
        assert "$1,000.00  Default's total budget for Q1 2026: $241.00 used" in told(dashboard)
        assert "Left out, since another one contains it" in told(dashboard)


async def test_what_is_not_budgeted_is_what_the_budgets_leave_of_all(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    plan = BudgetPlan("ORG", Category.CLOUD, units(100), PeriodKind.QUARTERLY, QUARTER, provider="gcp")
    services.plans.create(plan)
    async with open_dashboard(mode="plan", services=services) as dashboard:
        await dashboard.keys("tab", "tab", "tab", "w", "w")
        assert "not budgeted" in dashboard.text
        await dashboard.keys("down", "x")
        assert "cloud, not budgeted" in dashboard.text
        values = dashboard.app.screen.query_one(OptionList)
        assert [str(option.id) for option in values.options][:2] == ["not-budgeted", "everything"]
        assert " − $24.10 = " in told(dashboard)


async def test_a_closed_period(open_dashboard: OpenDashboard, a_year_later: Services) -> None:
    async with open_dashboard(services=a_year_later, mode="history", keys="x") as dashboard:
        assert "the closed period, November 2026" in dashboard.text
        assert chosen(dashboard) == "restated"
        assert "$5.00" in dashboard.line_with("After the close")


async def test_a_project_and_an_agent_of_a_closed_period(
    open_dashboard: OpenDashboard, services: Services, services_on: OpenServices
) -> None:
    services.agents.add("scout", "pcc", "Scout", tokens=1000)
    services.agents.consume("scout", 200)
    february = services_on(clock=FixedClock(date(2026, 2, 3)))
    february.periods.catch_up()
    february.costs.add(CostEntry("pcc", units(5), date(2026, 1, 20)))
    async with open_dashboard(services=february, mode="history") as dashboard:
        await dashboard.keys("enter", "x")
        await dashboard.until(lambda: "PCC in the closed period, January 2026" in dashboard.text)
        await dashboard.settled()
        assert chosen(dashboard) == "restated"
        assert "$110.00 − $105.00 = $5.00" in told(dashboard)
        await dashboard.keys("escape", "end", "x")
        await dashboard.until(lambda: "Scout in the closed period, January 2026" in dashboard.text)
        await dashboard.settled()
        assert "800 tokens" in dashboard.line_with("Remaining")
        await dashboard.keys("escape", "escape")
        assert not isinstance(dashboard.app.screen, ExplainScreen | ClosedPeriodScreen)


async def test_the_box_follows_what_others_write(open_dashboard: OpenDashboard, elsewhere: Services) -> None:
    async with open_dashboard(mode="projects", keys="x") as dashboard:
        await dashboard.keys("down")
        elsewhere.costs.add(CostEntry("pcc", units(20), date(2026, 1, 12)))
        await dashboard.looked()
        assert chosen(dashboard) == "remaining"
        assert "$150.00 − $125.00 = $25.00" in told(dashboard)


async def test_a_project_that_somebody_archived_meanwhile_is_told(
    open_dashboard: OpenDashboard, elsewhere: Services
) -> None:
    elsewhere.projects.add("aaa", "AAA", parse_change("1"))
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("down", "down", "down", "down", "x")
        elsewhere.projects.archive("aaa")
        await dashboard.looked()
        assert "project 'aaa' is archived" in told(dashboard)
        await dashboard.keys("escape")
        assert not isinstance(dashboard.app.screen, ExplainScreen)


async def test_what_is_longer_than_the_box_scrolls_and_another_value_begins_at_its_top(
    open_dashboard: OpenDashboard, services: Services
) -> None:
    for i in range(30):
        services.costs.add(CostEntry("pcc", units(1), date(2026, 1, 12), provider=f"provider {i}"))
    async with open_dashboard(mode="projects", size=(80, 24), keys="x") as dashboard:
        scroll = dashboard.app.screen.query_one(VerticalScroll)
        assert scroll.max_scroll_x == 0
        await dashboard.keys("pagedown", "space")
        assert scroll.scroll_y > scroll.size.height
        await dashboard.keys("pageup", "down")
        assert scroll.scroll_y == 0


async def test_explaining_while_the_database_cannot_be_read_is_told(
    open_dashboard: OpenDashboard, database: Path
) -> None:
    async with open_dashboard() as dashboard:
        change(database, "DROP TABLE dataset")
        await dashboard.keys("x")
        assert not isinstance(dashboard.app.screen, ExplainScreen)
        assert "dataset" in dashboard.text


async def test_explain_a_project(open_dashboard: OpenDashboard, pictured: Pictured, in_utc: Services) -> None:
    async with open_dashboard(in_utc, size=WIDE) as dashboard:
        await dashboard.keys("2", "down", "x", "down", "down", "down")
        await pictured(dashboard)


async def test_explain_80x24(open_dashboard: OpenDashboard, pictured: Pictured, in_utc: Services) -> None:
    async with open_dashboard(in_utc, size=NARROW) as dashboard:
        await dashboard.keys("x")
        await pictured(dashboard)


async def test_explain_nothing_counts(open_dashboard: OpenDashboard, pictured: Pictured, in_utc: Services) -> None:
    async with open_dashboard(in_utc, size=WIDE, keys="2") as dashboard:
        await dashboard.keys("down", "down", "down", "x")
        await dashboard.until(lambda: "How fresh the data is" in dashboard.text)
        await pictured(dashboard)
