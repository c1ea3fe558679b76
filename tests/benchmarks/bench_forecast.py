"""How good forecasts are, and what they cost: spending of seven kinds, forecast from each day from the 21st on.

The range is to hold what became in four of five cases. Its median is compared with four rivals of one line each, which
know the declared fees as well. ``bench_forecast.py SEED`` draws other spending. Times are the processor's.
"""

import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import bench_snapshot
from measure import report

from budget_tui.__main__ import GARBAGE_THRESHOLD
from budget_tui.domain.backtest import MIN_DAYS_KNOWN, MIN_DAYS_TO_COME, RIVALS, rivals
from budget_tui.domain.forecast import MAX_DAYS, MIN_DAYS, Draws, draws_for, expected, range_of
from budget_tui.domain.period import Period, PeriodRule, parse_rule
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.forecasts import Forecasts
from budget_tui.storage.database import database_at

FIRST, DAYS, SERIES = date(2025, 1, 1), 182, 40
PROJECTS, SHOWN = bench_snapshot.PROJECTS, 40
LIMIT_SECONDS, ROUNDS = 0.3, 5
CENTS = 10**7
RULE: PeriodRule = parse_rule("monthly", "1", "1")


class Spending(NamedTuple):
    """Usage of each day from `FIRST` on, and fees that are declared, by day."""

    usage: list[int]
    declared: dict[int, int]


def _noisy(rng: random.Random, level: float, spread: float = 0.35) -> int:
    return max(0, round(level * rng.lognormvariate(0, spread)))


def _week(rng: random.Random) -> list[float]:
    weekend = rng.uniform(0.1, 0.7)
    return [rng.uniform(0.85, 1.15) for _ in range(5)] + [weekend * rng.uniform(0.8, 1.2) for _ in range(2)]


def _pattern(rng: random.Random) -> list[int]:
    level, week = rng.uniform(500, 20_000), _week(rng)
    return [_noisy(rng, level * week[(FIRST + timedelta(days=day)).weekday()]) for day in range(DAYS)]


def _fees(rng: random.Random, usage: Sequence[int]) -> dict[int, int]:
    amount = round(fmean(usage) * rng.uniform(6, 15))
    return {day: amount for day in range(DAYS) if (FIRST + timedelta(days=day)).day == 1}


def weekdays(rng: random.Random) -> Spending:
    return Spending(_pattern(rng), {})


def declared_fee(rng: random.Random) -> Spending:
    usage = _pattern(rng)
    return Spending(usage, _fees(rng, usage))


def fee_not_declared(rng: random.Random) -> Spending:
    usage = _pattern(rng)
    for day, amount in _fees(rng, usage).items():
        usage[day] += amount
    return Spending(usage, {})


def regime_change(rng: random.Random) -> Spending:
    at, factor = rng.randrange(60, 140), rng.choice((0.4, 0.6, 1.6, 2.2))
    return Spending([round(amount * (factor if day >= at else 1)) for day, amount in enumerate(_pattern(rng))], {})


def spikes(rng: random.Random) -> Spending:
    return Spending([amount * (rng.randrange(5, 12) if rng.random() < 0.04 else 1) for amount in _pattern(rng)], {})


def silence(rng: random.Random) -> Spending:
    usage = _pattern(rng)
    for _ in range(rng.randrange(2, 5)):
        start = rng.randrange(20, DAYS - 20)
        for day in range(start, start + rng.randrange(4, 15)):
            usage[day] = 0
    return Spending(usage, {})


def weekly_batches(rng: random.Random) -> Spending:
    level, on = rng.uniform(5_000, 100_000), rng.randrange(7)
    return Spending(
        [_noisy(rng, level, 0.5) if (FIRST + timedelta(days=day)).weekday() == on else 0 for day in range(DAYS)], {}
    )


KINDS: tuple[Callable[[random.Random], Spending], ...] = (
    weekdays, declared_fee, fee_not_declared, regime_change, spikes, silence, weekly_batches,
)  # fmt: skip
WITH_FEES = {declared_fee.__name__, fee_not_declared.__name__}


class Case(NamedTuple):
    """One forecast and what became, each as a share of the spending's mean month."""

    held: bool
    width: float
    error: float
    rivals: tuple[float, ...]


def ends_before(day: date) -> list[date]:
    found, period = [], RULE.containing(FIRST)
    while period.end <= day:
        found.append(period.end)
        period = RULE.after(period)
    return found


