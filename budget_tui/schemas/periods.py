"""Periods: the current one, its close, the closed ones, and their rule."""

from datetime import date
from typing import Literal

from pydantic import Field

from budget_tui.domain import closing
from budget_tui.domain.amount import to_decimal
from budget_tui.domain.pacing import Status
from budget_tui.domain.period import PeriodKind, PeriodRule
from budget_tui.domain.snapshot import BudgetSnapshot, ProjectLine
from budget_tui.schemas.base import Days, Moment, Number, Schema
from budget_tui.schemas.status import CarryOver, carry_over
from budget_tui.services.period_rules import RulePreview


class ClosedProject(Schema):
    project_id: str
    name: str
    monthly_allocation_usd: Number
    spent_usd: Number
    remaining_usd: Number
    budget_status: Status
    restated_usd: Number

    @classmethod
    def from_domain(cls, line: closing.ClosedBudget) -> "ClosedProject":
        return ClosedProject(
            project_id=line.entity_id,
            name=line.name,
            monthly_allocation_usd=to_decimal(line.allocation),
            spent_usd=to_decimal(line.spent),
            remaining_usd=to_decimal(line.remaining),
            budget_status=line.status,
            restated_usd=to_decimal(line.restated),
        )


class ClosedAgent(Schema):
    agent_id: str
    allocated_tokens: int
    used_tokens: int
    available_tokens: int
    budget_status: Status
    restated_tokens: int

    @classmethod
    def from_domain(cls, line: closing.ClosedBudget) -> "ClosedAgent":
        return ClosedAgent(
            agent_id=line.entity_id,
            allocated_tokens=line.allocation,
            used_tokens=line.spent,
            available_tokens=line.remaining,
            budget_status=line.status,
            restated_tokens=line.restated,
        )


class ClosedPeriod(Schema):
    """A closed period with its figures as of the close."""

    period_start: date
    period_end: date = Field(description="Inclusive.")
    data_through: date | None = Field(
        description="The last day whose costs were known at the close; null for old closes."
    )
    currency: str
    monthly_budget_usd: Number
    allocated_usd: Number
    spent_usd: Number
    remaining_usd: Number
    budget_status: Status
    restated_usd: Number = Field(description="What was spent beyond the figures at the close.")
    closed_by: str
    closed_at: Moment
    projects: list[ClosedProject]
    agents: list[ClosedAgent]

    @classmethod
    def from_domain(cls, closed: closing.ClosedPeriod) -> "ClosedPeriod":
        return ClosedPeriod(
            period_start=closed.period.start,
            period_end=closed.period.end,
            data_through=closed.data_through,
            currency=closed.currency,
            monthly_budget_usd=to_decimal(closed.budget),
            allocated_usd=to_decimal(closed.allocated),
            spent_usd=to_decimal(closed.spent),
            remaining_usd=to_decimal(closed.remaining),
            budget_status=closed.status,
            restated_usd=to_decimal(closed.restated),
            closed_by=closed.closed_by,
            closed_at=closed.closed_at,
            projects=[ClosedProject.from_domain(line) for line in closed.projects],
            agents=[ClosedAgent.from_domain(line) for line in closed.agents],
        )


class NextProject(Schema):
    project_id: str
    name: str
    monthly_allocation_usd: Number
    spent_usd: Number
    carried_usd: Number
    next_monthly_allocation_usd: Number

    @classmethod
    def from_domain(cls, line: closing.NextLine) -> "NextProject":
        return NextProject(
            project_id=line.project_id,
            name=line.name,
            monthly_allocation_usd=to_decimal(line.allocation),
            spent_usd=to_decimal(line.spent),
            carried_usd=to_decimal(line.carried),
            next_monthly_allocation_usd=to_decimal(line.next_allocation),
        )


class Close(Schema):
    """A manual close: the ending period, the following one, and each project's allocation in it."""

    period_start: date
    period_end: date
    data_through: date
    next_period_start: date
    next_period_end: date
    currency: str
    monthly_budget_usd: Number
    spent_usd: Number
    remaining_usd: Number
    carried_usd: Number
    next_monthly_budget_usd: Number
    next_unallocated_usd: Number
    projects: list[NextProject]

    @classmethod
    def from_domain(cls, close: closing.ClosePreview) -> "Close":
        return Close(
            period_start=close.ending.start,
            period_end=close.ending.end,
            data_through=close.data_through,
            next_period_start=close.following.start,
            next_period_end=close.following.end,
            currency=close.currency,
            monthly_budget_usd=to_decimal(close.total),
            spent_usd=to_decimal(close.spent),
            remaining_usd=to_decimal(close.total - close.spent),
            carried_usd=to_decimal(close.carried),
            next_monthly_budget_usd=to_decimal(close.total_next),
            next_unallocated_usd=to_decimal(close.unallocated_next),
            projects=[NextProject.from_domain(line) for line in close.lines],
        )


class Rule(Schema):
    """The rule by which periods recur, and the time zone of their days."""

    kind: PeriodKind
    anchor: int | Literal["last"]
    fiscal_start: int
    time_zone: str

    @classmethod
    def from_rule(cls, rule: PeriodRule, time_zone: str) -> "Rule":
        return Rule(
            kind=rule.kind,
            anchor=rule.anchor_day or "last",
            fiscal_start=rule.fiscal_start_month,
            time_zone=time_zone,
        )


class RuleChangeOut(Schema):
    before: Rule
    after: Rule
    today_before: date
    today_after: date
    periods: list[Days]

    @classmethod
    def from_domain(cls, preview: RulePreview) -> "RuleChangeOut":
        return RuleChangeOut(
            before=Rule.from_rule(preview.before, preview.zone_before),
            after=Rule.from_rule(preview.after, preview.zone_after),
            today_before=preview.today_before,
            today_after=preview.today_after,
            periods=[Days.of_period(period) for period in (preview.running, *preview.following)],
        )


class _ProjectId(Schema):
    project_id: str


class ProjectCarry(CarryOver, _ProjectId):
    @classmethod
    def from_domain(cls, line: ProjectLine) -> "ProjectCarry":
        return ProjectCarry(project_id=line.project_id, **carry_over(line.carry))


class _Closed(Days):
    closed: bool


class _Running(Schema):
    days_left: int
    next_period_start: date
    next_period_end: date
    as_of: date
    data_through: date
    currency: str


class _Carries(Schema):
    projects: list[ProjectCarry]


class RunningPeriod(_Carries, CarryOver, _Running, Rule, _Closed):
    @classmethod
    def from_domain(cls, snapshot: BudgetSnapshot, *, is_closed: bool) -> "RunningPeriod":
        period, organization = snapshot.period, snapshot.organization
        following = organization.period_rule.after(period)
        return RunningPeriod(
            period_start=period.start,
            period_end=period.end,
            closed=is_closed,
            days_left=snapshot.days_left,
            next_period_start=following.start,
            next_period_end=following.end,
            as_of=snapshot.as_of,
            data_through=snapshot.data_through,
            currency=organization.currency,
            projects=[ProjectCarry.from_domain(line) for line in snapshot.projects],
            **dict(Rule.from_rule(organization.period_rule, organization.time_zone)),
            **carry_over(snapshot.carry),
        )
