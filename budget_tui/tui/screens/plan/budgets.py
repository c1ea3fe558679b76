"""Budgets: a line each, with the amount edited in its cell."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.message import Message

from budget_tui.domain.budget import BudgetType, parse_over
from budget_tui.domain.errors import Refused
from budget_tui.domain.plan import PlanFilter, PlannedBudget, parse_planned
from budget_tui.domain.plan_results import BudgetLine
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import Column
from budget_tui.presentation.plan_columns import budget_columns, forecast_words, with_forecast
from budget_tui.services.cost_details import Actual, actual_of
from budget_tui.services.plan_views import PlanBoard
from budget_tui.tui.editing import TOKEN_STEP, EditableTable, EditRequested
from budget_tui.tui.render import MUTED
from budget_tui.tui.screens.plan.panes import PlanPane, PlanTable


class BudgetTable(PlanTable[BudgetLine]):
    """Budgets, which can be changed and deleted."""

    BINDINGS = [
        Binding("e", "edit", "Edit", id="plan.edit", tooltip="Edit the amount under the cursor"),
        Binding("plus", "edit('+')", "More", id="plan.more", show=False, tooltip="Increase the amount by one step"),
        Binding("minus", "edit('-')", "Less", id="plan.less", show=False, tooltip="Decrease the amount by one step"),
        Binding("equals_sign", "edit('=')", "Set", id="plan.set", show=False, tooltip="Enter another amount"),
        Binding("d", "delete", "Delete", id="plan.delete", tooltip="Delete the budget from the plan"),
    ]

    class DeleteRequested(Message):
        """The user wants to delete ``budget``."""

        def __init__(self, budget: PlannedBudget) -> None:
            super().__init__()
            self.budget = budget

    def action_edit(self, sign: str = "") -> None:
        self.post_message(EditRequested(sign))

    def action_delete(self) -> None:
        if self.current is not None:
            self.post_message(self.DeleteRequested(self.current.budget))


class BudgetPane(EditableTable[BudgetLine], PlanPane):
    """Table, editor, and a line below with a preview of the edit or an error."""

    TAB = "budgets"
    EDITED = "amount"

    class Edited(Message):
        """The user wants to set ``budget`` to ``amount``; the editor is then to move by ``advance`` rows."""

        def __init__(self, budget: PlannedBudget, amount: int, advance: int) -> None:
            super().__init__()
            self.budget, self.amount, self.advance = budget, amount, advance

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step

    def make_table(self) -> BudgetTable:
        return BudgetTable((), self._id_of)

    @property
    def table(self) -> BudgetTable:
        return self.query_one(BudgetTable)

    def _id_of(self, line: BudgetLine) -> str:
        return line.budget.budget_id

    @property
    def entity_id(self) -> str:
        return self.current.budget.entity_id if self.current else ""

    @property
    def budget_id(self) -> str:
        return self.current.budget.budget_id if self.current else ""

    def show(self, board: PlanBoard, choice: PlanFilter, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        table = self.table
        self.board, table.why_empty = board, "no matching budgets"
        shown = {line.budget.budget_id for line in lines}
        is_shown = None if len(shown) == len(board.lines) else lambda line: line.budget.budget_id in shown
        if is_new:
            table.is_shown = is_shown
            table.show(board.lines, self._columns(board))
        else:
            table.show_only(is_shown)
        self.refresh_rows()

    def show_forecasts(self) -> None:
        if self.board is not None:
            self.table.show(self.board.lines, self._columns(self.board), keeps_order=True)
            self.table.redraw()
            self.refresh_rows()

    def _columns(self, board: PlanBoard) -> Sequence[Column[BudgetLine]]:
        return with_forecast(budget_columns(board.as_of), self.forecasts, lambda line: line.budget)

    def drill_down(self, row: BudgetLine) -> Actual:
        return actual_of(row.budget, formatting.plan_name(row.budget))

    # Editing

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

    def submit(self, line: BudgetLine, text: str, advance: int) -> None:
        self.post_message(self.Edited(line.budget, _parsed(text, line.budget), advance))

    def lost(self, line: BudgetLine) -> str:
        assert self.board is not None
        is_there = any(self._id_of(each) == self._id_of(line) for each in self.board.lines)
        return "" if is_there else f"{formatting.plan_name(line.budget)} is gone; someone deleted it"

    @on(BudgetTable.Moved)
    def _moved(self) -> None:
        self.describe()

    def summary(self) -> Content:
        line = self.current
        found = None if line is None else self.forecasts.get(line.budget.budget_id)
        if line is not None and line.budget.period.end < self.today:
            ended = formatting.near_day(line.budget.period.end, self.today)
            return Content.styled(f" {line.budget.entity_name}: ended on {ended}", MUTED)
        if line is None or found is None:
            return Content("")
        return Content.styled(f" {line.budget.entity_name}: {forecast_words(found, line.budget)}", MUTED)

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
