"""The plan: budgets, their allocations, and their usage.

Money is a number of units with at most 9 decimals, tokens and seats are whole numbers; null means no data.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, RootModel, StrictBool, StringConstraints, WithJsonSchema, model_validator

from budget_tui.domain import currency as domain_currency
from budget_tui.domain import plan, plan_results
from budget_tui.domain.amount import LIMIT_COUNT, to_decimal
from budget_tui.domain.budget import BudgetType, parse_percent, plain_amount
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Refused
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.period import Period, PeriodKind, around
from budget_tui.domain.plan import NOTES_MAX_LENGTH, BudgetPlan, ChildShare, PlanFilter
from budget_tui.domain.plan_results import MOST_FORECASTS
from budget_tui.domain.variance import Totals, Variance, VarianceStatus, percent_of
from budget_tui.schemas.base import (
    Change,
    Day,
    Days,
    EntityId,
    Moment,
    Number,
    Request,
    Schema,
    Text,
    count_from_json,
    days_of,
    nanos_from_json,
    without_trailing_zeros,
)
from budget_tui.schemas.forecast import ForecastRange
from budget_tui.services.plans import PlanChange


class Allocation(Schema):
    """The record of an allocation from a parent to a child."""

    allocation_id: str
    parent_budget_id: str
    child_budget_id: str
    allocated_amount: Number
    allocation_percentage: Number | None = Field(description="Share of the parent's amount; null if that is 0.")

    @classmethod
    def from_domain(cls, allocation: plan.Allocation, budget_type: BudgetType) -> "Allocation":
        return Allocation(
            allocation_id=allocation.allocation_id,
            parent_budget_id=allocation.parent_id,
            child_budget_id=allocation.child_id,
            allocated_amount=plain_amount(allocation.amount, budget_type),
            allocation_percentage=_share(allocation.amount, allocation.parent_amount),
        )


class PlannedBudget(Schema):
    """A budget with the record of its own allocation and those of its children's."""

    budget_id: str
    org_slug: str
    hierarchy_entity_id: str = Field(examples=["DEPT-ENG"])
    hierarchy_entity_name: str = Field(examples=["Engineering"])
    hierarchy_path: str = Field(examples=["/ORG/DEPT-ENG/"])
    hierarchy_level_code: str = Field(examples=["department"])
    category: Category
    budget_type: BudgetType
    budget_amount: Number = Field(description="In `currency`, in tokens or in seats.", examples=[20000])
    currency: str
    period_type: PeriodKind
    period_start: date
    period_end: date = Field(description="Inclusive.")
    provider: str | None
    notes: str | None
    is_active: bool
    parent_budget_id: str | None = Field(description="What it was allocated from; null if that is deleted.")
    allocation: Allocation | None = Field(description="How it was allocated; null if it was planned on its own.")
    allocations: list[Allocation] = Field(description="What was allocated from it.")
    created_by: str
    updated_by: str | None
    created_at: Moment
    updated_at: Moment | None

    @classmethod
    def from_domain(cls, planned: plan.PlannedBudget, org_slug: str, allocations: plan.Allocations) -> "PlannedBudget":
        return PlannedBudget(**_budget(planned, org_slug, allocations))


def _budget(planned: plan.PlannedBudget, org_slug: str, allocations: plan.Allocations) -> dict[str, Any]:
    own, of_type = allocations.of_child(planned.budget_id), planned.budget_type
    return {
        "budget_id": planned.budget_id,
        "org_slug": org_slug,
        "hierarchy_entity_id": planned.entity_id,
        "hierarchy_entity_name": planned.entity_name,
        "hierarchy_path": planned.path,
        "hierarchy_level_code": planned.level_code,
        "category": planned.category,
        "budget_type": of_type,
        "budget_amount": plain_amount(planned.amount, of_type),
        "currency": planned.currency,
        "period_type": planned.period_kind,
        "period_start": planned.period.start,
        "period_end": planned.period.end,
        "provider": planned.provider or None,
        "notes": planned.notes or None,
        "is_active": planned.is_active,
        "parent_budget_id": planned.parent_id,
        "allocation": None if own is None else Allocation.from_domain(own, of_type),
        "allocations": [Allocation.from_domain(child, of_type) for child in allocations.of_parent(planned.budget_id)],
        "created_by": planned.created_by,
        "updated_by": planned.updated_by,
        "created_at": planned.created_at,
        "updated_at": planned.updated_at,
    }


