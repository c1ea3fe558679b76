"""Everything the dashboard shows of the plan, read at once. What is chosen of it asks the database nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from budget_tui.domain.actuals import Scope
from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy import ROOT_ID, Entity
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.domain.plan import PlannedBudget, whole_period
from budget_tui.domain.plan_answers import Breakdown, BudgetLine, TreeNode
from budget_tui.domain.variance import Totals, VarianceStatus, forest, scope_of
from budget_tui.services.context import Context
from budget_tui.services.plan_actuals import Actuals, asked_by
from budget_tui.services.plan_breakdown import (
    Considered,
    Slice,
    broken_down,
    parts_by_category,
    parts_by_provider,
    periods_of,
    with_actuals,
)
from budget_tui.services.plan_usage import Usage
from budget_tui.storage.queries import Queries

Covered = tuple[tuple[Scope, Period], ...]
"""What a number adds up: all that counts for each scope in its period, once."""


class Behind(NamedTuple):
    """What a number adds up, and what of that it leaves out."""

    covered: Covered
    without: Covered = ()


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
        lines: Sequence[BudgetLine],
        entities: Iterable[Entity],
        usage: Usage,
        actuals: Actuals,
    ) -> None:
        self.organization, self.as_of, self.lines = organization, as_of, lines
        self.entities = {entity.entity_id: entity for entity in entities}
        self._usage, self._actuals = usage, actuals

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is left out of the sums, and what counts at a rate."""
        return self._actuals.warnings

    @cached_property
    def providers(self) -> tuple[str, ...]:
        """Those that there are budgets for."""
        return tuple(sorted({line.budget.provider for line in self.lines} - {""}))

    def children_of(self, budget_id: str) -> list[PlannedBudget]:
        """The budgets that were allocated from another."""
        return [line.budget for line in self.lines if line.budget.parent_id == budget_id]

    def chosen(self, choice: PlanChoice) -> Sequence[BudgetLine]:
        """The lines that fit."""
        if choice.is_open:
            return self.lines
        entity = self.entities.get(choice.entity_id)
        path, wanted = entity.path if entity else "", choice.search.casefold()
        return [line for line in self.lines if _fits(line, choice, path, wanted)]

    def totals(self, lines: Iterable[BudgetLine]) -> list[tuple[Totals, list[PlannedBudget]]]:
        """What ``lines`` add up to, by type and currency, each with the budgets that it adds up: no dollar twice."""
        return self._all_totals if lines is self.lines else self._totals(lines)

    @cached_property
    def _all_totals(self) -> list[tuple[Totals, list[PlannedBudget]]]:
        return self._totals(self.lines)

    def _totals(self, lines: Iterable[BudgetLine]) -> list[tuple[Totals, list[PlannedBudget]]]:
        return self._actuals.totals_and_counting((line.budget, line.figures.status) for line in lines)

    def trend(self, budgets: Sequence[PlannedBudget]) -> list[tuple[Period, int | None]]:
        """What ``budgets`` of one type and currency used in each month of the last twelve that they run in: each
        dollar once."""
        found = []
        for month in self.months:
            covered: dict[Scope, set[Period]] = {}
            for budget in budgets:
                start, end = max(month.start, budget.period.start), min(month.end, budget.period.end)
                if start <= end:
                    covered.setdefault(scope_of(budget), set()).add(Period(start, end))
            if covered:
                found.append((month, self._actuals.once(budgets[0].budget_type, covered)))
        return found

    @cached_property
    def months(self) -> tuple[Period, ...]:
        """The last twelve calendar months up to today's."""
        return _months(self.as_of)

    def trees(self, lines: Sequence[BudgetLine]) -> tuple[TreeNode, ...]:
        """``lines`` as allocation trees."""
        return self._all_trees if lines is self.lines else self._trees(lines)

    @cached_property
    def _all_trees(self) -> tuple[TreeNode, ...]:
        return self._trees(self.lines)

    def _trees(self, lines: Sequence[BudgetLine]) -> tuple[TreeNode, ...]:
        figures = {line.budget.budget_id: line.figures for line in lines}
        found = forest([line.budget for line in lines], self._usage.lineage)
        return tuple(with_actuals(node, lambda budget: figures[budget.budget_id]) for node in found)

    def by_category(self, choice: PlanChoice) -> Breakdown:
        """The chosen entity's plan and use in each category; the root's where none is chosen."""
        return broken_down(self._considered(choice), self.as_of, parts_by_category)

    def by_provider(self, choice: PlanChoice) -> Breakdown:
        """The chosen entity's plan for and use of each provider, in the chosen category or in all."""
        return broken_down(self._considered(choice), self.as_of, _providers_of(choice))

    def behind_category(self, choice: PlanChoice, name: str, budget_type: BudgetType, of_rest: bool = False) -> Behind:
        """What the actual of one category in `by_category` adds up, or what is not budgeted there."""
        return _behind(self._considered(choice), parts_by_category, name, budget_type, of_rest)

    def behind_provider(self, choice: PlanChoice, name: str, budget_type: BudgetType, of_rest: bool = False) -> Behind:
        """What the actual of one provider in `by_provider` adds up, or what is not budgeted there."""
        return _behind(self._considered(choice), _providers_of(choice), name, budget_type, of_rest)

    def _considered(self, choice: PlanChoice) -> Considered:
        entity = self.entities.get(choice.entity_id) or self.entities[ROOT_ID]
        here = replace(choice, entity_id="")
        budgets = [
            line.budget
            for line in self.lines
            if line.budget.entity_key == entity.entity_key and _fits(line, here, "", choice.search.casefold())
        ]
        periods = periods_of(budgets, choice.period_kind, None, self.organization, self.as_of)
        return Considered(self.organization, entity, budgets, periods, self._usage, choice.provider)


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
    covered = _in_order(considered.covered(part, budget_type))
    return Behind(_in_order(considered.whole(part, budget_type)), covered) if of_rest else Behind(covered)


