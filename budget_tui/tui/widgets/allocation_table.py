"""The table of projects, with the allocation edited in its cell.

The table asks nobody: it follows one snapshot, and posts what the user intends (a value over the one they
saw, or a delta) for the app to carry out.
"""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.coordinate import Coordinate
from textual.geometry import Offset, Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.theme import Theme
from textual.widgets import DataTable, Input

from budget_tui import formatting
from budget_tui.domain.budget import AllocationChange, ChangeKind, parse_change
from budget_tui.domain.errors import Refused
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
from budget_tui.tui.painting import backdrop, component_styles
from budget_tui.tui.widgets import table_footer
from budget_tui.tui.widgets.cell_editor import CellEditor
from budget_tui.tui.widgets.editable_rows import PADDING
from budget_tui.tui.widgets.project_cells import CellPainter, label
from budget_tui.tui.widgets.project_columns import BY_KEY, SORTABLE, Column, layout
from budget_tui.tui.widgets.project_table import ProjectTable
from budget_tui.tui.widgets.table_footer import TableFooter

_HEADER_HEIGHT = 1


class AllocationTable(Vertical):
    """Rows, editor and footer. ``step_nanos`` is what ``+`` and ``-`` add."""

    COMPONENT_CLASSES = {
        "allocation--derived",
        "allocation--bar",
        "allocation--empty",
        "allocation--tick",
        "allocation--healthy",
        "allocation--warning",
        "allocation--critical",
        "allocation--exhausted",
        "allocation--unfunded",
        "allocation--negative",
    }

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)
    filter_text: reactive[str] = reactive("")
    sort_key: reactive[str] = reactive("")
    sort_descending: reactive[bool] = reactive(False)

    class EditBegun(Message):
        """The user begins to edit a cell; what was said of an earlier edit is no news any more."""

    class Edited(Message):
        """The user wants an allocation changed; ``seen`` is the value they looked at when they typed another.

        ``go_on`` is by how many rows the editor is to go on then; None: this came from no editor.
        ``takes_back``: this undoes the edit before it, and is nothing when that one was refused.
        """

        def __init__(
            self,
            project_id: str,
            change: AllocationChange,
            seen: int | None = None,
            go_on: int | None = None,
            *,
            takes_back: bool = False,
        ) -> None:
            super().__init__()
            self.project_id = project_id
            self.change = change
            self.seen = seen
            self.go_on = go_on
            self.takes_back = takes_back

    def __init__(self, step_nanos: int) -> None:
        super().__init__()
        self._step_nanos = step_nanos
        self._shown: dict[str, ProjectLine] = {}
        self._layout: list[tuple[Column, int]] = []
        self._edited: ProjectLine | None = None  # as it stood when the editor opened over it
        self._problem = ""
        self._frame: object = None

    @property
    def table(self) -> ProjectTable:
        return self.query_one(ProjectTable)

    @property
    def editor(self) -> CellEditor:
        return self.query_one(CellEditor)

    @property
    def is_editing(self) -> bool:
        return self._edited is not None

    @property
    def current(self) -> ProjectLine | None:
        """The project under the cursor."""
        lines = list(self._shown.values())
        row = self.table.cursor_row
        return lines[row] if 0 <= row < len(lines) else None

    def compose(self) -> ComposeResult:
        yield ProjectTable(self.begin_edit, header_height=_HEADER_HEIGHT)
        yield TableFooter()
        yield CellEditor(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.editor.display = False
        self.app.theme_changed_signal.subscribe(self, self._rebuild)

    # What is shown

    def render_lines(self, crop: Region) -> list[Strip]:
        return backdrop(self, crop)

    def watch_snapshot(self) -> None:
        self._refresh()

    def watch_filter_text(self) -> None:
        self._refresh()

    def watch_sort_key(self) -> None:
        self._refresh()

    def watch_sort_descending(self) -> None:
        self._refresh()

    def on_resize(self) -> None:
        self._refresh()
        if self.is_editing:
            self._place_editor()

    def _rebuild(self, _theme: Theme) -> None:
        self._frame = None
        self._refresh()

    def _refresh(self) -> None:
        """Bring the table to what should be seen, touching only the cells that differ where that is possible."""
        if self.snapshot is None or not self.is_mounted or not self.size.width:
            return
        lines = self._lines(self.snapshot)
        totals = table_footer.totals(lines, self._currency)
        columns = layout(lines, totals, self._currency, self.table.size.width - 2)
        frame = (
            [(column.key, width) for column, width in columns],
            [line.project_id for line in lines],
            formatting.elapsed(self.snapshot),
            self.sort_key,
            self.sort_descending,
        )
        self._layout = columns
        if frame != self._frame:
            self._frame = frame
            self._fill(lines)
        else:
            self._update(lines)
        self._shown = {line.project_id: line for line in lines}
        self._keep_editor(self.snapshot)
        self._refresh_footer()

    def _lines(self, snapshot: BudgetSnapshot) -> list[ProjectLine]:
        wanted = self.filter_text.casefold()
        lines = [
            line for line in snapshot.projects if wanted in line.name.casefold() or wanted in line.project_id.casefold()
        ]
        if self.sort_key:
            lines.sort(key=BY_KEY[self.sort_key].sort_key, reverse=self.sort_descending)  # type: ignore[arg-type]
        return lines

    def _fill(self, lines: list[ProjectLine]) -> None:
        table, selected = self.table, self.current
        table.clear(columns=True)
        for column, width in self._layout:
            arrow = ("▼" if self.sort_descending else "▲") if column.key == self.sort_key else ""
            table.add_column(label(column, width, arrow), width=width, key=column.key)
        painter = self._painter()
        for line in lines:
            table.add_row(*(painter.cell(line, column, width) for column, width in self._layout), key=line.project_id)
        if selected is not None:
            rows = [line.project_id for line in lines]
            if selected.project_id in rows:
                table.move_cursor(row=rows.index(selected.project_id), animate=False)

    def _update(self, lines: list[ProjectLine]) -> None:
        painter = self._painter()
        for row, line in enumerate(lines):
            if self._shown.get(line.project_id) == line:
                continue
            for position, (column, width) in enumerate(self._layout):
                self.table.update_cell_at(Coordinate(row, position), painter.cell(line, column, width))

    def _painter(self) -> CellPainter:
        assert self.snapshot is not None
        return CellPainter(component_styles(self), self._currency, formatting.elapsed(self.snapshot))

    @property
    def _currency(self) -> str:
        return self.snapshot.organization.currency if self.snapshot else "USD"

    def _refresh_footer(self) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        footer = self.query_one(TableFooter)
        footer.sums = table_footer.sums(list(self._shown.values()), self._currency, self._layout)
        if self._problem:
            footer.pool = table_footer.problem(self._problem)
        elif self._edited is not None:
            footer.pool = table_footer.preview(snapshot, self._shown[self._edited.project_id], self.editor.value)
        else:
            footer.pool = table_footer.pool(snapshot, len(self._shown), self.filter_text, self.sort_key)

    # Editing

    def begin_edit(self, typed: str) -> None:
        """Open the editor over the cell under the cursor, with its value selected, or with what was typed."""
        line = self.current
        if line is None or self.is_editing:
            return
        self._edited = line
        self._problem = ""
        self.post_message(self.EditBegun())
        editor = self.editor
        editor.value = typed or formatting.number(line.pace.allocation, self._currency)
        self._place_editor()
        editor.display = True
        editor.focus()
        if typed:
            editor.cursor_position = len(typed)
        else:
            editor.select_all()
        self._refresh_footer()

    def _keep_editor(self, snapshot: BudgetSnapshot) -> None:
        """Keep the editor over its project, wherever that is by now, or close it when it is not shown any more."""
        edited = self._edited
        if edited is None:
            return
        if edited.project_id in self._shown:
            self._place_editor()
            return
        text = self.editor.value
        self.close_editor()
        if all(line.project_id != edited.project_id for line in snapshot.projects):
            self._problem = f"{edited.name} is gone, somebody archived it; '{text}' was not taken"

    def _place_editor(self) -> None:
        assert self._edited is not None
        table = self.table
        row = table.get_row_index(self._edited.project_id)
        table.move_cursor(row=row, animate=False, scroll=True)
        x = PADDING
        for column, width in self._layout:
            if column.key == "allocation":
                self.editor.styles.width = width + PADDING
                break
            x += width + 2 * PADDING
        y = _HEADER_HEIGHT + row - round(table.scroll_offset.y)
        self.editor.styles.offset = Offset(x - table.scroll_offset.x, y)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.input is self.editor:
            event.stop()
            self._problem = ""
            self._refresh_footer()

    @on(CellEditor.Left)
    def close_editor(self) -> None:
        """Close the editor; the cell shows what is stored."""
        self._edited = None
        self._problem = ""
        self.editor.is_waiting = False
        self.editor.display = False
        self.table.focus()
        self._refresh_footer()

    @on(CellEditor.Committed)
    def _committed(self, event: CellEditor.Committed) -> None:
        event.stop()
        if self._edited is None:
            return
        seen = self._edited.pace.allocation
        unchanged = event.text == formatting.number(seen, self._currency)
        try:
            change = AllocationChange(ChangeKind.ADD, 0) if unchanged else parse_change(event.text)
        except Refused as refused:
            self.refuse(str(refused), is_of_editor=True)
            return
        is_value = change.kind is ChangeKind.SET
        self.post_message(self.Edited(self._edited.project_id, change, seen if is_value else None, event.go_on))

    @on(ProjectTable.Nudged)
    def _nudged(self, event: ProjectTable.Nudged) -> None:
        event.stop()
        change = AllocationChange(ChangeKind.ADD, event.direction * self._step_nanos)
        self.post_message(self.Edited(event.project_id, change, takes_back=event.takes_back))

    def refuse(self, why: str, *, is_of_editor: bool, tells_stored: bool = False) -> None:
        """Say under the table why an edit was not taken. What was typed stays in the editor.

        ``tells_stored``: the words name the stored allocation, which the user has seen now.
        """
        if is_of_editor:
            self.editor.is_waiting = False
            if tells_stored and self._edited is not None:
                self._edited = self._shown[self._edited.project_id]
        self._problem = why
        self._refresh_footer()

    def accept(self, go_on: int | None) -> None:
        """An edit was taken: close its editor, or go on to another project's."""
        self._problem = ""
        if go_on is not None and self._edited is not None:
            row = self.table.get_row_index(self._edited.project_id) + go_on
            self.close_editor()
            if go_on and 0 <= row < self.table.row_count:
                self.table.move_cursor(row=row, animate=False)
                self.begin_edit("")
        self._refresh_footer()

    # Sorting

    @on(DataTable.HeaderSelected)
    def _header_clicked(self, event: DataTable.HeaderSelected) -> None:
        event.stop()
        self.sort_by(str(event.column_key.value))

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the same again: the other way round."""
        if key == self.sort_key:
            self.sort_descending = not self.sort_descending
        else:
            self.sort_descending = False
            self.sort_key = key

    def sort_by_next(self) -> None:
        """Sort by the next column, after the last one in the order of adding again."""
        order = ("", *SORTABLE)
        self.sort_descending = False
        self.sort_key = order[(order.index(self.sort_key) + 1) % len(order)]
