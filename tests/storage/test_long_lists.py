"""Lists of any length: no statement has a parameter for each value, as engines take only so many."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from sqlite3 import SQLITE_LIMIT_VARIABLE_NUMBER

import pytest
from sqlalchemy import func, select

from budget_tui.domain.cost import CostOrigin
from budget_tui.domain.period import Period
from budget_tui.domain.records import AlertMessage, DayCost, PartFacts, Resolution
from budget_tui.domain.recurring import Charge, Every, RecurringFee
from budget_tui.storage.database import database_at
from budget_tui.storage.fast_paths import day_number
from budget_tui.storage.tables import CostRow, ReplacedEstimateRow
from budget_tui.storage.unit_of_work import UnitOfWork
from tests.databases import Engine
from tests.storage.conftest import JANUARY, NOON

pytestmark = pytest.mark.both_engines

MANY = 60
"""More values than a statement may have parameters here, once they are few."""
DAY = date(2026, 1, 13)
DAYS = [DAY + timedelta(days=each) for each in range(MANY)]
ORIGIN = CostOrigin("hold", live=True, currency="USD")


@pytest.fixture
def unit(engine: Engine) -> Iterator[UnitOfWork]:
    unit = UnitOfWork(database_at(engine.new(lambda address: database_at(address).create())))
    with unit:
        yield unit
    unit.close()


@pytest.fixture
def few_parameters(unit: UnitOfWork) -> Callable[[], None]:
    """From when it is called, SQLite takes few parameters; PostgreSQL's limit cannot be lowered."""

    def lower() -> None:
        if unit.connection.dialect == "sqlite":
            unit.connection.driver.setlimit(SQLITE_LIMIT_VARIABLE_NUMBER, MANY - 10)

    return lower


@pytest.fixture
def org(unit: UnitOfWork) -> int:
    return unit.organizations.add("default", "Default", "USD", "UTC", NOON).org_key


@pytest.fixture
def origin(unit: UnitOfWork, org: int) -> int:
    return unit.costs.add_origins(org, {ORIGIN: Resolution(None, "openai", "genai")})[ORIGIN]


def counting(unit: UnitOfWork) -> tuple[int, int, int]:
    """The amount and the tokens that count, and how many estimates do not."""
    sums = select(func.sum(CostRow.c.amount_nanos), func.coalesce(func.sum(CostRow.c.tokens), 0))
    [(amount, tokens)] = unit.sql.execute(sums)
    return int(amount), int(tokens), unit.sql.execute(select(func.count(ReplacedEstimateRow.c.cost_key))).scalar_one()


def test_any_number_of_estimates_of_a_day_are_replaced(
    unit: UnitOfWork, origin: int, few_parameters: Callable[[], None]
) -> None:
    costs = unit.costs.add([DayCost(ORIGIN, DAY, 7, 3, 1)] * MANY, {ORIGIN: origin})
    costs += unit.costs.add([DayCost(ORIGIN, DAYS[1], 1, 1, 1)], {ORIGIN: origin})
    few_parameters()
    all_count = 7 * MANY + 1, 3 * MANY + 1, 0
    assert counting(unit) == all_count
    assert unit.estimates.replace(origin, DAY, NOON) == 7 * MANY
    assert counting(unit) == (1, 3 * MANY + 1, MANY)
    for _ in range(2):
        unit.estimates.replace_tokens(origin, DAY, tokens_billed=True)
        assert counting(unit) == (1, 1, MANY)
    unit.estimates.replace_tokens(origin, DAY, tokens_billed=False)
    assert counting(unit) == (1, 3 * MANY + 1, MANY)
    unit.estimates.replace_tokens(origin, DAY, tokens_billed=True)
    assert unit.estimates.bring_back(origin, DAY) == 7 * MANY
    assert counting(unit) == all_count
    unit.estimates.replace(origin, DAY, NOON)
    unit.estimates.replace_tokens(origin, DAY, tokens_billed=True)
    unit.estimates.count_again(row.key for row in costs)
    assert counting(unit) == all_count


def test_only_estimates_that_counted_are_what_replacing_comes_to(unit: UnitOfWork, origin: int) -> None:
    unit.costs.add([DayCost(ORIGIN, DAY, 7, None, 1)], {ORIGIN: origin})
    assert unit.estimates.replace(origin, DAY, NOON) == 7
    unit.costs.add([DayCost(ORIGIN, DAY, 5, None, 1)], {ORIGIN: origin})
    assert unit.estimates.replace(origin, DAY, NOON) == 5
    assert unit.estimates.replace(origin, DAY, NOON) == 0
    assert counting(unit) == (0, 0, 2)
    assert unit.estimates.bring_back(origin, DAY) == 12
    assert counting(unit) == (12, 0, 0)
    assert unit.estimates.bring_back(origin, DAY) == 0


