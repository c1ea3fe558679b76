"""Editing a table cell in place."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Generic

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

from budget_tui.domain.errors import Refused
from budget_tui.tui.chrome import Layout
from budget_tui.tui.fields import AmountField
from budget_tui.tui.render import MUTED
from budget_tui.tui.table import HEADER, MARGIN, Row, Table, line_of

TOKEN_STEP = "10,000"
"""Amount that ``+`` and ``-`` suggest for tokens; for money the settings give it."""


class EditRequested(Message):
    """The user wants to edit the cell under the cursor, starting with ``sign``."""

    def __init__(self, sign: str) -> None:
        super().__init__()
        self.sign = sign


class EditableRows(Table[Row]):
    """A table with one editable cell per row, and the keys that start editing."""

    GAPS = (1, 2)
    BINDINGS = [
        Binding("enter,e", "edit", "Edit", id="allocation.edit", tooltip="Edit the cell under the cursor"),
        Binding("plus", "edit('+')", "More", id="allocation.more", show=False, tooltip="Increase by one step"),
        Binding("minus", "edit('-')", "Less", id="allocation.less", show=False, tooltip="Decrease by one step"),
        Binding("equals_sign", "edit('=')", "Set", id="allocation.set", show=False, tooltip="Enter a new amount"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return False if action == "edit" and self.is_empty else super().check_action(action, parameters)

    def action_edit(self, sign: str = "") -> None:
        self.post_message(EditRequested(sign))

    def action_open(self) -> None:
        self.action_edit()


class TableFooter(Widget):
    """The sums below their columns, if any, and a line below them with a summary or a preview of the edit.

    On a flat screen the rows need the lines of the sums.
    """

    words: reactive[Content] = reactive(Content(""), layout=True)

    def __init__(self, table: Table[Any] | None = None) -> None:
        """``table`` is the one whose sums are shown; None shows none."""
        super().__init__()
        self._table = table

    def render(self) -> Content:
        width = self.content_size.width
        first, *more = self.words.wrap(max(width - MARGIN, 1))
        lines = [first, *(line.pad_left(MARGIN) for line in more)]
        if self._table is not None and not self.screen.has_class("-flat"):
            lines = [Content.styled("─" * width, "$foreground 25%"), self._sums(self._table), *lines]
        return Content("\n").join(lines)

    def _sums(self, table: Table[Any]) -> Content:
        return line_of(
            table.places, lambda column: (table.totals[column.key], MUTED if column.is_muted else "$foreground")
        )


class CellEditor(AmountField):
    """The input placed over a cell while it is edited."""

    BINDINGS = [
        Binding("enter", "submit", "Save", id="allocation.take", tooltip="Save the value"),
        Binding("escape", "leave", "Cancel", id="allocation.leave", tooltip="Cancel, keep the old value"),
        Binding("tab", "commit_and_go(1)", "Next", id="allocation.next", tooltip="Save and edit the next row"),
        Binding(
            "shift+tab",
            "commit_and_go(-1)",
            "Previous",
            id="allocation.previous",
            show=False,
            tooltip="Save and edit the previous row",
        ),
    ]

    class Cancelled(Message):
        """The user cancelled the edit."""

    class Committed(Message):
        """The user confirmed ``text``; the editor is then to move by ``advance`` rows (0: stay)."""

        def __init__(self, text: str, advance: int) -> None:
            super().__init__()
            self.text = text
            self.advance = advance

    is_waiting = False
    """True while a submitted text is being processed; the app holds back further keys meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.display = False

    async def action_submit(self) -> None:
        self._commit(0)

    def action_leave(self) -> None:
        self.post_message(self.Cancelled())

    def action_commit_and_go(self, rows: int) -> None:
        self._commit(rows)

    def _commit(self, advance: int) -> None:
        self.is_waiting = True
        self.post_message(self.Committed(self.value, advance))


