"""Allocation: what each budget handed on to others, what is left of it, and what was used at each level."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from budget_tui import formatting
from budget_tui.domain.amount import share
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.plan_answers import BudgetLine
from budget_tui.services.costs_behind import Number, number_of
from budget_tui.services.plan_board import PlanBoard, PlanChoice
from budget_tui.tui.painting import MUTED
from budget_tui.tui.widgets.line_table import BarColumn, Column, LineTable
from budget_tui.tui.widgets.plan_columns import (
    SHAPES,
    amounts,
    bar_of,
    distinct,
    millionths_used,
    status_style,
    unit,
    used,
    what,
)
from budget_tui.tui.widgets.plan_panes import PlanPane


class Branch(NamedTuple):
    """A line of the tree: a budget, what hangs below it, and where it hangs itself. What is only asked of the few
    lines on the screen is worked out when it is."""

    line: BudgetLine
    children: Sequence[BudgetLine]
    above: Branch | None
    depth: int
    is_last: bool
    is_open: bool

    @property
    def budget(self) -> PlannedBudget:
        return self.line.budget

    @property
    def allocated(self) -> int:
        return sum(child.budget.amount for child in self.children)

    @property
    def unallocated(self) -> int:
        """What no child has; negative when they have more than there is."""
        return self.line.budget.amount - self.allocated

    @property
    def label(self) -> str:
        mark = ("▾ " if self.is_open else "▸ ") if self.children else "  "
        corner = "" if self.above is None else "└─" if self.is_last else "├─"
        stems, above = "", self.above
        while above is not None and above.above is not None:
            stems = ("  " if above.is_last else "│ ") + stems
            above = above.above
        return f"{stems}{corner}{mark}{self.budget.entity_name}"


class TreeTable(LineTable):
    """The lines of the tree. Right opens a branch, left closes it or goes to the one above."""

    BINDINGS = [
        Binding(
            "right,plus", "unfold", "Open", id="plan.unfold", show=False, tooltip="Show what was allocated from it"
        ),
        Binding("left,minus", "fold", "Close", id="plan.fold", show=False, tooltip="Hide what was allocated from it"),
        Binding("space", "turn", "Open/close", id="plan.turn", show=False, tooltip="Open or close the branch"),
    ]

    def action_unfold(self) -> None:
        self._pane.fold(self.current, is_open=True)

    def action_fold(self) -> None:
        self._pane.fold(self.current, is_open=False)

    def action_turn(self) -> None:
        branch = self.current
        if branch is not None and branch.children:
            self._pane.fold(branch, is_open=not branch.is_open)

    @property
    def _pane(self) -> AllocationPane:
        return next(node for node in self.ancestors if isinstance(node, AllocationPane))


class AllocationPane(PlanPane):
    """The tree, and below it in words what is handed on beyond what there is."""

    TAB = "allocation"

    def __init__(self) -> None:
        super().__init__()
        self._tree: dict[str | None, list[BudgetLine]] = {}
        self._too_much: list[tuple[PlannedBudget, int]] = []
        self._folded: set[str] = set()

    def compose(self) -> ComposeResult:
        yield TreeTable(self._columns())
        yield Static(id="handed-on")

    @property
    def entity_id(self) -> str:
        branch: Branch | None = self.table.current
        return branch.budget.entity_id if branch else ""

    @property
    def budget_id(self) -> str:
        branch: Branch | None = self.table.current
        return branch.budget.budget_id if branch else ""

    def show(self, board: PlanBoard, choice: PlanChoice, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        self.board = board
        self._tree = board.tree(lines)
        self._too_much = _too_much(lines, self._tree)
        self.table.why_empty = "no budget fits"
        self._fill(
            list(_branches(self._tree if choice.is_open else board.tree(board.lines), set())) if is_new else None
        )

    def number_behind(self, row: Branch) -> Number:
        return number_of(row.budget, formatting.plan_name(row.budget))

    def fold(self, branch: Branch | None, *, is_open: bool) -> None:
        """Open or close a branch; closing what has none goes to the one above."""
        if branch is None:
            return
        budget_id = branch.budget.budget_id
        if branch.children and branch.is_open is not is_open:
            (self._folded.discard if is_open else self._folded.add)(budget_id)
            self._fill()
        elif is_open and branch.children:
            self.table.go_to(self.table.cursor + 1)
        elif not is_open:
            above = range(self.table.cursor - 1, -1, -1)
            self.table.go_to(
                next((row for row in above if self.table.rows[row].depth < branch.depth), self.table.cursor)
            )

    def _fill(self, measured: Sequence[Branch] | None = None) -> None:
        rows = list(_branches(self._tree, self._folded))
        self.table.show(rows, measured, same=lambda branch: branch.budget.budget_id)

    @on(LineTable.Moved)
    def _tell(self) -> None:
        self.query_one("#handed-on", Static).update(self._words())

    def _words(self) -> Content:
        """What the branch under the cursor handed on, and which others handed on too much."""
        branch: Branch | None = self.table.current
        if branch is None:
            return Content("")
        budget, too_much = branch.budget, self._too_much
        if branch.unallocated < 0:
            return Content.assemble(("▲ ", "$warning"), _beyond(budget, branch.unallocated))
        if too_much:
            more = f" (and {len(too_much) - 1} more)" if len(too_much) > 1 else ""
            return Content.assemble(("▲ ", "$warning"), f"{_beyond(*too_much[0])}{more}")
        if not branch.children:
            return Content.styled(f"{formatting.plan_name(budget)}: nothing of it is allocated further", MUTED)
        part = formatting.percent(share(branch.allocated, budget.amount))
        to = formatting.count(len(branch.children), "budget")
        return Content.styled(f"{formatting.plan_name(budget)}: {part} of it allocated to {to}", MUTED)

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("entity", "Budget", lambda branch: branch.label, least=18, most=44, longest=_longest),
            Column(
                "what",
                "For",
                lambda branch: what(branch.budget),
                least=9,
                most=24,
                longest=distinct(lambda branch: (branch.budget.category, branch.budget.provider)),
            ),
            Column(
                "unit",
                "In",
                lambda branch: unit(branch.budget.budget_type, branch.budget.currency),
                style=lambda _: "muted",
                drop=2,
                longest=distinct(lambda branch: (branch.budget.budget_type, branch.budget.currency)),
            ),
            Column(
                "period",
                "Period",
                lambda branch: formatting.short_period_name(branch.budget.period),
                least=4,
                most=22,
                drop=3,
                style=lambda _: "muted",
                longest=distinct(lambda branch: branch.budget.period),
            ),
            amounts("amount", "Budget", lambda branch: branch.budget.amount, _kind),
            amounts(
                "allocated", "Allocated", lambda branch: branch.allocated if branch.children else None, _kind, drop=4
            ),
            amounts(
                "free",
                "Free",
                lambda branch: branch.unallocated if branch.children else None,
                _kind,
                style=lambda branch: "over" if branch.unallocated < 0 else "",
            ),
            amounts("actual", "Actual", lambda branch: branch.line.figures.actual, _kind),
            BarColumn(
                "bar",
                "",
                lambda _: "",
                share=lambda branch: bar_of(branch.line.figures, branch.budget.period, self.today),
            ),
            Column(
                "used",
                "Used",
                lambda branch: used(branch.line.figures),
                align="right",
                drop=1,
                style=_muted,
                longest=_most_used,
            ),
            Column(
                "status",
                "",
                lambda branch: SHAPES[branch.line.figures.status],
                style=lambda branch: status_style(branch.line.figures),
            ),
        )


def _kind(branch: Branch) -> tuple[BudgetType, str]:
    return branch.budget.budget_type, branch.budget.currency


def _most_used(branches: Sequence[Branch]) -> list[Branch]:
    return [max(branches, key=lambda branch: millionths_used(branch.line.figures))] if branches else []


def _muted(_: Branch) -> str:
    return "muted"


def _longest(branches: Sequence[Branch]) -> list[Branch]:
    return (
        [max(branches, key=lambda branch: 2 * branch.depth + cell_len(branch.budget.entity_name))] if branches else []
    )


def _too_much(
    lines: Sequence[BudgetLine], tree: Mapping[str | None, Sequence[BudgetLine]]
) -> list[tuple[PlannedBudget, int]]:
    """The budgets whose children have more than them, with what is left: less than nothing."""
    found = []
    for budget, *_ in lines:
        left = budget.amount - sum(child.budget.amount for child in tree.get(budget.budget_id, ()))
        if left < 0:
            found.append((budget, left))
    return found


def _beyond(budget: PlannedBudget, left: int) -> str:
    beyond = formatting.amount_of(-left, budget.budget_type, budget.currency)
    return f"{formatting.plan_name(budget)}: its children have {beyond} more than it"


def _branches(tree: Mapping[str | None, Sequence[BudgetLine]], folded: Container[str]) -> Iterator[Branch]:
    """The lines of what is open, from the top."""
    waiting: list[Branch] = []

    def add(lines: Sequence[BudgetLine], above: Branch | None, depth: int) -> None:
        last = len(lines) - 1
        for at in range(last, -1, -1):
            budget_id = lines[at].budget.budget_id
            below = tree.get(budget_id, ())
            waiting.append(Branch(lines[at], below, above, depth, at == last, budget_id not in folded))

    add(tree.get(None, ()), None, 0)
    while waiting:
        branch = waiting.pop()
        yield branch
        if branch.children and branch.is_open:
            add(branch.children, branch, branch.depth + 1)
