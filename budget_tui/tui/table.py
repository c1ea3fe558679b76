"""The dashboard's table: a header and a line per row; only visible rows are rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from budget_tui.presentation import formatting
from budget_tui.presentation.columns import Bar, Column, Fitting, split_at_point
from budget_tui.tui.cursor_keys import cursor_bindings
from budget_tui.tui.render import BAR_STYLES, CELL_STYLES, fitted, text_styles

Row = TypeVar("Row")

HEADER = 1
MARGIN = 1
NARROW = 60
"""Width of a table below which a single cell may part two columns, and texts are as short as can be."""
TROUBLE = "status"
"""Key of the status column, sorted with the worst first; others begin with the least."""


class Width(NamedTuple):
    """The width of a column's texts; ``head`` is the part before the decimal point, for amounts."""

    cells: int
    head: int = 0


class Place(NamedTuple):
    """The position of a column."""

    column: Column[Any]
    x: int
    width: int
    head: int

    @property
    def end(self) -> int:
        return self.x + self.width

    def aligned(self, text: str) -> str:
        """Pad or cut ``text`` to exactly the column's width."""
        if self.column.align == "left":
            return fitted(text, self.width, keeps_end=self.column.keeps_end(text))
        if self.column.align == "right":
            return text.rjust(self.width)[: self.width]
        head, tail = split_at_point(text)
        return (head.rjust(self.head) + tail).ljust(self.width)[: self.width]


def measured(columns: Iterable[Column[Row]], rows: Sequence[Row]) -> dict[str, Width]:
    """Return the width of each column over ``rows``; 0 for an empty column without a minimum width."""
    return {column.key: _measured(column, rows) for column in columns}


def _measured(column: Column[Row], rows: Sequence[Row]) -> Width:
    if column.bar is not None or column.min_width == column.max_width:
        return Width(column.min_width)
    texts = {column.text(row) for row in column.longest(rows)}
    if column.align == "point":
        pieces = [split_at_point(text) for text in texts] or [("", "")]
        head, tail = (max(len(piece[at]) for piece in pieces) for at in (0, 1))
        head = max(head, len(column.label) - tail)
        return Width(head + tail, head)
    longest = max((cell_len(text) for text in texts), default=0)
    if not longest and not column.min_width:
        return Width(0)
    return Width(max(min(longest, column.max_width), cell_len(column.label), column.min_width))


def fit(
    columns: Sequence[Column[Any]],
    widths: Mapping[str, Width],
    room: int,
    gaps: tuple[int, int],
    margin: int = MARGIN,
    needed: str = "",
) -> list[Place]:
    """Return the columns that fit into ``room`` cells, with positions; ``gaps`` are the minimum and maximum.

    That of the key ``needed`` is never dropped.
    """
    fitting = Fitting(columns, {key: width.cells for key, width in widths.items()}, room, gaps[0])
    fitting.drop(needed)
    fitting.shrink()
    fitting.spread(gaps[1])
    places, x = [], margin
    for column in fitting.shown:
        places.append(Place(column, x, fitting.widths[column.key], widths[column.key].head))
        x = places[-1].end + fitting.gap
    return places


def line_of(places: Iterable[Place], cell: Callable[[Column[Any]], tuple[str, str]]) -> Content:
    """Draw a line from the text and style that ``cell`` returns for each column, at their positions."""
    parts, x = [], 0
    for place in places:
        text, style = cell(place.column)
        parts += [(" " * (place.x - x), ""), (place.aligned(text), style)]
        x = place.end
    return Content.assemble(*parts)


