"""Forecasts of the running period, and their backtests."""

from datetime import date
from typing import Literal

from pydantic import Field

from budget_tui.domain import backtest, plan_results
from budget_tui.domain.amount import to_decimal
from budget_tui.domain.budget import BudgetType, plain_amount
from budget_tui.domain.cost import Category
from budget_tui.domain.forecast import Forecast
from budget_tui.schemas.base import Number, Schema
from budget_tui.services.backtests import BacktestReport
from budget_tui.services.forecasts import ForecastReport


class ForecastRange(Schema):
    """The spend by the period's end: below ``low`` or above ``high`` in one of ten cases each. All are equal where
    there is no range."""

    low: Number
    median: Number
    high: Number
    method: Literal["weeks", "burn rate"]
    days_of_history: int

    @classmethod
    def from_domain(cls, forecast: Forecast, budget_type: BudgetType = BudgetType.MONETARY) -> "ForecastRange":
        return ForecastRange(
            low=plain_amount(forecast.low, budget_type),
            median=plain_amount(forecast.median, budget_type),
            high=plain_amount(forecast.high, budget_type),
            method="weeks" if forecast.has_range else "burn rate",
            days_of_history=forecast.days_of_history,
        )


class ScopeForecast(Schema):
    project_id: str | None
    spent_usd: Number
    monthly_allocation_usd: Number
    forecast_usd: ForecastRange


class PeriodForecasts(Schema):
    as_of: date
    data_through: date
    currency: str
    period_start: date
    period_end: date
    total: ScopeForecast
    projects: list[ScopeForecast]

    @classmethod
    def from_domain(cls, report: ForecastReport, project_id: str = "") -> "PeriodForecasts":
        snapshot = report.snapshot
        return PeriodForecasts(
            as_of=snapshot.as_of,
            data_through=snapshot.data_through,
            currency=snapshot.organization.currency,
            period_start=snapshot.period.start,
            period_end=snapshot.period.end,
            total=ScopeForecast(
                project_id=None,
                spent_usd=to_decimal(snapshot.total.spent),
                monthly_allocation_usd=to_decimal(snapshot.total.allocation),
                forecast_usd=ForecastRange.from_domain(report.total),
            ),
            projects=[
                ScopeForecast(
                    project_id=line.project_id,
                    spent_usd=to_decimal(line.pace.spent),
                    monthly_allocation_usd=to_decimal(line.pace.allocation),
                    forecast_usd=ForecastRange.from_domain(report.projects[line.project_id]),
                )
                for line in snapshot.projects
                if project_id in ("", line.project_id)
            ],
        )


class BudgetForecast(Schema):
    """A budget that runs today, and what is expected by the end of its period."""

    budget_id: str
    hierarchy_entity_id: str = Field(examples=["DEPT-ENG"])
    hierarchy_entity_name: str = Field(examples=["Engineering"])
    hierarchy_path: str = Field(examples=["/ORG/DEPT-ENG/"])
    category: Category
    budget_type: BudgetType
    provider: str | None
    currency: str | None = Field(description="null for tokens.")
    period_start: date
    period_end: date = Field(description="Inclusive.")
    budget_amount: Number = Field(description="In `currency` or in tokens.")
    actual_amount: Number | None = Field(description="What was used through today; null if no tokens are known.")
    forecast: ForecastRange | None

    @classmethod
    def from_line(cls, line: plan_results.BudgetForecast) -> "BudgetForecast":
        budget, of_type = line.budget, line.budget.budget_type
        return BudgetForecast(
            budget_id=budget.budget_id,
            hierarchy_entity_id=budget.entity_id,
            hierarchy_entity_name=budget.entity_name,
            hierarchy_path=budget.path,
            category=budget.category,
            budget_type=of_type,
            provider=budget.provider or None,
            currency=budget.currency if of_type is BudgetType.MONETARY else None,
            period_start=budget.period.start,
            period_end=budget.period.end,
            budget_amount=plain_amount(budget.amount, of_type),
            actual_amount=None if line.used is None else plain_amount(line.used, of_type),
            forecast=None if line.forecast is None else ForecastRange.from_domain(line.forecast, of_type),
        )


