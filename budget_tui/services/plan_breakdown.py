"""The plan and usage of one entity, broken down by category or provider, from data that was read before."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.coverage import (
    NO_PROVIDER,
    AllocatedTotals,
    Covered,
    Node,
    Scope,
    covered_by,
    over_allocated,
    widest,
)
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.domain.plan import PlannedBudget, whole_period, whole_period_until
from budget_tui.domain.plan_results import Breakdown, ForecastsByPart, Part, PartForecast, TreeNode
from budget_tui.domain.records import UsageOrigin
from budget_tui.domain.variance import Variance
from budget_tui.presentation.formatting import over_allocation_warnings
from budget_tui.services.forecasts import Forecaster, UsageScope, are_too_many_below, counted_together
from budget_tui.services.usage import Conversions, InOneCurrency, Usage, UsageQuery, WholeAndCovered
from budget_tui.storage.session import Session


class Slice(NamedTuple):
    """One part of a breakdown: the costs of a category and provider, and the entity's budgets for them.

    ``around`` are the entity's budgets for any provider, which count these costs too.
    """

    category: Category
    provider: str
    budgets: Sequence[PlannedBudget]
    around: Sequence[PlannedBudget] = ()


class BreakdownInput(NamedTuple):
    """The input of a breakdown."""

    organization: Organization
    entity: Entity
    budgets: Sequence[PlannedBudget]
    periods: tuple[Period, ...]
    usage: Usage
    own: InOneCurrency
    provider: str

    def providers(self, category: Category) -> set[str]:
        return self.usage.providers(Scope(self.entity.entity_key, category, "", ""), self.periods)

    def conversions(self, parts: Collection[Slice]) -> Conversions:
        """Return the effects of other currencies on the figures of ``parts``."""
        money = BudgetType.MONETARY
        queries = [UsageQuery(money, self._scope(part, money), period) for part in parts for period in self.periods]
        budgets = [budget for part in parts for budget in part.budgets]
        return self.usage.conversions(queries).together(self.own.conversions(budgets))

    def part(self, part: Slice, allocated: AllocatedTotals) -> Part:
        money, tokens, seats = (self.figures(part, budget_type) for budget_type in BudgetType)
        conversions = self.conversions([part])
        return Part(
            money[0],
            money[1] or 0,
            *tokens[:2],
            *seats[:2],
            money[2],
            tokens[2],
            seats[2],
            conversions.left_out,
            (
                *over_allocation_warnings(over_allocated((*part.around, *part.budgets), allocated)),
                *conversions.warnings,
            ),
        )

    def figures(self, part: Slice, budget_type: BudgetType) -> tuple[int | None, int | None, int | None]:
        """Return planned amount, usage and unbudgeted usage; without a budget, None, the whole usage and None."""
        whole = self.usage.once(budget_type, self.whole(part, budget_type))
        planned = self.own.converted(self.planned(part, budget_type))
        if not planned:
            return None, whole, None
        addends = self.usage.widest(planned)
        together, budgets = self.usage.added_up(addends), addends.budgets
        used = WholeAndCovered(whole, together.actual)
        rest = self.usage.beside(budget_type, self.around(part, budget_type, budgets), covered_by(budgets), used)
        return together.amount, together.actual, rest

    def whole(self, part: Slice, budget_type: BudgetType) -> Covered:
        """Return everything used of a part, budgeted or not."""
        return {self._scope(part, budget_type): self.periods}

    def covered(self, part: Slice, budget_type: BudgetType) -> Covered:
        """Return what the actual of a part adds up: what counts for its budgets, or everything without any."""
        counting = self.counting(part, budget_type)
        return covered_by(counting) if counting else self.whole(part, budget_type)

    def around(self, part: Slice, budget_type: BudgetType, counting: Sequence[PlannedBudget]) -> Covered:
        """Return the usage of a part from which to subtract what counts for ``counting``.

        For seats it is limited to the days of these budgets: on others, the same seats would be reported again.
        """
        if budget_type is BudgetType.SEAT:
            return {self._scope(part, budget_type): [budget.period for budget in counting]}
        return self.whole(part, budget_type)

    def counting(self, part: Slice, budget_type: BudgetType) -> list[PlannedBudget]:
        """Return the part's budgets that no other of them contains, in the organization's currency."""
        return widest(self.own.converted(self.planned(part, budget_type)), self.usage.history)

    def planned(self, part: Slice, budget_type: BudgetType) -> list[PlannedBudget]:
        """Return the part's budgets of one type that can be converted into the organization's currency."""
        return self.own.counting(budget for budget in part.budgets if budget.budget_type is budget_type)

    def _scope(self, part: Slice, budget_type: BudgetType) -> Scope:
        currency = self.organization.currency if budget_type is BudgetType.MONETARY else ""
        return Scope(self.entity.entity_key, part.category, part.provider, currency)


def parts_by_category(read: BreakdownInput, only: Category | None = None) -> Mapping[str, Slice]:
    """Return every category, and all of them together; or ``only`` one."""
    return {
        str(category): Slice(
            category, read.provider, [budget for budget in read.budgets if budget.category is category]
        )
        for category in Category
        if only in (None, category)
    }


def parts_by_provider(read: BreakdownInput, category: Category) -> Mapping[str, Slice]:
    """Return every provider with a budget or usage in ``category``; '' is the usage without a provider."""
    planned = {budget.provider for budget in read.budgets} - {""}
    used = read.providers(category)
    of_any = [budget for budget in read.budgets if not budget.provider]
    parts = {
        name: Slice(category, name, [budget for budget in read.budgets if budget.provider == name], of_any)
        for name in sorted((planned | used) - {""})
        if read.provider in ("", name)
    }
    if "" in used and not read.provider:
        parts[""] = Slice(category, NO_PROVIDER, (), of_any)
    return parts


def broken_down(
    read: BreakdownInput,
    today: date,
    data_through: date,
    parts: Callable[[BreakdownInput], Mapping[str, Slice]],
    allocated: AllocatedTotals,
) -> Breakdown:
    """Return the plan and usage of each of ``parts``; ``allocated`` is for warnings about over-allocated budgets."""
    slices = parts(read)
    conversions = read.conversions(slices.values())
    too_much = over_allocated(read.budgets, allocated)
    return Breakdown(
        read.organization,
        today,
        data_through,
        read.entity,
        read.periods,
        {name: read.part(part, allocated) for name, part in slices.items()},
        conversions.left_out,
        (*over_allocation_warnings(too_much), *conversions.warnings),
        too_much,
        conversions.warnings,
    )


def part_forecasts(
    session: Session,
    read: BreakdownInput,
    today: date,
    known_through: date,
    parts: Mapping[str, Slice],
    origins: Mapping[int, UsageOrigin] | None = None,
) -> ForecastsByPart:
    """Return what the actual of each of ``parts`` will come to, in money and in tokens; see `Breakdown`. There are none
    for an entity with too many below it: a view must not wait for them. ``origins`` are as for `Forecaster`."""
    path = read.entity.path
    if are_too_many_below(session, read.organization, {path}):
        return {}
    currency_of = {BudgetType.MONETARY: read.organization.currency, BudgetType.TOKEN: ""}
    counted = {
        (name, budget_type): counted_together(
            (UsageScope(path, scope.category, scope.provider, currency), period)
            for scope, periods in read.covered(part, budget_type).items()
            for period in periods
        )
        for name, part in parts.items()
        for budget_type, currency in currency_of.items()
    }
    wanted = [each for of_part in counted.values() for each in of_part]
    forecaster = Forecaster(session, read.organization, today, known_through, wanted, origins)
    found = {}
    for (name, budget_type), of_part in counted.items():
        _, used, _ = read.figures(parts[name], budget_type)
        period = forecaster.period_of(of_part)
        forecast = None if used is None else forecaster.of_usage(of_part, used)
        if forecast is not None and period is not None:
            found[name, budget_type] = PartForecast(forecast, period.end)
    return found


def periods_of(
    budgets: Sequence[PlannedBudget],
    kind: PeriodKind | None,
    start: date | None,
    end: date | None,
    organization: Organization,
    today: date,
) -> tuple[Period, ...]:
    """Return the periods in which unbudgeted usage counts.

    They are exactly the requested days if both ends are given, otherwise the budgets' periods, otherwise one that
    recurs with the given end or today.
    """
    rule = organization.period_rule
    begins = rule.fiscal_start_month
    if start is not None and end is not None:
        return (Period(start, end, begins),)
    if budgets:
        return tuple(sorted({budget.period for budget in budgets}))
    recurring = rule.kind if kind is None or kind is PeriodKind.CUSTOM else kind
    if start is not None:
        return (whole_period(recurring, start, begins),)
    if end is not None:
        return (whole_period_until(recurring, end, begins),)
    return (PeriodRule(recurring, rule.anchor_day, begins).containing(today),)


def with_actuals(node: Node, figures: Callable[[PlannedBudget], Variance]) -> TreeNode:
    """Return ``node`` and all below it, with the usage of each."""
    budget, allocated = node.budget, node.allocated
    children = tuple([with_actuals(child, figures) for child in node.children])
    return TreeNode(budget, figures(budget), allocated, budget.amount - allocated, children)
