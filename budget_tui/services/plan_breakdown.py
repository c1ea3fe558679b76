"""What one entity planned and used, taken apart by category or provider, from what was read before."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.coverage import NO_PROVIDER, Covered, HandedOn, Node, Scope, covered_by, over_allocated, widest
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.domain.plan import PlannedBudget, whole_period, whole_period_until
from budget_tui.domain.plan_results import Breakdown, Part, TreeNode
from budget_tui.domain.variance import Variance
from budget_tui.presentation.formatting import over_allocation_warnings
from budget_tui.services.usage import Asked, Conversions, InOneCurrency, Usage, Used


class Slice(NamedTuple):
    """One part of a breakdown: which costs, and which budgets of the entity; ``around`` it are those of whatever
    provider, which its costs count for, too."""

    category: Category
    provider: str
    budgets: Sequence[PlannedBudget]
    around: Sequence[PlannedBudget] = ()


class Considered(NamedTuple):
    """What a breakdown is made of."""

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
        """What other currencies mean for the figures of ``parts``."""
        money = BudgetType.MONETARY
        asked = [Asked(money, self._scope(part, money), period) for part in parts for period in self.periods]
        budgets = [budget for part in parts for budget in part.budgets]
        return self.usage.conversions(asked).together(self.own.conversions(budgets))

    def part(self, part: Slice, plan: HandedOn) -> Part:
        money, tokens, seats = (self._figures(part, budget_type) for budget_type in BudgetType)
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
            (*over_allocation_warnings(over_allocated((*part.around, *part.budgets), plan)), *conversions.warnings),
        )

    def _figures(self, part: Slice, budget_type: BudgetType) -> tuple[int | None, int | None, int | None]:
        """What is planned (None: nothing), what was used of it or, where nothing is planned, in all, and the rest."""
        whole = self.usage.once(budget_type, self.whole(part, budget_type))
        planned = self.own.converted(self.planned(part, budget_type))
        if not planned:
            return None, whole, None
        addends = self.usage.widest(planned)
        together, budgets = self.usage.added_up(addends), addends.budgets
        used = Used(whole, together.actual)
        rest = self.usage.beside(budget_type, self.around(part, budget_type, budgets), covered_by(budgets), used)
        return together.amount, together.actual, rest

    def whole(self, part: Slice, budget_type: BudgetType) -> Covered:
        """All that was used of a part, for a budget or not."""
        return {self._scope(part, budget_type): self.periods}

    def around(self, part: Slice, budget_type: BudgetType, counting: Sequence[PlannedBudget]) -> Covered:
        """All that was used of a part, of which some counts for ``counting``. Of seats only on the days of these: on
        others it would be the same seats, told again."""
        if budget_type is BudgetType.SEAT:
            return {self._scope(part, budget_type): [budget.period for budget in counting]}
        return self.whole(part, budget_type)

    def counting(self, part: Slice, budget_type: BudgetType) -> list[PlannedBudget]:
        """The budgets of a part that no other of them contains, in the organization's currency."""
        return widest(self.own.converted(self.planned(part, budget_type)), self.usage.history)

    def planned(self, part: Slice, budget_type: BudgetType) -> list[PlannedBudget]:
        """The budgets of a part, of one type, as far as they count in the organization's currency."""
        return self.own.counting(budget for budget in part.budgets if budget.budget_type is budget_type)

    def _scope(self, part: Slice, budget_type: BudgetType) -> Scope:
        currency = self.organization.currency if budget_type is BudgetType.MONETARY else ""
        return Scope(self.entity.entity_key, part.category, part.provider, currency)


def parts_by_category(read: Considered, only: Category | None = None) -> Mapping[str, Slice]:
    """Each category, and all of them together; or ``only`` one."""
    return {
        str(category): Slice(
            category, read.provider, [budget for budget in read.budgets if budget.category is category]
        )
        for category in Category
        if only in (None, category)
    }


def parts_by_provider(read: Considered, category: Category) -> Mapping[str, Slice]:
    """Each provider that something is planned for or was used of, in ``category``; '' is what names none."""
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
    read: Considered,
    today: date,
    data_through: date,
    parts: Callable[[Considered], Mapping[str, Slice]],
    plan: HandedOn,
) -> Breakdown:
    """What was planned and used in each of ``parts``; of ``plan``, what warns about budgets that hand on too much."""
    slices = parts(read)
    conversions = read.conversions(slices.values())
    too_much = over_allocated(read.budgets, plan)
    return Breakdown(
        read.organization,
        today,
        data_through,
        read.entity,
        read.periods,
        {name: read.part(part, plan) for name, part in slices.items()},
        conversions.left_out,
        (*over_allocation_warnings(too_much), *conversions.warnings),
        too_much,
        conversions.warnings,
    )


def periods_of(
    budgets: Sequence[PlannedBudget],
    kind: PeriodKind | None,
    start: date | None,
    end: date | None,
    organization: Organization,
    today: date,
) -> tuple[Period, ...]:
    """Where what has no budget of its own is counted: exactly on the days asked for, where both ends are."""
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
    """``node`` and all below it, with what was used of each."""
    budget, allocated = node.budget, node.allocated
    children = tuple([with_actuals(child, figures) for child in node.children])
    return TreeNode(budget, figures(budget), allocated, budget.amount - allocated, children)
