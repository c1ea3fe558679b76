"""Closed periods side by side: what was spent of each as a column, its budget as a line across it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.presentation import formatting
from budget_tui.tui.painting import MUTED
from budget_tui.tui.widgets.spend_chart import LEVELS, round_up

if TYPE_CHECKING:
    from budget_tui.domain.closing import ClosedPeriod

_COLUMN_AT_LEAST, _COLUMN_AT_MOST = 5, 9
_GAP = 2
LINE = "─"


class PeriodChart(Widget):
    """The latest periods that there is room for, the newest at the right end."""

    periods: reactive[tuple[ClosedPeriod, ...]] = reactive(())
    """The newest first."""

    def on_mount(self) -> None:
        self.border_title = "Spent against budget"
        self.border_subtitle = Content(f"{LINE}{LINE} budget")

    def render(self) -> Content:
        if not self.periods:
            return Content("")
        width, height = self.content_size
        top = round_up(max(1, *(max(each.budget, each.spent) for each in self.periods)))
        currency = self.periods[0].currency
        labels = [formatting.short_money(part, currency) for part in (top, top // 2, 0)]
        room = max(map(len, labels))
        fitting = max(1, (width - room - 2) // _COLUMN_AT_LEAST)
        shown = self.periods[:fitting][::-1]
        column = max(_COLUMN_AT_LEAST, min(_COLUMN_AT_MOST, (width - room - 2) // len(shown)))
        rows = max(1, height - 1)
        lines = [
            Content.assemble(
                (_label(row, rows, labels).rjust(room), MUTED),
                (" ┤", MUTED),
                *(_cells(each, row, rows, top, column) for each in shown),
            )
            for row in range(rows, 0, -1)
        ]
        return Content("\n").join([*lines, _axis(shown, room, column)])


def _label(row: int, rows: int, labels: list[str]) -> str:
    if row == rows:
        return labels[0]
    if row == 1:
        return labels[2]
    return labels[1] if rows >= 5 and row == (rows + 1) // 2 else ""


def _cells(closed: ClosedPeriod, row: int, rows: int, top: int, column: int) -> Content:
    """The part of a period's column that falls into line ``row``, counted from 1 at the bottom.

    The budget's line runs through the line that its amount ends in; in front of it stands what was spent.
    """
    eighths = -(-max(0, closed.spent) * rows * 8 // top) - (row - 1) * 8
    block = LEVELS[min(max(eighths, 0), 8)]
    is_over = closed.spent > closed.budget
    is_budget = row == max(1, -(-closed.budget * rows // top))
    behind = LINE if is_budget else " "
    bar = behind if block == " " else block
    return Content.assemble(
        (bar * (column - _GAP), "$foreground" if bar == LINE else "$warning" if is_over else "$accent"),
        (behind * _GAP, "$foreground"),
    )


def _axis(shown: tuple[ClosedPeriod, ...], room: int, column: int) -> Content:
    """The month that each period starts in below its column; the year where another one begins and there is room."""
    starts = [each.period.start for each in shown]
    texts = [f"{day:%b}" for day in starts]
    if column > len("Jan 26"):
        years = [None, *(day.year for day in starts)]
        texts = [f"{day:%b %y}" if day.year != year else f"{day:%b}" for day, year in zip(starts, years, strict=False)]
    return Content.assemble((" " * (room + 2) + "".join(text.ljust(column) for text in texts), MUTED))
