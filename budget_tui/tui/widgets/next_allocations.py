"""What each project opens the next period with, edited in its cell before the close is confirmed."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.coordinate import Coordinate
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import Input, Static

from budget_tui import formatting
from budget_tui.domain.budget import AllocationChange, ChangeKind, parse_change
from budget_tui.domain.closing import ClosePreview, NextLine
from budget_tui.domain.errors import Refused
from budget_tui.tui.painting import MUTED, cell, fitted
from budget_tui.tui.widgets.cell_editor import CellEditor
from budget_tui.tui.widgets.editable_rows import PADDING
from budget_tui.tui.widgets.project_table import ProjectTable

_HEADER_HEIGHT = 1
_NAME_AT_LEAST, _NAME_AT_MOST = 10, 32
_LABELS = ("Allocated", "Spent", "Left", "Carried", "Next")
_EDITABLE = "Next"
_DISPENSABLE = ("Spent", "Allocated")
"""What goes first when there is no room."""


class NextAllocations(Vertical):
    """Rows, editor, and the pool of the next period. ``wanted`` is what the user chose, by project, in nanos."""

    class Rearranged(Message):
        """The user changed what a project is going to get."""

    def __init__(self, preview: ClosePreview, step_nanos: int, room: int) -> None:
        super().__init__()
        self._preview = preview
        self._step_nanos = step_nanos
        self._room = room
        self._edited: NextLine | None = None
        self.wanted: dict[str, int] = {}

    @property
    def table(self) -> ProjectTable:
        return self.query_one(ProjectTable)

    @property
    def editor(self) -> CellEditor:
        return self.query_one(CellEditor)

    def compose(self) -> ComposeResult:
        yield ProjectTable(self.begin_edit, header_height=_HEADER_HEIGHT)
        yield Static(id="next-pool")
        yield CellEditor(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.editor.display = False
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
        self._refresh_pool()

    def _name_room(self) -> int:
        return self._room - 1 - 2 * PADDING - sum(width + 2 * PADDING for width in self._widths.values())

    def _cell(self, line: NextLine, label: str, text: str) -> Text:
        style = "" if label == _EDITABLE else MUTED
        if label == _EDITABLE and line.project_id in self.wanted:
            style = "bold $accent"
        if label == "Carried" and not line.carried:
            text = "–"
        return cell(Content.assemble((text.rjust(self._widths[label]), style)), self)

    def _refresh_pool(self, problem: str = "") -> None:
        pool = self.query_one("#next-pool", Static)
        if problem:
            pool.update(Content.assemble((" ✕ ", "bold $error"), problem))
            return
        content = Content.assemble((" unallocated then ", MUTED), self._signed(self.unallocated))
        if self._edited is not None:
            content = Content.assemble(content, self._previewed(self._edited))
        elif self.wanted:
            content = Content.assemble(content, (f" · {formatting.count(len(self.wanted), 'change')}", MUTED))
        pool.update(content)

    def _previewed(self, line: NextLine) -> Content:
        """What the text in the editor would leave unallocated."""
        typed = self.editor.value
        try:
            after = self._applied(line, parse_change(typed))
        except Refused as refused:
            hint = str(refused) if typed.strip() else "120, +20, -15, 25% or rest"
            return Content.assemble((f"  {hint}", MUTED))
        left = self.unallocated - (after - self._next(line))
        return Content.assemble(" → ", self._signed(left), (" (editing)", MUTED))

    def _signed(self, amount: int) -> Content:
        text = formatting.money(abs(amount), self._preview.currency)
        return Content.assemble((f"{text} too much", "$warning") if amount < 0 else (text, "bold"))

    # Editing

    @property
    def is_editing(self) -> bool:
        return self._edited is not None

    def begin_edit(self, typed: str) -> None:
        """Open the editor over the cell under the cursor, with its value selected, or with what was typed."""
        if self.is_editing or not self._preview.lines:
            return
        line = self._edited = self._preview.lines[self.table.cursor_row]
        editor = self.editor
        editor.value = typed or formatting.number(self._next(line), self._preview.currency)
        self._place_editor()
        editor.display = True
        editor.focus()
        if typed:
            editor.cursor_position = len(typed)
        else:
            editor.select_all()
        self._refresh_pool()

    def _place_editor(self) -> None:
        table = self.table
        table.move_cursor(row=table.cursor_row, animate=False, scroll=True)
        before = [table.columns[key].width for key in table.columns if key.value != _EDITABLE]
        x = sum(width + 2 * PADDING for width in before) + PADDING
        self.editor.styles.width = self._widths[_EDITABLE] + PADDING
        self.editor.styles.offset = Offset(x, _HEADER_HEIGHT + table.cursor_row - round(table.scroll_offset.y))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._refresh_pool()

    @on(CellEditor.Left)
    def close_editor(self) -> None:
        """Close the editor; the cell shows what was chosen before."""
        self._edited = None
        self.editor.is_waiting = False
        self.editor.display = False
        self.table.focus()
        self._refresh_pool()

    @on(CellEditor.Committed)
    def _committed(self, event: CellEditor.Committed) -> None:
        event.stop()
        line = self._edited
        if line is None:
            return
        unchanged = event.text == formatting.number(self._next(line), self._preview.currency)
        try:
            change = AllocationChange(ChangeKind.ADD, 0) if unchanged else parse_change(event.text)
            amount = self._applied(line, change)
        except Refused as refused:
            self.editor.is_waiting = False
            self._refresh_pool(str(refused))
            return
        self._choose(line, amount)
        self.close_editor()
        row = self.table.cursor_row + event.go_on
        if event.go_on and 0 <= row < self.table.row_count:
            self.table.move_cursor(row=row, animate=False)
            self.begin_edit("")

    @on(ProjectTable.Nudged)
    def _nudged(self, event: ProjectTable.Nudged) -> None:
        event.stop()
        line = next(line for line in self._preview.lines if line.project_id == event.project_id)
        try:
            self._choose(
                line, self._applied(line, AllocationChange(ChangeKind.ADD, event.direction * self._step_nanos))
            )
        except Refused as refused:
            self._refresh_pool(str(refused))

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
        self.table.update_cell_at(Coordinate(row, len(self._widths)), self._cell(line, _EDITABLE, text))
        self._refresh_pool()
        self.post_message(self.Rearranged())