class BudgetDetails(PlannedBudget):
    """A budget with its warnings."""

    warnings: list[str] = Field(description="Whether its children are allocated more than it has.")

    @classmethod
    def from_outcome(cls, found: plan_results.PlanOutcome, org_slug: str) -> "BudgetDetails":
        return BudgetDetails(**_budget(found.budget, org_slug, found.allocations), warnings=list(found.warnings))


class ChangedBudget(PlannedBudget):
    """A budget after a change."""

    rescaled_children: list[PlannedBudget]
    warnings: list[str]

    @classmethod
    def from_outcome(
        cls, outcome: plan_results.PlanOutcome, org_slug: str, notes: list[str] | None = None
    ) -> "ChangedBudget":
        """``notes`` are warnings about the request."""
        budget = _budget(outcome.budget, org_slug, outcome.allocations)
        children = [PlannedBudget.from_domain(child, org_slug, outcome.allocations) for child in outcome.rescaled]
        return ChangedBudget(**budget, rescaled_children=children, warnings=[*outcome.warnings, *(notes or ())])


class AllocatedChild(Schema):
    budget: PlannedBudget
    allocation_id: str
    allocated_amount: Number
    allocation_percentage: Number | None


class AllocatedBudget(Schema):
    """A budget that was allocated from the top down, with its children."""

    parent_budget: PlannedBudget
    children: list[AllocatedChild]
    unallocated_amount: Number = Field(description="Negative if the children are allocated more than the amount.")
    unallocated_percentage: Number | None
    warnings: list[str]

    @classmethod
    def from_domain(
        cls, allocated: plan_results.PlanAllocation, org_slug: str, notes: list[str] | None = None
    ) -> "AllocatedBudget":
        """``notes`` are warnings about the request."""
        parent, allocations = allocated.parent, allocated.allocations
        return AllocatedBudget(
            parent_budget=PlannedBudget.from_domain(parent, org_slug, allocations),
            children=[
                AllocatedChild(
                    budget=PlannedBudget.from_domain(child.budget, org_slug, allocations),
                    allocation_id=child.allocation_id,
                    allocated_amount=plain_amount(child.budget.amount, parent.budget_type),
                    allocation_percentage=_share(child.budget.amount, parent.amount),
                )
                for child in allocated.children
            ],
            unallocated_amount=plain_amount(allocated.unallocated, parent.budget_type),
            unallocated_percentage=_share(allocated.unallocated, parent.amount),
            warnings=[*allocated.warnings, *(notes or ())],
        )


class LeftOut(Schema):
    """Costs, or budgets, in a currency without a usable rate: in no sum."""

    currency: str
    amount: Number
    costs: int = Field(description="How many costs; 0: these are budgets.")
    budgets: int = Field(description="How many budgets; 0: these are costs.")
    into: str

    @classmethod
    def from_domain(cls, left: domain_currency.LeftOut) -> "LeftOut":
        return LeftOut(
            currency=left.currency,
            amount=to_decimal(left.amount),
            costs=left.costs,
            budgets=left.budgets,
            into=left.into,
        )


