"""Costs in other currencies: counted at the rate of their day, or left out and named. Never just added.

What one origin cost on one day is converted, and rounded, as one amount. No sum that is shown cuts that in two,
so project, category, provider and day all add up to the same total.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from budget_tui.domain.amount import LIMIT_NANOS
from budget_tui.domain.fx import Rates, convert

STALE_DAYS = 10
"""A rate that is older than this on the day of a cost is said to be old. Daily rates pause for five days at most."""


class ForeignCost(NamedTuple):
    """What one origin cost on one day in another currency; ``path`` is None where it found no entity. What ``is_once``
    is no rate."""

    path: str | None
    currency: str
    day: date
    amount: int
    costs: int
    is_once: bool = False


class ForeignSpend(NamedTuple):
    """Costs in a currency that no rate can be used for: left out of every sum, and named."""

    currency: str
    amount: int
    costs: int


class ConvertedSpend(NamedTuple):
    """Costs in another currency that count as ``counted`` in the organization's own.

    ``oldest_days`` is the age of the oldest rate used, on the day of its cost.
    """

    currency: str
    amount: int
    costs: int
    counted: int
    oldest_days: int


@dataclass(frozen=True, slots=True)
class Converted:
    """``costs`` with what each counts as; by currency what was converted, and what had to be left out."""

    costs: tuple[tuple[ForeignCost, int], ...] = ()
    spends: tuple[ConvertedSpend, ...] = ()
    left_out: tuple[ForeignSpend, ...] = ()


def converted(costs: Iterable[ForeignCost], rates: Rates, currency: str, own: int = 0) -> Converted:
    """``costs`` in ``currency``, each at the rate of its day, rounded half-even once.

    A currency that would take what all come to beside ``own`` out of range is left out whole: its rate is absurd.
    """
    counted: list[tuple[ForeignCost, int]] = []
    spends: dict[str, list[int]] = {}
    left_out: dict[str, list[int]] = {}
    weights: dict[str, int] = {}
    for cost in costs:
        _, code, day, amount, number, _ = cost
        factor = rates.factor(code, currency, day)
        nanos = None if factor is None else convert(amount, factor.value)
        if factor is None or nanos is None:
            sums = left_out.setdefault(code, [0, 0])
        else:
            counted.append((cost, nanos))
            sums = spends.setdefault(code, [0, 0, 0, 0])
            sums[2] += nanos
            weights[code] = weights.get(code, 0) + abs(nanos)
            sums[3] = max(sums[3], (day - factor.day).days)
        sums[0] += amount
        sums[1] += number
    room = LIMIT_NANOS - abs(own)
    for code in sorted(weights, key=lambda code: (weights[code], code)):
        room -= weights[code]
        if room < 0:
            amount, number, *_ = spends.pop(code)
            left = left_out.get(code, [0, 0])
            left_out[code] = [left[0] + amount, left[1] + number]
    return Converted(
        tuple(pair for pair in counted if pair[0].currency in spends),
        tuple(ConvertedSpend(code, *sums) for code, sums in sorted(spends.items())),
        tuple(ForeignSpend(code, *sums) for code, sums in sorted(left_out.items())),
    )
