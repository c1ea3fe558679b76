"""The plan against what was used: summary, allocation tree, by category, by provider. Nothing here writes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.containment import Containment, forest, is_below
from budget_tui.domain.cost import Category
from budget_tui.domain.eras import Eras
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.overallocation import HandedOn, handed_on, handed_on_in, over_allocated
from budget_tui.domain.period import Period, PeriodKind, around
from budget_tui.domain.plan import Allocations, PlannedBudget
from budget_tui.domain.plan_answers import Breakdown, BudgetPage, PlanOutcome, PlanSummary, PlanTree
from budget_tui.domain.variance import VarianceStatus
from budget_tui.presentation.formatting import over_allocation_warnings
from budget_tui.services.context import Context
from budget_tui.services.freshness import data_through
from budget_tui.services.plan_actuals import Actuals
from budget_tui.services.plan_ahead import planned_ahead
from budget_tui.services.plan_board import PlanBoard, board_of, mentioning
from budget_tui.services.plan_breakdown import (
    Considered,
    Slice,
    broken_down,
    parts_by_category,
    parts_by_provider,
    periods_of,
    with_actuals,
)
from budget_tui.services.plan_checks import entity_named, handed_on_in_plan, provider_named
from budget_tui.services.plan_foreign import InOneCurrency, foreign_costs
from budget_tui.services.plan_usage import Usage, all_of, asked_by
from budget_tui.services.plans import find_budget
from budget_tui.storage.plan_queries import PlanConditions
from budget_tui.storage.queries import Queries


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """Which budgets are meant; None and '' stand for any. ``is_active`` False: the deleted ones only. ``is_running``:
    only those whose period today is in.

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
    is_running: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it leaves out nothing for what it is or whose; how it stands to its actual aside."""
        return replace(self, status=None) == PlanFilter()

    def period_of(self, found: Iterable[PlannedBudget], organization: Organization) -> Period | None:
        """The days of an answer about the budgets ``found``: those asked for, else from their first to their last."""
        if self.period_start is not None and self.period_end is not None:
            return Period(self.period_start, self.period_end, organization.period_rule.fiscal_start_month)
        return around({budget.period for budget in found})


class PlanViews:
    """Questions about the plan, each answered from one consistent read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = context.reader()

    def list(self, conditions: PlanFilter = PlanFilter(), limit: int | None = None, offset: int = 0) -> BudgetPage:
        """The budgets that fit, entity by entity: at most ``limit``, after the first ``offset``."""
        with self._reader.session() as queries:
            organization = self._context.organization(queries)
            found = _budgets(queries, organization, conditions, self._today(organization))
            eras = queries.eras(organization.org_key)
            plan = _handed_on(queries, organization, conditions, found, eras)
            today = self._today(organization)
            known = data_through(queries, organization, today)
            allocations = _allocations(queries, organization)
            usage = None if conditions.status is None else Usage(queries, organization, found, today)
        if usage is not None:
            actuals = Actuals(usage)
            found = [budget for budget in found if actuals.line(budget).status is conditions.status]
        page = found[offset:] if limit is None else found[offset : offset + limit]
        warnings = over_allocation_warnings(over_allocated(page, plan))
        period = conditions.period_of(found, organization)
        return BudgetPage(tuple(page), len(found), today, known, warnings, period, allocations)

    def one(self, budget_id: str) -> PlanOutcome:
        """The budget of that id, or the only one whose id begins so; deleted ones, too."""
        with self._reader.session() as queries:
            organization = self._context.organization(queries)
            budget = find_budget(queries, organization.org_key, budget_id)
            plan = handed_on_in_plan(queries, organization.org_key, [budget], queries.eras(organization.org_key))
            allocations = _allocations(queries, organization)
        return PlanOutcome(budget, over_allocation_warnings(over_allocated([budget], plan)), (), allocations)

    def summary(self, conditions: PlanFilter = PlanFilter()) -> PlanSummary:
        """Budget against actual of every budget that fits."""
        with self._reader.session() as queries:
            organization = self._context.organization(queries)
            budgets = _budgets(queries, organization, conditions, self._today(organization))
            usage = Usage(queries, organization, budgets, self._today(organization))
            containment = Containment(budgets, usage.eras)
            plan = _handed_on(queries, organization, conditions, budgets, usage.eras, containment)
            allocations = _allocations(queries, organization)
            known = data_through(queries, organization, self._today(organization))
        actuals, foreign = Actuals(usage), foreign_costs(usage, asked_by(budgets))
        lines = [actuals.line(budget) for budget in budgets]
        if conditions.status is not None:
            lines = [line for line in lines if line.status is conditions.status]
        too_much = over_allocated((line.budget for line in lines), plan)
        return PlanSummary(
            organization,
            self._today(organization),
            known,
            tuple(lines),
            tuple(totals for totals, _ in actuals.totals(lines, containment)),
            foreign.left_out,
            (*over_allocation_warnings(too_much), *foreign.warnings),
            conditions.period_of((line.budget for line in lines), organization),
            allocations,
        )

    def tree(self, root_entity_id: str = "", conditions: PlanFilter = PlanFilter()) -> PlanTree:
        """The allocation trees, of the whole organization or of what is at and below an entity."""
        with self._reader.session() as queries:
            organization = self._context.organization(queries)
            budgets = _budgets(queries, organization, conditions, self._today(organization))
            if root_entity_id:
                top, eras = entity_named(queries, organization, root_entity_id), queries.eras(organization.org_key)
                budgets = [budget for budget in budgets if is_below(budget, top.entity_key, eras)]
            usage = Usage(queries, organization, budgets, self._today(organization))
            allocations = _allocations(queries, organization)
            known = data_through(queries, organization, self._today(organization))
            plan: HandedOn = {}  # only where it has children that the trees do not show
            if not conditions.is_open:
                plan = handed_on_in_plan(queries, organization.org_key, budgets, usage.eras)
        actuals, foreign = Actuals(usage), foreign_costs(usage, asked_by(budgets))
        trees = forest(budgets, usage.eras)
        return PlanTree(
            organization,
            self._today(organization),
            known,
            tuple(with_actuals(node, actuals.figures) for node in trees),
            foreign.left_out,
            (*over_allocation_warnings(over_allocated(budgets, handed_on_in(trees), plan)), *foreign.warnings),
            conditions.period_of(budgets, organization),
            allocations,
        )

    def by_category(self, entity_id: str = ROOT_ID, conditions: PlanFilter = PlanFilter()) -> Breakdown:
        """What an entity planned and used in each category, and in all of them together."""
        return self._breakdown(entity_id, conditions, parts_by_category)

    def by_provider(self, entity_id: str = ROOT_ID, conditions: PlanFilter = PlanFilter()) -> Breakdown:
        """What an entity planned for and used of each provider, in the category of ``conditions`` or in all."""
        category = conditions.category or Category.TOTAL
        return self._breakdown(entity_id, conditions, partial(parts_by_provider, category=category))

    def board(self) -> PlanBoard:
        """Everything at once, for who is going to choose from it again and again."""
        with self._reader.session() as queries:
            return board_of(self._context, queries)

    def close(self) -> None:
        self._reader.close()

    def _today(self, organization: Organization) -> date:
        return self._context.clock.today(organization.time_zone)

    def _breakdown(
        self, entity_id: str, conditions: PlanFilter, parts: Callable[[Considered], Mapping[str, Slice]]
    ) -> Breakdown:
        with self._reader.session() as queries:
            organization = self._context.organization(queries)
            today = self._today(organization)
            entity = entity_named(queries, organization, entity_id or ROOT_ID)
            here = replace(conditions, entity_id=entity.entity_id)
            budgets = _budgets(queries, organization, here, today)
            periods = periods_of(
                budgets,
                conditions.period_kind,
                conditions.period_start,
                conditions.period_end,
                organization,
                today,
            )
            every_period = {*periods, *(budget.period for budget in budgets)}
            everything = list(all_of(entity.entity_key, organization.currency, every_period))
            usage = Usage(queries, organization, (), today, everything)
            own = InOneCurrency(queries, organization.org_key, budgets, organization.currency)
            provider = provider_named(queries, organization.org_key, conditions.provider)
            plan = handed_on_in_plan(queries, organization.org_key, budgets, usage.eras)
            known = data_through(queries, organization, today)
        read = Considered(organization, entity, budgets, periods, usage, own, provider)
        return broken_down(read, today, known, parts, plan)


def _budgets(queries: Queries, organization: Organization, conditions: PlanFilter, today: date) -> list[PlannedBudget]:
    org = organization.org_key
    if conditions.entity_id:
        entity_named(queries, organization, conditions.entity_id)
    found = planned_ahead(
        queries,
        organization,
        today,
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
            day=today if conditions.is_running else None,
        ),
    )
    wanted = conditions.search.strip()
    return list(filter(mentioning(wanted), found)) if wanted else found


def _allocations(queries: Queries, organization: Organization) -> Allocations:
    return Allocations(tuple(queries.allocations(organization.org_key)))


def _handed_on(
    queries: Queries,
    organization: Organization,
    conditions: PlanFilter,
    budgets: Sequence[PlannedBudget],
    eras: Eras,
    containment: Containment | None = None,
) -> HandedOn:
    """What the children of ``budgets``, which are those that fit, have in the whole plan."""
    if conditions.is_open:
        return handed_on(budgets, containment or Containment(budgets, eras))
    return handed_on_in_plan(queries, organization.org_key, budgets, eras)
