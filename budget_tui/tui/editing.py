"""Editing a cell of a table in its place."""

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
from textual.widgets.input import Selection

from budget_tui.domain.errors import Refused
from budget_tui.tui.fields import TextField
from budget_tui.tui.render import MUTED
from budget_tui.tui.table import HEADER, MARGIN, Row, Table, line_of

TOKEN_STEP = "10,000"
"""What ``+`` and ``-`` offer of tokens; of money it is the settings'."""


class EditAsked(Message):
    """The user wants to edit the cell under the cursor, from ``sign`` on."""

    def __init__(self, sign: str) -> None:
        super().__init__()
        self.sign = sign


class EditableRows(Table[Row]):
    """Rows of which one cell can be edited, and the keys that begin that."""

    BINDINGS = [
        Binding("enter,e", "edit", "Edit", id="allocation.edit", tooltip="Edit the cell under the cursor"),
        Binding("plus", "edit('+')", "More", id="allocation.more", show=False, tooltip="Increase by one step"),
        Binding("minus", "edit('-')", "Less", id="allocation.less", show=False, tooltip="Decrease by one step"),
        Binding("equals_sign", "edit('=')", "Set", id="allocation.set", show=False, tooltip="Enter a new amount"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return False if action == "edit" and self.is_empty else super().check_action(action, parameters)

    def action_edit(self, sign: str = "") -> None:
        self.post_message(EditAsked(sign))

    def action_open(self) -> None:
        self.action_edit()


class TableFooter(Widget):
    """The sums under their columns, if there are any, and below them how it stands, or would stand with what is being
    typed."""

    words: reactive[Content] = reactive(Content(""), layout=True)

    def __init__(self, table: Table[Any] | None = None) -> None:
        """``table`` is the one whose sums are shown."""
        super().__init__()
        self._table = table

    def render(self) -> Content:
        width = self.content_size.width
        first, *more = self.words.wrap(max(width - MARGIN, 1))
        lines = [first, *(line.pad_left(MARGIN) for line in more)]
        if self._table is not None:
            lines = [Content.styled("─" * width, "$foreground 25%"), self._sums(self._table), *lines]
        return Content("\n").join(lines)

    def _sums(self, table: Table[Any]) -> Content:
        return line_of(
            table.places, lambda column: (table.totals[column.key], MUTED if column.is_muted else "$foreground")
        )


class CellEditor(TextField):
    """The input that stands over a cell while it is edited."""

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
        """The user gave up the edit."""

    class Committed(Message):
        """The user wants this text to count, and then to advance by ``advance`` rows (0: stay)."""

        def __init__(self, text: str, advance: int) -> None:
            super().__init__()
            self.text = text
            self.advance = advance

    is_waiting = False
    """Whether the text was handed over and no answer has come yet; the app holds back further keys until then."""

    def __init__(self) -> None:
        super().__init__(select_on_focus=False)
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
    """A table, the editor over one cell of it, and words below: what typing does, or why it was refused."""

    EDITED: ClassVar[str]
    """The key of the column whose cells are edited."""
    HAS_SUMS: ClassVar[bool] = False

    _edited: Row | None = None
    """The row as it stood when the editor opened over it."""
    _problem = ""

    class EditBegun(Message):
        """The user begins to edit a cell; what was said of an earlier edit is no news any more."""

    def compose(self) -> ComposeResult:
        table = self.make_table()
        yield table
        yield TableFooter(table if self.HAS_SUMS else None)
        yield CellEditor()

    @abstractmethod
    def make_table(self) -> Table[Row]:
        """The table, without rows yet."""

    @property
    def table(self) -> Table[Row]:
        """What has the focus while nothing is edited."""
        return self.query_one(Table)

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.table.current

    # What is edited

    @abstractmethod
    def text_of(self, row: Row) -> str:
        """What stands in the editor at first."""

    @abstractmethod
    def step_of(self, row: Row) -> str:
        """What ``+`` and ``-`` offer to add and to take off."""

    @abstractmethod
    def submit(self, row: Row, text: str, advance: int) -> None:
        """Let ``text`` count for ``row``, then advance by so many rows; raises `Refused`."""

    @abstractmethod
    def preview(self, row: Row) -> Content:
        """What the text in the editor would do to ``row``, as that stands by now."""

    @abstractmethod
    def summary(self) -> Content:
        """What stands below the table while nothing is edited."""

    @abstractmethod
    def lost(self, row: Row) -> str:
        """Why a row is not shown any more that is being edited; '': it is there, but was not chosen."""

    # What is shown

    def refresh_rows(self) -> None:
        """Bring the editor and what stands below to what the table shows by now."""
        self.keep_editor()
        self.describe()
        self.query_one(TableFooter).refresh()

    @on(Table.LaidOut)
    def _laid_out(self) -> None:
        self.refresh_rows()

    def on_resize(self) -> None:
        self.call_after_refresh(self.keep_editor)

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the same again: the other way round."""
        self.table.sort_by(key)
        self.refresh_rows()

    def sort_by_next(self) -> None:
        """Sort by the next column, after the last one in the order of its own again."""
        self.table.sort_by_next()
        self.refresh_rows()

    def reverse(self) -> None:
        """Sort the other way round."""
        self.table.reverse()
        self.refresh_rows()

    # Editing

    @property
    def editor(self) -> CellEditor:
        return self.query_one(CellEditor)

    @property
    def is_editing(self) -> bool:
        return self._edited is not None

    @on(EditAsked)
    def _edit_asked(self, event: EditAsked) -> None:
        event.stop()
        self.begin_edit(event.sign)

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
        self._place_editor(self.table.cursor)
        editor.display = True
        editor.focus()
        editor.selection = Selection(len(sign), len(editor.value))
        self.describe()

    def _place_editor(self, at: int) -> None:
        """Put the editor over the cell, and over what is free in front of amounts that are shown shorter than typed."""
        table = self.table
        table.go_to(at)
        if (place := table.place_of(self.EDITED)) is not None:
            is_short = place.column.align == "point"
            x = max((each.end for each in table.places if each.x < place.x and is_short), default=place.x)
            self.editor.styles.width = place.end + 1 - x
            self.editor.styles.offset = (x, HEADER + at - round(table.scroll_offset.y))

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
            self.report(f"{why}; '{text}' was not saved")

    def _row_of(self, row: Row) -> int | None:
        return self.table.row_of(self.table.id_of(row))

    def _by_now(self, row: Row) -> Row:
        at = self._row_of(row)
        return row if at is None else self.table.rows[at]

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.report("")

    @on(CellEditor.Cancelled)
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
            self.submit(self._edited, event.text, event.advance)
        except Refused as refused:
            self.refuse(str(refused))

    def refuse(self, why: str, *, names_stored: bool = False) -> None:
        """Say why an edit was not taken. What was typed stays in the editor.

        ``names_stored``: the words name what is stored, which the user has seen now.
        """
        self.editor.is_waiting = False
        if names_stored and self._edited is not None:
            self._edited = self._by_now(self._edited)
        self.report(why)

    def accept(self, advance: int) -> None:
        """An edit was taken: close its editor, or advance to another row's."""
        if self._edited is None:
            return
        at = self._row_of(self._edited)
        self.close_editor()
        if advance and at is not None and 0 <= at + advance < len(self.table.rows):
            self.table.go_to(at + advance)
            self.begin_edit()

    def report(self, problem: str) -> None:
        """Say below the table what is wrong; '': nothing is any more."""
        self._problem = problem
        self.describe()

    def describe(self) -> None:
        """Say below the table why an edit was refused, what is being typed does, or how all of it stands."""
        if self._problem:
            words = Content.assemble((" ✕ ", "bold $error"), self._problem)
        elif self._edited is None:
            words = self.summary()
        else:
            words = self.preview(self._by_now(self._edited))
        self.query_one(TableFooter).words = words
