"""Everything the dashboard shows of the plan, read at once. What is chosen of it asks the database nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property, partial
from itertools import islice
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from budget_tui.domain.actuals import Scope
from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.containment import Containment, is_below
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy import ROOT_ID, Entity, unstored_root
from budget_tui.domain.overallocation import HandedOn, OverAllocated, over_allocated
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.domain.plan import PlannedBudget, whole_period
from budget_tui.domain.plan_answers import Breakdown, BudgetLine
from budget_tui.domain.variance import Totals, VarianceStatus, covered_by
from budget_tui.services.context import Context
from budget_tui.services.freshness import data_through
from budget_tui.services.plan_actuals import Actuals, Counting
from budget_tui.services.plan_ahead import planned_ahead
from budget_tui.services.plan_breakdown import (
    Considered,
    Slice,
    broken_down,
    parts_by_category,
    parts_by_provider,
    periods_of,
)
from budget_tui.services.plan_foreign import InOneCurrency, foreign_costs
from budget_tui.services.plan_usage import Usage, all_of, asked_by
from budget_tui.storage.queries import Queries

Covered = tuple[tuple[Scope, Period], ...]
"""What a number adds up: all that counts for each scope in its period, once."""

Tree = Mapping[str | None, Sequence[BudgetLine]]
"""What hangs below each budget, by its id; below None what is at the top."""


class Behind(NamedTuple):
    """What a number adds up, what of that it leaves out, and the budgets that it is about."""

    covered: Covered
    without: Covered
    budgets: Sequence[PlannedBudget]


_TREND_MONTHS = 12


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """Which budgets are shown; None and '' stand for any. ``entity_id``: only those at or below it."""

    category: Category | None = None
    budget_type: BudgetType | None = None
    period_kind: PeriodKind | None = None
    entity_id: str = ""
    provider: str = ""
    status: VarianceStatus | None = None
    search: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it leaves out nothing."""
        return self == PlanChoice()


class PlanBoard:
    """Every budget against its actual, in the order of the hierarchy, and all that can be asked about them."""

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
        self._usage, self._actuals, self._own = usage, Actuals(usage), own
        self._containment = Containment([line.budget for line in lines], usage.eras)
        self._lines_at: dict[int, list[BudgetLine]] = {}
        for line in lines:
            self._lines_at.setdefault(line.budget.entity_key, []).append(line)

    def over_allocated(self, budgets: Iterable[PlannedBudget], tree: Tree | None = None) -> tuple[OverAllocated, ...]:
        """Those of ``budgets`` whose children have more than they: in the whole plan, or in the ``tree`` that is
        shown."""
        if tree is None or tree is self._tree_of_all:
            known = self._over_allocated
            return tuple([known[budget.budget_id] for budget in budgets if budget.budget_id in known])
        return over_allocated(budgets, _handed_on(tree), self._handed_on)

    @cached_property
    def _handed_on(self) -> HandedOn:
        return _handed_on(self._tree_of_all)

    @cached_property
    def _over_allocated(self) -> Mapping[str, OverAllocated]:
        """Those of the whole plan, by their ids: with every letter of a filter it is asked about thousands."""
        found = over_allocated((line.budget for line in self.lines), self._handed_on)
        return {each.budget.budget_id: each for each in found}

    def warnings(self, lines: Sequence[BudgetLine]) -> tuple[str, ...]:
        """What is left out of the actuals of ``lines``, and what counts at a rate."""
        return foreign_costs(self._usage, asked_by(line.budget for line in lines)).warnings

    @property
    def has_foreign_costs(self) -> bool:
        """Whether there are costs in other currencies than what is planned is in."""
        return any(self._usage.foreign.values())

    @cached_property
    def providers(self) -> tuple[str, ...]:
        """Those that there are budgets for."""
        return tuple(sorted({line.budget.provider for line in self.lines} - {""}))

    def nearest_to_end(self, lines: Sequence[BudgetLine], at_most: int) -> list[BudgetLine]:
        """Those of ``lines`` that run today of which the largest part is used, that of which most is used first."""
        wanted = {line.budget.budget_id for line in lines}
        return list(islice((line for line in self._running_by_use if line.budget.budget_id in wanted), at_most))

    @cached_property
    def _running_by_use(self) -> Sequence[BudgetLine]:
        running = {period for period in {line.budget.period for line in self.lines} if period.contains(self.as_of)}
        known = [line for line in self.lines if line.figures.actual is not None and line.budget.period in running]
        return sorted(known, key=lambda line: line.figures.millionths_used, reverse=True)

    def children_of(self, budget_id: str) -> list[PlannedBudget]:
        """The budgets that were allocated from another."""
        return [line.budget for line in self.lines if line.budget.parent_id == budget_id]

    def chosen(self, choice: PlanChoice) -> Sequence[BudgetLine]:
        """The lines that fit."""
        entity = self.entities.get(choice.entity_id)
        lines = self.lines
        if entity is not None:
            lines = [line for line in lines if is_below(line.budget, entity.entity_key, self._usage.eras)]
        return _fitting(lines, choice)

    def totals(self, lines: Sequence[BudgetLine]) -> list[tuple[Totals, Counting]]:
        """What ``lines`` add up to, by type and currency, each with what it adds up: no dollar twice."""
        return self._totals_of_all if lines is self.lines else self._actuals.totals(lines, self._containment)

    @cached_property
    def _totals_of_all(self) -> list[tuple[Totals, Counting]]:
        return self._actuals.totals(self.lines, self._containment)

    def trend(self, counting: Counting) -> list[tuple[Period, int | None]]:
        """What budgets used in each month of the last twelve that they run in: each dollar once."""
        return list(self._actuals.month_by_month(_months(self.as_of), counting))

    def counting(self, budget: PlannedBudget) -> Counting:
        """What one budget by itself adds up."""
        return self._actuals.counting([budget], self._containment.widest({budget.budget_id}))

    def tree(self, lines: Sequence[BudgetLine]) -> Tree:
        """The allocation tree of ``lines``."""
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

    def by_category(self, choice: PlanChoice) -> Breakdown:
        """The chosen entity's plan and use in the chosen category or in each; the root's where none is chosen."""
        return broken_down(
            self._considered(choice), self.as_of, self.data_through, _categories_of(choice), self._handed_on
        )

    def by_provider(self, choice: PlanChoice) -> Breakdown:
        """The chosen entity's plan for and use of each provider, in the chosen category or in all."""
        return broken_down(
            self._considered(choice), self.as_of, self.data_through, _providers_of(choice), self._handed_on
        )

    def behind_category(self, choice: PlanChoice, name: str, budget_type: BudgetType, of_rest: bool = False) -> Behind:
        """What the actual of one category in `by_category` adds up, or what is not budgeted there."""
        return _behind(self._considered(choice), _categories_of(choice), name, budget_type, of_rest)

    def behind_provider(self, choice: PlanChoice, name: str, budget_type: BudgetType, of_rest: bool = False) -> Behind:
        """What the actual of one provider in `by_provider` adds up, or what is not budgeted there."""
        return _behind(self._considered(choice), _providers_of(choice), name, budget_type, of_rest)

    def _considered(self, choice: PlanChoice) -> Considered:
        entity = self.entities.get(choice.entity_id) or self.entities[ROOT_ID]
        here = _fitting(self._lines_at.get(entity.entity_key, ()), choice)
        budgets = [line.budget for line in here]
        periods = periods_of(budgets, choice.period_kind, None, None, self.organization, self.as_of)
        return Considered(self.organization, entity, budgets, periods, self._usage, self._own, choice.provider)


