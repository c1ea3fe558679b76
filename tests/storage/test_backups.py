"""Copies of the database, and putting one in its place."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from budget_tui.domain.budget import Budget, Organization
from budget_tui.domain.errors import StorageError
from budget_tui.storage import schema
from budget_tui.storage.reading import DatabaseReader
from budget_tui.storage.schema import back_up, integrity_problems, restore
from budget_tui.storage.unit_of_work import UnitOfWork
from tests.storage.conftest import JANUARY, NOON

Budgeted = tuple[Path, Organization, Budget]
Files = Callable[[Path], dict[str, bytes]]


def amount(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (amount,) = connection.execute("SELECT amount FROM budget").fetchone()
        return int(amount)


def set_amount(path: Path, budget: Budget, amount: int) -> None:
    with UnitOfWork(path) as unit:
        unit.budgets.set_amount(budget, amount, "anna", NOON)
        unit.commit()


def test_a_copy_holds_what_only_the_log_holds_yet(budgeted: Budgeted, tmp_path: Path, files: Files) -> None:
    path, _, budget = budgeted
    reader = DatabaseReader(path)
    with reader.session():
        set_amount(path, budget, 500)
        assert path.with_name("budget.db-wal").stat().st_size > 0
        (tmp_path / "kept").mkdir()
        back_up(path, tmp_path / "kept" / "copy")
    reader.close()
    assert list(files(tmp_path / "kept")) == ["copy"]
    assert amount(tmp_path / "kept" / "copy") == 500
    assert integrity_problems(tmp_path / "kept" / "copy") == []


def test_a_copy_is_of_one_state_while_somebody_writes(budgeted: Budgeted, tmp_path: Path) -> None:
    path, _, budget = budgeted
    with UnitOfWork(path) as unit:
        unit.budgets.set_amount(budget, 500, "anna", NOON)
        back_up(path, tmp_path / "copy")
        unit.commit()
    assert amount(tmp_path / "copy") == 0
    assert amount(path) == 500


def test_a_copy_that_fails_leaves_nothing(database: Path, tmp_path: Path) -> None:
    database.write_bytes(b"no database, this")
    with pytest.raises(sqlite3.DatabaseError):
        back_up(database, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_whoever_has_it_open_sees_what_is_restored(budgeted: Budgeted, tmp_path: Path) -> None:
    path, organization, budget = budgeted
    back_up(path, tmp_path / "copy")
    set_amount(path, budget, 500)
    reader = DatabaseReader(path)
    with reader.session() as queries:
        before = queries.global_budget(organization.org_key, JANUARY.start)
        restore(tmp_path / "copy", path, tmp_path / "kept")
        assert queries.global_budget(organization.org_key, JANUARY.start) == before
    assert reader.changed()
    with reader.session() as queries:
        after = queries.global_budget(organization.org_key, JANUARY.start)
    reader.close()
    assert before is not None
    assert after is not None
    assert (before.amount, after.amount) == (500, 0)
    assert amount(tmp_path / "kept") == 500
    set_amount(path, budget, 7)  # and it is written to as before
    assert amount(path) == 7


def test_restoring_where_nothing_is(budgeted: Budgeted, tmp_path: Path) -> None:
    path, *_ = budgeted
    back_up(path, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "new" / "budget.db", None)
    assert amount(tmp_path / "new" / "budget.db") == 0


def test_what_is_too_damaged_to_be_copied_is_moved_with_its_log(budgeted: Budgeted, tmp_path: Path) -> None:
    path, *_ = budgeted
    back_up(path, tmp_path / "copy")
    path.write_bytes(b"damaged beyond recognition")
    log = path.with_name("budget.db-wal")
    log.write_bytes(b"left over")
    restore(tmp_path / "copy", path, tmp_path / "kept")
    assert (tmp_path / "kept").read_bytes() == b"damaged beyond recognition"
    assert (tmp_path / "kept-wal").read_bytes() == b"left over"
    assert not log.exists()
    assert amount(path) == 0


def test_a_restore_into_a_locked_database_gives_up(
    budgeted: Budgeted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, budget = budgeted
    back_up(path, tmp_path / "copy")
    set_amount(path, budget, 500)
    monkeypatch.setattr(schema, "PATIENCE_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="is locked by another program"):
            restore(tmp_path / "copy", path, tmp_path / "kept")
        other.execute("ROLLBACK")
    assert amount(path) == 500


def test_no_room_for_what_was_there_leaves_it_there(budgeted: Budgeted, tmp_path: Path) -> None:
    path, *_ = budgeted
    back_up(path, tmp_path / "copy")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="cannot be opened"):
        restore(tmp_path / "copy", path, tmp_path / "no such folder" / "kept")
    assert path.read_bytes() == before


# Is it sound?


def test_a_sound_database_has_no_problems(budgeted: Budgeted) -> None:
    assert integrity_problems(budgeted[0]) == []


def test_a_reference_to_nothing_is_a_problem(budgeted: Budgeted) -> None:
    path, *_ = budgeted
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:  # which checks no references
        connection.execute("UPDATE budget SET entity_key = 99")
    assert integrity_problems(path) == ["a row of budget refers to a missing entity"]


def test_an_index_that_lost_its_table_is_a_problem(budgeted: Budgeted) -> None:
    path, *_ = budgeted
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'entity_by_id'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (empty,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'cost_rule_once'").fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = content[(empty - 1) * size : empty * size]
    path.write_bytes(content)
    assert integrity_problems(path) != []
