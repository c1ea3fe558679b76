"""Transactions: one that reads, and one that writes and rolls back unless it is committed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from budget_tui.domain.errors import BudgetError
from budget_tui.storage.database.base import PATIENCE_SECONDS, Database, WriteConnection
from budget_tui.storage.fast_paths import FeeBook, Grants
from budget_tui.storage.session import Session


class DatabaseReader:
    """A lasting read-only connection to one database of this version; threads take turns.

    With ``is_new``, a missing database reads like an empty one, until there is one.
    """

    def __init__(self, database: Database, *, is_new: bool = False) -> None:
        self._reader = database.reader(is_new=is_new)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Begin a consistent read: everything in it sees the same state of the database.

        Raises `StorageError` when there is no database, or none that this version can read as it is.
        """
        with self._reader.transaction() as connection:
            session = Session(connection)
            try:
                yield session
            finally:
                session.release()

    def changed(self) -> bool:
        """Return whether anybody wrote since the last session began; takes a few microseconds."""
        return self._reader.changed()

    def is_unchanged(self) -> bool:
        """Return whether certainly nobody wrote since the last session began; False while one is under way."""
        return self._reader.is_unchanged()

    def close(self) -> None:
        self._reader.close()


class UnitOfWork(Session):
    """A write transaction on one database. It begins as a writer, so that nothing it reads can change under it.

    Errors are raised as `BudgetError`: `StorageError` for the database, `Conflict` for a row that somebody else created
    first. It waits ``patience`` seconds at most for its turn. A repository is loaded by its first use. A unit of
    ``writers`` stays open, with its repositories, for their next transaction. ``known`` is a cache of facts that still
    hold: it is cleared as soon as anybody else wrote, or this unit wrote anything but tokens.
    """

    def __init__(self, database: Database, organization: str = "", writers: "Writers | None" = None) -> None:
        """Connect to ``database``; ``organization`` is the slug of the one to write, '' for several or a new one."""
        self._database = database
        self.organization = organization
        self._writers = writers
        self.patience = PATIENCE_SECONDS
        try:
            self._writer = self._connected()
        except Exception as error:
            raise self._described(error) from error
        super().__init__(self._writer)
        self.grants, self.fees = Grants(self._writer), FeeBook(self._writer)
        self.known: dict[str, Any] = {}

    def _connected(self) -> WriteConnection:
        return self._database.connect()

    def __enter__(self) -> Self:
        try:
            written_by_others = self._writer.begin(self.organization, self.patience)
        except Exception as error:
            self.close()
            raise self._described(error) from error
        if written_by_others:
            self.known.clear()
        self.begin_change()
        return self

    def commit(self, *, tokens_only: bool = False) -> None:
        """Commit the transaction; ``tokens_only`` says that it changed nothing that could be ``known``."""
        self._writer.commit()
        if not tokens_only:
            self.known.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._writer.is_in_transaction:
                self._writer.rollback()
        finally:
            # A refusal leaves the connection as good as it was; after any other error, a new one is safer.
            if self._writers and (error is None or isinstance(error, BudgetError)):
                self._writers.give_back(self)
            else:
                self.close()
        if isinstance(error, Exception) and (described := self._described(error)) is not error:
            raise described from error

    def is_current(self) -> bool:
        """Return whether its connection leads to the database that is there now, and belongs to this process."""
        return self._writer.is_current()

    def close(self) -> None:
        self.release()
        self._writer.close()

    def _described(self, error: Exception) -> Exception:
        return self._database.error_of(error) or error


class FirstUnitOfWork(UnitOfWork):
    """The first transaction on a database, which exists for others once it is committed: then ``on_created`` is called.

    `Conflict` when somebody else creates it in the meantime.
    """

    def __init__(self, database: Database, organization: str, on_created: Callable[[], None] | None) -> None:
        self._on_created = on_created
        super().__init__(database, organization)

    def commit(self, *, tokens_only: bool = False) -> None:
        super().commit(tokens_only=tokens_only)
        on_created, self._on_created = self._on_created, None  # a command may commit several times
        if on_created is not None:
            on_created()

    def _connected(self) -> WriteConnection:
        return self._database.connect_first()


class Writers:
    """Units of work on one database that stay open between transactions; threads share them, one at a time each.

    For programs that write again and again, such as a server: connecting takes longer than a small transaction. While
    one is open, the latest changes to a file are in the log beside it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._idle: list[UnitOfWork] = []

    def take(self, organization: str = "") -> UnitOfWork:
        with self._turn:
            while self._idle:
                unit = self._idle.pop()
                if unit.is_current():
                    unit.organization, unit.patience = organization, PATIENCE_SECONDS
                    return unit
                unit.close()
        return UnitOfWork(self._database, organization, self)

    def give_back(self, unit: UnitOfWork) -> None:
        with self._turn:
            self._idle.append(unit)

    def close(self) -> None:
        """Close the idle units."""
        with self._turn:
            while self._idle:
                self._idle.pop().close()