def _handed_on(tree: Tree) -> HandedOn:
    return {above: sum([line.budget.amount for line in lines]) for above, lines in tree.items() if above is not None}


def _categories_of(choice: PlanChoice) -> Callable[[Considered], Mapping[str, Slice]]:
    return partial(parts_by_category, only=choice.category)


def _providers_of(choice: PlanChoice) -> Callable[[Considered], Mapping[str, Slice]]:
    return partial(parts_by_provider, category=choice.category or Category.TOTAL)


def _behind(
    considered: Considered,
    parts: Callable[[Considered], Mapping[str, Slice]],
    name: str,
    budget_type: BudgetType,
    of_rest: bool,
) -> Behind:
    part = parts(considered)[name]
    counting = considered.counting(part, budget_type)
    covered = covered_by(counting) if counting else considered.whole(part, budget_type)
    budgets = considered.planned(part, budget_type)
    if of_rest:
        return Behind(_in_order(considered.around(part, budget_type, counting)), _in_order(covered), budgets)
    return Behind(_in_order(covered), (), budgets)


def _in_order(covered: Mapping[Scope, Iterable[Period]]) -> Covered:
    return tuple((scope, period) for scope, periods in covered.items() for period in sorted(periods))


def read_board(queries: Queries, organization: Organization, today: date) -> PlanBoard:
    """The plan as it stands, from one consistent read."""
    budgets = planned_ahead(queries, organization, today)
    entities = queries.entities(organization.org_key) or [unstored_root(organization.name)]
    root = next(entity for entity in entities if entity.entity_id == ROOT_ID)
    periods = {*_running(organization, today), *_months(today), *(budget.period for budget in budgets)}
    everything = list(all_of(root.entity_key, organization.currency, periods))
    usage = Usage(queries, organization, budgets, today, everything)
    actuals = Actuals(usage)
    lines = tuple([actuals.line(budget) for budget in budgets])
    own = InOneCurrency(queries, organization.org_key, budgets, organization.currency)
    return PlanBoard(organization, today, data_through(queries, organization, today), lines, entities, usage, own)


def board_of(context: Context, queries: Queries) -> PlanBoard:
    """The board of the organization of ``context``, as of its clock's today."""
    organization = context.organization(queries)
    return read_board(queries, organization, context.clock.today(organization.time_zone))


def _running(organization: Organization, today: date) -> set[Period]:
    """Where what has no budget of its own is counted: the periods that ``today`` is in."""
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


def _fitting(lines: Sequence[BudgetLine], choice: PlanChoice) -> Sequence[BudgetLine]:
    """Those of ``lines`` that ``choice`` does not leave out, entities aside."""
    if choice.category is not None:
        lines = [line for line in lines if line.budget.category is choice.category]
    if choice.budget_type is not None:
        lines = [line for line in lines if line.budget.budget_type is choice.budget_type]
    if choice.period_kind is not None:
        lines = [line for line in lines if line.budget.period_kind is choice.period_kind]
    if choice.provider:
        lines = [line for line in lines if line.budget.provider == choice.provider]
    if choice.status is not None:
        lines = [line for line in lines if line.status is choice.status]
    if choice.search:
        is_meant = mentioning(choice.search)
        lines = [line for line in lines if is_meant(line.budget)]
    return lines


def mentioning(wanted: str) -> Callable[[PlannedBudget], bool]:
    """Whether a budget's entity's id or name, its provider or its notes contain ``wanted``, in whatever letters."""
    wanted = wanted.casefold()

    @cache  # an entity has many budgets
    def has(text: str) -> bool:
        return wanted in text.casefold()

    return lambda budget: has(budget.entity_id) or has(budget.entity_name) or has(budget.provider) or has(budget.notes)
