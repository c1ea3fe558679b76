"""Forecasts over what is stored: what counts as history, what is known, and what a project includes."""

from datetime import date, timedelta

import pytest

from budget_tui.services.costs import CostEntry
from tests.databases import Engine
from tests.services.conftest import Home, usd
from tests.services.planning import bill, home_with_tree


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


def test_forecasts_follow_every_change(home: Home) -> None:
    """They are computed once for the same data."""
    home.budget("1000")
    home.add("web")
    forecasts = home.services.forecasts
    home.spend("web", "10", on="2026-01-12")
    report = forecasts.current()
    assert forecasts.current() is report
    home.spend("web", "20", on="2026-01-12")
    assert forecasts.current().snapshot.total.spent == usd("30")
    forecasts.close()


def test_without_costs_nothing_is_expected(home: Home) -> None:
    home.budget("100")
    home.add("web")
    report = home.services.forecasts.current()
    assert (report.total[:3], report.total.has_range) == ((0, 0, 0), False)
    assert report.of("web").days_of_history == 0
    home.services.forecasts.close()


@pytest.mark.both_engines
def test_every_budget_has_the_forecast_of_what_counts_for_it(engine: Engine) -> None:
    """$10 of gcp and 100 tokens a day in one team, $4 of anthropic in another, for five weeks through January 12."""
    home = home_with_tree(engine)
    costs = home.services.costs
    days = [date(2026, 1, 13) - timedelta(days=ago) for ago in range(1, 36)]
    costs.add_all([CostEntry("TEAM-BACKEND", usd("10"), day, provider="Google Cloud", tokens=100) for day in days])
    costs.add_all([CostEntry("TEAM-FRONTEND", usd("4"), day, provider="Anthropic") for day in days])
    planned = [
        home.plan("PROJ-PLATFORM", "total", "900", "2026-01"),
        home.plan("DEPT-ENG", "cloud", "900", "2026-01", provider="gcp"),
        home.plan("ORG", "genai", "900", "2026-Q1"),
        home.plan("TEAM-BACKEND", "total", "9000", "2026-01", budget_type="token"),
        home.plan("DEPT-OPS", "total", "900", "2026-01"),
        home.plan("TEAM-BACKEND", "cloud", "900", "2026-02"),
        home.plan("TEAM-BACKEND", "subscription", "9", "2026-01", budget_type="seat"),
    ]
    views = home.services.plan_views
    found, everything = views.forecasts(planned), views.forecast()
    plan = views.forecast("DEPT-ENG")
    assert (found, plan.entity.spent) == (views.tree().forecasts, usd("168")), "12 days of January"
    assert found == views.summary().forecasts
    views.close()
    medians = [found[budget.budget_id].median if budget.budget_id in found else None for budget in planned]
    january, quarter = 31, 90
    money = [usd(str(amount)) for amount in (14 * january, 10 * january, 4 * quarter)]
    assert medians == [*money, 100 * january, 0, None, None]
    assert found[planned[3].budget_id].days_of_history == 35
    of_plan = {line.budget.budget_id: line.forecast for line in plan.lines}
    assert of_plan == {each: found[each] for each in (planned[at].budget_id for at in (0, 1, 3))}
    used = {line.budget.budget_id: line.figures.actual for line in home.summary().lines}
    assert all(line.used == used[line.budget.budget_id] for line in everything.lines if line.used)
    assert (plan.entity.forecast.median, plan.entity.tokens_forecast.median) == (usd("434"), 3100)
    assert everything.entity.forecast == plan.entity.forecast


def test_days_before_the_period_are_not_forecast_into_it(home: Home) -> None:
    """The data reaches January 28 only, and it is February 2: February has 28 days, of which nothing is known."""
    home.budget("1000")
    home.add("web")
    bill(home.services, *(("web", "10", "USD", f"2026-01-{day:02}", "AWS") for day in range(1, 29)))
    report = home.on("2026-02-02").services.forecasts.current()
    assert report.snapshot.data_through == date(2026, 1, 28)
    assert report.total[:3] == (usd("280"),) * 3
