"""One command, one transaction: it rolls back unless told to commit."""

import sqlite3
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from budget_tui.domain.errors import BudgetError, Conflict
from budget_tui.storage.failures import storage_error
from budget_tui.storage.queries import Queries
from budget_tui.storage.reading import nothing_at
from budget_tui.storage.repositories.costs import CostRepository
from budget_tui.storage.repositories.journal import JournalRepository
from budget_tui.storage.writing import Writer, Writers, begin

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
    With ``writers``, the connection is one of theirs and stays open.
    """

    def __init__(self, path: Path, writers: Writers | None = None) -> None:
        self._path = path
        self._writers = writers

    def __enter__(self) -> Self:
        try:
            self._writer = self._writers.take() if self._writers else Writer(self._path)
        except FileNotFoundError:
            raise nothing_at(self._path) from None
        except Exception as error:
            raise self._told(error) from error
        self._connection = self._writer.connection
        try:
            begin(self._connection.execute)
        except Exception as error:
            self._writer.close()
            raise self._told(error) from error
        self.queries = Queries(self._connection.execute)
        self.costs = CostRepository(self._connection)
        self.journal = JournalRepository(self._connection)
        return self

    @cached_property
    def _session(self) -> "Session":
        return self._writer.session()

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

        return AgentRepository(self._connection)

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

    def commit(self) -> None:
        self._connection.execute("COMMIT")

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
                self._writers.give_back(self._writer)
            else:
                self._writer.close()
        if isinstance(error, Exception) and (told := self._told(error)) is not error:
            raise told from error

    def _told(self, error: Exception) -> Exception:
        cause = getattr(error, "orig", error)
        if isinstance(cause, sqlite3.IntegrityError) and "UNIQUE" in str(cause):
            return Conflict("somebody else made the same thing meanwhile", "look again, then repeat it")
        return storage_error(self._path, error) or error
