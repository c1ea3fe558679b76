"""Editing a cell in its place, whatever the table and whatever is edited."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets.input import Selection

from budget_tui.domain.errors import Refused
from budget_tui.tui.painting import backdrop
from budget_tui.tui.widgets.cell_editor import CellEditor
from budget_tui.tui.widgets.editable_rows import PADDING, EditableRows

Row = TypeVar("Row")

TOKEN_STEP = "10,000"
"""What ``+`` and ``-`` offer of tokens; of money it is the settings'."""


class CellEditing(Vertical, Generic[Row]):
    """A table, the editor over one cell of it, and words below: what typing does, or why it was refused."""

    _edited: Row | None = None
    """The row as it stood when the editor opened over it."""
    _problem = ""

    class EditBegun(Message):
        """The user begins to edit a cell; what was said of an earlier edit is no news any more."""

    def compose(self) -> ComposeResult:
        yield from self.compose_table()
        yield CellEditor()

    @abstractmethod
    def compose_table(self) -> ComposeResult:
        """The table, and what is below it."""

    # What is edited

    @property
    @abstractmethod
    def table(self) -> Widget:
        """What has the focus while nothing is edited."""

    @property
    @abstractmethod
    def shown(self) -> Sequence[Row]:
        """The rows from the top."""

    @property
    @abstractmethod
    def cursor(self) -> int: ...

    @abstractmethod
    def go_to(self, at: int) -> None:
        """Put the cursor on a row."""

    @abstractmethod
    def cell_at(self, at: int) -> Region | None:
        """Where the editor goes to edit a row; None: the table is not laid out yet."""

    @abstractmethod
    def id_of(self, row: Row) -> str: ...

    @abstractmethod
    def text_of(self, row: Row) -> str:
        """What stands in the cell."""

    @abstractmethod
    def step_of(self, row: Row) -> str:
        """What ``+`` and ``-`` offer to add and to take off."""

    @abstractmethod
    def take(self, row: Row, text: str, go_on: int) -> None:
        """Let ``text`` count for ``row``, then go on by ``go_on`` rows; raises `Refused`."""

    @abstractmethod
    def preview(self, row: Row) -> Content:
        """What the text in the editor would do to ``row``, as that stands by now."""

    @abstractmethod
    def summary(self) -> Content:
        """What stands below the table while nothing is edited."""

    @abstractmethod
    def tell(self, words: Content) -> None:
        """Let ``words`` stand below the table."""

    @abstractmethod
    def lost(self, row: Row) -> str:
        """Why a row is not shown any more that is being edited; '': it is there, but was not chosen."""

    # Editing

    def render_lines(self, crop: Region) -> list[Strip]:
        return backdrop(self, crop)

    @property
    def editor(self) -> CellEditor:
        return self.query_one(CellEditor)

    @property
    def is_editing(self) -> bool:
        return self._edited is not None

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.shown[self.cursor] if 0 <= self.cursor < len(self.shown) else None

    def begin_edit(self, sign: str = "") -> None:
        """Open the editor over the cell under the cursor: with its value, or with a sign and a step behind it.

        What stands behind the sign is selected: digits take its place, Enter takes it as it is.
        """
        row = self.current
        if row is None or self.is_editing:
            return
        self._edited, self._problem = row, ""
        self.post_message(self.EditBegun())
        editor = self.editor
        editor.value = sign + (self.step_of(row) if sign in ("+", "-") else self.text_of(row))
        self._place_editor(self.cursor)
        editor.display = True
        editor.focus()
        editor.selection = Selection(len(sign), len(editor.value))
        self.tell_how_it_stands()

    def _place_editor(self, at: int) -> None:
        self.go_to(at)
        if (cell := self.cell_at(at)) is not None:
            self.editor.styles.width = cell.width
            self.editor.styles.offset = cell.offset

    def keep_editor(self) -> None:
        """Keep the editor over its row, wherever that is by now, or close it when that is not shown any more."""
        if self._edited is None:
            return
        at = self._row_of(self._edited)
        if at is not None:
            self._place_editor(at)
            return
        why, text = self.lost(self._edited), self.editor.value
        self.close_editor()
        if why:
            self.report(f"{why}; '{text}' was not taken")

    def _row_of(self, row: Row) -> int | None:
        wanted = self.id_of(row)
        return next((at for at, each in enumerate(self.shown) if self.id_of(each) == wanted), None)

    def _by_now(self, row: Row) -> Row:
        at = self._row_of(row)
        return row if at is None else self.shown[at]

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.report("")

    @on(CellEditor.Left)
    def close_editor(self) -> None:
        """Close the editor; the cell shows what is stored."""
        self._edited = None
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
            self.take(self._edited, event.text, event.go_on)
        except Refused as refused:
            self.refuse(str(refused))

    def refuse(self, why: str, *, tells_stored: bool = False) -> None:
        """Say why an edit was not taken. What was typed stays in the editor.

        ``tells_stored``: the words name what is stored, which the user has seen now.
        """
        self.editor.is_waiting = False
        if tells_stored and self._edited is not None:
            self._edited = self._by_now(self._edited)
        self.report(why)

    def accept(self, go_on: int) -> None:
        """An edit was taken: close its editor, or go on to another row's."""
        if self._edited is None:
            return
        at = self._row_of(self._edited)
        self.close_editor()
        if go_on and at is not None and 0 <= at + go_on < len(self.shown):
            self.go_to(at + go_on)
            self.begin_edit()

    def report(self, problem: str) -> None:
        """Say below the table what is wrong; '': nothing is any more."""
        self._problem = problem
        self.tell_how_it_stands()

    def tell_how_it_stands(self) -> None:
        """A refusal, what is being typed, or how all of it stands."""
        if self._problem:
            self.tell(Content.assemble((" ✕ ", "bold $error"), self._problem))
        else:
            self.tell(self.summary() if self._edited is None else self.preview(self._by_now(self._edited)))


class EditableTable(CellEditing[Row]):
    """The cell is one of `EditableRows`, in the column of the key ``EDITED``."""

    EDITED: str

    @property
    def table(self) -> EditableRows:
        return self.query_one(EditableRows)

    @property
    def cursor(self) -> int:
        return self.table.cursor_row

    def go_to(self, at: int) -> None:
        self.table.move_cursor(row=at, animate=False, scroll=True)

    def cell_at(self, at: int) -> Region:
        table, x = self.table, PADDING
        for column in table.columns.values():
            if column.key == self.EDITED:
                break
            x += column.width + 2 * PADDING
        y = table.header_height + at
        return Region(x, y, column.width + PADDING, 1).translate(-table.scroll_offset)
