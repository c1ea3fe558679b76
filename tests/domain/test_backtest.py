"""Backtests: scores of past forecasts, and the rivals that they are compared with."""

from datetime import date

import pytest

from budget_tui.domain.backtest import RIVALS, Trial, held_by_period, rivals, score
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.period import Period

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
FEBRUARY = Period(date(2026, 2, 1), date(2026, 2, 28))


def trial(became: int, period: Period = JANUARY, day: int = 10) -> Trial:
    return Trial(period.start.replace(day=day), period, Forecast(100, 200, 400, True, 80), became, (150, 200, 250, 0))


def test_the_score_of_two_forecasts() -> None:
    found = score([trial(300), trial(500)])
    assert (found.trials, found.held, found.width, found.error) == (2, 1, 300, 200)
    assert found.rivals == (250, 200, 150, 400)
    # (300 − 100) × 10% and (500 − 100) × 10%; of the median half of 100 and 300; 100 × 10% and 100 × 90%
    assert found.losses == (30, 100, 50)


@pytest.mark.parametrize(("became", "held"), [(99, False), (100, True), (400, True), (401, False)])
def test_a_range_holds_with_its_ends(became: int, held: bool) -> None:
    assert trial(became).held is held


def test_each_period_is_looked_at_on_the_day_that_is_nearest() -> None:
    trials = [trial(50, day=3), trial(300, day=12), trial(300, FEBRUARY, 5), trial(50, FEBRUARY, 20)]
    assert held_by_period(trials, 11) == [True, True], "the newest first"
    assert held_by_period(trials, 2) == [True, False]


def test_the_rivals_of_ten_days_known_in_a_period_that_began_with_the_seventh() -> None:
    """Two weeks of which the period before has seven days; four days are to come."""
    usage = [0, 10, 10, 10, 10, 10, 80, 20, 20, 20]
    found = dict(zip(RIVALS, rivals(usage, 10, range(7, 14), range(7)), strict=True))
    assert found["run rate × days"] == pytest.approx(4 * (30 + 80 + 60) / 7)
    assert found["month's average"] == pytest.approx(4 * 20)
    assert found["same weekday"] == pytest.approx(10 + 10 + 10 + 80)  # a week before each of the four days
    assert found["last month's remainder"] == pytest.approx(10 + 10 + 10 + 80)
