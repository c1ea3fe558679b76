"""Backtests of forecasts."""

from datetime import date

from pydantic import Field

from budget_tui.domain import backtest
from budget_tui.domain.amount import to_decimal
from budget_tui.schemas.base import Number, Schema
from budget_tui.services.backtests import BacktestReport


class Losses(Schema):
    """Mean pinball losses, the lower the better."""

    p10: Number
    p50: Number
    p90: Number


class Backtest(Schema):
    """Forecasts of past days against what became. Amounts are means; null without any forecast to test."""

    project: str | None
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