def _in_order(covered: Mapping[Scope, Iterable[Period]]) -> Covered:
    return tuple((scope, period) for scope, periods in covered.items() for period in sorted(periods))


def read_board(queries: Queries, organization: Organization, today: date) -> PlanBoard:
    """The plan as it stands, from one consistent read."""
    budgets = queries.planned_budgets(organization.org_key)
    money = {budget.currency for budget in budgets if budget.budget_type is BudgetType.MONETARY}
    usage = Usage(
        queries,
        organization,
        {*_running(organization, today), *_months(today), *(budget.period for budget in budgets)},
        set(BudgetType),
        {organization.currency, *money},
    )
    actuals = Actuals(usage, asked_by(budgets))
    lines = tuple(BudgetLine(budget, actuals.figures(budget)) for budget in budgets)
    return PlanBoard(organization, today, lines, queries.entities(organization.org_key), usage, actuals)


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


def _fits(line: BudgetLine, choice: PlanChoice, path: str, wanted: str) -> bool:
    budget = line.budget
    return (
        (choice.category is None or budget.category is choice.category)
        and (choice.budget_type is None or budget.budget_type is choice.budget_type)
        and (choice.period_kind is None or budget.period_kind is choice.period_kind)
        and (not choice.provider or budget.provider == choice.provider)
        and (choice.status is None or line.figures.status is choice.status)
        and budget.path.startswith(path)
        and (not wanted or mentions(budget, wanted))
    )


def mentions(budget: PlannedBudget, wanted: str) -> bool:
    """Whether the entity's id or name, the provider or the notes contain ``wanted``, which is in casefolded letters."""
    texts = (budget.entity_id, budget.entity_name, budget.provider, budget.notes)
    return any(wanted in text.casefold() for text in texts)
