"""Budgets: a line each, with the amount edited in its cell."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import Input, Static

from budget_tui import formatting
from budget_tui.domain.amount import parse_amount, parse_count
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.errors import Refused
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.plan_answers import BudgetLine
from budget_tui.services.costs_behind import Number, number_of
from budget_tui.services.plan_board import PlanBoard, PlanChoice
from budget_tui.tui.painting import MUTED
from budget_tui.tui.widgets import table_footer
from budget_tui.tui.widgets.cell_editor import CellEditor
from budget_tui.tui.widgets.line_table import HEADER, LineTable
from budget_tui.tui.widgets.plan_columns import budget_columns
from budget_tui.tui.widgets.plan_panes import PlanPane


class BudgetTable(LineTable):
    """Budgets, which can be changed and deleted."""

    BINDINGS = [
        Binding("e", "edit", "Edit", id="plan.edit", tooltip="Edit the amount in its cell"),
        Binding("d", "delete", "Delete", id="plan.delete", tooltip="Take the budget out of the plan"),
    ]

    class EditAsked(Message):
        """The user wants to edit the amount under the cursor."""

    class DeleteAsked(Message):
        """The user wants ``budget`` to be deleted."""

        def __init__(self, budget: PlannedBudget) -> None:
            super().__init__()
            self.budget = budget

    def action_edit(self) -> None:
        self.post_message(self.EditAsked())

    def action_delete(self) -> None:
        if self.current is not None:
            self.post_message(self.DeleteAsked(self.current.budget))


class BudgetPane(PlanPane):
    """Table, editor, and a line below that says what typing does or why an edit was refused."""

    TAB = "budgets"

    class Edited(Message):
        """``budget`` is to be of ``amount``, and then to go on by ``go_on`` rows."""

        def __init__(self, budget: PlannedBudget, amount: int, go_on: int) -> None:
            super().__init__()
            self.budget, self.amount, self.go_on = budget, amount, go_on

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[BudgetLine] = ()
        self._edited: PlannedBudget | None = None
        self._problem = ""

    def compose(self) -> ComposeResult:
        yield BudgetTable(budget_columns(lambda: self.today))
        yield Static(id="budget-line")
        yield CellEditor(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.editor.display = False

    @property
    def editor(self) -> CellEditor:
        return self.query_one(CellEditor)

    @property
    def entity_id(self) -> str:
        line: BudgetLine | None = self.table.current
        return line.budget.entity_id if line else ""

    @property
    def budget_id(self) -> str:
        line: BudgetLine | None = self.table.current
        return line.budget.budget_id if line else ""

    def show(self, board: PlanBoard, choice: PlanChoice, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        self.board, self._lines = board, lines
        self.table.why_empty = "no budget fits"
        self._fill(board.lines if is_new else None)

    def number_behind(self, row: BudgetLine) -> Number:
        return number_of(row.budget, formatting.plan_name(row.budget))

    def _fill(self, measured: Sequence[BudgetLine] | None = None) -> None:
        lines, table = self._lines, self.table
        by = next((column for column in table.columns if column.key == table.sort_key), None)
        if by is not None and by.sort_key is not None:
            lines = sorted(lines, key=by.sort_key, reverse=table.sort_descending)
        table.show(lines, measured, same=lambda line: line.budget.budget_id)
        self._keep_editor()

    # Sorting

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

    # Editing

    @on(BudgetTable.EditAsked)
    def begin_edit(self) -> None:
        """Open the editor over the amount under the cursor, with its value selected."""
        line: BudgetLine | None = self.table.current
        if line is None or self._edited is not None:
            return
        budget = self._edited = line.budget
        self._problem = ""
        is_money = budget.budget_type is BudgetType.MONETARY
        self.editor.value = formatting.number(budget.amount, budget.currency) if is_money else f"{budget.amount:,}"
        self._place_editor()
        self.editor.display = True
        self.editor.focus()
        self.editor.select_all()
        self._tell()

    def _place_editor(self) -> None:
        place = self.table.place_of("amount")
        if place is None:
            return
        x, y = place.x, HEADER + self.table.cursor - round(self.table.scroll_offset.y)
        before = next((each for each in reversed(self.table.places) if each.x < place.x), place)
        room = place.x + place.width - (before.x + before.width) if before is not place else place.width
        self.editor.styles.width = room
        self.editor.styles.offset = Offset(x + place.width - room, y)

    def _keep_editor(self) -> None:
        """Keep the editor over its budget, or close it when that is not shown any more."""
        edited = self._edited
        if edited is None:
            return
        at = next((row for row, line in enumerate(self.table.rows) if line.budget.budget_id == edited.budget_id), None)
        if at is None:
            self.close_editor()
            self._problem = f"{formatting.plan_name(edited)} is gone; what was typed was not taken"
            self._tell()
            return
        self.table.go_to(at)
        self._place_editor()

    def on_resize(self) -> None:
        if self._edited is not None:
            self.call_after_refresh(self._place_editor)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._problem = ""
        self._tell()

    @on(CellEditor.Left)
    def close_editor(self) -> None:
        """Close the editor; the cell shows what is stored."""
        self._edited, self._problem = None, ""
        self.editor.is_waiting = False
        self.editor.display = False
        self.table.focus()
        self._tell()

    @on(CellEditor.Committed)
    def _committed(self, event: CellEditor.Committed) -> None:
        event.stop()
        if self._edited is None:
            return
        try:
            amount = _parsed(event.text, self._edited.budget_type)
        except Refused as refused:
            self.refuse(str(refused))
            return
        self.post_message(self.Edited(self._edited, amount, event.go_on))

    def refuse(self, why: str) -> None:
        """Say below the table why an edit was not taken; what was typed stays in the editor."""
        self.editor.is_waiting = False
        self.editor.focus()
        self._problem = why
        if self._edited is not None and isinstance(self.table.current, BudgetLine):
            self._edited = self.table.current.budget  # the words name what is stored by now
        self._tell()

    def accept(self, go_on: int) -> None:
        """An edit was taken: close its editor, or go on to another budget's."""
        if self._edited is None:
            return
        row = self.table.cursor + go_on
        self.close_editor()
        if go_on and 0 <= row < len(self.table.rows):
            self.table.go_to(row)
            self.begin_edit()

    def _tell(self) -> None:
        self.query_one("#budget-line", Static).update(self._words())

    def _words(self) -> Content:
        if self._problem:
            return table_footer.problem(self._problem)
        if self._edited is None:
            return Content("")
        before = self._edited
        shown = formatting.amount_of(before.amount, before.budget_type, before.currency)
        try:
            after = _parsed(self.editor.value, before.budget_type)
        except Refused:
            hint = "30000 or 30,000.50" if before.budget_type is BudgetType.MONETARY else "500000 or 2M"
            return Content.assemble((f" {shown}  {hint}", MUTED))
        new = formatting.amount_of(after, before.budget_type, before.currency)
        return Content.assemble((f" {shown} → ", MUTED), (new, "bold"), (" (editing)", MUTED))


def _parsed(text: str, budget_type: BudgetType) -> int:
    return parse_amount(text) if budget_type is BudgetType.MONETARY else parse_count(text)
