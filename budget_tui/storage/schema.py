"""Is the database there, ours, and of this version? Alembic is loaded only when something has to be done."""

import sqlite3
import time
from contextlib import closing
from enum import Enum
from itertools import chain, count
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from budget_tui.domain.errors import StorageError
from budget_tui.storage.failures import told_plainly

HEAD = "0004"
"""The newest migration; a test keeps it equal to Alembic's own head."""

PATIENCE_SECONDS = 5.0


class SchemaState(Enum):
    """How a database's schema stands to this version's."""

    MISSING = "missing"
    BEHIND = "behind"
    CURRENT = "current"


def schema_state(path: Path) -> SchemaState:
    """What has to be done before ``path`` can be used.

    Raises `StorageError` for a file that is not SQLite, that belongs to another program, or that a newer
    version of this program has written. Reads only.
    """
    from budget_tui.storage.reading import connect_read_only

    with told_plainly(path):
        if not _has_content(path):
            return SchemaState.MISSING
        with closing(connect_read_only(path)) as connection:
            return state_of(connection, path)


def state_of(connection: sqlite3.Connection, path: Path) -> SchemaState:
    """What has to be done before the database that ``connection`` reads can be used; raises as `schema_state` does."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables:
        return SchemaState.MISSING
    row = None
    if {"alembic_version", "cost_origin"} <= tables:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None:
        raise StorageError(f"{path} belongs to another program", "choose another file with --db")
    revision = str(row[0])
    if revision > HEAD:
        raise StorageError(f"{path} was written by a newer version of budget-tui", "upgrade budget-tui")
    return SchemaState.CURRENT if revision == HEAD else SchemaState.BEHIND


def _has_content(path: Path) -> bool:
    """Tell from the directory entry alone.

    Nothing but SQLite may open a database's file: closing any descriptor of it takes away every lock that this
    process holds on it, SQLite's, too. Whoever comes next would take itself for the only user and delete the log
    that the others write to.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageError(f"{path} cannot be read", f"{(error.strerror or str(error)).lower()}") from None
    if S_ISDIR(found.st_mode):
        raise StorageError(f"{path} is a folder", "give the path of a file")
    if not S_ISREG(found.st_mode):
        raise StorageError(f"{path} is not a file", "give the path of one")
    if found.st_size == 1:  # which SQLite takes for empty
        raise StorageError(f"{path} is not a SQLite database", "choose another file with --db")
    return found.st_size > 0


def ensure_schema(path: Path) -> None:
    """Bring ``path`` to this version's schema: create it, or back it up and migrate it.

    Raises `StorageError` when it cannot be used; the file is untouched then.
    """
    state = schema_state(path)
    if state is SchemaState.CURRENT:
        return
    with told_plainly(path):
        _make_folder(path.parent)
        if state is SchemaState.BEHIND:
            back_up(path, _unused(path.with_name(f"{path.name}.before-{HEAD}")))
        from budget_tui.storage.migrations import upgrade

        upgrade(path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the folder {folder} cannot be made", (error.strerror or "").lower()) from None


def _unused(path: Path) -> Path:
    """``path``, or with the first number behind it under which there is no file yet."""
    numbered = (path.with_name(f"{path.name}.{number}") for number in count(2))
    return next(candidate for candidate in chain([path], numbered) if not candidate.exists())


def back_up(path: Path, target: Path) -> None:
    """Copy the database to ``target`` as one consistent state, whoever else is writing.

    The copy is one file, which can be read from any medium. One that fails leaves no new file behind.
    """
    is_new = not target.exists()
    try:
        _copy(path, target)
        with closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")
    except BaseException:
        if is_new:
            target.unlink(missing_ok=True)
        raise


def _copy(path: Path, target: Path) -> None:
    """Make ``target`` hold what ``path`` holds, in one transaction. Waits a while for whoever is writing to it."""
    from budget_tui.storage.reading import connect_read_only

    deadline = time.monotonic() + PATIENCE_SECONDS

    def look(status: int, _remaining: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise sqlite3.OperationalError("database is locked")

    # SQLite tries again by itself, for ever, when the target is locked: `look` ends it.
    with closing(connect_read_only(path)) as source, closing(sqlite3.connect(target, timeout=0)) as copy:
        source.backup(copy, progress=look, sleep=0.02)


def restore(source: Path, path: Path, kept: Path | None) -> None:
    """Make ``path`` hold what ``source`` holds, in one transaction: whoever has it open sees the change.

    What ``path`` held goes to ``kept``; a file too damaged to be copied is moved there.
    """
    with told_plainly(path):
        _make_folder(path.parent)
        if kept is not None:
            try:
                back_up(path, kept)
            except sqlite3.OperationalError:
                raise  # locked, or no room: nothing that would be wrong with the file
            except sqlite3.DatabaseError:
                _move(path, kept)
        _copy(source, path)


def _move(path: Path, target: Path) -> None:
    """Move a database with its log, which would spoil another one in its place."""
    path.replace(target)
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.replace(target.with_name(target.name + suffix))


def integrity_problems(path: Path) -> list[str]:
    """What SQLite finds wrong with the file and its references, at most a few lines."""
    from budget_tui.storage.reading import connect_read_only

    with told_plainly(path), closing(connect_read_only(path)) as connection:
        found = [text for (text,) in connection.execute("PRAGMA integrity_check(5)") if text != "ok"]
        broken = connection.execute("PRAGMA foreign_key_check").fetchmany(5)
        return found + [f"a row of {table} refers to a missing {parent}" for table, _, parent, _ in broken]
