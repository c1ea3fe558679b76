"""Copies of the database, and putting one in its place."""

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from budget_tui.domain.budget import Budget, Organization
from budget_tui.domain.errors import StorageError
from budget_tui.storage.database import database_at
from budget_tui.storage.database import sqlite_backups as backups
from budget_tui.storage.database.sqlite_backups import back_up, restore
from budget_tui.storage.database.sqlite_checks import integrity_problems
from budget_tui.storage.unit_of_work import DatabaseReader, UnitOfWork
from tests.databases import change, locked, rows
from tests.storage.conftest import JANUARY, NOON
from tests.storage.killing import killed_at
from tests.unprivileged import unprivileged

Budgeted = tuple[Path, Organization, Budget]
Files = Callable[[Path], dict[str, bytes]]


def amount(path: Path) -> int:
    [(amount,)] = rows(path, "SELECT amount FROM budget")
    return int(amount)


def set_amount(path: Path, budget: Budget, amount: int) -> None:
    with UnitOfWork(database_at(path)) as unit:
        unit.budgets.set_amount(budget, amount, "anna", NOON)
        unit.commit()


def test_a_copy_holds_what_only_the_log_holds_yet(budgeted: Budgeted, tmp_path: Path, files: Files) -> None:
    path, _, budget = budgeted
    reader = DatabaseReader(database_at(path))
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
    with UnitOfWork(database_at(path)) as unit:
        unit.budgets.set_amount(budget, 500, "anna", NOON)
        back_up(path, tmp_path / "copy")
        unit.commit()
    assert amount(tmp_path / "copy") == 0
    assert amount(path) == 500


def test_a_copy_that_fails_leaves_nothing(database: Path, tmp_path: Path) -> None:
    database.write_bytes(b"no database, this")
    with pytest.raises(StorageError, match=f"{database} is not a SQLite database"):
        back_up(database, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == [database]


def test_whoever_has_it_open_sees_what_is_restored(budgeted: Budgeted, tmp_path: Path) -> None:
    path, organization, budget = budgeted
    back_up(path, tmp_path / "copy")
    set_amount(path, budget, 500)
    reader = DatabaseReader(database_at(path))
    with reader.session() as session:
        before = session.fast.global_budget(organization.org_key, JANUARY.start)
        restore(tmp_path / "copy", path, tmp_path / "kept")
        assert session.fast.global_budget(organization.org_key, JANUARY.start) == before
    assert reader.changed()
    with reader.session() as session:
        after = session.fast.global_budget(organization.org_key, JANUARY.start)
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
    assert restore(tmp_path / "copy", tmp_path / "new" / "budget.db", tmp_path / "kept") is None
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
    monkeypatch.setattr(backups, "PATIENCE_SECONDS", 0.05)
    with locked(path), pytest.raises(StorageError, match="is locked by another program"):
        restore(tmp_path / "copy", path, tmp_path / "kept")
    assert amount(path) == 500


def test_no_room_for_what_was_there_leaves_it_there(budgeted: Budgeted, tmp_path: Path) -> None:
    path, *_ = budgeted
    back_up(path, tmp_path / "copy")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="cannot be written"):
        restore(tmp_path / "copy", path, tmp_path / "no such folder" / "kept")
    assert path.read_bytes() == before


def test_restores_of_one_second_keep_what_each_found(budgeted: Budgeted, tmp_path: Path) -> None:
    path, _, budget = budgeted
    back_up(path, tmp_path / "copy")
    set_amount(path, budget, 500)
    first = restore(tmp_path / "copy", path, tmp_path / "kept")
    second = restore(tmp_path / "copy", path, tmp_path / "kept")
    assert first is not None
    assert second is not None
    assert (amount(first), amount(second)) == (500, 0)


