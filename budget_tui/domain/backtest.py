"""Backtests of forecasts: ranges of past days against what became, and against rivals of one line each."""

from collections.abc import Sequence
from datetime import date
from statistics import fmean
from typing import NamedTuple

from budget_tui.domain.amount import divide
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.period import Period

MIN_DAYS_KNOWN, MIN_DAYS_TO_COME = 21, 3
"""Days of data that a forecast that is tested has at least, and days of its period that are left then."""
RIVALS = ("run rate × days", "month's average", "same weekday", "last month's remainder")
_QUANTILES = (10, 50, 90)
_WEEKS = 12


class Trial(NamedTuple):
    """A forecast made on the day ``on`` for the end of ``period``, what became, and what the `RIVALS` said then."""

    on: date
    period: Period
    forecast: Forecast
    became: int
    rivals: tuple[int, ...]

    @property
    def held(self) -> bool:
        return self.forecast.low <= self.became <= self.forecast.high


class Score(NamedTuple):
    """The scores of trials, in nanos: means of the width of the range and of absolute errors.

    ``losses`` are the pinball losses at 10%, 50% and 90%, the lower the better.
    """

    trials: int
    held: int
    width: int
    error: int
    losses: tuple[int, ...]
    rivals: tuple[int, ...]


def score(trials: Sequence[Trial]) -> Score:
    """Return what ``trials``, one or more, come to."""
    number = len(trials)

    def mean(amounts: Sequence[int]) -> int:
        return divide(sum(amounts), number)

    return Score(
        number,
        sum(trial.held for trial in trials),
        mean([trial.forecast.high - trial.forecast.low for trial in trials]),
        mean([abs(trial.forecast.median - trial.became) for trial in trials]),
        tuple(
            divide(sum(_pinball(trial.forecast[at], trial.became, percent) for trial in trials), number * 100)
            for at, percent in enumerate(_QUANTILES)
        ),
        tuple(mean([abs(trial.rivals[at] - trial.became) for trial in trials]) for at in range(len(RIVALS))),
    )


def _pinball(quantile: int, became: int, percent: int) -> int:
    """Return a hundred times the pinball loss of a quantile."""
    return (became - quantile) * percent if became >= quantile else (quantile - became) * (100 - percent)


def rivals(usage: Sequence[int], known: int, period: range, before: range) -> tuple[float, ...]:
    """Return what the `RIVALS` say of the days of ``period`` after the first ``known`` days of ``usage``.

    ``period`` and ``before``, the period before it, are positions in ``usage``; those below 0 are of no data.
    """
    to_come = period.stop - max(known, period.start)
    run_rate = fmean(usage[max(0, known - 7) : known]) * to_come
    so_far = usage[max(0, period.start) : known] or usage[max(0, known - 30) : known]
    weekday = sum(
        fmean([usage[day - 7 * back] for back in range(1, _WEEKS + 1) if 0 <= day - 7 * back < known] or [0])
        for day in range(max(known, period.start), period.stop)
    )
    remainder = sum(usage[max(0, before.stop - to_come) : max(0, before.stop)])
    return run_rate, fmean(so_far) * to_come, weekday, remainder


def held_by_period(trials: Sequence[Trial], day_number: int) -> list[bool]:
    """Return whether the range held in each period, the newest first: the one of its ``day_number``-th day, or of the
    nearest that was forecast."""
    by_period: dict[Period, list[Trial]] = {}
    for trial in trials:
        by_period.setdefault(trial.period, []).append(trial)
    return [
        min(by_period[period], key=lambda trial: abs(period.day_number(trial.on) - day_number)).held
        for period in sorted(by_period, reverse=True)
    ]
