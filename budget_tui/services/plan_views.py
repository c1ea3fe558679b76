"""The plan against what was used: summary, allocation tree, by category, by provider. Nothing here writes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from budget_tui.domain.actuals import Scope
from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy import ROOT_ID, Entity
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.domain.plan import PlannedBudget, whole_period
from budget_tui.domain.plan_answers import Breakdown, BudgetLine, BudgetPage, Part, PlanSummary, PlanTree, TreeNode
from budget_tui.domain.variance import Node, VarianceStatus, forest
from budget_tui.services.context import Context
from budget_tui.services.plan_actuals import Actuals, Asked, asked_by
from budget_tui.services.plan_checks import entity_named, every_node, over_allocation_warnings, provider_named
from budget_tui.services.plan_usage import Usage
from budget_tui.storage.plan_queries import PlanConditions
from budget_tui.storage.queries import Queries
from budget_tui.storage.reading import DatabaseReader


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """Which budgets are meant; None and '' stand for any. ``is_active`` False: the deleted ones only.

    ``search`` is looked for in the entity's id and name, the provider and the notes.
    """

    category: Category | None = None
    budget_type: BudgetType | None = None
    period_kind: PeriodKind | None = None
    period_start: date | None = None
    period_end: date | None = None
    entity_id: str = ""
    provider: str = ""
    currency: str = ""
    status: VarianceStatus | None = None
    search: str = ""
    is_active: bool | None = True


class PlanViews:
    """Questions about the plan, each answered from one consistent read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = DatabaseReader(context.path)

    def list(self, conditions: PlanFilter = PlanFilter(), limit: int | None = None, offset: int = 0) -> BudgetPage:
        """The budgets that fit, entity by entity: at most ``limit``, after the first ``offset``."""
        if conditions.status is not None:
            found: Sequence[PlannedBudget] = [line.budget for line in self.summary(conditions).lines]
        else:
            with self._reader.session() as queries:
                found = _budgets(queries, self._context.organization(queries).org_key, conditions)
        page = found[offset:] if limit is None else found[offset : offset + limit]
        return BudgetPage(tuple(page), len(found))

    def summary(self, conditions: PlanFilter = PlanFilter()) -> PlanSummary:
        """Budget against actual of every budget that fits."""
        with self._reader.session() as queries:
            organization = self._context.organization(queries)
            budgets = _budgets(queries, organization.org_key, conditions)
            usage = _usage(queries, organization, budgets)
        actuals = Actuals(usage, asked_by(budgets))
        lines = [BudgetLine(budget, actuals.figures(budget)) for budget in budgets]
        if conditions.status is not None:
            lines = [line for line in lines if line.figures.status is conditions.status]
        return PlanSummary(
            organization,
            self._context.clock.today(organization.time_zone),
            tuple(lines),
            actuals.totals((line.budget, line.figures.status) for line in lines),
            actuals.left_out,
            actuals.warnings,
        )

    def tree(self, root_entity_id: str = "", conditions: PlanFilter = PlanFilter()) -> PlanTree:
        """The allocation trees, of the whole organization or of what is at and below an entity."""
        with self._reader.session() as queries:
            organization = self._context.organization(queries)
            below = entity_named(queries, organization.org_key, root_entity_id).path if root_entity_id else None
            budgets = _budgets(queries, organization.org_key, conditions, below)
            usage = _usage(queries, organization, budgets)
        actuals = Actuals(usage, asked_by(budgets))
        trees = forest(budgets, usage.lineage)
        return PlanTree(
            organization,
            self._context.clock.today(organization.time_zone),
            tuple(_with_actuals(node, actuals) for node in trees),
            actuals.left_out,
            (*over_allocation_warnings(every_node(trees)), *actuals.warnings),
        )

    def by_category(self, entity_id: str = ROOT_ID, conditions: PlanFilter = PlanFilter()) -> Breakdown:
        """What an entity planned and used in each category, and in all of them together."""

        def parts(read: "_Read") -> Mapping[str, _Slice]:
            return {
                str(category): _Slice(
                    category, read.provider, [budget for budget in read.budgets if budget.category is category]
                )
                for category in Category
            }

        return self._breakdown(entity_id, conditions, parts)

    def by_provider(self, entity_id: str = ROOT_ID, conditions: PlanFilter = PlanFilter()) -> Breakdown:
        """What an entity planned for and used of each provider, in the category of ``conditions`` or in all."""
        category = conditions.category or Category.TOTAL

        def parts(read: "_Read") -> Mapping[str, _Slice]:
            planned = {budget.provider for budget in read.budgets}
            names = sorted((planned | read.providers(category)) - {""})
            return {
                name: _Slice(category, name, [budget for budget in read.budgets if budget.provider == name])
                for name in names
                if read.provider in ("", name)
            }

        return self._breakdown(entity_id, conditions, parts)

    def close(self) -> None:
        self._reader.close()

    def _breakdown(
        self, entity_id: str, conditions: PlanFilter, parts: Callable[["_Read"], Mapping[str, "_Slice"]]
    ) -> Breakdown:
        with self._reader.session() as queries:
            organization = self._context.organization(queries)
            today = self._context.clock.today(organization.time_zone)
            entity = entity_named(queries, organization.org_key, entity_id or ROOT_ID)
            here = replace(conditions, entity_id=entity.entity_id)
            budgets = _budgets(queries, organization.org_key, here)
            periods = _periods(budgets, conditions, organization, today)
            every_period = {*periods, *(budget.period for budget in budgets)}
            currencies = {organization.currency, *(budget.currency for budget in budgets)}
            usage = Usage(queries, organization, every_period, set(BudgetType), currencies)
            provider = provider_named(queries, organization.org_key, conditions.provider)
        read = _Read(organization, entity, budgets, periods, usage, provider)
        slices = parts(read)
        asked = [each for part in slices.values() for each in read.asked(part)]
        actuals = Actuals(usage, [*asked_by(budgets), *asked])
        return Breakdown(
            organization,
            today,
            entity,
            periods,
            {name: read.part(part, actuals) for name, part in slices.items()},
            actuals.left_out,
            actuals.warnings,
        )


