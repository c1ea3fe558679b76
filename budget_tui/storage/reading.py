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

from budget_tui.domain.errors import StorageError
from budget_tui.storage.failures import told_plainly
from budget_tui.storage.queries import Queries


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection to ``path`` that can read only, also where the file and its folder may not be written.

    SQLite reads a database in WAL mode beside a shared-memory file, which it cannot make in a folder that may
    not be written. Such a file is opened as immutable; whoever holds the connection must look at the file
    itself to notice a change (`DatabaseReader.changed` does).
    """
    uri = f"file:{quote(str(path))}?mode=ro"
    connection = _connect(uri)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if not _is_beyond_writing(path):
            raise
        return _connect(f"{uri}&immutable=1")
    return connection


def _is_beyond_writing(path: Path) -> bool:
    """Whether the file can be read, its folder cannot be written, and no write waits in a log beside it."""
    waiting = _size(path.with_name(f"{path.name}-wal"))
    return os.access(path, os.R_OK) and not os.access(path.parent, os.W_OK) and not waiting


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


class DatabaseReader:
    """A lasting read-only connection to one database; threads take turns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, ...] = ()

    @contextmanager
    def session(self) -> Iterator[Queries]:
        """One consistent read: every query in it sees the same state of the database."""
        with self._turn, told_plainly(self.path):
            connection = self._connected()
            self._seen = self._version(connection)
            connection.execute("BEGIN")
            try:
                yield Queries(connection.execute)
            finally:
                connection.execute("ROLLBACK")

    def changed(self) -> bool:
        """Whether anybody wrote since the last session began; takes a few microseconds."""
        with self._turn, told_plainly(self.path):
            return self._version(self._connected()) != self._seen

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            raise StorageError(f"there is no database at {self.path}", "budget-tui budget set 500 makes one") from None
        if self._seen and self._seen[1:] != _identity(stat):
            self.close()  # replaced by a restore, or written while opened as immutable
        if self._connection is None:
            self._connection = connect_read_only(self.path)
        return self._connection

    def _version(self, connection: sqlite3.Connection) -> tuple[int, ...]:
        (data_version,) = connection.execute("PRAGMA data_version").fetchone()
        return (data_version, *_identity(self.path.stat()))


def _identity(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size
