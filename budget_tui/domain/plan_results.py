"""Frozen results about the plan, for every interface."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.coverage import OverAllocated
from budget_tui.domain.currency import LeftOut
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.period import Period, together
from budget_tui.domain.plan import Allocations, PlannedBudget
from budget_tui.domain.variance import Totals, Variance, VarianceStatus

NONE_ALLOCATED = Allocations()


class BudgetLine(NamedTuple):
    """A budget with its variance and status; ``reserved`` of it is held for work in flight."""

    budget: PlannedBudget
    figures: Variance
    status: VarianceStatus | None
    reserved: int = 0


def to_watch(lines: Iterable[BudgetLine], today: date) -> list[BudgetLine]:
    """Return the lines of budgets whose period has not ended: no other budget approaches its limit any more."""
    return [line for line in lines if line.budget.period.end >= today]


def counted(lines: Iterable[BudgetLine]) -> Mapping[VarianceStatus | None, int]:
    """Return the number of budgets in each status; None: without data."""
    return Counter(line.status for line in lines)


@dataclass(frozen=True, slots=True)
class BudgetPage:
    """One page of the budgets that match a filter, with the number of all that match.

    ``period`` is the one requested, else from the first day of any of them to the last; None when there are none.
    """

    budgets: tuple[PlannedBudget, ...]
    total: int
    as_of: date
    data_through: date
    warnings: tuple[str, ...] = ()
    period: Period | None = None
    allocations: Allocations = NONE_ALLOCATED


class BudgetForecast(NamedTuple):
    """A budget that runs today, what was used of it so far, and its forecast; in its currency or in tokens.

    Both are None for tokens of which nothing is known.
    """

    budget: PlannedBudget
    used: int | None
    forecast: Forecast | None


class EntityForecast(NamedTuple):
    """The use of an entity and everything below it in ``period``, so far and expected: money in nanos, and tokens."""

    entity: Entity
    period: Period
    spent: int
    forecast: Forecast
    used_tokens: int
    tokens_forecast: Forecast

    @property
    def has_tokens(self) -> bool:
        """True if tokens were ever used there."""
        return bool(self.used_tokens or self.tokens_forecast.median or self.tokens_forecast.days_of_history)


@dataclass(frozen=True, slots=True)
class PlanForecast:
    """The forecasts of the budgets that run today, agents' tokens included, in the order of the hierarchy.

    ``entity`` is the one that was asked for, with all that is below it.
    """

    organization: Organization
    as_of: date
    data_through: date
    entity: EntityForecast
    lines: tuple[BudgetForecast, ...]
    warnings: tuple[str, ...]


ForecastsById = Mapping[str, Forecast]
"""The forecasts of budgets by id: of those that run today and have any."""


class PartForecast(NamedTuple):
    """The forecast of a part of a breakdown, by the last of its days: parts may be of budgets of different periods."""

    forecast: Forecast
    last_day: date


ForecastsByPart = Mapping[tuple[str, BudgetType], PartForecast]
"""The forecasts of the parts of a breakdown, in money and in tokens."""
MOST_FORECASTS = 2_000
"""The number of running budgets, or of entities whose usage is drawn, up to which a view has forecasts: it must not
wait long for them. So many take 0.7 seconds if they run for months, 1.6 for a year; 20,000 of all kinds took 7."""


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """Every budget against its actual, and totals per type and currency that count no amount twice."""

    organization: Organization
    as_of: date
    data_through: date
    lines: tuple[BudgetLine, ...]
    totals: tuple[Totals, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]
    period: Period | None = None
    allocations: Allocations = NONE_ALLOCATED
    forecasts: ForecastsById = field(default_factory=dict)

    @property
    def headline(self) -> Totals:
        """The totals of money in the organization's currency."""
        currency = self.organization.currency
        for totals in self.totals:
            if (totals.budget_type, totals.currency) == (BudgetType.MONETARY, currency):
                return totals
        return Totals(BudgetType.MONETARY, currency, Variance(0, 0))


