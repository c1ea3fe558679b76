"""Overview: the totals, the budgets closest to their limit, and two charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.coverage import scope_of
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlanFilter, PlannedBudget, measured_in
from budget_tui.domain.plan_results import BudgetLine, counted, to_watch
from budget_tui.domain.variance import Totals, Variance, VarianceStatus
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import Column, forecast_column, in_front_of
from budget_tui.presentation.plan_columns import (
    SHAPES,
    amounts,
    bar_column,
    bar_with_status,
    elapsed,
    scope_text,
    status_column,
    unit,
    used_column,
)
from budget_tui.services.cost_details import Actual
from budget_tui.services.plan_views import PlanBoard
from budget_tui.services.usage import Addends
from budget_tui.tui.charts import CategoryShares, TrendChart
from budget_tui.tui.render import MUTED
from budget_tui.tui.screens.plan.panes import PlanPane, PlanTable
from budget_tui.tui.table import HEADER

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.domain.forecast import Forecast
    from budget_tui.tui.screens.plan.panes import RowForecasts

_ALL, _RUNNING = "All budgets", "Running now"
_MAX_WORST_LISTED = 200
_NARROW = 100
_ABOVE_TABLE = 2
_ABOVE_CHARTS = 1
_MIN_TABLE_HEIGHT = HEADER + 5
_MIN_CHARTS_HEIGHT, _CHARTS_HEIGHT, _MAX_CHARTS_HEIGHT = 4, 7, 12


@dataclass(frozen=True, slots=True)
class OverviewLine:
    """The total of all budgets in one unit, or one of the worst budgets, whose ``addends`` are None."""

    name: str
    scope_text: str
    period: str
    budget_type: BudgetType
    currency: str
    figures: Variance
    pace: Fraction | None
    budgets: Sequence[PlannedBudget]
    addends: Addends | None = None
    inside: int = 0
    """Number of budgets inside those of a total."""

    @property
    def is_total(self) -> bool:
        return self.addends is not None

    @property
    def title(self) -> str:
        return self.name if self.is_total else formatting.plan_name(self.budgets[0])


class OverviewTable(PlanTable[OverviewLine]):
    """The totals, and the budgets closest to their limit."""

    expected: Column[OverviewLine] | None = None
    """The column of forecasts, once there are any."""

    def columns_within(self, width: int) -> Sequence[Column[OverviewLine]]:
        columns = _columns(is_narrow=width < _NARROW)
        return columns if self.expected is None else in_front_of("used", self.expected, columns)


class OverviewPane(PlanPane):
    """The number of budgets in trouble, the totals and worst budgets, usage by category and month by month."""

    TAB = "overview"

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[BudgetLine] = ()
        self._charted: OverviewLine | None = None

    def compose(self) -> ComposeResult:
        yield Troubles()
        yield OverviewTable(_columns(), _id_of)
        with Horizontal(id="plan-charts"):
            yield CategoryShares()
            yield TrendChart()

    def on_resize(self) -> None:
        self._share_height()

    def _share_height(self) -> None:
        """Give the charts the height that the table can spare; hide them if that is too little to show anything."""
        height = self.size.height - _ABOVE_TABLE - _ABOVE_CHARTS
        room, unused = height - _MIN_TABLE_HEIGHT, height - HEADER - len(self.table.rows)
        charts = self.query_one("#plan-charts")
        charts.display = room >= _MIN_CHARTS_HEIGHT
        charts.styles.height = max(_MIN_CHARTS_HEIGHT, min(room, max(_CHARTS_HEIGHT, min(unused, _MAX_CHARTS_HEIGHT))))

    @property
    def entity_id(self) -> str:
        line: OverviewLine | None = self.table.current
        return line.budgets[0].entity_id if line and not line.is_total else ""

    @property
    def budget_id(self) -> str:
        line: OverviewLine | None = self.table.current
        return line.budgets[0].budget_id if line and len(line.budgets) == 1 else ""

    def show(self, board: PlanBoard, choice: PlanFilter, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        self.board, self._lines = board, lines
        totals = board.totals(lines)
        self.query_one(Troubles).show(lines, board.as_of)
        rows = [_total_line(board, _ALL, *each) for each in totals]
        running = [line for line in lines if line.budget.period.contains(board.as_of)]
        if len(running) < len(lines):  # a sum over months says nothing of the one that runs
            listed = {(each.budget_type, each.currency): each.budgets for each, _ in totals}
            rows[:0] = [
                _total_line(board, _RUNNING, each, addends)
                for each, addends in board.totals(running)
                if each.budgets < listed[each.budget_type, each.currency]
            ]
        rows += [_worst_line(line, board) for line in board.closest_to_limit(lines, _MAX_WORST_LISTED)]
        self.table.why_empty = "no matching budgets"
        self.table.show(rows)
        self._share_height()
        bars = self.query_one(CategoryShares)
        bars.breakdown = board.by_category(replace(choice, search="", status=None))
        self._show_trend()  # in the same frame, though `Moved` will update it too

    def show_forecasts(self) -> None:
        table, has_any = self.query_one(OverviewTable), bool(self.row_forecasts or self.forecasts)
        table.expected = forecast_column(self._found, _kind, lambda line: line.figures.amount) if has_any else None
        table.show(table.all_rows, table.columns_within(table.size.width))
        table.redraw()
        self._show_range()

    def _found(self, line: OverviewLine) -> Forecast | None:
        return self.row_forecasts.get(_id_of(line)) if line.is_total else self.forecasts.get(line.budgets[0].budget_id)

    def _show_range(self) -> None:
        """Show the range of the current line below the chart: where there is little room, the table has no column. Say
        why a total has none: what several periods come to is no sum of their ranges."""
        line: OverviewLine | None = self.table.current
        found = None if line is None else self._found(line)
        text = "" if line is None or found is None else f"forecast {formatting.range_of(found, *_kind(line))}"
        if line is not None and line.is_total and found is None and (self.row_forecasts or self.forecasts):
            periods = {budget.period for budget in line.budgets if budget.period.end >= self.today}
            text = "no forecast: the budgets' periods differ" if len(periods) > 1 else ""
        self.query_one(TrendChart).border_subtitle = Content(text)

    def row_forecasts_query(self) -> Callable[[Services], RowForecasts] | None:
        totals: list[OverviewLine] = [line for line in self.table.all_rows if line.is_total]

        def read(services: Services) -> RowForecasts:
            found = {
                _id_of(line): services.plan_views.forecast_together(line.budgets, line.figures.actual)
                for line in totals
                if line.figures.actual is not None and line.budget_type is not BudgetType.SEAT
            }
            return {key: forecast for key, forecast in found.items() if forecast is not None}

        return read

    def drill_down(self, row: OverviewLine) -> Actual:
        covered = tuple((scope_of(budget), budget.period) for budget in row.budgets)
        return Actual(row.title, row.budget_type, row.currency, covered)

    def listed(self, row: OverviewLine) -> Sequence[PlannedBudget]:
        if not row.is_total or self.board is None:
            return ()
        kind, today, is_every = (row.budget_type, row.currency), self.board.as_of, row.name == _ALL
        return [
            line.budget
            for line in self._lines
            if measured_in(line.budget) == kind and (is_every or line.budget.period.contains(today))
        ]

    @on(PlanTable.Moved)
    def _show_trend(self) -> None:
        line: OverviewLine | None = self.table.current
        if line is not None and line is self._charted:
            return
        self._show_range()
        self._charted = line
        chart = self.query_one(TrendChart)
        if line is None or self.board is None:
            chart.months = ()
            return
        subject = line.title if line.is_total else f"{line.name}, {line.scope_text}"
        chart.border_title = Content(f"Per month: {subject}")
        chart.kind = line.budget_type, line.currency
        chart.months = tuple(self.board.trend(line.addends or self.board.addends_of(line.budgets[0])))


def _id_of(line: OverviewLine) -> tuple[str, BudgetType, str]:
    return line.title, line.budget_type, line.currency


def _kind(line: OverviewLine) -> tuple[BudgetType, str]:
    return line.budget_type, line.currency


def _total_line(board: PlanBoard, name: str, totals: Totals, addends: Addends) -> OverviewLine:
    inside = totals.budgets - len(addends.budgets)
    return OverviewLine(
        name,
        f"{len(addends.budgets):,} and {inside:,} inside them" if inside else "",
        "",
        totals.budget_type,
        totals.currency,
        totals.total,
        _pace(addends.budgets, board),
        addends.budgets,
        addends,
        inside,
    )


def _pace(budgets: Sequence[PlannedBudget], board: PlanBoard) -> Fraction | None:
    """Return the share of ``budgets`` that even spending would have used by today, each in its own period."""
    amounts: dict[Period, int] = {}
    for budget in budgets:
        amounts[budget.period] = amounts.get(budget.period, 0) + budget.amount
    whole = sum(amounts.values())
    if not whole or not any(period.contains(board.as_of) for period in amounts):
        return None
    return (
        sum(
            (Fraction(amount * period.day_number(board.as_of), period.days) for period, amount in amounts.items()),
            Fraction(0),
        )
        / whole
    )


def _worst_line(line: BudgetLine, board: PlanBoard) -> OverviewLine:
    budget = line.budget
    return OverviewLine(
        budget.entity_name,
        scope_text(budget),
        formatting.short_period_name(budget.period),
        budget.budget_type,
        budget.currency,
        line.figures,
        elapsed(budget.period, board.as_of),
        (budget,),
    )


class Troubles(Widget):
    """The number of budgets that have not ended, by their status, and of those that have."""

    _counted: reactive[tuple[tuple[VarianceStatus | None, int], ...]] = reactive(())
    _ended: reactive[int] = reactive(0)

    def show(self, lines: Sequence[BudgetLine], today: date) -> None:
        current = to_watch(lines, today)
        numbers = counted(current)
        self._counted = tuple((status, numbers.get(status, 0)) for status in _WORDS)
        self._ended = len(lines) - len(current)

    def render(self) -> Content:
        counted = [(status, number) for status, number in self._counted if number]
        width, brief = self.content_size.width, self._line(counted, gap="  ", noun="")
        wider = (self._line(self._counted, "   ", " budgets"), self._line(self._counted, "  ", ""))
        return next((line for line in wider if line.cell_length <= width), brief)

    def _line(self, counted: Sequence[tuple[VarianceStatus | None, int]], gap: str, noun: str) -> Content:
        parts = []
        for status, number in counted:
            style = _STYLES.get(status, MUTED) if number and status is not None else MUTED
            parts += [(f"{SHAPES[status]} {number:,} ", style), (f"{_WORDS[status]}{gap}", MUTED)]
        current = sum(number for _, number in self._counted)
        ended = f" · {self._ended:,} ended" if self._ended else ""
        return Content.assemble(
            *parts, (f"of {current:,}{noun.removesuffix('s') if current == 1 else noun}{ended}", MUTED)
        )


_WORDS = {
    VarianceStatus.OVER: "over",
    VarianceStatus.APPROACHING: "approaching",
    VarianceStatus.UNDER: "under",
    None: "without data",
}
_STYLES = {
    VarianceStatus.OVER: "bold $error",
    VarianceStatus.APPROACHING: "$warning",
    VarianceStatus.UNDER: "$success",
}


def _scope_briefly(line: OverviewLine) -> str:
    """Return what a line is about; of totals only the number of budgets."""
    return line.scope_text if not line.inside else formatting.count(len(line.budgets) + line.inside, "budget")


@cache
def _columns(*, is_narrow: bool = False) -> tuple[Column[OverviewLine], ...]:
    """Return the columns; where it ``is_narrow``, names and scopes go before the period, which runs in any case."""

    def strong(line: OverviewLine) -> str:
        return "strong" if line.is_total else ""

    return (
        Column(
            "entity",
            "Closest" if is_narrow else "Closest to the limit",
            lambda line: line.name,
            max_width=28,
            shrinks_to=11,
            style=strong,
        ),
        Column(
            "what",
            "Scope",
            _scope_briefly if is_narrow else lambda line: line.scope_text,
            max_width=24,
            shrinks_to=9,
            drop_order=5,
            yields_late=True,
        ),
        Column("unit", "Unit", lambda line: unit(*_kind(line)), is_muted=True),
        Column(
            "period",
            "Period",
            lambda line: line.period,
            max_width=22,
            shrinks_to=7,
            drop_order=3,
            yields_late=not is_narrow,
            is_muted=True,
        ),
        amounts("amount", "Budget", lambda line: line.figures.amount, _kind, drop_order=6, style=strong),
        amounts("actual", "Actual", lambda line: line.figures.actual, _kind, drop_order=4, style=strong),
        bar_column(
            lambda line: (
                None if line.figures.utilization is None else bar_with_status(line.figures, line.budget_type, line.pace)
            )
        ),
        amounts("left", "Left", lambda line: line.figures.variance, _kind, style=strong),
        used_column(lambda line: line.figures),
        status_column(lambda line: line.figures),
    )
