"""Forecasts of what will be spent by a period's end, as a range: what past weeks suggest, drawn at random.

The days to come are drawn as whole weeks of the past twelve, the newer the likelier, with weekdays kept. In each of the
draws every scope gets the same weeks, so that the draw of a parent is the sum of its children's and its own. What is
known in advance stands on its day and is taken out of the history: dated costs, and fees that recur by the month.
Whole weeks drawn independently of each other vary less than real spending does: the range is widened by how far it was
off in this scope's own past.

Amounts are nanos. A history is a sequence of consecutive days that ends with the day that the data reaches, at most
`MAX_DAYS` of them; days before the first cost are not part of it.
"""

from bisect import bisect
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from math import isqrt
from random import Random
from statistics import median, median_high
from typing import NamedTuple

from budget_tui.domain.period import Period

DRAWS, WEEKS, WEEK = 200, 12, 7
MAX_DAYS = WEEKS * WEEK
MIN_DAYS = 14
"""Complete days of data below which there is a single number instead of a range."""
_WEIGHTS = [0.5 ** (week / 8) for week in range(WEEKS)]  # they halve every eight weeks
_TOTAL_WEIGHTS = [*accumulate(_WEIGHTS)]
_LOW, _HIGH = DRAWS // 10 - 1, DRAWS - DRAWS // 10
_THOUSAND = 1000
_MIN_ERRORS, _FEW_ERRORS_FACTOR, _MAX_FACTOR = 20, 1250, 3000
_MIN_ORIGIN, _MIN_TO_COME = 21, 3
_TEN_PERCENT_Z = 1282  # thousandths of standard deviations: 10% of a normal distribution lie beyond
_MIN_WEEKS_SINCE, _MIN_WEEKS_BEFORE, _LEVEL_STANDS_OUT = 3, 3, 4
_FEE_DAYS, _FEE_TOLERANCE_PERCENT, _FEE_STANDS_OUT = 1, 5, 3


class Forecast(NamedTuple):
    """The spend expected at a period's end; in one of ten cases each it is below ``low`` or above ``high``.

    Without a range, both equal ``median``. ``days_of_history`` are the complete days that it rests on.
    """

    low: int
    median: int
    high: int
    has_range: bool
    days_of_history: int


class Fee(NamedTuple):
    """A charge that recurs by the month, as found in a history: its usual day of the month and latest amount."""

    day_of_month: int
    amount: int


class Draws:
    """The past weeks that are drawn for the days to come, the same for every scope."""

    def __init__(self, days_to_come: int, seed: int) -> None:
        """``seed`` makes the draws the same for the same data."""
        random = Random(seed)
        weeks, self._rest = divmod(days_to_come, WEEK)
        self._full = [_weeks_drawn(random) for _ in range(weeks)]
        self._last = _weeks_drawn(random) if self._rest else None

    def totals(self, history: Sequence[int]) -> list[int]:
        """Return what the days to come add up to in each draw; a shorter history repeats its weeks."""
        sums = _Weeks(history, len(history), self._rest)
        known = len(sums.full)
        if not known:
            return [0] * DRAWS
        columns = [[sums.full[week % known] for week in weeks] for weeks in self._full]
        if self._last is not None:
            columns.append([sums.part[week % known] for week in self._last])
        return [*map(sum, zip(*columns, strict=True))] if columns else [0] * DRAWS


def _weeks_drawn(random: Random) -> list[int]:
    """Return a past week for each draw, each as often as its weight says, in random order.

    Drawn independently, the weeks' shares would differ by chance, and the median with them.
    """
    step, start = _TOTAL_WEIGHTS[-1] / DRAWS, random.random()
    found = [bisect(_TOTAL_WEIGHTS, (draw + start) * step, hi=WEEKS - 1) for draw in range(DRAWS)]
    random.shuffle(found)
    return found


class _Weeks:
    """The sums of the weeks before a day, the newest first, of each all days and its first ``rest``."""

    __slots__ = ("full", "part")

    def __init__(self, history: Sequence[int], end: int, rest: int) -> None:
        starts = range(end - WEEK, max(-1, end - MAX_DAYS - 1), -WEEK)
        self.full = [sum(history[start : start + WEEK]) for start in starts]
        self.part = [sum(history[start : start + rest]) for start in starts] if rest else []


