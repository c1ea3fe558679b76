"""Seats: the largest number on one day, from registrations by hand and from costs.

A registration is in force from its day until the next one of the same entity and provider. A cost's seats are those of
its day alone. Both count the same seats, so where there are both, the larger number is taken.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import accumulate, pairwise
from typing import NamedTuple

from budget_tui.domain.period import ONE_DAY, Period


class Seats(NamedTuple):
    """Seats of ``provider`` that an entity (None: unmapped) has on ``day``, or from it on."""

    entity_key: int | None
    provider: str
    day: date
    seats: int


class SeatTimeline(NamedTuple):
    """One entity's seats with one provider: ``registered`` from a day on, in order, and ``charged`` for a day."""

    registered: list[tuple[date, int]]
    charged: dict[date, int]

    def stretches(self, period: Period) -> Iterator[tuple[Period, int]]:
        """Yield the days of ``period`` with the number of seats on each of them; nothing if none of them has data."""
        start, end = period.start, period.end
        charged = [day for day in self.charged if start <= day <= end]
        since = [day for day, _ in self.registered if day <= end]
        if charged or since:
            cuts = {
                start,
                end + ONE_DAY,
                *charged,
                *(day + ONE_DAY for day in charged),
                *(day for day in since if day > start),
            }
            for first, following in pairwise(sorted(cuts)):
                yield Period(first, following - ONE_DAY), self._on(first)

    def registrations_in(self, periods: Sequence[Period]) -> list[tuple[date, int]]:
        """Return the registrations in force on any day of ``periods``, each with its first day and its seats."""
        until = [*(day for day, _ in self.registered[1:]), date.max]
        return [
            (day, seats)
            for (day, seats), following in zip(self.registered, until, strict=False)
            if any(day <= period.end and period.start < following for period in periods)
        ]

    def _on(self, day: date) -> int:
        position = bisect_right(self.registered, day, key=lambda step: step[0])
        return max(self.registered[position - 1][1] if position else 0, self.charged.get(day, 0))


def seat_timelines(registered: Iterable[Seats], charged: Iterable[Seats]) -> dict[tuple[int | None, str], SeatTimeline]:
    """Group seats by entity and provider."""
    found: dict[tuple[int | None, str], SeatTimeline] = {}
    for entity, provider, day, seats in sorted(registered, key=lambda step: step.day):
        found.setdefault((entity, provider), SeatTimeline([], {})).registered.append((day, seats))
    for entity, provider, day, seats in charged:
        of_day = found.setdefault((entity, provider), SeatTimeline([], {})).charged
        of_day[day] = of_day.get(day, 0) + seats
    return found


def most_seats(counting: Iterable[tuple[SeatTimeline, Iterable[Period]]]) -> int | None:
    """Return the most seats on one day, each counted on the days of its periods, which do not overlap.

    Seats are added up within a day, not across days. None where nothing is known of any day.
    """
    known = [stretch for timeline, periods in counting for period in periods for stretch in timeline.stretches(period)]
    return most_on_one_day(known) if known else None


def most_on_one_day(numbers: Iterable[tuple[Period, int]]) -> int:
    """Return the most that ``numbers`` add up to on one day, each counted on every day of its period."""
    changes: dict[date, int] = {}
    for period, number in numbers:
        start, after = period.half_open
        changes[start] = changes.get(start, 0) + number
        changes[after] = changes.get(after, 0) - number
    return max(accumulate(changes[day] for day in sorted(changes)), default=0)