class PlanList(Schema):
    budgets: list[PlannedBudget]
    total: int = Field(description="How many there are in total.")
    period_start: date | None = Field(description="The first day requested, else the first of these, if any.")
    period_end: date | None = Field(description="The last day requested, else the last of these. Inclusive.")
    data_through: date = Field(description="The last day whose costs are known.")
    warnings: list[str] = Field(description="Over-allocated budgets on this page.")

    @classmethod
    def from_domain(cls, page: plan_results.BudgetPage, org_slug: str) -> "PlanList":
        return PlanList(
            budgets=[PlannedBudget.from_domain(budget, org_slug, page.allocations) for budget in page.budgets],
            total=page.total,
            **days_of(page.period),
            data_through=page.data_through,
            warnings=list(page.warnings),
        )


class Figures(Schema):
    """A budget compared with its usage."""

    actual_amount: Number | None = Field(description="null if there is no data.")
    variance: Number | None = Field(description="budget − actual: positive is under budget.")
    variance_percent: Number | None
    pct_used: Number | None
    is_over_budget: bool
    status: VarianceStatus | None


def _figures(found: Variance, budget_type: BudgetType) -> dict[str, Any]:
    return {
        "actual_amount": _known(found.actual, budget_type),
        "variance": _known(found.variance, budget_type),
        "variance_percent": without_trailing_zeros(found.variance_percent),
        "pct_used": without_trailing_zeros(found.percent_used),
        "is_over_budget": found.is_over_budget,
        "status": found.status,
    }


class PlanEntity(Schema):
    hierarchy_entity_id: str
    hierarchy_entity_name: str
    hierarchy_level_code: str
    hierarchy_path: str

    @classmethod
    def from_domain(cls, planned: plan.PlannedBudget) -> "PlanEntity":
        return PlanEntity(
            hierarchy_entity_id=planned.entity_id,
            hierarchy_entity_name=planned.entity_name,
            hierarchy_level_code=planned.level_code,
            hierarchy_path=planned.path,
        )


class _OfEntity(Schema):
    entity: PlanEntity


class _WithForecast(Schema):
    forecast: ForecastRange | None = Field(
        description="What is expected by the period's end; null if the budget does not run today, for seats, and where"
        f" more than {MOST_FORECASTS} budgets that run are listed: narrow them down, or ask for their forecasts."
    )


class PlanLine(_WithForecast, Figures, PlannedBudget, _OfEntity):
    """A budget with its figures."""

    reserved_amount: Number = Field(description="What is held for work in flight; it is not in the actual.")

    @classmethod
    def from_line(cls, line: plan_results.BudgetLine, summary: plan_results.PlanSummary) -> "PlanLine":
        return PlanLine(
            entity=PlanEntity.from_domain(line.budget),
            **_budget(line.budget, summary.organization.slug, summary.allocations),
            **_figures(line.figures, line.budget.budget_type),
            reserved_amount=plain_amount(line.reserved, line.budget.budget_type),
            forecast=_forecast(line.budget, summary.forecasts),
        )


class PlanTotals(Schema):
    budget_type: BudgetType
    currency: str | None
    budget_total: Number
    actual_total: Number | None
    variance: Number | None
    variance_percent: Number | None
    pct_used: Number | None
    budgets: int
    budgets_over: int
    budgets_approaching: int
    budgets_under: int
    budgets_without_data: int

    @classmethod
    def from_domain(cls, found: Totals) -> "PlanTotals":
        return PlanTotals(
            budget_type=found.budget_type,
            currency=found.currency or None,
            budget_total=plain_amount(found.total.amount, found.budget_type),
            actual_total=_known(found.total.actual, found.budget_type),
            variance=_known(found.total.variance, found.budget_type),
            variance_percent=without_trailing_zeros(found.total.variance_percent),
            pct_used=without_trailing_zeros(found.total.percent_used),
            budgets=found.budgets,
            budgets_over=found.over,
            budgets_approaching=found.approaching,
            budgets_under=found.under,
            budgets_without_data=found.no_data,
        )


