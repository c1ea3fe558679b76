"""The global budget and the projects, and the requests that change them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field, StrictBool

from budget_tui.domain import tokens
from budget_tui.domain.amount import to_decimal, to_decimals
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.carry import Carry, CarryPolicy
from budget_tui.domain.pacing import Status
from budget_tui.domain.snapshot import BudgetSnapshot, Pace, ProjectLine
from budget_tui.presentation import messages
from budget_tui.schemas.agents import TokenSums
from budget_tui.schemas.base import (
    EntityId,
    NonNegativeAmount,
    Number,
    PositiveAmount,
    Request,
    Schema,
    Text,
    Totals,
    without_trailing_zeros,
)
from budget_tui.schemas.forecast import ForecastRange
from budget_tui.services.forecasts import ForecastReport
from budget_tui.services.projects import ProjectAdded
from budget_tui.services.snapshots import ProjectFigures
from budget_tui.services.transfers import TransferOutcome, TransferRequest


class Pacing(Schema):
    daily_drip_usd: Number = Field(examples=[2.5])
    available_today_usd: Number
    burn_rate_usd: Number
    runway_days: Number | None = Field(description="null if nothing burns")
    runs_out_on: date | None = Field(description="The day it runs out, if that is before the period ends.")
    budget_status: Status


def _pacing(pace: Pace) -> dict[str, Any]:
    return {
        "daily_drip_usd": to_decimal(pace.daily_drip),
        "available_today_usd": to_decimal(pace.available_today),
        "burn_rate_usd": to_decimal(pace.burn_rate),
        "runway_days": without_trailing_zeros(pace.runway_days),
        "runs_out_on": pace.runs_out_on,
        "budget_status": pace.status,
    }


class CarryOver(Schema):
    """The carry-over of a budget."""

    carry: CarryPolicy = Field(description="What carries over into the next period.")
    carry_cap_usd: Number | None
    carried_usd: Number = Field(description="What was carried over from the previous period; negative for a deficit.")


def carry_over(carry: Carry) -> dict[str, Any]:
    """Return the fields of a `CarryOver`."""
    return {
        "carry": carry.policy,
        "carry_cap_usd": None if carry.cap is None else to_decimal(carry.cap),
        "carried_usd": to_decimal(carry.carried),
    }


class Dated(Schema):
    """The day that the figures are of, and how far their costs are known."""

    as_of: date
    data_through: date = Field(description="The last day whose costs are known.")
    currency: str = Field(description="ISO 4217; the currency of all amounts.")
    warnings: list[str]


def _dated(snapshot: BudgetSnapshot, warnings: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "as_of": snapshot.as_of,
        "data_through": snapshot.data_through,
        "currency": snapshot.organization.currency,
        "warnings": [*warnings, *messages.warnings(snapshot)],
    }


class _GlobalFigures(Schema):
    monthly_budget_usd: Number = Field(examples=[500])
    current_period_start: date
    current_period_end: date = Field(description="Inclusive.")
    allocated_usd: Number
    unallocated_usd: Number
    spent_usd: Number = Field(description="Costs dated in the period, through today.")
    scheduled_usd: Number = Field(description="Costs dated later in the period.")
    reserved_usd: Number = Field(description="Held for work in flight.")
    remaining_usd: Number = Field(description="What is not spent; what is reserved is part of it.")
    days_left: int


class _RunRate(Schema):
    run_rate_usd: Number = Field(description="Spent + burn × the days after today: the spend if all goes on like this.")


class GlobalBudget(CarryOver, _RunRate, Pacing, _GlobalFigures):
    @classmethod
    def from_domain(cls, snapshot: BudgetSnapshot) -> "GlobalBudget":
        total = snapshot.total
        return GlobalBudget(
            monthly_budget_usd=to_decimal(total.allocation),
            current_period_start=snapshot.period.start,
            current_period_end=snapshot.period.end,
            allocated_usd=to_decimal(snapshot.allocated),
            unallocated_usd=to_decimal(snapshot.unallocated),
            spent_usd=to_decimal(total.spent),
            scheduled_usd=to_decimal(total.scheduled),
            reserved_usd=to_decimal(total.reserved),
            remaining_usd=to_decimal(total.remaining),
            days_left=snapshot.days_left,
            run_rate_usd=to_decimal(total.run_rate),
            **_pacing(total),
            **carry_over(snapshot.carry),
        )


class _ProjectFigures(Schema):
    project_id: str
    name: str
    monthly_allocation_usd: Number = Field(examples=[150])
    spent_usd: Number = Field(description="Costs dated in the period, through today.")
    scheduled_usd: Number = Field(description="Costs dated later in the period.")
    reserved_usd: Number = Field(description="Held for work in flight.")
    remaining_usd: Number = Field(description="What is not spent; what is reserved is part of it.")
    enforced: bool = Field(description="True if its money bounds the tokens of its agents.")


class ProjectBudget(CarryOver, Pacing, _ProjectFigures):
    @classmethod
    def from_domain(cls, line: ProjectLine) -> "ProjectBudget":
        pace = line.pace
        return ProjectBudget(
            project_id=line.project_id,
            name=line.name,
            monthly_allocation_usd=to_decimal(pace.allocation),
            spent_usd=to_decimal(pace.spent),
            scheduled_usd=to_decimal(pace.scheduled),
            reserved_usd=to_decimal(pace.reserved),
            remaining_usd=to_decimal(pace.remaining),
            enforced=line.enforced,
            **_pacing(pace),
            **carry_over(line.carry),
        )


class DatedGlobalBudget(Dated, GlobalBudget):
    """The global budget, with the day of its figures and how far costs are known."""

    @classmethod
    def from_snapshot(cls, snapshot: BudgetSnapshot) -> "DatedGlobalBudget":
        return DatedGlobalBudget(**dict(GlobalBudget.from_domain(snapshot)), **_dated(snapshot))


class DatedProjectBudget(Dated, ProjectBudget):
    """One project's budget, with the day of its figures and how far costs are known."""

    @classmethod
    def from_snapshot(
        cls, snapshot: BudgetSnapshot, line: ProjectLine, warnings: Sequence[str] = ()
    ) -> "DatedProjectBudget":
        """``warnings`` are those of a command that led to it."""
        return DatedProjectBudget(**dict(ProjectBudget.from_domain(line)), **_dated(snapshot, warnings))


