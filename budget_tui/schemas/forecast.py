"""Forecasts of the running period."""

from datetime import date
from typing import Literal

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.forecast import Forecast
from budget_tui.schemas.base import Number, Schema
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
    def from_domain(cls, forecast: Forecast) -> "ForecastRange":
        return ForecastRange(
            low=to_decimal(forecast.low),
            median=to_decimal(forecast.median),
            high=to_decimal(forecast.high),
            method="weeks" if forecast.has_range else "burn rate",
            days_of_history=forecast.days_of_history,
        )


class ScopeForecast(Schema):
    project_id: str | None
    spent_usd: Number
    monthly_allocation_usd: Number
    forecast_usd: ForecastRange


class Forecasts(Schema):
    as_of: date
    data_through: date
    currency: str
    period_start: date
    period_end: date
    total: ScopeForecast
    projects: list[ScopeForecast]

    @classmethod
    def from_domain(cls, report: ForecastReport, project_id: str = "") -> "Forecasts":
        snapshot = report.snapshot
        return Forecasts(
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
