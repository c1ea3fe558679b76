"""What each project opens the next period with, edited in its cell before the close is confirmed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.content import Content
from textual.coordinate import Coordinate
from textual.message import Message
from textual.widgets import Static

from budget_tui.domain.budget import AllocationChange, parse_change
from budget_tui.domain.closing import ClosePreview, NextLine
from budget_tui.domain.errors import Refused
from budget_tui.presentation import formatting
from budget_tui.tui.painting import MUTED, cell, fitted
from budget_tui.tui.widgets.cell_editing import EditableTable
from budget_tui.tui.widgets.editable_rows import PADDING, EditableRows

_NAME_AT_LEAST, _NAME_AT_MOST = 10, 32
_LABELS = ("Allocated", "Spent", "Left", "Carried", "Next")
_DISPENSABLE = ("Spent", "Allocated")
"""What goes first when there is no room."""


class NextAllocations(EditableTable[NextLine]):
    """Rows, editor, and the pool of the next period. ``wanted`` is what the user chose, by project, in nanos."""

    EDITED = "Next"

    class Rearranged(Message):
        """The user changed what a project is going to get."""

    def __init__(self, preview: ClosePreview, step: str, room: int) -> None:
        super().__init__()
        self._preview = preview
        self._step = step
        self._room = room
        self.wanted: dict[str, int] = {}

    def compose_table(self) -> ComposeResult:
        yield EditableRows(self.begin_edit)
        yield Static(id="next-pool")

    def on_mount(self) -> None:
        self._fill()

    def show(self, preview: ClosePreview) -> None:
        """Show what the close would do by now; what the user chose stays, where the project is still there."""
        self._preview = preview
        there = {line.project_id for line in preview.lines}
        self.wanted = {project: amount for project, amount in self.wanted.items() if project in there}
        self._fill()

    # What is shown

    def _next(self, line: NextLine) -> int:
        return self.wanted.get(line.project_id, line.next_allocation)

    @property
    def unallocated(self) -> int:
        """The pool of the next period with what the user chose; negative when it is more than there is."""
        return self._preview.total_next - sum(map(self._next, self._preview.lines))

    def _texts(self, line: NextLine) -> list[str]:
        amounts = (line.allocation, line.spent, line.allocation - line.spent, line.carried, self._next(line))
        return [formatting.number(amount, self._preview.currency) for amount in amounts]

    def _fill(self) -> None:
        table = self.table
        table.clear(columns=True)
        texts = {line.project_id: dict(zip(_LABELS, self._texts(line), strict=True)) for line in self._preview.lines}
        self._widths = {label: max(len(label), *(len(row[label]) for row in texts.values()), 0) for label in _LABELS}
        for label in _DISPENSABLE:
            if self._name_room() < _NAME_AT_LEAST:
                del self._widths[label]
        longest = max((cell_len(line.name) for line in self._preview.lines), default=0)
        name_room = max(_NAME_AT_LEAST, min(longest, self._name_room(), _NAME_AT_MOST))
        table.add_column("Project", width=name_room)
        for label, width in self._widths.items():
            table.add_column(Text(label.rjust(width)), width=width, key=label)
        for line in self._preview.lines:
            table.add_row(
                Text(fitted(line.name, name_room)),
                *(self._cell(line, label, texts[line.project_id][label]) for label in self._widths),
                key=line.project_id,
            )
        self.keep_editor()
        self.tell_how_it_stands()

    def _name_room(self) -> int:
        return self._room - 1 - 2 * PADDING - sum(width + 2 * PADDING for width in self._widths.values())

    def _cell(self, line: NextLine, label: str, text: str) -> Text:
        style = "" if label == self.EDITED else MUTED
        if label == self.EDITED and line.project_id in self.wanted:
            style = "bold $accent"
        if label == "Carried" and not line.carried:
            text = "–"
        return cell(Content.assemble((text.rjust(self._widths[label]), style)), self)

    @property
    def shown(self) -> Sequence[NextLine]:
        return self._preview.lines

    def id_of(self, line: NextLine) -> str:
        return line.project_id

    def tell(self, words: Content) -> None:
        self.query_one("#next-pool", Static).update(words)

    def summary(self) -> Content:
        changes = f" · {formatting.count(len(self.wanted), 'change')}" if self.wanted else ""
        return Content.assemble(self._unallocated_then(), (changes, MUTED))

    def preview(self, line: NextLine) -> Content:
        typed = self.editor.value
        try:
            after = self._applied(line, parse_change(typed))
        except Refused as refused:
            hint = str(refused) if typed.strip() else "120, +20, -15, 25% or rest"
            return Content.assemble(self._unallocated_then(), (f"  {hint}", MUTED))
        left = self.unallocated - (after - self._next(line))
        return Content.assemble(self._unallocated_then(), " → ", self._signed(left), (" (editing)", MUTED))

    def _unallocated_then(self) -> Content:
        return Content.assemble((" unallocated then ", MUTED), self._signed(self.unallocated))

    def _signed(self, amount: int) -> Content:
        text = formatting.money(abs(amount), self._preview.currency)
        return Content.assemble((f"{text} too much", "$warning") if amount < 0 else (text, "bold"))

    # Editing

    def text_of(self, line: NextLine) -> str:
        return formatting.number(self._next(line), self._preview.currency)

    def step_of(self, line: NextLine) -> str:
        return self._step

    def take(self, line: NextLine, text: str, go_on: int) -> None:
        if text.removeprefix("=") != self.text_of(line):
            self._choose(line, self._applied(line, parse_change(text)))
        self.accept(go_on)

    def lost(self, line: NextLine) -> str:
        return f"{line.name} is gone, somebody archived it"

    def _applied(self, line: NextLine, change: AllocationChange) -> int:
        """What the project would get."""
        preview = self._preview
        return change.applied_to(self._next(line), preview.total_next, self.unallocated, preview.currency)

    def _choose(self, line: NextLine, amount: int) -> None:
        self.wanted.pop(line.project_id, None)
        if amount != line.next_allocation:
            self.wanted[line.project_id] = amount
        row = self.table.get_row_index(line.project_id)
        text = formatting.number(amount, self._preview.currency)
        self.table.update_cell_at(Coordinate(row, len(self._widths)), self._cell(line, self.EDITED, text))
        self.report("")
        self.post_message(self.Rearranged())
