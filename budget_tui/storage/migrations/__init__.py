"""Alembic migrations, applied when a database is opened that is not at the newest version."""

from pathlib import Path


def upgrade(path: Path) -> None:
    """Bring the database at ``path`` to the newest version, in one transaction."""
    from alembic import command
    from alembic.config import Config

    from budget_tui.storage.engine import engine_for

    with engine_for(path).connect() as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
