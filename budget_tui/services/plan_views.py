"""The plan against usage: summary, allocation tree, breakdowns, and a board of everything for interactive filters.

Nothing here writes; a period that nobody has opened yet is computed as it would open.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import cached_property, partial
from itertools import islice
from typing import NamedTuple, TypeVar
from uuid import NAMESPACE_OID, uuid5

from dateutil.relativedelta import relativedelta

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.coverage import (
    AllocatedTotals,
    Containment,
    OverAllocated,
    Scope,
    allocated_totals,
    allocated_totals_in,
    forest,
    is_below,
    over_allocated,
)
from budget_tui.domain.errors import Refused, unknown
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.hierarchy import ROOT_ID, Entity, unstored_root
from budget_tui.domain.hierarchy_history import Era, HierarchyHistory
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.domain.plan import Allocations, PlanFilter, PlannedBudget, text_matcher, whole_period
from budget_tui.domain.plan_results import (
    MOST_FORECASTS,
    Breakdown,
    BudgetLine,
    BudgetPage,
    ForecastsById,
    ForecastsByPart,
    PlanForecast,
    PlanOutcome,
    PlanSummary,
    PlanTree,
)
from budget_tui.domain.records import UsageOrigin
from budget_tui.domain.variance import Totals
from budget_tui.presentation.formatting import over_allocation_warnings
from budget_tui.services.closing import beyond_reach, budgets_ahead
from budget_tui.services.context import Context
from budget_tui.services.forecasts import (
    Forecaster,
    are_too_many_below,
    counted_by,
    counted_together,
    everything_below,
    forecasts_of,
)
from budget_tui.services.freshness import data_through
from budget_tui.services.plan_breakdown import (
    BreakdownInput,
    Slice,
    broken_down,
    part_forecasts,
    parts_by_category,
    parts_by_provider,
    periods_of,
    with_actuals,
)
from budget_tui.services.snapshots import running_period
from budget_tui.services.usage import (
    Addends,
    InOneCurrency,
    Reserved,
    Usage,
    all_usage_of,
    entity_named,
    provider_named,
    usage_queries,
)
from budget_tui.storage.session import Session

EVERYTHING = PlanFilter()
_TREND_MONTHS = 12
_Value = TypeVar("_Value")


class PlanViews:
    """Queries on the plan, each from one consistent read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = context.reader()

    def list(self, conditions: PlanFilter = EVERYTHING, limit: int | None = None, offset: int = 0) -> BudgetPage:
        """Return the matching budgets by entity: at most ``limit``, after the first ``offset``."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            found = budgets_matching(session, organization, conditions, self._today(organization), self._now())
            history = session.fast.hierarchy_history(organization.org_key)
            allocated = _allocated_totals(session, organization, conditions, found, history)
            today = self._today(organization)
            known = data_through(session, organization, today)
            allocations = _allocations(session, organization)
            queries = usage_queries(found)
            usage = None if conditions.status is None else Usage(session, organization, today, queries)
        if usage is not None:
            found = [line.budget for line in usage.lines(found, queries) if line.status is conditions.status]
        page = found[offset:] if limit is None else found[offset : offset + limit]
        warnings = over_allocation_warnings(over_allocated(page, allocated))
        period = conditions.period_of(found, organization.period_rule.fiscal_start_month)
        return BudgetPage(tuple(page), len(found), today, known, warnings, period, allocations)

    def one(self, budget_id: str) -> PlanOutcome:
        """Return the budget with that id, or whose id alone begins with it; deleted ones, too."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            budget = find_budget(session, organization.org_key, budget_id)
            allocated = allocated_totals_in_plan(
                session, organization.org_key, [budget], session.fast.hierarchy_history(organization.org_key)
            )
            allocations = _allocations(session, organization)
        return PlanOutcome(budget, over_allocation_warnings(over_allocated([budget], allocated)), (), allocations)

    def summary(self, conditions: PlanFilter = EVERYTHING, *, with_forecasts: bool = True) -> PlanSummary:
        """Compare each matching budget with its actual, and with its forecast unless these are too many."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today = self._today(organization)
            budgets = budgets_matching(session, organization, conditions, today, self._now())
            queries = usage_queries(budgets)
            usage = Usage(session, organization, today, queries)
            containment = Containment(budgets, usage.history)
            allocated = _allocated_totals(session, organization, conditions, budgets, usage.history, containment)
            allocations = _allocations(session, organization)
            known = data_through(session, organization, today)
            lines = usage.lines(budgets, queries)
            if conditions.status is not None:
                lines = [line for line in lines if line.status is conditions.status]
            lines = _reserved(session, organization, today, self._now()).lines(lines)
            shown = [line.budget for line in lines] if with_forecasts else []
            forecasts = _forecasts(session, organization, today, known, shown, usage.origins)
        conversions = usage.conversions(queries)
        too_much = over_allocated((line.budget for line in lines), allocated)
        return PlanSummary(
            organization,
            today,
            known,
            tuple(lines),
            tuple(totals for totals, _ in usage.totals(lines, containment)),
            conversions.left_out,
            (*over_allocation_warnings(too_much), *conversions.warnings),
            conditions.period_of((line.budget for line in lines), organization.period_rule.fiscal_start_month),
            allocations,
            forecasts,
        )

    def at_a_glance(self) -> PlanSummary | None:
        """Compare the budgets that run today with their actuals; None if nothing is planned beside the global budget
        and what was allocated from it."""
        running = PlanFilter(is_running=True)
        with self._reader.session() as session:
            organization = self._context.organization(session)
            budgets = budgets_matching(session, organization, running, self._today(organization), self._now())
            if all(budget.in_cycle for budget in budgets):
                return None
        return self.summary(running, with_forecasts=False)

    def tree(self, root_entity_id: str = "", conditions: PlanFilter = EVERYTHING) -> PlanTree:
        """Return the allocation trees of the whole organization, or of an entity and everything below it."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today = self._today(organization)
            budgets = budgets_matching(session, organization, conditions, today, self._now())
            if root_entity_id:
                top = entity_named(session, organization, root_entity_id)
                history = session.fast.hierarchy_history(organization.org_key)
                budgets = [budget for budget in budgets if is_below(budget, top.entity_key, history)]
            queries = usage_queries(budgets)
            usage = Usage(session, organization, today, queries)
            allocations = _allocations(session, organization)
            known = data_through(session, organization, today)
            forecasts = _forecasts(session, organization, today, known, budgets, usage.origins)
            allocated: AllocatedTotals = {}  # only needed if it has children that the trees do not show
            if not replace(conditions, status=None).is_default:
                allocated = allocated_totals_in_plan(session, organization.org_key, budgets, usage.history)
        conversions = usage.conversions(queries)
        trees = forest(budgets, usage.history)
        return PlanTree(
            organization,
            today,
            known,
            tuple(with_actuals(node, usage.figures) for node in trees),
            conversions.left_out,
            (
                *over_allocation_warnings(over_allocated(budgets, allocated_totals_in(trees), allocated)),
                *conversions.warnings,
            ),
            conditions.period_of(budgets, organization.period_rule.fiscal_start_month),
            allocations,
            forecasts,
        )

    def forecast(self, root_entity_id: str = "", conditions: PlanFilter = EVERYTHING) -> PlanForecast:
        """Return the forecast of an entity with everything below it, in the organization's period, and of the matching
        budgets there that run today ('' is the whole organization)."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today = self._today(organization)
            budgets = budgets_matching(session, organization, replace(conditions, is_running=True), today, self._now())
            history = session.fast.hierarchy_history(organization.org_key)
            top = entity_named(session, organization, root_entity_id or ROOT_ID)
            if root_entity_id:
                budgets = [budget for budget in budgets if is_below(budget, top.entity_key, history)]
            period = running_period(session.fast.global_budget(organization.org_key, today), organization, today)
            everything = [(everything_below(top.path, unit), period) for unit in (organization.currency, "")]
            known = data_through(session, organization, today)
            forecaster = Forecaster(session, organization, today, known, [*everything, *map(counted_by, budgets)])
            lines = tuple(forecaster.lines(budgets))
            entity = forecaster.of_entity(top, period)
            allocated = allocated_totals_in_plan(session, organization.org_key, budgets, history)
        warnings = [*over_allocation_warnings(over_allocated(budgets, allocated))]
        if top.archived:
            warnings.append(f"{top.name} is archived, and forecast as if it went on")
        return PlanForecast(organization, today, known, entity, lines, tuple(warnings))

    def forecasts(self, budgets: Sequence[PlannedBudget]) -> ForecastsById:
        """Return the forecasts of those of ``budgets`` that run today, unless these are too many, or the entities below
        them: reading what these used would keep a screen's next keys waiting, and take memory."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today = self._today(organization)
            running = [budget for budget in budgets if budget.period.contains(today)]
            if are_too_many_below(session, organization, {budget.path for budget in running}):
                return {}
            return _forecasts(session, organization, today, data_through(session, organization, today), running)

    def agents_forecasts(self) -> Mapping[str, Forecast]:
        """Return the forecasts of the tokens of agents that have a budget, by the agent's id, unless these are too
        many."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today = self._today(organization)
            conditions = PlanFilter(budget_type=BudgetType.TOKEN, is_running=True)
            found = budgets_matching(session, organization, conditions, today, self._now())
            budgets = [budget for budget in found if budget.level_code == "agent" and budget.in_cycle]
            known = data_through(session, organization, today)
            forecasts = _forecasts(session, organization, today, known, budgets)
        if not forecasts:
            return {}
        # An agent is known to have used nothing so far, where a planned budget may lack a source.
        return {budget.entity_id: forecasts.get(budget.budget_id, _NOTHING_USED) for budget in budgets}

    def by_category(self, entity_id: str = ROOT_ID, conditions: PlanFilter = EVERYTHING) -> Breakdown:
        """Return an entity's plan and usage per category, and of all categories together."""
        return self._breakdown(entity_id, conditions, parts_by_category)

    def by_provider(self, entity_id: str = ROOT_ID, conditions: PlanFilter = EVERYTHING) -> Breakdown:
        """Return an entity's plan and usage per provider, in the category of ``conditions`` or in all."""
        category = conditions.category or Category.TOTAL
        return self._breakdown(entity_id, conditions, partial(parts_by_provider, category=category))

    def forecasts_by_category(self, board: "PlanBoard", choice: PlanFilter) -> ForecastsByPart:
        """Return the forecasts of the parts that the board's `by_category` has."""
        return self._part_forecasts(board.breakdown_input(choice), _categories_of(choice))

    def forecasts_by_provider(self, board: "PlanBoard", choice: PlanFilter) -> ForecastsByPart:
        """Return the forecasts of the parts that the board's `by_provider` has."""
        return self._part_forecasts(board.breakdown_input(choice), _providers_of(choice))

    def _part_forecasts(self, read: BreakdownInput, parts: "PartsOf") -> ForecastsByPart:
        today = self._today(read.organization)
        with self._reader.session() as session:
            known = data_through(session, read.organization, today)
            return part_forecasts(session, read, today, known, parts(read))

    def forecast_together(self, budgets: Sequence[PlannedBudget], used: int) -> Forecast | None:
        """Return the forecast of budgets in one unit, none of which contains another, which are ``used`` so far; None
        where their days that have not ended are not of one stretch that runs today, or entities are too many."""
        counted = counted_together(map(counted_by, budgets))
        with self._reader.session() as session:
            organization = self._context.organization(session)
            if are_too_many_below(session, organization, {scope.path for scope, _ in counted}):
                return None
            today = self._today(organization)
            known = data_through(session, organization, today)
            return Forecaster(session, organization, today, known, counted).of_usage(counted, used)

    def board(self) -> "PlanBoard":
        """Return the whole plan at once, for repeated filtering."""
        with self._reader.session() as session:
            return board_of(self._context, session)

    def close(self) -> None:
        self._reader.close()

    def _today(self, organization: Organization) -> date:
        return self._context.clock.today(organization.time_zone)

    def _now(self) -> datetime:
        return self._context.clock.now()

    def _breakdown(self, entity_id: str, conditions: PlanFilter, parts: "PartsOf") -> Breakdown:
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today = self._today(organization)
            entity = entity_named(session, organization, entity_id or ROOT_ID)
            here = replace(conditions, entity_id=entity.entity_id)
            budgets = budgets_matching(session, organization, here, today, self._now())
            periods = periods_of(
                budgets,
                conditions.period_kind,
                conditions.period_start,
                conditions.period_end,
                organization,
                today,
            )
            every_period = {*periods, *(budget.period for budget in budgets)}
            queries = all_usage_of(entity.entity_key, organization.currency, every_period)
            usage = Usage(session, organization, today, queries)
            own = InOneCurrency(session, organization.org_key, budgets, organization.currency)
            provider = provider_named(session, organization.org_key, conditions.provider)
            allocated = allocated_totals_in_plan(session, organization.org_key, budgets, usage.history)
            known = data_through(session, organization, today)
            read = BreakdownInput(organization, entity, budgets, periods, usage, own, provider)
            forecasts = part_forecasts(session, read, today, known, parts(read), usage.origins)
        return replace(broken_down(read, today, known, parts, allocated), forecasts=forecasts)


