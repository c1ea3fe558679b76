"""Pacing of a budget, how fast it is used and how long it lasts: days left, drip, burn, runway, status, run rate.

Pure functions on integers of the budget's smallest unit (nanos of a currency, tokens, seats), the same for every type
of budget. ``today`` is always an argument.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from enum import StrEnum
from functools import lru_cache

from budget_tui.domain.amount import divide
from budget_tui.domain.period import ONE_DAY, Period

BURN_WINDOW_DAYS = 7
SPIKE_DAYS = 7
"""Days through today that are looked at for spikes; older ones were looked at before, or came too late to matter."""
WARNING_BELOW_PERCENT = 25
CRITICAL_BELOW_PERCENT = 10
_NINE_DECIMALS = Decimal("1e-9")
_EXACT = Context(prec=50)


class Status(StrEnum):
    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Burn:
    """The amount spent over ``days`` complete days (1 or more), kept as a ratio so that nothing is rounded twice."""

    spent: int
    days: int

    @property
    def per_day(self) -> int:
        return divide(self.spent, self.days)


@dataclass(frozen=True, slots=True)
class BurnWindow:
    """The last complete days that data covers, both ends included; ``end < start`` when there is none yet."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


@lru_cache(maxsize=64)  # thousands of budgets have the same one
def burn_window(today: date, data_through: date, first_cost_day: date | None) -> BurnWindow:
    """Return the burn window: at most 7 days, ending at the earlier of yesterday and ``data_through``.

    It starts no earlier than the first day with any cost, and crosses period boundaries.
    """
    end = min(today - ONE_DAY, data_through)
    start = end - timedelta(days=BURN_WINDOW_DAYS - 1)
    if first_cost_day is None:
        return BurnWindow(end + ONE_DAY, end)
    return BurnWindow(max(start, first_cost_day), end)


def burn(window_spent: int, window_days: int, spent_today: int) -> Burn:
    """Return the spend over the window's days; with no complete day yet, today's spend so far."""
    return Burn(window_spent, window_days) if window_days > 0 else Burn(spent_today, 1)


def daily_drip(remaining: int, period: Period, today: date) -> int:
    """Return ``max(0, remaining) / days_left``."""
    return divide(max(0, remaining), period.days_left(today))


def available_today(remaining: int, spent_today: int, period: Period, today: date, reserved: int = 0) -> int:
    """Return the amount that may still be spent today if every day from today to the period's end gets the same.

    (remaining at the start of today ÷ those days) − spent today − reserved; negative when today's share is overspent.
    """
    return divide(remaining + spent_today, period.days_to_come(today) + 1) - spent_today - reserved


def runway_days(remaining: int, rate: Burn) -> Decimal | None:
    """Return ``remaining / burn`` in days, with at most 9 decimals; 0 when nothing remains, None when nothing burns."""
    if remaining <= 0:
        return Decimal(0)
    if rate.spent <= 0:
        return None
    return _EXACT.divide(Decimal(remaining * rate.days), Decimal(rate.spent)).quantize(_NINE_DECIMALS, context=_EXACT)


def runs_out_on(runway: Decimal | None, period: Period, today: date) -> date | None:
    """Return the day on which nothing is left any more, if that is before the period's end; else None."""
    if runway is None or runway >= period.days_to_come(today):
        return None
    return today + timedelta(days=int(runway))


def run_rate(spent: int, rate: Burn, period: Period, today: date) -> int:
    """Return ``spent + burn × days from tomorrow to the period's end``: the spend if all goes on like this."""
    return spent + divide(rate.spent * period.days_to_come(today), rate.days)


def status(remaining: int, allocation: int) -> Status:
    """Return the status by the remaining share.

    None is exhausted, below the two percentages critical and warning, else healthy; exactly at one it is the better.
    An allocation of 0 has no share left: exhausted.
    """
    if remaining <= 0 or allocation <= 0:
        return Status.EXHAUSTED
    if remaining * 100 < allocation * CRITICAL_BELOW_PERCENT:
        return Status.CRITICAL
    if remaining * 100 < allocation * WARNING_BELOW_PERCENT:
        return Status.WARNING
    return Status.HEALTHY


def is_unfunded(allocation: int, spent: int) -> bool:
    """Return whether a budget is exhausted only because nothing was allocated and nothing spent."""
    return allocation == 0 and spent == 0
