"""Seats: how many there were at most, by what was registered by hand and what costs say.

A registration holds from its day on until the next one of the same entity and provider. A cost's seats are those of
its day alone. Both count the same seats, so where there are both, the larger number holds.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable
from datetime import date
from typing import NamedTuple

from budget_tui.domain.period import Period


class Seats(NamedTuple):
    """Seats of ``provider`` that an entity, named in whatever way, has on ``day``, or from it on."""

    entity: Hashable
    provider: str
    day: date
    seats: int


def most_seats(registered: Iterable[Seats], charged: Iterable[Seats], period: Period) -> int | None:
    """The most seats that there were on one day of ``period``, all given entities and providers together.

    They are added up day by day; the days are not added up. None where nothing is known of any day.
    """
    steps: dict[tuple[Hashable, str], list[tuple[date, int]]] = {}
    for entity, provider, day, seats in sorted(registered, key=lambda step: step.day):
        if day <= period.end:
            steps.setdefault((entity, provider), []).append((day, seats))
    of_day: dict[date, dict[tuple[Hashable, str], int]] = {}
    for entity, provider, day, seats in charged:
        if period.contains(day):
            on_day = of_day.setdefault(day, {})
            on_day[entity, provider] = on_day.get((entity, provider), 0) + seats
    if not steps and not of_day:
        return None
    # Between these days nothing rises.
    days = {period.start, *of_day, *(day for found in steps.values() for day, _ in found if day > period.start)}
    return max(_on(day, steps, of_day.get(day, {})) for day in days)


def _on(
    day: date,
    steps: dict[tuple[Hashable, str], list[tuple[date, int]]],
    charged: dict[tuple[Hashable, str], int],
) -> int:
    registered = {which: _holding(found, day) for which, found in steps.items()}
    return sum(max(registered.get(which, 0), charged.get(which, 0)) for which in {*registered, *charged})


def _holding(steps: list[tuple[date, int]], day: date) -> int:
    position = bisect_right(steps, day, key=lambda step: step[0])
    return steps[position - 1][1] if position else 0