class _Slice(NamedTuple):
    """One part of a breakdown: which costs, and which budgets of the entity."""

    category: Category
    provider: str
    budgets: Sequence[PlannedBudget]


class _Read(NamedTuple):
    """What a breakdown is made of."""

    organization: Organization
    entity: Entity
    budgets: Sequence[PlannedBudget]
    periods: tuple[Period, ...]
    usage: Usage
    provider: str

    def providers(self, category: Category) -> set[str]:
        return self.usage.providers(Scope(self.entity.entity_key, category, "", ""))

    def asked(self, part: _Slice) -> list[Asked]:
        return [
            Asked(budget_type, self._scope(part, budget_type), period)
            for budget_type in BudgetType
            for period in self.periods
        ]

    def part(self, part: _Slice, actuals: Actuals) -> Part:
        money, tokens, seats = (self._figures(part, budget_type, actuals) for budget_type in BudgetType)
        return Part(money[0], money[1] or 0, *tokens, *seats)

    def _figures(self, part: _Slice, budget_type: BudgetType, actuals: Actuals) -> tuple[int | None, int | None]:
        """What is planned (None: nothing), and what was used of it or, where nothing is planned, in all."""
        planned = [
            budget
            for budget in part.budgets
            if budget.budget_type is budget_type
            and (budget_type is not BudgetType.MONETARY or budget.currency == self.organization.currency)
        ]
        if planned:
            together = actuals.together(planned)
            return together.amount, together.actual
        return None, actuals.once(budget_type, {self._scope(part, budget_type): self.periods})

    def _scope(self, part: _Slice, budget_type: BudgetType) -> Scope:
        currency = self.organization.currency if budget_type is BudgetType.MONETARY else ""
        return Scope(self.entity.entity_key, part.category, part.provider, currency)


def _budgets(queries: Queries, org: int, conditions: PlanFilter, below: str | None = None) -> list[PlannedBudget]:
    if conditions.entity_id:
        entity_named(queries, org, conditions.entity_id)
    found = queries.planned_budgets(
        org,
        PlanConditions(
            conditions.category,
            conditions.budget_type,
            conditions.period_kind,
            conditions.period_start,
            conditions.period_end,
            conditions.entity_id or None,
            provider_named(queries, org, conditions.provider) or None,
            conditions.currency.upper() or None,
            conditions.is_active,
            below,
        ),
    )
    wanted = conditions.search.strip().casefold()
    return [budget for budget in found if not wanted or _mentions(budget, wanted)]


def _mentions(budget: PlannedBudget, wanted: str) -> bool:
    texts = (budget.entity_id, budget.entity_name, budget.provider, budget.notes)
    return any(wanted in text.casefold() for text in texts)


def _usage(queries: Queries, organization: Organization, budgets: Sequence[PlannedBudget]) -> Usage:
    return Usage(
        queries,
        organization,
        {budget.period for budget in budgets},
        {budget.budget_type for budget in budgets},
        {budget.currency for budget in budgets if budget.budget_type is BudgetType.MONETARY},
    )


def _periods(
    budgets: Sequence[PlannedBudget], conditions: PlanFilter, organization: Organization, today: date
) -> tuple[Period, ...]:
    """Where what has no budget of its own is counted."""
    if budgets:
        return tuple(sorted({budget.period for budget in budgets}))
    rule = organization.period_rule
    kind = conditions.period_kind
    if kind is None or kind is PeriodKind.CUSTOM:
        return (rule.containing(conditions.period_start or today),)
    if conditions.period_start is not None:
        return (whole_period(kind, conditions.period_start),)
    return (PeriodRule(kind, rule.anchor_day, rule.fiscal_start_month).containing(today),)


def _with_actuals(node: Node, actuals: Actuals) -> TreeNode:
    budget, allocated = node.budget, node.allocated
    children = tuple([_with_actuals(child, actuals) for child in node.children])
    return TreeNode(budget, actuals.figures(budget), allocated, budget.amount - allocated, children)
