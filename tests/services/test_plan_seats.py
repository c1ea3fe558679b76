"""Seats in totals and breakdowns: each is counted once, day by day, and the day with the most counts."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import product

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.plan import PlanFilter, PlannedBudget
from budget_tui.domain.variance import Variance
from budget_tui.services.cost_details import Actual
from budget_tui.services.imports import ImportRequest
from tests.databases import Engine
from tests.examples import examples
from tests.services.planning import LATER, PlanHome, home_with_tree


@pytest.fixture
def planner(engine: Engine) -> PlanHome:
    return home_with_tree(engine, LATER)


def test_a_seat_that_two_budgets_count_is_one_seat_in_the_totals(planner: PlanHome) -> None:
    """Neither of the budgets contains the other."""
    planner.plan("DEPT-ENG", "subscription", "20", provider="figma", budget_type="seat")
    planner.plan("TEAM-FRONTEND", "subscription", "15", budget_type="seat")
    planner.services.seats.register("TEAM-FRONTEND", "figma", 12, date(2026, 1, 1))
    planner.services.seats.register("TEAM-FRONTEND", "slack", 4, date(2026, 1, 1))
    planner.services.seats.register("TEAM-BACKEND", "figma", 3, date(2026, 1, 1))
    found = planner.summary()
    assert [line.figures.actual for line in found.lines] == [15, 16]
    assert [totals.total for totals in found.totals] == [Variance(35, 19)]


def test_explain_adds_up_the_seats_of_all_entities_of_a_provider(planner: PlanHome) -> None:
    budget = planner.plan("DEPT-ENG", "subscription", "40", "2026-03", provider="figma", budget_type="seat")
    planner.services.seats.register("TEAM-FRONTEND", "figma", 30, date(2026, 1, 1))
    planner.services.seats.register("TEAM-BACKEND", "figma", 12, date(2026, 2, 1))
    planner.services.seats.register("TEAM-BACKEND", "figma", 5, date(2026, 3, 10))
    [group] = planner.services.explain.of_planned(budget.budget_id).counting
    assert (group.source, group.amount) == ("registered", 42)
    assert planner.summary().lines[0].figures.actual == 42


def test_the_same_seats_month_by_month_are_not_more_seats(planner: PlanHome) -> None:
    planner.plan("DEPT-ENG", "subscription", "20", "2026-01", budget_type="seat")
    planner.plan("DEPT-ENG", "subscription", "25", "2026-02", budget_type="seat")
    planner.services.seats.register("TEAM-FRONTEND", "figma", 12, date(2026, 1, 1))
    planner.services.seats.register("TEAM-FRONTEND", "figma", 14, date(2026, 2, 10))
    assert [totals.total for totals in planner.summary().totals] == [Variance(25, 14)]


def test_peaks_on_different_days_do_not_add_up(planner: PlanHome) -> None:
    for entity, first in (("TEAM-FRONTEND", 1), ("TEAM-BACKEND", 2)):
        planner.plan(entity, "subscription", "20", "2026-Q1", budget_type="seat")
        planner.services.seats.register(entity, "figma", 12, date(2026, first, 1))
        planner.services.seats.register(entity, "figma", 2, date(2026, first + 1, 1))
    assert [totals.total for totals in planner.summary().totals] == [Variance(40, 14)]


@pytest.mark.both_engines
def test_seats_beside_the_budgets_are_not_budgeted(planner: PlanHome) -> None:
    planner.plan("DEPT-ENG", "subscription", "20", "2026-02", provider="figma", budget_type="seat")
    planner.plan("DEPT-ENG", "subscription", "20", "2026-Q1", provider="jira", budget_type="seat")
    planner.services.seats.register("TEAM-FRONTEND", "figma", 12, date(2026, 1, 1))
    planner.services.seats.register("TEAM-FRONTEND", "slack", 4, date(2026, 2, 1))
    figma = planner.by_provider("DEPT-ENG")["figma"]
    told = figma["seats_budget"], figma["seats_actual"], figma["seats_not_budgeted"]
    assert told == (20, 12, 0), "in January it was the same seats"
    part = planner.by_category("DEPT-ENG")["subscription"]
    assert (part["seats_budget"], part["seats_actual"], part["seats_not_budgeted"]) == (40, 12, 16), "in March"
    assert planner.by_category("DEPT-ENG")["total"]["seats_not_budgeted"] is None
    board = planner.board()
    covered, without, budgets = board.category_composition(
        PlanFilter(entity_id="DEPT-ENG"), "subscription", BudgetType.SEAT, of_unbudgeted=True
    )
    number = Actual("", BudgetType.SEAT, "USD", covered, without)
    page = planner.services.cost_details.page(number)
    planner.services.cost_details.close()
    assert (page.total, sorted((line.provider, line.counted) for line in page.lines)) == (
        16,
        [("figma", 12), ("slack", 4)],
    )
    explained = planner.services.explain.of_sum(
        "rest", BudgetType.SEAT, "USD", [budget.budget_id for budget in budgets], covered
    )
    assert {value.key: value.value.value for value in explained.values}["not-budgeted"] == 16


# Whatever was planned

ENTITIES = ["ORG", "DEPT-ENG", "DEPT-OPS", "PROJ-PLATFORM", "TEAM-BACKEND", "TEAM-FRONTEND"]
entities = st.sampled_from(ENTITIES)
providers = st.sampled_from(["figma", "slack"])
plans = st.tuples(
    entities,
    st.sampled_from(["subscription", "subscription", "total"]),
    st.sampled_from(["", "figma", "slack"]),
    st.sampled_from(["2026-01", "2026-02", "2026-Q1", "2026-01-20..2026-02-10"]),
)
some_seats = st.tuples(entities, providers, st.dates(date(2025, 12, 20), date(2026, 3, 10)), st.integers(0, 9))
Charged = tuple[str, str, date, int]
DAYS = [date(2026, 1, 1) + timedelta(after) for after in range(90)]


def charge(home: PlanHome, seats: Sequence[Charged]) -> None:
    path = home.folder / "seats.csv"
    header = "x_hierarchy_entity_id,ServiceProviderName,ChargePeriodStart,ConsumedQuantity,ConsumedUnit"
    rows = [f"{entity},{provider},{day}T00:00:00Z,{number},Seats" for entity, provider, day, number in seats]
    lines = [f"{header},BilledCost,BillingCurrency", *(f"{row},1,USD" for row in rows), ""]
    path.write_text("\n".join(lines), "utf-8")
    home.services.imports.run(ImportRequest((str(path),)))


@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.generate],
)
@given(
    planned=st.lists(plans, min_size=1, max_size=6, unique=True),
    registered=st.lists(some_seats, max_size=6, unique_by=lambda each: each[:3]),
    charged=st.lists(some_seats.filter(lambda each: each[0] != "ORG" and each[3]), max_size=4),
)
def test_whatever_the_tree_a_seat_is_counted_once(
    engine: Engine,
    planned: list[tuple[str, str, str, str]],
    registered: list[Charged],
    charged: list[Charged],
) -> None:
    engine.clear()
    home = home_with_tree(engine, LATER)
    for entity, category, provider, period in planned:
        home.plan(entity, category, "10", period, provider, "seat")
    for entity, provider, day, number in registered:
        home.services.seats.register(entity, provider, number, day)
    if charged:
        charge(home, charged)
    paths = {entity.entity_id: entity.path for entity in home.services.entities.active()}

    def held(entity: str, provider: str, day: date) -> int:
        steps = [each for each in registered if each[:2] == (entity, provider) and each[2] <= day]
        step = max(steps, key=lambda each: each[2])[3] if steps else 0
        return max(step, sum(each[3] for each in charged if each[:3] == (entity, provider, day)))

    def most(days: list[date], counts: Callable[[str, str, date], bool]) -> int:
        """The seats of all for whom they count, day by day."""
        of_day = (
            sum(held(*whose, day) for whose in product(ENTITIES, ("figma", "slack")) if counts(*whose, day))
            for day in days
        )
        return max(of_day, default=0)

    def count_for(budgets: Sequence[PlannedBudget], entity: str, provider: str, day: date) -> bool:
        return any(
            paths[entity].startswith(budget.path) and budget.provider in ("", provider) and budget.period.contains(day)
            for budget in budgets
        )

    def is_beside(budgets: Sequence[PlannedBudget], name: str, entity: str, provider: str, day: date) -> bool:
        is_of_part = paths[entity].startswith(paths["DEPT-ENG"]) and name in ("subscription", "total", provider)
        return is_of_part and not count_for(budgets, entity, provider, day)

    board = home.board()
    ((totals, counting),) = board.totals(board.lines)
    assert (totals.total.actual or 0) == most(DAYS, partial(count_for, counting.budgets))
    assert (totals.total.actual or 0) <= most(DAYS, lambda *_: True)
    for line in board.lines:
        if line.budget in counting.budgets:
            assert (line.figures.actual or 0) <= (totals.total.actual or 0)
    assert totals.total.amount == max(
        sum(budget.amount for budget in counting.budgets if budget.period.contains(day)) for day in DAYS
    )
    choice = PlanFilter(entity_id="DEPT-ENG")
    for breakdown, find in (
        (board.by_category(choice), board.category_composition),
        (board.by_provider(choice), board.provider_composition),
    ):
        for name, part in breakdown.parts.items():
            if part.seats_budget is not None:
                budgets = find(choice, name, BudgetType.SEAT).budgets
                ((of_part, counted),) = board.totals([line for line in board.lines if line.budget in budgets])
                assert (part.seats_budget, part.seats_actual) == of_part.total
                days = [day for day in DAYS if any(budget.period.contains(day) for budget in counted.budgets)]
                assert (part.seats_not_budgeted or 0) == most(days, partial(is_beside, counted.budgets, name))
                assert part.seats_actual is None or part.seats_not_budgeted is not None
                for of_unbudgeted, shown in enumerate((part.seats_actual, part.seats_not_budgeted)):
                    behind = find(choice, name, BudgetType.SEAT, bool(of_unbudgeted))
                    number = Actual("", BudgetType.SEAT, "USD", behind.covered, behind.without)
                    assert home.services.cost_details.page(number).total == (shown or 0)
    home.services.cost_details.close()
