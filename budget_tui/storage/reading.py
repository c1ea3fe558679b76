"""Reading without an ORM: a plain sqlite3 connection that may not write.

``status --line`` and the first numbers of the dashboard come from here, so this module must not import
SQLAlchemy, which alone takes longer than everything they do.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from budget_tui.domain.errors import DatabaseNotFound, StorageError
from budget_tui.storage.failures import told_plainly
from budget_tui.storage.location import require_one_name
from budget_tui.storage.queries import Queries
from budget_tui.storage.schema import SchemaState, has_content, state_of


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection to ``path`` that can read only, also where the file and its folder may not be written.

    SQLite reads a database in WAL mode beside a shared-memory file, which it cannot make in a folder that may
    not be written. Such a file is opened as immutable; whoever holds the connection must look at the file
    itself to notice a change (`DatabaseReader.changed` does). What somebody left half done is taken back first.
    """
    connection, _ = _open(path)
    return connection


def _open(path: Path) -> tuple[sqlite3.Connection, bool]:
    """The connection, and whether it takes the file for immutable."""
    uri = f"file:{quote(str(path))}?mode=ro"
    try:
        return _connect(uri), False
    except sqlite3.OperationalError:
        if path.exists() and not os.access(path, os.R_OK):
            raise StorageError(f"{path} cannot be read", "check its permissions") from None
        can_write = os.access(path.parent, os.W_OK)
        if can_write and _size_beside(path, "-journal"):
            # Who only reads may not take back what a killed program left half done: a connection that writes does.
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
    """Bytes of a file of SQLite's beside ``path``; 0 where there is none."""
    size, _ = _beside(path, suffix)
    return size


def _beside(path: Path, suffix: str) -> tuple[int, int]:
    """Size and time of a file of SQLite's beside ``path``; zeros where there is none."""
    path = path.resolve()
    try:
        stat = path.with_name(f"{path.name}{suffix}").stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


class DatabaseReader:
    """A lasting read-only connection to one database of this version; threads take turns.

    With ``is_new``, no database reads like an empty one, until there is one.
    """

    def __init__(self, path: Path, *, is_new: bool = False) -> None:
        self.path = path
        self._is_new = is_new
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._is_immutable = False
        self._seen: tuple[int, ...] = ()

    @contextmanager
    def session(self) -> Iterator[Queries]:
        """One consistent read: every query in it sees the same state of the database.

        Raises `StorageError` when there is no database, or none that this version can read as it is.
        """
        with self._turn, told_plainly(self.path):
            connection = self._connected()
            self._seen = self._version(connection)
            try:
                connection.execute("BEGIN")
                yield Queries(connection.execute)
                self._require_same_file()
            except sqlite3.Error:
                self._disconnect()  # one that is new takes back what somebody left half done
                raise
            finally:
                if self._connection is connection and connection.in_transaction:
                    connection.execute("ROLLBACK")

    def changed(self) -> bool:
        """Whether anybody wrote since the last session began; takes a few microseconds.

        While a session is under way it does not wait: the next look will tell.
        """
        if not self._turn.acquire(blocking=False):
            return False
        try:
            with told_plainly(self.path):
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

    def _connected(self) -> sqlite3.Connection:
        identity = self._identity()
        if self._seen and self._seen[1:] != identity:
            self._disconnect()  # replaced by a restore, or written while taken for immutable
        if self._connection is None:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        if self._is_new and not has_content(self.path):
            from budget_tui.storage.migrations import empty_database

            return empty_database()
        connection, self._is_immutable = _open(self.path)
        try:
            _require_current(connection, self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _version(self, connection: sqlite3.Connection) -> tuple[int, ...]:
        (data_version,) = connection.execute("PRAGMA data_version").fetchone()
        return (data_version, *self._identity())

    def _identity(self) -> tuple[int, ...]:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            if self._is_new:
                return ()
            raise nothing_at(self.path) from None
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read", (error.strerror or "").lower()) from None
        require_one_name(self.path, stat)
        log = _beside(self.path, "-wal") if self._is_immutable else ()
        return stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size, *log

    def _require_same_file(self) -> None:
        """SQLite keeps what is read apart from what is written meanwhile, but not in a file taken for immutable."""
        if self._is_immutable and self._seen[1:] != self._identity():
            raise StorageError(f"{self.path} was written while it was read", "try again")


def _require_current(connection: sqlite3.Connection, path: Path) -> None:
    state = state_of(connection, path)
    if state is SchemaState.MISSING:
        raise nothing_at(path)
    if state is SchemaState.BEHIND:
        raise StorageError(
            f"{path} was written by an older version",
            "upgrade it first",
            command="budget-tui db upgrade brings it to this one",
        )


def nothing_at(path: Path) -> DatabaseNotFound:
    return DatabaseNotFound(
        f"there is no database at {path}",
        "name another, or set a budget to make one",
        command="name another, or budget-tui budget set 500 makes one",
    )