def test_estimates_and_bills_are_found_on_any_number_of_days(
    unit: UnitOfWork, org: int, origin: int, few_parameters: Callable[[], None]
) -> None:
    unit.costs.add([DayCost(ORIGIN, day, 7, None, 1) for day in DAYS], {ORIGIN: origin})
    part = unit.datasets.add(org, PartFacts("focus", "1", JANUARY.start), "f", NOON)
    unit.datasets.add_rows(part, [[(origin, day_number(day), day_number(day), 9, 2, None, 1) for day in DAYS]])
    few_parameters()
    assert [each.day for each in unit.estimates.days([origin], DAYS)] == DAYS
    assert [each.day for each in unit.estimates.days([origin], DAYS[3:4])] == DAYS[3:4]
    assert sorted(unit.estimates.billed([origin], DAYS)) == [(origin, day, NOON, 9, 2) for day in DAYS]
    assert list(unit.estimates.billed([origin], DAYS[3:4])) == [(origin, DAYS[3], NOON, 9, 2)]
    days = Period(DAYS[3], DAYS[4])
    assert sorted(unit.estimates.billed_tokens([origin], days)) == [(origin, day, NOON, 2) for day in DAYS[3:5]]


def test_any_number_of_providers_bill(unit: UnitOfWork, org: int, few_parameters: Callable[[], None]) -> None:
    names = [f"'{each}' é" for each in range(MANY)]
    origins = {CostOrigin("focus", live=False, currency="USD", service=each): each for each in names}
    unit.costs.add_origins(org, {of: Resolution(None, each, "cloud") for of, each in origins.items()})
    few_parameters()
    kinds = {(each, each) for each in names[1:]}
    assert {(found.provider, found.service) for found in unit.estimates.billing(org, kinds)} == kinds


def test_a_fee_with_any_number_of_charges_is_removed(
    unit: UnitOfWork, org: int, few_parameters: Callable[[], None]
) -> None:
    root = unit.fast.entity(org, "ORG")
    assert root is not None
    of = (root.entity_key, "ORG", root.path, "Chat", 5, "openai", "genai", Every.MONTH, 13, DAY, None, DAY)
    booked_as = dataclasses.replace(ORIGIN, provider_name="openai", category_hint="genai")
    key = unit.recurring.add(org, RecurringFee(0, *of, is_archived=False), "anna", NOON)
    few_parameters()
    for day in DAYS:
        charge = Charge(key, day, 5, None, None)
        unit.fees.put(charge._replace(cost_key=unit.fees.book(org, booked_as, root.entity_key, charge)))
    unit.recurring.remove(key)
    assert unit.fast.recurring_charges(org, date.min) == []
    assert unit.sql.execute(select(func.count(CostRow.c.cost_key))).scalar_one() == 0


def test_any_number_of_messages_are_listed_with_their_deliveries(
    unit: UnitOfWork, org: int, few_parameters: Callable[[], None]
) -> None:
    body = {"period_end": str(JANUARY.end)}
    for each in range(MANY):
        at = NOON + timedelta(seconds=each)
        unit.alerts.add_messages(org, [AlertMessage(f"{each:03}", 1, "pcc", JANUARY, body, at, ("log",))])
    few_parameters()
    found = unit.alerts.newest_messages(org, MANY - 1)
    assert [message.message_id for message in found] == [f"{each:03}" for each in range(MANY - 1, 0, -1)]
    assert all([delivery.channel for delivery in message.deliveries] == ["log"] for message in found)


def test_the_rows_of_any_number_of_parts_are_read(
    unit: UnitOfWork, org: int, origin: int, few_parameters: Callable[[], None]
) -> None:
    keys, number = [], day_number(DAY)
    for each in range(MANY):
        keys.append(unit.datasets.add(org, PartFacts("focus", str(each), JANUARY.start), "f", NOON))
        unit.datasets.add_rows(keys[-1], [[(origin, number, number, each, None, None, 1)]])
    few_parameters()
    assert sorted(row[3] or 0 for row in unit.datasets.rows(keys[1:], number, number)) == [*range(1, MANY)]
