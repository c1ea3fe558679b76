"""What a tab of the plan shows; and the first of them, the table of budgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Region
from textual.strip import Strip

from budget_tui.domain.plan_answers import BudgetLine
from budget_tui.formatting import plan_name
from budget_tui.services.costs_behind import Number, number_of
from budget_tui.services.plan_board import PlanBoard, PlanChoice
from budget_tui.tui.painting import backdrop
from budget_tui.tui.widgets.line_table import LineTable
from budget_tui.tui.widgets.plan_columns import budget_columns


class PlanPane(Vertical):
    """Fills itself with what is chosen of the board, when it is in view."""

    TAB: ClassVar[str]
    board: PlanBoard | None = None

    def __init__(self) -> None:
        super().__init__(id=self.TAB)

    @property
    def table(self) -> LineTable:
        """What has the focus."""
        return self.query_one(LineTable)

    @property
    def entity_id(self) -> str:
        """Whose the row under the cursor is; '' where that is nobody's."""
        return ""

    @property
    def today(self) -> date:
        assert self.board is not None
        return self.board.as_of

    def render_lines(self, crop: Region) -> list[Strip]:
        return backdrop(self, crop)

    def show(self, board: PlanBoard, choice: PlanChoice, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        """Show ``lines``, the chosen ones; ``is_new``: of a board that was not shown before."""
        raise NotImplementedError

    def number_behind(self, row: Any) -> Number | None:
        """The actual that ``row`` shows."""
        raise NotImplementedError

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the one that it is sorted by already, the other way round."""

    def sort_by_next(self) -> None:
        """Sort by the next column, after the last one in the order of the hierarchy again."""

    def reverse(self) -> None:
        """Sort the other way round."""


class BudgetPane(PlanPane):
    """Every budget in a line."""

    TAB = "budgets"

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[BudgetLine] = ()

    def compose(self) -> ComposeResult:
        yield LineTable(budget_columns(lambda: self.today))

    @property
    def entity_id(self) -> str:
        line: BudgetLine | None = self.table.current
        return line.budget.entity_id if line else ""

    def show(self, board: PlanBoard, choice: PlanChoice, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        self.board, self._lines = board, lines
        self.table.why_empty = "no budget fits"
        self._fill(board.lines if is_new else None)

    def number_behind(self, row: BudgetLine) -> Number:
        return number_of(row.budget, plan_name(row.budget))

    def _fill(self, measured: Sequence[BudgetLine] | None = None) -> None:
        lines, table = self._lines, self.table
        by = next((column for column in table.columns if column.key == table.sort_key), None)
        if by is not None and by.sort_key is not None:
            lines = sorted(lines, key=by.sort_key, reverse=table.sort_descending)
        table.show(lines, measured, same=lambda line: line.budget.budget_id)

    def sort_by(self, key: str) -> None:
        table = self.table
        table.sort_descending = not table.sort_descending if key == table.sort_key else False
        table.sort_key = key
        self._fill()

    def sort_by_next(self) -> None:
        table = self.table
        order = ["", *(column.key for column in table.columns if column.sort_key is not None)]
        table.sort_descending = False
        table.sort_key = order[(order.index(table.sort_key) + 1) % len(order)]
        self._fill()

    def reverse(self) -> None:
        self.table.sort_descending = not self.table.sort_descending
        self._fill()
