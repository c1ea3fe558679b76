"""Forecasts of what will be spent by a period's end, as a range: what past weeks suggest, drawn at random.

The days to come are drawn as whole weeks of the past twelve, the newer the likelier, with weekdays kept. In each of the
draws every scope gets the same weeks, so that the draw of a parent is the sum of its children's and its own. What is
known in advance stands on its day and is taken out of the history: dated costs, and fees that recur by the month.
Whole weeks drawn independently of each other vary less than real spending does: the range is widened by how far it was
off in this scope's own past.

Amounts are nanos. A history is a sequence of consecutive days that ends with the day that the data reaches, at most
`MAX_DAYS` of them; days before the first cost are not part of it.
"""

from bisect import bisect, bisect_left
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate, cycle, islice
from math import ceil, inf, isqrt, sqrt
from operator import add, itemgetter
from random import Random
from statistics import median_high
from typing import NamedTuple

from budget_tui.domain.period import ONE_DAY, Period

DRAWS, WEEKS, WEEK = 200, 12, 7
MAX_DAYS = WEEKS * WEEK
MIN_DAYS = 14
"""Complete days of data below which there is a single number instead of a range."""
_A_WEEK_OLDER = 0.5 ** (1 / 16)  # weights halve every 16 weeks
_TOTAL_WEIGHTS = [*accumulate(_A_WEEK_OLDER**week for week in range(WEEKS))]
_LOW, _HIGH = DRAWS // 10 - 1, DRAWS - DRAWS // 10
_THOUSAND = 1000
_MIN_ERRORS, _FEW_ERRORS_FACTOR, _MAX_FACTOR = 12, 1250, 3000
_WEEKS_TESTED = 5
_MIN_ORIGIN, _EVERY_ORIGIN = 21, 2
_IN_HALF_WIDTHS = _THOUSAND / 1.282  # of standard deviations: 10% of a normal distribution lie beyond 1.282
_MIN_DAYS_BEFORE = 4  # fewer ranks are never `_CHANGE_OF_LEVEL` away, however low
_CHANGE_OF_LEVEL = 3.5
"""Standard deviations; ranks of unchanged usage reach them at any of 84 days in about one history of a hundred."""
_MIN_DAYS_RANKED = ceil(_CHANGE_OF_LEVEL**2 * 4 / 3)
"""Days with usage: in standard deviations, the square of what the ranks of ``n`` days reach is less than ¾n."""
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
    """A charge that recurs by the month, as found in a history: its usual day of the month and latest amount.

    ``seen`` are the days in the history that it was charged on, one for each month.
    """

    day_of_month: int
    amount: int
    seen: Sequence[date]


