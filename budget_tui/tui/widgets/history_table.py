"""The table of closed periods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.text import Text
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.theme import Theme
from textual.widgets import DataTable

from budget_tui.domain.amount import share
from budget_tui.presentation import formatting
from budget_tui.tui.painting import MUTED, bar, cell, status_at_close
from budget_tui.tui.widgets.editable_rows import PADDING

if TYPE_CHECKING:
    from budget_tui.domain.closing import ClosedPeriod

_BAR_AT_LEAST, _BAR_AT_MOST = 6, 40
_PERCENT = 6


@dataclass(frozen=True, slots=True)
class _Column:
    label: str
    text: Callable[[ClosedPeriod], str]
    is_derived: bool = False


def _money(label: str, amount: Callable[[ClosedPeriod], int], *, is_derived: bool = False) -> _Column:
    return _Column(label, lambda closed: formatting.number(amount(closed), closed.currency), is_derived)


_ALLOCATED = _money("Allocated", lambda closed: closed.allocated)
_AMOUNTS = (
    _money("Budget", lambda closed: closed.budget),
    _ALLOCATED,
    _money("Spent", lambda closed: closed.spent),
    _Column("Left", formatting.left_at_close, is_derived=True),
)


class HistoryTable(DataTable[Text]):
    """A row for each closed period, the newest first. The bar takes what room there is."""

    BINDINGS = [Binding("enter", "open", "Open", id="period.open", tooltip="Open the period: its projects and agents")]

    periods: reactive[tuple[ClosedPeriod, ...]] = reactive(())

    class Opened(Message):
        """The user wants to see one period in full."""

        def __init__(self, closed: ClosedPeriod) -> None:
            super().__init__()
            self.closed = closed

    def __init__(self) -> None:
        super().__init__(cursor_type="row", cursor_foreground_priority="renderable", cell_padding=PADDING)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def on_resize(self) -> None:
        self._fill()

    def watch_periods(self) -> None:
        self._fill()

    def _theme_changed(self, _theme: Theme) -> None:
        self._fill()

    @property
    def is_waiting(self) -> bool:
        """Whether the periods are still being read: the next key is about them."""
        screen = self.screen
        return getattr(screen, "reading", ()) is None and not getattr(screen, "failure", "")

    def on_data_table_row_selected(self) -> None:
        """A click on the row under the cursor opens it, too."""
        self.action_open()

    @property
    def current(self) -> ClosedPeriod | None:
        """The period under the cursor."""
        return self.periods[self.cursor_row] if 0 <= self.cursor_row < len(self.periods) else None

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self.current))

    def _fill(self) -> None:
        if not self.is_mounted or not self.size.width:
            return
        row = self.cursor_row
        self.clear(columns=True)
        columns, bar_width = self._layout()
        self.add_column("Period", width=columns[0][1])
        for column, width in columns[1:-1]:
            self.add_column(Text(column.label.rjust(width)), width=width)
        self.add_column("", width=1)
        self.add_column("", width=bar_width + _PERCENT)
        self.add_column("Since", width=columns[-1][1])
        for closed in self.periods:
            self.add_row(*self._row(closed, columns, bar_width), key=closed.period.start.isoformat())
        self.move_cursor(row=row, animate=False)

    def _layout(self) -> tuple[list[tuple[_Column, int]], int]:
        """The columns of text with their widths, and the width of the bar."""
        room = self.size.width - 2  # the scrollbar
        without_allocated = tuple(column for column in _AMOUNTS if column is not _ALLOCATED)
        for amounts in (_AMOUNTS, without_allocated):
            for since in (_SINCE_IN_WORDS, _SINCE_IN_DIGITS):
                columns = [_Column("Period", _name), *amounts, since]
                widths = [max(len(column.label), *map(len, map(column.text, self.periods)), 0) for column in columns]
                left = room - sum(widths) - 1 - 2 * PADDING * (len(columns) + 2) - _PERCENT
                if left >= _BAR_AT_LEAST:
                    return list(zip(columns, widths, strict=True)), min(left, _BAR_AT_MOST)
        return list(zip(columns, widths, strict=True)), _BAR_AT_LEAST

    def _row(self, closed: ClosedPeriod, columns: list[tuple[_Column, int]], bar_width: int) -> list[Text]:
        part = Fraction(0) if closed.unfunded else share(closed.spent, closed.budget)
        percent = "–" if closed.unfunded else formatting.percent(part)
        (name, _), *amounts, (since, _) = columns
        return [
            Text(name.text(closed)),
            *(
                cell(Content.assemble((column.text(closed).rjust(width), MUTED if column.is_derived else "")), self)
                for column, width in amounts
            ),
            cell(status_at_close(closed), self),
            cell(Content.assemble(bar(part, bar_width), percent.rjust(_PERCENT)), self),
            cell(Content.assemble((since.text(closed), "$warning")), self),
        ]


def _name(closed: ClosedPeriod) -> str:
    return formatting.short_period_name(closed.period)


_SINCE_IN_WORDS = _Column(
    "Since",
    lambda closed: f"{formatting.change(closed.restated, closed.currency)} after close" if closed.restated else "",
)
_SINCE_IN_DIGITS = _Column(
    "Since", lambda closed: formatting.change(closed.restated, closed.currency) if closed.restated else ""
)