PartsOf = Callable[[BreakdownInput], Mapping[str, Slice]]
"""The parts of a breakdown."""

Counted = tuple[tuple[Scope, Period], ...]
"""The addends of a number: the usage of each scope in its period, counted once."""

Tree = Mapping[str | None, Sequence[BudgetLine]]
"""The children of each budget, by its id; None has those at the top."""


class Composition(NamedTuple):
    """The addends of a number, those excluded from it, and the budgets that it describes."""

    covered: Counted
    without: Counted
    budgets: Sequence[PlannedBudget]


class PlanBoard:
    """Every budget with its actual, in the order of the hierarchy, and queries on them."""

    def __init__(
        self,
        organization: Organization,
        as_of: date,
        data_through: date,
        lines: Sequence[BudgetLine],
        entities: Iterable[Entity],
        usage: Usage,
        own: InOneCurrency,
    ) -> None:
        self.organization, self.lines = organization, lines
        self.as_of, self.data_through = as_of, data_through
        self.entities = {entity.entity_id: entity for entity in entities}
        self._usage, self._own = usage, own
        self._containment = Containment([line.budget for line in lines], usage.history)
        self._lines_at: dict[int, list[BudgetLine]] = {}
        for line in lines:
            self._lines_at.setdefault(line.budget.entity_key, []).append(line)

    def over_allocated(self, budgets: Iterable[PlannedBudget], tree: Tree | None = None) -> tuple[OverAllocated, ...]:
        """Return those of ``budgets`` that are over-allocated, in the whole plan or in the ``tree`` that is shown."""
        if tree is None or tree is self._tree_of_all:
            known = self._over_allocated
            return tuple([known[budget.budget_id] for budget in budgets if budget.budget_id in known])
        return over_allocated(budgets, _allocated_totals_in(tree), self._allocated_totals)

    @cached_property
    def _allocated_totals(self) -> AllocatedTotals:
        return _allocated_totals_in(self._tree_of_all)

    @cached_property
    def _over_allocated(self) -> Mapping[str, OverAllocated]:
        """The over-allocated budgets of the whole plan by id; cached, as each letter of a filter looks up thousands."""
        found = over_allocated((line.budget for line in self.lines), self._allocated_totals)
        return {each.budget.budget_id: each for each in found}

    def warnings(self, lines: Sequence[BudgetLine]) -> tuple[str, ...]:
        """Return warnings about costs left out of the actuals of ``lines``, and about exchange rates used in them."""
        return self._usage.conversions(usage_queries(line.budget for line in lines)).warnings

    @property
    def has_other_currencies(self) -> bool:
        """True if there are costs in currencies other than their budget's."""
        return self._usage.has_other_currencies

    @cached_property
    def providers(self) -> tuple[str, ...]:
        """The providers that have budgets."""
        return tuple(sorted({line.budget.provider for line in self.lines} - {""}))

    def closest_to_limit(self, lines: Sequence[BudgetLine], at_most: int) -> list[BudgetLine]:
        """Return the current budgets among ``lines`` with the highest share used, the highest first."""
        wanted = {line.budget.budget_id for line in lines}
        return list(islice((line for line in self._running_by_use if line.budget.budget_id in wanted), at_most))

    @cached_property
    def _running_by_use(self) -> Sequence[BudgetLine]:
        running = {period for period in {line.budget.period for line in self.lines} if period.contains(self.as_of)}
        known = [line for line in self.lines if line.figures.actual is not None and line.budget.period in running]
        return sorted(known, key=lambda line: line.figures.millionths_used, reverse=True)

    def children_of(self, budget_id: str) -> list[PlannedBudget]:
        """Return the budgets that were allocated from another."""
        return [line.budget for line in self.lines if line.budget.parent_id == budget_id]

    def chosen(self, choice: PlanFilter) -> Sequence[BudgetLine]:
        """Return the matching lines; with an entity, those at and below it."""
        entity = self.entities.get(choice.entity_id)
        lines = self.lines
        if entity is not None:
            lines = [line for line in lines if is_below(line.budget, entity.entity_key, self._usage.history)]
        return _fitting(lines, choice, self.as_of)

    def totals(self, lines: Sequence[BudgetLine]) -> list[tuple[Totals, Addends]]:
        """Return the totals of ``lines`` by type and currency, each with its addends; nothing is counted twice."""
        return self._totals_of_all if lines is self.lines else self._usage.totals(lines, self._containment)

    @cached_property
    def _totals_of_all(self) -> list[tuple[Totals, Addends]]:
        return self._usage.totals(self.lines, self._containment)

    def trend(self, addends: Addends) -> list[tuple[Period, int | None]]:
        """Return the usage of budgets in each of the last twelve months that they overlap; nothing is counted twice."""
        return list(self._usage.month_by_month(_months(self.as_of), addends))

    def addends_of(self, budget: PlannedBudget) -> Addends:
        """Return the addends of a single budget."""
        return self._usage.addends([budget], self._containment.widest({budget.budget_id}))

    def tree(self, lines: Sequence[BudgetLine]) -> Tree:
        """Return the allocation tree of ``lines``."""
        return self._tree_of_all if lines is self.lines else self._tree(lines)

    @cached_property
    def _tree_of_all(self) -> Tree:
        return self._tree(self.lines)

    def _tree(self, lines: Sequence[BudgetLine]) -> Tree:
        parents = self._containment.parents({line.budget.budget_id for line in lines})
        found: dict[str | None, list[BudgetLine]] = {}
        for line in lines:
            found.setdefault(parents[line.budget.budget_id], []).append(line)
        return found

    def by_category(self, choice: PlanFilter) -> Breakdown:
        """Return the plan and usage of the chosen entity, by default the root, per category or in the chosen one."""
        return broken_down(
            self.breakdown_input(choice), self.as_of, self.data_through, _categories_of(choice), self._allocated_totals
        )

    def by_provider(self, choice: PlanFilter) -> Breakdown:
        """Return the plan and usage of the chosen entity per provider, in the chosen category or in all."""
        return broken_down(
            self.breakdown_input(choice), self.as_of, self.data_through, _providers_of(choice), self._allocated_totals
        )

    def category_composition(
        self, choice: PlanFilter, name: str, budget_type: BudgetType, of_unbudgeted: bool = False
    ) -> Composition:
        """Return the addends of a category's actual in `by_category`, or of its unbudgeted usage."""
        return _composition(self.breakdown_input(choice), _categories_of(choice), name, budget_type, of_unbudgeted)

    def provider_composition(
        self, choice: PlanFilter, name: str, budget_type: BudgetType, of_unbudgeted: bool = False
    ) -> Composition:
        """Return the addends of a provider's actual in `by_provider`, or of its unbudgeted usage."""
        return _composition(self.breakdown_input(choice), _providers_of(choice), name, budget_type, of_unbudgeted)

    def breakdown_input(self, choice: PlanFilter) -> BreakdownInput:
        entity = self.entities.get(choice.entity_id) or self.entities[ROOT_ID]
        here = _fitting(self._lines_at.get(entity.entity_key, ()), choice, self.as_of)
        budgets = [line.budget for line in here]
        periods = periods_of(budgets, choice.period_kind, None, None, self.organization, self.as_of)
        return BreakdownInput(self.organization, entity, budgets, periods, self._usage, self._own, choice.provider)