class Expected(NamedTuple):
    """A scope's spend by the period's end, before it is a range; those of several scopes add up: `added_up`.

    ``base`` is what was spent through the last day of the data and is known to come, ``least`` what is spent and known
    by now. ``draws`` are what the days to come bring on top, one amount for each draw. ``history`` is what they were
    drawn from.
    """

    base: int
    least: int
    draws: Sequence[int]
    history: Sequence[int]


def expected(history: Sequence[int], last: date, end: date, base: int, least: int, draws: Draws) -> Expected:
    """Return what a scope is expected to spend through ``end``.

    ``history`` has no cost in it that is known to come once; it ends with ``last``.
    """
    fees = fees_in(history, last)
    to_come = sum(fees_to_come(fees, last, end).values())
    clear = without_fees(history, last, fees)
    if len(history) < MIN_DAYS:
        mean = sum(clear) * (end - last).days // len(clear) if clear else 0
        return Expected(base + to_come, least, [mean] * DRAWS, clear)
    return Expected(base + to_come, least, draws.totals(since_change(clear)), clear)


def added_up(scopes: Sequence[Expected]) -> Expected:
    """Return the sum of scopes that do not overlap."""
    if len(scopes) == 1:
        return scopes[0]
    longest = max((len(scope.history) for scope in scopes), default=0)
    aligned = ([0] * (longest - len(scope.history)) + [*scope.history] for scope in scopes)
    return Expected(
        sum(scope.base for scope in scopes),
        sum(scope.least for scope in scopes),
        [*map(sum, zip(*(scope.draws for scope in scopes), strict=True))] or [0] * DRAWS,
        [*map(sum, zip(*aligned, strict=True))],
    )


