"""The shapes of answers about the plan, for the OpenAPI document. They are made by `budget_tui.wire_plan`."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel, WithJsonSchema

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.period import PeriodKind
from budget_tui.domain.variance import VarianceStatus

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]


class Shape(BaseModel):
    """All fields are always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Allocation(Shape):
    """The record of what a child got of its parent."""

    allocation_id: str
    parent_budget_id: str
    child_budget_id: str
    allocated_amount: Number
    allocation_percentage: Number | None = Field(description="Of the parent's amount; null where that is 0.")


class PlannedBudget(Shape):
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
    parent_budget_id: str | None = Field(description="What it was allocated from; null once that is deleted.")
    allocation: Allocation | None = Field(description="What it was allocated; null where it was planned by itself.")
    allocations: list[Allocation] = Field(description="What was allocated from it.")
    created_by: str
    updated_by: str | None
    created_at: datetime
    updated_at: datetime | None


class PlanBudget(PlannedBudget):
    warnings: list[str] = Field(description="That its children have more than it.")


class PlanOutcome(PlannedBudget):
    rescaled_children: list[PlannedBudget]
    warnings: list[str]


class AllocatedChild(Shape):
    budget: PlannedBudget
    allocation_id: str
    allocated_amount: Number
    allocation_percentage: Number | None


class PlanAllocation(Shape):
    parent_budget: PlannedBudget
    children: list[AllocatedChild]
    unallocated_amount: Number = Field(description="Negative when the children got more than there is.")
    unallocated_percentage: Number | None
    warnings: list[str]


class Days(Shape):
    """The days of an answer: those asked for, else from the first day of its budgets to their last."""

    period_start: date | None = Field(description="null where there is no budget.")
    period_end: date | None = Field(description="Inclusive.")


class PlanList(Days):
    budgets: list[PlannedBudget]
    total: int = Field(description="How many there are, on this page or not.")
    data_through: date = Field(description="How far the costs are known.")
    warnings: list[str] = Field(description="Whose children have more than it, of the budgets on this page.")


class PlanFigures(Shape):
    actual_amount: Number | None = Field(description="null: there is no data.")
    variance: Number | None = Field(description="budget − actual: positive is under budget.")
    variance_percent: Number | None
    pct_used: Number | None
    is_over_budget: bool
    status: VarianceStatus | None


class PlanEntity(Shape):
    hierarchy_entity_id: str
    hierarchy_entity_name: str
    hierarchy_level_code: str
    hierarchy_path: str


class PlanLine(PlannedBudget, PlanFigures):
    entity: PlanEntity


class PlanTotals(Shape):
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


class LeftOut(Shape):
    """Costs, or budgets, in a currency without a usable rate: in no sum."""

    currency: str
    amount: Number
    costs: int = Field(description="How many costs; 0: these are budgets.")
    budgets: int = Field(description="How many budgets; 0: these are costs.")
    into: str


class PlanHeadline(Days):
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
    data_through: date = Field(description="How far the costs are known.")
    left_out: list[LeftOut]
    warnings: list[str]


class PlanSummary(PlanHeadline):
    budgets: list[PlanLine]


class PlanNode(PlanFigures):
    entity: PlanEntity
    budget: PlannedBudget
    actual: Number | None
    allocated_to_children: Number
    unallocated: Number = Field(description="Negative when the children have more.")
    children: list["PlanNode"]


class PlanTree(Days):
    roots: list[PlanNode]
    as_of: date
    data_through: date = Field(description="How far the costs are known.")
    left_out: list[LeftOut]
    warnings: list[str]


class PlanTreeAnswer(PlanTree):
    """The first root is told at the top level, too; null where there is none."""

    entity: PlanEntity | None
    budget: PlannedBudget | None
    allocated_to_children: Number | None
    unallocated: Number | None
    children: list[PlanNode]


class Stretch(Shape):
    period_start: date
    period_end: date = Field(description="Inclusive.")


class PlanPart(Stretch):
    periods: list[Stretch] = Field(description="The days that the figures are of, without the gaps between budgets.")
    data_through: date = Field(description="How far the costs are known.")
    budget: Number | None = Field(description="null: nothing is planned.")
    actual: Number = Field(description="What counts for the budgets; where nothing is planned, all that was used.")
    variance: Number | None
    pct_used: Number | None
    status: VarianceStatus | None
    tokens_budget: int | None
    tokens_actual: int | None
    seats_budget: int | None
    seats_actual: int | None
    not_budgeted: Number | None = Field(
        description="What was used beside the budgets: of other providers, in other categories, on other days."
        " `actual` and this add up to the whole; null where nothing is planned."
    )
    tokens_not_budgeted: int | None = Field(description="null also where nothing is known.")
    seats_not_budgeted: int | None = Field(
        description="The most on one of the budgets' days that count for none of them. Seats do not add up: each may be"
        " of another day."
    )
    left_out: list[LeftOut] = Field(description="What would be in this part if there were a rate.")
    warnings: list[str] = Field(
        description="Whose children have more than it, what is left out, and what counts at which amount, in words."
    )


class PlanByCategory(Shape):
    cloud: PlanPart
    genai: PlanPart
    subscription: PlanPart
    total: PlanPart


class PlanByProvider(RootModel[dict[str, PlanPart]]):
    """One part for each provider that was planned for or used; the one named "" is what names no provider."""