def _allocated_totals_in(tree: Tree) -> AllocatedTotals:
    return {above: sum([line.budget.amount for line in lines]) for above, lines in tree.items() if above is not None}


def _categories_of(choice: PlanFilter) -> PartsOf:
    return partial(parts_by_category, only=choice.category)


def _providers_of(choice: PlanFilter) -> PartsOf:
    return partial(parts_by_provider, category=choice.category or Category.TOTAL)


def _composition(
    considered: BreakdownInput,
    parts: PartsOf,
    name: str,
    budget_type: BudgetType,
    of_unbudgeted: bool,
) -> Composition:
    part = parts(considered)[name]
    covered, budgets = considered.covered(part, budget_type), considered.planned(part, budget_type)
    if of_unbudgeted:
        counting = considered.counting(part, budget_type)
        return Composition(_in_order(considered.around(part, budget_type, counting)), _in_order(covered), budgets)
    return Composition(_in_order(covered), (), budgets)


def _in_order(covered: Mapping[Scope, Iterable[Period]]) -> Counted:
    return tuple((scope, period) for scope, periods in covered.items() for period in sorted(periods))


def _reserved(session: Session, organization: Organization, today: date, now: datetime) -> Reserved:
    """Return what is reserved in the running period; nothing can be in one that nobody has opened yet."""
    opened = session.fast.global_budget(organization.org_key, today)
    return Reserved(
        session, organization, opened.period if opened else organization.period_rule.containing(today), today, now
    )