class PlanHeadline(Schema):
    totals: PlanTotals = Field(description="Of money in the organization's currency. A dollar is counted once.")
    totals_by_type: list[PlanTotals]
    total_budget: Number
    total_actual: Number | None
    total_variance: Number | None
    budgets_over: int
    budgets_approaching: int
    budgets_under: int
    budgets_without_data: int
    currency: str
    as_of: date
    data_through: date = Field(description="The last day whose costs are known.")
    period_start: date | None = Field(description="The first day requested, else the first of these, if any.")
    period_end: date | None = Field(description="The last day requested, else the last of these. Inclusive.")
    left_out: list[LeftOut]
    warnings: list[str]

    @classmethod
    def from_summary(cls, summary: plan_results.PlanSummary) -> "PlanHeadline":
        headline = PlanTotals.from_domain(summary.headline)
        return PlanHeadline(
            totals=headline,
            totals_by_type=[PlanTotals.from_domain(found) for found in summary.totals],
            total_budget=headline.budget_total,
            total_actual=headline.actual_total,
            total_variance=headline.variance,
            budgets_over=sum(found.over for found in summary.totals),
            budgets_approaching=sum(found.approaching for found in summary.totals),
            budgets_under=sum(found.under for found in summary.totals),
            budgets_without_data=sum(found.no_data for found in summary.totals),
            currency=summary.organization.currency,
            as_of=summary.as_of,
            data_through=summary.data_through,
            **days_of(summary.period),
            left_out=[LeftOut.from_domain(left) for left in summary.left_out],
            warnings=list(summary.warnings),
        )


class _Lines(Schema):
    budgets: list[PlanLine]


class PlanSummary(PlanHeadline, _Lines):
    @classmethod
    def from_domain(cls, summary: plan_results.PlanSummary) -> "PlanSummary":
        return PlanSummary(budgets=lines_of(summary), **dict(PlanHeadline.from_summary(summary)))


def lines_of(summary: plan_results.PlanSummary) -> list[PlanLine]:
    return [PlanLine.from_line(line, summary) for line in summary.lines]


def _forecast(budget: plan.PlannedBudget, forecasts: plan_results.ForecastsById) -> ForecastRange | None:
    return _range(forecasts.get(budget.budget_id), budget.budget_type)


def _range(found: Forecast | None, budget_type: BudgetType) -> ForecastRange | None:
    return None if found is None else ForecastRange.from_domain(found, budget_type)


class _Planned(_OfEntity):
    budget: PlannedBudget
    actual: Number | None


class _AllocatedToChildren(Schema):
    allocated_to_children: Number
    unallocated: Number = Field(description="Negative if the children are allocated more.")
    children: list["PlanNode"]


class PlanNode(_AllocatedToChildren, _WithForecast, Figures, _Planned):
    """A budget of the tree with all that is below it."""

    @classmethod
    def from_domain(cls, node: plan_results.TreeNode, tree: plan_results.PlanTree) -> "PlanNode":
        planned, of_type = node.budget, node.budget.budget_type
        return PlanNode(
            entity=PlanEntity.from_domain(planned),
            budget=PlannedBudget.from_domain(planned, tree.organization.slug, tree.allocations),
            actual=_known(node.figures.actual, of_type),
            **_figures(node.figures, of_type),
            forecast=_forecast(planned, tree.forecasts),
            allocated_to_children=plain_amount(node.allocated_to_children, of_type),
            unallocated=plain_amount(node.unallocated, of_type),
            children=[PlanNode.from_domain(child, tree) for child in node.children],
        )


class PlanTree(Schema):
    roots: list[PlanNode]
    as_of: date
    data_through: date = Field(description="The last day whose costs are known.")
    period_start: date | None = Field(description="The first day requested, else the first of these, if any.")
    period_end: date | None = Field(description="The last day requested, else the last of these. Inclusive.")
    left_out: list[LeftOut]
    warnings: list[str]

    @classmethod
    def from_domain(cls, tree: plan_results.PlanTree) -> "PlanTree":
        return PlanTree(
            roots=[PlanNode.from_domain(root, tree) for root in tree.roots],
            as_of=tree.as_of,
            data_through=tree.data_through,
            **days_of(tree.period),
            left_out=[LeftOut.from_domain(left) for left in tree.left_out],
            warnings=list(tree.warnings),
        )


