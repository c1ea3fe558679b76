"""History: the closed periods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from budget_tui.presentation.columns import Column, history_columns
from budget_tui.presentation.formatting import long_day, period_name
from budget_tui.tui.charts import PeriodChart
from budget_tui.tui.dashboard import key_of, title_with_key
from budget_tui.tui.key_queue import ASKING
from budget_tui.tui.render import MUTED, WAITING
from budget_tui.tui.screens.base import ReadingScreen
from budget_tui.tui.screens.history.closed_period import ClosedPane, ClosedPeriodScreen
from budget_tui.tui.table import FollowedTable

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.domain.closing import ClosedPeriod
    from budget_tui.domain.snapshot import BudgetSnapshot
    from budget_tui.tui.dialogs.explain import ExplainQuery

_MAX_SHOWN = 60
"""Five years of months; ``budget-tui period history --before`` lists older ones."""
_NARROW = 100


class HistoryTable(FollowedTable["ClosedPeriod"]):
    """Closed periods, the newest first. When narrow, it shows costs after a close as a number only."""

    BINDINGS = [Binding("enter,l", "open", "Open", id="period.open", tooltip="Open the period")]

    def columns_within(self, width: int) -> Sequence[Column[ClosedPeriod]]:
        return history_columns(is_narrow=width < _NARROW)


class HistoryScreen(ReadingScreen[list["ClosedPeriod"]]):
    """Spending against budget over the periods, and each with its figures at the close and later costs."""

    MODE = "history"
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (18, "-low"), (34, "-tall")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    WORKPLACES = (HistoryTable,)
    AUTO_FOCUS = "HistoryTable"
    BINDINGS = []

    def compose_body(self) -> ComposeResult:
        yield Static(WAITING, id="none-closed")
        yield PeriodChart()
        with Horizontal(id="periods"):
            yield HistoryTable(history_columns(), lambda closed: closed.period.start, self.is_reading)
            yield ClosedPane()

    def read(self, services: Services) -> list[ClosedPeriod]:
        return services.history.periods(_MAX_SHOWN)

    def watch_reading(self, periods: list[ClosedPeriod] | None) -> None:
        self._show(periods, self.snapshot)

    def watch_snapshot(self, snapshot: BudgetSnapshot | None) -> None:
        self._show(self.reading, snapshot)

    def _show(self, periods: list[ClosedPeriod] | None, snapshot: BudgetSnapshot | None) -> None:
        if not self.is_mounted:
            return
        nothing = self.query_one("#none-closed", Static)
        nothing.display = not periods
        if periods is not None and snapshot is not None:
            nothing.update(_none_closed(snapshot, key_of(self.app, "period.close")))
        chart, table = self.query_one(PeriodChart), self.query_one(HistoryTable)
        self.set_class(not periods, "-without-periods")
        chart.periods = tuple(periods or ())
        if periods is not None:
            table.show(periods, keeps_row=table.cursor > 0)

    @on(HistoryTable.Moved)
    def _describe(self) -> None:
        table, pane = self.query_one(HistoryTable), self.query_one(ClosedPane)
        pane.closed = table.current
        name = period_name(table.current.period) if table.current is not None else ""
        pane.border_title = title_with_key(table, "period.open", name)

    def explain_query(self) -> ExplainQuery | None:
        closed = self.query_one(HistoryTable).current
        return (
            super().explain_query()
            if closed is None
            else lambda services: services.explain.of_closed(closed.period.start)
        )

    @on(HistoryTable.Opened)
    @work(group=ASKING)
    async def _open(self, event: HistoryTable.Opened) -> None:
        await self.dashboard.ask(ClosedPeriodScreen(event.row))


def _none_closed(snapshot: BudgetSnapshot, key: str) -> Content:
    """Say when the period closes by itself; ``key`` closes it today."""
    return Content.assemble(
        ("No closed periods yet. ", MUTED),
        f"{period_name(snapshot.period)} closes by itself after {long_day(snapshot.period.end)}",
        (": from then on, this is where it can be seen. ", MUTED),
        (key, "bold $accent"),
        (" closes it today.", MUTED),
    )
