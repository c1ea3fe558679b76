"""The interface of every engine: connect, take turns, notice changes, describe errors, make copies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from budget_tui.domain.errors import BudgetError, Conflict, DatabaseNotFound, StorageError

HEAD = "0019"
"""The newest migration; a test keeps it equal to Alembic's own head."""

PATIENCE_SECONDS = 5.0
"""The time that a writer waits for its turn while somebody waits at a screen, or for a response."""

_NOTHING: Mapping[str, object] = {}


class SchemaState(StrEnum):
    """State of a database's schema relative to this version's."""

    MISSING = "missing"
    BEHIND = "behind"
    CURRENT = "current"


def schema_state(name: object, place: str, tables: Collection[str], revision: Callable[[], str | None]) -> SchemaState:
    """Return the state of a schema with these ``tables``; ``revision`` reads the one that is stored.

    ``name`` is the database's and ``place`` what it is, a file or a database, for the message. Raises `StorageError`
    for what belongs to another program or was written by a newer version.
    """
    if not tables:
        return SchemaState.MISSING
    stored = revision() if {"alembic_version", "cost_origin"} <= set(tables) else None
    if stored is None:
        another = f"choose another{place}"
        raise StorageError(f"{name} belongs to another program", another, command=f"{another} with --db")
    if stored > HEAD:
        raise StorageError(f"{name} was written by a newer version of budget-tui", "upgrade budget-tui")
    return SchemaState.CURRENT if stored == HEAD else SchemaState.BEHIND


class Row(Protocol):
    """One row of a result, its values by name."""

    def __getitem__(self, name: str, /) -> Any: ...


class Connection(ABC):
    """A driver's connection, used by one thread at a time.

    Statements are SQL that every engine reads, with parameters by name: ``WHERE org_key = :org``. Days and times come
    as ISO text, whole numbers as ``int``.
    """

    dialect: ClassVar[str]
    driver: Any
    """The driver's own connection, for `budget_tui.storage.engine` and for code that depends on the engine."""

    @abstractmethod
    def execute(self, statement: str, parameters: Mapping[str, object] = _NOTHING) -> Sequence[Row]:
        """Return the rows that a statement gives."""

    @abstractmethod
    def change(self, statement: str, parameters: Mapping[str, object] = _NOTHING) -> int:
        """Execute a statement that gives no rows; return how many it changed."""

    def note_audit_line(self, line: int) -> None:  # noqa: B027 – most engines need no note
        """Note the line of the audit trail that the transaction wrote last."""

    def note_used_tokens(self, budget_id: str, tokens: int) -> None:  # noqa: B027
        """Note the number of tokens that a budget has used by now."""

    @property
    @abstractmethod
    def is_in_transaction(self) -> bool: ...

    @abstractmethod
    def rollback(self) -> None: ...

    @abstractmethod
    def close(self) -> None: ...


class WriteConnection(Connection):
    """A connection that may write."""

    @abstractmethod
    def begin(self, organization: str = "", patience: float = PATIENCE_SECONDS) -> bool:
        """Begin a transaction once nobody else writes; return whether anybody else wrote since the last one.

        It waits ``patience`` seconds at most.

        Where writers of several organizations need not wait for each other, only those of ``organization`` are waited
        for; '' stands for all organizations.
        """

    @abstractmethod
    def commit(self) -> None: ...

    @abstractmethod
    def is_current(self) -> bool:
        """Return whether the connection leads to the database that is there now, and belongs to this process."""


