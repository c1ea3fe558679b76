"""The database file itself: check, back up, restore."""

from dataclasses import dataclass
from pathlib import Path

from budget_tui.domain.errors import Refused, StorageError
from budget_tui.paths import make_folder
from budget_tui.services.context import Context
from budget_tui.storage.backups import back_up, restore
from budget_tui.storage.location import require_one_name
from budget_tui.storage.reading import nothing_at
from budget_tui.storage.schema import SchemaState, ensure_schema, schema_state


@dataclass(frozen=True, slots=True)
class CheckReport:
    """``problems`` is empty for a sound database."""

    path: Path
    version: str
    bytes: int
    problems: tuple[str, ...]


class Database:
    """Commands on the file as a whole."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def upgrade(self) -> None:
        """Bring the schema to this version's, with a backup first when there is data; make it where there is none."""
        ensure_schema(self._context.path)

    def require_current(self) -> None:
        """Refuse a database that would have to be made or upgraded before it can be read. Changes nothing."""
        path = self._context.path
        require_one_name(path)
        state = schema_state(path)
        if state is SchemaState.MISSING:
            raise nothing_at(path)
        if state is SchemaState.BEHIND:
            raise StorageError(
                f"{path} was written by an older version",
                "upgrade it first",
                command="budget-tui db upgrade brings it to this one",
            )

    def check(self) -> CheckReport:
        """Tell whether the file is sound, and whether the books of its organizations add up. Changes nothing."""
        from budget_tui.storage.checking import integrity_problems, problems_of  # they load SQLAlchemy

        path = self._context.path
        require_one_name(path)
        state = schema_state(path)
        if state is SchemaState.MISSING:
            raise nothing_at(path)
        # The books are kept as this version keeps them; those of an older one it brings up to date first.
        problems = problems_of(path) if state is SchemaState.CURRENT else integrity_problems(path)
        return CheckReport(path, state.value, path.stat().st_size, tuple(problems))

    def backup(self, target: Path, *, into_folder: bool = False) -> Path:
        """Copy the database as one consistent state while others may use it; never over an existing file.

        ``into_folder`` says that ``target`` is a folder, to be made if it is not there yet.
        """
        path = self._context.path
        require_one_name(path)
        if schema_state(path) is SchemaState.MISSING:
            raise nothing_at(path)
        if into_folder or target.is_dir():
            target = self._free_name(target, path)
        if target.exists():
            raise Refused(f"{target} exists already", "choose another name")
        back_up(path, target)
        return target

    def restore(self, source: Path) -> Path | None:
        """Put a backup in the database's place; what was there is kept beside it. Returns where, if anything was."""
        from budget_tui.storage.checking import integrity_problems

        if not source.exists():
            raise StorageError(f"there is no backup at {source}", "give the path of one")
        if schema_state(source) is SchemaState.MISSING or integrity_problems(source):
            raise StorageError(f"{source} is not a sound backup", "choose another one")
        path = self._context.path
        if path.exists() and path.samefile(source):
            raise Refused(f"{source} is the database itself", "give the path of a backup")
        require_one_name(path)
        return restore(source, path, path.with_name(f"{path.name}.before-restore-{self._stamp()}"))

    def _free_name(self, folder: Path, path: Path) -> Path:
        """A name in ``folder`` that no earlier backup of the same second has."""
        make_folder(folder)
        stem = f"{path.stem}-{self._stamp()}"
        names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
        return next(found for name in names if not (found := folder / f"{name}{path.suffix}").exists())

    def _stamp(self) -> str:
        return f"{self._context.clock.now():%Y%m%d-%H%M%S}"
