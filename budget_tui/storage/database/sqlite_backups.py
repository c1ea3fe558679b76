"""Copies of a database: to keep, and to put in its place.

A copy is written to a file beside its place, is synced to the disk, and is then renamed: a name never stands for half
of one.
"""

import fcntl
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from errno import ENOSPC
from functools import partial
from itertools import chain, count
from pathlib import Path
from stat import S_IMODE

from budget_tui.config.paths import make_folder
from budget_tui.domain.errors import Conflict, StorageError
from budget_tui.storage.database.base import HEAD, PATIENCE_SECONDS, Database, SchemaState
from budget_tui.storage.database.sqlite_connections import (
    SqliteConnection,
    SqliteWriter,
    begin,
    connect,
    connect_read_only,
    described_errors,
    empty_database,
    error_at,
    schema_state,
)
from budget_tui.storage.database.sqlite_files import SIDECARS, is_there, state_of
from budget_tui.storage.database.sqlite_newest import forget

PRIVATE = 0o600
_LONGEST_NAME = 200
_PAGES_AT_ONCE = 16
"""Fewer than any database of this program has: at one step the target is locked but not replaced yet."""
_NOT_THE_FILES_FAULT = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""Errors with which a copy may fail although the file is sound."""


def back_up(path: Path, target: Path) -> None:
    """Copy the database to ``target`` as one consistent state, whoever else is writing.

    The copy is one file, which can be read from any medium, and private. One that fails leaves nothing behind.
    """
    try:
        _back_up(path, target)
    except sqlite3.Error as error:
        at_fault = target if _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) else path
        raise error_at(at_fault, error) or error from error


def _back_up(path: Path, target: Path) -> None:
    with _written_beside(target, _new_part(target)) as part:
        _write(path, part, "DELETE")


@contextmanager
def backed_up(path: Path, target: Path) -> Iterator[None]:
    """Keep a copy of the database at ``target`` if the block succeeds; else discard it.

    For what only one program can do at a time: a second copy would have the same temporary name.
    """
    part = target.with_name(f"{target.name}.part")
    _remove(part)
    with _written_beside(target, part):
        _write(path, part, "DELETE")
        yield


def upgrade(database: Database, path: Path) -> None:
    """Upgrade ``database`` in the file at ``path`` to the newest version, in one transaction, after making a copy.

    Raises `StorageError` when that fails; nothing is changed then.
    """
    from budget_tui.storage.migrations import migrate

    with closing(connect(path)) as connection:
        begin(connection.execute)
        try:
            # Check again, now that nobody else can change it.
            if state_of(connection, path) is SchemaState.CURRENT:
                return
            with backed_up(path, free_name(path.with_name(f"{path.name}.before-{HEAD}"))):
                try:
                    migrate(SqliteConnection(connection))
                except Exception as error:
                    if database.error_of(error):
                        raise
                    reason = str(getattr(error, "orig", error))
                    raise StorageError(
                        f"{path} cannot be brought to this version ({reason})",
                        "nothing was changed: the version before can still use it; please report it",
                    ) from error
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def restore(source: Path, path: Path, kept: Path) -> Path | None:
    """Replace the content of ``path`` with that of ``source``, at once or not at all; open connections see the change.

    The former content of ``path`` goes to ``kept``, or to a free name like it, which is returned; None if there was
    none. A file too damaged to be copied is moved there.
    """
    path = path.resolve()  # SQLite keeps its files beside the target of a link
    kept = free_name(kept)
    with described_errors(path):
        make_folder(path.parent)
        if _is_replaced(source, path, kept):
            return kept
        with _written_beside(path, _new_part(path), _mode_of(path)) as part:
            _write(source, part, "WAL")
            was_anything = _set_aside(path, kept)
        return kept if was_anything else None


def put_in_place(new: sqlite3.Connection, path: Path) -> None:
    """Put a database that was made in memory at ``path``, at once; `Conflict` when another one exists there by now."""
    path = path.resolve()
    with described_errors(path):
        make_folder(path.parent)
        with _folder_locked(path.parent), _written_beside(path, _new_part(path), _mode_of(path)) as part:
            with closing(sqlite3.connect(part)) as target:
                new.backup(target)
            _set_journal_mode(part, "WAL")
            if schema_state(path) is not SchemaState.MISSING:
                raise Conflict(f"someone else has created {path} in the meantime", "check again, then repeat it")
            for suffix in SIDECARS:  # left by a database that is gone
                path.with_name(path.name + suffix).unlink(missing_ok=True)


class FirstSqliteWriter(SqliteWriter):
    """A connection to a database in memory, which is put at its path once a transaction is committed.

    Before that there is no file. `Conflict` when somebody else creates one in the meantime.
    """

    def _connected(self) -> sqlite3.Connection:
        return empty_database()

    def commit(self) -> None:
        super().commit()
        put_in_place(self.driver, self._path)

    def is_current(self) -> bool:
        return False


def free_name(path: Path) -> Path:
    """Return ``path``, or ``path`` with the first number appended under which there is no file yet."""
    numbered = (path.with_name(f"{path.name}.{number}") for number in count(2))
    return next(candidate for candidate in chain([path], numbered) if not candidate.exists())


def _is_replaced(source: Path, path: Path, kept: Path) -> bool:
    """Copy ``path`` to ``kept`` and replace its content; return False if there is none, or none that can be copied.

    That is one transaction: a file that others have open cannot be taken from under them. When somebody writes after it
    was copied, it is copied again.
    """
    if not is_there(path):
        return False
    try:
        # The reader first: a connection that may write would remove the log of a damaged file.
        with closing(connect_read_only(path)) as watching, closing(connect(path)) as target:

            def is_still(version: int) -> bool:
                return _version(watching) == version

            while True:
                version = _version(watching)
                _back_up(path, kept)
                forget(path)  # its newest change is about to be replaced
                with suppress(_WrittenMeanwhile):
                    _copy(source, target, partial(is_still, version))
                    return True
    except sqlite3.Error as error:
        if _code(error) in _NOT_THE_FILES_FAULT:
            raise
        return False


class _WrittenMeanwhile(Exception):
    pass


def _version(connection: sqlite3.Connection) -> int:
    """Return a number that changes as soon as somebody else has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's own error code; what `_copy` raises for a file that stays locked has none."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_BUSY) & 0xFF


