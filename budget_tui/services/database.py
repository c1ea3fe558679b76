"""The database as a whole: upgrade, check, back up, restore, copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from budget_tui.services.context import Context
from budget_tui.storage.database import database_at
from budget_tui.storage.database.base import SchemaState


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of a check; ``problems`` is empty if there are none."""

    database: str
    schema_state: SchemaState
    bytes: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CopyReport:
    """The number of rows copied per table, with source and target."""

    source: str
    target: str
    tables: Mapping[str, int]

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


class Database:
    """Commands on the database as a whole."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database

    def upgrade(self) -> SchemaState:
        """Upgrade the schema to this version, after a backup if there is data; create the database if there is none."""
        self._database.create()
        return self._database.schema_state()

    def require_current(self) -> None:
        """Refuse a database that would have to be created or upgraded before it can be read. Changes nothing."""
        self._database.require_current()

    def check(self) -> CheckReport:
        """Check the database file and the consistency of its organizations' books. Changes nothing."""
        state = self._existing()
        problems = self._database.problems(state)
        return CheckReport(str(self._database), state, self._database.size(), tuple(problems))

    def backup(self, target: Path | None = None, *, into_folder: bool = False) -> Path:
        """Copy a consistent state of the database, even while others use it; never overwrites a file.

        With ``into_folder``, ``target`` is a folder, created if it does not exist; None is the database's own folder.
        """
        self._existing()
        return self._database.back_up(target, f"{self._context.clock.now():%Y%m%d-%H%M%S}", into_folder=into_folder)

    def restore(self, source: Path) -> Path | None:
        """Replace the database by a backup; return where the previous one was moved to, if there was one."""
        return self._database.restore(source, f"{self._context.clock.now():%Y%m%d-%H%M%S}")

    def copy(self, source: str, target: str) -> CopyReport:
        """Copy everything from one database into another one of any engine, which must be empty or new."""
        from budget_tui.storage.database.copying import copy_database  # loads SQLAlchemy

        read, written = database_at(source), database_at(target)
        return CopyReport(str(read), str(written), copy_database(read, written))

    def _existing(self) -> SchemaState:
        state = self._database.schema_state()
        if state is SchemaState.MISSING:
            raise self._database.not_found()
        return state
