"""Forecasts over what is stored: what counts as history, what is known, and what a project includes."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.bootstrap import Services
from budget_tui.config.settings import Settings
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.hierarchy import ROOT_PATH
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlanFilter
from budget_tui.domain.records import DailyCosts
from budget_tui.domain.tokens import TokenKind
from budget_tui.presentation.formatting import likely_range
from budget_tui.services.clock import Clock
from budget_tui.services.costs import CostEntry
from budget_tui.services.forecasts import CostsByCell, on_days
from budget_tui.services.recurring import NewFee
from tests.databases import Engine
from tests.services.conftest import Home, shown, usd, utc
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
    costs.add(CostEntry("web", usd("10"), date(2026, 1, 20)))
    assert home.services.forecasts.current().total.low == amount  # a day as any other
    costs.add(CostEntry("web", usd("500"), date(2026, 1, 21)))
    assert home.services.forecasts.current().total.low == usd(str(spent + known + 10 + 500))
    home.services.forecasts.close()


def test_a_few_days_are_forecast_as_everywhere_else(home: Home) -> None:
    home.budget("1000")
    home.add("web")
    for ago in range(1, 6):
        home.services.costs.add(CostEntry("web", usd("10"), date(2026, 1, 13) - timedelta(days=ago)))
    report = home.services.forecasts.current()
    assert report.of("web").median == report.snapshot.project("web").pace.run_rate == usd("230")
    assert report.total.median == report.snapshot.total.run_rate
    assert not report.total.has_range
    home.services.recurring.add(NewFee("web", usd("40"), on_day=20, name="Hosting"))
    home.services.costs.add(CostEntry("web", usd("30"), date(2026, 1, 25), once=True))
    home.services.costs.add(CostEntry("web", usd("5"), date(2026, 2, 1), once=True))
    home.services.costs.add(CostEntry("web", usd("7"), date(2026, 1, 30)))  # of a day that is in the rate
    # Known to come, then spent: it counts once. From the 20th on, nothing burns, and the $7 are more than that.
    for today, median in ((13, "300"), (20, "127"), (21, "127")):
        on_day = home.on(f"2026-01-{today}").services
        report = on_day.forecasts.current()
        assert (report.of("web").median, report.total.median) == (usd(median), usd(median)), today
        on_day.forecasts.close()
    home.services.forecasts.close()


def test_no_forecast_is_below_what_is_dated_already(home: Home) -> None:
    """``api`` is 40 days old; ``web`` three, with usage dated ahead that is more than its burn until then."""
    home.add("api", "web")
    for ago in range(1, 41):
        home.services.costs.add(CostEntry("api", usd("10"), date(2026, 1, 13) - timedelta(days=ago)))
    for ago in range(1, 4):
        home.services.costs.add(CostEntry("web", usd("1"), date(2026, 1, 13) - timedelta(days=ago)))
    home.services.costs.add(CostEntry("web", usd("500"), date(2026, 1, 25)))
    report = home.services.forecasts.current()
    assert report.snapshot.project("web").pace.run_rate == usd("21")
    assert report.of("web")[:3] == (usd("503"),) * 3
    assert report.total[:3] == (usd("813"),) * 3
    home.services.forecasts.close()


def test_what_began_after_the_data_ends_is_part_of_the_whole(home: Home) -> None:
    """Of 30 days at $10 until January 12, 12 are in January; a project that began on January 14 counts beside."""
    home = home.on("2026-01-16")
    home.add("web", "new")
    days = [date(2026, 1, 12) - timedelta(days=ago) for ago in range(30)]
    bill(home.services, *(("web", "10", "USD", day.isoformat(), "AWS") for day in days))
    before = home.services.forecasts.current().total
    assert before[:3] == (usd("310"),) * 3
    home.spend("new", "80", on="2026-01-14")
    report = home.services.forecasts.current()
    assert (report.total[:3], report.of("new").median) == ((usd("390"),) * 3, usd("80"))
    home.services.forecasts.close()


def test_a_whole_has_the_single_numbers_of_what_is_too_young_for_a_range(home: Home) -> None:
    """``api`` is 40 days old; ``web`` nine, of three providers, each of them younger."""
    home.add("api", "web")
    for ago in range(1, 41):
        home.services.costs.add(CostEntry("api", usd("10"), date(2026, 1, 13) - timedelta(days=ago)))
    before = home.services.forecasts.current().total
    home.services.agents.add("scout", "web")
    for entity, ago, provider in (("web", 9, "aws"), ("web", 3, "gcp"), ("scout", 1, "openai")):
        home.services.costs.add(
            CostEntry(entity, usd("70"), date(2026, 1, 13) - timedelta(days=ago), provider=provider)
        )
    report = home.services.forecasts.current()
    web = report.of("web")
    assert (web.has_range, web.median) == (False, report.snapshot.project("web").pace.run_rate)
    assert report.of("api")[:3] == before[:3] == (usd("310"),) * 3
    assert report.total.median == report.total.high == usd("310") + web.median
    assert report.total.low == usd("310") + usd("210"), "only what is spent is certain of it"
    home.services.forecasts.close()


@pytest.mark.both_engines
def test_forecasts_follow_every_change(home: Home) -> None:
    """They are computed once for the same data."""
    home.budget("1000")
    home.add("api")
    home.add("web")
    forecasts = home.services.forecasts
    home.spend("web", "10", on="2026-01-12")
    report = forecasts.current()
    assert report.of("api").median == 0
    assert report.of("web") == report.total
    assert forecasts.current() is report
    home.allocate("web", "100")
    assert forecasts.current().snapshot.allocated == usd("100")
    assert forecasts.current().total is report.total, "what was used is as it was"
    home.spend("web", "20", on="2026-01-12")
    assert forecasts.current().snapshot.total.spent == usd("30")
    assert forecasts.current().total.median > report.total.median
    assert forecasts.current().of("web") == forecasts.current().total
    assert forecasts.current().of("api") is report.of("api")
    forecasts.close()


@dataclass(frozen=True, slots=True)
class PassingClock(Clock):
    """The clock of a program that stays; the last of ``moments`` is now."""

    moments: list[datetime] = field(default_factory=lambda: [utc("2026-01-13 12:00")])

    def now(self) -> datetime:
        return self.moments[-1]

    def today(self, time_zone: str) -> date:
        return self.now().date()


@pytest.mark.both_engines
def test_what_is_reserved_ends_beside_a_forecast_when_its_time_is_up(home: Home) -> None:
    home.budget("500")
    home.add("web", allocate="100")
    clock = PassingClock()
    services = Services(replace(home.services.context, clock=clock), Settings())
    services.holds.hold("web", usd("50"), seconds=120)
    services.token_prices.set("opus", {TokenKind.INPUT: usd("2")})
    services.agents.add("bot", "web", model="opus", tokens=1_000_000, enforced=True)
    services.agents.reserve("bot", 1_000_000, seconds=60)
    report = services.forecasts.current()
    assert report.snapshot.total.reserved == usd("52")
    for at, reserved in (("12:00:59", "52"), ("12:01", "50"), ("12:02", "0")):
        clock.moments.append(utc(f"2026-01-13 {at}"))
        assert shown(services.forecasts.current().snapshot.total.reserved) == reserved, "though nobody wrote"


def test_what_cost_something_long_ago_has_no_new_history(home: Home) -> None:
    """The burn rate of the last week is 0, however much is spent today, and so is what the forecast adds."""
    home.budget("1000")
    home.add("web", "new")
    home.spend("web", "5", "2025-06-01")
    home.spend("web", "9")
    home.spend("new", "9")
    report = home.services.forecasts.current()
    home.services.forecasts.close()
    assert (home.pace("web").burn_rate, home.pace("new").burn_rate) == (0, usd("9"))
    assert [report.of("web").median, report.of("new").median] == [usd("9"), usd("9") * 19]


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


@pytest.mark.both_engines
def test_a_part_of_a_breakdown_has_the_range_of_what_counts_for_it(engine: Engine) -> None:
    """$10 of gcp and 100 tokens a day in one team, $4 of anthropic in another, for five weeks through January 12."""
    home = home_with_tree(engine)
    costs = home.services.costs
    rates = [cents * 10 for cents in range(80, 121)]
    days = [(date(2026, 1, 13) - timedelta(days=ago), rates[ago * 17 % 41]) for ago in range(1, 36)]
    costs.add_all(
        [CostEntry("TEAM-BACKEND", rate * 10**7, day, provider="Google Cloud", tokens=100) for day, rate in days]
    )
    costs.add_all([CostEntry("TEAM-FRONTEND", usd("4"), day, provider="Anthropic") for day, _ in days])
    quarter = home.plan("DEPT-ENG", "cloud", "900", "2026-Q1")
    inside = home.plan("DEPT-ENG", "cloud", "300", "2026-01", provider="gcp")
    home.plan("DEPT-ENG", "genai", "100", "2026-03")
    views = home.services.plan_views
    of_parts, known = views.by_category("DEPT-ENG").forecasts, views.forecasts([quarter, inside])
    assert {each.last_day for each in of_parts.values()} == {date(2026, 3, 31)}
    found = {part: each.forecast for part, each in of_parts.items()}
    money, tokens = BudgetType.MONETARY, BudgetType.TOKEN
    assert known[inside.budget_id].high < known[quarter.budget_id].low
    assert found["cloud", money] == known[quarter.budget_id], "what a budget contains is not counted twice"
    assert found["total", tokens].median == 100 * 90, "with nothing planned, all days of the budgets' periods"
    assert ("genai", money) not in found, "its budget has not begun"
    total, others = found["total", money], (found["cloud", money], found["subscription", money])
    assert others[1].high == 0
    assert total.median == pytest.approx(others[0].median + usd("4") * 90, rel=0.001)
    january = PlanFilter(period_start=date(2026, 1, 1), period_end=date(2026, 1, 31))
    of_january = views.by_provider("DEPT-ENG", january).forecasts
    assert of_january["gcp", money] == (known[inside.budget_id], date(2026, 1, 31))
    assert of_january["anthropic", money].forecast.median == usd("4") * 31
    board = views.board()
    assert views.forecasts_by_category(board, PlanFilter(entity_id="DEPT-ENG")) == of_parts
    of_quarter = views.forecast_together([quarter], usd("0"))
    assert of_quarter is not None
    assert views.forecast_together([quarter, inside], usd("0")) is None, "of two periods that run"
    rest = home.plan("DEPT-ENG", "cloud", "600", "2026-02-01..2026-03-31", provider="gcp")
    assert views.forecast_together([inside, rest], usd("0")) == of_quarter, "periods that adjoin are one"
    views.close()


def test_days_before_the_period_are_not_forecast_into_it(home: Home) -> None:
    """The data reaches January 28 only, and it is February 2: February has 28 days, of which nothing is known."""
    home.budget("1000")
    home.add("web")
    bill(home.services, *(("web", "10", "USD", f"2026-01-{day:02}", "AWS") for day in range(1, 29)))
    report = home.on("2026-02-02").services.forecasts.current()
    assert report.snapshot.data_through == date(2026, 1, 28)
    assert report.total[:3] == (usd("280"),) * 3


@given(st.lists(st.tuples(st.sampled_from(("/ORG/a/", None)), st.booleans(), st.dictionaries(
    st.integers(0, 20), st.integers(-9, 9), min_size=1)), max_size=6))  # fmt: skip
def test_costs_of_one_entity_add_up_on_their_days(drawn: list[tuple[str | None, bool, dict[int, int]]]) -> None:
    """Whether an origin costs something every day or seldom."""
    days = Period(date(2026, 1, 1), date(2026, 1, 21))
    costs = [
        on_days(DailyCosts(0, path, "cloud", "aws", "USD", is_once, days.start, (), ()), amounts)
        for path, is_once, amounts in drawn
    ]
    dense = [cost for cost in costs if [*cost.positions] == [*range(cost.positions[0], cost.positions[-1] + 1)]]
    in_a_row = [cost._replace(positions=range(cost.positions[0], cost.positions[-1] + 1)) for cost in dense]
    for given_costs in (costs, in_a_row):
        wanted: dict[tuple[str | None, bool], list[int]] = {}
        for cost in given_costs:
            sums = wanted.setdefault((cost.path, cost.is_once), [0] * days.days)
            for at, amount in zip(cost.positions, cost.amounts, strict=True):
                sums[at] += amount
        by_cell = CostsByCell(given_costs, days)
        cells = [by_cell.cell(number, None) for number in by_cell.below(ROOT_PATH)]
        assert len(cells) == len({path for path, _ in wanted})
        for cell in cells:
            assert cell.usage == wanted.get((cell.path, False), [0] * days.days)
            assert cell.once == wanted.get((cell.path, True))


def test_forecasts_in_several_currencies_count_what_the_plan_counts(engine: Engine) -> None:
    """Five weeks of daily costs in two currencies, and an origin that costs something every ninth day."""
    home = home_with_tree(engine)
    home.services.fx.set("EUR", "USD", Decimal("1.25"), date(2025, 12, 1))
    days = [f"{date(2026, 1, 13) - timedelta(days=ago)}" for ago in range(1, 36)]
    home.billed(
        *(("TEAM-BACKEND", "10", "USD", day, "AWS") for day in days),
        *(("TEAM-BACKEND", "4", "EUR", day, "Google Cloud") for day in days),
        *(("TEAM-FRONTEND", "8", "EUR", day, "Oracle") for day in days[::9]),
    )
    above = {"USD": "DEPT-ENG", "EUR": "ORG", "GBP": "PROJ-PLATFORM"}
    plans = {code: home.plan(entity, "cloud", "900", "2026-01", currency=code) for code, entity in above.items()}
    used = {line.budget.currency: line.figures.actual for line in home.summary().lines}
    assert used == {"USD": usd("120") + usd("60") + usd("20"), "EUR": usd("160"), "GBP": 0}
    views = home.services.plan_views
    lines, found = views.forecast().lines, views.summary().forecasts
    views.close()
    assert {line.budget.currency: line.used for line in lines} == used
    dollars, euros, pounds = (found[plans[code].budget_id] for code in ("USD", "EUR", "GBP"))
    assert dollars.median > usd("400") and pounds.high == 0
    assert abs(dollars.median - euros.median * 5 // 4) <= 200  # each day's cost is rounded


def test_ends_that_read_the_same_are_one_number() -> None:
    def text(*ends: str, budget_type: BudgetType = BudgetType.MONETARY) -> str:
        low, median, high = map(usd, ends)
        return likely_range(Forecast(low, median, high, has_range=True, days_of_history=42), budget_type, "USD")

    assert text("85", "85", "85.001") == "$85.00"
    assert text("85", "85", "86") == "$85.00–$86.00, likely $85.00"
    assert text("412", "460", "520") == "$412–$520, likely $460"
    assert text("0.002", "0.002", "0.002", budget_type=BudgetType.TOKEN) == "2M"
