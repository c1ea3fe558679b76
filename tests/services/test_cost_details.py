"""The costs behind a number: those that count into it, each once, adding up to it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.coverage import scope_of
from budget_tui.domain.errors import NotFound
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlanFilter
from budget_tui.services.cost_details import Actual, CostLine, actual_of
from budget_tui.services.demo import load_demo
from budget_tui.services.demo_acme import SHOWN_ON
from budget_tui.services.plan_views import PlanBoard
from tests.databases import Address, Engine
from tests.examples import examples
from tests.services.planning import PlanHome, bill, planning_home, plant


def planted_in_march(address: Address) -> None:
    plant(address, date(2026, 3, 31))


@pytest.fixture
def home(engine: Engine) -> PlanHome:
    return home_in_march(engine)


def home_in_march(engine: Engine) -> PlanHome:
    return planning_home(engine.new(planted_in_march), today=date(2026, 3, 31))


def demonstration(address: Address) -> None:
    load_demo(planning_home(address).services.context)


@pytest.fixture(scope="module")
def acme(engine: Engine) -> PlanHome:
    return planning_home(engine.new(demonstration, lasting=True), "acme", SHOWN_ON)


def test_a_digest_adds_up_to_what_was_spent(acme: PlanHome) -> None:
    snapshot, details = acme.services.snapshots.current(), acme.services.cost_details
    since = date(2025, 12, 1)
    for line in snapshot.projects:
        digest = details.digest(line.project_id, snapshot, since)
        assert sum(group.counted for group in digest.services) == line.pace.spent
        assert [group.counted for group in digest.services] == sorted(
            (g.counted for g in digest.services), reverse=True
        )
        groups = details.groups(details.of_entity(line.project_id, Period(since, snapshot.as_of)))
        assert sum(amount or 0 for _, amount in digest.days) == groups.total
        assert {day for day, amount in digest.days if amount} <= {group.days.start for group in groups.by_day}
        assert [day for day, _ in digest.days] == [since + timedelta(days=ahead) for ahead in range(len(digest.days))]
        assert digest.days[-1][0] == SHOWN_ON
        assert all(amount is None for day, amount in digest.days if day < date(2026, 1, 1)), "nothing is known of these"
        assert [cost.day for cost in digest.latest] == sorted((cost.day for cost in digest.latest), reverse=True)
        recent = details.recent_spend(snapshot)[line.project_id]
        assert recent == tuple(amount or 0 for _, amount in digest.days[-len(recent) :])
    with pytest.raises(NotFound):
        details.digest("nobody", snapshot, since)


def test_services_and_days_add_up_to_the_number_and_their_parts_to_them(acme: PlanHome) -> None:
    acme.services.fx.set("EUR", "USD", Decimal("1.25"), date(2026, 1, 1))
    bill(acme.services, *(("TEAM-BACKEND", "8.01", "EUR", f"2026-03-{day:02}", "Google Cloud") for day in (1, 5)))
    details, board = acme.services.cost_details, board_of(acme)
    numbers = [actual_of(line.budget, "") for line in board.lines]
    kinds = {number.budget_type for number in numbers}
    assert kinds >= {BudgetType.MONETARY, BudgetType.TOKEN}
    for number in numbers:
        if number.budget_type is BudgetType.SEAT:
            continue
        groups = details.groups(number)
        whole = details.page(number, at_least=10**9)
        assert groups.total == whole.total == sum(line.counted for line in whole.lines)
        for parts in (groups.by_service, groups.by_day):
            assert sum(group.counted for group in parts) == groups.total
            assert sum(group.lines for group in parts) == groups.count == len(whole.lines)
            for group in parts[:3]:
                part = details.page(number.part(group, ""), at_least=10**9)
                assert (part.total, len(part.lines)) == (group.counted, group.lines)
                assert {line.day for line in part.lines} <= {*days_of(group.days)}


def days_of(period: Period) -> list[date]:
    return [period.start + timedelta(days=ahead) for ahead in range(period.days)]


def test_a_line_says_where_it_comes_from(acme: PlanHome) -> None:
    details, snapshot = acme.services.cost_details, acme.services.snapshots.current()
    for line in details.page(details.of_entity("ORG", snapshot.period)).lines:
        charges = details.charges(line)
        assert (charges.origin.source, charges.origin.service, charges.origin.tags) == (
            line.source,
            line.service,
            line.tags,
        )
        assert sum(stored.amount for stored in charges.stored) == line.amount
    with pytest.raises(NotFound):
        details.charges(CostLine(SHOWN_ON, "", "", "", "", 0))


def board_of(home: PlanHome) -> PlanBoard:
    try:
        return home.services.plan_views.board()
    finally:
        home.services.plan_views.close()


def behind(home: PlanHome, number: Actual, at_least: int = 500) -> tuple[list[CostLine], int]:
    """All lines, page by page, and what the first page says they add up to."""
    behind = home.services.cost_details
    try:
        page = behind.page(number, None, at_least)
        lines, total = list(page.lines), page.total
        while page.older_than is not None:
            page = behind.page(number, page.older_than, at_least)
            assert page.total == total
            lines += page.lines
        assert len(lines) == page.count
        return lines, total
    finally:
        behind.close()


@pytest.mark.parametrize("at_least", [40, 10_000])
def test_every_number_of_the_demonstration_is_what_its_costs_add_up_to(acme: PlanHome, at_least: int) -> None:
    board = board_of(acme)
    assert len(board.lines) >= 12
    for line in board.lines:
        lines, total = behind(acme, actual_of(line.budget, ""), at_least)
        if line.budget.budget_type is not BudgetType.SEAT:
            assert sum(each.counted for each in lines) == total
        assert total == (line.figures.actual or 0)
        assert [each.day for each in lines] == sorted((each.day for each in lines), reverse=True)


@pytest.mark.both_engines
def test_totals_list_each_cost_once(acme: PlanHome) -> None:
    board = board_of(acme)
    for totals, counting in board.totals(board.lines):
        covered = tuple((scope_of(budget), budget.period) for budget in counting.budgets)
        lines, total = behind(acme, Actual("", totals.budget_type, totals.currency, covered))
        assert total == totals.total.actual
        assert len(set(lines)) == len(lines)


def test_parts_of_the_breakdowns_too(acme: PlanHome) -> None:
    board = board_of(acme)
    for choice in (PlanFilter(), PlanFilter(entity_id="DEPT-ENG"), PlanFilter(entity_id="PROJ-PLATFORM")):
        for breakdown, find in (
            (board.by_category(choice), board.category_composition),
            (board.by_provider(choice), board.provider_composition),
        ):
            for name, part in breakdown.parts.items():
                for budget_type, _, actual, rest in part.by_type:
                    _, total = behind(acme, Actual("", budget_type, "USD", *find(choice, name, budget_type)[:2]))
                    assert total == (actual or 0), (choice, name, budget_type)
                    if rest is not None:
                        _, total = behind(
                            acme, Actual("", budget_type, "USD", *find(choice, name, budget_type, True)[:2])
                        )
                        assert total == rest, (choice, name, budget_type)


def test_what_counts_is_told_with_where_it_comes_from(home: PlanHome) -> None:
    budget = home.plan("DEPT-ENG", "cloud", "100", provider="gcp")
    home.spent("TEAM-BACKEND", "30", "2026-02-01")
    home.spent("TEAM-BACKEND", "7", "2026-02-01", provider="Amazon Web Services")
    home.spent("DEPT-OPS", "9", "2026-02-01")
    home.spent("TEAM-BACKEND", "4", "2026-04-01")
    lines, total = behind(home, actual_of(budget, ""))
    assert total == parse_amount("30")
    assert [(each.day, each.entity_name, each.provider, each.counted) for each in lines] == [
        (date(2026, 2, 1), "Backend", "gcp", total)
    ]


def test_costs_in_another_currency_count_at_the_rate_of_their_day_and_keep_their_own_amount(home: PlanHome) -> None:
    budget = home.plan("DEPT-ENG", "cloud", "100", currency="EUR")
    home.spent("TEAM-BACKEND", "11", "2026-02-01")
    assert behind(home, actual_of(budget, "")) == ([], 0)
    page = home.services.cost_details.page(actual_of(budget, ""))
    assert page.without_rate == 1, "without a rate it is in no sum, and is told"
    home.services.fx.set("EUR", "USD", Decimal("1.1"), date(2026, 2, 1))
    (line,), total = behind(home, actual_of(budget, ""))
    assert total == line.counted == parse_amount("10")
    assert (line.currency, line.amount) == ("USD", parse_amount("11"))
    assert total == board_of(home).lines[0].figures.actual


def test_tokens_of_costs_and_of_agents(home: PlanHome) -> None:
    budget = home.plan("PROJ-PLATFORM", "genai", "1M", budget_type="token")
    home.spent("TEAM-BACKEND", "3", "2026-02-01", provider="Anthropic", tokens=5_000)
    home.spent("TEAM-BACKEND", "3", "2026-02-02", provider="Anthropic")
    lines, total = behind(home, actual_of(budget, ""))
    assert (total, [each.counted for each in lines]) == (5_000, [5_000])


def test_of_seats_the_most_on_one_day(home: PlanHome) -> None:
    budget = home.plan("DEPT-ENG", "subscription", "20", budget_type="seat")
    home.services.seats.register("TEAM-FRONTEND", "figma", 12, date(2026, 2, 1))
    home.services.seats.register("TEAM-FRONTEND", "figma", 9, date(2026, 3, 1))
    home.services.seats.register("DEPT-OPS", "figma", 50, date(2026, 3, 1))
    lines, total = behind(home, actual_of(budget, ""))
    assert total == 12
    assert [(each.day.month, each.counted) for each in lines] == [(3, 9), (2, 12)]


entities = st.sampled_from(["ORG", "DEPT-ENG", "DEPT-OPS", "PROJ-PLATFORM", "TEAM-BACKEND", "TEAM-FRONTEND"])
categories = st.sampled_from(["cloud", "genai", "total"])
providers = st.sampled_from(["", "gcp", "anthropic"])
periods = st.sampled_from(["2026-01", "2026-02", "2026-Q1", "2026", "2026-01-20..2026-02-10"])
costs = st.tuples(
    entities.filter(lambda entity: entity != "ORG"),
    st.integers(1, 10**6),
    st.dates(date(2026, 1, 1), date(2026, 3, 31)),
    st.sampled_from(["Google Cloud", "Anthropic"]),
)


@settings(
    max_examples=examples(6),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.generate],
)
@given(
    plans=st.lists(st.tuples(entities, categories, providers, periods), min_size=1, max_size=6, unique=True),
    spent=st.lists(costs, max_size=12),
)
def test_no_cost_is_listed_twice_or_missing_whatever_was_planned(
    engine: Engine,
    plans: list[tuple[str, str, str, str]],
    spent: list[tuple[str, int, date, str]],
) -> None:
    engine.clear()
    home = home_in_march(engine)
    for entity, category, provider, period in plans:
        home.plan(entity, category, "1000", period, provider)
    for entity, cents, day, provider in spent:
        home.spent(entity, f"{cents / 100:.2f}", day.isoformat(), provider)
    board = board_of(home)
    for line in board.lines:
        lines, total = behind(home, actual_of(line.budget, ""), 1)
        assert sum(each.counted for each in lines) == total == line.figures.actual
    ((totals, counting),) = board.totals(board.lines)
    covered = tuple((scope_of(budget), budget.period) for budget in counting.budgets)
    lines, total = behind(home, Actual("", BudgetType.MONETARY, "USD", covered), 3)
    assert sum(each.counted for each in lines) == total == totals.total.actual
