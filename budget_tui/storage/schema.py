"""Is the database there, ours, and of this version? Alembic is loaded only when something has to be done."""

import sqlite3
from enum import Enum
from pathlib import Path

from budget_tui.domain.errors import StorageError
from budget_tui.storage.failures import told_plainly

HEAD = "0001"
"""The newest migration; a test keeps it equal to Alembic's own head."""

_MAGIC = b"SQLite format 3\x00"


class SchemaState(Enum):
    MISSING = "missing"
    BEHIND = "behind"
    CURRENT = "current"


def schema_state(path: Path) -> SchemaState:
    """What has to be done before ``path`` can be used.

    Raises `StorageError` for a file that is not SQLite, that belongs to another program, or that a newer
    version of this program has written. Reads only.
    """
    with told_plainly(path):
        if not _has_content(path):
            return SchemaState.MISSING
        revision = _revision(path)
    if revision == HEAD:
        return SchemaState.CURRENT
    if revision > HEAD:
        raise StorageError(f"{path} was written by a newer version of budget-tui", "upgrade budget-tui")
    return SchemaState.BEHIND


def _has_content(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError:
        return False
    except IsADirectoryError:
        raise StorageError(f"{path} is a folder", "give the path of a file") from None
    except OSError as error:
        raise StorageError(f"{path} cannot be read", f"{(error.strerror or str(error)).lower()}") from None
    if magic and magic != _MAGIC:
        raise StorageError(f"{path} is not a SQLite database", "choose another file with --db")
    return bool(magic)


def _revision(path: Path) -> str:
    from budget_tui.storage.reading import connect_read_only

    connection = connect_read_only(path)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if "alembic_version" in tables:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if row and "cost_origin" in tables:
                return str(row[0])
        if tables:
            raise StorageError(f"{path} belongs to another program", "choose another file with --db")
        return ""
    finally:
        connection.close()


def ensure_schema(path: Path) -> None:
    """Bring ``path`` to this version's schema: create it, or back it up and migrate it.

    Raises `StorageError` when it cannot be used; the file is untouched then.
    """
    state = schema_state(path)
    if state is SchemaState.CURRENT:
        return
    with told_plainly(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"the folder {path.parent} cannot be made", (error.strerror or "").lower()) from None
        if state is SchemaState.BEHIND:
            back_up(path, path.with_name(f"{path.name}.before-{HEAD}"))
        from budget_tui.storage.migrations import upgrade

        upgrade(path)


def back_up(path: Path, target: Path) -> None:
    """Copy the database to ``target`` as one consistent state, whoever else is writing."""
    source = sqlite3.connect(path)
    copy = sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()


def restore(source: Path, path: Path, kept: Path | None) -> None:
    """Make ``path`` hold what ``source`` holds, in one transaction: whoever has it open sees the change.

    What ``path`` held goes to ``kept``; a file too damaged to be copied is moved there.
    """
    with told_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if kept is not None:
            try:
                back_up(path, kept)
            except sqlite3.DatabaseError:
                path.replace(kept)
        back_up(source, path)


def integrity_problems(path: Path) -> list[str]:
    """What SQLite finds wrong with the file and its references, at most a few lines."""
    from budget_tui.storage.reading import connect_read_only

    with told_plainly(path):
        connection = connect_read_only(path)
        try:
            found = [text for (text,) in connection.execute("PRAGMA integrity_check(5)") if text != "ok"]
            broken = connection.execute("PRAGMA foreign_key_check").fetchmany(5)
            return found + [f"a row of {table} refers to a missing {parent}" for table, _, parent, _ in broken]
        finally:
            connection.close()
