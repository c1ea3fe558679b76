"""Alembic migrations, applied when a database is opened that is not at the newest version, and to make a new one."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from budget_tui.storage.database import Connection
from budget_tui.storage.engine import sqlalchemy_over


def migrate(connection: Connection) -> None:
    """Bring the database to the newest version, in the transaction that ``connection`` is in."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with sqlalchemy_over(connection) as lent:
        config.attributes["connection"] = lent
        command.upgrade(config, "head")
