"""Connections to a SQLite file: one that writes, a lasting one that reads, and the meaning of the driver's errors."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import quote

from budget_tui.domain.errors import BudgetError, NotWritable, Refused, StorageError
from budget_tui.storage.database.base import (
    PATIENCE_SECONDS,
    Connection,
    Database,
    Reader,
    Row,
    SchemaState,
    WriteConnection,
    locked,
    made_meanwhile,
)
from budget_tui.storage.database.sqlite_files import has_content, require_one_name, state_of
from budget_tui.storage.database.sqlite_newest import NewestChange

IN_MEMORY = Path(":memory:")
PRAGMAS = (
    f"busy_timeout = {int(PATIENCE_SECONDS * 1000)}",
    "foreign_keys = ON",
    "journal_mode = WAL",
    # A change is on the disk before it is reported as done.
    "synchronous = FULL",
    # From here on `begin` does the waiting.
    "busy_timeout = 50",
)


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection to ``path`` that may write. It begins no transaction by itself."""
    # sqlite3 would begin deferred transactions: two writers could then both read before either writes.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def begin(execute: Callable[[str], object], patience: float = PATIENCE_SECONDS) -> None:
    """Execute BEGIN IMMEDIATE, again after short random waits: SQLite's own handler starves all writers but one."""
    began = time.monotonic()
    while True:
        try:
            execute("BEGIN IMMEDIATE")
            return
        except Exception as error:
            is_locked = "locked" in str(getattr(error, "orig", error))
            waited = time.monotonic() - began
            if not is_locked or waited > patience:
                raise
            # Dozens of processes that ask a hundred times a second take the processors from the one that writes.
            time.sleep(random.uniform(0.0005, 0.01 if waited < 1 else 0.1))


def identity_of(path: Path) -> tuple[int, int, int]:
    """Return the process and the file at ``path``: a forked process must not use its parent's connections."""
    stat = os.stat(path)  # noqa: PTH116 – half the time of Path.stat, for each small transaction
    require_one_name(path, stat)
    return os.getpid(), stat.st_dev, stat.st_ino


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open a read-only connection to ``path``, even where the file and its folder may not be written.

    SQLite reads a database in WAL mode with a shared-memory file beside it, which it cannot create in a read-only
    folder. Such a file is opened as immutable; the holder of the connection must then check the file itself to notice a
    change (`SqliteReader.changed` does). A transaction that was left half done is rolled back first.
    """
    connection, _ = _open(path)
    return connection


def _open(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Return the connection, and whether it takes the file for immutable."""
    uri = f"file:{quote(str(path))}?mode=ro"
    try:
        return _connect(uri), False
    except sqlite3.OperationalError:
        if path.exists() and not os.access(path, os.R_OK):
            raise StorageError(f"{path} cannot be read", "check its permissions") from None
        can_write = os.access(path.parent, os.W_OK)
        if can_write and _size_beside(path, "-journal"):
            # Only a connection that may write can roll back what a killed program left half done.
            _connect(f"file:{quote(str(path))}?mode=rw").close()
            return _connect(uri), False
        if can_write or not path.exists() or _size_beside(path, "-wal") or _size_beside(path, "-journal"):
            raise
        return _connect(f"{uri}&immutable=1"), True


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _size_beside(path: Path, suffix: str) -> int:
    """Return the bytes of SQLite's file beside ``path`` with that suffix; 0 where there is none."""
    size, _ = _beside(path, suffix)
    return size


def _beside(path: Path, suffix: str) -> tuple[int, int]:
    """Return the size and time (ns) of SQLite's file beside ``path`` with that suffix; zeros where there is none."""
    path = path.resolve()
    try:
        stat = path.with_name(f"{path.name}{suffix}").stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