def read_board(session: Session, organization: Organization, today: date, now: datetime) -> PlanBoard:
    """Read the current plan, from one consistent read."""
    budgets = planned_ahead(session, organization, today, now)
    entities = session.fast.entities(organization.org_key) or [unstored_root(organization.name)]
    root = next(entity for entity in entities if entity.entity_id == ROOT_ID)
    periods = {*_running(organization, today), *_months(today), *(budget.period for budget in budgets)}
    queries = usage_queries(budgets)
    everything = all_usage_of(root.entity_key, organization.currency, periods)
    usage = Usage(session, organization, today, [*queries, *everything])
    lines = _reserved(session, organization, today, now).lines(usage.lines(budgets, queries))
    own = InOneCurrency(session, organization.org_key, budgets, organization.currency)
    return PlanBoard(organization, today, data_through(session, organization, today), lines, entities, usage, own)


def board_of(context: Context, session: Session) -> PlanBoard:
    """Return the board of the organization of ``context``, as of its clock's today."""
    organization = context.organization(session)
    return read_board(session, organization, context.clock.today(organization.time_zone), context.clock.now())


def _running(organization: Organization, today: date) -> set[Period]:
    """Return the periods containing ``today``, in which unbudgeted usage counts."""
    rule = organization.period_rule
    recurring = (PeriodKind.MONTHLY, PeriodKind.QUARTERLY, PeriodKind.YEARLY)
    return {
        rule.containing(today),
        *(PeriodRule(kind, rule.anchor_day, rule.fiscal_start_month).containing(today) for kind in recurring),
    }