@pytest.mark.parametrize("there", [None, b""])
def test_what_is_left_over_beside_no_database_does_not_spoil_the_one_restored(
    budgeted: Budgeted, tmp_path: Path, there: bytes | None
) -> None:
    path, _, budget = budgeted
    back_up(path, tmp_path / "copy")
    reader = DatabaseReader(database_at(path))
    with reader.session():
        set_amount(path, budget, 500)
        log = path.with_name("budget.db-wal").read_bytes()
    reader.close()
    path.unlink()
    if there is not None:
        path.write_bytes(there)
    path.with_name("budget.db-wal").write_bytes(log)
    assert restore(tmp_path / "copy", path, tmp_path / "kept") == tmp_path / "kept"
    assert (tmp_path / "kept-wal").read_bytes() == log
    assert amount(path) == 0


def test_what_is_written_while_it_is_restored_is_kept(
    budgeted: Budgeted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, budget = budgeted
    back_up(path, tmp_path / "copy")
    written = iter((7, 500))

    def sync_and_write(file: Path) -> None:
        if file.name.startswith("kept") and (new := next(written, None)) is not None:
            set_amount(path, budget, new)

    monkeypatch.setattr(backups, "_sync", sync_and_write)  # the last step before a copy has its name
    assert restore(tmp_path / "copy", path, tmp_path / "kept") == tmp_path / "kept"
    assert (amount(path), amount(tmp_path / "kept")) == (0, 500)


def test_what_a_link_points_to_is_restored(budgeted: Budgeted, tmp_path: Path) -> None:
    path, *_ = budgeted
    back_up(path, tmp_path / "copy")
    path.write_bytes(b"damaged beyond recognition")
    link = tmp_path / "link.db"
    link.symlink_to(path)
    assert restore(tmp_path / "copy", link, tmp_path / "kept") == tmp_path / "kept"
    assert link.is_symlink()
    assert amount(path) == 0


# Killed at any moment


def sound(path: Path, budget: Budget) -> None:
    set_amount(path, budget, 500)


def missing(path: Path, _: Budget) -> None:
    path.unlink()


def damaged(path: Path, _: Budget) -> None:
    path.write_bytes(b"damaged beyond recognition")
    path.with_name("budget.db-wal").write_bytes(b"left over")


@pytest.mark.parametrize("before", [sound, missing, damaged])
def test_a_restore_that_is_killed_leaves_the_way_back_open(
    budgeted: Budgeted, tmp_path: Path, before: Callable[[Path, Budget], None]
) -> None:
    path, _, budget = budgeted
    back_up(path, tmp_path / "copy")
    whole, step, died = path.read_bytes(), 0, True
    while died:
        step += 1
        for file in tmp_path.glob("budget.db*"):
            file.unlink()
        path.write_bytes(whole)
        before(path, budget)
        died = killed_at(step, lambda: restore(tmp_path / "copy", path, tmp_path / "kept"))
        if before is sound:
            assert amount(path) in (500, 0)
        if not died:
            assert amount(path) == 0
        restore(tmp_path / "copy", path, tmp_path / "kept")
        assert amount(path) == 0
        assert integrity_problems(path) == []
    assert step > 5


def test_a_backup_that_is_killed_has_no_name(budgeted: Budgeted, tmp_path: Path) -> None:
    path, *_ = budgeted
    step, died = 0, True
    while died:
        step += 1
        died = killed_at(step, lambda: back_up(path, tmp_path / "copy"))
        assert died or (tmp_path / "copy").exists()
        if (tmp_path / "copy").exists():
            assert integrity_problems(tmp_path / "copy") == []
    assert step > 4


@pytest.fixture
def half_done(budgeted: Budgeted) -> Path:
    """A database as a program leaves it that is killed while it writes in the mode of a copy."""
    path, *_ = budgeted
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA cache_size = 2")
        connection.execute("BEGIN")
        connection.execute("UPDATE budget SET amount = 7")
        connection.execute("CREATE TABLE much AS SELECT zeroblob(100000) AS bytes")
        written, journal = path.read_bytes(), path.with_name("budget.db-journal").read_bytes()
    path.write_bytes(written)
    path.with_name("budget.db-journal").write_bytes(journal)
    return path


def test_whoever_comes_takes_back_what_was_left_half_done(half_done: Path, tmp_path: Path) -> None:
    with DatabaseReader(database_at(half_done)).session() as session:
        assert session.fast.organization("default") is not None
    assert not half_done.with_name("budget.db-journal").exists()
    assert amount(half_done) == 0


def test_what_was_left_half_done_is_no_copy(half_done: Path, tmp_path: Path) -> None:
    back_up(half_done, tmp_path / "copy")
    assert amount(tmp_path / "copy") == amount(half_done) == 0


def test_what_was_left_half_done_and_may_not_be_taken_back_is_not_read(half_done: Path) -> None:
    half_done.chmod(0o444)
    half_done.with_name("budget.db-journal").chmod(0o444)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for suffix in ("", "-journal"):
            shutil.copy(f"{half_done}{suffix}", folder / f"budget.db{suffix}")
        folder.chmod(0o555)

        def read() -> str:
            with DatabaseReader(database_at(folder / "budget.db")).session():
                return "read"

        told = unprivileged(read)
        folder.chmod(0o755)
    assert told.startswith(f"NotWritable: {folder / 'budget.db'} may not be written; check the permissions")


# For their owner alone


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_their_owners(tmp_path: Path, budgeted: Budgeted) -> None:
    former = os.umask(0)
    try:
        path = tmp_path / "made" / "here" / "new.db"
        database_at(path).create()
        with UnitOfWork(database_at(path)) as unit:
            unit.commit()
            beside = [path.with_name(f"new.db{suffix}") for suffix in ("", "-wal", "-shm")]
            assert [mode(file) for file in beside] == [0o600] * 3
        back_up(path, tmp_path / "copy")
        restore(tmp_path / "copy", tmp_path / "restored.db", tmp_path / "kept")
        kept = restore(tmp_path / "copy", budgeted[0], tmp_path / "kept")
        assert kept is not None
        assert [mode(file) for file in (tmp_path / "copy", tmp_path / "restored.db", kept)] == [0o600] * 3
        assert [mode(path.parent), mode(path.parent.parent)] == [0o700] * 2
    finally:
        os.umask(former)


def test_what_somebody_shares_stays_shared(budgeted: Budgeted, tmp_path: Path) -> None:
    path, _, budget = budgeted
    path.chmod(0o660)
    set_amount(path, budget, 500)
    back_up(path, tmp_path / "copy")
    restore(tmp_path / "copy", path, tmp_path / "kept")
    assert mode(path) == 0o660


# Several names


def test_a_database_with_several_names_is_refused(budgeted: Budgeted, tmp_path: Path) -> None:
    path, _, budget = budgeted
    other = tmp_path / "other.db"
    other.hardlink_to(path)
    told = f"{path} has 2 names"
    reader = DatabaseReader(database_at(path))
    with pytest.raises(StorageError, match=told), reader.session():
        pass
    with pytest.raises(StorageError, match=told):
        UnitOfWork(database_at(path))
    with pytest.raises(StorageError, match=told):
        set_amount(path, budget, 1)
    other.unlink()
    set_amount(path, budget, 500)
    with reader.session():
        other.hardlink_to(path)
    with pytest.raises(StorageError, match=told):
        reader.changed()
    reader.close()


def test_a_backup_may_have_several_names(budgeted: Budgeted, tmp_path: Path) -> None:
    path, *_ = budgeted
    back_up(path, tmp_path / "copy")
    (tmp_path / "same").hardlink_to(tmp_path / "copy")
    restore(tmp_path / "same", path, tmp_path / "kept")
    assert amount(path) == 0


# Is it sound?


def test_a_sound_database_has_no_problems(budgeted: Budgeted) -> None:
    assert integrity_problems(budgeted[0]) == []


def test_a_reference_to_nothing_is_a_problem(budgeted: Budgeted) -> None:
    path, *_ = budgeted
    change(path, "UPDATE budget SET entity_key = 99")  # which checks no references
    [found] = integrity_problems(path)
    assert found.startswith("a row of budget refers to a missing entity; ")


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
