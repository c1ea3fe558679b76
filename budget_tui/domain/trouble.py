"""A budget's trouble: how bad it is, and its cause: one day, its pace, or too little from the start."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from budget_tui.domain.pacing import Status, burn_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from budget_tui.domain.period import Period
    from budget_tui.domain.snapshot import Pace, ProjectLine

_SEVERITY = {Status.EXHAUSTED: 3, Status.CRITICAL: 2, Status.WARNING: 1, Status.HEALTHY: 0}
_FOREVER = Decimal("Infinity")
_SPIKE = 3
"""As many times the even share of a day makes a day stand out."""


class Cause(StrEnum):
    """A reason for which a budget is in trouble."""

    UNALLOCATED = "unallocated"  # spent without an allocation
    OVER = "over"  # all is spent, or more
    SPIKE = "spike"  # without one day, it would be fine
    PACE = "pace"  # it burns more than the drip
    AHEAD = "ahead"  # it was spent faster before than it is now
    LITTLE = "little"  # little is left, but it lasts


@dataclass(frozen=True, slots=True)
class Trouble:
    """The reason for which a budget is in trouble.

    ``day`` is the day of a spike, or the one on which the last was spent, with what was spent on it, most of that on
    ``service``.
    """

    cause: Cause
    pace: Pace
    period: Period
    today: date
    day: date | None = None
    amount: int = 0
    service: str = ""


def is_in_trouble(pace: Pace) -> bool:
    """Return whether the status of a budget is not healthy, or it runs out before its period ends."""
    return not pace.unfunded and (pace.status is not Status.HEALTHY or pace.runs_short)


def trouble_rank(pace: Pace) -> tuple[int, bool, Decimal, int]:
    """Rank how bad a budget stands: by its status, then whether and how soon it runs out too early; of those that have
    run out, by how much is spent beyond them."""
    runway = pace.runway_days if pace.runway_days is not None else _FOREVER
    severity, over = (0, 0) if pace.unfunded else (1 + _SEVERITY[pace.status], max(0, -pace.remaining))
    return severity, pace.runs_short, -runway, over


def by_trouble(lines: Iterable[ProjectLine]) -> list[ProjectLine]:
    """Return projects in the order of their trouble, the worst first."""
    return sorted(lines, key=lambda line: trouble_rank(line.pace), reverse=True)


def trouble_of(
    pace: Pace,
    period: Period,
    today: date,
    data_through: date,
    spent: Mapping[tuple[date, str], int],
    first_day: date | None,
) -> Trouble | None:
    """Return why a budget is in trouble; None if it is not.

    ``spent`` is its spend in the period so far by day and service, ``first_day`` the day of its first cost ever.
    """
    if not is_in_trouble(pace):
        return None
    by_day: dict[date, int] = {}
    for (day, _), amount in spent.items():
        by_day[day] = by_day.get(day, 0) + amount

    def found(cause: Cause, day: date | None = None) -> Trouble:
        services = {service: amount for (on, service), amount in spent.items() if on == day}
        service = max(services, key=lambda name: (services[name], name), default="")
        return Trouble(cause, pace, period, today, day, by_day.get(day, 0) if day else 0, service)

    if pace.allocation <= 0:
        return found(Cause.UNALLOCATED)
    if pace.remaining <= 0:
        return found(Cause.OVER, _used_up_on(pace.allocation, by_day))
    dearest = max(by_day, key=lambda day: (by_day[day], day), default=None)
    if dearest is not None and _is_spike(pace, period, today, data_through, dearest, by_day[dearest], first_day):
        return found(Cause.SPIKE, dearest)
    if pace.burn_rate > pace.daily_drip:
        return found(Cause.PACE)
    is_ahead = pace.spent * period.days > pace.allocation * period.day_number(today)
    return found(Cause.AHEAD if is_ahead else Cause.LITTLE)


def _used_up_on(allocation: int, by_day: Mapping[date, int]) -> date | None:
    """Return the day since which nothing is left."""
    spent, since = 0, None
    for day in sorted(by_day):
        spent += by_day[day]
        since = None if spent < allocation else since or day
    return since


def _is_spike(
    pace: Pace, period: Period, today: date, data_through: date, day: date, amount: int, first_day: date | None
) -> bool:
    """Return whether ``amount`` stands out, and without it the budget would be on pace, or its burn within the drip."""
    if amount * period.days < _SPIKE * pace.allocation:
        return False
    elapsed = period.day_number(today)
    is_ahead = pace.spent * period.days > pace.allocation * elapsed
    if is_ahead:  # with an even share on that day
        return (pace.spent - amount) * period.days <= pace.allocation * (elapsed - 1)
    window = burn_window(today, data_through, first_day)
    is_burnt = window.start <= day <= window.end
    return is_burnt and pace.burn_rate * window.days - amount <= pace.daily_drip * window.days
