"""From a number to the costs behind it, and back: Enter or l goes deeper, Esc or h comes back."""

from datetime import date

from budget_tui.bootstrap import Services
from budget_tui.presentation import formatting
from budget_tui.services.costs import CostEntry
from budget_tui.tui.charts import MonthChart, SpendChart
from budget_tui.tui.dialogs.cost_details import CostGroupsScreen, CostLineScreen, CostLinesScreen, CostTable
from budget_tui.tui.screens.budget.screen import GlobalBudgetScreen
from budget_tui.tui.screens.history.closed_period import ClosedPeriodScreen
from budget_tui.tui.screens.projects.screen import ProjectsScreen
from tests.tui.conftest import OpenDashboard
from tests.tui.driving import NARROW, Dashboard, units


def at(dashboard: Dashboard) -> type:
    return type(dashboard.app.screen)


def rows(dashboard: Dashboard) -> list[str]:
    table = dashboard.app.screen.query_one(CostTable)
    return [
        line[table.region.x : table.region.right].strip()
        for line in dashboard.lines[table.region.y + 1 :][: len(table.rows)]
    ]


async def test_from_a_project_to_one_cost_and_back(open_dashboard: OpenDashboard, services: Services) -> None:
    services.costs.add(CostEntry("pcc", units(3), date(2026, 1, 12), provider="Anthropic"))
    async with open_dashboard(mode="projects") as dashboard:
        await dashboard.keys("/", *"pcc", "enter", "l")
        assert at(dashboard) is CostGroupsScreen
        assert "PCC · January 2026" in dashboard.text
        assert "$108.00 in 25 costs" in dashboard.text
        assert [row.split()[0] for row in rows(dashboard)] == ["anthropic", "aws", "github"]
        assert "67.20" in rows(dashboard)[0]
        await dashboard.keys("tab")
        assert "$108.00 in 25 costs" in dashboard.text
        assert rows(dashboard)[0].startswith("Mon Jan 12")
        assert len(rows(dashboard)) == 12
        await dashboard.keys("tab", "j", "k", "l")
        assert at(dashboard) is CostLinesScreen
        assert "PCC · January 2026 · anthropic" in dashboard.text
        assert "$67.20 in 12 costs" in dashboard.text
        await dashboard.keys("enter")
        assert at(dashboard) is CostLineScreen
        for part in ("Monday, Jan 12, 2026", "PCC (pcc)", "genai", "manual", "$3.00  1 charge, entered"):
            assert part in dashboard.text
        assert "$9.52" in dashboard.text, "two costs of a day are one line"
        await dashboard.keys("h", "escape", "h")
        assert at(dashboard) is ProjectsScreen
        await dashboard.keys("/", "ctrl+u", *"dandelion", "enter", "l")
        assert "$0.00 in 0 costs" in dashboard.text
        assert dashboard.line_with("Amount").split("│")[1].split() == ["Service", "Amount", "Share", "Costs", "Days"]


async def test_keys_typed_ahead_of_the_reading_go_where_they_should(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="projects", size=NARROW) as dashboard:
        await dashboard.keys("l", "tab", "j", "enter", "enter")
        assert at(dashboard) is CostLineScreen
        assert "Jan 11" in dashboard.text


async def test_from_a_day_of_the_chart_to_its_costs(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(size=(110, 40)) as dashboard:
        await dashboard.keys("d")
        assert dashboard.app.screen.query_one(SpendChart).has_focus
        assert "Spend per day · Tue Jan 13 · $0.00" in dashboard.text
        await dashboard.keys("l", "h", "left")
        assert "Spend per day · Sun Jan 11 ·" in dashboard.text, "there is no day after today"
        await dashboard.keys("g", "h")
        first = formatting.money(dict(dashboard.shown.daily_spend)[date(2026, 1, 1)], "USD")
        assert f"Spend per day · Thu Jan 1 · {first}" in dashboard.text
        await dashboard.keys("enter")
        assert at(dashboard) is CostLinesScreen
        assert f"{first} in" in dashboard.text
        await dashboard.keys("escape", "escape")
        assert at(dashboard) is GlobalBudgetScreen
        assert dashboard.app.screen.focused is None
        await dashboard.keys("l")
        assert at(dashboard) is CostGroupsScreen
        assert "$241.00 in" in dashboard.text
        await dashboard.keys("h")
        await dashboard.resized(*NARROW)
        await dashboard.keys("d", "h")
        assert dashboard.app.screen.query_one(MonthChart).has_focus
        assert "Spent so far · Mon Jan 12 · $21.54" in dashboard.text


async def test_from_an_agent_and_from_a_closed_period(open_dashboard: OpenDashboard) -> None:
    async with open_dashboard(mode="agents") as dashboard:
        await dashboard.keys("l")
        assert "Code review · January 2026" in dashboard.text
        assert "14,590,000 tokens in" in dashboard.text
        assert rows(dashboard)[0].startswith("claude-sonnet-4-5")
        await dashboard.keys("enter", "enter")
        assert at(dashboard) is CostLineScreen
        await dashboard.keys("h", "h", "h", "5", "enter", "l")
        assert "PCC · December 2025" in dashboard.text
        assert "$144.87 in 63 costs" in dashboard.text
        await dashboard.keys("escape")
        assert at(dashboard) is ClosedPeriodScreen
