"""Variance of budgets against usage: what is left, its status, and totals of many budgets."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from budget_tui.domain.amount import divide, share
from budget_tui.domain.budget import BudgetType

APPROACHING_PERCENT = 25
"""A budget with less than this left is approaching its limit."""
_BELOW_ANY_CREDIT = -(10**60)


class VarianceStatus(StrEnum):
    OVER = "over"
    APPROACHING = "approaching"
    UNDER = "under"


class Variance(NamedTuple):
    """A budget's amount against its usage, in the same unit; ``actual`` is None where there is no data."""

    amount: int
    actual: int | None

    @property
    def variance(self) -> int | None:
        """The amount left; negative beyond the budget."""
        return None if self.actual is None else self.amount - self.actual

    @property
    def variance_percent(self) -> Decimal | None:
        """The amount left in percent, to two decimals; None without data and of an amount of 0."""
        return None if self.actual is None else percent_of(self.amount - self.actual, self.amount)

    @property
    def percent_used(self) -> Decimal | None:
        """The used part in percent, to two decimals; None without data and of an amount of 0."""
        return None if self.actual is None else percent_of(self.actual, self.amount)

    @property
    def utilization(self) -> Fraction | None:
        """The used share of the amount, 1 for all of it; of an amount of 0, 1 if anything was used, else 0; None
        without data."""
        return None if self.actual is None else share(self.actual, self.amount)

    @property
    def millionths_used(self) -> int:
        """The used share in millionths, to sort by: ten times faster than a fraction. No data is below any credit."""
        if self.actual is None:
            return _BELOW_ANY_CREDIT
        return self.actual * 1_000_000 // self.amount if self.amount else min(self.actual, 1) * 10**30

    @property
    def is_over_budget(self) -> bool:
        return self.actual is not None and self.actual > self.amount

    @property
    def status(self) -> VarianceStatus | None:
        return status_of(self.amount, self.actual)


def status_of(amount: int, actual: int | None) -> VarianceStatus | None:
    """Return ``over`` beyond the amount, ``approaching`` with less than `APPROACHING_PERCENT` left, else ``under``;
    None without data."""
    if actual is None:
        return None
    if actual > amount:
        return VarianceStatus.OVER
    if (amount - actual) * 100 < amount * APPROACHING_PERCENT:
        return VarianceStatus.APPROACHING
    return VarianceStatus.UNDER


def percent_of(part: int, whole: int) -> Decimal | None:
    """Return ``part`` in percent of ``whole``, rounded half-even to hundredths; None when ``whole`` is 0 or less."""
    if whole <= 0:
        return None
    hundredths = divide(part * 10_000, whole)
    return Decimal(hundredths).scaleb(-2)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of one type and currency.

    ``total`` counts what is in several budgets once: it leaves out those that another one contains. ``budgets`` and the
    counts by status include all budgets listed.
    """

    budget_type: BudgetType
    currency: str
    total: Variance
    budgets: int = 0
    over: int = 0
    approaching: int = 0
    under: int = 0
    no_data: int = 0


def count_by_status(statuses: Iterable[VarianceStatus | None]) -> dict[str, int]:
    """Count the budgets by status, under the field names of `Totals`."""
    found = Counter(statuses)
    by_name = {str(status): found[status] for status in VarianceStatus}
    return {"budgets": found.total(), **by_name, "no_data": found[None]}