class TreeNode(NamedTuple):
    """A budget of the allocation tree with its actual; ``unallocated`` is negative when its children have more."""

    budget: PlannedBudget
    figures: Variance
    allocated_to_children: int
    unallocated: int
    children: tuple["TreeNode", ...]


@dataclass(frozen=True, slots=True)
class PlanTree:
    """The allocation trees: each budget below the nearest one of its period that contains it."""

    organization: Organization
    as_of: date
    data_through: date
    roots: tuple[TreeNode, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]
    period: Period | None = None
    allocations: Allocations = NONE_ALLOCATED
    forecasts: ForecastsById = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One category or provider of a breakdown.

    ``budget`` is None where nothing is planned, and ``actual`` is then all usage. Otherwise ``actual`` is what counts
    for the budgets, and ``not_budgeted`` the usage outside them: of other providers, in other categories, on other
    days. Parts with what is not budgeted add up to the whole.

    Tokens and seats are None where there is neither a budget nor usage. Seats are the most on one day; budgeted and
    unbudgeted ones may peak on different days, so they do not add up. All money is in the organization's currency;
    ``left_out`` has no usable rate to it and is in none of the figures.
    """

    budget: int | None
    actual: int
    tokens_budget: int | None = None
    tokens_actual: int | None = None
    seats_budget: int | None = None
    seats_actual: int | None = None
    not_budgeted: int | None = None
    tokens_not_budgeted: int | None = None
    seats_not_budgeted: int | None = None
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def figures(self) -> Variance:
        return Variance(self.budget or 0, self.actual)

    @property
    def used(self) -> int:
        """Everything that was used, budgeted or not."""
        return self.actual + (self.not_budgeted or 0)

    @property
    def by_type(self) -> tuple[tuple[BudgetType, int | None, int | None, int | None], ...]:
        """Each type with its budget, its usage, and its usage that is not budgeted."""
        return (
            (BudgetType.MONETARY, self.budget, self.actual, self.not_budgeted),
            (BudgetType.TOKEN, self.tokens_budget, self.tokens_actual, self.tokens_not_budgeted),
            (BudgetType.SEAT, self.seats_budget, self.seats_actual, self.seats_not_budgeted),
        )


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The budgets and the usage of one entity, part by part.

    Usage without a budget is counted in ``periods``: the one requested, else those of its budgets, else the running
    one. Among providers, the part '' is usage without a provider. The forecast of a part is of what its actual will
    come to; there is one where its days that have not ended are of one stretch that runs today. ``warnings`` describe
    the budgets that are ``over_allocated``, followed by the ``conversion_warnings`` about costs in other currencies.
    """

    organization: Organization
    as_of: date
    data_through: date
    entity: Entity
    periods: tuple[Period, ...]
    parts: Mapping[str, Part]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...] = ()
    over_allocated: tuple[OverAllocated, ...] = ()
    conversion_warnings: tuple[str, ...] = ()
    forecasts: ForecastsByPart = field(default_factory=dict)

    @property
    def stretches(self) -> list[Period]:
        """The days that it covers, as periods without gaps between them."""
        return together(self.periods)


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """A budget after an operation, changed or not, with warnings for the user."""

    budget: PlannedBudget
    warnings: tuple[str, ...] = ()
    rescaled: tuple[PlannedBudget, ...] = ()
    allocations: Allocations = NONE_ALLOCATED


@dataclass(frozen=True, slots=True)
class AllocatedChild:
    """A child budget with the id of its allocation record."""

    budget: PlannedBudget
    allocation_id: str


@dataclass(frozen=True, slots=True)
class PlanAllocation:
    """A budget allocated to its children; ``unallocated`` is negative when they got more than there is."""

    parent: PlannedBudget
    children: tuple[AllocatedChild, ...]
    warnings: tuple[str, ...] = ()
    allocations: Allocations = NONE_ALLOCATED

    @property
    def unallocated(self) -> int:
        return self.parent.amount - sum(child.budget.amount for child in self.children)