class Table(ScrollView, Generic[Row], can_focus=True):
    """Rows that can be selected and sorted. The cursor stays on its row, wherever that moves.

    ``id_of`` identifies rows. `show` sets the rows; `show_only` and `sort_by` filter and order them.
    """

    GAPS: ClassVar[tuple[int, int]] = (2, 2)
    """Minimum and maximum cells between two columns."""
    DEFAULT_ORDER: ClassVar[tuple[str, bool]] = ("", False)
    """The column that rows are sorted by at first, and whether in descending order; '' is their original order."""
    COMPONENT_CLASSES = {"table--cursor", "table--hover"}
    BINDINGS = cursor_bindings("table", "row")

    # Not `reactive`, which would render all rows again where only two differ.
    cursor: var[int] = var(0, init=False)
    hovered: var[int] = var(-1, init=False)
    _has_styles = False
    """True while the styles that rows are rendered with are those of the style sheets."""
    _was_empty = False
    why_empty = ""
    """The text shown when there are no rows."""

    class RowMessage(Message):
        """A message about ``row``."""

        def __init__(self, table: Table[Any], row: Any) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> Table[Any]:
            return self.table

    class Opened(RowMessage):
        """The user opened the row."""

    class SortRequested(Message):
        """The user clicked the header of a sortable column."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class LaidOut(Message):
        """The columns moved."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        id_of: Callable[[Row], object],
        is_reading: Callable[[], bool] = lambda: False,
    ) -> None:
        """``is_reading`` returns whether the rows are still being read, so that the next key has to wait for them."""
        super().__init__()
        self.id_of = id_of
        self._is_reading = is_reading
        self.sort_key, self.sort_descending = self.DEFAULT_ORDER
        self.places: list[Place] = []
        self.totals: dict[str, str] = {}
        self.rows: Sequence[Row] = ()
        self.columns = columns
        self.all_rows: Sequence[Row] = ()
        self.is_shown: Callable[[Row], bool] | None = None
        """Filter for `all_rows`; None shows all."""
        self._sorted: Sequence[Row] | None = None
        self._widths: dict[str, Width] = {}
        self._needed = ""
        self._styles: dict[str, Style] = {}
        self._base = self._cursor_base = self._hover_base = Style()
        self._strips: dict[tuple[int, Style], Strip] = {}

    @property
    def is_waiting(self) -> bool:
        """True if the app is to hold back further keys."""
        return self._is_reading()

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    @property
    def is_empty(self) -> bool:
        """True if the table was filled with no rows."""
        return bool(self.columns) and not self.rows

    def row_of(self, row_id: object) -> int | None:
        """Return the index of the row with that id; None if it is not shown."""
        return next((at for at, row in enumerate(self.rows) if self.id_of(row) == row_id), None)

    # Showing

    def show(
        self,
        rows: Sequence[Row],
        columns: Sequence[Column[Row]] | None = None,
        *,
        widest_of: Sequence[Row] | None = None,
        keeps_widths: bool = False,
        keeps_row: bool = True,
        keeps_order: bool = False,
    ) -> None:
        """Show ``rows``, in new ``columns`` if given. The cursor ``keeps_row``, or its index.

        With ``keeps_order``, the same rows stay where they are, whatever the column they are sorted by says now.

        Columns are as wide as the texts of ``widest_of``, by default all rows, or with ``keeps_widths`` as before.
        """
        if columns is not None:
            self.columns = columns
        if not (keeps_widths and self._widths):
            self._widths = measured(self.columns, rows if widest_of is None else widest_of)
        places = {self.id_of(row): at for at, row in enumerate(self._sorted or ())} if keeps_order else {}
        self.all_rows, self._sorted = rows, None
        if len(places) == len(rows) and all(self.id_of(row) in places for row in rows):
            self._sorted = sorted(rows, key=lambda row: places[self.id_of(row)])
        self._arrange(keeps_row=keeps_row)

    def show_only(self, is_shown: Callable[[Row], bool] | None) -> None:
        """Show only the rows for which ``is_shown`` is true; None shows all."""
        self.is_shown = is_shown
        self._arrange()

    def _arrange(self, *, keeps_row: bool = True) -> None:
        if self._sorted is None:
            by = self.sorted_by
            self._sorted = (
                self.all_rows
                if by is None or by.sort_key is None
                else sorted(self.all_rows, key=by.sort_key, reverse=self.sort_descending)
            )
        rows, before, top = self.rows, self.current, round(self.scroll_offset.y)
        self.rows = self._sorted if self.is_shown is None else [*filter(self.is_shown, self._sorted)]
        self.totals = {column.key: column.total(self.rows) for column in self.columns}
        at = min(self.cursor, max(0, len(self.rows) - 1))
        if before is not None and keeps_row and not (self.rows and self.id_of(self.rows[at]) == self.id_of(before)):
            found = self.row_of(self.id_of(before))
            at = at if found is None else found
        moved = at - self.cursor
        self.set_reactive(Table.cursor, at)
        self._lay_out()
        if moved:  # the current row stays at the same height
            self.scroll_to(y=top + moved, animate=False)
        self.keep_in_view()
        self._refresh_differing(rows, whole=bool(moved))
        if self.is_empty is not self._was_empty:
            self._was_empty = self.is_empty
            self.refresh_bindings()
        self.cursor_moved()

    def _refresh_differing(self, before: Sequence[Row], *, whole: bool) -> None:
        """Render the visible rows that differ again; all of them with ``whole``."""
        if whole or len(before) != len(self.rows):
            self._strips.clear()
            self.refresh()
            return
        top = round(self.scroll_offset.y)
        seen = range(top, min(top + self.page, len(self.rows)))
        self._strips = {key: strip for key, strip in self._strips.items() if key[0] in seen}
        for row in seen:
            if before[row] != self.rows[row]:
                for key in [key for key in self._strips if key[0] == row]:
                    del self._strips[key]
                self._refresh_rows(row)

    def columns_within(self, width: int) -> Sequence[Column[Row]]:
        """Return the columns of a table that is ``width`` cells wide."""
        return self.columns

    def on_resize(self) -> None:
        columns = self.columns_within(self.size.width)
        if columns != self.columns:
            self.show(self.all_rows, columns)
        self._lay_out()
        self.keep_in_view()

    def _lay_out(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.rows) + HEADER)
        if not self._widths or not self.size.width:
            return
        room = self.size.width - 2 * MARGIN - (1 if len(self.rows) > self.page else 0)
        widths = {
            key: Width(max(width.cells, len(self.totals.get(key, ""))), width.head)
            for key, width in self._widths.items()
        }
        gaps = self.GAPS if self.size.width >= NARROW else (1, self.GAPS[1])
        places = fit(self.columns, widths, room, gaps, needed=self._needed)
        if places != self.places:
            self.places = places
            self._strips.clear()
            self.refresh()
            self.post_message(self.LaidOut())

    def require(self, key: str) -> None:
        """Show the column of ``key`` even where others would go before it; '' requires none."""
        if key != self._needed:
            self._needed = key
            self._lay_out()

    def place_of(self, key: str) -> Place | None:
        return next((place for place in self.places if place.column.key == key), None)

    # Sorting

    @property
    def sorted_by(self) -> Column[Row] | None:
        """The column the rows are sorted by; None in their original order."""
        return next((column for column in self.columns if column.key == self.sort_key), None)

    def sort_by(self, key: str) -> None:
        """Sort by a column, or reverse the order if it is sorted by that column already."""
        self._sort(key, descending=not self.sort_descending if key == self.sort_key else key == TROUBLE)

    def sort_by_next(self) -> None:
        """Sort by the next column in sight; after the last one, in the original order, then by the first one again."""
        seen = {self.sort_key, *(place.column.key for place in self.places)}
        order = ["", *(column.key for column in self.columns if column.sort_key is not None and column.key in seen)]
        key = order[(order.index(self.sort_key) + 1) % len(order)]
        self._sort(key, descending=key == TROUBLE)

    def sort_again(self) -> None:
        """Sort rows that kept their order by what they show now."""
        self._sort(self.sort_key, descending=self.sort_descending)

    def redraw(self) -> None:
        """Draw all rows again: texts changed that the rows do not contain."""
        self._strips.clear()
        self.refresh()

    def sort_by_trouble(self) -> None:
        """Sort by status, the worst first; again: in the original order."""
        if self.sort_key == TROUBLE:
            self._sort("", descending=False)
        else:
            self._sort(TROUBLE, descending=True)

    def reverse(self) -> None:
        """Reverse the order."""
        self._sort(self.sort_key, descending=not self.sort_descending)

    def _sort(self, key: str, *, descending: bool) -> None:
        self.sort_key, self.sort_descending, self._sorted = key, descending, None
        self._arrange()
        self.refresh()

    # Moving

    @property
    def page(self) -> int:
        """Number of rows in view."""
        return max(1, self.size.height - HEADER)

    def watch_cursor(self, before: int, now: int) -> None:
        self.keep_in_view()
        self._refresh_rows(before, now)
        self.cursor_moved()

    def cursor_moved(self) -> None:
        """React to another row under the cursor, or to new contents of it; `FollowedTable` sends a message."""

    def watch_hovered(self, before: int, now: int) -> None:
        self._refresh_rows(before, now)

    def _refresh_rows(self, *rows: int) -> None:
        for row in rows:
            self.refresh_line(row + HEADER)

    def keep_in_view(self) -> None:
        top = min(max(self.scroll_offset.y, self.cursor - self.page + 1), self.cursor)
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False)

    def go_to(self, row: int) -> None:
        self.cursor = max(0, min(row, len(self.rows) - 1))

    def action_scroll_up(self) -> None:
        self.go_to(self.cursor - 1)

    def action_scroll_down(self) -> None:
        self.go_to(self.cursor + 1)

    def action_page_up(self) -> None:
        self.go_to(self.cursor - self.page)

    def action_page_down(self) -> None:
        self.go_to(self.cursor + self.page)

    def action_scroll_home(self) -> None:
        self.go_to(0)

    def action_scroll_end(self) -> None:
        self.go_to(len(self.rows) - 1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return False if action == "open" and self.is_empty else super().check_action(action, parameters)

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self, self.current))

    def _row_at(self, y: int) -> int:
        """Return the row in line ``y`` of the widget; -1 if there is none."""
        row = round(self.scroll_offset.y) + y - HEADER
        return row if y >= HEADER and row < len(self.rows) else -1

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self.hovered = self._row_at(event.y)

    def on_leave(self) -> None:
        self.hovered = -1

    def on_click(self, event: events.Click) -> None:
        """Select a row on a click and open it on a double click; on the header, sort."""
        if event.y < HEADER:
            for place in self.places:
                if place.x <= event.x < place.end and place.column.sort_key is not None:
                    self.post_message(self.SortRequested(place.column.key))
        elif (row := self._row_at(event.y)) >= 0:
            self.go_to(row)
            if event.chain == 2:
                self.action_open()

    # Rendering

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._has_styles = False

    def _read_styles(self) -> None:
        self._has_styles = True
        self._base = self.rich_style
        self._cursor_base = self.get_component_rich_style("table--cursor")
        self._hover_base = self.get_component_rich_style("table--hover")
        styles = text_styles(self, CELL_STYLES)
        if styles != self._styles:
            self._styles = styles
            self._strips.clear()

    def render_line(self, y: int) -> Strip:
        if not self._has_styles:
            self._read_styles()
        width, base = self.size.width, self._base
        row = round(self.scroll_offset.y) + y - HEADER
        if not self.rows and self.why_empty and y == (HEADER if self.places else 0):
            return Strip([Segment(f" {self.why_empty}", base + self._styles["muted"])]).adjust_cell_length(width, base)
        if y < HEADER:
            return Strip(self._header(base)).adjust_cell_length(width, base)
        if row < len(self.rows):
            if row == self.cursor:
                base = self._cursor_base
            elif row == self.hovered:
                base = self._hover_base
            if (row, base) not in self._strips:
                self._strips[row, base] = Strip(self._cells(self.rows[row], base)).adjust_cell_length(width, base)
            return self._strips[row, base].adjust_cell_length(width, base)
        return Strip.blank(width, base)

    def _header(self, base: Style) -> Iterable[Segment]:
        x, style = 0, base + self._styles["muted"]
        for place in self.places:
            column, text = place.column, place.column.label
            if self.sort_key == column.key:
                text = ("▼" if self.sort_descending else "▲") + (column.name if place.width > 1 else "")
            is_left = column.align == "left"
            text = fitted(text, place.width) if is_left else text[: place.width].rjust(place.width)
            yield Segment(" " * (place.x - x) + text, style)
            x = place.end

    def _cells(self, row: Row, base: Style) -> Iterable[Segment]:
        x = 0
        for place in self.places:
            yield Segment(" " * (place.x - x), base)
            column = place.column
            if column.bar is not None:
                yield from self._bar(column.bar(row), place.width, base)
            else:
                style = column.style_of(row)
                yield Segment(place.aligned(column.text(row)), base + self._styles[style] if style else base)
            x = place.end

    def _bar(self, bar: Bar | None, width: int, base: Style) -> Iterable[Segment]:
        if bar is None:
            yield Segment(" " * width, base)
            return
        filled = bar.style or "bar"
        for name, cells in groupby(
            formatting.bar(bar.used, width, bar.tick, bar.reserved), lambda cell: BAR_STYLES.get(cell, filled)
        ):
            yield Segment("".join(cells), base + self._styles[name])


class FollowedTable(Table[Row]):
    """A table that sends a message when its cursor moves."""

    class Moved(Table.RowMessage):
        """The cursor moved to ``row``, or its row changed."""

    def cursor_moved(self) -> None:
        self.post_message(self.Moved(self, self.current))


class PagedTable(Table[Row]):
    """A table that asks for more rows on scrolling down."""

    class EndApproached(Message):
        """The cursor or the view is near the last row."""

    @property
    def nears_end(self) -> bool:
        """True if the cursor or the view is within two pages of the last row."""
        return max(self.cursor, round(self.scroll_offset.y)) + 2 * self.page >= len(self.rows)

    def watch_cursor(self, before: int, now: int) -> None:
        super().watch_cursor(before, now)
        self._look_ahead()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._look_ahead()

    def _look_ahead(self) -> None:
        if self.nears_end:
            self.post_message(self.EndApproached())