class _FirstRoot(Schema):
    entity: PlanEntity | None
    budget: PlannedBudget | None
    allocated_to_children: Number | None
    unallocated: Number | None
    children: list[PlanNode]


class RootedTree(PlanTree, _FirstRoot):
    """The tree with its first root at the top level, too; null where there is none."""

    @classmethod
    def from_tree(cls, tree: plan_results.PlanTree) -> "RootedTree":
        found = PlanTree.from_domain(tree)
        first = found.roots[0] if found.roots else None
        return RootedTree(
            entity=first.entity if first else None,
            budget=first.budget if first else None,
            allocated_to_children=first.allocated_to_children if first else None,
            unallocated=first.unallocated if first else None,
            children=first.children if first else [],
            **dict(found),
        )


class PlanPart(Schema):
    """A category or provider of a breakdown, with its own days, warnings and costs left out.

    These cannot stand next to the parts: any key there could be the name of a provider.
    """

    budget: Number | None = Field(description="null if nothing is planned.")
    actual: Number = Field(description="What counts for the budgets; if nothing is planned, everything that was used.")
    variance: Number | None
    pct_used: Number | None
    status: VarianceStatus | None
    tokens_budget: int | None
    tokens_actual: int | None
    seats_budget: int | None
    seats_actual: int | None
    not_budgeted: Number | None = Field(
        description="What no budget covers: other providers, categories or days. It adds up with `actual` to the whole;"
        " null if nothing is planned."
    )
    tokens_not_budgeted: int | None = Field(description="null if nothing is known, too.")
    forecast: ForecastRange | None = Field(
        description="What `actual` is expected to come to; null where the days that have not ended are not those of one"
        " running period."
    )
    forecast_by: date | None = Field(
        description="The last day of `forecast`, which parts of different running periods do not share."
    )
    tokens_forecast: ForecastRange | None = Field(description="Of `tokens_actual`; null without tokens, too.")
    tokens_forecast_by: date | None
    seats_not_budgeted: int | None = Field(
        description="The most on one of the budgets' days that count for none of them. Seats do not add up: each may be"
        " of another day."
    )
    left_out: list[LeftOut] = Field(description="What would be in this part if there were an exchange rate.")
    warnings: list[str] = Field(
        description="Over-allocated budgets, what is left out, and what was converted, in words."
    )
    period_start: date
    period_end: date = Field(description="Inclusive.")
    periods: list[Days] = Field(description="The days that the figures cover, without the gaps between budgets.")
    data_through: date = Field(description="The last day whose costs are known.")

    @classmethod
    def from_domain(cls, name: str, breakdown: plan_results.Breakdown) -> "PlanPart":
        part = breakdown.parts[name]
        money, tokens = (breakdown.forecasts.get((name, of)) for of in (BudgetType.MONETARY, BudgetType.TOKEN))
        is_planned = part.budget is not None
        return PlanPart(
            budget=_known(part.budget, BudgetType.MONETARY),
            actual=to_decimal(part.actual),
            variance=_known(part.figures.variance, BudgetType.MONETARY) if is_planned else None,
            pct_used=without_trailing_zeros(part.figures.percent_used) if is_planned else None,
            status=part.figures.status if is_planned else None,
            tokens_budget=part.tokens_budget,
            tokens_actual=part.tokens_actual,
            seats_budget=part.seats_budget,
            seats_actual=part.seats_actual,
            not_budgeted=_known(part.not_budgeted, BudgetType.MONETARY),
            tokens_not_budgeted=part.tokens_not_budgeted,
            seats_not_budgeted=part.seats_not_budgeted,
            forecast=_range(money and money.forecast, BudgetType.MONETARY),
            forecast_by=money and money.last_day,
            tokens_forecast=_range(tokens and tokens.forecast, BudgetType.TOKEN),
            tokens_forecast_by=tokens and tokens.last_day,
            left_out=[LeftOut.from_domain(left) for left in part.left_out],
            warnings=list(part.warnings),
            **days_of(around(breakdown.periods)),
            periods=[Days.of_period(period) for period in breakdown.stretches],
            data_through=breakdown.data_through,
        )


