"""What the tabs of the plan have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from textual.binding import Binding
from textual.containers import Vertical

from budget_tui.domain.coverage import OverAllocated
from budget_tui.domain.plan import PlanFilter, PlannedBudget
from budget_tui.domain.plan_results import BudgetLine
from budget_tui.presentation import formatting
from budget_tui.services.cost_details import Number
from budget_tui.services.plan_views import PlanBoard
from budget_tui.tui.table import FollowedTable, Row


class PlanTable(FollowedTable[Row]):
    """A table of the plan, in which the costs behind a number are a key away."""

    GAPS = (1, 3)
    BINDINGS = [Binding("enter", "open", "Costs", id="plan.costs", tooltip="Show the costs of this number")]


class PlanPane(Vertical):
    """Fills itself with what is chosen of the board, when it is in view."""

    TAB: ClassVar[str]
    board: PlanBoard | None = None

    def __init__(self) -> None:
        super().__init__(id=self.TAB)

    @property
    def table(self) -> PlanTable[Any]:
        """What has the focus."""
        return self.query_one(PlanTable)

    @property
    def entity_id(self) -> str:
        """Whose the row under the cursor is; '' where that is nobody's."""
        return ""

    @property
    def budget_id(self) -> str:
        """The budget under the cursor; '' where the row is of none or of several."""
        return ""

    @property
    def today(self) -> date:
        assert self.board is not None
        return self.board.as_of

    def show(self, board: PlanBoard, choice: PlanFilter, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        """Show ``lines``, the chosen ones; ``is_new``: of a board that was not shown before."""
        raise NotImplementedError

    def warnings(self, board: PlanBoard, lines: Sequence[BudgetLine]) -> Sequence[str]:
        """Whose children have more than it, what is left out of the figures that are shown, what counts at a rate."""
        return (*too_much(board.over_allocated([line.budget for line in lines])), *board.warnings(lines))

    def number_behind(self, row: Any) -> Number | None:
        """The actual that ``row`` shows."""
        raise NotImplementedError

    def listed(self, row: Any) -> Sequence[PlannedBudget]:
        """The budgets that the figures of ``row`` are about."""
        return ()

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the one that it is sorted by already, the other way round."""

    def sort_by_next(self) -> None:
        """Sort by the next column, after the last one in the order of the hierarchy again."""

    def reverse(self) -> None:
        """Sort the other way round."""


def too_much(found: Sequence[OverAllocated]) -> Sequence[str]:
    """In one line, the first budget whose children have more than it, and how many more there are."""
    if not found:
        return ()
    budget, beyond = found[0].budget, found[0].beyond
    shown = formatting.amount_of(beyond, budget.budget_type, budget.currency)
    more = f" (and {len(found) - 1:,} more)" if len(found) > 1 else ""
    return (f"{formatting.plan_name(budget)}: its children have {shown} more than it{more}",)
