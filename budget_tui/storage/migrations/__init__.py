"""Alembic migrations, applied when a database is opened that is not at the newest version."""

import sqlite3
from contextlib import nullcontext
from pathlib import Path
from typing import cast

from budget_tui.domain.errors import StorageError
from budget_tui.storage.failures import storage_error


def upgrade(path: Path) -> None:
    """Bring the database at ``path`` to the newest version, in one transaction; data is copied first.

    Raises `StorageError` when that fails; nothing is changed then.
    """
    from alembic import command
    from alembic.config import Config

    from budget_tui.storage.backups import backed_up, free_name
    from budget_tui.storage.engine import engine_for
    from budget_tui.storage.schema import HEAD, SchemaState, state_of

    with engine_for(path).connect() as connection, connection.begin():
        state = state_of(
            cast(sqlite3.Connection, connection.connection.driver_connection), path
        )  # again, now that nobody else can change it
        if state is SchemaState.CURRENT:
            return
        copy = free_name(path.with_name(f"{path.name}.before-{HEAD}"))
        with backed_up(path, copy) if state is SchemaState.BEHIND else nullcontext():
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent))
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except Exception as error:
                if storage_error(path, error):
                    raise
                reason = str(getattr(error, "orig", error))
                raise StorageError(
                    f"{path} cannot be brought to this version ({reason})",
                    "nothing was changed: the version before can still use it; please report it",
                ) from error