def _months(today: date) -> tuple[Period, ...]:
    first = today.replace(day=1)
    return tuple(
        whole_period(PeriodKind.MONTHLY, first - relativedelta(months=ago)) for ago in range(_TREND_MONTHS - 1, -1, -1)
    )


def _fitting(lines: Sequence[BudgetLine], choice: PlanFilter, today: date) -> Sequence[BudgetLine]:
    """Return those of ``lines`` that match ``choice``, except for its entity."""
    if choice.status is not None:
        lines = [line for line in lines if line.status is choice.status]
    conditions = replace(choice, entity_id="", status=None)
    if conditions == PlanFilter():
        return lines
    found = {budget.budget_id for budget in conditions.fitting((line.budget for line in lines), today)}
    return [line for line in lines if line.budget.budget_id in found]


# Reading


def budgets_matching(
    session: Session, organization: Organization, conditions: PlanFilter, today: date, now: datetime
) -> list[PlannedBudget]:
    """Return the planned budgets that match ``conditions``, whose provider may have any of its names."""
    if conditions.entity_id:
        entity_named(session, organization, conditions.entity_id)
    wanted = replace(
        conditions,
        provider=provider_named(session, organization.org_key, conditions.provider),
        currency=conditions.currency.upper(),
    )
    return planned_ahead(session, organization, today, now, wanted)


