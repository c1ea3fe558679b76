"""Budget against actual, and totals of many budgets that count a dollar once.

One budget *contains* another when all that the other counts counts for it, too: same type and currency, entity on
the path above or the same, category the same or ``total``, provider the same or any, in periods that overlap.
Totals add only budgets that no other one contains. Of two that contain each other, which differ in their periods
only, the longer one counts; then the earlier; then the one first listed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from budget_tui.domain.actuals import ANY_PROVIDER, TOTAL, Lineage, Scope
from budget_tui.domain.amount import divide, share
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget

_MONETARY = BudgetType.MONETARY

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


def scope_of(budget: PlannedBudget) -> Scope:
    """What ``budget`` counts. Tokens and seats have no currency."""
    currency = budget.currency if budget.budget_type is _MONETARY else ""
    return Scope(budget.entity_key, budget.category, budget.provider, currency)


Kind = tuple[BudgetType, str, str, str]
"""What a budget counts, its entity and period aside: type, category, provider, currency."""


def kind_of(budget: PlannedBudget) -> Kind:
    budget_type = budget.budget_type
    return budget_type, budget.category, budget.provider, budget.currency if budget_type is _MONETARY else ""


@lru_cache(maxsize=4096)
def wider_kinds(kind: Kind) -> tuple[Kind, ...]:
    """``kind`` and those that contain it, the narrowest first."""
    budget_type, category, provider, currency = kind
    return tuple(
        (budget_type, wider_category, wider_provider, currency)
        for wider_category in dict.fromkeys((str(category), TOTAL))
        for wider_provider in dict.fromkeys((provider, ANY_PROVIDER))
    )


def widest(budgets: Sequence[PlannedBudget], lineage: Lineage) -> list[PlannedBudget]:
    """The budgets that no other of ``budgets`` contains: added up, they count no dollar twice."""
    periods: _Periods = {}
    for budget in budgets:
        known = periods.setdefault(budget.entity_key, {}).setdefault(kind_of(budget), {})
        known.setdefault(budget.period, budget.budget_id)
    return [budget for budget in budgets if not _is_contained(budget, periods, lineage)]


_Periods = dict[int, dict[Kind, dict[Period, str]]]
"""By entity and kind, the periods that there are budgets of, each with the first one's id."""


def _is_contained(budget: PlannedBudget, periods: _Periods, lineage: Lineage) -> bool:
    kind, period = kind_of(budget), budget.period
    wider = wider_kinds(kind)
    for key in reversed(lineage[budget.entity_key]):  # most are contained at the top
        here = periods.get(key)
        if here is None:
            continue
        for other in wider:
            known = here.get(other)
            if known is None:
                continue
            if key == budget.entity_key and other == kind:
                if known[period] != budget.budget_id or any(
                    _overlap(period, another) and _precedes(another, period) for another in known
                ):
                    return True
            elif period in known or any(_overlap(period, another) for another in known):
                return True
    return False


def _overlap(one: Period, other: Period) -> bool:
    return one.start <= other.end and other.start <= one.end


def _precedes(one: Period, other: Period) -> bool:
    """Whether of two periods of the same scope ``one`` counts."""
    return (-one.days, one.start) < (-other.days, other.start)


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
    found = {"budgets": 0, "over": 0, "approaching": 0, "under": 0, "no_data": 0}
    for status in statuses:
        found["budgets"] += 1
        found[status.value if status is not None else "no_data"] += 1
    return found


class Node(NamedTuple):
    """A budget in the allocation tree, with what was allocated below it."""

    budget: PlannedBudget
    children: tuple["Node", ...]

    @property
    def allocated(self) -> int:
        return sum(child.budget.amount for child in self.children)

    @property
    def unallocated(self) -> int:
        """What no child has; negative when they have more than there is."""
        return self.budget.amount - self.allocated


def forest(budgets: Sequence[PlannedBudget], lineage: Lineage) -> tuple[Node, ...]:
    """The allocation trees of ``budgets``, in their order.

    A budget hangs below the one it was allocated from; one that was planned by itself, below the nearest that
    contains it and has the same period.
    """
    by_id = {budget.budget_id: budget for budget in budgets}
    parent_of = _parents(budgets, by_id, lineage)
    children: dict[str | None, list[PlannedBudget]] = {}
    for budget in budgets:
        children.setdefault(parent_of(budget), []).append(budget)

    def node(budget: PlannedBudget) -> Node:
        return Node(budget, tuple(node(child) for child in children.get(budget.budget_id, ())))

    return tuple(node(budget) for budget in children.get(None, ()))


def _parents(
    budgets: Sequence[PlannedBudget], by_id: Mapping[str, PlannedBudget], lineage: Lineage
) -> Callable[[PlannedBudget], str | None]:
    planned: dict[Period, dict[int, dict[Kind, str]]] = {}
    for budget in budgets:
        here = planned.setdefault(budget.period, {}).setdefault(budget.entity_key, {})
        here.setdefault(kind_of(budget), budget.budget_id)

    def parent(budget: PlannedBudget) -> str | None:
        if budget.parent_id in by_id:
            return budget.parent_id
        known, kind = planned[budget.period], kind_of(budget)
        for key in lineage[budget.entity_key]:
            here = known.get(key, {})
            for other in wider_kinds(kind):
                if other in here and (key != budget.entity_key or other != kind):
                    return here[other]
        return None

    return parent