def _set_aside(path: Path, kept: Path) -> bool:
    """Move away the file at ``path``, after SQLite's files beside it, which would spoil another one in its place."""
    was_anything = False
    for suffix in (*SIDECARS, ""):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            was_anything = was_anything or beside.stat().st_size > 0
            beside.replace(kept.with_name(kept.name + suffix))
    return was_anything


def _write(path: Path, part: Path, journal_mode: str) -> None:
    """Make the new file ``part`` a copy of ``path`` in that mode, with nothing beside it."""
    with closing(sqlite3.connect(part, timeout=0)) as connection:
        _copy(path, connection)
    _set_journal_mode(part, journal_mode)


def _set_journal_mode(part: Path, journal_mode: str) -> None:
    with closing(sqlite3.connect(part)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")


def _copy(path: Path, target: sqlite3.Connection, may_go_on: Callable[[], bool] = lambda: True) -> None:
    """Make ``target`` hold what ``path`` holds, in one transaction. Waits a while for whoever is writing to it.

    ``may_go_on`` is called once nobody else can write to ``target`` any more.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS

    def look(status: int, _remaining: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise sqlite3.OperationalError("database is locked")
        if status == sqlite3.SQLITE_OK and not may_go_on():
            raise _WrittenMeanwhile

    # SQLite tries again by itself, for ever, when the target is locked: `look` ends it.
    with closing(connect_read_only(path)) as source:
        source.backup(target, pages=_PAGES_AT_ONCE, progress=look, sleep=0.02)


def _new_part(target: Path) -> Path:
    """Create an empty file beside ``target`` that nobody else writes to or may read."""
    with _described_write_errors(target):
        descriptor, name = tempfile.mkstemp(".part", f"{target.name[:_LONGEST_NAME]}.", target.parent)
        os.close(descriptor)
    return Path(name)


@contextmanager
def _written_beside(target: Path, part: Path, mode: int = PRIVATE) -> Iterator[Path]:
    """Rename ``part`` to ``target`` once it is written and on the disk; remove it if that fails."""
    try:
        with _described_write_errors(target):
            yield part
            part.chmod(mode)
            _sync(part)
            part.replace(target)
    except BaseException:
        _remove(part)
        raise
    with suppress(OSError):  # not every file system can
        _sync(target.parent)


def _mode_of(path: Path) -> int:
    """Return the permissions of the file to be replaced at ``path``, so that a shared file stays shared."""
    return S_IMODE(path.stat().st_mode) if path.exists() else PRIVATE


@contextmanager
def _folder_locked(folder: Path) -> Iterator[None]:
    """Keep others from putting a new database into ``folder`` meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system can
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _described_write_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == ENOSPC:
            raise StorageError(f"the disk of {target} is full", "free some space; nothing was changed") from None
        reason = (error.strerror or str(error)).lower()
        raise StorageError(
            f"{target} cannot be written ({reason})", "check that its folder exists and may be written"
        ) from None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(part: Path) -> None:
    for suffix in ("", *SIDECARS):
        part.with_name(part.name + suffix).unlink(missing_ok=True)
