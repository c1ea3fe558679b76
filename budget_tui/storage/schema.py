"""Is the database there, ours, and of this version? Alembic is loaded only when something has to be done."""

import sqlite3
from contextlib import closing, suppress
from enum import Enum
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from budget_tui.domain.errors import Conflict, StorageError
from budget_tui.storage.failures import told_plainly
from budget_tui.storage.location import require_one_name

HEAD = "0006"
"""The newest migration; a test keeps it equal to Alembic's own head."""


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
        if not has_content(path):
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
        raise StorageError(
            f"{path} belongs to another program", "choose another file", command="choose another file with --db"
        )
    revision = str(row[0])
    if revision > HEAD:
        raise StorageError(f"{path} was written by a newer version of budget-tui", "upgrade budget-tui")
    return SchemaState.CURRENT if revision == HEAD else SchemaState.BEHIND


def has_content(path: Path) -> bool:
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
        raise StorageError(
            f"{path} is not a SQLite database", "choose another file", command="choose another file with --db"
        )
    return found.st_size > 0


def upgraded(path: Path) -> bool:
    """Bring ``path`` to this version's schema, with a copy of what it was; False where there is no database.

    Raises `StorageError` when it cannot be used; the file is untouched then.
    """
    require_one_name(path)
    state = schema_state(path)
    if state is SchemaState.BEHIND:
        from budget_tui.storage.migrations import upgrade

        with told_plainly(path):
            upgrade(path)
    return state is not SchemaState.MISSING


def ensure_schema(path: Path) -> None:
    """Bring ``path`` to this version's schema; make it where there is no database."""
    if upgraded(path):
        return
    from budget_tui.storage.backups import put_in_place
    from budget_tui.storage.migrations import empty_database

    with suppress(Conflict), closing(empty_database()) as connection:
        put_in_place(connection, path)
