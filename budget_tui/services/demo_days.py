"""How the demonstration's costs are spread over days: less at weekends, never quite the same, adding up exactly."""

from collections.abc import Iterator
from datetime import date
from zlib import crc32

from budget_tui.domain.amount import split
from budget_tui.domain.period import ONE_DAY, Period

# What is spent by day of the week, Monday first, in proportion.
_BUSY = (10, 11, 10, 11, 9, 3, 2)


def spread(name: str, total: int, days: Period, unit: int) -> Iterator[tuple[date, int]]:
    """``total`` over ``days`` in multiples of ``unit``; the same ``name`` gives the same amounts every time."""
    dates = [days.start + i * ONE_DAY for i in range(days.days)]
    amounts = split(total, [_weight(name, day) for day in dates], unit)
    yield from zip(dates, amounts, strict=True)


def _weight(name: str, day: date) -> int:
    wobble = crc32(f"{name} {day}".encode()) % 60
    return _BUSY[day.weekday()] * (70 + wobble)
