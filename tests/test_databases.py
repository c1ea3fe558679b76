"""Tests reach a database of either engine in the same way."""

import pytest

from tests.databases import Address, Engine, change, is_postgres, locked, opened, rows


def two_amounts(address: Address) -> None:
    change(address, "CREATE TABLE amounts (name text, nanos bigint)")
    for name, nanos in (("a", 1), ("50%?", 2)):
        change(address, "INSERT INTO amounts VALUES (?, ?)", name, nanos)


def test_what_was_made_once_is_copied_and_each_copy_is_of_its_own(engine: Engine) -> None:
    first, second = engine.new(two_amounts), engine.new(two_amounts)
    change(first, "UPDATE amounts SET nanos = ? WHERE name = ?", 10**18, "50%?")
    assert rows(first, "SELECT name, nanos FROM amounts ORDER BY nanos") == [("a", 1), ("50%?", 10**18)]
    assert rows(second, "SELECT sum(nanos) FROM amounts WHERE name LIKE '5%'") == [(2,)]


def test_a_locked_database_is_read_and_not_written(engine: Engine) -> None:
    address = engine.new(two_amounts)
    with locked(address):
        assert rows(address, "SELECT count(*) FROM amounts") == [(2,)]
        with opened(address) as other:
            other.execute("SET lock_timeout = '10ms'" if is_postgres(address) else "PRAGMA busy_timeout = 10")
            with pytest.raises(Exception, match=" lock"):
                other.execute("DELETE FROM amounts")
    change(address, "DELETE FROM amounts")
    assert rows(address, "SELECT count(*) FROM amounts") == [(0,)]
