"""Readers: one consistent state, other programs' writes noticed, nothing ever written."""

import os
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from budget_tui.domain.budget import Budget, Organization
from budget_tui.domain.errors import StorageError
from budget_tui.storage.database import database_at
from budget_tui.storage.database.sqlite_backups import back_up
from budget_tui.storage.database.sqlite_connections import connect_read_only
from budget_tui.storage.session import Session
from budget_tui.storage.unit_of_work import DatabaseReader, UnitOfWork
from tests.storage.conftest import JANUARY, NOON
from tests.unprivileged import CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, give_up

Budgeted = tuple[Path, Organization, Budget]


def set_amount(path: Path, budget: Budget, amount: int) -> None:
    with UnitOfWork(database_at(path)) as unit:
        unit.budgets.set_amount(budget, amount, "anna", NOON)
        unit.commit()


def amount_in(session: Session) -> int:
    organization = session.fast.organization("default")
    assert organization is not None
    budget = session.fast.global_budget(organization.org_key, JANUARY.start)
    assert budget is not None
    return budget.amount


def amount_read(reader: DatabaseReader) -> int:
    with reader.session() as session:
        return amount_in(session)


@pytest.fixture
def reader(budgeted: Budgeted) -> Iterator[DatabaseReader]:
    reader = DatabaseReader(database_at(budgeted[0]))
    yield reader
    reader.close()


def test_a_session_sees_one_state_while_a_writer_commits(budgeted: Budgeted, reader: DatabaseReader) -> None:
    path, _, budget = budgeted
    with reader.session() as session:
        assert amount_in(session) == 0
        set_amount(path, budget, 500)
        assert amount_in(session) == 0
    assert amount_read(reader) == 500


def test_another_writers_commit_is_noticed_once(budgeted: Budgeted, reader: DatabaseReader) -> None:
    path, _, budget = budgeted
    assert amount_read(reader) == 0
    assert not reader.changed()
    set_amount(path, budget, 500)
    assert reader.changed()
    assert reader.changed()  # until somebody reads
    assert amount_read(reader) == 500
    assert not reader.changed()


def test_a_commit_during_a_session_is_noticed_after_it(budgeted: Budgeted, reader: DatabaseReader) -> None:
    path, _, budget = budgeted
    with reader.session() as session:
        amount_in(session)
        set_amount(path, budget, 500)
    assert reader.changed()


def test_a_transaction_that_is_taken_back_is_no_change(budgeted: Budgeted, reader: DatabaseReader) -> None:
    path, _, budget = budgeted
    amount_read(reader)
    with UnitOfWork(database_at(path)) as unit:
        unit.budgets.set_amount(budget, 500, "anna", NOON)
    assert not reader.changed()


def test_looking_for_a_change_does_not_wait_for_a_session(reader: DatabaseReader) -> None:
    with reader.session():
        assert not reader.changed()
        assert not reader.is_unchanged(), "nor is it known"
    assert reader.is_unchanged()


def test_a_session_that_fails_leaves_the_reader_usable(reader: DatabaseReader) -> None:
    with pytest.raises(ZeroDivisionError), reader.session():
        _ = 1 / 0
    assert amount_read(reader) == 0


def test_a_reader_can_be_closed_and_used_again(reader: DatabaseReader) -> None:
    amount_read(reader)
    reader.close()
    reader.close()
    assert amount_read(reader) == 0


def test_a_reader_cannot_write(database: Path) -> None:
    with closing(connect_read_only(database)) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM organization")


# The file is replaced


def test_another_file_in_its_place_is_noticed(budgeted: Budgeted, reader: DatabaseReader, tmp_path: Path) -> None:
    path, _, budget = budgeted
    back_up(path, tmp_path / "copy")
    set_amount(path, budget, 500)
    assert amount_read(reader) == 500
    (tmp_path / "copy").replace(path)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    assert reader.changed()
    assert amount_read(reader) == 0


def test_a_file_that_goes_and_comes_back(budgeted: Budgeted, reader: DatabaseReader, tmp_path: Path) -> None:
    path, *_ = budgeted
    amount_read(reader)
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="there is no database at"):
        reader.changed()
    with pytest.raises(StorageError, match="there is no database at"), reader.session():
        pass
    (tmp_path / "elsewhere").rename(path)
    assert amount_read(reader) == 0