class ProjectDetails(DatedProjectBudget):
    """A project's budget, and what its agents use: the tokens of their budgets, and those that a plan pays for."""

    agents: TokenSums
    would_have_cost_total: Totals = Field(
        description="The price of agents' tokens in the period that a plan with a flat fee pays for, by currency."
    )

    @classmethod
    def from_figures(cls, figures: ProjectFigures, agents: tokens.TokenSums) -> "ProjectDetails":
        return ProjectDetails(
            **dict(DatedProjectBudget.from_snapshot(figures.snapshot, figures.line)),
            agents=TokenSums.from_domain(agents),
            would_have_cost_total=to_decimals(figures.would_have_cost),
        )


class _Projects(Schema):
    projects: list[ProjectBudget]


class Projects(Dated, _Projects):
    """All projects' budgets, with the day of their figures and how far costs are known."""

    @classmethod
    def from_snapshot(cls, snapshot: BudgetSnapshot) -> "Projects":
        lines = [ProjectBudget.from_domain(line) for line in snapshot.projects]
        return Projects(projects=lines, **_dated(snapshot))


class GlobalForecast(GlobalBudget):
    """The global budget, and what will be spent of it by the period's end."""

    forecast_usd: ForecastRange


class ProjectForecast(ProjectBudget):
    """A project's budget, and what will be spent of it by the period's end."""

    forecast_usd: ForecastRange


