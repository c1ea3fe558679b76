"""The days of the demonstration: their clock, and how its costs spread over them, irregular but with an exact sum."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from zlib import crc32

from budget_tui.domain.amount import split
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.periods import Periods

BUSY = (10, 11, 10, 11, 9, 3, 2)
"""Relative spending by day of the week, Monday first: less at weekends."""


class AtNoon(Clock):
    """A clock that shows noon of its day, so that the log is of the days that the data is of."""

    def now(self) -> datetime:
        assert self.as_of is not None
        return datetime.combine(self.as_of, time(12), UTC)


def spread(name: str, total: int, days: Period, unit: int, week: Sequence[int] = BUSY) -> Iterator[tuple[date, int]]:
    """Spread ``total`` over ``days`` in multiples of ``unit``; the same ``name`` always yields the same amounts."""
    dates = [days.start + i * ONE_DAY for i in range(days.days)]
    amounts = split(total, [week[day.weekday()] * _wobble(name, day) for day in dates], unit)
    yield from zip(dates, amounts, strict=True)


def _wobble(name: str, day: date) -> int:
    return 70 + crc32(f"{name} {day}".encode()) % 60


def keep_carried_over(context: Context) -> None:
    """Confirm the allocations that the turn of the month carried over, as its user did on that day."""
    periods = Periods(context)
    periods.catch_up()
    periods.review({}, periods.last_turn().following)
