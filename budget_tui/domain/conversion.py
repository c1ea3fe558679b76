"""Costs in other currencies: counted at the rate of their day, or left out and named. Never just added.

What one origin cost on one day is converted, and rounded, as one amount. No sum that is shown cuts that in two,
so project, category, provider and day all add up to the same total.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from budget_tui.domain.fx import Rates, convert

STALE_DAYS = 10
"""A rate that is older than this on the day of a cost is said to be old. Daily rates pause for five days at most."""


class ForeignCost(NamedTuple):
    """What one origin cost on one day in another currency; ``path`` is None where it found no entity."""

    path: str | None
    currency: str
    day: date
    amount: int
    costs: int


class ForeignSpend(NamedTuple):
    """Costs in a currency that there is no rate for: left out of every sum, and named."""

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


def converted(costs: Iterable[ForeignCost], rates: Rates, currency: str) -> Converted:
    """``costs`` in ``currency``, each at the rate of its day, rounded half-even once."""
    counted: list[tuple[ForeignCost, int]] = []
    spends: dict[str, ConvertedSpend] = {}
    left_out: dict[str, ForeignSpend] = {}
    for cost in costs:
        factor = rates.factor(cost.currency, currency, cost.day)
        if factor is None:
            _, amount, number = left_out.get(cost.currency, ForeignSpend(cost.currency, 0, 0))
            left_out[cost.currency] = ForeignSpend(cost.currency, amount + cost.amount, number + cost.costs)
            continue
        nanos = convert(cost.amount, factor.value)
        counted.append((cost, nanos))
        so_far = spends.get(cost.currency, ConvertedSpend(cost.currency, 0, 0, 0, 0))
        spends[cost.currency] = ConvertedSpend(
            cost.currency,
            so_far.amount + cost.amount,
            so_far.costs + cost.costs,
            so_far.counted + nanos,
            max(so_far.oldest_days, (cost.day - factor.day).days),
        )
    return Converted(tuple(counted), tuple(sorted(spends.values())), tuple(sorted(left_out.values())))
