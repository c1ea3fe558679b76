"""A database in a file of SQLite's: where it is, and what can be done with it as a whole.

Loads nothing until it is needed: the dashboard's first frame knows its database by this.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from errno import ENAMETOOLONG
from os import stat_result
from os.path import samestat
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from budget_tui.config.paths import make_folder
from budget_tui.domain.errors import BudgetError, Conflict, Refused, StorageError
from budget_tui.storage.database import HEAD, Database, Reader, SchemaState, WriteConnection

if TYPE_CHECKING:
    import sqlite3

SIDECARS = ("-wal", "-shm", "-journal")
"""What SQLite adds to a database's name for the files that it keeps beside it."""
_SCHEME = "sqlite:///"
LOCATIONS = "a path, sqlite:///path or postgresql://host/name"


def path_of(location: str) -> Path:
    """The file that ``location`` means; `Refused` for what can be none, such as the URL of another engine."""
    if location.startswith(_SCHEME):
        location = location[len(_SCHEME) :]
    elif "://" in location:
        raise Refused(f"'{location}' is no SQLite or PostgreSQL database", f"give {LOCATIONS}")
    if not location or location == ":memory:":
        raise Refused("a database needs a file", f"give {LOCATIONS}")
    try:
        path = Path(location).expanduser().absolute()
    except RuntimeError:
        raise Refused(f"'{location}' names an unknown user's home", "write the whole path") from None
    try:
        path.stat()
    except OSError as error:  # what else may be wrong is told by who opens it
        if error.errno == ENAMETOOLONG:
            raise Refused(f"a path of {len(str(path)):,} characters is too long", "choose a shorter one") from None
    return path


class SqliteDatabase(Database):
    """The database in the file at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name, self.title = path.name, path.stem

    def __str__(self) -> str:
        return str(self.path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SqliteDatabase) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    def is_there(self) -> bool:
        return is_there(self.path)

    def schema_state(self) -> SchemaState:
        self.require_one_name()
        return schema_state(self.path)

    def connect(self) -> WriteConnection:
        from budget_tui.storage.database.sqlite_connections import SqliteWriter

        return SqliteWriter(self)

    def connect_first(self) -> WriteConnection:
        from budget_tui.storage.database.sqlite_connections import FirstSqliteWriter

        return FirstSqliteWriter(self)

    def reader(self, *, is_new: bool = False) -> Reader:
        from budget_tui.storage.database.sqlite_connections import SqliteReader

        return SqliteReader(self, is_new=is_new)

    def upgrade(self) -> bool:
        state = self.schema_state()
        if state is SchemaState.BEHIND:
            from budget_tui.storage.database.sqlite_backups import upgrade

            with self.described_errors():
                upgrade(self)
        return state is not SchemaState.MISSING

    def create(self) -> None:
        if self.upgrade():
            return
        from budget_tui.storage.database.sqlite_backups import put_in_place
        from budget_tui.storage.database.sqlite_connections import empty_database

        with suppress(Conflict), closing(empty_database()) as connection:
            put_in_place(connection, self.path)

    def error_of(self, error: BaseException) -> BudgetError | None:
        if isinstance(error, BudgetError):
            return None
        from budget_tui.storage.database.sqlite_connections import error_at

        return error_at(self.path, error)

    def size(self) -> int:
        return self.path.stat().st_size

    def problems(self, state: SchemaState) -> list[str]:
        from budget_tui.storage.database.sqlite_checks import integrity_problems, problems_of  # they load SQLAlchemy

        # The books are kept as this version keeps them; those of an older one it brings up to date first.
        return problems_of(self.path) if state is SchemaState.CURRENT else integrity_problems(self.path)

    def back_up(self, target: Path | None, stamp: str, *, into_folder: bool = False) -> Path:
        from budget_tui.storage.database.sqlite_backups import back_up

        if target is None or into_folder or target.is_dir():
            target = self._free_name(self.path.parent if target is None else target, stamp)
        if target.exists():
            raise Refused(f"{target} already exists", "choose another name")
        back_up(self.path, target)
        return target

    def _free_name(self, folder: Path, stamp: str) -> Path:
        """A name in ``folder`` that no earlier backup of the same second has."""
        make_folder(folder)
        stem = f"{self.path.stem}-{stamp}"
        names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
        return next(found for name in names if not (found := folder / f"{name}{self.path.suffix}").exists())

    def restore(self, source: Path, stamp: str) -> Path | None:
        from budget_tui.storage.database.sqlite_backups import restore
        from budget_tui.storage.database.sqlite_checks import integrity_problems

        if not source.exists():
            raise StorageError(f"there is no backup at {source}", "give the path of one")
        if schema_state(source) is SchemaState.MISSING or integrity_problems(source):
            raise StorageError(f"{source} is not a sound backup", "choose another one")
        if self.path.exists() and self.path.samefile(source):
            raise Refused(f"{source} is the database itself", "give the path of a backup")
        self.require_one_name()
        return restore(source, self.path, self.path.with_name(f"{self.path.name}.before-restore-{stamp}"))

    def require_other_files(self, paths: Iterable[Path]) -> None:
        """Closing the database's file, or one of SQLite's beside it, would take away the locks that this process
        holds on it."""
        beside = (self.path.with_name(self.path.name + suffix) for suffix in ("", *SIDECARS))
        own = [stat for path in beside if (stat := _stat(path))]
        for path in paths:
            stat = _stat(path)
            if stat is not None and any(samestat(stat, each) for each in own):
                raise Refused(f"{path} is the database itself", "name another file")

    def require_one_name(self) -> None:
        require_one_name(self.path)


def is_there(path: Path) -> bool:
    """Tell that there is a file with anything in it at ``path``, whatever that is."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError:  # told by who opens it
        return True


def require_one_name(path: Path, stat: stat_result | None = None) -> None:
    """Refuse a database with several hard links: SQLite keeps what was written last beside one name, where whoever
    uses another one does not look."""
    stat = stat or _stat(path)
    if stat is not None and stat.st_nlink > 1 and S_ISREG(stat.st_mode):
        raise StorageError(
            f"{path} has {stat.st_nlink} names (hard links), and writers under one would not see those under another",
            "remove the others",
        )


def _stat(path: Path) -> stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):  # what cannot even be looked for is told by who opens it
        return None


def schema_state(path: Path) -> SchemaState:
    """What has to be done before ``path`` can be used. Reads only."""
    from budget_tui.storage.database.sqlite_connections import connect_read_only, described_errors

    with described_errors(path):
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
