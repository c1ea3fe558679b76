"""What requests about the plan carry: budgets, allocations and filters."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, StringConstraints, WithJsonSchema, model_validator

from budget_tui.api.bodies import Body, Day, EntityId, Text, count_given, nanos_given
from budget_tui.domain.amount import LIMIT_COUNT
from budget_tui.domain.budget import BudgetType, parse_percent
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import DEFAULT_LEVELS
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import NOTES_MAX_LENGTH, BudgetPlan, ChildShare
from budget_tui.domain.variance import VarianceStatus
from budget_tui.services.plan_views import PlanFilter
from budget_tui.services.plans import PlanChange

MOST_LISTED = 1000
ROOT_LEVEL = DEFAULT_LEVELS[0].code
ROOT_LEVEL_SHORT = "org"
_PERCENT_DECIMALS = 9


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("give a JSON number such as 20000")
    return Decimal(value)


def _percent(value: Any) -> Fraction:
    number = _number(value).normalize()
    if not -_PERCENT_DECIMALS <= number.adjusted() <= 5:  # written out, it could fill the memory
        raise ValueError(f"give a percentage from 0 to 100 with at most {_PERCENT_DECIMALS} decimals")
    try:
        return parse_percent(f"{number:f}")
    except Refused as error:
        raise ValueError(str(error)) from None


def _level(value: Any) -> Any:
    """Both ways to write the root's level mean the same."""
    return ROOT_LEVEL if isinstance(value, str) and value.casefold() == ROOT_LEVEL_SHORT else value


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
LevelCode = Annotated[
    str, BeforeValidator(_level), StringConstraints(max_length=32), WithJsonSchema({"type": "string", "maxLength": 32})
]
Notes = Annotated[str, StringConstraints(max_length=NOTES_MAX_LENGTH)]


class EntityGiven(Body):
    """Whose budget. Its name and level are looked up; they may be given, too."""

    hierarchy_entity_id: EntityId = Field(description="`ORG` is the organization.", examples=["DEPT-ENG"])
    hierarchy_entity_name: Text | None = Field(
        None, description="The entity's own name stands; another one is told in `warnings`.", examples=["Engineering"]
    )
    hierarchy_level_code: LevelCode | None = Field(
        None,
        description="Refused when the entity is of another level. The root's may be written `org`, too.",
        examples=["department"],
    )


class PlanBody(EntityGiven):
    category: Category
    budget_type: BudgetType = BudgetType.MONETARY
    budget_amount: Planned = Field(examples=[20000])
    currency: Text | None = Field(None, description="ISO 4217; the organization's unless given.", examples=["USD"])
    period_type: PeriodKind
    period_start: Day = Field(examples=["2026-02-01"])
    period_end: Day = Field(description="Inclusive.", examples=["2026-02-28"])
    provider: Text | None = Field(None, description="Only what it charges.", examples=["openai"])
    notes: Notes | None = None

    def plan(self) -> BudgetPlan:
        return BudgetPlan(
            self.hierarchy_entity_id,
            self.category,
            amount_given(self.budget_amount, self.budget_type),
            self.period_type,
            Period(self.period_start, self.period_end),
            self.budget_type,
            self.currency or "",
            self.provider or "",
            self.notes or "",
        )


class ShareBody(EntityGiven):
    """A child, and its part of the parent: as a percentage or as an amount."""

    percentage: Percentage | None = Field(None, examples=[40])
    amount: Planned | None = Field(None, examples=[40000])

    def share(self, budget_type: BudgetType) -> ChildShare:
        amount = None if self.amount is None else amount_given(self.amount, budget_type)
        return ChildShare(self.hierarchy_entity_id, self.percentage, amount)


class AllocateBody(PlanBody):
    allocations: list[ShareBody] = Field(min_length=1, description="Percentages sum to at most 100.")

    def shares(self) -> list[ChildShare]:
        return [child.share(self.budget_type) for child in self.allocations]


class PlanChangeBody(Body):
    """What is to change; what is not given stays."""

    budget_amount: Planned | None = Field(None, examples=[25000])
    provider: Text | None = Field(None, description="'' for any.")
    notes: Notes | None = None
    period_type: PeriodKind | None = Field(None, description="Together with both days.")
    period_start: Day | None = None
    period_end: Day | None = Field(None, description="Inclusive.")
    rescale_children: StrictBool = Field(
        False, description="What was allocated from it keeps its share, not its amount."
    )

    @model_validator(mode="after")
    def whole(self) -> Self:
        period = (self.period_type, self.period_start, self.period_end)
        if any(part is None for part in period) and any(part is not None for part in period):
            raise ValueError("a period is its type, its start and its end: give all three")
        if self.budget_amount is None and self.provider is None and self.notes is None and self.period_type is None:
            raise ValueError("nothing is to change: give budget_amount, provider, notes or the period")
        return self

    def change(self, budget_type: BudgetType) -> PlanChange:
        return PlanChange(
            None if self.budget_amount is None else amount_given(self.budget_amount, budget_type),
            self.notes,
            self.provider,
            self.period_type,
            Period(self.period_start, self.period_end) if self.period_start and self.period_end else None,
        )


class SomeFilters(Body):
    """What every view can be narrowed by."""

    category: Category | None = None
    budget_type: BudgetType | None = None
    period_type: PeriodKind | None = None
    period_start: Day | None = None
    period_end: Day | None = Field(None, description="Inclusive.")
    provider: Text = Field("", description="By any of its names.")
    currency: Text = ""

    def narrowed(self) -> PlanFilter:
        return PlanFilter(
            self.category,
            self.budget_type,
            self.period_type,
            self.period_start,
            self.period_end,
            provider=self.provider,
            currency=self.currency,
        )


class TreeFilters(SomeFilters):
    root_entity_id: Text = Field("", description="Only what is at and below it.")


class EntityFilters(SomeFilters):
    hierarchy_entity_id: Text = Field("", description="Only this entity's; the organization itself is `ORG`.")

    def narrowed(self) -> PlanFilter:
        return replace(super().narrowed(), entity_id=self.hierarchy_entity_id)


class Filters(EntityFilters):
    status: VarianceStatus | None = Field(None, description="How its actual stands to its amount.")
    search: Text = Field("", description="In the entity's id and name, the provider, the notes.")
    is_active: Literal["true", "false", "any"] = Field("true", description="`false`: deleted ones only.")

    def narrowed(self) -> PlanFilter:
        is_active = {"true": True, "false": False, "any": None}[self.is_active]
        return replace(super().narrowed(), status=self.status, search=self.search, is_active=is_active)


class PageFilters(Filters):
    limit: int = Field(MOST_LISTED, ge=1, le=MOST_LISTED, description="At most so many.")
    offset: int = Field(0, ge=0, le=LIMIT_COUNT, description="After the first so many.")


def amount_given(value: Decimal, budget_type: BudgetType) -> int:
    """A JSON number as the amount of a budget of that type."""
    try:
        if budget_type is BudgetType.MONETARY:
            return nanos_given(value)
        return count_given(int(value) if value.as_tuple().exponent == 0 else value)  # 5.0 and 5e0 have another one
    except ValueError as error:
        raise Refused(f"an amount in {budget_type} budgets cannot be that: {error}") from None
