"""The charts below the table of projects: the month of the project under the cursor, where there is room for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.reactive import reactive

from budget_tui.tui.charts import MonthChart, SpendChart
from budget_tui.tui.chrome import Layout

if TYPE_CHECKING:
    from budget_tui.domain.forecast import Forecast
    from budget_tui.domain.snapshot import BudgetSnapshot
    from budget_tui.tui.screens.projects.pane import ProjectDetails


class ProjectMonthChart(MonthChart, can_focus=False):
    """The spend of a project so far, against its allocation."""

    KEY = ""

    forecast: reactive[Forecast | None] = reactive(None)

    def watch_forecast(self) -> None:
        self._describe_lines()

    def _forecast(self, snapshot: BudgetSnapshot) -> Forecast | None:
        return self.forecast


class ProjectSpendChart(SpendChart, can_focus=False):
    """The spend of a project per day."""

    KEY = ""


class ProjectCharts(Layout):
    """Both charts of the project under the cursor."""

    def compose(self) -> ComposeResult:
        yield ProjectMonthChart()
        yield ProjectSpendChart()

    def show(self, snapshot: BudgetSnapshot, details: ProjectDetails) -> None:
        """Show the project of ``details``, with its allocation in ``snapshot``, unless it is gone from there."""
        line = next((each for each in snapshot.projects if each.project_id == details.project_id), None)
        if line is None:
            return
        of_project = replace(snapshot, total=line.pace, daily_spend=details.spend.period_days)
        month, days = self.query_one(ProjectMonthChart), self.query_one(ProjectSpendChart)
        month.forecast = details.forecast
        for chart in (month, days):
            chart.subject, chart.snapshot = line.name, of_project