class SqliteConnection(Connection):
    """A connection with SQLite's own values: days and times are ISO text, booleans 0 or 1."""

    dialect = "sqlite"
    driver: sqlite3.Connection

    def __init__(self, driver: sqlite3.Connection) -> None:
        self.driver = driver
        self._cursor = driver.cursor()
        self._cursor.row_factory = sqlite3.Row

    def execute(self, statement: str, parameters: Mapping[str, object] = {}) -> Sequence[Row]:
        return self._cursor.execute(statement, parameters).fetchall()

    def change(self, statement: str, parameters: Mapping[str, object] = {}) -> int:
        return self._cursor.execute(statement, parameters).rowcount

    @property
    def is_in_transaction(self) -> bool:
        return bool(self.driver.in_transaction)

    def rollback(self) -> None:
        self.driver.execute("ROLLBACK")

    def close(self) -> None:
        self.driver.close()


class SqliteWriter(SqliteConnection, WriteConnection):
    """A connection that may write to the file at ``path`` of ``database``; only one writes at a time."""

    def __init__(self, database: Database, path: Path) -> None:
        self._path = path
        self._newest = NewestChange()
        self._version = 0
        try:
            super().__init__(self._connected())
        except FileNotFoundError:
            raise database.not_found() from None

    def _connected(self) -> sqlite3.Connection:
        # First of all, because SQLite would create an empty file where there is none.
        self._identity = identity_of(self._path)
        return connect(self._path)

    def begin(self, organization: str = "", patience: float = PATIENCE_SECONDS) -> bool:
        begin(self.driver.execute, patience)
        (version,) = self.driver.execute("PRAGMA data_version").fetchone()
        written: bool = version != self._version
        self._version = version
        self._newest.forget()
        return written

    def commit(self) -> None:
        self.driver.execute("COMMIT")
        self._newest.note(self._path)

    def is_current(self) -> bool:
        try:
            return self._identity == identity_of(self._path)
        except OSError:
            return False

    def note_audit_line(self, line: int) -> None:
        self._newest.audited(line)

    def note_used_tokens(self, budget_id: str, tokens: int) -> None:
        self._newest.used(budget_id, tokens)


