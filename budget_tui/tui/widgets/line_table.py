"""Rows of any kind in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from budget_tui.presentation import formatting
from budget_tui.tui.painting import FILLED, MUTED, STRONG, UNFILLED, fitted, text_styles
from budget_tui.tui.widgets.scrolled_lines import HEADER, ScrolledLines
from budget_tui.tui.widgets.sorting import Sorting

_GAP = 1
_MARGIN = 1
_STYLES = {
    "muted": MUTED,
    "strong": STRONG,
    "bar": FILLED,
    "empty": UNFILLED,
    "tick": STRONG,
    "under": "$success",
    "approaching": "$warning",
    "over": "bold $error",
}


@dataclass(frozen=True, slots=True)
class Column:
    """What a column shows of a row, how it is aligned, and what becomes of it where there is little room.

    ``align``: 'left', 'right', or 'point' for amounts, which are aligned on their decimal point. ``least`` cells are
    enough where there is little room; 0: it stays as wide as its texts are. ``drop`` 1 goes before any is made
    narrower, then 2 and so on, 0 never.
    ``style`` is the name of a style. ``sort_key`` None: it is not sorted by.
    """

    key: str
    label: str
    text: Callable[[Any], str]
    align: str = "left"
    least: int = 0
    most: int = 40
    drop: int = 0
    style: Callable[[Any], str] = lambda _: ""
    sort_key: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class BarColumn(Column):
    """A column that is as wide as there is room for: a bar with its pace tick."""

    share: Callable[[Any], tuple[Fraction, Fraction | None] | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column stands: its width, and for amounts how much of it is in front of the point."""

    column: Column
    width: int
    head: int
    x: int


def parts(text: str) -> tuple[str, str]:
    """An amount with its sign and currency up to the decimal point or a letter like ``M``, and the rest."""
    is_begun = False
    for at, sign in enumerate(text):
        if sign.isdigit():
            is_begun = True
        elif is_begun and sign != ",":
            return text[:at], text[at:]
    return text, ""