class Draws:
    """The past weeks that are drawn for the days to come, the same for every scope.

    The days to come are ``days`` from the day after the last of the data on, without the first ``skipped`` of them.
    """

    def __init__(self, days: int, seed: int, skipped: int = 0) -> None:
        """``seed`` makes the draws the same for the same data."""
        random = Random(seed)
        self._spans: list[tuple[int, int]] = []  # the days of a week, as a slice, that are drawn of any
        self._blocks: list[tuple[int, list[int]]] = []  # the number of its span, and the weeks drawn
        for start in range(skipped // WEEK * WEEK, days, WEEK):
            span = max(skipped - start, 0), min(days - start, WEEK)
            if span not in self._spans:
                self._spans.append(span)
            self._blocks.append((self._spans.index(span), _weeks_drawn(random)))
        self._picks: list[Callable[[Sequence[int]], Iterable[int]]] = [
            itemgetter(*(span * WEEKS + week for week in weeks)) for span, weeks in self._blocks
        ]

    @property
    def weeks(self) -> int:
        """The number of weeks to come, begun ones included."""
        return len(self._blocks)

    def weeks_of(self, history: Sequence[int]) -> list[int]:
        """Return what is drawn from: the sums of the past twelve weeks, the newest first, where there are fewer again
        and again; if fewer days than a week are drawn of any, the sums of those."""
        if not any(history):
            return [0] * WEEKS * len(self._spans)
        starts = range(len(history) - WEEK, max(-1, len(history) - MAX_DAYS - 1), -WEEK)
        repeated = [*islice(cycle(starts), WEEKS)]
        sums = [0, *accumulate(history)]
        return [sums[at + after] - sums[at + first] for first, after in self._spans for at in repeated]

    def totals(self, weeks: Sequence[int]) -> list[int]:
        """Return what the days to come add up to in each draw; ``weeks`` are those of `Expected`."""
        if not weeks:
            return [0] * DRAWS
        totals, *columns = [pick(weeks) for pick in self._picks]
        for column in columns:
            totals = map(add, totals, column)
        return [*totals]

    def most(self, weeks: Sequence[int]) -> int:
        """Return an amount that no draw exceeds: that of the dearest weeks."""
        dearest = [max(weeks[at : at + WEEKS]) for at in range(0, len(weeks), WEEKS)]
        return sum(dearest[span] for span, _ in self._blocks) if weeks else 0


def _weeks_drawn(random: Random) -> list[int]:
    """Return a past week for each draw, each as often as its weight says, in random order.

    Drawn independently, the weeks' shares would differ by chance, and the median with them.
    """
    step, start = _TOTAL_WEIGHTS[-1] / DRAWS, random.random()
    found = [bisect(_TOTAL_WEIGHTS, (draw + start) * step, hi=WEEKS - 1) for draw in range(DRAWS)]
    random.shuffle(found)
    return found


class Expected(NamedTuple):
    """A scope's spend by the period's end, before it is a range; those of several scopes add up: `added_up`.

    ``base`` is what was spent through the last day of the data and is known to come, ``least`` what is spent and known
    by now. ``weeks`` are what the days to come are drawn from (`Draws.weeks_of`), none where the ``history``, the days
    that they are of, is too short. A draw of the sum is the sum of the draws. ``at_rate`` is what ``base`` has beyond
    what is known, of scopes that are too young to be drawn: see `at_burn_rate`.
    """

    base: int
    least: int
    weeks: Sequence[int]
    history: Sequence[int]
    at_rate: int = 0


def expected(history: Sequence[int], last: date, period: Period, base: int, least: int, draws: Draws) -> Expected:
    """Return what a scope with `MIN_DAYS` of data or more is expected to spend in ``period``.

    ``history`` has no cost in it that is known to come once; it ends with ``last``.
    """
    fees = fees_in(history, last)
    if fees:
        base += sum(fees_to_come(fees, last, period).values())
        history = without_fees(history, last, fees)
    return Expected(base, least, draws.weeks_of(at_level_now(history)), history)


def at_burn_rate(history: Sequence[int], run_rate: int, known: int) -> Expected:
    """Return what a scope with fewer than `MIN_DAYS` of data is expected to spend: a single number.

    It is ``run_rate``, the straight line of `pacing.run_rate` and what is known to come, or what is spent and ``known``
    by now where that is more: usage may be dated ahead. No low end contains more of it than what is known.
    """
    return Expected(max(run_rate, known), known, (), history, max(0, run_rate - known))


def added_up(scopes: Sequence[Expected]) -> Expected:
    """Return the sum of scopes that do not overlap."""
    if len(scopes) == 1:
        return scopes[0]
    histories: dict[int, list[Sequence[int]]] = {}
    for scope in scopes:
        histories.setdefault(len(scope.history), []).append(scope.history)
    longest = max(histories, default=0)
    aligned = [[0] * (longest - days) + _column_sums(same) for days, same in histories.items()]
    return Expected(
        sum(scope.base for scope in scopes),
        sum(scope.least for scope in scopes),
        _column_sums([scope.weeks for scope in scopes if scope.weeks]),
        _column_sums(aligned),
        sum(scope.at_rate for scope in scopes),
    )


def _column_sums(rows: Sequence[Sequence[int]]) -> list[int]:
    return [*map(sum, zip(*rows, strict=True))]


def range_of(scope: Expected, draws: Draws, last: date, ended: Sequence[date]) -> Forecast:
    """Return a scope's forecast; ``ended`` are the ends of past periods, whose errors say how wide it must be."""
    days = len(scope.history)
    if days < MIN_DAYS:
        return Forecast(scope.base, scope.base, scope.base, False, days)
    drawn = sorted(draws.totals(scope.weeks))
    median = (drawn[DRAWS // 2 - 1] + drawn[DRAWS // 2]) // 2
    factor = widening(scaled_errors(scope.history, last, ended)) * beyond_tested(draws.weeks, days) // _THOUSAND
    factor = min(factor, _MAX_FACTOR)
    low = median - (median - drawn[_LOW]) * factor // _THOUSAND - scope.at_rate
    high = median + (drawn[_HIGH] - median) * factor // _THOUSAND
    # Credits in the history may come again; without them, what is spent stays spent.
    least = scope.least if min(scope.history, default=0) >= 0 else min(scope.least, scope.base + low)
    low, median, high = (max(scope.base + amount, least) for amount in (low, median, high))
    return Forecast(low, median, high, True, days)


def most_of(scope: Expected, draws: Draws) -> int:
    """Return an amount that neither the low end nor the median of `range_of` exceeds, in a tenth of its time."""
    return max(scope.base + draws.most(scope.weeks), scope.least)


def widening(errors: Sequence[int]) -> int:
    """Return the factor, in thousandths, by which ranges must be wider to hold in four of five of the past cases.

    ``errors`` are those of `scaled_errors`, of origins whose period had ended.
    """
    if len(errors) < _MIN_ERRORS:
        return _FEW_ERRORS_FACTOR
    return min(max(sorted(errors)[len(errors) * 4 // 5], _THOUSAND), _MAX_FACTOR)


def beyond_tested(weeks: int, days: int) -> int:
    """Return the factor, in thousandths, by which a range of many ``weeks`` to come is wider than the errors say, which
    are those of a month.

    The weeks that are drawn vary by themselves, but all of them are of the same few: of ``n`` past weeks, the sum of
    ``w`` has the variance ``w + w² ÷ n`` of a week, where independent ones have ``w``.
    """
    known = min(days // WEEK, WEEKS)
    further = max(weeks, _WEEKS_TESTED)
    return isqrt((known + further) * _THOUSAND * _THOUSAND // (known + _WEEKS_TESTED))


def at_level_now(history: Sequence[int]) -> Sequence[int]:
    """Return a history as if the days before its last lasting change of level had been at the level since; if there was
    none, as it is.

    The level changed on the day from which on amounts rank highest or lowest among those of their weekday, if by
    `_CHANGE_OF_LEVEL` standard deviations or more: Wilcoxon's rank sum test, stratified (van Elteren 1960) and taken at
    each day (Pettitt 1979). How far a single day stands out has no weight in it, and days without usage say nothing.
    Days are told from each other by position: those seven apart are of one weekday.
    """
    if len(history) - history.count(0) < _MIN_DAYS_RANKED:
        return history
    used = bytes(map((0).__lt__, history))
    if used.count(1) < _MIN_DAYS_RANKED or not _differs_by_week(history):
        return history
    sums = accumulate(reversed(_rank_scores(history)))
    squares = [total * total / variance for total, variance in zip(sums, _variances(used), strict=True)]
    strongest = max(squares)
    if strongest < _CHANGE_OF_LEVEL**2:
        return history
    since = len(history) - 1 - squares.index(strongest)
    newest = at_level_now(history[since:])
    level = _level_above(history[:since], newest, since)
    if _THOUSAND * 4 // 5 < level < _THOUSAND * 5 // 4:
        return history
    return [amount * level // _THOUSAND for amount in history[:since]] + [*newest]


def _differs_by_week(history: Sequence[int]) -> bool:
    """Return whether a day of the newest weeks, however many of them, had a quarter more than one before, or one before
    a quarter more. Many histories have no such weeks, and asking is quicker than ranking."""
    sums = [0, *accumulate(history)]
    total, days = sums[-1], len(history)
    for at in range(days - WEEK, _MIN_DAYS_BEFORE, -WEEK):
        newest, before = (total - sums[at]) * at, sums[at] * (days - at)
        if newest * 4 >= before * 5 or newest * 5 <= before * 4:
            return True
    return False


def _rank_scores(history: Sequence[int]) -> list[int]:
    """Return how many days of the same weekday each day is above, less those that it is below; 0 without usage."""
    scores = [0] * len(history)
    for weekday in range(min(WEEK, len(history))):
        amounts = history[weekday::WEEK]
        ranked = sorted(amounts)
        if ranked[0] <= 0:
            ranked = [amount for amount in ranked if amount > 0]
        days = len(ranked)
        score_of = dict(zip(ranked, range(1 - days, days, 2), strict=True))
        if len(score_of) == len(amounts):
            scores[weekday::WEEK] = map(score_of.__getitem__, amounts)
            continue
        if len(score_of) < days:  # some are equal
            score_of = {amount: bisect_left(ranked, amount) + bisect(ranked, amount) - days for amount in score_of}
        scores[weekday::WEEK] = [score_of.get(amount, 0) for amount in amounts]
    return scores


@lru_cache(maxsize=1024)
def _variances(used: bytes) -> list[float]:
    """Return the variance of the sum of `_rank_scores` of the last day, the last two and so on, if ranks are by chance;
    ``used`` says which days have usage.

    Of ``m`` of ``n`` days that were ranked among each other it is m(n − m)(n + 1) ÷ 3.
    """
    of_weekday = [sum(used[weekday::WEEK]) for weekday in range(WEEK)]
    counted = [0] * WEEK
    found, variance = [], 0
    for at in range(len(used) - 1, -1, -1):
        weekday = at % WEEK
        if used[at]:
            days = of_weekday[weekday]
            variance += (days + 1) * (days - 1 - 2 * counted[weekday])
            counted[weekday] += 1
        found.append(variance / 3 if variance else inf)
    return found


def _level_above(before: Sequence[int], after: Sequence[int], first: int) -> int:
    """Return the level of the days ``after``, in thousandths of that before; ``first`` is the position of the first.

    Only days with usage count, and weekdays that had some before.
    """
    usual = {}
    for weekday in range(WEEK):
        used = [amount for amount in before[weekday::WEEK] if amount > 0]
        if used:
            usual[weekday] = sum(used) // len(used)
    compared = [
        (amount, usual[at % WEEK]) for at, amount in enumerate(after, first) if amount > 0 and at % WEEK in usual
    ]
    return sum(amount for amount, _ in compared) * _THOUSAND // max(1, sum(of_before for _, of_before in compared))


def scaled_errors(history: Sequence[int], last: date, ends: Sequence[date]) -> list[int]:
    """Return how far ranges would have been off at past days, in thousandths of their half width.

    The days are four of each week, from the 21st day of the history on, with a week or more to come in a period that
    ended by ``last``, the last day of the history; ``ends`` are the ends of such periods. The whole weeks to come stand
    for all that is to come, and the mean and standard deviation of the weighted weeks before for draws: drawing at
    every past day would take a thousand times as long.
    """
    days = len(history)
    if not days:
        return []
    # Sums above the mean day, because the squares of the sums themselves would leave no digits to the variance.
    usual = sum(history) // days
    sums = [*map(float, accumulate([amount - usual for amount in history], initial=0))]
    found = []
    for origins in _origins(tuple(days - (last - end).days for end in ends)):
        total = squares = 0.0
        for at, weight, weeks in origins:
            so_far = sums[at]
            week = so_far - sums[at - WEEK]
            total = total * _A_WEEK_OLDER + week
            squares = squares * _A_WEEK_OLDER + week * week
            if weeks:
                mean = total / weight
                off = abs(sums[at + weeks * WEEK] - so_far - weeks * mean)
                variance = weeks * (squares / weight - mean * mean)
                if variance >= 1:  # a nano; anything less is what floats round off
                    found.append(int(off * _IN_HALF_WIDTHS / sqrt(variance)))
                else:
                    found.append(_MAX_FACTOR if off >= 1 else 0)
    return found


@lru_cache(maxsize=256)
def _origins(stops: tuple[int, ...]) -> list[list[tuple[int, float, int]]]:
    """Return the past days at which a history is forecast, in rows of days a week apart, with those on which it is not.

    Of each day its position, the weights of the weeks before it added up, and the weeks that are forecast, 0 for none.
    ``stops`` are the positions after the periods that ended.
    """
    rows = []
    for first in range(WEEK, 2 * WEEK, _EVERY_ORIGIN):
        row, weight = [], 0.0
        for at in range(first, max(stops, default=0) - WEEK + 1, WEEK):
            weight = weight * _A_WEEK_OLDER + 1
            to_come = min((stop for stop in stops if stop > at), default=at) - at
            row.append((at, weight, to_come // WEEK if at >= _MIN_ORIGIN else 0))
        rows.append(row)
    return rows


# Known in advance


def fees_in(history: Sequence[int], last: date) -> list[Fee]:
    """Return the charges that recur by the month: seen in two months or more, a day and 5% apart at most.

    A charge stands out of its history by three times what a day costs. What is charged on one day is one charge, and
    belongs to one fee: charges on neighbouring days are two fees if both recur, whether they are alike or not.
    """
    if not history:
        return []
    *_, highest = ordered = sorted(history)
    usual = ordered[len(ordered) // 2]
    standing_out = usual + max(usual, 1) * _FEE_STANDS_OUT
    if highest <= standing_out:
        return []
    first = last - timedelta(days=len(history) - 1)
    charges = {first + timedelta(days=at): amount - usual for at, amount in enumerate(history) if amount > standing_out}
    found: list[Fee] = []
    for day in sorted(charges, reverse=True):
        if day in charges:
            seen = _seen(charges, day, _due_days(day.day, first - ONE_DAY, last + ONE_DAY))
            if len(seen) >= 2:
                found.append(Fee(day.day, charges[max(seen)], seen))
                for paired in seen:
                    del charges[paired]
    return found


def _seen(charges: Mapping[date, int], day: date, due_days: Iterable[date]) -> list[date]:
    """Return the days of the charge of ``day`` and of those like it on the other days that it was due, or near them.

    Of several near one of them it is the latest: the latest charges are paired first, and the earlier days are left to
    fees due the day before.
    """
    seen, amount = [day], charges[day]
    for due in due_days:
        if due != day:
            near = [due + timedelta(days=away) for away in range(_FEE_DAYS, -_FEE_DAYS - 1, -1)]
            seen += [other for other in near if _is_alike(charges.get(other, 0), amount)][:1]
    return seen


def _is_alike(amount: int, of_fee: int) -> bool:
    return abs(amount - of_fee) * 100 <= of_fee * _FEE_TOLERANCE_PERCENT


def without_fees(history: Sequence[int], last: date, fees: Iterable[Fee]) -> list[int]:
    """Return a history without the ``fees`` in it."""
    cleared = list(history)
    usual = median_high(history) if history else 0
    for fee in fees:
        for day in fee.seen:
            cleared[-1 - (last - day).days] = usual
    return cleared


def fees_to_come(fees: Iterable[Fee], last: date, period: Period) -> Mapping[date, int]:
    """Return what the ``fees`` come to on each day of ``period`` after ``last``, where they were not charged early."""
    found: dict[date, int] = {}
    for fee in fees:
        unpaid = max(fee.seen) + timedelta(days=_FEE_DAYS + 1)
        for day in _due_days(fee.day_of_month, max(last + ONE_DAY, period.start, unpaid), period.end):
            found[day] = found.get(day, 0) + fee.amount
    return found


@lru_cache(maxsize=256)
def _due_days(day_of_month: int, first: date, last: date) -> list[date]:
    """Return the days from ``first`` through ``last`` that are a month's ``day_of_month``, or its last if that is
    earlier."""
    months = [divmod(month, 12) for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)]
    days = [date(year, at + 1, min(day_of_month, monthrange(year, at + 1)[1])) for year, at in months]
    return [day for day in days if first <= day <= last]


@lru_cache(maxsize=64)  # of budgets in several currencies, many have the same period
def draws_for(period: Period, last: date, seed: int = 0) -> Draws:
    """Return the draws for what is left of a period, as known through ``last``: always the same ones for a ``seed``."""
    seed += period.start.toordinal() * 1_000_000 + last.toordinal()
    return Draws((period.end - last).days, seed, max(0, (period.start - last).days - 1))