def test_something_else_in_its_place_is_told(budgeted: Budgeted, reader: DatabaseReader, tmp_path: Path) -> None:
    path, *_ = budgeted
    amount_read(reader)
    (tmp_path / "notes").write_text("no database, this")
    (tmp_path / "notes").replace(path)
    with pytest.raises(StorageError, match="is not a SQLite database"), reader.session():
        pass


# A file and a folder that may not be written


@pytest.fixture
def shown(budgeted: Budgeted) -> Iterator[tuple[Path, Budget]]:
    """A database that others may read and nothing more, in a folder of which the same holds."""
    path, _, budget = budgeted
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        back_up(path, folder / "budget.db")
        set_amount(folder / "budget.db", budget, 100)  # writing makes it log ahead
        _protect(folder)
        yield folder / "budget.db", budget
        folder.chmod(0o755)


def _protect(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
    yield
    _protect(folder)


class Visitor:
    """A process for which permissions hold; it does the next thing each time it is told to."""

    def __init__(self, *things: Callable[[], object]) -> None:
        answers, self._answer = os.pipe()
        self._go, goes = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other threads exist; the child needs none of them
            self._child = os.fork()
        if self._child == 0:
            os.close(answers)
            os.close(goes)
            self._visit(things)
        os.close(self._answer)
        os.close(self._go)
        self._answers, self._goes = os.fdopen(answers), goes

    def _visit(self, things: tuple[Callable[[], object], ...]) -> None:
        try:
            give_up(CAP_DAC_OVERRIDE)
            for thing in things:
                os.read(self._go, 1)
                try:
                    told = repr(thing())
                except Exception as error:
                    told = f"{type(error).__name__}: {error}"
                os.write(self._answer, f"{told}\n".encode())
        finally:
            os._exit(0)

    def next(self) -> str:
        os.write(self._goes, b".")
        return self._answers.readline().strip()

    def leave(self) -> None:
        os.close(self._goes)
        self._answers.close()
        os.waitpid(self._child, 0)


@pytest.fixture
def visitor(shown: tuple[Path, Budget]) -> Iterator[Visitor]:
    """Reads, looks, reads again."""
    path, _ = shown
    reader = DatabaseReader(database_at(path))
    visitor = Visitor(lambda: amount_read(reader), reader.changed, reader.changed, lambda: amount_read(reader))
    yield visitor
    visitor.leave()


def test_a_database_that_may_only_be_read_is_read_and_its_change_noticed(
    shown: tuple[Path, Budget], visitor: Visitor
) -> None:
    path, budget = shown
    assert visitor.next() == "100"
    assert [file.name for file in path.parent.iterdir()] == ["budget.db"]
    assert visitor.next() == "False"
    with writable(path.parent):
        set_amount(path, budget, 200)
    assert visitor.next() == "True"
    assert visitor.next() == "200"


def test_a_change_that_only_its_log_holds_yet_is_noticed_too(shown: tuple[Path, Budget], visitor: Visitor) -> None:
    """As long as somebody has the database open, what is written stays in the log beside it."""
    path, budget = shown
    assert visitor.next() == "100"
    assert visitor.next() == "False"
    dashboard = DatabaseReader(database_at(path))
    with writable(path.parent):
        amount_read(dashboard)
        set_amount(path, budget, 200)
    assert path.with_name("budget.db-wal").stat().st_size > 0
    assert visitor.next() == "True"
    assert visitor.next() == "200"
    dashboard.close()


def test_a_visitor_cannot_write(shown: tuple[Path, Budget]) -> None:
    path, budget = shown
    before = path.read_bytes()
    _protect(path.parent)
    visitor = Visitor(lambda: set_amount(path, budget, 200))
    told = visitor.next()
    visitor.leave()
    assert told.startswith("NotWritable: ")
    assert "permissions" in told
    assert path.read_bytes() == before


def test_what_may_not_even_be_read_is_told(shown: tuple[Path, Budget]) -> None:
    path, _ = shown
    path.chmod(0o000)

    def read() -> object:
        give_up(CAP_DAC_READ_SEARCH)
        return amount_read(DatabaseReader(database_at(path)))

    visitor = Visitor(read)
    told = visitor.next()
    visitor.leave()
    assert told == f"StorageError: {path} cannot be read; check its permissions"