class LineTable(ScrolledLines, Sorting):
    """A header and a line per row. Columns are laid out by `measured`, which stays while rows are only chosen from."""

    BAR_AT_LEAST: ClassVar[int] = 6
    BAR_AT_MOST: ClassVar[int] = 50
    COMPONENT_CLASSES = {"lines--cursor"}
    BINDINGS = [Binding("enter", "open", "Costs", id="plan.costs", tooltip="Show the costs behind the number")]

    rows: reactive[Sequence[Any]] = reactive((), init=False)

    class OfRow(Message):
        """Something about ``row``."""

        def __init__(self, table: LineTable, row: Any) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> LineTable:
            return self.table

    class Opened(OfRow):
        """The user wants to see what is behind it."""

    class Moved(OfRow):
        """The cursor is on it now."""

    class SortAsked(Message):
        """A click on the header of a column that can be sorted by."""

        def __init__(self, table: LineTable, key: str) -> None:
            super().__init__()
            self.table, self.key = table, key

    class NearsEnd(Message):
        """The cursor or the view nears the last row."""

    why_empty = ""
    """What stands where there is no row."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = columns
        self._widths: dict[str, tuple[int, int]] = {}
        self.places: list[Place] = []
        self._painted: dict[str, Style] | None = None

    @property
    def current(self) -> Any:
        """The row under the cursor; None where there is none."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    # What is shown

    def show(
        self, rows: Sequence[Any], measured: Sequence[Any] | None = None, *, same: Callable[[Any], object]
    ) -> None:
        """Show ``rows``; the cursor stays on the one that is the ``same``, or where it is."""
        before = self.current
        if measured is not None:
            self._measure(measured)
        self.set_reactive(LineTable.rows, rows)
        self._lay_out()
        at = min(self.cursor, max(0, len(rows) - 1))
        if before is not None and not (at < len(rows) and same(rows[at]) == same(before)):
            wanted = same(before)
            at = next((row for row, each in enumerate(rows) if same(each) == wanted), at)
        self.set_reactive(LineTable.cursor, at)
        self.keep_in_view()
        self.refresh()
        self.post_message(self.Moved(self, self.current))

    def _measure(self, rows: Sequence[Any]) -> None:
        """How wide each column is, and how much of it is in front of the point."""
        self._widths = {}
        for column in self.columns:
            if isinstance(column, BarColumn):
                continue
            texts = {column.text(row) for row in rows}
            if column.align == "point":
                pieces = [parts(text) for text in texts] or [("", "")]
                head, tail = (max(len(piece[at]) for piece in pieces) for at in (0, 1))
                head = max(head, len(column.label) - tail)
                self._widths[column.key] = head + tail, head
            else:
                longest = max((cell_len(text) for text in texts), default=0)
                width = max(min(longest, column.most), cell_len(column.label)) if longest else 0
                self._widths[column.key] = width, 0

    def on_resize(self) -> None:
        self._lay_out()
        self.keep_in_view()

    def _lay_out(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.rows) + HEADER)
        room = self.size.width - 2 * _MARGIN - (1 if len(self.rows) > self.page else 0)
        self.places = self._fitted(room) if self._widths else []

    def _fitted(self, room: int) -> list[Place]:
        shown = [column for column in self.columns if self._widths.get(column.key, (1, 0))[0]]  # not the empty ones
        bars = sum(isinstance(column, BarColumn) for column in shown)
        widths = {key: width for key, (width, _) in self._widths.items()}

        def lacking() -> int:
            taken = sum(widths.get(column.key, self.BAR_AT_LEAST) for column in shown)
            return taken + _GAP * (len(shown) - 1) - room

        flexible = [column for column in shown if column.least]
        for column in sorted((column for column in shown if column.drop), key=lambda column: column.drop):
            shrinkable = sum(max(0, widths[each.key] - each.least) for each in flexible)
            if lacking() > (0 if column.drop == 1 else shrinkable):
                shown.remove(column)
                flexible = [each for each in flexible if each is not column]
        while lacking() > 0 and (wide := [each for each in flexible if widths[each.key] > each.least]):
            widths[max(wide, key=lambda each: widths[each.key]).key] -= 1
        spare = max(0, -lacking())
        bar = min(self.BAR_AT_MOST, self.BAR_AT_LEAST + (spare // bars if bars else 0))
        gap = _GAP
        spare -= (bar - self.BAR_AT_LEAST) * bars
        if len(shown) > 1:
            gap += min(2, spare // (len(shown) - 1))
        elif bars:
            bar += spare
        if bars and gap < 2 and bar > self.BAR_AT_LEAST + len(shown):  # air between columns before longer bars
            gap, bar = 2, bar - len(shown)
        places, x = [], _MARGIN
        for column in shown:
            width = widths.get(column.key, bar)
            places.append(Place(column, width, self._widths.get(column.key, (0, 0))[1], x))
            x += width + gap
        return places

    def place_of(self, key: str) -> Place | None:
        return next((place for place in self.places if place.column.key == key), None)

    # Moving

    @property
    def count(self) -> int:
        return len(self.rows)

    def watch_cursor(self) -> None:
        super().watch_cursor()
        self.post_message(self.Moved(self, self.current))

    def look_ahead(self) -> None:
        if self.nears_end:
            self.post_message(self.NearsEnd())

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self, self.current))

    def header_clicked(self, x: int) -> None:
        """Sort by the column."""
        for place in self.places:
            if place.x <= x < place.x + place.width and place.column.sort_key is not None:
                self.post_message(self.SortAsked(self, place.column.key))

    # Painting

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painted = None

    @property
    def _styles(self) -> dict[str, Style]:
        if self._painted is None:
            self._painted = text_styles(self, _STYLES)
        return self._painted

    def render_lines(self, crop: Region) -> list[Strip]:
        self._painted = None
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        if y < HEADER:
            return Strip(self._header(base)).adjust_cell_length(width, base)
        row = round(self.scroll_offset.y) + y - HEADER
        if row < len(self.rows):
            if row == self.cursor:
                base = self.get_component_rich_style("lines--cursor")
            return Strip(self._cells(self.rows[row], base)).adjust_cell_length(width, base)
        if row == 0 and self.why_empty:
            return Strip([Segment(f" {self.why_empty}", base + self._styles["muted"])]).adjust_cell_length(width, base)
        return Strip.blank(width, base)

    def _header(self, base: Style) -> Iterable[Segment]:
        style = base + self._styles["muted"]
        x = 0
        for place in self.places:
            column = place.column
            is_sorted = bool(self.sort_key) and column.key == self.sort_key
            label = f"{'▼' if self.sort_descending else '▲'}{column.label}" if is_sorted else column.label
            text = fitted(label, place.width) if column.align == "left" else label[: place.width].rjust(place.width)
            yield Segment(" " * (place.x - x) + text, style)
            x = place.x + place.width

    def _cells(self, row: Any, base: Style) -> Iterable[Segment]:
        x = 0
        for place in self.places:
            yield Segment(" " * (place.x - x), base)
            column = place.column
            if isinstance(column, BarColumn):
                yield from self._bar(column.share(row), place.width, base)
            else:
                style = column.style(row)
                yield Segment(_aligned(column, column.text(row), place), base + self._styles[style] if style else base)
            x = place.x + place.width

    def _bar(self, filled: tuple[Fraction, Fraction | None] | None, width: int, base: Style) -> Iterable[Segment]:
        if filled is None:
            yield Segment(" " * width, base)
            return
        names = {formatting.TICK: "tick", formatting.EMPTY: "empty"}
        for name, cells in groupby(formatting.bar(filled[0], width, filled[1]), lambda cell: names.get(cell, "bar")):
            yield Segment("".join(cells), base + self._styles[name])


def _aligned(column: Column, text: str, place: Place) -> str:
    if column.align == "left":
        return fitted(text, place.width)
    if column.align == "right":
        return text.rjust(place.width)[: place.width]
    head, tail = parts(text)
    return (head.rjust(place.head) + tail).ljust(place.width)[: place.width]