_NOTHING_USED = Forecast(0, 0, 0, has_range=False, days_of_history=0)


def _forecasts(
    session: Session,
    organization: Organization,
    today: date,
    known_through: date,
    budgets: Sequence[PlannedBudget],
    origins: Mapping[int, UsageOrigin] | None = None,
) -> ForecastsById:
    """Return the forecasts of those of ``budgets`` that run today; of too many, none: a view must not wait for them.
    ``origins`` are as for `Forecaster`."""
    running = [budget for budget in budgets if budget.period.contains(today)]
    if len(running) > MOST_FORECASTS:
        return {}
    return forecasts_of(session, organization, today, known_through, running, origins)


def _allocations(session: Session, organization: Organization) -> Allocations:
    return Allocations(tuple(session.budgets.allocations(organization.org_key)))


def _allocated_totals(
    session: Session,
    organization: Organization,
    conditions: PlanFilter,
    budgets: Sequence[PlannedBudget],
    history: HierarchyHistory,
    containment: Containment | None = None,
) -> AllocatedTotals:
    """Return the total of each budget's children in the whole plan; ``budgets`` are those that match ``conditions``."""
    if replace(conditions, status=None).is_default:
        return allocated_totals(budgets, containment or Containment(budgets, history))
    return allocated_totals_in_plan(session, organization.org_key, budgets, history)


