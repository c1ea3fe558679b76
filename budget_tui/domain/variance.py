"""Budget against actual: what is left, in what status that is, and what many budgets come to."""

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
"""Less than this left, and a budget is approaching its end."""


class VarianceStatus(StrEnum):
    OVER = "over"
    APPROACHING = "approaching"
    UNDER = "under"


class Variance(NamedTuple):
    """A budget's amount against what was used, in the same unit. ``actual`` is None where there is no data."""

    amount: int
    actual: int | None

    @property
    def variance(self) -> int | None:
        """What is left; negative beyond the budget."""
        return None if self.actual is None else self.amount - self.actual

    @property
    def variance_percent(self) -> Decimal | None:
        return None if self.actual is None else percent_of(self.amount - self.actual, self.amount)

    @property
    def percent_used(self) -> Decimal | None:
        return None if self.actual is None else percent_of(self.actual, self.amount)

    @property
    def utilization(self) -> Fraction | None:
        """The used share of the amount; of an amount of 0, 1 when anything was used."""
        return None if self.actual is None else share(self.actual, self.amount)

    @property
    def millionths_used(self) -> int:
        """The used share as a number to sort by, in a tenth of a fraction's time; -1 where there is no data."""
        if self.actual is None:
            return -1
        return self.actual * 1_000_000 // self.amount if self.amount else min(self.actual, 1) * 10**30

    @property
    def is_over_budget(self) -> bool:
        return self.actual is not None and self.actual > self.amount

    @property
    def status(self) -> VarianceStatus | None:
        return status_of(self.amount, self.actual)


def status_of(amount: int, actual: int | None) -> VarianceStatus | None:
    """``over`` beyond the amount, ``approaching`` with less than a quarter of it left; None where there is no data."""
    if actual is None:
        return None
    if actual > amount:
        return VarianceStatus.OVER
    if (amount - actual) * 100 < amount * APPROACHING_PERCENT:
        return VarianceStatus.APPROACHING
    return VarianceStatus.UNDER


def percent_of(part: int, whole: int) -> Decimal | None:
    """``part`` in percent of ``whole``, to hundredths, half-even; None of nothing."""
    if whole <= 0:
        return None
    hundredths = divide(part * 10_000, whole)
    return Decimal(hundredths).scaleb(-2)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of one type and currency; ``budgets`` and the counts by status are of all budgets listed."""

    budget_type: BudgetType
    currency: str
    total: Variance
    budgets: int = 0
    over: int = 0
    approaching: int = 0
    under: int = 0
    no_data: int = 0


def counted(statuses: Iterable[VarianceStatus | None]) -> dict[str, int]:
    """How many budgets have each status, by the names of `Totals`."""
    found = Counter(statuses)
    by_name = {str(status): found[status] for status in VarianceStatus}
    return {"budgets": found.total(), **by_name, "no_data": found[None]}
