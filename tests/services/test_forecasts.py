"""Forecasts over what is stored: what counts as history, what is known, and what a project includes."""

from datetime import date, timedelta

import pytest

from budget_tui.services.costs import CostEntry
from tests.services.conftest import Home, usd


@pytest.mark.both_engines
def test_usage_is_drawn_and_what_comes_once_is_known(home: Home) -> None:
    """$10 a day for six weeks, $100 once, and $30 that are dated later: 18 days are left after January 13."""
    home.budget("1000")
    home.add("web")
    costs = home.services.costs
    for ago in range(1, 43):
        costs.add(CostEntry("web", usd("10"), date(2026, 1, 13) - timedelta(days=ago)))
    costs.add(CostEntry("web", usd("100"), date(2026, 1, 5), once=True))
    costs.add(CostEntry("web", usd("30"), date(2026, 1, 25), once=True))
    report = home.services.forecasts.current()
    spent, known = 12 * 10 + 100, 30
    amount = usd(str(spent + known + 19 * 10))  # today is among the days to come: its data is not complete
    assert report.of("web") == report.total
    assert report.total[:3] == (amount, amount, amount)
    assert (report.total.has_range, report.total.days_of_history) == (True, 42)
    assert report.total.low >= report.snapshot.total.spent + report.snapshot.total.scheduled
    home.services.forecasts.close()


def test_a_few_days_are_forecast_as_everywhere_else(home: Home) -> None:
    home.budget("1000")
    home.add("web")
    for ago in range(1, 6):
        home.services.costs.add(CostEntry("web", usd("10"), date(2026, 1, 13) - timedelta(days=ago)))
    report = home.services.forecasts.current()
    assert report.of("web").median == report.snapshot.project("web").pace.forecast == usd("230")
    assert report.total.median == report.snapshot.total.forecast
    assert not report.total.has_range
    home.services.forecasts.close()


def test_without_costs_nothing_is_expected(home: Home) -> None:
    home.budget("100")
    home.add("web")
    report = home.services.forecasts.current()
    assert (report.total[:3], report.total.has_range) == ((0, 0, 0), False)
    assert report.of("web").days_of_history == 0
    home.services.forecasts.close()