class SqliteReader(Reader):
    """A lasting read-only connection to the file at ``path`` of ``database``."""

    def __init__(self, database: Database, path: Path, *, is_new: bool = False) -> None:
        self._database = database
        self._path = path
        self._is_new = is_new
        self._turn = threading.Lock()
        self._connection: SqliteConnection | None = None
        self._is_immutable = False
        self._seen: tuple[int, ...] = ()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._turn, self._database.described_errors():
            connection = self._connected()
            self._seen = self._version(connection)
            try:
                connection.driver.execute("BEGIN")
                yield connection
                self._require_same_file()
            except Exception as error:
                if isinstance(getattr(error, "orig", error), sqlite3.Error):
                    self._disconnect()  # a new one rolls back what somebody left half done
                raise
            finally:
                if self._connection is connection and connection.is_in_transaction:
                    connection.rollback()

    def changed(self, *, if_busy: bool = False) -> bool:
        if not self._turn.acquire(blocking=False):
            return if_busy
        try:
            with self._database.described_errors():
                return self._version(self._connected()) != self._seen
        finally:
            self._turn.release()

    def close(self) -> None:
        with self._turn:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> SqliteConnection:
        identity = self._identity()
        if self._seen and self._seen[1:] != identity:
            self._disconnect()  # replaced by a restore, or written while taken for immutable
        if self._connection is None:
            self._connection = SqliteConnection(self._opened())
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        if self._is_new and not has_content(self._path):
            return empty_database()
        connection, self._is_immutable = _open(self._path)
        try:
            self._require_current(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _require_current(self, connection: sqlite3.Connection) -> None:
        state = state_of(connection, self._path)
        if state is SchemaState.MISSING:
            raise self._database.not_found()
        if state is SchemaState.BEHIND:
            raise self._database.outdated()

    def _version(self, connection: SqliteConnection) -> tuple[int, ...]:
        (data_version,) = connection.driver.execute("PRAGMA data_version").fetchone()
        return (data_version, *self._identity())

    def _identity(self) -> tuple[int, ...]:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            if self._is_new:
                return ()
            raise self._database.not_found() from None
        except OSError as error:
            raise StorageError(f"{self._path} cannot be read", (error.strerror or "").lower()) from None
        require_one_name(self._path, stat)
        log = _beside(self._path, "-wal") if self._is_immutable else ()
        return stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size, *log

    def _require_same_file(self) -> None:
        """Raise `StorageError` if the file, taken for immutable, was written while it was read.

        Reads of any other file are isolated from writes by SQLite.
        """
        if self._is_immutable and self._seen[1:] != self._identity():
            raise StorageError(f"{self._path} was being written while it was read", "try again")


def empty_database() -> sqlite3.Connection:
    """Return a writable connection to a new, empty database in memory, of the newest version."""
    connection = connect(IN_MEMORY)
    connection.deserialize(_empty())
    return connection


@cache
def _empty() -> bytes:
    from budget_tui.storage.migrations import migrate

    with closing(connect(IN_MEMORY)) as connection:
        begin(connection.execute)
        migrate(SqliteConnection(connection))
        connection.execute("COMMIT")
        return connection.serialize()


_LOCKED = ("database is locked", "database table is locked")
_FULL = "database or disk is full"
_OF_A_FULL_DISK_TOO = ("disk I/O error", "unable to open database")
"""SQLite's messages for a full disk when it finds no room for the files beside the database."""
_DAMAGED = ("{path} is damaged", "restore a backup", "restore a backup: budget-tui db restore FILE")
# The beginning of SQLite's message, what it means, what to do about it, and by which command.
_READ_ONLY = "attempt to write a readonly"
_MEANINGS = (
    (_FULL, "the disk of {path} is full", "free some space; nothing was changed", ""),
    ("disk I/O error", "{path} cannot be read or written", "check the disk and the permissions of its folder", ""),
    (
        _READ_ONLY,
        "{path} may not be written",
        "check the permissions of the file and its folder",
        "",
    ),
    ("unable to open database", "{path} cannot be opened", "check that its folder exists and may be written", ""),
    (
        "file is not a database",
        "{path} is not a SQLite database",
        "choose another file",
        "choose another file with --db",
    ),
    ("Could not decode to UTF-8", *_DAMAGED),
    ("unsupported file format", *_DAMAGED),
)


def error_at(path: Path, error: BaseException) -> BudgetError | None:
    """Return the error to show for ``error`` of sqlite3 or SQLAlchemy; None when a user can do nothing about it."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.IntegrityError) and "UNIQUE" in str(cause):
        return made_meanwhile()
    if not isinstance(cause, sqlite3.Error):
        return None
    if getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
        return _storage_error(path, *_DAMAGED)
    text = str(cause)
    if text.startswith("integer overflow"):
        return Refused("a sum of costs is out of range", "amounts beyond ±9,000,000,000 units cannot be added up")
    if text.startswith(_LOCKED):
        return locked(path)
    if text.startswith(_OF_A_FULL_DISK_TOO) and _has_no_room(path.parent):
        text = _FULL
    for beginning, what, hint, command in _MEANINGS:
        if text.startswith(beginning):
            kind = NotWritable if beginning == _READ_ONLY else StorageError
            return kind(what.format(path=path), hint, command=command)
    return None


def _storage_error(path: Path, what: str, hint: str, command: str) -> StorageError:
    return StorageError(what.format(path=path), hint, command=command)


def damaged(path: Path) -> StorageError:
    """Return the error for a file with rows that no version of this program wrote."""
    return _storage_error(path, *_DAMAGED)


def _has_no_room(folder: Path) -> bool:
    from shutil import disk_usage  # it imports what no other command needs

    try:
        return disk_usage(folder).free == 0
    except OSError:
        return False


@contextmanager
def described_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises about ``path`` into a `StorageError`; let everything else pass."""
    try:
        yield
    except Exception as error:
        described = None if isinstance(error, BudgetError) else error_at(path, error)
        if described is None:
            raise
        raise described from error


def schema_state(path: Path) -> SchemaState:
    """Return the state of the schema at ``path``, which decides what has to be done before use. Reads only."""
    with described_errors(path):
        if not has_content(path):
            return SchemaState.MISSING
        with closing(connect_read_only(path)) as connection:
            return state_of(connection, path)
