"""One command, one transaction: it rolls back unless told to commit."""

from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from budget_tui.domain.errors import Conflict
from budget_tui.storage.engine import engine_for
from budget_tui.storage.failures import storage_error
from budget_tui.storage.queries import Queries
from budget_tui.storage.reading import nothing_at
from budget_tui.storage.repositories.budgets import BudgetRepository
from budget_tui.storage.repositories.costs import CostRepository
from budget_tui.storage.repositories.journal import JournalRepository
from budget_tui.storage.repositories.organizations import OrganizationRepository


class UnitOfWork:
    """A write transaction on one database. Begins as a writer, so that nothing it reads can change under it.

    What goes wrong in it is told as a `BudgetError`: `StorageError` for the file, `Conflict` for a row that
    somebody else made first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        if not self._path.exists():  # SQLite would make an empty file of that name
            raise nothing_at(self._path)
        self._session = Session(engine_for(self._path), expire_on_commit=False)
        try:
            connection = self._session.connection()
        except Exception as error:
            self._session.close()
            raise self._told(error) from error
        self.queries = Queries(connection.exec_driver_sql)
        self.organizations = OrganizationRepository(self._session)
        self.budgets = BudgetRepository(self._session)
        self.costs = CostRepository(self._session)
        self.journal = JournalRepository(self._session)
        return self

    def commit(self) -> None:
        self._session.commit()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._session.rollback()
        finally:
            self._session.close()
        if isinstance(error, Exception) and (told := self._told(error)) is not error:
            raise told from error

    def _told(self, error: Exception) -> Exception:
        if isinstance(error, IntegrityError) and "UNIQUE" in str(error.orig):
            return Conflict("somebody else made the same thing meanwhile", "look again, then repeat it")
        return storage_error(self._path, error) or error
