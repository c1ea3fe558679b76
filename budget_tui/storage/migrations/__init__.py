"""Alembic migrations, applied when a database is opened that is not at the newest version, and to make a new one."""

import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from budget_tui.domain.errors import StorageError
from budget_tui.storage.failures import storage_error
from budget_tui.storage.writing import connect

if TYPE_CHECKING:
    from sqlalchemy import Connection

IN_MEMORY = Path(":memory:")


def upgrade(path: Path) -> None:
    """Bring the database at ``path`` to the newest version, in one transaction; it is copied first.

    Raises `StorageError` when that fails; nothing is changed then.
    """
    from budget_tui.storage.backups import backed_up, free_name
    from budget_tui.storage.engine import engine_for
    from budget_tui.storage.schema import HEAD, SchemaState, state_of

    with engine_for(path).connect() as connection, connection.begin():
        # Again, now that nobody else can change it.
        if state_of(cast(sqlite3.Connection, connection.connection.driver_connection), path) is SchemaState.CURRENT:
            return
        with backed_up(path, free_name(path.with_name(f"{path.name}.before-{HEAD}"))):
            try:
                _migrate(connection)
            except Exception as error:
                if storage_error(path, error):
                    raise
                reason = str(getattr(error, "orig", error))
                raise StorageError(
                    f"{path} cannot be brought to this version ({reason})",
                    "nothing was changed: the version before can still use it; please report it",
                ) from error


def empty_database() -> sqlite3.Connection:
    """A connection that may write to a database in memory, of the newest version, with nothing in it."""
    connection = connect(IN_MEMORY)
    connection.deserialize(_empty())
    return connection


@cache
def _empty() -> bytes:
    from budget_tui.storage.engine import engine_for

    with engine_for(IN_MEMORY).connect() as connection:
        with connection.begin():
            _migrate(connection)
        return cast(sqlite3.Connection, connection.connection.driver_connection).serialize()


def _migrate(connection: "Connection") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