def find_budget(session: Session, org: int, budget_id: str) -> PlannedBudget:
    """Return the budget with that id, or whose id alone begins with it; a deleted one, too."""
    found = session.budgets.called(org, budget_id) if budget_id else []
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(f"{len(found)} budgets have an id that begins with '{budget_id}'", "give more of it")
    raise unknown("budget", budget_id)


def over_allocated_after(session: Session, org: int, budget: PlannedBudget) -> tuple[str, ...]:
    """Return warnings after a change of ``budget``: about it and its parent, if they are over-allocated."""
    plan = _plan_around(session, org, [budget])
    containment = Containment(plan, session.fast.hierarchy_history(org))
    parent = containment.parents({each.budget_id for each in plan}).get(budget.budget_id)
    concerned = [each for each in plan if each.budget_id in (budget.budget_id, parent)]
    return over_allocation_warnings(over_allocated(concerned, allocated_totals(plan, containment)))


def allocated_totals_in_plan(
    session: Session, org: int, budgets: Sequence[PlannedBudget], history: HierarchyHistory
) -> AllocatedTotals:
    """Return the total of each budget's children in the whole plan, whatever filter selected ``budgets``."""
    plan = _plan_around(session, org, budgets, _above_and_below(budgets, history)) if budgets else []
    return allocated_totals(plan, Containment(plan, history))


