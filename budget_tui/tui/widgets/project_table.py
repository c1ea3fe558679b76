"""The table of projects, with the allocation edited in its cell.

It asks nobody: it follows one snapshot, and posts what the user intends (a value over the one they saw, or a delta)
for the app to carry out.
"""

from collections.abc import Sequence

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from budget_tui.domain.budget import AllocationChange, ChangeKind, parse_change
from budget_tui.domain.errors import Refused
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
from budget_tui.presentation import formatting
from budget_tui.presentation.columns import project_columns
from budget_tui.tui.painting import MUTED
from budget_tui.tui.screens.table_screen import FilteredTable


class ProjectTable(FilteredTable[ProjectLine]):
    """Projects and their allocations. ``step`` is what ``+`` and ``-`` offer."""

    EDITED = "allocation"
    NOUN = "project"

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    _latest: BudgetSnapshot

    class Edited(Message):
        """The user wants an allocation changed; ``expected`` is the value they looked at when they typed another.

        ``advance`` is by how many rows the editor is to advance then.
        """

        def __init__(self, project_id: str, change: AllocationChange, expected: int | None, advance: int) -> None:
            super().__init__()
            self.project_id = project_id
            self.change = change
            self.expected = expected
            self.advance = advance

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step

    def watch_snapshot(self, snapshot: BudgetSnapshot | None) -> None:
        if snapshot is not None:  # while another organization is read, what is shown stays
            self._latest = snapshot
            self._currency = snapshot.organization.currency
            self.show(snapshot.projects, project_columns(self._currency, formatting.elapsed(snapshot)))

    def id_of(self, line: ProjectLine) -> str:
        return line.project_id

    def searched(self, line: ProjectLine) -> tuple[str, ...]:
        return line.name, line.project_id

    def all_in_all(self, hints: Sequence[str]) -> Content:
        return Content.assemble(self._unallocated(), (" · ".join(["", *hints]), MUTED))

    def _unallocated(self) -> Content:
        if self._latest.total.unfunded and not self._latest.allocated:
            return Content.assemble(
                (" no global budget yet: ", MUTED), ("e", "bold $accent"), (" on Budget sets one", MUTED)
            )
        label = " unallocated " if self._latest.unallocated >= 0 else " "
        return Content.assemble((label, MUTED), self._signed(self._latest.unallocated))

    def _signed(self, amount: int) -> Content:
        text = formatting.money(abs(amount), self._currency)
        return Content.assemble((f"{text} over-allocated", "$warning") if amount < 0 else (text, "bold"))

    # Editing

    def text_of(self, line: ProjectLine) -> str:
        return formatting.number(line.pace.allocation, self._currency)

    def step_of(self, line: ProjectLine) -> str:
        return self._step

    def submit(self, line: ProjectLine, text: str, advance: int) -> None:
        change = (
            AllocationChange(ChangeKind.ADD, 0) if text.removeprefix("=") == self.text_of(line) else parse_change(text)
        )
        expected = line.pace.allocation if change.kind is ChangeKind.SET else None
        self.post_message(self.Edited(line.project_id, change, expected, advance))

    def preview(self, line: ProjectLine) -> Content:
        """The pool as it is, and as it would be with what is typed for the allocation of ``line``."""
        pool, total, typed = self._latest.unallocated, self._latest.total.allocation, self.editor.value
        try:
            after = parse_change(typed).applied_to(line.pace.allocation, total, pool, self._currency)
        except Refused as refused:
            hint = str(refused) if typed.strip() else "120, +20, -15, 25% or rest"
            return Content.assemble(self._unallocated(), (f"  {hint}", MUTED))
        left = pool - (after - line.pace.allocation)
        return Content.assemble(self._unallocated(), " → ", self._signed(left), (" (editing)", MUTED))

    def lost(self, line: ProjectLine) -> str:
        is_there = any(each.project_id == line.project_id for each in self.table.everything)
        return "" if is_there else f"{line.name} is gone, somebody archived it"
