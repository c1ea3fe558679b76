"""Allocation: how each budget is allocated to others, what is left of it, and the usage at each level."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from budget_tui.domain.amount import share
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.coverage import OverAllocated
from budget_tui.domain.plan import PlanFilter, PlannedBudget
from budget_tui.domain.plan_results import BudgetLine
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import Column
from budget_tui.presentation.plan_columns import (
    amounts,
    bar_column,
    bar_of,
    forecast_words,
    one_of_each,
    scope_text,
    status_column,
    unit,
    used_column,
    with_forecast,
)
from budget_tui.services.cost_details import Actual, actual_of
from budget_tui.services.plan_views import PlanBoard, Tree
from budget_tui.tui.render import MUTED
from budget_tui.tui.screens.plan.panes import PlanPane, PlanTable, too_much

_NAMES_MEASURED = 1_000


class Branch(NamedTuple):
    """A line of the tree: a budget, its children and its position.

    Properties that only the visible lines need are computed on access.
    """

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
        """The amount not allocated to children; negative if they are over-allocated."""
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


class TreeTable(PlanTable[Branch]):
    """The lines of the tree. Right opens a branch; left closes it or goes to its parent."""

    BINDINGS = [
        Binding("right,l", "unfold", "Open", id="plan.unfold", show=False, tooltip="Show what was allocated from it"),
        Binding("left,h", "fold", "Close", id="plan.fold", show=False, tooltip="Hide what was allocated from it"),
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
    """The tree, and below it a description of the current branch and of over-allocated ones."""

    TAB = "allocation"

    def __init__(self) -> None:
        super().__init__()
        self._tree: Tree = {}
        self._lines: Sequence[BudgetLine] = ()
        self._too_much: Sequence[OverAllocated] = ()
        self._folded: set[str] = set()
        self._words_shown = Content("")

    def compose(self) -> ComposeResult:
        yield TreeTable((), lambda branch: branch.budget.budget_id)
        yield Static(id="allocated")

    @property
    def entity_id(self) -> str:
        branch: Branch | None = self.table.current
        return branch.budget.entity_id if branch else ""

    @property
    def budget_id(self) -> str:
        branch: Branch | None = self.table.current
        return branch.budget.budget_id if branch else ""

    def show(self, board: PlanBoard, choice: PlanFilter, lines: Sequence[BudgetLine], *, is_new: bool) -> None:
        self.board, self._lines = board, lines
        tree = board.tree(lines)
        running_first = sorted(tree.get(None, ()), key=lambda line: not line.budget.period.contains(board.as_of))
        self._tree = {**tree, None: running_first}
        self._too_much = board.over_allocated([line.budget for line in lines], self._tree)
        self.table.why_empty = "no matching budgets"
        self._fill(_measured(board.lines, board.tree(board.lines)) if is_new else None)
        self._describe()  # in the same frame, though `Moved` will update it too

    def warnings(self, board: PlanBoard, lines: Sequence[BudgetLine]) -> Sequence[str]:
        """Leave out over-allocated children: the line below the tree describes them, the current branch first."""
        return board.warnings(lines)

    def drill_down(self, row: Branch) -> Actual:
        return actual_of(row.budget, formatting.plan_name(row.budget))

    def fold(self, branch: Branch | None, *, is_open: bool) -> None:
        """Open or close a branch; closing one without children goes to its parent."""
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
        rows = VisibleRows(self._tree, self._folded)
        here: Branch | None = self.table.current
        # A row that is gone is not searched for: that would create all the rows.
        stays = here is not None and any(line.budget.budget_id == here.budget.budget_id for line in self._lines)
        columns = with_forecast(_columns(self.today), self.forecasts, lambda branch: branch.budget)
        self.table.show(rows, columns, widest_of=measured, keeps_widths=measured is None, keeps_row=stays)

    def show_forecasts(self) -> None:
        if self.board is not None:
            self._fill(_measured(self.board.lines, self.board.tree(self.board.lines)))
            self.table.redraw()
            self._describe()

    @on(TreeTable.Moved)
    def _describe(self) -> None:
        words = self._words()
        if not words.is_same(self._words_shown):
            self._words_shown = words
            self.query_one("#allocated", Static).update(words)

    def _words(self) -> Content:
        """Warn of over-allocation, of the current branch or else of any; otherwise describe its allocation."""
        branch: Branch | None = self.table.current
        if branch is None:
            return Content("")
        budget = branch.budget
        here = [each for each in self._too_much if each.budget.budget_id == budget.budget_id]
        for words in too_much(here or self._too_much):
            return Content.assemble(("▲ ", "$warning"), words)
        words = "nothing of it is allocated further"
        if branch.children:
            part = formatting.percent(share(branch.allocated, budget.amount))
            words = f"{part} of it allocated to {formatting.count(len(branch.children), 'budget')}"
        found = self.forecasts.get(budget.budget_id)
        expected = f"; {forecast_words(found, budget)}" if found is not None else ""
        return Content.styled(f"{formatting.plan_name(budget)}: {words}{expected}", MUTED)


@cache
def _columns(today: date) -> tuple[Column[Branch], ...]:
    return (
        Column("entity", "Budget", lambda branch: branch.label, max_width=44, shrinks_to=18, longest=_longest_names),
        Column(
            "what",
            "Scope",
            lambda branch: scope_text(branch.budget),
            max_width=24,
            shrinks_to=9,
            drop_order=6,
            yields_late=True,
            longest=one_of_each(lambda branch: (branch.budget.category, branch.budget.provider)),
        ),
        Column(
            "unit",
            "Unit",
            lambda branch: unit(*_kind(branch)),
            drop_order=2,
            yields_late=True,
            is_muted=True,
            longest=one_of_each(_kind),
        ),
        Column(
            "period",
            "Period",
            lambda branch: formatting.short_period_name(branch.budget.period),
            max_width=22,
            shrinks_to=4,
            drop_order=3,
            yields_late=True,
            is_muted=True,
            longest=one_of_each(lambda branch: branch.budget.period),
        ),
        amounts("amount", "Budget", lambda branch: branch.budget.amount, _kind),
        amounts(
            "allocated",
            "Allocated",
            lambda branch: branch.allocated if branch.children else None,
            _kind,
            drop_order=4,
        ),
        amounts(
            "free",
            "Free",
            lambda branch: branch.unallocated if branch.children else None,
            _kind,
            drop_order=7,
            style=lambda branch: "over" if branch.unallocated < 0 else "",
        ),
        amounts("actual", "Actual", lambda branch: branch.line.figures.actual, _kind, drop_order=5),
        bar_column(lambda branch: bar_of(branch.line.figures, branch.budget.budget_type, branch.budget.period, today)),
        used_column(lambda branch: branch.line.figures),
        status_column(lambda branch: branch.line.figures),
    )


def _kind(branch: Branch) -> tuple[BudgetType, str]:
    return branch.budget.budget_type, branch.budget.currency


def _longest_names(branches: Sequence[Branch]) -> Sequence[Branch]:
    """Return the branches near the top of the tree, and the one with the longest name of all."""
    longest = max(branches, key=lambda branch: cell_len(branch.budget.entity_name), default=None)
    return [*branches[:_NAMES_MEASURED], *([longest] if longest else [])]


def _measured(lines: Sequence[BudgetLine], tree: Tree) -> list[Branch]:
    """Return the rows to measure: the top of the tree, and every line without indent, as building all takes longer."""
    alone = (Branch(line, tree.get(line.budget.budget_id, ()), None, 0, True, True) for line in lines)
    return [*islice(VisibleRows(tree, ()), _NAMES_MEASURED), *alone]


class VisibleRows(Sequence[Branch]):
    """The visible lines of the tree, from the top. They are created only as far down as they are read."""

    def __init__(self, tree: Tree, folded: Collection[str]) -> None:
        self._tree, self._folded = tree, folded
        self._count = self._opened()
        self._made: list[Branch] = []
        # The lines to create next, the first at the end: their parent, their siblings, their index among these.
        self._coming: list[tuple[Branch | None, Sequence[BudgetLine], int]] = []
        if tree:
            self._coming.append((None, tree[None], 0))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(self._count))]
        if not 0 <= at < self._count:
            raise IndexError(at)
        while len(self._made) <= at:
            self._make()
        return self._made[at]

    def _make(self) -> None:
        above, lines, at = self._coming.pop()
        is_last = at == len(lines) - 1
        if not is_last:
            self._coming.append((above, lines, at + 1))
        budget_id = lines[at].budget.budget_id
        below, is_open = self._tree.get(budget_id, ()), budget_id not in self._folded
        branch = Branch(lines[at], below, above, above.depth + 1 if above else 0, is_last, is_open)
        self._made.append(branch)
        if below and is_open:
            self._coming.append((branch, below, 0))

    def _opened(self) -> int:
        """Return the number of visible lines."""
        if not any(budget_id in self._tree for budget_id in self._folded):
            return sum(map(len, self._tree.values()))
        found, waiting = 0, [*self._tree.get(None, ())]
        while waiting:
            found += 1
            budget_id = waiting.pop().budget.budget_id
            if budget_id not in self._folded:
                waiting += self._tree.get(budget_id, ())
        return found
