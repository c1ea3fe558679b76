"""A transaction is kept whole or not at all: on errors, on a locked file, on a full disk."""

import os
import shutil
import signal
import sqlite3
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from budget_tui.domain.budget import Budget, Organization
from budget_tui.domain.errors import StorageError
from budget_tui.storage.database import database_at, sqlite_connections
from budget_tui.storage.unit_of_work import DatabaseReader, UnitOfWork
from tests.databases import locked, rows
from tests.storage.conftest import NOON, add_organization

Budgeted = tuple[Path, Organization, Budget]


def stored_amount(path: Path) -> int:
    [(amount,)] = rows(path, "SELECT amount FROM budget")
    return int(amount)


def audit_lines(path: Path) -> int:
    [(lines,)] = rows(path, "SELECT count(*) FROM audit")
    return int(lines)


def test_what_is_committed_is_kept(budgeted: Budgeted) -> None:
    path, _, budget = budgeted
    with UnitOfWork(database_at(path)) as unit:
        changed = unit.budgets.set_amount(budget, 500, "anna", NOON)
        unit.commit()
    assert changed.amount == stored_amount(path) == 500


def test_what_is_not_committed_is_not_kept(budgeted: Budgeted) -> None:
    path, _, budget = budgeted
    with UnitOfWork(database_at(path)) as unit:
        unit.budgets.set_amount(budget, 500, "anna", NOON)
    assert stored_amount(path) == 0


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt, StorageError("x")])
def test_whatever_is_raised_passes_and_takes_everything_back(
    budgeted: Budgeted, raised: type[BaseException] | BaseException
) -> None:
    path, _, budget = budgeted
    kind = raised if isinstance(raised, type) else type(raised)
    with pytest.raises(kind), UnitOfWork(database_at(path)) as unit:
        unit.budgets.set_amount(budget, 500, "anna", NOON)
        raise raised
    assert stored_amount(path) == 0
    with UnitOfWork(database_at(path)) as unit:  # and nothing stays locked
        unit.commit()


def test_a_transaction_reads_what_it_wrote(budgeted: Budgeted) -> None:
    path, organization, budget = budgeted
    with UnitOfWork(database_at(path)) as unit:
        unit.budgets.set_amount(budget, 500, "anna", NOON)
        found = unit.fast.global_budget(organization.org_key, budget.period.start)
    assert found is not None
    assert found.amount == 500


def test_a_program_that_is_killed_leaves_nothing_half_done(budgeted: Budgeted) -> None:
    path, _, budget = budgeted
    told, tell = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads exist; the child needs none of them
        child = os.fork()
    if child == 0:
        with UnitOfWork(database_at(path)) as unit:
            unit.budgets.set_amount(budget, 500, "anna", NOON)
            os.write(tell, b".")
            signal.pause()
    os.read(told, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(told)
    os.close(tell)
    assert stored_amount(path) == 0
    with UnitOfWork(database_at(path)) as unit:
        unit.budgets.set_amount(budget, 7, "anna", NOON)
        unit.commit()
    assert stored_amount(path) == 7


# A locked database


def test_a_locked_database_is_told_and_left_alone(budgeted: Budgeted, impatient: None) -> None:
    path, *_ = budgeted
    with locked(path):
        with pytest.raises(StorageError) as refused, UnitOfWork(database_at(path)):
            pass
        assert str(refused.value) == (
            f"{path} is locked by another program; try again in a moment; nothing was changed"
        )
        with DatabaseReader(database_at(path)).session() as session:  # reading goes on
            assert session.fast.organization("default") is not None
    with UnitOfWork(database_at(path)) as unit:
        unit.commit()


def test_a_writer_waits_for_its_turn(budgeted: Budgeted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one is done while it waits."""
    path, _, budget = budgeted
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    waits: list[float] = []

    def done_meanwhile(seconds: float) -> None:
        waits.append(seconds)
        other.execute("COMMIT")

    monkeypatch.setattr("budget_tui.storage.database.sqlite_connections.time.sleep", done_meanwhile)
    with closing(other), UnitOfWork(database_at(path)) as unit:
        unit.budgets.set_amount(budget, 500, "anna", NOON)
        unit.commit()
    assert len(waits) == 1
    assert stored_amount(path) == 500


# A full disk


def fill(path: Path, organization: Organization, kibibytes: int) -> None:
    """Write ``kibibytes`` into the audit trail, in one transaction."""
    with UnitOfWork(database_at(path)) as unit:
        for _ in range(kibibytes):
            unit.audit.record(organization.org_key, "test", "x" * 1024, None, None, "anna", NOON)
        unit.commit()


def test_a_file_that_cannot_grow_keeps_what_it_had(budgeted: Budgeted, monkeypatch: pytest.MonkeyPatch) -> None:
    path, organization, _ = budgeted
    monkeypatch.setattr(sqlite_connections, "PRAGMAS", (*sqlite_connections.PRAGMAS, "max_page_count = 120"))
    fill(path, organization, 2)
    with pytest.raises(StorageError) as refused:
        fill(path, organization, 500)
    assert str(refused.value) == f"the disk of {path} is full; free some space; nothing was changed"
    assert audit_lines(path) == 2
    fill(path, organization, 2)
    assert audit_lines(path) == 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one mebibyte."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_told_and_keeps_what_it_had(small_disk: Path) -> None:
    path = small_disk / "budget.db"
    database_at(path).create()
    organization, _ = add_organization(path)
    fill(path, organization, 2)
    (small_disk / "full").write_bytes(b"x" * (shutil.disk_usage(small_disk).free - (200 << 10)))
    with pytest.raises(StorageError) as refused:
        fill(path, organization, 200)
    assert str(refused.value) == f"the disk of {path} is full; free some space; nothing was changed"
    assert audit_lines(path) == 2
    fill(path, organization, 2)
    assert audit_lines(path) == 4


def test_a_disk_without_any_room_refuses_a_new_database(small_disk: Path) -> None:
    (small_disk / "full").write_bytes(b"x" * (1 << 20))
    with pytest.raises(StorageError, match=r"the disk of .* is full; free some space"):
        database_at(small_disk / "budget.db").create()
    (small_disk / "full").unlink()
    database_at(small_disk / "budget.db").create()


def test_a_disk_without_room_for_the_files_beside_the_database_is_told_to_who_reads(small_disk: Path) -> None:
    path = small_disk / "budget.db"
    database_at(path).create()
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    (small_disk / "full").write_bytes(b"x" * (shutil.disk_usage(small_disk).free))
    with (
        pytest.raises(StorageError, match=r"the disk of .* is full; free some space"),
        DatabaseReader(database_at(path)).session(),
    ):
        pass
