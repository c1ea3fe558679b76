"""The distribution of the demonstration's costs over days: less at weekends, irregular, with an exact sum."""

from collections.abc import Iterator
from datetime import date
from zlib import crc32

from budget_tui.domain.amount import split
from budget_tui.domain.period import ONE_DAY, Period

# Relative spending by day of the week, Monday first.
_BUSY = (10, 11, 10, 11, 9, 3, 2)


def spread(name: str, total: int, days: Period, unit: int) -> Iterator[tuple[date, int]]:
    """Spread ``total`` over ``days`` in multiples of ``unit``; the same ``name`` always yields the same amounts."""
    dates = [days.start + i * ONE_DAY for i in range(days.days)]
    amounts = split(total, [_weight(name, day) for day in dates], unit)
    yield from zip(dates, amounts, strict=True)


def _weight(name: str, day: date) -> int:
    wobble = crc32(f"{name} {day}".encode()) % 60
    return _BUSY[day.weekday()] * (70 + wobble)