def parts_of(breakdown: plan_results.Breakdown) -> dict[str, PlanPart]:
    """Return one object per part, by its name: a category or a provider, '' if unknown."""
    return {name: PlanPart.from_domain(name, breakdown) for name in breakdown.parts}


class PlanByCategory(Schema):
    cloud: PlanPart
    genai: PlanPart
    subscription: PlanPart
    total: PlanPart


class PlanByProvider(RootModel[dict[str, PlanPart]]):
    """One part for each provider with a budget or usage; the one named "" is usage without a provider."""


def _known(amount: int | None, budget_type: BudgetType) -> Decimal | None:
    return None if amount is None else plain_amount(amount, budget_type)


def _share(part: int, whole: int) -> Decimal | None:
    """Return ``part`` in percent of ``whole``."""
    return without_trailing_zeros(percent_of(part, whole))


# Requests

MOST_LISTED = 1000
_PERCENT_DECIMALS = 9


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("give a JSON number such as 20000")
    return Decimal(value)


def _percent(value: Any) -> Fraction:
    number = _number(value)
    if not number:
        return Fraction(0)
    try:
        if -_PERCENT_DECIMALS <= number.adjusted() <= 5:  # written out, a larger exponent could fill the memory
            whole, _, decimals = f"{number:f}".partition(".")
            return parse_percent(f"{whole}.{decimals.rstrip('0') or '0'}")
    except Refused:
        pass
    raise ValueError(f"give a number from 0 to 100 with at most {_PERCENT_DECIMALS} decimals")


Planned = Annotated[
    Decimal,
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": LIMIT_COUNT}),
    Field(description="Money with at most 9 decimals; whole tokens or seats."),
]
Percentage = Annotated[
    Fraction,
    BeforeValidator(_percent),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100}),
]
LevelCode = Annotated[str, StringConstraints(max_length=32)]
Notes = Annotated[str, StringConstraints(max_length=NOTES_MAX_LENGTH)]


class NamedEntity(Request):
    """The entity of a budget. Its name and level are looked up; they may be given, too."""

    hierarchy_entity_id: EntityId = Field(description="`ORG` is the organization.", examples=["DEPT-ENG"])
    hierarchy_entity_name: Text | None = Field(
        None, description="Another name than the entity's is reported in `warnings`.", examples=["Engineering"]
    )
    hierarchy_level_code: LevelCode | None = Field(
        None,
        description="Refused when the entity is of another level. The root's may be written `org`, too.",
        examples=["department"],
    )


class NewBudget(NamedEntity):
    category: Category
    budget_type: BudgetType = BudgetType.MONETARY
    budget_amount: Planned = Field(examples=[20000])
    currency: Text | None = Field(None, description="ISO 4217. Default: the organization's currency.", examples=["USD"])
    period_type: PeriodKind
    period_start: Day = Field(examples=["2026-02-01"])
    period_end: Day = Field(description="Inclusive.", examples=["2026-02-28"])
    provider: Text | None = Field(None, description="Only its charges.", examples=["openai"])
    notes: Notes | None = None

    def to_domain(self) -> BudgetPlan:
        return BudgetPlan(
            self.hierarchy_entity_id,
            self.category,
            amount_from_json(self.budget_amount, self.budget_type),
            self.period_type,
            Period(self.period_start, self.period_end),
            self.budget_type,
            self.currency or "",
            self.provider or "",
            self.notes or "",
        )


