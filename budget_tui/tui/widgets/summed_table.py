"""Rows that can be filtered, sorted and edited, with sums below."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.coordinate import Coordinate
from textual.reactive import reactive
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import DataTable

from budget_tui.tui.painting import FILLED, MUTED, STATUS_STYLES, STRONG, UNFILLED, text_styles
from budget_tui.tui.widgets.cell_editing import EditableTable, Row
from budget_tui.tui.widgets.editable_rows import PADDING, EditableRows
from budget_tui.tui.widgets.sorting import Sorting
from budget_tui.tui.widgets.table_columns import Column, Layout, cell, layout

_SCROLLBAR = 2
_STYLES = {
    "derived": MUTED,
    "bar": FILLED,
    "held": "$warning",
    "empty": UNFILLED,
    "tick": STRONG,
    "unfunded": MUTED,
    "negative": "$error",
    **{status.value: style for status, style in STATUS_STYLES.items()},
}


class TableFooter(Widget):
    """Sums under their columns, and below them how it stands, or would stand with what is being typed."""

    sums: reactive[Content] = reactive(Content(""))
    words: reactive[Content] = reactive(Content(""), layout=True)

    def render(self) -> Content:
        width = self.content_size.width
        rule = Content.styled("─" * width, "$foreground 25%")
        first, *more = self.words.wrap(max(width - PADDING, 1))
        return Content("\n").join([rule, self.sums, first, *(line.pad_left(PADDING) for line in more)])


class SummedTable(EditableTable[Row], Sorting):
    """Shows what is chosen of `everything`, touching only the cells that differ where that is possible."""

    NOUN: ClassVar[str]

    columns: Sequence[Column[Row]] = ()
    everything: reactive[Sequence[Any] | None] = reactive(None)
    """All rows; None: they are not read yet."""
    tick: reactive[Fraction] = reactive(Fraction(0))
    """Where even use would stand today."""
    filter_text: reactive[str] = reactive("")

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[Row] = []
        self._layout: Layout[Row] = []
        self._frame: object = None

    def compose_table(self) -> ComposeResult:
        yield EditableRows(self.begin_edit)
        yield TableFooter()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    # What a table is of

    @abstractmethod
    def searched(self, row: Row) -> Iterable[str]:
        """The texts of which one has to contain what is filtered by."""

    @abstractmethod
    def all_in_all(self, hints: Sequence[str]) -> Content:
        """How all of it stands, and the ``hints`` at how the rows were chosen."""

    # What is shown

    @property
    def shown(self) -> Sequence[Row]:
        return self._shown

    def watch_everything(self) -> None:
        self.show()

    def watch_tick(self) -> None:
        self.show()

    def watch_filter_text(self) -> None:
        self.show()

    def watch_sort_key(self) -> None:
        self.show()

    def watch_sort_descending(self) -> None:
        self.show()

    def on_resize(self) -> None:
        self.show()

    def _theme_changed(self, _theme: Theme) -> None:
        self._frame = None
        self.show()

    def show(self) -> None:
        """Bring the table to what should be seen."""
        if self.everything is None or not self.is_mounted or not self.size.width:
            return
        rows = self._chosen(self.everything)
        totals = [column.total(rows) for column in self.columns]
        self._layout = layout(self.columns, rows, totals, self.table.size.width - _SCROLLBAR)
        frame = (
            [(column.key, width) for column, width in self._layout],
            [self.id_of(row) for row in rows],
            self.tick,
            self.sort_key,
            self.sort_descending,
        )
        if frame != self._frame:
            self._frame = frame
            self._fill(rows)
        else:
            self._update(rows)
        if bool(rows) != bool(self._shown):
            self.refresh_bindings()
        self._shown = rows
        self.query_one(TableFooter).sums = self._sums(totals)
        self.keep_editor()
        self.tell_how_it_stands()

    def _chosen(self, everything: Sequence[Row]) -> list[Row]:
        wanted = self.filter_text.casefold()
        if wanted:
            everything = [row for row in everything if any(wanted in text.casefold() for text in self.searched(row))]
        return self.in_order(everything)

    def _fill(self, rows: list[Row]) -> None:
        table, selected = self.table, self.current
        table.clear(columns=True)
        for column, width in self._layout:
            arrow = ("▼" if self.sort_descending else "▲") if column.key == self.sort_key else ""
            label = f"{arrow}{column.name}" if arrow else column.label
            table.add_column(Text(label.rjust(width) if column.is_right else label), width=width, key=column.key)
        styles, tick = text_styles(self, _STYLES), self.tick
        for row in rows:
            cells = (cell(row, column, width, styles, tick) for column, width in self._layout)
            table.add_row(*cells, key=self.id_of(row))
        if selected is not None:
            ids = [self.id_of(row) for row in rows]
            if self.id_of(selected) in ids:
                self.go_to(ids.index(self.id_of(selected)))

    def _update(self, rows: list[Row]) -> None:
        styles, tick = text_styles(self, _STYLES), self.tick
        for at, (row, before) in enumerate(zip(rows, self._shown, strict=True)):
            if row == before:
                continue
            for position, (column, width) in enumerate(self._layout):
                self.table.update_cell_at(Coordinate(at, position), cell(row, column, width, styles, tick))

    def _sums(self, totals: Sequence[str]) -> Content:
        pad, of = " " * PADDING, dict(zip((column.key for column in self.columns), totals, strict=True))
        return Content.assemble(
            *(
                (f"{pad}{column.aligned(of[column.key], width)}{pad}", MUTED if column.is_derived else "")
                for column, width in self._layout
            )
        )

    def tell(self, words: Content) -> None:
        self.query_one(TableFooter).words = words

    def summary(self) -> Content:
        if not self.everything:
            return Content.assemble((f" no {self.NOUN}s yet: ", MUTED), ("a", "bold $accent"), (" adds one", MUTED))
        hints = []
        if self.filter_text:
            hints.append(f"{len(self._shown)} of {len(self.everything)} match '{self.filter_text}'")
        if self.sort_key:
            hints.append(f"sorted by {self.sorted_by.name.lower()}")
        return self.all_in_all(hints)

    @on(DataTable.HeaderSelected)
    def _header_clicked(self, event: DataTable.HeaderSelected) -> None:
        event.stop()
        self.sort_by(str(event.column_key.value))