class StatusOut(Schema):
    """The global budget and every project, with forecasts."""

    as_of: date
    data_through: date = Field(description="The last day whose costs are known.")
    currency: str = Field(description="ISO 4217; the currency of all amounts.")
    global_: GlobalForecast = Field(serialization_alias="global")
    projects: list[ProjectForecast]
    unmapped_usd: Number
    alerts: int = Field(description="The alerts that were reported in this period and still hold.")
    warnings: list[str]

    @classmethod
    def from_report(cls, report: ForecastReport) -> "StatusOut":
        snapshot = report.snapshot
        total = GlobalBudget.from_domain(snapshot)
        return StatusOut(
            as_of=snapshot.as_of,
            data_through=snapshot.data_through,
            currency=snapshot.organization.currency,
            global_=GlobalForecast(**dict(total), forecast_usd=ForecastRange.from_domain(report.total)),
            projects=[
                ProjectForecast(
                    **dict(ProjectBudget.from_domain(line)),
                    forecast_usd=ForecastRange.from_domain(report.projects[line.project_id]),
                )
                for line in snapshot.projects
            ],
            unmapped_usd=to_decimal(snapshot.unmapped),
            alerts=snapshot.alerts,
            warnings=messages.warnings(snapshot),
        )


class AddedProject(Schema):
    project_id: str
    name: str
    parent_id: str
    monthly_allocation_usd: Number
    currency: str
    warnings: list[str] = Field(description="Whether the projects together got more than the budget.")

    @classmethod
    def from_domain(cls, added: ProjectAdded) -> "AddedProject":
        return AddedProject(
            project_id=added.project_id,
            name=added.name,
            parent_id=added.parent_id,
            monthly_allocation_usd=to_decimal(added.allocation),
            currency=added.currency,
            warnings=[*added.warnings],
        )


class TransferOut(Schema):
    transfer_id: str
    from_: str = Field(serialization_alias="from")
    to: str
    amount_usd: Number
    from_after_usd: Number
    to_after_usd: Number
    currency: str
    forced: bool
    reason: str

    @classmethod
    def from_domain(cls, outcome: TransferOutcome) -> "TransferOut":
        return TransferOut(
            transfer_id=outcome.transfer_id,
            from_=outcome.giver,
            to=outcome.taker,
            amount_usd=to_decimal(outcome.amount),
            from_after_usd=to_decimal(outcome.giver_after),
            to_after_usd=to_decimal(outcome.taker_after),
            currency=outcome.currency,
            forced=outcome.forced,
            reason=outcome.reason,
        )


class WarnedTransfer(TransferOut):
    """A transfer, with warnings about the budgets after it."""

    warnings: list[str]

    @classmethod
    def from_snapshot(cls, outcome: TransferOutcome, snapshot: BudgetSnapshot) -> "WarnedTransfer":
        return WarnedTransfer(**dict(TransferOut.from_domain(outcome)), warnings=messages.warnings(snapshot))


# Requests


class GlobalBudgetChange(Request):
    monthly_budget_usd: NonNegativeAmount = Field(examples=[500])


class AllocationChangeIn(Request):
    monthly_allocation_usd: NonNegativeAmount = Field(examples=[120.5])

    def to_domain(self) -> AllocationChange:
        return AllocationChange(ChangeKind.SET, self.monthly_allocation_usd)


class NewProject(Request):
    project_id: EntityId = Field(description="Short and permanent; used in exports and requests.", examples=["billing"])
    name: Text = Field("", description="Name to display. Default: its id.", examples=["Billing"])
    monthly_allocation_usd: NonNegativeAmount = Field(0, examples=[120.5])
    parent_id: Text = Field("", description="Its parent. Default: the organization.")

    def allocation(self) -> AllocationChange | None:
        return AllocationChange(ChangeKind.SET, self.monthly_allocation_usd) if self.monthly_allocation_usd else None


class TransferIn(Request):
    to_project_id: EntityId = Field(description="A project's id, or `pool`.", examples=["python-api"])
    amount_usd: PositiveAmount = Field(examples=[20])
    force: StrictBool = Field(False, description="Also move what is already spent; requires a reason.")
    reason: Text = ""

    def to_domain(self, from_project_id: str) -> TransferRequest:
        return TransferRequest(from_project_id, self.to_project_id, self.amount_usd, self.force, self.reason)
