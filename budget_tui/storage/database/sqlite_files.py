"""SQLite files before they are opened: whether one exists, whether it may be used, and the state of its schema."""

from __future__ import annotations

from os import stat_result
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from budget_tui.domain.errors import StorageError
from budget_tui.storage.database.base import SchemaState, schema_state

if TYPE_CHECKING:
    import sqlite3

SIDECARS = ("-wal", "-shm", "-journal")
"""The suffixes of the files that SQLite keeps beside a database."""


def is_there(path: Path) -> bool:
    """Return whether there is a file with anything in it at ``path``, whatever that is."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError:  # opening it reports why
        return True


def require_one_name(path: Path, stat: stat_result | None = None) -> None:
    """Refuse a database with several hard links.

    SQLite keeps the latest changes in a file beside one name, where users of another name do not look.
    """
    stat = stat or stat_at(path)
    if stat is not None and stat.st_nlink > 1 and S_ISREG(stat.st_mode):
        raise StorageError(
            f"{path} has {stat.st_nlink} names (hard links), and writers under one would not see those under another",
            "remove the others",
        )


def stat_at(path: Path) -> stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):  # opening it reports why
        return None


def state_of(connection: sqlite3.Connection, path: Path) -> SchemaState:
    """Return the state of the schema that ``connection`` reads; raises as `schema_state` does."""

    def revision() -> str | None:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])

    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return schema_state(path, " file", tables, revision)


def has_content(path: Path) -> bool:
    """Return whether a database file has content, by its directory entry alone.

    Nothing but SQLite may open a database's file: closing any descriptor of it releases every lock that this process
    holds on it, SQLite's, too. The next program would then take itself for the only user and delete the log that the
    others write to.
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
