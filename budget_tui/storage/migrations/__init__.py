"""Alembic migrations, which upgrade a database of an older version and create a new one."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from budget_tui.storage.database.base import Connection
from budget_tui.storage.engine import sqlalchemy_over

BEFORE_INITIAL = "0006"
"""The version before the initial migration; it and all before are for files that earlier versions made."""


def migrate(connection: Connection) -> None:
    """Bring the database to the newest version, in the transaction that ``connection`` is in."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with sqlalchemy_over(connection) as lent:
        config.attributes["connection"] = lent
        if not inspect(lent).has_table("alembic_version"):
            command.stamp(config, BEFORE_INITIAL)
        command.upgrade(config, "head")
