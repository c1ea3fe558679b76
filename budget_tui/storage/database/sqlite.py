"""A database in a SQLite file: its place, and operations on it as a whole.

Loads nothing until it is needed: the dashboard needs this before its first frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from errno import ENAMETOOLONG
from os.path import samestat
from pathlib import Path

from budget_tui.config.paths import make_folder
from budget_tui.domain.errors import BudgetError, Conflict, Refused, StorageError
from budget_tui.storage.database.base import Database, Reader, SchemaState, WriteConnection
from budget_tui.storage.database.sqlite_files import SIDECARS, is_there, require_one_name, stat_at

_SCHEME = "sqlite:///"
_OF_STRANGE_VALUES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Errors raised by reading a row that no version of this program wrote."""
LOCATIONS = "a path, sqlite:///path or postgresql://host/name"


def path_of(location: str) -> Path:
    """Return the file that ``location`` names; `Refused` for anything else, such as another engine's URL."""
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
    except OSError as error:  # opening it reports anything else
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
        from budget_tui.storage.database.sqlite_connections import schema_state

        self.require_one_name()
        return schema_state(self.path)

    def connect(self) -> WriteConnection:
        from budget_tui.storage.database.sqlite_connections import SqliteWriter

        return SqliteWriter(self, self.path)

    def connect_first(self) -> WriteConnection:
        from budget_tui.storage.database.sqlite_backups import FirstSqliteWriter

        return FirstSqliteWriter(self, self.path)

    def reader(self, *, is_new: bool = False) -> Reader:
        from budget_tui.storage.database.sqlite_connections import SqliteReader

        return SqliteReader(self, self.path, is_new=is_new)

    def upgrade(self) -> bool:
        state = self.schema_state()
        if state is SchemaState.BEHIND:
            from budget_tui.storage.database.sqlite_backups import upgrade

            with self.described_errors():
                upgrade(self, self.path)
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
        from budget_tui.storage.database.sqlite_connections import damaged, error_at

        if not isinstance(getattr(error, "orig", None) or error, _OF_STRANGE_VALUES):
            return error_at(self.path, error)
        from budget_tui.storage.database.sqlite_checks import is_damaged  # loads SQLAlchemy

        return damaged(self.path) if is_damaged(self.path) else None

    def size(self) -> int:
        return self.path.stat().st_size

    def problems(self, state: SchemaState) -> list[str]:
        from budget_tui.storage.database.sqlite_checks import integrity_problems, problems_of  # they load SQLAlchemy

        # The books of an older version are checked after its upgrade: their rules are this version's.
        with self.described_errors():
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
        """Return a name in ``folder`` that no earlier backup of the same second has."""
        make_folder(folder)
        stem = f"{self.path.stem}-{stamp}"
        names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
        return next(found for name in names if not (found := folder / f"{name}{self.path.suffix}").exists())

    def restore(self, source: Path, stamp: str) -> Path | None:
        from budget_tui.storage.database.sqlite_backups import restore
        from budget_tui.storage.database.sqlite_checks import integrity_problems
        from budget_tui.storage.database.sqlite_connections import schema_state

        if not source.exists():
            raise StorageError(f"there is no backup at {source}", "give the path of one")
        try:
            is_sound = schema_state(source) is not SchemaState.MISSING and not integrity_problems(source)
        except StorageError as error:
            raise StorageError(error.message, "choose another backup") from None
        if not is_sound:
            raise StorageError(f"{source} is not a sound backup", "choose another one")
        if self.path.exists() and self.path.samefile(source):
            raise Refused(f"{source} is the database itself", "give the path of a backup")
        self.require_one_name()
        return restore(source, self.path, self.path.with_name(f"{self.path.name}.before-restore-{stamp}"))

    def require_other_files(self, paths: Iterable[Path]) -> None:
        """Refuse the database's file and those that SQLite keeps beside it.

        Closing one of them would release the locks that this process holds on the database.
        """
        beside = (self.path.with_name(self.path.name + suffix) for suffix in ("", *SIDECARS))
        own = [stat for path in beside if (stat := stat_at(path))]
        for path in paths:
            stat = stat_at(path)
            if stat is not None and any(samestat(stat, each) for each in own):
                raise Refused(f"{path} is the database itself", "name another file")

    def require_one_name(self) -> None:
        require_one_name(self.path)
