"""Spend per day of the period, as a small chart in block characters."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from budget_tui.domain.amount import NANOS
from budget_tui.presentation import formatting
from budget_tui.tui.painting import MUTED, WAITING

if TYPE_CHECKING:
    from budget_tui.domain.snapshot import BudgetSnapshot

LEVELS = " ▁▂▃▄▅▆▇█"
_AXIS = 2
"""Cells of the axis beside the labels."""
_LABEL = 4
"""Cells that a label has at least."""


def round_up(nanos: int) -> int:
    """The next of 1, 2, 3, 4, 6, 8 × 10ⁿ units at or above ``nanos``: a top of the scale whose half reads easily."""
    step = NANOS // 100
    while True:
        for factor in (1, 2, 3, 4, 6, 8):
            if step * factor >= nanos:
                return step * factor
        step *= 10


def scale_label(nanos: int, currency: str, room: int) -> str:
    """``$20,000``; in thousands, millions or billions (``$20k``) where there is no ``room`` for that."""
    text = formatting.short_money(nanos, currency)
    for unit, letter in ((10**3, "k"), (10**6, "M"), (10**9, "B")):
        if len(text) > room and nanos >= unit * NANOS:
            text = f"{formatting.short_money(nanos // unit, currency)}{letter}"
    return text


class SpendChart(Widget):
    """A column per day; days to come stay empty. Credits beyond a day's costs show as an empty day. Of a period that
    is longer than there is room for, the last days up to today are shown."""

    snapshot: reactive[BudgetSnapshot | None] = reactive(None)

    def on_mount(self) -> None:
        self.border_title = "Spend per day"

    def render(self) -> Content:
        snapshot = self.snapshot
        if snapshot is None:
            return Content(WAITING)
        if not snapshot.daily_spend:
            return Content.assemble(("no costs in this period yet", MUTED))
        width, height = self.content_size
        spend = dict(snapshot.daily_spend)
        days = [snapshot.period.start + timedelta(days=i) for i in range(snapshot.period.days)]
        amounts = [max(0, spend.get(day, 0)) for day in days]
        top, free = round_up(max(amounts)), max(_LABEL, width - _AXIS - len(days))
        labels = [scale_label(part, snapshot.organization.currency, free) for part in (top, top // 2, 0)]
        room = max(map(len, labels))
        shown = max(1, min(len(days), width - _AXIS - room))
        first = max(0, snapshot.period.day_number(snapshot.as_of) - shown)
        amounts = amounts[first : first + shown]
        per_day = max(1, min(6, (width - room - _AXIS - 1) // shown))
        rows = max(1, height - 1)
        lines = [
            Content.assemble(
                (self._label(row, rows, labels).rjust(room), MUTED),
                (" ┤", MUTED),
                self._row(row, rows, amounts, top, per_day),
            )
            for row in range(rows, 0, -1)
        ]
        return Content("\n").join([*lines, self._axis(snapshot, room, per_day, first, shown)])

    def _label(self, row: int, rows: int, labels: list[str]) -> str:
        if row == rows:
            return labels[0]
        if row == 1:
            return labels[2]
        return labels[1] if rows >= 5 and row == (rows + 1) // 2 else ""

    def _row(self, row: int, rows: int, amounts: list[int], top: int, per_day: int) -> Content:
        """The part of the columns that falls into line ``row``, counted from 1 at the bottom."""
        cells = []
        for amount in amounts:
            eighths = -(-amount * rows * 8 // top) - (row - 1) * 8
            cell = LEVELS[min(max(eighths, 0), 8)]
            cells.append(cell * max(1, per_day - 1) + " " * (1 if per_day > 1 else 0))
        return Content.assemble(("".join(cells), "$accent"))

    def _axis(self, snapshot: BudgetSnapshot, room: int, per_day: int, first: int, shown: int) -> Content:
        """Day numbers below the columns: the first, every fifth, and today in the foreground."""
        line = [" "] * (shown * per_day + 2)
        today = snapshot.period.day_number(snapshot.as_of)
        marks = [1, *range(5, snapshot.period.days + 1, 5)] if snapshot.period.days <= 31 else []
        for day in [mark - first for mark in marks if mark > first and abs(mark - today) * per_day > 2]:
            line[(day - 1) * per_day : (day - 1) * per_day + len(str(day + first))] = str(day + first)
        at = max(0, today - first - 1) * per_day
        text = "".join(line)
        return Content.assemble(
            " " * (room + _AXIS),
            (text[:at], MUTED),
            (str(today), "bold $foreground"),
            (text[at + len(str(today)) :], MUTED),
        )
