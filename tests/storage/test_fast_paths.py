"""Each fast path gives what the ordinary way gives: SQLAlchemy over the tables."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from budget_tui.bootstrap import Services, open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.access import Scope
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.cost import CostOrigin
from budget_tui.domain.currency import Rate
from budget_tui.domain.estimates import AGENT_SOURCE, HOLD_SOURCE
from budget_tui.domain.period import Period
from budget_tui.domain.records import Resolution, RuleName
from budget_tui.domain.recurring import Bill, Charge, Every, RecurringFee
from budget_tui.domain.tokens import TokenKind
from budget_tui.services.costs import CostEntry
from budget_tui.services.demo import SHOWN_ON, load_demo
from budget_tui.storage.engine import sqlalchemy_over
from budget_tui.storage.tables import (
    AllocationRow,
    BudgetRow,
    CostOriginRow,
    CostRow,
    EntityRow,
    FxRateRow,
    IdempotencyRow,
    OrganizationRow,
    PeriodCloseRow,
    ReservationRow,
    TokenPriceRow,
    TokenUseRow,
)
from budget_tui.storage.unit_of_work import UnitOfWork
from tests.postgres import Postgres

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
SO_FAR = Period(JANUARY.start, SHOWN_ON)
NOW = datetime(2026, 1, 13, tzinfo=UTC)
_b, _c, _e, _o = BudgetRow.c, CostRow.c, EntityRow.c, CostOriginRow.c


def fill(location: str) -> Services:
    """The demonstration, with a rate, a cost in another currency, a key and an unmapped cost."""
    services = open_services(location, "default", SHOWN_ON, Settings())
    load_demo(services.context)
    services.keys.create("ci", Scope.READ)
    project = services.snapshots.current().projects[0].project_id
    services.costs.add(CostEntry(project, parse_amount("7"), date(2026, 1, 30)))
    services.agents.consume(services.agents.all()[0].agent_id, 1, key="once")
    with services.context.work() as work:
        work.unit.rates.set_rates(
            work.organization.org_key,
            [
                Rate("EUR", "USD", date(2025, 12, 30), Decimal("1.1")),
                Rate("EUR", "USD", date(2026, 1, 5), Decimal("1.2")),
                Rate("GBP", "USD", date(2026, 1, 2), Decimal("1.3")),
            ],
        )
        work.commit()
    return services


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def unit(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnitOfWork]:
    """A transaction on a database of either engine, which is never committed."""
    if request.param == "sqlite":
        location = str(tmp_path_factory.mktemp("fast") / "budget.db")
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        location = postgres.url(postgres.create())
    services = fill(location)
    services.close()
    with UnitOfWork(services.context.database) as unit:
        yield unit


@pytest.fixture(params=["default", "acme"])
def org(unit: UnitOfWork, request: pytest.FixtureRequest) -> int:
    return int(ordinary(unit, select(OrganizationRow.c.org_key).where(OrganizationRow.c.slug == request.param))[0][0])


def ordinary(unit: UnitOfWork, statement: Any) -> list[Any]:
    with sqlalchemy_over(unit.connection) as connection:
        return list(connection.execute(statement))


def test_organizations_and_entities(unit: UnitOfWork, org: int) -> None:
    [row] = ordinary(unit, select(OrganizationRow.table).where(OrganizationRow.c.org_key == org))
    assert unit.fast.organization(row.slug) in unit.organizations.all()
    rows = ordinary(unit, select(EntityRow.table).where(_e.org_key == org).order_by(_e.entity_key))
    assert [
        (each.entity_key, each.entity_id, each.name, each.level_code, each.path, each.archived)
        for each in unit.fast.entities(org)
    ] == [(r.entity_key, r.entity_id, r.name, r.level_code, r.path, r.archived_at is not None) for r in rows]
    assert unit.fast.entity(org, rows[-1].entity_id) == unit.fast.entities(org)[-1]
    lineage = unit.fast.hierarchy_history(org).now.lineage
    assert {key: line[1] if len(line) > 1 else None for key, line in lineage.items() if key is not None} == {
        r.entity_key: r.parent_key for r in rows
    }


def test_the_global_budget_and_what_was_allocated_of_it(unit: UnitOfWork, org: int) -> None:
    found = unit.fast.global_budget(org, SHOWN_ON)
    rows = ordinary(
        unit,
        select(BudgetRow.table)
        .join(EntityRow, _e.entity_key == _b.entity_key)
        .where(_b.org_key == org, _e.entity_id == "ORG", _b.in_cycle, _b.is_active, _b.period_start <= SHOWN_ON)
        .where(_b.category == "total", _b.budget_type == "monetary", _b.provider == "")
        .order_by(_b.period_start.desc()),
    )
    assert (found and (found.budget_id, found.amount, found.period)) == (
        (rows[0].budget_id, rows[0].amount, Period(rows[0].period_start, rows[0].period_end)) if rows else None
    )
    parent = found.budget_id if found else None
    below = ordinary(
        unit,
        select(_e.entity_id, _b.amount)
        .join_from(AllocationRow, BudgetRow, _b.budget_id == AllocationRow.c.child_budget_id)
        .join(EntityRow, _e.entity_key == _b.entity_key)
        .where(AllocationRow.c.parent_budget_id == parent, _b.is_active),
    )
    assert unit.fast.allocated(parent) == sum(row.amount for row in below)
    allocations = {fact.project_id: fact.allocation for fact in unit.fast.project_facts(org, parent)}
    assert {name: amount for name, amount in allocations.items() if amount} == {
        row.entity_id: row.amount for row in below if row.entity_id in allocations and row.amount
    }


def test_money_that_is_held_and_what_bounds_it(unit: UnitOfWork, org: int) -> None:
    monetary = (_b.org_key == org, _b.is_active, _b.budget_type == "monetary")
    on = (_b.period_start <= SHOWN_ON, _b.period_end >= SHOWN_ON)
    rows = ordinary(
        unit, select(BudgetRow.table, _e.path).join(EntityRow, _e.entity_key == _b.entity_key).where(*monetary, *on)
    )
    assert rows
    budgets = {row.entity_key: unit.fast.money_budgets(row.entity_key, SHOWN_ON) for row in rows}
    assert sorted((row.category, row.provider, row.amount, row.in_cycle) for row in rows) == sorted(
        (each.category, each.provider, each.amount, each.in_cycle) for found in budgets.values() for each in found
    )
    costs = ordinary(
        unit,
        select(_e.path, _c.day, _c.amount_nanos, _o.category, _o.provider)
        .join_from(CostRow, CostOriginRow, _o.origin_key == _c.origin_key)
        .outerjoin(EntityRow, _e.entity_key == _o.entity_key)
        .where(_o.org_key == org),
    )
    for row in rows:
        for budget in budgets[row.entity_key]:
            days = budget.period.through(SHOWN_ON)
            assert sum(cost.amount for cost in unit.fast.costs_below(org, row.path, budget, days, "EUR")) == sum(
                cost.amount_nanos
                for cost in costs
                if days.contains(cost.day)
                and budget.category in ("total", cost.category)
                and budget.provider in ("", cost.provider)
                and (cost.path or "/ORG/").startswith(row.path)
            )
    paths = {row.path: row for row in rows if row.in_cycle and row.category == "total"}
    parent = unit.fast.global_budget(org, SHOWN_ON)
    for row in rows if parent else ():
        child = unit.fast.child_budget(parent.budget_id, row.entity_key)
        is_child = row.in_cycle and row.path != "/ORG/" and row.category == "total"
        assert child == (row.budget_id if is_child else child)
    assert unit.fast.reserved_by_path(org, JANUARY, NOW) == {}
    for row in paths.values():
        unit.grants.hold(row.budget_id, 3, NOW + timedelta(seconds=1), "anna", NOW)
        unit.grants.hold(row.budget_id, 4, NOW + timedelta(seconds=2), "anna", NOW)
    held = dict.fromkeys((path for path, row in paths.items() if row.period_start == JANUARY.start), 7)
    assert unit.fast.reserved_by_path(org, JANUARY, NOW) == held
    assert unit.fast.reserved_by_path(org, JANUARY, NOW + timedelta(seconds=1)) == dict.fromkeys(held, 4)
    assert len(unit.fast.open_holds(org, NOW)) == 2 * len(paths)
    free = unit.agents.expired_reservations(org, NOW + timedelta(days=999))
    reserved = ordinary(unit, select(_b.budget_id, _b.reserved).where(_b.org_key == org, _b.reserved > 0))
    assert {row.budget_id: unit.fast.expired_tokens(row.budget_id, NOW + timedelta(days=999)) for row in reserved} == {
        budget: tokens for budget, tokens in free.items() if tokens
    }
    assert not any(unit.fast.expired_tokens(row.budget_id, NOW) for row in reserved)


def test_the_cycle(unit: UnitOfWork, org: int) -> None:
    closes = ordinary(unit, select(PeriodCloseRow.table).where(PeriodCloseRow.c.org_key == org))
    latest = max(closes, key=lambda row: row.period_start, default=None)
    assert unit.fast.last_close(org) == (latest and Period(latest.period_start, latest.period_end))
    for start in {row.period_start for row in ordinary(unit, select(_b.period_start).where(_b.org_key == org))}:
        which = (_b.org_key == org, _b.period_start == start, _b.is_active)
        rows = ordinary(unit, select(BudgetRow.table).where(*which, _b.in_cycle))
        assert {
            each.budget_id: (each.amount, each.base, each.used, each.reserved, each.carry.carried)
            for each in unit.fast.cycle_budgets(org, start)
        } == {row.budget_id: (row.amount, row.base, row.used, row.reserved, row.carried) for row in rows}
    for row in ordinary(unit, select(BudgetRow.table).where(_b.org_key == org, _b.in_cycle, _b.is_active)):
        with_successor = unit.fast.with_successor(row.budget_id)
        follows = ordinary(
            unit,
            select(_b.budget_id).where(
                _b.org_key == org,
                _b.entity_key == row.entity_key,
                _b.category == row.category,
                _b.budget_type == row.budget_type,
                _b.provider == row.provider,
                _b.period_start == row.period_end + timedelta(days=1),
                _b.in_cycle,
                _b.is_active,
            ),
        )
        assert (with_successor[1].budget_id if with_successor else None) == (follows[0].budget_id if follows else None)


def test_estimates(unit: UnitOfWork, org: int) -> None:
    seen = []
    for source, provider, live in (
        ("manual", "openai", True),
        ("codexes@laptop", "openai", True),
        ("codex@desk", "openai", False),
        (HOLD_SOURCE, "", True),
        (AGENT_SOURCE, "anthropic", False),
        ("codex@laptop", "", True),
        ("codex@laptop", "openai", True),
        (AGENT_SOURCE, "openai", True),
    ):
        origin = CostOrigin(source, live, "USD", provider)
        unit.costs.add_origins(org, {origin: Resolution(None, provider, "genai")})
        seen.append(unit.fast.has_estimates(org))
        assert seen[-1] is any(each.provider for each in unit.estimates.spenders(org))
    assert seen[-1]


def test_recurring_fees(unit: UnitOfWork, org: int) -> None:
    assert not unit.fast.has_recurring_fees(org)
    [entity, *_] = unit.fast.entities(org)
    days = JANUARY.start, None, SHOWN_ON
    own = entity.entity_key, entity.entity_id, entity.path
    fee = RecurringFee(0, *own, "Figma", 20, "figma", "subscription", Every.QUARTER, 31, *days, False)
    fee = fee._replace(fee_key=unit.recurring.add(org, fee, "test", NOW))
    assert unit.fast.recurring_fees(org) == [fee]
    unit.recurring.end(fee.fee_key, JANUARY.end)
    assert unit.fast.recurring_fees(org) == [fee._replace(ended_on=JANUARY.end)]

    of_fee = CostOrigin(
        "recurring", True, "USD", "figma", "Figma", entity_hint=entity.entity_id, category_hint="subscription"
    )
    [known] = unit.costs.add_origins(org, {of_fee: Resolution(entity.entity_key, "figma", "subscription")}).values()
    booked, billed = (Charge(fee.fee_key, day, 20, None, None) for day in (JANUARY.start, SHOWN_ON))
    cost_key = unit.fees.book(org, of_fee, entity.entity_key, booked)
    new = unit.fees.book(org, replace(of_fee, service="Figma 2"), entity.entity_key, billed)
    rows = ordinary(unit, select(CostRow.table).where(_c.cost_key.in_([cost_key, new])).order_by(_c.day))
    assert [(row.day, row.amount_nanos, row.charges) for row in rows] == [(booked.day, 20, 1), (billed.day, 20, 1)]
    assert rows[0].origin_key == known, "an origin that is there is used"
    other = unit.costs.origin(org, rows[1].origin_key)
    assert other is not None
    assert (other.origin.service, other.entity_key, other.category) == ("Figma 2", entity.entity_key, "subscription")
    booked = booked._replace(cost_key=cost_key)
    billed = billed._replace(bill=Bill(known, SHOWN_ON, 21))
    for charge in (booked, billed):
        unit.fees.put(charge)
    assert unit.fast.recurring_charges(org, JANUARY.start) == [booked, billed]
    assert unit.fast.recurring_charges(org, SHOWN_ON) == [billed]
    unit.fees.remove(booked)
    assert unit.fast.recurring_charges(org, JANUARY.start) == [billed]
    assert not ordinary(unit, select(_c.cost_key).where(_c.cost_key == cost_key))
    unit.fees.set_booked_through(fee.fee_key, JANUARY.end)
    assert unit.fast.recurring_fees(org)[0].booked_through == JANUARY.end
    unit.recurring.remove(fee.fee_key)


def test_what_was_spent(unit: UnitOfWork, org: int) -> None:
    [currency] = [row.currency for row in ordinary(unit, select(OrganizationRow.table)) if row.org_key == org]
    costs = ordinary(
        unit,
        select(_e.path, _c.day, _c.amount_nanos, _c.charges, _o.currency, _o.live, _o.source)
        .join_from(CostRow, CostOriginRow, _o.origin_key == _c.origin_key)
        .outerjoin(EntityRow, _e.entity_key == _o.entity_key)
        .where(_o.org_key == org),
    )
    own = [row for row in costs if row.currency == currency]
    spends, unmapped = unit.fast.spend_by_path(org, currency, JANUARY, SHOWN_ON, SHOWN_ON)
    spent, spent_unmapped = unit.fast.spent_by_path(org, currency, SO_FAR)
    for path in {row.path for row in own} - {None}:
        in_period = [row for row in own if row.path == path and JANUARY.contains(row.day)]
        so_far = sum(row.amount_nanos for row in in_period if row.day <= SHOWN_ON)
        assert (spends[path].spent, spent[path]) == (so_far, so_far)
        assert spends[path].scheduled == sum(row.amount_nanos for row in in_period if row.day > SHOWN_ON)
        assert spends[path].first_day == min(row.day for row in own if row.path == path)
    of_nobody = [row for row in own if row.path is None and SO_FAR.contains(row.day)]
    assert unmapped.spent == spent_unmapped == sum(row.amount_nanos for row in of_nobody)
    assert unit.fast.unmapped_costs(org, currency, SO_FAR) == sum(row.charges for row in of_nobody)
    daily: dict[date, int] = {}
    for row in own:
        if SO_FAR.contains(row.day):
            daily[row.day] = daily.get(row.day, 0) + row.amount_nanos
    assert dict(unit.fast.daily_spend(org, currency, SO_FAR)) == daily
    assert unit.fast.other_currencies(org, currency) == sorted({row.currency for row in costs} - {currency})
    others = unit.fast.costs_in_other_currencies(org, currency, SO_FAR)
    assert sum(cost.amount for cost in others) == sum(
        row.amount_nanos for row in costs if row.currency != currency and SO_FAR.contains(row.day)
    )
    for code in {row.currency for row in costs}:
        firsts: dict[str | None, date] = {}
        for row in costs:
            if row.currency == code and row.day >= JANUARY.start:
                firsts[row.path] = min(row.day, firsts.get(row.path, row.day))
        assert unit.fast.first_costs(org, code, JANUARY.start) == firsts
    imported = {row.source for row in costs if not row.live and row.day <= SHOWN_ON}
    assert {account.source for account in unit.fast.imported_accounts(org, SHOWN_ON)} == imported


def test_the_tags_that_an_import_keeps(unit: UnitOfWork) -> None:
    rule = RuleName("entity", "tag:team", "apollo")
    kept: dict[tuple[int, str], set[str]] = {}
    for row in ordinary(unit, select(_o.org_key, _o.source, _o.tags)):
        kept.setdefault((row.org_key, row.source), set()).update(json.loads(row.tags))
    assert any(kept.values())
    for (org, source), tags in kept.items():
        assert unit.fast.tags_to_keep(org, source) == tags
        unit.cost_rules.set(org, rule, "apollo", "test", NOW)
        assert unit.fast.tags_to_keep(org, source) == {"team", *tags}
        unit.cost_rules.remove(org, rule)


def test_whether_the_newest_costs_of_a_source_came_once(unit: UnitOfWork) -> None:
    query = select(_o).join(CostRow.table, CostRow.c.origin_key == _o.origin_key).order_by(CostRow.c.cost_key.desc())
    imported = [row for row in ordinary(unit, query) if not row.live and row.charge_category == "usage"]
    origin = imported[0]
    older = next(row for row in imported if row.source == origin.source and row.origin_key != origin.origin_key)
    assert not unit.fast.was_imported_once(origin.org_key, origin.source)
    change = "UPDATE cost_origin SET charge_category = :charge WHERE origin_key = :origin_key"
    unit.connection.change(change, {"charge": "one-off", "origin_key": origin.origin_key})
    assert unit.fast.was_imported_once(origin.org_key, origin.source)
    assert not unit.fast.was_imported_once(origin.org_key, "manual")
    unit.connection.change(change, {"charge": "usage", "origin_key": origin.origin_key})
    unit.connection.change(change, {"charge": "one-off", "origin_key": older.origin_key})
    assert not unit.fast.was_imported_once(origin.org_key, origin.source)
    unit.connection.change(change, {"charge": "usage", "origin_key": older.origin_key})


def test_rates(unit: UnitOfWork, org: int) -> None:
    rows = ordinary(unit, select(FxRateRow.table).where(FxRateRow.c.org_key == org))
    pairs = sorted({(row.base, row.quote) for row in rows})
    assert unit.fast.rate_pairs(org) == pairs
    known = [Rate(row.base, row.quote, row.day, Decimal(row.rate)) for row in rows]
    for pair in pairs:
        of_pair = sorted((rate for rate in known if rate[:2] == pair), key=lambda rate: rate.day)
        before = [rate for rate in of_pair if rate.day <= JANUARY.start][-1:]
        inside = [rate for rate in of_pair if JANUARY.start < rate.day <= JANUARY.end]
        assert unit.fast.rates(org, [pair], JANUARY) == before + inside
        assert unit.fast.first_rates(org, [pair]) == of_pair[:1]


def test_agents_and_their_tokens(unit: UnitOfWork, org: int) -> None:
    rows = ordinary(
        unit,
        select(EntityRow.table)
        .where(_e.org_key == org, _e.level_code == "agent", _e.archived_at.is_(None))
        .order_by(_e.entity_key),
    )
    agents = unit.fast.agents(org, JANUARY)
    assert [agent.agent_id for agent in agents] == [row.entity_id for row in rows]
    for agent in agents:
        assert unit.fast.agent(org, agent.agent_id, JANUARY) == agent
        if agent.budget_id:
            [row] = ordinary(unit, select(BudgetRow.table).where(_b.budget_id == agent.budget_id))
            counts = row.amount, row.used, row.reserved
            assert (agent.allocated, agent.used, agent.reserved) == unit.fast.token_counts(agent.budget_id) == counts
        used = ordinary(
            unit,
            select(TokenUseRow.c.kind, func.sum(TokenUseRow.c.tokens).label("tokens"))
            .where(TokenUseRow.c.entity_key == agent.entity_key, TokenUseRow.c.day == SHOWN_ON)
            .where(TokenUseRow.c.model == agent.model)
            .group_by(TokenUseRow.c.kind),
        )
        assert unit.fast.tokens_on(agent.entity_key, agent.model, SHOWN_ON) == {r.kind: r.tokens for r in used}
        prices = ordinary(
            unit,
            select(TokenPriceRow.table)
            .where(TokenPriceRow.c.org_key == org, TokenPriceRow.c.model == agent.model)
            .where(TokenPriceRow.c.starts_on <= SHOWN_ON)
            .order_by(TokenPriceRow.c.starts_on),
        )
        assert unit.fast.prices_on(org, agent.model, SHOWN_ON) == {r.kind: r.amount_nanos for r in prices}
        assert bool(agent.is_priced) is bool(prices)


def test_answers_and_keys(unit: UnitOfWork) -> None:
    [row] = ordinary(unit, select(IdempotencyRow.table))
    assert unit.fast.stored_result(row.org_key, row.command, row.key) == (row.request, row.answer)
    assert unit.fast.stored_result(row.org_key, row.command, "another") is None
    [key] = unit.api_keys.all(row.org_key)
    assert unit.fast.api_key(key.key_id) == key
    assert unit.fast.has_active_key()


def test_the_newest_entry_of_the_log(unit: UnitOfWork) -> None:
    for row in ordinary(unit, select(OrganizationRow.table)):
        newest = unit.audit.entries(row.org_key, 1)
        assert unit.fast.newest_entry(row.org_key) == (newest[0].entry if newest else 0)


def test_grants(unit: UnitOfWork) -> None:
    [org] = [row.org_key for row in ordinary(unit, select(OrganizationRow.table)) if row.slug == "default"]
    agent = next(agent for agent in unit.fast.agents(org, JANUARY) if agent.allocated > agent.used + agent.reserved)
    now = datetime.fromisoformat(f"{SHOWN_ON}T12:00:00+00:00")

    def counts() -> tuple[int, int, int]:
        [row] = ordinary(unit, select(BudgetRow.table).where(_b.budget_id == agent.budget_id))
        return row.amount, row.used, row.reserved

    amount, used, reserved = counts()
    free = amount - used - reserved
    assert not unit.grants.use(agent.budget_id, free + 1)
    assert counts() == (amount, used, reserved)
    assert unit.grants.use(agent.budget_id, 1)
    assert counts() == (amount, used + 1, reserved)
    assert unit.grants.reserve(agent.budget_id, free, now, "anna", now) == ""
    held = unit.grants.reserve(agent.budget_id, free - 1, now + timedelta(minutes=1), "anna", now)
    assert counts() == (amount, used + 1, reserved + free - 1)
    [row] = ordinary(unit, select(ReservationRow.table).where(ReservationRow.c.reservation_id == held))
    stored = unit.fast.reservation(org, held)
    assert stored is not None
    assert (stored.tokens, stored.state, stored.expires_at) == (row.tokens, row.state, row.expires_at)
    unit.grants.release_expired(agent.budget_id, now)
    assert counts() == (amount, used + 1, reserved + free - 1)
    unit.grants.release_expired(agent.budget_id, now + timedelta(minutes=1))
    assert counts() == (amount, used + 1, reserved)
    before = unit.fast.tokens_on(agent.entity_key, "m", SHOWN_ON)
    unit.grants.count(agent.entity_key, "m", {TokenKind.INPUT: 2}, SHOWN_ON, now)
    unit.grants.count(agent.entity_key, "m", {TokenKind.INPUT: 3}, SHOWN_ON, now)
    after = unit.fast.tokens_on(agent.entity_key, "m", SHOWN_ON)
    assert after[TokenKind.INPUT] - before.get(TokenKind.INPUT, 0) == 5
    origin = ordinary(unit, select(_o.origin_key).where(_o.org_key == org))[0].origin_key
    day = date(2027, 1, 1)
    assert unit.grants.set_cost(origin, day, 5, 1) == 0
    assert unit.grants.set_cost(origin, day, 7, 2) == 5
    [cost] = ordinary(unit, select(CostRow.table).where(_c.origin_key == origin, _c.day == day))
    assert (cost.amount_nanos, cost.tokens) == (7, 2)
    assert unit.estimates.replace(origin, day, now) == 7
    assert unit.grants.set_cost(origin, day, 9, 3) == 7
    [cost] = ordinary(unit, select(CostRow.table).where(_c.origin_key == origin, _c.day == day))
    assert (cost.amount_nanos, cost.tokens, unit.estimates.bring_back(origin, day)) == (0, 3, 9)