def of(period: Period) -> range:
    """The days of a period, counted from `FIRST`."""
    return range((period.start - FIRST).days, (period.end - FIRST).days + 1)


def cases(spending: Spending, draws: dict[tuple[date, date], Draws]) -> Iterator[Case]:
    usage = [amount * CENTS for amount in spending.usage]
    month = fmean(usage) * 30.4 + sum(spending.declared.values()) * CENTS / (DAYS / 30.4) or 1.0
    for origin in range(MIN_DAYS_KNOWN - 1, DAYS - 1):
        last = FIRST + timedelta(days=origin)
        period = RULE.containing(last)
        before = RULE.containing(period.start - timedelta(days=1))
        stop = (period.end - FIRST).days
        if stop >= DAYS or stop - origin < MIN_DAYS_TO_COME:
            continue
        # Fees come on the first, which is never among the days that are left of a month.
        became = sum(usage[origin + 1 : stop + 1])
        history = usage[max(0, origin + 1 - MAX_DAYS) : origin + 1]
        drawn = draws.setdefault((last, period.end), draws_for(period, last))
        found = range_of(expected(history, last, period, 0, 0, drawn), drawn, last, ends_before(last))
        yield Case(
            found.low <= became <= found.high,
            (found.high - found.low) / month,
            abs(found.median - became) / month,
            tuple(abs(guess - became) / month for guess in rivals(usage, origin + 1, of(period), of(before))),
        )


def seconds_of_ranges() -> float:
    """Of the ranges of many projects with twelve weeks of data each, once that is read."""
    rng, last = random.Random(3), FIRST + timedelta(days=MAX_DAYS - 1)
    histories = [[rng.randrange(10**12) for _ in range(MAX_DAYS)] for _ in range(PROJECTS)]
    period = Period(RULE.containing(last).start, RULE.containing(last).end + timedelta(days=20))
    ended = ends_before(last)
    began = time.process_time()
    draws = draws_for(period, last)
    for history in histories:
        range_of(expected(history, last, period, 0, 0, draws), draws, last, ended)
    return time.process_time() - began


def seconds_of_report(path: Path) -> float:
    """Of reading a database of many projects with half a year of costs: the total's range and a screen of them."""
    forecasts = Forecasts(Context(database_at(path), "default", Clock(bench_snapshot.TODAY - timedelta(15)), "bench"))
    began = time.process_time()
    report = forecasts.current()
    shown = [report.projects[project] for project in islice(report.projects, SHOWN)]
    took = time.process_time() - began
    forecasts.close()
    assert report.total.has_range
    assert len(shown) == SHOWN
    return took


def best_of(rounds: int, measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(rounds))


def main() -> None:
    assert MIN_DAYS < MIN_DAYS_KNOWN
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20_250_101
    draws: dict[tuple[date, date], Draws] = {}
    by_kind = {
        kind.__name__: [case for number in range(SERIES) for case in cases(kind(random.Random(seed + number)), draws)]
        for kind in KINDS
    }
    everything = [case for found in by_kind.values() for case in found]
    without_fees = [case for kind, found in by_kind.items() if kind not in WITH_FEES for case in found]

    def coverage(name: str, found: Sequence[Case], away: float) -> None:
        held = fmean(case.held for case in found)
        print(f"range holds, {name} | {held:.1%} | 80.0% | {abs(held - 0.8) * 100:.1f} | {away:.1f}", flush=True)

    def error(name: str, found: Sequence[Case], limit: float) -> None:
        best, rival = min((fmean(case.rivals[at] for case in found), rival) for at, rival in enumerate(RIVALS))
        report(
            f"error of the median, {name}, and {rival}",
            fmean(case.error for case in found),
            best,
            limit,
            "{:.1%}".format,
        )

    coverage("all", everything, 8)
    error("all without fees", without_fees, 0.93)
    for kind, found in by_kind.items():
        coverage(kind.replace("_", " "), found, 10)
        error(kind.replace("_", " "), found, 1.25)
        print(f"# {kind}: width {fmean(case.width for case in found):.1%} of a month", file=sys.stderr)
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)  # as the program does
    report(f"ranges of {PROJECTS:,} projects", best_of(ROUNDS, seconds_of_ranges), LIMIT_SECONDS, 1.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.db"
        bench_snapshot.fill(path, DAYS)
        took = best_of(ROUNDS, partial(seconds_of_report, path))
    report(f"forecasts of {PROJECTS:,} projects, of which {SHOWN} are shown", took, LIMIT_SECONDS, 1.0)


if __name__ == "__main__":
    main()
