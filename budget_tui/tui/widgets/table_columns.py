"""The columns of a table with sums: what each shows of a row, sorts by and sums up, and how wide it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any, Generic, NamedTuple, TypeVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from budget_tui.presentation import formatting
from budget_tui.tui.painting import shortened
from budget_tui.tui.widgets.editable_rows import PADDING

Row = TypeVar("Row")
_BAR_WITH_NAMES = 10  # a bar this long still tells a tenth from the next; a name that is cut tells less
_BAR_IN_NEED = 4
_BAR_PARTS = {formatting.HELD: "held", formatting.EMPTY: "empty", formatting.TICK: "tick"}


class Filled(NamedTuple):
    """How much of a bar is used, and held behind that."""

    used: Fraction
    held: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column, between ``least`` and ``most`` cells wide; those with a ``drop`` go where there is no room, 1 first.

    The first is what a row is called. ``noun`` is what a column is called where it has no label. ``style`` is the
    name of a style; '': the text is as it is, or muted where it ``is_derived``.
    ``longest`` picks the rows with the longest texts, where that takes less time than looking at all.
    ``bar`` is set for the one column that is as wide as there is room for.
    """

    key: str
    label: str
    sort_key: Callable[[Row], Any]
    text: Callable[[Row], str]
    noun: str = ""
    total: Callable[[Sequence[Row]], str] = lambda _: ""
    style: Callable[[Row], str] = lambda _: ""
    longest: Callable[[Sequence[Row]], Iterable[Row]] = lambda rows: rows
    bar: Callable[[Row], Filled] | None = None
    least: int = 1
    most: int = 1_000
    drop: int = 0
    is_right: bool = False
    is_derived: bool = False

    @property
    def name(self) -> str:
        return self.label or self.noun

    def aligned(self, text: str, width: int) -> str:
        return text.rjust(width) if self.is_right else shortened(text, width).ljust(width)


def summed(
    key: str,
    label: str,
    amount: Callable[[Row], int],
    number: Callable[[int], str],
    *,
    least: int,
    drop: int = 0,
    is_derived: bool = False,
) -> Column[Row]:
    """A column of amounts, written by ``number``."""

    def extremes(rows: Sequence[Row]) -> Iterable[Row]:
        """Writing two thousand amounts to find the longest would take longer than reading them from the database."""
        return (min(rows, key=amount), max(rows, key=amount)) if rows else ()

    return Column(
        key,
        label,
        amount,
        lambda row: number(amount(row)),
        total=lambda rows: number(sum(map(amount, rows))),
        style=lambda row: "negative" if amount(row) < 0 else "",
        longest=extremes,
        least=least,
        drop=drop,
        is_right=True,
        is_derived=is_derived,
    )


Layout = list[tuple[Column[Row], int]]


def layout(columns: Sequence[Column[Row]], rows: Sequence[Row], totals: Sequence[str], room: int) -> Layout[Row]:
    """The columns that fit into ``room`` cells and their widths without padding; ``totals`` share the widths.

    When all that may go is gone, the bar is made shorter, then the first column narrower, then the bar shorter
    still; the bar is made longer where there is more room.
    """
    widths = {
        column.key: min(max(column.least, len(total), *_lengths(column, rows)), column.most)
        for column, total in zip(columns, totals, strict=True)
    }
    shown = list(columns)

    def lacking() -> int:
        return sum(widths[column.key] + 2 * PADDING for column in shown) - room

    for column in sorted((column for column in columns if column.drop), key=lambda column: column.drop):
        if lacking() > 0:
            shown.remove(column)
    first, bar = columns[0], next(column for column in columns if column.bar is not None)
    widths[bar.key] = max(min(_BAR_WITH_NAMES, widths[bar.key]), widths[bar.key] - max(0, lacking()))
    widths[first.key] = max(first.least, widths[first.key] - max(0, lacking()))
    widths[bar.key] = min(bar.most, max(_BAR_IN_NEED, widths[bar.key] - lacking()))
    return [(column, widths[column.key]) for column in shown]


def _lengths(column: Column[Row], rows: Sequence[Row]) -> Iterable[int]:
    if column.bar is not None or column.least == column.most:
        return ()
    return (cell_len(column.text(row)) for row in column.longest(rows))


def cell(row: Row, column: Column[Row], width: int, styles: dict[str, Style], tick: Fraction) -> Text:
    """What a column shows of ``row``."""
    if column.bar is not None:
        return _bar(column.bar(row), width, styles, tick)
    text, style = column.text(row), column.style(row) or ("derived" if column.is_derived else "")
    text = text.rjust(width) if column.is_right else shortened(text, width)
    return Text(text, style=styles[style] if style else Style())


def _bar(filled: Filled, width: int, styles: dict[str, Style], tick: Fraction) -> Text:
    cells = formatting.bar_with_held(filled.used, filled.held, width, tick)
    text, at = Text(cells, style=styles["bar"], no_wrap=True), 0
    for part, run in groupby(cells, _BAR_PARTS.get):
        end = at + sum(1 for _ in run)
        if part is not None:
            text.stylize(styles[part], at, end)
        at = end
    return text
