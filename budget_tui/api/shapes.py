"""The shapes of answers, for the OpenAPI document. The answers themselves are made by `budget_tui.wire`."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.pacing import Status

Usd = Annotated[Decimal, WithJsonSchema({"type": "number"})]


class CarrySettled(BaseModel):
    subject: str = Field(description="Whose budget: `global`, a project or an agent.", examples=["pcc"])
    budget_type: BudgetType
    carried_before: Usd = Field(description="What it had received: an amount or tokens.")
    carried: Usd = Field(description="What it receives by what is known now.")


class Settling(BaseModel):
    """The answer to a change that may change what was carried over."""

    carry_settled: list[CarrySettled] = Field(
        [],
        description="What more became known of the closed period changed of what was carried into the running one; left"
        " out where it changed nothing.",
    )


class Pacing(BaseModel):
    daily_drip_usd: Usd = Field(examples=[2.5])
    available_today_usd: Usd
    burn_rate_usd: Usd
    runway_days: Annotated[Decimal, WithJsonSchema({"type": "number"})] | None = Field(
        description="null when nothing burns"
    )
    runs_out_on: date | None = Field(description="The day it runs out on, when that is before the period's end.")
    budget_status: Status


class Dated(BaseModel):
    as_of: date
    data_through: date = Field(description="How far the costs are known.")
    currency: str = Field(description="ISO 4217; what every amount is in.")
    warnings: list[str]


class Carrying(BaseModel):
    carry: CarryPolicy = Field(description="What else comes along into the next period.")
    carry_cap_usd: Usd | None
    carried_usd: Usd = Field(description="What came along from the period before; negative when it was overspent.")


class GlobalBudget(Pacing, Carrying):
    monthly_budget_usd: Usd = Field(examples=[500])
    current_period_start: date
    current_period_end: date = Field(description="Inclusive.")
    allocated_usd: Usd
    unallocated_usd: Usd
    spent_usd: Usd = Field(description="Costs dated in the period, through today.")
    scheduled_usd: Usd = Field(description="Costs dated later in the period.")
    remaining_usd: Usd
    days_left: int
    forecast_usd: Usd


class ProjectBudget(Pacing, Carrying):
    project_id: str
    name: str
    monthly_allocation_usd: Usd = Field(examples=[150])
    spent_usd: Usd = Field(description="Costs dated in the period, through today.")
    scheduled_usd: Usd = Field(description="Costs dated later in the period.")
    remaining_usd: Usd


class GlobalBudgetAnswer(GlobalBudget, Dated):
    pass


class ProjectBudgetAnswer(ProjectBudget, Dated):
    pass


class ProjectsAnswer(Dated):
    projects: list[ProjectBudget]


class StatusAnswer(Dated):
    global_: GlobalBudget = Field(alias="global")
    projects: list[ProjectBudget]
    unmapped_usd: Usd


class ProjectAddedAnswer(BaseModel):
    project_id: str
    name: str
    parent_id: str
    monthly_allocation_usd: Usd
    currency: str


class EntityAnswer(BaseModel):
    entity_id: str
    name: str
    level: str = Field(examples=["department"])
    parent_id: str | None = Field(description="What it stands below; null for the organization itself.")
    path: str = Field(examples=["/ORG/DEPT-ENG/"])
    archived: bool


class EntityChanged(EntityAnswer, Settling):
    closed_through: date | None = Field(description="Through that day it counts where it stood; null when it did here.")
    closed_parent_id: str | None = Field(description="What it stood below then.")


class EntitiesAnswer(BaseModel):
    entities: list[EntityAnswer]


class LogEntryAnswer(BaseModel):
    entry: int
    at: datetime
    actor: str = Field(description="A user, or a key by name and id.")
    action: str = Field(examples=["allocation.set"])
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    change: int = Field(description="The entries of one change have the same.")
    reverses: int | None = Field(description="The change that this one takes back.")


class UndoAnswer(Settling):
    what: str = Field(description="What was undone or redone, in words.")
    change: int = Field(description="The change that did it.")
    reverses: int = Field(description="The change that it reverses.")


class TransferAnswer(BaseModel):
    transfer_id: str
    from_: str = Field(alias="from")
    to: str
    amount_usd: Usd
    from_after_usd: Usd
    to_after_usd: Usd
    currency: str
    forced: bool
    reason: str


class CostAnswer(Settling):
    project_id: str
    amount_usd: Usd
    on: date
    tokens: int | None
    currency: str


class ClosedProject(BaseModel):
    project_id: str
    name: str
    monthly_allocation_usd: Usd
    spent_usd: Usd
    remaining_usd: Usd
    budget_status: Status
    restated_usd: Usd


class ClosedAgent(BaseModel):
    agent_id: str
    allocated_tokens: int
    used_tokens: int
    available_tokens: int
    budget_status: Status
    restated_tokens: int


class ClosedPeriodAnswer(BaseModel):
    period_start: date
    period_end: date = Field(description="Inclusive.")
    data_through: date | None = Field(
        description="How far the costs were known at the close; null: it was closed before that was kept."
    )
    currency: str
    monthly_budget_usd: Usd
    allocated_usd: Usd
    spent_usd: Usd
    remaining_usd: Usd
    budget_status: Status
    restated_usd: Usd = Field(description="What was spent beyond the figures at the close, by what is known now.")
    closed_by: str
    closed_at: datetime
    projects: list[ClosedProject]
    agents: list[ClosedAgent]


class TokenBalanceAnswer(Settling):
    agent_id: str
    allocated_tokens: int
    used_tokens: int
    reserved_tokens: int
    available_tokens: int


class AgentBudgetAnswer(TokenBalanceAnswer):
    name: str
    project_id: str
    model: str
    rate_per_hour: int
    runs_out_at: datetime | None
    status: Status
    data_through: date = Field(description="How far the use is known: today, for it is recorded as it happens.")


class AgentsAnswer(BaseModel):
    agents: list[AgentBudgetAnswer]


class ReservationAnswer(BaseModel):
    reservation_id: str
    agent_id: str
    tokens: int
    expires_at: datetime
    available_tokens: int


class Health(BaseModel):
    status: str = Field(examples=["ok"])


class ProblemDocument(BaseModel):
    """RFC 9457. ``code`` is the same as on the command line."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    request_id: str
    available_usd: Usd | None = Field(None, description="What there is, when it was not enough.")
    available_tokens: int | None = Field(None, description="What there is, when it was not enough.")
    errors: list[dict[str, str]] | None = Field(None, description="Each field that was refused, and why.")