class Reader(ABC):
    """A lasting connection that may only read; threads take turns."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]:
        """Begin a consistent read. Raises `StorageError` when there is no database that this version can read."""

    @abstractmethod
    def changed(self, *, if_busy: bool = False) -> bool:
        """Return whether anybody wrote since the last transaction began; takes a few microseconds.

        Returns ``if_busy`` at once while a transaction is under way; the next call will notice the change.
        """

    def is_unchanged(self) -> bool:
        """Return whether certainly nobody wrote since the last transaction began; False while one is under way.

        It sees every change that was committed before, but may wait for the server.
        """
        return not self.changed(if_busy=True)

    @abstractmethod
    def close(self) -> None: ...


class Database(ABC):
    """A database that a URL names; it need not exist."""

    name: str
    """Its short name, in logs."""
    title: str
    """Its short name, for people."""

    @abstractmethod
    def __str__(self) -> str:
        """Return the name that messages use: never with a password."""

    @abstractmethod
    def is_there(self) -> bool:
        """Return whether there is anything at all, whatever that is. Quick, and never raises."""

    @abstractmethod
    def schema_state(self) -> SchemaState:
        """Return the state of the schema, which decides what has to be done before use. Reads only.

        Raises `StorageError` for what belongs to another program or was written by a newer version.
        """

    @abstractmethod
    def connect(self) -> WriteConnection:
        """Open a connection that may write; `DatabaseNotFound` where there is no database."""

    @abstractmethod
    def connect_first(self) -> WriteConnection:
        """Open a connection to an empty database, which exists for others once a transaction is committed."""

    @abstractmethod
    def reader(self, *, is_new: bool = False) -> Reader:
        """Return a connection that reads. With ``is_new``, a missing database reads like an empty one."""

    @abstractmethod
    def upgrade(self) -> bool:
        """Bring the schema to this version's, with a copy of what it was; False where there is no database.

        Raises `StorageError` when it cannot be used; nothing is changed then.
        """

    @abstractmethod
    def create(self) -> None:
        """Bring the schema to this version's; create the database where there is none."""

    @abstractmethod
    def error_of(self, error: BaseException) -> BudgetError | None:
        """Return the error to show for one of the driver's or of SQLAlchemy's; None if a user can do nothing about
        it."""

    @abstractmethod
    def size(self) -> int:
        """Return its size in bytes."""

    @abstractmethod
    def problems(self, state: SchemaState) -> list[str]:
        """Return what is wrong with it, a line each with what to do; [] for a sound one. Changes nothing."""

    @abstractmethod
    def back_up(self, target: Path | None, stamp: str, *, into_folder: bool = False) -> Path:
        """Copy it to a new file as one consistent state, whoever else is writing; return the file.

        ``into_folder`` says that ``target`` is a folder, in which the copy gets a name with the time ``stamp``; None is
        the folder that the database is in.
        """

    @abstractmethod
    def restore(self, source: Path, stamp: str) -> Path | None:
        """Restore the backup ``source``; return the place of the former content, None if there was none."""

    @abstractmethod
    def require_other_files(self, paths: Iterable[Path]) -> None:
        """Refuse to read or write one of ``paths`` as something else when it belongs to the database."""

    def not_found(self) -> DatabaseNotFound:
        return DatabaseNotFound(
            f"there is no database at {self}",
            "name another, or set a budget to make one",
            command="name another, or budget-tui budget set 500 makes one",
        )

    def outdated(self) -> StorageError:
        return StorageError(
            f"{self} was written by an older version",
            "upgrade it first",
            command="budget-tui db upgrade brings it to this one",
        )

    def require_current(self) -> None:
        """Refuse a database that must be created or upgraded before it can be read. Changes nothing."""
        state = self.schema_state()
        if state is SchemaState.MISSING:
            raise self.not_found()
        if state is SchemaState.BEHIND:
            raise self.outdated()

    def described_errors(self) -> AbstractContextManager[None]:
        """Turn what the driver raises into a `BudgetError`; let everything else pass."""
        return _DescribedErrors(self)


class _DescribedErrors:
    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Exception):
            described = self._database.error_of(error)
            if described is not None and described is not error:
                raise described from error


def locked(name: object) -> StorageError:
    """Return the error for a database that another program has been writing to for too long."""
    return StorageError(f"{name} is locked by another program", "try again in a moment; nothing was changed")


def made_meanwhile() -> Conflict:
    """Return the error for a row that somebody else created first."""
    return Conflict("someone else has made the same thing in the meantime", "check again, then repeat it")
