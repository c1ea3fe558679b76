"""By Category and By Provider: plan and usage of one entity, part by part, in money, tokens and seats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from budget_tui.domain.amount import share
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlanFilter, PlannedBudget
from budget_tui.domain.plan_results import Breakdown, BudgetLine
from budget_tui.domain.variance import Variance
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import NOTHING, Bar, Column, in_front_of
from budget_tui.presentation.plan_columns import (
    SHAPES,
    amounts,
    bar_column,
    bar_of,
    part_forecast,
    status_column,
    unit,
    used,
)
from budget_tui.services.cost_details import Actual
from budget_tui.services.plan_views import Composition, PlanBoard
from budget_tui.tui.render import MUTED, STRONG
from budget_tui.tui.screens.plan.panes import PlanPane, PlanTable, too_much

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.tui.screens.plan.panes import RowForecasts


class PartLine(NamedTuple):
    """A part, that is a category or provider, in one unit; with ``is_unbudgeted``, its unbudgeted usage.

    ``planned`` is None if there is no budget for it; ``total_usage`` is that of all parts together. Amounts are nanos
    of ``currency``, tokens or seats.
    """

    name: str
    is_first: bool
    budget_type: BudgetType
    currency: str
    planned: int | None
    actual: int | None
    total_usage: int
    period: Period | None
    is_unbudgeted: bool = False

    @property
    def label(self) -> str:
        """The text in the first column."""
        if self.is_unbudgeted:
            return f"  {formatting.NOT_BUDGETED}"
        return (self.name or formatting.NO_PROVIDER) if self.is_first else ""

    @property
    def title(self) -> str:
        name = self.name or formatting.NO_PROVIDER
        return f"{name}, {formatting.NOT_BUDGETED}" if self.is_unbudgeted else name

    @property
    def figures(self) -> Variance:
        return Variance(self.planned or 0, self.actual)


class BreakdownPane(PlanPane):
    """A line that names the entity, and a table of its parts and units."""

    LABEL = ""

    def __init__(self) -> None:
        super().__init__()
        self._choice = PlanFilter()
        self._entity_name = ""
        self._heading = Content("")
        self._warnings: Sequence[str] = ()

    def compose(self) -> ComposeResult:
        yield Static(classes="entity")
        yield PlanTable((), lambda part: (part.name, part.budget_type, part.is_unbudgeted))

    @property
    def entity_id(self) -> str:
        return self._choice.entity_id

    def breakdown_of(self, board: PlanBoard, choice: PlanFilter) -> Breakdown:
        """Return the breakdown that the pane shows."""
        raise NotImplementedError

    def composition(self, board: PlanBoard, choice: PlanFilter, row: PartLine) -> Composition:
        """Return the budgets and costs that the actual of ``row`` adds up."""
        raise NotImplementedError

    def drill_down(self, row: PartLine) -> Actual | None:
        if self.board is None or row.actual is None:
            return None
        covered, without, _ = self.composition(self.board, self._choice, row)
        return Actual(f"{self._entity_name}: {row.title}", row.budget_type, row.currency, covered, without)

    def listed(self, row: PartLine) -> Sequence[PlannedBudget]:
        return self.composition(self.board, self._choice, row).budgets if self.board is not None else ()

    def show(self, board: PlanBoard, choice: PlanFilter, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        self.board, self._choice = board, choice
        breakdown = self.breakdown_of(board, choice)
        has_money = choice.budget_type in (None, BudgetType.MONETARY)
        self._warnings = (*too_much(breakdown.over_allocated), *(breakdown.conversion_warnings if has_money else ()))
        self._entity_name = breakdown.entity.name
        self._heading = _heading(breakdown, choice)
        rows = list(_part_lines(breakdown, choice.budget_type))
        self.table.why_empty = "nothing planned or used"
        self.table.show(rows, _columns(self.LABEL, self.today, _is_planned(rows)))
        self._describe()

    @on(PlanTable.Moved)
    @on(PlanTable.LaidOut)
    def _describe(self) -> None:
        """Name the entity, and the forecast of the row under the cursor where the table has no room for its column."""
        row: PartLine | None = self.table.current
        found = None if row is None or row.is_unbudgeted else self.row_forecasts.get((row.name, row.budget_type))
        shown = self._heading
        if self.row_forecasts and self.table.place_of("forecast") is None:
            words = ""
            if row is not None and found is not None:
                words = f"{row.title} will come to {self._expected().text(row)}"
            shown = Content("\n").join([shown, Content.styled(words, MUTED)])  # the line stays: no row jumps
        self.query_one(".entity", Static).update(shown)

    def show_forecasts(self) -> None:
        if self.board is None or not self.row_forecasts:
            return
        rows = self.table.all_rows
        is_planned = _is_planned(rows)
        columns = _columns(self.LABEL, self.today, is_planned)
        self.table.show(rows, in_front_of("used" if is_planned else "share", self._expected(), columns))
        self.table.redraw()
        self._describe()

    def _expected(self) -> Column[PartLine]:
        return part_forecast(
            self.row_forecasts,
            lambda part: None if part.is_unbudgeted else (part.name, part.budget_type),
            _kind,
            lambda part: part.planned,
        )

    def warnings(self, board: PlanBoard, lines: Sequence[BudgetLine]) -> Sequence[str]:
        return self._warnings


class CategoryPane(BreakdownPane):
    """Every category, and all of them together."""

    TAB = "category"
    LABEL = "Category"

    def breakdown_of(self, board: PlanBoard, choice: PlanFilter) -> Breakdown:
        return board.by_category(choice)

    def row_forecasts_query(self) -> Callable[[Services], RowForecasts] | None:
        board, choice = self.board, self._choice
        return None if board is None else lambda services: services.plan_views.forecasts_by_category(board, choice)

    def composition(self, board: PlanBoard, choice: PlanFilter, row: PartLine) -> Composition:
        return board.category_composition(choice, row.name, row.budget_type, row.is_unbudgeted)


class ProviderPane(BreakdownPane):
    """Every provider, in the chosen category or in all."""

    TAB = "provider"
    LABEL = "Provider"

    def breakdown_of(self, board: PlanBoard, choice: PlanFilter) -> Breakdown:
        return board.by_provider(choice)

    def row_forecasts_query(self) -> Callable[[Services], RowForecasts] | None:
        board, choice = self.board, self._choice
        return None if board is None else lambda services: services.plan_views.forecasts_by_provider(board, choice)

    def composition(self, board: PlanBoard, choice: PlanFilter, row: PartLine) -> Composition:
        return board.provider_composition(choice, row.name, row.budget_type, row.is_unbudgeted)


def _heading(breakdown: Breakdown, choice: PlanFilter) -> Content:
    entity = breakdown.entity
    if len(breakdown.periods) > 1:
        periods = " – ".join(map(formatting.short_period_name, (breakdown.periods[0], breakdown.periods[-1])))
    else:
        periods = "".join(map(formatting.period_name, breakdown.periods))
    hint = "" if choice.entity_id else "  n or f: another entity"
    return Content.assemble(
        (entity.name, STRONG), (f" ({entity.entity_id}, {entity.level_code}) · {periods}{hint}", MUTED)
    )


def _part_lines(breakdown: Breakdown, only: BudgetType | None) -> Iterator[PartLine]:
    currency = breakdown.organization.currency
    period = breakdown.periods[0] if len(breakdown.periods) == 1 else None
    total = breakdown.parts.get(str(Category.TOTAL))
    whole = dict.fromkeys(BudgetType, 0)
    for part in [total] if total else breakdown.parts.values():
        for budget_type, _, actual, unbudgeted in part.by_type:
            whole[budget_type] += (actual or 0) + (unbudgeted or 0)
    for name, part in breakdown.parts.items():
        is_first = True
        for budget_type, planned, actual, unbudgeted in part.by_type:
            known = planned is not None or (actual is not None and (actual or budget_type is BudgetType.MONETARY))
            if known and only in (None, budget_type):
                line = PartLine(name, is_first, budget_type, currency, planned, actual, whole[budget_type], period)
                yield line
                if unbudgeted:
                    yield line._replace(planned=None, actual=unbudgeted, is_unbudgeted=True)
                is_first = False


def _kind(part: PartLine) -> tuple[BudgetType, str]:
    return part.budget_type, part.currency


def _left(part: PartLine) -> int | None:
    return part.figures.variance if part.planned is not None else None


def _share_of_use(part: PartLine) -> str:
    if not part.actual or part.budget_type is BudgetType.SEAT:
        return ""
    return formatting.percent(share(part.actual, part.total_usage))


def _share_bar(part: PartLine) -> Bar | None:
    """Return the share of all use as a bar, grey as that of no budget; None where there is none."""
    if not _share_of_use(part):
        return None
    return Bar(share(max(part.actual or 0, 0), part.total_usage), style="muted")


def _is_planned(parts: Iterable[PartLine]) -> bool:
    return any(part.planned is not None for part in parts)


_OF_PLAN = ("amount", "left", "used", "status")
"""The columns that compare with a plan."""


@cache
def _columns(label: str, today: date, is_planned: bool) -> tuple[Column[PartLine], ...]:
    """Return the columns; where nothing ``is_planned``, without those that compare with a plan."""
    columns: tuple[Column[PartLine], ...] = (
        Column(
            "name",
            label,
            lambda part: part.label,
            max_width=24,
            style=lambda part: "strong" if part.label == str(Category.TOTAL) else "",
        ),
        Column("unit", "Unit", lambda part: unit(part.budget_type, part.currency), is_muted=True),
        amounts("amount", "Budget", lambda part: part.planned, _kind, drop_order=5),
        amounts("actual", "Actual", lambda part: part.actual, _kind),
        bar_column(
            lambda part: (
                _share_bar(part) if part.planned is None else bar_of(part.figures, part.budget_type, part.period, today)
            )
        ),
        amounts("left", "Left", _left, _kind, drop_order=4),
        Column(
            "used",
            "Used",
            lambda part: used(part.figures) if part.planned else NOTHING,
            align="right",
            drop_order=3,
            is_muted=True,
        ),
        Column("share", "Share", _share_of_use, align="right", drop_order=1, is_muted=True),
        status_column(
            lambda part: part.figures, lambda part: " " if part.planned is None else SHAPES[part.figures.status]
        ),
    )
    return columns if is_planned else tuple(column for column in columns if column.key not in _OF_PLAN)
