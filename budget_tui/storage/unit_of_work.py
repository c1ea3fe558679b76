"""One command, one transaction: it rolls back unless told to commit."""

import sqlite3
import threading
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from budget_tui.domain.errors import BudgetError, Conflict
from budget_tui.storage.failures import storage_error
from budget_tui.storage.newest import Newest
from budget_tui.storage.queries import Queries
from budget_tui.storage.reading import nothing_at
from budget_tui.storage.repositories.costs import CostRepository
from budget_tui.storage.repositories.journal import JournalRepository
from budget_tui.storage.writing import begin, connect, identity_of

if TYPE_CHECKING:
    from sqlmodel import Session

    from budget_tui.storage.repositories.agents import AgentRepository
    from budget_tui.storage.repositories.budgets import BudgetRepository
    from budget_tui.storage.repositories.cycle import CycleRepository
    from budget_tui.storage.repositories.former import FormerCostRepository
    from budget_tui.storage.repositories.keys import KeyRepository
    from budget_tui.storage.repositories.organizations import OrganizationRepository
    from budget_tui.storage.repositories.plans import PlanRepository
    from budget_tui.storage.repositories.rates import RateRepository
    from budget_tui.storage.repositories.rules import RuleRepository
    from budget_tui.storage.repositories.seats import SeatRepository


class UnitOfWork:
    """A write transaction on one database. Begins as a writer, so that nothing it reads can change under it.

    What goes wrong in it is told as a `BudgetError`: `StorageError` for the file, `Conflict` for a row that
    somebody else made first. A repository is loaded by its first use, and the ORM by that of one that needs it.
    One of ``writers`` stays open, with its repositories, for their next transaction. What is in ``known`` is still
    so: it is forgotten as soon as anybody else wrote, or this one wrote anything but tokens.
    """

    def __init__(self, path: Path, writers: "Writers | None" = None) -> None:
        self._path = path
        self._writers = writers
        self._connection = self._connected()
        self.queries = Queries(self._connection.execute)
        self.costs = CostRepository(self._connection)
        self.known: dict[str, Any] = {}
        self._newest = Newest()
        self._version = 0

    def _connected(self) -> sqlite3.Connection:
        try:
            # First of all, for SQLite would make an empty file where there is none.
            self._identity = identity_of(self._path)
            return connect(self._path)
        except FileNotFoundError:
            raise nothing_at(self._path) from None
        except Exception as error:
            raise self._told(error) from error

    def __enter__(self) -> Self:
        try:
            begin(self._connection.execute)
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        except Exception as error:
            self.close()
            raise self._told(error) from error
        if version != self._version:
            self.known.clear()
            self._version = version
        self._newest.forget()
        self.journal = JournalRepository(self._connection, self._newest)
        return self

    @cached_property
    def _session(self) -> "Session":
        from budget_tui.storage.engine import session_over

        return session_over(self._connection)

    @cached_property
    def budgets(self) -> "BudgetRepository":
        from budget_tui.storage.repositories.budgets import BudgetRepository

        return BudgetRepository(self._session)

    @cached_property
    def organizations(self) -> "OrganizationRepository":
        from budget_tui.storage.repositories.organizations import OrganizationRepository

        return OrganizationRepository(self._connection)

    @cached_property
    def agents(self) -> "AgentRepository":
        from budget_tui.storage.repositories.agents import AgentRepository

        return AgentRepository(self._connection, self._newest)

    @cached_property
    def cycle(self) -> "CycleRepository":
        from budget_tui.storage.repositories.cycle import CycleRepository

        return CycleRepository(self._connection)

    @cached_property
    def former(self) -> "FormerCostRepository":
        from budget_tui.storage.repositories.former import FormerCostRepository

        return FormerCostRepository(self._connection)

    @cached_property
    def rates(self) -> "RateRepository":
        from budget_tui.storage.repositories.rates import RateRepository

        return RateRepository(self._connection)

    @cached_property
    def rules(self) -> "RuleRepository":
        from budget_tui.storage.repositories.rules import RuleRepository

        return RuleRepository(self._connection)

    @cached_property
    def seats(self) -> "SeatRepository":
        from budget_tui.storage.repositories.seats import SeatRepository

        return SeatRepository(self._connection)

    @cached_property
    def keys(self) -> "KeyRepository":
        from budget_tui.storage.repositories.keys import KeyRepository

        return KeyRepository(self._connection)

    @cached_property
    def plans(self) -> "PlanRepository":
        from budget_tui.storage.repositories.plans import PlanRepository

        return PlanRepository(self._connection)

    def commit(self, *, tokens_only: bool = False) -> None:
        """Keep what was done; ``tokens_only`` says that it changed nothing that could be ``known``."""
        self._connection.execute("COMMIT")
        self._newest.note(self._path)
        if not tokens_only:
            self.known.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if "_session" in self.__dict__:
                self._session.close()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        finally:
            # A refusal leaves the connection as good as it was; with any other error, one that is new is safer.
            if self._writers and (error is None or isinstance(error, BudgetError)):
                self._writers.give_back(self)
            else:
                self.close()
        if isinstance(error, Exception) and (told := self._told(error)) is not error:
            raise told from error

    def is_current(self) -> bool:
        """Whether its connection is to the file that is at the path now, and of this process."""
        try:
            return self._identity == identity_of(self._path)
        except OSError:
            return False

    def close(self) -> None:
        self._connection.close()

    def _told(self, error: Exception) -> Exception:
        cause = getattr(error, "orig", error)
        if isinstance(cause, sqlite3.IntegrityError) and "UNIQUE" in str(cause):
            return Conflict("somebody else made the same thing meanwhile", "look again, then repeat it")
        return storage_error(self._path, error) or error


class FirstUnitOfWork(UnitOfWork):
    """The first transaction on a database, which is in memory until it is committed: before that there is no file.

    `Conflict` when somebody else makes one meanwhile.
    """

    def _connected(self) -> sqlite3.Connection:
        from budget_tui.storage.migrations import empty_database

        return empty_database()

    def commit(self, *, tokens_only: bool = False) -> None:
        from budget_tui.storage.backups import put_in_place

        super().commit(tokens_only=tokens_only)
        put_in_place(self._connection, self._path)


class Writers:
    """Units of work on one database that are kept open between transactions. Threads share them, one at a time each.

    For what writes again and again, as a server does: opening a file takes longer than a small transaction.
    While one is open, what was written last is in the log beside the database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._idle: list[UnitOfWork] = []

    def take(self) -> UnitOfWork:
        with self._turn:
            while self._idle:
                unit = self._idle.pop()
                if unit.is_current():
                    return unit
                unit.close()
        return UnitOfWork(self._path, self)

    def give_back(self, unit: UnitOfWork) -> None:
        with self._turn:
            self._idle.append(unit)

    def close(self) -> None:
        """Close what is idle."""
        with self._turn:
            while self._idle:
                self._idle.pop().close()
