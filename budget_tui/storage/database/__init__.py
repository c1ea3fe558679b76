"""Databases: a file of SQLite's, or a database on a PostgreSQL server, as the URL says.

Most differences between engines are confined to this package and `budget_tui.storage.engine`: how to connect, who may
write when, how a change by another program is noticed, what an error means, how a copy is made. The others are options
of tables in `budget_tui.storage.tables`, and migrations. Nothing here loads SQLAlchemy: ``status --line`` and the first
numbers of the dashboard come over these connections.
"""

from pathlib import Path

from budget_tui.storage.database.base import Database
from budget_tui.storage.database.sqlite import SqliteDatabase, path_of


def database_at(location: str | Path) -> Database:
    """Return the database that a path or URL names; `Refused` for anything that cannot be one."""
    if isinstance(location, str) and location.startswith(("postgresql:", "postgresql+psycopg:", "postgres:")):
        from budget_tui.storage.database.postgresql import PostgresDatabase

        return PostgresDatabase(location)
    return SqliteDatabase(location if isinstance(location, Path) else path_of(location))