def _above_and_below(budgets: Sequence[PlannedBudget], history: HierarchyHistory) -> set[int]:
    """Return the entities whose budgets determine the children of ``budgets``: all above and below them."""
    keys: dict[Era, set[int]] = {}
    for budget in budgets:
        keys.setdefault(history.of(budget.period), set()).add(budget.entity_key)
    found: set[int] = set()
    for era, of_era in keys.items():
        found.update(*(era.lineage[key] for key in of_era))
        found.update(key for key, chain in era.lineage.items() if key is not None and not of_era.isdisjoint(chain))
    return found


def _plan_around(
    session: Session, org: int, budgets: Sequence[PlannedBudget], entity_keys: Collection[int] | None = None
) -> list[PlannedBudget]:
    """Return planned budgets of the same types and periods as ``budgets``, of any entity or of certain ones."""
    return session.budgets.planned(
        org,
        PlanFilter(
            budget_type=_only(budget.budget_type for budget in budgets),
            period_start=_only(budget.period.start for budget in budgets),
            period_end=_only(budget.period.end for budget in budgets),
        ),
        entity_keys=entity_keys,
    )


def _only(values: Iterable[_Value]) -> _Value | None:
    """Return the common value of ``values``; None if they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


# Periods not opened yet


def planned_ahead(
    session: Session, organization: Organization, today: date, now: datetime, wanted: PlanFilter = EVERYTHING
) -> list[PlannedBudget]:
    """Return the planned budgets that match; those of a period not opened yet are computed as they would open."""
    found = session.budgets.planned(organization.org_key, wanted, today)
    ahead = foreseen(session, organization, today, now)
    if not ahead:
        return list(filter(text_matcher(wanted.search), found)) if wanted.search.strip() else found
    ids = {budget.budget_id for budget in ahead}
    # As in storage, an empty budget that the cycle opens is not part of the plan.
    opening = wanted.fitting((budget for budget in ahead if budget.amount), today)
    return sorted([*(budget for budget in found if budget.budget_id not in ids), *opening], key=_place)


def foreseen(session: Session, organization: Organization, today: date, now: datetime) -> list[PlannedBudget]:
    """Return the budgets that open with the period of ``today``, if nobody has opened it yet."""
    if not session.budgets.is_to_open(organization.org_key, today):
        return []
    ended = session.fast.global_budget(organization.org_key, today)
    if ended is None or beyond_reach(ended.period, today):
        return []
    period = organization.period_rule.after(ended.period)
    if not period.contains(today):
        period = organization.period_rule.containing(today)
    opened = budgets_ahead(session, organization, ended, today, now)
    planned = session.fast.planned_for(organization.org_key, period)
    ids = {
        each.budget_id: planned[each.cycle_key].budget_id
        if each.cycle_key in planned
        else str(uuid5(NAMESPACE_OID, f"{each.budget_id} {period.start}"))
        for each in opened
    }
    begins = datetime.combine(period.start, time(), UTC)
    return [
        PlannedBudget(
            ids[each.budget_id],
            each.entity_key,
            each.entity_id,
            each.name,
            each.path,
            each.level_code,
            Category(each.category),
            each.budget_type,
            each.amount,
            each.currency,
            organization.period_rule.kind,
            period,
            each.provider,
            each.notes,
            True,
            True,
            ids.get(each.parent_id) if each.parent_id else None,
            "",
            begins,
            None,
            None,
        )
        for each in opened
    ]


def _place(budget: PlannedBudget) -> tuple[object, ...]:
    """Return the sort key of a budget, in the order of storage."""
    start, end = budget.period.start.toordinal(), budget.period.end.toordinal()
    return budget.path, start, -end, budget.category, budget.budget_type, budget.provider, budget.budget_id
