"""What SQL adds up is what the shortest Python adds up, for any costs, period and day."""

from collections import defaultdict
from datetime import date, timedelta
from typing import NamedTuple
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.cost import CostOrigin
from budget_tui.domain.freshness import data_through
from budget_tui.domain.pacing import burn_window
from budget_tui.domain.period import ONE_DAY, Period, PeriodRule
from budget_tui.domain.records import DayCost, Resolution
from budget_tui.domain.snapshot import Spend
from budget_tui.storage.database import database_at
from budget_tui.storage.fast_paths import day_number, day_of
from budget_tui.storage.session import Session
from budget_tui.storage.unit_of_work import UnitOfWork
from tests.databases import Address, Engine
from tests.examples import examples
from tests.storage.conftest import NOON

ENTITIES = ("a", "b", "")  # '' is nobody's
FIRST = date(2025, 12, 20)


class Cost(NamedTuple):
    entity: str
    source: str
    live: bool
    currency: str
    day: date
    amount: int
    charges: int


days = st.integers(0, 60).map(lambda days: FIRST + timedelta(days=days))
costs = st.builds(
    Cost,
    st.sampled_from(ENTITIES),
    st.sampled_from(("focus", "other")),
    st.booleans(),
    st.sampled_from(("USD", "USD", "EUR")),
    days,
    st.integers(-(10**15), 10**15),
    st.integers(1, 9),
)


@pytest.fixture(scope="module")
def shared(engine: Engine) -> Address:
    """One database; each example has an organization of its own in it, among those of the others."""
    return engine.new(lambda address: database_at(address).create())


def store(unit: UnitOfWork, costs: list[Cost]) -> int:
    organization = unit.organizations.add(str(uuid4()), "One", "USD", "UTC", NOON)
    key = organization.org_key
    root = unit.fast.entity(key, "ORG")
    keys = {name: unit.entities.add(organization, name, name, "project", root, NOON) for name in "ab"}
    origins = {
        cost: CostOrigin(f"{cost.source}-live" if cost.live else cost.source, cost.live, cost.currency, cost.entity)
        for cost in costs
    }
    resolutions = {
        origin: Resolution(keys[cost.entity].entity_key if cost.entity else None, "", "cloud")
        for cost, origin in origins.items()
    }
    stored = [DayCost(origins[cost], cost.day, cost.amount, None, cost.charges) for cost in costs]
    unit.costs.add(stored, unit.costs.add_origins(key, resolutions))
    return key


def reach(costs: list[Cost], rule: PeriodRule, today: date) -> date:
    """The earliest of the latest days of the imported sources that had costs in this period or the two before it."""
    imported: dict[str, list[date]] = defaultdict(list)
    for cost in costs:
        if not cost.live:
            imported[cost.source].append(cost.day)
    since = rule.containing(rule.containing(rule.containing(today).start - ONE_DAY).start - ONE_DAY).start
    active = [days for days in imported.values() if any(since <= day <= today for day in days)]
    return min([today, *map(max, active)])


def spend_of(costs: list[Cost], period: Period, today: date, through: date) -> Spend:
    window = burn_window(today, through, date.min)
    return Spend(
        sum(cost.amount for cost in costs if period.contains(cost.day) and cost.day <= today),
        sum(cost.amount for cost in costs if cost.day == today),
        sum(cost.amount for cost in costs if window.start <= cost.day <= window.end),
        min((cost.day for cost in costs), default=None),
        sum(cost.amount for cost in costs if period.contains(cost.day) and cost.day > today),
    )


@settings(max_examples=examples(30))
@given(costs=st.lists(costs, max_size=25), today=days, anchor=st.sampled_from((0, 1, 15)))
def test_sums_are_what_they_should_be(shared: Address, costs: list[Cost], today: date, anchor: int) -> None:
    with UnitOfWork(database_at(shared)) as unit:
        check(unit, store(unit, costs), costs, PeriodRule(anchor_day=anchor), today)
        unit.commit()  # so that later examples have it beside them


def check(session: Session, org: int, costs: list[Cost], rule: PeriodRule, today: date) -> None:
    period, through = rule.containing(today), data_through(session.fast.imported_accounts(org, today), rule, today)
    assert through == reach(costs, rule, today)

    home = [cost for cost in costs if cost.currency == "USD"]
    spends, unmapped = session.fast.spend_by_path(org, "USD", period, today, through)
    by_entity = {name: [cost for cost in home if cost.entity == name] for name in ENTITIES}
    assert unmapped == spend_of(by_entity[""], period, today, through)
    assert spends == {
        f"/ORG/{name}/": spend_of(own, period, today, through) for name, own in by_entity.items() if name and own
    }

    per_day: dict[date, int] = defaultdict(int)
    for cost in home:
        if period.contains(cost.day):
            per_day[cost.day] += cost.amount
    assert session.fast.daily_spend(org, "USD", period) == tuple(sorted(per_day.items()))

    lost = [cost for cost in by_entity[""] if period.contains(cost.day)]
    assert session.fast.unmapped_costs(org, "USD", period) == sum(cost.charges for cost in lost)

    abroad = [cost for cost in costs if cost.currency == "EUR" and period.contains(cost.day)]
    found = session.fast.costs_in_other_currencies(org, "USD", period)
    assert sum(cost.amount for cost in found) == sum(cost.amount for cost in abroad)
    assert sum(cost.costs for cost in found) == sum(cost.charges for cost in abroad)
    assert {cost.day for cost in found} == {cost.day for cost in abroad}

    found = session.costs.unmapped(org)
    nobodys = [cost for cost in costs if not cost.entity]
    assert sum(origin.amount for origin in found) == sum(cost.amount for cost in nobodys)
    assert sum(origin.costs for origin in found) == sum(cost.charges for cost in nobodys)

    totals: dict[str, int] = defaultdict(int)
    for cost in costs:
        totals[cost.currency] += cost.amount
    sums = session.costs.sums_of(origin.origin_key for origin in session.costs.origins(org))
    assert {currency: each.amount for currency, each in sums.items()} == totals
    assert sum(each.costs for each in sums.values()) == sum(cost.charges for cost in costs)


@given(st.dates())
def test_days_keep_their_order_as_numbers(day: date) -> None:
    assert day_of(day_number(day)) == day
    if day < date.max:
        assert day_number(day) < day_number(day + timedelta(days=1))