class Share(NamedEntity):
    """A child, and its part of the parent: as a percentage or as an amount."""

    percentage: Percentage | None = Field(None, examples=[40])
    amount: Planned | None = Field(None, examples=[40000])

    def to_domain(self, budget_type: BudgetType) -> ChildShare:
        amount = None if self.amount is None else amount_from_json(self.amount, budget_type)
        return ChildShare(self.hierarchy_entity_id, self.percentage, amount)


class NewAllocation(NewBudget):
    allocations: list[Share] = Field(min_length=1, description="Percentages sum to at most 100.")

    def shares(self) -> list[ChildShare]:
        return [child.to_domain(self.budget_type) for child in self.allocations]


class PlanChangeIn(Change):
    _options = ("rescale_children",)

    budget_amount: Planned | None = Field(None, examples=[25000])
    provider: Text | None = Field(None, description="'' for any.")
    notes: Notes | None = None
    period_type: PeriodKind | None = Field(None, description="Together with both days.")
    period_start: Day | None = None
    period_end: Day | None = Field(None, description="Inclusive.")
    rescale_children: StrictBool = Field(
        False, description="Budgets allocated from it keep their shares instead of their amounts."
    )

    @model_validator(mode="after")
    def require_whole_period(self) -> Self:
        period = (self.period_type, self.period_start, self.period_end)
        if any(part is None for part in period) and any(part is not None for part in period):
            raise ValueError("a period is its type, its start and its end: give all three")
        return self

    def to_domain(self, budget_type: BudgetType) -> PlanChange:
        return PlanChange(
            None if self.budget_amount is None else amount_from_json(self.budget_amount, budget_type),
            self.notes,
            self.provider,
            self.period_type,
            Period(self.period_start, self.period_end) if self.period_start and self.period_end else None,
        )


class CommonFilters(Request):
    """The filters that every view takes."""

    category: Category | None = None
    budget_type: BudgetType | None = None
    period_type: PeriodKind | None = None
    period_start: Day | None = None
    period_end: Day | None = Field(None, description="Inclusive.")
    provider: Text = Field("", description="By any of its names.")
    currency: Text = ""

    def to_domain(self) -> PlanFilter:
        return PlanFilter(
            self.category,
            self.budget_type,
            self.period_type,
            self.period_start,
            self.period_end,
            provider=self.provider,
            currency=self.currency,
        )


class TreeFilters(CommonFilters):
    root_entity_id: Text = Field("", description="Only this entity and below.")


class EntityFilters(CommonFilters):
    hierarchy_entity_id: Text = Field("", description="Only this entity; the organization is `ORG`.")

    def to_domain(self) -> PlanFilter:
        return replace(super().to_domain(), entity_id=self.hierarchy_entity_id)


class Filters(EntityFilters):
    status: VarianceStatus | None = Field(None, description="Its actual compared with its amount.")
    search: Text = Field("", description="Search in the entity's id and name, the provider and the notes.")
    is_active: Literal["true", "false", "any"] = Field("true", description="`false`: deleted ones only.")

    def to_domain(self) -> PlanFilter:
        is_active = {"true": True, "false": False, "any": None}[self.is_active]
        return replace(super().to_domain(), status=self.status, search=self.search, is_active=is_active)


class PageFilters(Filters):
    limit: int = Field(MOST_LISTED, ge=1, le=MOST_LISTED, description="Return at most this many.")
    offset: int = Field(0, ge=0, le=LIMIT_COUNT, description="Skip this many.")


def amount_from_json(value: Decimal, budget_type: BudgetType) -> int:
    """Convert a JSON number to a budget's amount: money to nanos, tokens and seats to a count."""
    try:
        if budget_type is BudgetType.MONETARY:
            return nanos_from_json(value)
        return count_from_json(value)
    except ValueError as error:
        raise Refused(f"the amount of a {budget_type} budget: {error}") from None
