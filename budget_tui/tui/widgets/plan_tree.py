"""Allocation: what each budget handed on to others, what is left of it, and what was used at each level."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from budget_tui import formatting
from budget_tui.domain.amount import share
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.plan_answers import BudgetLine, TreeNode
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
    """A line of the tree: what is drawn in front of it, and how deep that is."""

    lead: str
    node: TreeNode
    depth: int
    is_open: bool

    @property
    def label(self) -> str:
        mark = ("▾ " if self.is_open else "▸ ") if self.node.children else "  "
        return f"{self.lead}{mark}{self.node.budget.entity_name}"


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
        if branch is not None and branch.node.children:
            self._pane.fold(branch, is_open=not branch.is_open)

    @property
    def _pane(self) -> AllocationPane:
        return next(node for node in self.ancestors if isinstance(node, AllocationPane))


class AllocationPane(PlanPane):
    """The tree, and below it in words what is handed on beyond what there is."""

    TAB = "allocation"

    def __init__(self) -> None:
        super().__init__()
        self._roots: tuple[TreeNode, ...] = ()
        self._too_much: list[TreeNode] = []
        self._folded: set[str] = set()

    def compose(self) -> ComposeResult:
        yield TreeTable(self._columns())
        yield Static(id="handed-on")

    @property
    def entity_id(self) -> str:
        branch: Branch | None = self.table.current
        return branch.node.budget.entity_id if branch else ""

    @property
    def budget_id(self) -> str:
        branch: Branch | None = self.table.current
        return branch.node.budget.budget_id if branch else ""

    def show(self, board: PlanBoard, choice: PlanChoice, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        self.board = board
        self._roots = board.trees(lines)
        self._too_much = [node for node in _nodes(self._roots) if node.unallocated < 0]
        self.table.why_empty = "no budget fits"
        everything = board.trees(board.lines) if is_new else ()
        self._fill(list(_branches(everything, set())) if is_new else None)

    def number_behind(self, row: Branch) -> Number:
        return number_of(row.node.budget, formatting.plan_name(row.node.budget))

    def fold(self, branch: Branch | None, *, is_open: bool) -> None:
        """Open or close a branch; closing what has none goes to the one above."""
        if branch is None:
            return
        budget_id = branch.node.budget.budget_id
        if branch.node.children and branch.is_open is not is_open:
            (self._folded.discard if is_open else self._folded.add)(budget_id)
            self._fill()
        elif is_open and branch.node.children:
            self.table.go_to(self.table.cursor + 1)
        elif not is_open:
            above = range(self.table.cursor - 1, -1, -1)
            self.table.go_to(
                next((row for row in above if self.table.rows[row].depth < branch.depth), self.table.cursor)
            )

    def _fill(self, measured: Sequence[Branch] | None = None) -> None:
        rows = list(_branches(self._roots, self._folded))
        self.table.show(rows, measured, same=lambda branch: branch.node.budget.budget_id)

    @on(LineTable.Moved)
    def _tell(self) -> None:
        self.query_one("#handed-on", Static).update(self._words())

    def _words(self) -> Content:
        """What the branch under the cursor handed on, and which others handed on too much."""
        branch: Branch | None = self.table.current
        if branch is None:
            return Content("")
        node = branch.node
        budget = node.budget
        if node.unallocated < 0:
            return Content.assemble(("▲ ", "$warning"), _too_much(node))
        too_much = self._too_much
        if too_much:
            more = f" (and {len(too_much) - 1} more)" if len(too_much) > 1 else ""
            return Content.assemble(("▲ ", "$warning"), f"{_too_much(too_much[0])}{more}")
        if not node.children:
            return Content.styled(f"{formatting.plan_name(budget)}: nothing of it is allocated further", MUTED)
        part = formatting.percent(share(node.allocated_to_children, budget.amount))
        to = formatting.count(len(node.children), "budget")
        return Content.styled(f"{formatting.plan_name(budget)}: {part} of it allocated to {to}", MUTED)

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("entity", "Budget", lambda branch: branch.label, least=18, most=44),
            Column(
                "what",
                "For",
                lambda branch: what(branch.node.budget),
                least=9,
                most=24,
                longest=distinct(lambda branch: (branch.node.budget.category, branch.node.budget.provider)),
            ),
            Column(
                "unit",
                "In",
                lambda branch: unit(branch.node.budget.budget_type, branch.node.budget.currency),
                style=lambda _: "muted",
                drop=2,
                longest=distinct(lambda branch: (branch.node.budget.budget_type, branch.node.budget.currency)),
            ),
            Column(
                "period",
                "Period",
                lambda branch: formatting.short_period_name(branch.node.budget.period),
                least=4,
                most=22,
                drop=3,
                style=lambda _: "muted",
                longest=distinct(lambda branch: branch.node.budget.period),
            ),
            _amounts("amount", "Budget", lambda node: node.budget.amount),
            _amounts(
                "allocated", "Allocated", lambda node: node.allocated_to_children if node.children else None, drop=4
            ),
            _amounts(
                "free",
                "Free",
                lambda node: node.unallocated if node.children else None,
                style=lambda branch: "over" if branch.node.unallocated < 0 else "",
            ),
            _amounts("actual", "Actual", lambda node: node.figures.actual),
            BarColumn(
                "bar",
                "",
                lambda _: "",
                share=lambda branch: bar_of(branch.node.figures, branch.node.budget.period, self.today),
            ),
            Column(
                "used",
                "Used",
                lambda branch: used(branch.node.figures),
                align="right",
                drop=1,
                style=_muted,
                longest=_most_used,
            ),
            Column(
                "status",
                "",
                lambda branch: SHAPES[branch.node.figures.status],
                style=lambda branch: status_style(branch.node.figures),
            ),
        )


def _amounts(
    key: str,
    label: str,
    value: Callable[[TreeNode], int | None],
    *,
    drop: int = 0,
    style: Callable[[Branch], str] = lambda _: "",
) -> Column:
    def kind(branch: Branch) -> tuple[BudgetType, str]:
        return branch.node.budget.budget_type, branch.node.budget.currency

    return amounts(key, label, lambda branch: value(branch.node), kind, drop=drop, style=style)


def _most_used(branches: Sequence[Branch]) -> list[Branch]:
    return [max(branches, key=lambda branch: millionths_used(branch.node.figures))] if branches else []


def _muted(_: Branch) -> str:
    return "muted"


def _too_much(node: TreeNode) -> str:
    budget = node.budget
    beyond = formatting.amount_of(-node.unallocated, budget.budget_type, budget.currency)
    return f"{formatting.plan_name(budget)}: its children have {beyond} more than it"


def _nodes(roots: Sequence[TreeNode]) -> Iterator[TreeNode]:
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.children


def _branches(roots: Sequence[TreeNode], closed: set[str]) -> Iterator[Branch]:
    """The lines of what is open, from the top."""
    waiting = [(root, "", "", 0) for root in reversed(roots)]
    while waiting:
        node, lead, below, depth = waiting.pop()
        is_open = node.budget.budget_id not in closed
        yield Branch(lead, node, depth, is_open)
        if is_open:
            for at, child in reversed(list(enumerate(node.children))):
                is_last = at == len(node.children) - 1
                corner, stem = ("└─", "  ") if is_last else ("├─", "│ ")
                waiting.append((child, f"{below}{corner}", f"{below}{stem}", depth + 1))
