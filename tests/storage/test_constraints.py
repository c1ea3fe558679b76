"""What the database itself refuses, whoever writes to it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from budget_tui.domain.amount import LIMIT_NANOS
from budget_tui.domain.cost import CostOrigin
from budget_tui.domain.errors import Conflict
from budget_tui.domain.records import ClosedLine, Resolution, RuleName
from budget_tui.domain.replacement import PartFacts, TakenRows
from budget_tui.storage.database import database_at
from budget_tui.storage.unit_of_work import UnitOfWork
from tests.storage.conftest import JANUARY, NOON, add_organization

Sql = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def row_in_every_table(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("filled") / "budget.db"
    database_at(path).create()
    organization, parent = add_organization(path)
    key = organization.org_key
    with UnitOfWork(database_at(path)) as unit:
        root = unit.fast.entity(key, "ORG")
        project = unit.entities.add(organization, "pcc", "PCC", "project", root, NOON)
        child = unit.budgets.add_total(
            key, project.entity_key, "USD", parent.period_kind, JANUARY, 100, parent, "anna", NOON
        )
        unit.budgets.add_transfer(key, None, child, 5, False, "", "anna", NOON)
        unit.audit.record(key, "test", "pcc", None, {"amount": "1"}, "anna", NOON)
        line = ClosedLine(project.entity_key, 100, 7, "healthy")
        unit.periods.close(key, JANUARY, "USD", 0, 100, 7, JANUARY.end, [line], "anna", NOON)
        unit.grants.store_result(key, "test", "k", "{}", "{}", NOON)
        origin = CostOrigin("focus", False, "USD")
        keys = unit.costs.add_origins(key, {origin: Resolution(project.entity_key, "", "cloud")})
        facts = PartFacts("focus", "account", JANUARY.start)
        parts = [unit.datasets.add(key, facts, "digest", NOON) for _ in range(2)]
        unit.datasets.add_rows(parts[0], [[(keys[origin], 20260105, 20260105, 7, None, None, 1)]])
        unit.datasets.take(TakenRows(parts[0], 20260101, 20260131), parts[1])
        unit.datasets.add_rows(parts[0], [[(keys[origin], 20260105, 20260105, 7, None, None, 1)]])
        unit.cost_rules.set(key, RuleName("entity", "service", "compute"), "pcc", "anna", NOON)
        unit.commit()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in (
            "INSERT INTO source VALUES (1, 'focus', '', '2026-02-01', 0, 0)",
            f"INSERT INTO agent VALUES ({project.entity_key}, 'sonnet')",
            "INSERT INTO reservation (reservation_id, budget_id, tokens, state, expires_at, created_by, created_at)"
            f" VALUES ('r', '{child.budget_id}', 5, 'held', '2026-01-01', 'a', '2026-01-01')",
            f"INSERT INTO token_use VALUES ({project.entity_key}, 20260105, 490000, 'sonnet', 'input', 5)",
            "INSERT INTO token_price VALUES (1, 'sonnet', 'input', '2026-01-01', 5)",
            f"INSERT INTO former_parent VALUES ({project.entity_key}, '2026-01-31', {root.entity_key})",
            f"INSERT INTO seat VALUES ({project.entity_key}, 'figma', '2026-01-01', 5, 'a', '2026-01-01')",
            "INSERT INTO fx_rate VALUES (1, 'EUR', 'USD', '2026-01-02', '1.0321')",
            "INSERT INTO api_key VALUES ('k', 1, 'ci', 'read', 'digest', 'a', '2026-01-01', NULL)",
            "INSERT INTO recurring_fee VALUES (1, 1, 1, 'Figma', 5, 'figma', 'subscription', 'month', 4, '2026-01-01',"
            " NULL, '2026-01-04', 'a', '2026-01-01')",
            "INSERT INTO recurring_charge VALUES (1, '2026-01-04', 5, NULL, 1, '2026-01-05', 6)",
            "INSERT INTO replaced_estimate VALUES (1, 5, '2026-01-05', NULL, 0)",
            "INSERT INTO log_message (org_key, program, message_id, copy_of, origin_key, day, tier, input_tokens,"
            " cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, sync_id)"
            " VALUES (1, 'codex', 'm', '', 1, 20260105, '', 1, 0, 0, 0, 0, 's')",
            "INSERT INTO log_file VALUES (1, 'codex@laptop', '/log', 5, 5)",
            "INSERT INTO alert_state"
            " VALUES (1, 'pcc', '2026-01-01', 800000, 'fired', 900000, 5, '2026-01-05', '2026-01-05', 'm')",
            "INSERT INTO alert_progress VALUES (1, '2026-01-05', 'first')",
            "INSERT INTO alert_message VALUES ('m', 1, 1, 'pcc', '2026-01-01', '{}', '2026-01-05')",
            "INSERT INTO alert_delivery VALUES ('m', 'phone', 'queued', 0, '2026-01-05', NULL, '', NULL)",
        ):
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


@pytest.fixture
def filled(database: Path, row_in_every_table: bytes) -> Path:
    database.write_bytes(row_in_every_table)
    return database


def test_every_table_has_a_row(filled: Path, sql: Sql) -> None:
    """Else the tests below would be about nothing."""
    tables = [name for (name,) in sql("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    assert len(tables) > 10
    assert [name for name in tables if not sql(f"SELECT 1 FROM {name} LIMIT 1")] == []


@pytest.mark.parametrize("table", ["audit", "transfer", "period_close", "period_close_line"])
def test_what_is_written_once_is_never_changed(filled: Path, sql: Sql, table: str) -> None:
    before = sql(f"SELECT * FROM {table}")
    column = sql(f"PRAGMA table_info({table})")[-1][1]
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    ):
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            sql(statement)
    assert sql(f"SELECT * FROM {table}") == before


def test_a_closed_period_is_not_replaced_under_another_number(filled: Path, sql: Sql) -> None:
    columns = ", ".join(row[1] for row in sql("PRAGMA table_info(period_close)") if row[1] != "close_key")
    with pytest.raises(sqlite3.IntegrityError, match="period_close is append-only"):
        sql(f"INSERT OR REPLACE INTO period_close ({columns}) SELECT {columns} FROM period_close")


BEYOND = LIMIT_NANOS + 1

REFUSED = [
    "UPDATE recurring_fee SET every = 'week'",
    "UPDATE recurring_fee SET on_day = 32",
    "UPDATE recurring_charge SET billed_origin = NULL",
    "UPDATE alert_rule SET kind = 'mood'",
    "UPDATE alert_state SET phase = 'tired'",
    "UPDATE alert_delivery SET state = 'lost'",
    "UPDATE organization SET anchor_day = 29",
    "UPDATE organization SET fiscal_start_month = 13",
    "UPDATE organization SET period_kind = 'weekly'",
    "UPDATE entity SET path = 'pcc' WHERE entity_id = 'pcc'",
    "UPDATE entity SET entity_id = 'a/b' WHERE entity_id = 'pcc'",
    "UPDATE budget SET amount = -1",
    f"UPDATE budget SET amount = {BEYOND}",
    "UPDATE budget SET category = 'food'",
    "UPDATE budget SET budget_type = 'barter'",
    "UPDATE budget SET period_kind = 'weekly'",
    "UPDATE budget SET period_end = '2025-12-31'",
    "UPDATE budget SET carry = 'all'",
    "UPDATE budget SET carry_cap = -1",
    "UPDATE budget SET used = -1",
    "UPDATE budget SET reserved = -1",
    "UPDATE budget SET used = 101 WHERE amount = 100",
    "UPDATE budget SET used = 60, reserved = 41 WHERE amount = 100",
    "UPDATE reservation SET tokens = 0",
    "UPDATE reservation SET state = 'lost'",
    "UPDATE token_use SET kind = 'thought'",
    "UPDATE token_price SET amount_nanos = -1",
    "UPDATE cost SET seats = -1",
    "UPDATE seat SET seats = -1",
    "UPDATE fx_rate SET quote = base",
    "UPDATE api_key SET scope = 'admin'",
    "UPDATE allocation SET amount = -1",
    f"UPDATE allocation SET amount = {BEYOND}",
    "UPDATE allocation SET child_budget_id = parent_budget_id",
    "UPDATE cost_origin SET category = 'food'",
    f"UPDATE cost SET amount_nanos = {BEYOND}",
    f"UPDATE cost SET amount_nanos = -{BEYOND}",
    "UPDATE cost SET tokens = -1",
    "UPDATE cost SET charges = 0",
    "UPDATE cost SET day = 20260113000",
    "UPDATE cost_origin SET charge_category = 'gift'",
    "UPDATE cost_rule SET kind = 'mood'",
    "INSERT INTO transfer SELECT 't', org_key, NULL, NULL, 5, 0, '', 'x', '2026-01-01' FROM organization",
    "INSERT INTO transfer SELECT 't', org_key, NULL, budget_id, 0, 0, '', 'x', '2026-01-01' FROM budget",
    "INSERT INTO period_close SELECT NULL, org_key, '2026-02-01', '2026-01-31', 'USD', 0, 0, 0, 'x', '2026-01-01',"
    " NULL FROM organization",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_values_that_make_no_sense_are_refused(filled: Path, sql: Sql, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError) as refused:
        sql(statement)
    assert refused.value.sqlite_errorname == "SQLITE_CONSTRAINT_CHECK"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE budget SET org_key = 99",
        "UPDATE budget SET entity_key = 99 WHERE amount = 100",
        "UPDATE allocation SET parent_budget_id = 'none'",
        "UPDATE cost SET origin_key = 99",
        "UPDATE cost SET dataset_key = 99",
        "UPDATE cost_origin SET entity_key = 99",
        "DELETE FROM organization",
        "DELETE FROM entity WHERE entity_id = 'pcc'",
        "DELETE FROM dataset",
    ],
)
def test_references_hold(filled: Path, sql: Sql, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError) as refused:
        sql(statement)
    assert refused.value.sqlite_errorname == "SQLITE_CONSTRAINT_FOREIGNKEY"


def test_writers_hold_references_too(filled: Path) -> None:
    with pytest.raises(IntegrityError) as refused, UnitOfWork(database_at(filled)) as unit:
        unit.audit.record(99, "test", "nobody", None, None, "anna", NOON)
    assert refused.value.orig.sqlite_errorname == "SQLITE_CONSTRAINT_FOREIGNKEY"


COPIES = [
    ("budget", "budget_id = 'copy'"),
    ("entity", "entity_key = NULL"),
    ("organization", "org_key = NULL"),
    ("cost_origin", "origin_key = NULL"),
    ("dataset_replacement", ""),
    ("source", ""),
    ("cost_rule", "rule_key = NULL"),
    ("period_close", "close_key = NULL"),
    ("idempotency", ""),
]


@pytest.mark.parametrize(("table", "but"), COPIES)
def test_nothing_is_there_twice(filled: Path, sql: Sql, table: str, but: str) -> None:
    changed, _, value = but.partition(" = ")
    columns = [name for _, name, *_ in sql(f"PRAGMA table_info({table})")]
    values = [value if name == changed else name for name in columns]
    with pytest.raises(sqlite3.IntegrityError) as refused:
        sql(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table}")
    assert refused.value.sqlite_errorname.removeprefix("SQLITE_CONSTRAINT_") in ("UNIQUE", "PRIMARYKEY", "TRIGGER")


def test_a_budget_that_is_no_longer_active_leaves_its_place(filled: Path, sql: Sql) -> None:
    sql("UPDATE budget SET is_active = 0 WHERE amount = 100")
    columns = [name for _, name, *_ in sql("PRAGMA table_info(budget)")]
    values = ["'copy'" if name == "budget_id" else "1" if name == "is_active" else name for name in columns]
    sql(f"INSERT INTO budget SELECT {', '.join(values)} FROM budget WHERE amount = 100")
    assert sql("SELECT count(*) FROM budget WHERE amount = 100") == [(2,)]


def test_what_somebody_else_made_first_is_a_conflict(filled: Path) -> None:
    with pytest.raises(Conflict), UnitOfWork(database_at(filled)) as unit:
        organization = unit.fast.organization("default")
        assert organization is not None
        root = unit.fast.entity(organization.org_key, "ORG")
        unit.entities.add(organization, "pcc", "Another", "project", root, NOON)
