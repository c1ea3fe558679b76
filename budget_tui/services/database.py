"""The database file itself: check, back up, restore."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from budget_tui.services.context import Context
from budget_tui.storage.database import database_at
from budget_tui.storage.database.base import SchemaState


@dataclass(frozen=True, slots=True)
class CheckReport:
    """``problems`` is empty for a sound one."""

    database: str
    version: str
    bytes: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CopyReport:
    """How many rows of each table were copied, from where to where."""

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

    def upgrade(self) -> None:
        """Bring the schema to this version's, with a backup first when there is data; make it where there is none."""
        self._database.create()

    def require_current(self) -> None:
        """Refuse a database that would have to be made or upgraded before it can be read. Changes nothing."""
        self._database.require_current()

    def check(self) -> CheckReport:
        """Tell whether it is sound, and whether the books of its organizations add up. Changes nothing."""
        state = self._existing()
        problems = self._database.problems(state)
        return CheckReport(str(self._database), state.value, self._database.size(), tuple(problems))

    def backup(self, target: Path | None = None, *, into_folder: bool = False) -> Path:
        """Copy the database as one consistent state while others may use it; never over an existing file.

        ``into_folder`` says that ``target`` is a folder, to be made if it is not there yet; None is the folder that
        the database is in.
        """
        self._existing()
        return self._database.back_up(target, f"{self._context.clock.now():%Y%m%d-%H%M%S}", into_folder=into_folder)

    def restore(self, source: Path) -> Path | None:
        """Put a backup in the database's place; what was there is kept beside it. Returns where, if anything was."""
        return self._database.restore(source, f"{self._context.clock.now():%Y%m%d-%H%M%S}")

    def copy(self, source: str, target: str) -> CopyReport:
        """Copy everything from one database into another one, which is empty or not there yet, of any engine."""
        from budget_tui.storage.copying import copy_database  # loads SQLAlchemy

        read, written = database_at(source), database_at(target)
        return CopyReport(str(read), str(written), copy_database(read, written))

    def _existing(self) -> SchemaState:
        state = self._database.schema_state()
        if state is SchemaState.MISSING:
            raise self._database.not_found()
        return state
