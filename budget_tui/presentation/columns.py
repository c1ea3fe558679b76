"""The columns of tables, each declared once: what it shows of a row, how it is aligned, what becomes of it where there
is little room. The dashboard's table and the command line's draw them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

from budget_tui.domain.amount import share
from budget_tui.presentation import formatting

if TYPE_CHECKING:
    from budget_tui.domain.audit import AuditEntry
    from budget_tui.domain.closing import ClosedBudget, ClosedPeriod

Row = TypeVar("Row")
Align = Literal["left", "right", "point"]


class Bar(NamedTuple):
    """A bar's used share, the tick where even use would stand today, and the share that is held besides."""

    used: Fraction
    tick: Fraction | None = None
    held: Fraction = Fraction(0)


def _no_text(_: object) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column. The first of a table is what its rows are called.

    ``align``: 'left', 'right', or 'point' for amounts, whose decimal points stand below each other.
    It is as wide as its texts, but at least ``min_width`` and at most ``max_width``. Where there is little room it
    ``shrinks_to`` so many cells (0: never), and columns with a ``priority`` go, 1 first (0: never): before any other
    is made narrower, or, when it ``yields_late``, only where that is not enough.
    ``style`` names a style of the dashboard; '' is the text's own. ``sort_key`` None: rows are not sorted by it.
    ``noun`` is what a column without a label is called. ``total`` writes the sum below it.
    ``longest`` picks the rows with the longest texts, where that takes less time than writing them all.
    ``bar`` makes it the column that takes the room which the others leave.
    """

    key: str
    label: str
    text: Callable[[Row], str] = _no_text
    align: Align = "left"
    min_width: int = 0
    max_width: int = 40
    shrinks_to: int = 0
    priority: int = 0
    yields_late: bool = False
    style: Callable[[Row], str] = _no_text
    sort_key: Callable[[Row], Any] | None = None
    noun: str = ""
    total: Callable[[Sequence[Row]], str] = _no_text
    longest: Callable[[Sequence[Row]], Iterable[Row]] = lambda rows: rows
    bar: Callable[[Row], Bar | None] | None = None

    @property
    def name(self) -> str:
        return self.label or self.noun


def split_at_point(text: str) -> tuple[str, str]:
    """An amount with its sign and currency up to the decimal point or a letter like ``M``, and the rest."""
    is_begun = False
    for at, sign in enumerate(text):
        if sign.isdigit():
            is_begun = True
        elif is_begun and sign != ",":
            return text[:at], text[at:]
    return text, ""


def muted(_: object) -> str:
    """The style of what is derived, or stands beside what matters."""
    return "muted"


# Closed periods


def status_style_at_close(closed: ClosedPeriod | ClosedBudget) -> str:
    return "muted" if closed.unfunded else str(closed.status)


def restated(closed: ClosedPeriod) -> str:
    """``+$3.12``: what came after the close."""
    return formatting.change(closed.restated, closed.currency) if closed.restated else ""


def _used_at_close(closed: ClosedPeriod) -> Fraction | None:
    return None if closed.unfunded else share(closed.spent, closed.budget)


@cache
def history_columns(*, is_narrow: bool = False) -> tuple[Column[ClosedPeriod], ...]:
    """A closed period; ``is_narrow``: in few words."""

    def money(label: str, amount: Callable[[ClosedPeriod], int], priority: int = 0) -> Column[ClosedPeriod]:
        return Column(
            label.lower(),
            label,
            lambda closed: formatting.number(amount(closed), closed.currency),
            "right",
            priority=priority,
        )

    return (
        Column("period", "Period", lambda closed: formatting.short_period_name(closed.period)),
        money("Budget", lambda closed: closed.budget),
        money("Allocated", lambda closed: closed.allocated, priority=1),
        money("Spent", lambda closed: closed.spent),
        Column("left", "Left", formatting.left_at_close, "right", style=muted),
        Column("status", "", lambda closed: formatting.status_at_close(closed)[0], style=status_style_at_close),
        Column("bar", "", bar=lambda closed: Bar(_used_at_close(closed) or Fraction(0)), min_width=6, max_width=40),
        Column(
            "used",
            "",
            lambda closed: "–" if (used := _used_at_close(closed)) is None else formatting.percent(used),
            "right",
        ),
        Column(
            "since",
            "Since",
            lambda closed: f"{restated(closed)} after close" if closed.restated and not is_narrow else restated(closed),
            style=lambda _: "problem",
        ),
    )


# The log


class LogLine(NamedTuple):
    """An entry of the audit trail as it is shown: when, who, did what, to what, from what to what."""

    entry: AuditEntry
    when: str
    who: str
    did: str
    to: str
    change: str


@cache
def log_columns(*, is_narrow: bool = False) -> tuple[Column[LogLine], ...]:
    """An entry; ``is_narrow``: without the year, and the change has what room there is."""
    who, did, to = (8, 14, 14) if is_narrow else (14, 16, 24)
    return (
        Column("when", "When", lambda line: line.when.partition("-")[2] if is_narrow else line.when, style=muted),
        Column("who", "Who", lambda line: line.who, max_width=who),
        Column("did", "Did", lambda line: line.did, max_width=did),
        Column("to", "To", lambda line: line.to, max_width=to),
        Column("change", "Change", lambda line: line.change, max_width=1_000, shrinks_to=6),
    )
