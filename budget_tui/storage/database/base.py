"""What every engine does: connect, let one write and others read, notice a change, describe errors, make copies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from budget_tui.domain.errors import BudgetError, Conflict, DatabaseNotFound, StorageError

HEAD = "0007"
"""The newest migration; a test keeps it equal to Alembic's own head."""

PATIENCE_SECONDS = 5.0
"""How long a writer waits for its turn."""

_NOTHING: Mapping[str, object] = {}


class SchemaState(Enum):
    """How a database's schema stands to this version's."""

    MISSING = "missing"
    BEHIND = "behind"
    CURRENT = "current"


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
    """The connection of the driver itself, for `budget_tui.storage.engine` and for what knows which engine it is."""

    @abstractmethod
    def execute(self, statement: str, parameters: Mapping[str, object] = _NOTHING) -> Sequence[Row]:
        """The rows that a statement gives."""

    @abstractmethod
    def change(self, statement: str, parameters: Mapping[str, object] = _NOTHING) -> int:
        """Execute a statement that gives no rows; returns how many it changed."""

    def note_audit_line(self, line: int) -> None:  # noqa: B027 – most engines need no note
        """Note which line of the audit trail the transaction wrote last."""

    def note_used_tokens(self, budget_id: str, tokens: int) -> None:  # noqa: B027
        """Note how many tokens a budget has used by now."""

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
    def begin(self, organization: str = "") -> bool:
        """Begin a transaction once nobody else writes, or nobody else to ``organization`` where writers of several
        need not wait for each other; '' stands for all of them. Returns whether anybody else wrote since the last one.
        """

    @abstractmethod
    def commit(self) -> None: ...

    @abstractmethod
    def is_current(self) -> bool:
        """Tell that the connection leads to the database that is there now, and belongs to this process."""


class Reader(ABC):
    """A lasting connection that may only read; threads take turns."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]:
        """One consistent read. Raises `StorageError` when there is no database, or none that this version can read."""

    @abstractmethod
    def changed(self) -> bool:
        """Tell whether anybody wrote since the last transaction began; takes a few microseconds.

        While a transaction is under way it does not wait: the next look will tell.
        """

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
        """What messages call it: never with a password."""

    @abstractmethod
    def is_there(self) -> bool:
        """Tell that there is anything at all, whatever that is. Quick, and never raises."""

    @abstractmethod
    def schema_state(self) -> SchemaState:
        """What has to be done before it can be used. Reads only.

        Raises `StorageError` for what belongs to another program or was written by a newer version.
        """

    @abstractmethod
    def connect(self) -> WriteConnection:
        """A connection that may write; `DatabaseNotFound` where there is no database."""

    @abstractmethod
    def connect_first(self) -> WriteConnection:
        """A connection to an empty database, which is there for others once a transaction is committed."""

    @abstractmethod
    def reader(self, *, is_new: bool = False) -> Reader:
        """A connection that reads. With ``is_new``, no database reads like an empty one, until there is one."""

    @abstractmethod
    def upgrade(self) -> bool:
        """Bring the schema to this version's, with a copy of what it was; False where there is no database.

        Raises `StorageError` when it cannot be used; nothing is changed then.
        """

    @abstractmethod
    def create(self) -> None:
        """Bring the schema to this version's; make it where there is none."""

    @abstractmethod
    def error_of(self, error: BaseException) -> BudgetError | None:
        """The error to show for one of the driver's or of SQLAlchemy's; None when it is none that a user can mend."""

    @abstractmethod
    def size(self) -> int:
        """How many bytes it takes."""

    @abstractmethod
    def problems(self, state: SchemaState) -> list[str]:
        """What is wrong with it, a line each with what to do; [] for a sound one. Changes nothing."""

    @abstractmethod
    def back_up(self, target: Path | None, stamp: str, *, into_folder: bool = False) -> Path:
        """Copy it to a new file as one consistent state, whoever else is writing; returns the file.

        ``into_folder`` says that ``target`` is a folder, in which the copy gets a name with the time ``stamp``; None
        is the folder that the database is in.
        """

    @abstractmethod
    def restore(self, source: Path, stamp: str) -> Path | None:
        """Make it hold what the backup ``source`` holds. Returns where what was there before is kept."""

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
        """Refuse a database that would have to be made or upgraded before it can be read. Changes nothing."""
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


def made_meanwhile() -> Conflict:
    """The error for a row that somebody else made first."""
    return Conflict("someone else has made the same thing in the meantime", "check again, then repeat it")
