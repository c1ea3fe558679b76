"""Tests reach a database of either engine in the same way."""

from datetime import UTC, datetime

import pytest

from budget_tui.storage.database import database_at
from budget_tui.storage.database.base import SchemaState
from budget_tui.storage.unit_of_work import UnitOfWork
from tests.databases import Address, Engine, beside, change, content, empty, is_postgres, locked, opened, rows

pytestmark = pytest.mark.both_engines

NAMES = "SELECT name FROM organization ORDER BY org_key"


def two_organizations(address: Address) -> None:
    empty(address)
    with UnitOfWork(database_at(address)) as unit:
        for slug, name in (("a", "A"), ("b", "50%?")):
            unit.organizations.add(slug, name, "USD", "UTC", datetime(2026, 1, 13, 12, tzinfo=UTC))
        unit.commit()


def test_what_was_made_once_is_copied_and_each_copy_is_of_its_own(engine: Engine) -> None:
    first, second = engine.new(two_organizations), engine.new(two_organizations)
    before = content(first)
    change(first, "UPDATE organization SET name = ? WHERE name = ?", "C", "50%?")
    assert rows(first, NAMES) == [("A",), ("C",)]
    assert rows(second, NAMES) == [("A",), ("50%?",)]
    assert content(first) != before


def test_what_was_taken_back_leaves_nothing_in_the_next(engine: Engine) -> None:
    first = engine.new(two_organizations)
    change(first, "UPDATE organization SET name = ?", "C")
    (beside(first) / "export.csv").write_text("")
    engine.clear()
    assert rows(engine.new(two_organizations), NAMES) == [("A",), ("50%?",)]
    assert rows(engine.new(empty), NAMES) == []
    assert not [path for path in beside(engine.new(empty)).iterdir() if path.name == "export.csv"]


def test_keys_go_on_behind_those_that_were_copied(engine: Engine) -> None:
    address = engine.new(two_organizations)
    with UnitOfWork(database_at(address)) as unit:
        made = unit.organizations.add("c", "C", "USD", "UTC", datetime(2026, 1, 13, 12, tzinfo=UTC))
        unit.commit()
    assert rows(address, "SELECT max(org_key) FROM organization") == [(made.org_key,)]
    assert rows(address, NAMES) == [("A",), ("50%?",), ("C",)]


def test_nowhere_is_no_database(engine: Engine) -> None:
    assert database_at(engine.nowhere()).schema_state() is SchemaState.MISSING


def test_a_locked_database_is_read_and_not_written(engine: Engine) -> None:
    address = engine.new(two_organizations)
    with locked(address):
        assert rows(address, "SELECT count(*) FROM organization") == [(2,)]
        with opened(address) as other:
            other.execute("SET lock_timeout = '10ms'" if is_postgres(address) else "PRAGMA busy_timeout = 10")
            with pytest.raises(Exception, match=" lock"):
                other.execute("DELETE FROM idempotency")
    change(address, "UPDATE organization SET name = 'D'")
    assert rows(address, NAMES) == [("D",), ("D",)]