class EditableTable(Vertical, Generic[Row]):
    """A table, the editor over one of its cells, and a line below with a preview of the edit or an error."""

    EDITED: ClassVar[str]
    """Key of the column whose cells are edited."""
    HAS_SUMS: ClassVar[bool] = False

    _edited: Row | None = None
    """The row as it was when the editor opened."""
    _problem = ""

    class EditBegun(Message):
        """The user begins to edit a cell; messages about earlier edits are outdated."""

    def compose(self) -> ComposeResult:
        table = self.make_table()
        yield table
        with Layout():
            yield TableFooter(table if self.HAS_SUMS else None)
        yield CellEditor()

    @abstractmethod
    def make_table(self) -> Table[Row]:
        """Return the table, without rows yet."""

    @property
    def table(self) -> Table[Row]:
        """The table, which has the focus while nothing is edited."""
        return self.query_one(Table)

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.table.current

    # For subclasses

    @abstractmethod
    def text_of(self, row: Row) -> str:
        """Return the initial text of the editor."""

    @abstractmethod
    def step_of(self, row: Row) -> str:
        """Return the amount that ``+`` and ``-`` suggest."""

    @abstractmethod
    def submit(self, row: Row, text: str, advance: int) -> None:
        """Apply ``text`` to ``row``, then move by ``advance`` rows; raises `Refused`."""

    @abstractmethod
    def preview(self, row: Row) -> Content:
        """Describe the effect of the text in the editor on the current ``row``."""

    @abstractmethod
    def summary(self) -> Content:
        """Return the line below the table while nothing is edited."""

    def completed(self, words: Content) -> Content:
        """Return the line below the table with what is to stand below it."""
        return words

    @abstractmethod
    def lost(self, row: Row) -> str:
        """Return why an edited row is no longer shown; '' if it was only filtered out."""

    # Showing

    def refresh_rows(self) -> None:
        """Update the editor and the lines below after a change of the table."""
        self.keep_editor()
        self.describe()
        self.query_one(TableFooter).refresh()

    @on(Table.LaidOut)
    def _laid_out(self) -> None:
        self.refresh_rows()

    def on_resize(self) -> None:
        self.call_after_refresh(self.keep_editor)

    def sort_by(self, key: str) -> None:
        """Sort by a column, or reverse the order if it is sorted by that column already."""
        self.table.sort_by(key)
        self.refresh_rows()

    def sort_by_next(self) -> None:
        """Sort by the next column; after the last one, restore the original order."""
        self.table.sort_by_next()
        self.refresh_rows()

    def reverse(self) -> None:
        """Reverse the order."""
        self.table.reverse()
        self.refresh_rows()

    def sort_by_trouble(self) -> None:
        """Sort by status, the worst first; again: restore the original order."""
        self.table.sort_by_trouble()
        self.refresh_rows()

    # Editing

    @property
    def editor(self) -> CellEditor:
        return self.query_one(CellEditor)

    @property
    def is_editing(self) -> bool:
        return self._edited is not None

    @on(EditRequested)
    def _edit_requested(self, event: EditRequested) -> None:
        event.stop()
        self.begin_edit(event.sign)

    def begin_edit(self, sign: str = "") -> None:
        """Open the editor over the cell under the cursor, with its value, or with ``sign`` and the suggested step.

        The text after the sign is selected: typing replaces it, the same sign adds another step, Enter confirms it.
        """
        row = self.current
        if row is None or self.is_editing:
            return
        self._edited, self._problem = row, ""
        self.post_message(self.EditBegun())
        self.table.require(self.EDITED)
        editor = self.editor
        self._place_editor(self.table.cursor)
        editor.display = True
        editor.focus()
        editor.begin(sign, self.text_of(row), self.step_of(row))
        self.describe()

    def _place_editor(self, at: int) -> None:
        """Put the editor over the cell, and the space before amounts that are shown shorter than they are typed."""
        table = self.table
        table.go_to(at)
        if (place := table.place_of(self.EDITED)) is not None:
            is_short = place.column.align == "point"
            x = max((each.end for each in table.places if each.x < place.x and is_short), default=place.x)
            self.editor.styles.width = place.end + 1 - x
            self.editor.styles.offset = (x, HEADER + at - round(table.scroll_offset.y))

    def keep_editor(self) -> None:
        """Keep the editor over its row, wherever that moved, or close it when the row is no longer shown."""
        if self._edited is None:
            return
        at = self._row_of(self._edited)
        if at is not None:
            self._place_editor(at)
            return
        why, text = self.lost(self._edited), self.editor.value
        self.close_editor()
        if why:
            self.report(f"{why}; '{text}' was not saved")

    def _row_of(self, row: Row) -> int | None:
        return self.table.row_of(self.table.id_of(row))

    def _current_row(self, row: Row) -> Row:
        at = self._row_of(row)
        return row if at is None else self.table.rows[at]

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.report("")

    @on(CellEditor.Cancelled)
    def _cancelled(self) -> None:
        self.close_editor()

    def close_editor(self) -> None:
        """Close the editor; the cell shows the stored value."""
        self._edited = None
        self.table.require("")
        self.editor.is_waiting = False
        self.editor.display = False
        self.table.focus()
        self.report("")

    @on(CellEditor.Committed)
    def _committed(self, event: CellEditor.Committed) -> None:
        event.stop()
        if self._edited is None:
            return
        try:
            self.submit(self._edited, event.text, event.advance)
        except Refused as refused:
            self.refuse(str(refused))

    def refuse(self, why: str, *, names_stored: bool = False) -> None:
        """Show why an edit was refused. The input stays in the editor.

        ``names_stored``: the message contains the stored value, so the user has now seen it.
        """
        self.editor.is_waiting = False
        if names_stored and self._edited is not None:
            self._edited = self._current_row(self._edited)
        self.report(why)

    def accept(self, advance: int) -> None:
        """Close the editor of an edit that succeeded, or move on to another row's."""
        if self._edited is None:
            return
        at = self._row_of(self._edited)
        self.close_editor()
        if advance and at is not None and 0 <= at + advance < len(self.table.rows):
            self.table.go_to(at + advance)
            self.begin_edit()

    def report(self, problem: str) -> None:
        """Show an error below the table; '' clears it."""
        self._problem = problem
        self.describe()

    def describe(self) -> None:
        """Show below the table the error of the last edit, the preview of the current one, or the summary."""
        if self._problem:
            words = Content.assemble((" ✕ ", "bold $error"), self._problem)
        elif self._edited is None:
            words = self.summary()
        else:
            words = self.preview(self._current_row(self._edited))
        self.query_one(TableFooter).words = self.completed(words)
