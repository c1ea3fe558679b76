"""What requests carry. Amounts become nanos on the way in; a name that nobody asked for is refused."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from budget_tui.domain.amount import LIMIT_COUNT, LIMIT_UNITS, exact_nanos
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import ID_MAX_LENGTH
from budget_tui.domain.period import parse_day
from budget_tui.services.agents import HOLD_SECONDS, LONGEST_HOLD_SECONDS
from budget_tui.services.entities import EntityChange


def nanos_given(value: Any) -> int:
    """The nanos of a JSON number."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("give a JSON number such as 12.50")
    try:
        return exact_nanos(Decimal(value))
    except Refused as error:
        raise ValueError(str(error)) from None


def count_given(value: Any) -> int:
    """The tokens or seats of a JSON number: written as a whole one, as they are in Python."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("give a whole JSON number such as 25000")
    return value


def day_given(value: Any) -> date:
    if not isinstance(value, str) or len(value) != len("2026-01-13"):
        raise ValueError("give a day such as 2026-01-13")
    try:
        return parse_day(value)
    except Refused as error:
        raise ValueError(str(error)) from None


def _amount(description: str, **limits: int) -> Any:
    exact = {"multipleOf": 1e-9, "maximum": LIMIT_UNITS, "description": f"{description}, with at most 9 decimals."}
    return WithJsonSchema({"type": "number", **exact, **limits})


Budgeted = Annotated[int, Field(ge=0), BeforeValidator(nanos_given), _amount("An amount", minimum=0)]
Moved = Annotated[int, Field(gt=0), BeforeValidator(nanos_given), _amount("A positive amount", exclusiveMinimum=0)]
Charged = Annotated[
    int, BeforeValidator(nanos_given), _amount("An amount, negative for a credit", minimum=-LIMIT_UNITS)
]
Tokens = Annotated[
    int,
    Field(ge=1, le=LIMIT_COUNT),
    BeforeValidator(count_given),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LIMIT_COUNT}),
]
SomeTokens = Annotated[
    int,
    Field(ge=0, le=LIMIT_COUNT),
    BeforeValidator(count_given),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LIMIT_COUNT}),
]
EntityId = Annotated[str, StringConstraints(min_length=1, max_length=ID_MAX_LENGTH)]
Charging = Literal["cloud", "genai", "subscription"]
Day = Annotated[date, BeforeValidator(day_given), WithJsonSchema({"type": "string", "format": "date"})]
Text = Annotated[str, StringConstraints(max_length=500)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GlobalBudgetChange(Body):
    monthly_budget_usd: Budgeted = Field(examples=[500])


class AllocationChangeBody(Body):
    monthly_allocation_usd: Budgeted = Field(examples=[120.5])


class ProjectBody(Body):
    project_id: EntityId = Field(description="Short and lasting: exports and requests name it.", examples=["billing"])
    name: Text = Field("", description="What screens call it; its id unless given.", examples=["Billing"])
    monthly_allocation_usd: Budgeted = Field(0, examples=[120.5])
    parent_id: Text = Field("", description="What it stands below; the organization unless given.")

    def allocation(self) -> AllocationChange | None:
        return AllocationChange(ChangeKind.SET, self.monthly_allocation_usd) if self.monthly_allocation_usd else None


class AgentBody(Body):
    agent_id: EntityId = Field(description="Short and lasting: requests name it.", examples=["reviewer"])
    project_id: EntityId = Field(description="Whose it is: a project's, or another entity's.", examples=["pcc"])
    name: Text = Field("", description="What screens call it; its id unless given.")
    model: Text = Field("", description="What it runs on; its tokens cost what that one's cost.")
    tokens: SomeTokens = Field(0, description="What it may use in each period.", examples=[1_000_000])


class EntityBody(Body):
    entity_id: EntityId = Field(description="Short and lasting: exports and requests name it.", examples=["DEPT-ENG"])
    name: Text = Field("", description="What screens call it; its id unless given.", examples=["Engineering"])
    parent_id: Text = Field("", description="What it stands below; the organization unless given.")
    level: Text = Field("", description="The one below its parent's unless given.", examples=["department"])


class SomeChange(Body):
    """The changes of an entity; what is not given stays."""

    @model_validator(mode="after")
    def something(self) -> Self:
        if all(value is None for _, value in self):
            raise ValueError(f"nothing is to change: give {' or '.join(type(self).model_fields)}")
        return self


class EntityChangeBody(SomeChange):
    name: Text | None = Field(None, description="What screens are to call it; the id stays.")
    parent_id: EntityId | None = Field(
        None, description="What it is to stand below, with all that is below it and what that spent on open days."
    )

    def change(self) -> EntityChange:
        return EntityChange(self.name, self.parent_id)


class AgentChangeBody(SomeChange):
    name: Text | None = Field(None, description="What screens are to call it; the id stays.")
    project_id: EntityId | None = Field(None, description="Whose it is to be.")

    def change(self) -> EntityChange:
        return EntityChange(self.name, self.project_id)


class TransferBody(Body):
    to_project_id: EntityId = Field(description="A project's id, or `pool`.", examples=["python-api"])
    amount_usd: Moved = Field(examples=[20])
    force: StrictBool = Field(False, description="Also what is spent already; needs a reason.")
    reason: Text = ""


class CostBody(Body):
    amount_usd: Charged = Field(examples=[1.25])
    on: Day | None = Field(None, description="The day; today unless given.")
    category: Charging | None = Field(None, description="By provider unless given.")
    provider: Text = Field("", description="Who charged it.", examples=["openai"])
    tokens: SomeTokens | None = Field(None, description="Tokens used.")
    once: StrictBool = Field(False, description="Whether it comes once: spent, but no part of the burn rate.")


class TokensAllocated(Body):
    tokens: SomeTokens = Field(examples=[1_000_000])


class TokensBody(Body):
    tokens: Tokens = Field(examples=[25_000])


class ConsumeBody(TokensBody):
    output: SomeTokens = Field(0, description="Of them, what the model wrote.")
    cached: SomeTokens = Field(0, description="Of them, what it read from its provider's cache.")


class SettleBody(Body):
    tokens: SomeTokens = Field(examples=[18_000])
    output: SomeTokens = Field(0, description="Of them, what the model wrote.")
    cached: SomeTokens = Field(0, description="Of them, what it read from its provider's cache.")


class HoldBody(TokensBody):
    seconds: Annotated[int, Field(ge=1, le=LONGEST_HOLD_SECONDS), BeforeValidator(count_given)] = Field(
        HOLD_SECONDS, description="How long they are held at most."
    )
