"""Budgets: a line each, with the amount edited in its cell."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widgets import Static

from budget_tui.domain.budget import BudgetType, parse_over
from budget_tui.domain.errors import Refused
from budget_tui.domain.plan import PlannedBudget, parse_planned
from budget_tui.domain.plan_answers import BudgetLine
from budget_tui.presentation import formatting
from budget_tui.presentation.plan_columns import budget_columns
from budget_tui.services.costs_behind import Number, number_of
from budget_tui.services.plan_board import PlanBoard, PlanChoice
from budget_tui.tui.painting import MUTED
from budget_tui.tui.table import HEADER
from budget_tui.tui.widgets.cell_editing import TOKEN_STEP, CellEditing
from budget_tui.tui.widgets.plan_panes import PlanPane, PlanTable


class BudgetTable(PlanTable[BudgetLine]):
    """Budgets, which can be changed and deleted."""

    BINDINGS = [
        Binding("e", "edit", "Edit", id="plan.edit", tooltip="Edit the amount under the cursor"),
        Binding("plus", "edit('+')", "More", id="plan.more", show=False, tooltip="Edit the amount: a step more"),
        Binding("minus", "edit('-')", "Less", id="plan.less", show=False, tooltip="Edit the amount: a step less"),
        Binding("equals_sign", "edit('=')", "Set", id="plan.set", show=False, tooltip="Edit the amount: another one"),
        Binding("d", "delete", "Delete", id="plan.delete", tooltip="Take the budget out of the plan"),
    ]

    class EditAsked(Message):
        """The user wants to edit the amount under the cursor, from ``sign`` on."""

        def __init__(self, sign: str) -> None:
            super().__init__()
            self.sign = sign

    class DeleteAsked(Message):
        """The user wants ``budget`` to be deleted."""

        def __init__(self, budget: PlannedBudget) -> None:
            super().__init__()
            self.budget = budget

    def action_edit(self, sign: str = "") -> None:
        self.post_message(self.EditAsked(sign))

    def action_delete(self) -> None:
        if self.current is not None:
            self.post_message(self.DeleteAsked(self.current.budget))


class BudgetPane(PlanPane, CellEditing[BudgetLine]):
    """Table, editor, and a line below that says what typing does or why an edit was refused."""

    TAB = "budgets"

    class Edited(Message):
        """``budget`` is to be of ``amount``, and then to go on by ``go_on`` rows."""

        def __init__(self, budget: PlannedBudget, amount: int, go_on: int) -> None:
            super().__init__()
            self.budget, self.amount, self.go_on = budget, amount, go_on

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step

    def compose_table(self) -> ComposeResult:
        yield BudgetTable(budget_columns(lambda: self.today), self.id_of)
        yield Static(id="budget-line")

    @property
    def table(self) -> BudgetTable:
        return self.query_one(BudgetTable)

    @property
    def shown(self) -> Sequence[BudgetLine]:
        return self.table.rows

    @property
    def cursor(self) -> int:
        return self.table.cursor

    def go_to(self, at: int) -> None:
        self.table.go_to(at)

    def id_of(self, line: BudgetLine) -> str:
        return line.budget.budget_id

    @property
    def entity_id(self) -> str:
        return self.current.budget.entity_id if self.current else ""

    @property
    def budget_id(self) -> str:
        return self.current.budget.budget_id if self.current else ""

    def show(self, board: PlanBoard, choice: PlanChoice, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        table = self.table
        self.board, table.why_empty = board, "no budget fits"
        shown = {line.budget.budget_id for line in lines}
        is_chosen = None if len(shown) == len(board.lines) else lambda line: line.budget.budget_id in shown
        if is_new:
            table.is_chosen = is_chosen
            table.show(board.lines)
        else:
            table.choose(is_chosen)
        self.keep_editor()

    def number_behind(self, row: BudgetLine) -> Number:
        return number_of(row.budget, formatting.plan_name(row.budget))

    # Sorting

    def sort_by(self, key: str) -> None:
        self.table.sort_by(key)
        self.keep_editor()

    def sort_by_next(self) -> None:
        self.table.sort_by_next()
        self.keep_editor()

    def reverse(self) -> None:
        self.table.reverse()
        self.keep_editor()

    # Editing

    @on(BudgetTable.EditAsked)
    def _edit_asked(self, event: BudgetTable.EditAsked) -> None:
        self.begin_edit(event.sign)

    def cell_at(self, at: int) -> Region | None:
        """The cell, and what is free of the room in front of it."""
        place = self.table.place_of("amount")
        if place is None:
            return None
        x = max((each.end for each in self.table.places if each.x < place.x), default=place.x)
        return Region(x, HEADER + at - round(self.table.scroll_offset.y), place.end - x, 1)

    def on_resize(self) -> None:
        self.call_after_refresh(self.keep_editor)

    def text_of(self, line: BudgetLine) -> str:
        budget = line.budget
        is_money = budget.budget_type is BudgetType.MONETARY
        return formatting.number(budget.amount, budget.currency) if is_money else f"{budget.amount:,}"

    def step_of(self, line: BudgetLine) -> str:
        match line.budget.budget_type:
            case BudgetType.MONETARY:
                return self._step
            case BudgetType.TOKEN:
                return TOKEN_STEP
            case BudgetType.SEAT:
                return "1"

    def take(self, line: BudgetLine, text: str, go_on: int) -> None:
        self.post_message(self.Edited(line.budget, _parsed(text, line.budget), go_on))

    def lost(self, line: BudgetLine) -> str:
        assert self.board is not None
        is_there = any(self.id_of(each) == self.id_of(line) for each in self.board.lines)
        return "" if is_there else f"{formatting.plan_name(line.budget)} is gone, somebody deleted it"

    def tell(self, words: Content) -> None:
        self.query_one("#budget-line", Static).update(words)

    def summary(self) -> Content:
        return Content("")

    def preview(self, line: BudgetLine) -> Content:
        before = line.budget
        shown = formatting.amount_of(before.amount, before.budget_type, before.currency)
        try:
            after = _parsed(self.editor.value, before)
        except Refused:
            hint = "30000, +500 or -500" if before.budget_type is BudgetType.MONETARY else "500000, 2M, +50k or -10k"
            return Content.assemble((f" {shown}  {hint}", MUTED))
        new = formatting.amount_of(after, before.budget_type, before.currency)
        return Content.assemble((f" {shown} → ", MUTED), (new, "bold"), (" (editing)", MUTED))


def _parsed(text: str, budget: PlannedBudget) -> int:
    return parse_over(text, budget.amount, lambda typed: parse_planned(typed, budget.budget_type))