def range_of(scope: Expected, last: date, ended: Sequence[date], at_burn_rate: int) -> Forecast:
    """Return a scope's forecast; ``ended`` are the ends of past periods, whose errors say how wide it must be.

    Of fewer than `MIN_DAYS` days, it is the single number ``at_burn_rate``, the straight line of `pacing.forecast`.
    """
    days = len(scope.history)
    if days < MIN_DAYS:
        return Forecast(at_burn_rate, at_burn_rate, at_burn_rate, False, days)
    drawn = sorted(scope.draws)
    median = (drawn[DRAWS // 2 - 1] + drawn[DRAWS // 2]) // 2
    factor = widening(scaled_errors(scope.history, last, ended))
    low = median - (median - drawn[_LOW]) * factor // _THOUSAND
    high = median + (drawn[_HIGH] - median) * factor // _THOUSAND
    # Credits in the history may come again; without them, what is spent stays spent.
    least = scope.least if min(scope.history, default=0) >= 0 else min(scope.least, scope.base + low)
    low, median, high = (max(scope.base + amount, least) for amount in (low, median, high))
    return Forecast(low, median, high, True, days)


def widening(errors: Sequence[int]) -> int:
    """Return the factor, in thousandths, by which ranges must be wider to hold in four of five of the past cases.

    ``errors`` are those of `scaled_errors`, of origins whose period had ended.
    """
    if len(errors) < _MIN_ERRORS:
        return _FEW_ERRORS_FACTOR
    return min(max(sorted(errors)[len(errors) * 4 // 5], _THOUSAND), _MAX_FACTOR)


def since_change(history: Sequence[int]) -> Sequence[int]:
    """Return the part of a history since the level of its weeks changed for good; all of it if it did not.

    It did if every one of three weeks or more since lies beyond every one before, by a quarter and by four times what
    weeks usually differ.
    """
    weeks = _Weeks(history, len(history), 0).full
    strongest, since = 0.0, len(weeks)
    for count in range(_MIN_WEEKS_SINCE, len(weeks) - _MIN_WEEKS_BEFORE + 1):
        new, old = weeks[:count], weeks[count:]
        if not (min(new) > max(old) or max(new) < min(old)):
            continue
        level, level_before = median(new), median(old)
        lower, higher = sorted((level, level_before))
        usual = median_high([abs(week - level) for week in new] + [abs(week - level_before) for week in old])
        strength = (higher - lower) / max(usual, 1)
        if higher * 4 > lower * 5 and strength > max(strongest, _LEVEL_STANDS_OUT):
            strongest, since = strength, count
    return history if since == len(weeks) else history[len(history) - since * WEEK :]


def scaled_errors(history: Sequence[int], last: date, ends: Sequence[date]) -> list[int]:
    """Return how far ranges would have been off at past days, in thousandths of their half width.

    The days are those from the 21st of the history on with 3 or more to come in a period that ended by ``last``, the
    last day of the history; ``ends`` are the ends of such periods. The mean and standard deviation of the weighted
    weeks stand for draws: drawing at every past day would take a hundred times as long.
    """
    found = []
    sums = [0, *accumulate(history)]
    before = 0
    for end in sorted(ends):
        stop = len(history) - (last - end).days
        for origin in range(max(before, _MIN_ORIGIN), stop - _MIN_TO_COME + 1):
            weeks, rest = divmod(stop - origin, WEEK)
            mean, deviation = _moments(sums, origin, weeks, rest)
            error = abs(sums[stop] - sums[origin] - mean)
            half_width = deviation * _TEN_PERCENT_Z // _THOUSAND
            found.append(error * _THOUSAND // half_width if half_width else _MAX_FACTOR if error else 0)
        before = max(before, stop)
    return found


def _moments(sums: Sequence[int], origin: int, weeks: int, rest: int) -> tuple[int, int]:
    """Return mean and standard deviation of ``weeks`` weeks and ``rest`` days, drawn from those before ``origin``."""
    known = min(origin // WEEK, WEEKS)
    starts = range(origin - WEEK, origin - WEEK * known - 1, -WEEK)
    total = _TOTAL_WEIGHTS[known - 1]
    mean = variance = 0.0
    for length, times in ((WEEK, weeks), (rest, 1)):
        if not (length and times):
            continue
        values = [sums[start + length] - sums[start] for start in starts]
        middle = sum(map(_product, values, _WEIGHTS)) / total
        square = sum([(value - middle) ** 2 * weight for value, weight in zip(values, _WEIGHTS, strict=False)]) / total
        mean, variance = mean + times * middle, variance + times * square
    return round(mean), isqrt(round(variance))


def _product(value: int, weight: float) -> float:
    return value * weight


# Known in advance


def fees_in(history: Sequence[int], last: date) -> list[Fee]:
    """Return the charges that recur by the month: seen in two months or more, a day and 5% apart at most.

    A charge stands out of its history by three times what a day costs; of several days in a row the highest counts.
    """
    usual = median_high(history) if history else 0
    first = last - timedelta(days=len(history) - 1)
    high = [
        (first + timedelta(days=at), amount - usual)
        for at, amount in enumerate(history)
        if amount - usual > max(usual, 1) * _FEE_STANDS_OUT
    ]
    found: list[Fee] = []
    for day, amount in reversed(high):
        if any(_is_same(day, amount, fee) for fee in found):
            continue
        fee = Fee(day.day, amount)
        months = {(other.year, other.month) for other, of_other in high if _is_same(other, of_other, fee)}
        if len(months) >= 2:
            found.append(fee)
    return found


def _is_same(day: date, amount: int, fee: Fee) -> bool:
    last = monthrange(day.year, day.month)[1]
    apart = abs(day.day - min(fee.day_of_month, last))
    is_near = min(apart, last - apart) <= _FEE_DAYS
    return is_near and abs(amount - fee.amount) * 100 <= fee.amount * _FEE_TOLERANCE_PERCENT


def without_fees(history: Sequence[int], last: date, fees: Iterable[Fee]) -> list[int]:
    """Return a history without the ``fees`` in it."""
    cleared = list(history)
    usual = median_high(history) if history else 0
    first = last - timedelta(days=len(history) - 1)
    for fee in fees:
        for at, amount in enumerate(history):
            if _is_same(first + timedelta(days=at), amount - usual, fee):
                cleared[at] = usual
    return cleared


def fees_to_come(fees: Iterable[Fee], last: date, end: date) -> Mapping[date, int]:
    """Return what the ``fees`` come to on each day after ``last`` through ``end``."""
    found: dict[date, int] = {}
    for fee in fees:
        for ahead in range(1, (end - last).days + 1):
            day = last + timedelta(days=ahead)
            if day.day == min(fee.day_of_month, monthrange(day.year, day.month)[1]):
                found[day] = found.get(day, 0) + fee.amount
    return found


def seed_of(period: Period, last: date) -> int:
    """Return the seed of the draws for a period, as known through ``last``."""
    return period.start.toordinal() * 1_000_000 + last.toordinal()
