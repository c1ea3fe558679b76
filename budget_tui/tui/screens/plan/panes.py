"""The base of the plan's tabs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding
from textual.containers import Vertical

from budget_tui.domain.coverage import OverAllocated
from budget_tui.domain.plan import PlanFilter, PlannedBudget
from budget_tui.domain.plan_results import BudgetLine, ForecastsById
from budget_tui.presentation import formatting
from budget_tui.services.cost_details import Actual
from budget_tui.services.plan_views import PlanBoard
from budget_tui.tui.table import FollowedTable, Row

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services

    RowForecasts = Mapping[Any, Any]


class PlanTable(FollowedTable[Row]):
    """A table of the plan; Enter opens the costs that add up to its figure."""

    GAPS = (1, 3)
    BINDINGS = [Binding("enter,l", "open", "Costs", id="plan.costs", tooltip="Show the costs of this number")]


class PlanPane(Vertical):
    """A tab of the plan; it shows the filtered budgets of the board while it is in view."""

    TAB: ClassVar[str]
    board: PlanBoard | None = None
    forecasts: ForecastsById = MappingProxyType({})
    """The forecasts of the budgets shown, once they are known."""
    row_forecasts: RowForecasts = MappingProxyType({})
    """Those of rows that are no single budget, by the id of the row."""

    def __init__(self) -> None:
        super().__init__(id=self.TAB)

    @property
    def table(self) -> PlanTable[Any]:
        """The table, which has the focus."""
        return self.query_one(PlanTable)

    @property
    def entity_id(self) -> str:
        """The entity of the row under the cursor; '' if it has none."""
        return ""

    @property
    def budget_id(self) -> str:
        """The budget under the cursor; '' if the row shows none or several."""
        return ""

    @property
    def today(self) -> date:
        assert self.board is not None
        return self.board.as_of

    def show(self, board: PlanBoard, choice: PlanFilter, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        """Show ``lines``, the filtered ones; ``is_new``: the board was not shown here before."""
        raise NotImplementedError

    def show_forecasts(self) -> None:
        """Show `forecasts` and `row_forecasts`, of which some are new."""

    def row_forecasts_query(self) -> Callable[[Services], RowForecasts] | None:
        """Return a function that reads `row_forecasts` of what is shown; None if every row is a budget."""
        return None

    def warnings(self, board: PlanBoard, lines: Sequence[BudgetLine]) -> Sequence[str]:
        """Return warnings: over-allocated children, costs left out of the figures, rates used in them."""
        return (*too_much(board.over_allocated([line.budget for line in lines])), *board.warnings(lines))

    def drill_down(self, row: Any) -> Actual | None:
        """Return the actual that ``row`` shows, for its cost details; None if there is none."""
        raise NotImplementedError

    def listed(self, row: Any) -> Sequence[PlannedBudget]:
        """Return the budgets whose figures ``row`` shows."""
        return ()

    def sort_by(self, key: str) -> None:
        """Sort by a column, or reverse the order if it is sorted by that column already."""

    def sort_by_next(self) -> None:
        """Sort by the next column; after the last one, restore the order of the hierarchy."""

    def reverse(self) -> None:
        """Reverse the order."""

    def sort_by_trouble(self) -> None:
        """Sort by status, the worst first; again: restore the order of the hierarchy."""


def too_much(found: Sequence[OverAllocated]) -> Sequence[str]:
    """Return one line about the first over-allocated budget and the number of others, if any."""
    if not found:
        return ()
    budget, beyond = found[0].budget, found[0].beyond
    shown = formatting.amount_of(beyond, budget.budget_type, budget.currency)
    more = f" (and {len(found) - 1:,} more)" if len(found) > 1 else ""
    return (f"{formatting.plan_name(budget)}: its children have {shown} more than it{more}",)