class EntityForecast(Schema):
    """The use of an entity and everything below it in the organization's period, and the forecast for its end."""

    hierarchy_entity_id: str = Field(examples=["DEPT-ENG"])
    hierarchy_entity_name: str = Field(examples=["Engineering"])
    hierarchy_level_code: str = Field(examples=["department"])
    period_start: date
    period_end: date = Field(description="Inclusive.")
    spent_usd: Number = Field(description="What was spent through today.")
    forecast_usd: ForecastRange
    used_tokens: int | None = Field(description="null if no tokens are known.")
    forecast_tokens: ForecastRange | None

    @classmethod
    def from_domain(cls, found: plan_results.EntityForecast) -> "EntityForecast":
        tokens = ForecastRange.from_domain(found.tokens_forecast, BudgetType.TOKEN) if found.has_tokens else None
        return EntityForecast(
            hierarchy_entity_id=found.entity.entity_id,
            hierarchy_entity_name=found.entity.name,
            hierarchy_level_code=found.entity.level_code,
            period_start=found.period.start,
            period_end=found.period.end,
            spent_usd=to_decimal(found.spent),
            forecast_usd=ForecastRange.from_domain(found.forecast),
            used_tokens=found.used_tokens if found.has_tokens else None,
            forecast_tokens=tokens,
        )


class PlanForecast(Schema):
    as_of: date
    data_through: date = Field(description="The last day whose costs are known.")
    entity: EntityForecast = Field(description="The entity that was asked for, else the organization.")
    budgets: list[BudgetForecast] = Field(description="Those that run today, agents' tokens included; not seats.")
    warnings: list[str] = Field(description="Over-allocated budgets among these.")

    @classmethod
    def from_domain(cls, found: plan_results.PlanForecast) -> "PlanForecast":
        return PlanForecast(
            as_of=found.as_of,
            data_through=found.data_through,
            entity=EntityForecast.from_domain(found.entity),
            budgets=[BudgetForecast.from_line(line) for line in found.lines],
            warnings=list(found.warnings),
        )


class Losses(Schema):
    """Mean pinball losses, the lower the better."""

    p10: Number
    p50: Number
    p90: Number


class Backtest(Schema):
    """Forecasts of past days against what became. Amounts are means; null without any forecast to test."""

    project: str | None
    archived: bool = Field(description="True if the project is archived.")
    currency: str
    first_day: date | None
    last_day: date | None
    forecasts: int
    held: int = Field(description="How many ranges held; four of five are meant to.")
    width_usd: Number | None
    median_error_usd: Number | None
    pinball_loss_usd: Losses | None
    rival_errors_usd: dict[str, Number]
    recent_periods_held: list[bool] = Field(description="Whether it held on this day of each period, the newest first.")

    @classmethod
    def from_domain(cls, report: BacktestReport) -> "Backtest":
        trials = report.trials
        score = backtest.score(trials) if trials else None
        return Backtest(
            project=report.name or None,
            archived=report.is_archived,
            currency=report.organization.currency,
            first_day=trials[0].on if trials else None,
            last_day=trials[-1].on if trials else None,
            forecasts=len(trials),
            held=score.held if score else 0,
            width_usd=to_decimal(score.width) if score else None,
            median_error_usd=to_decimal(score.error) if score else None,
            pinball_loss_usd=Losses(**dict(zip(("p10", "p50", "p90"), map(to_decimal, score.losses), strict=True)))
            if score
            else None,
            rival_errors_usd=dict(zip(backtest.RIVALS, map(to_decimal, score.rivals), strict=True)) if score else {},
            recent_periods_held=list(report.lately),
        )
