"""Which database it is: a file of SQLite's, or a database on a PostgreSQL server, as its URL says.

What differs between engines is known here and in `budget_tui.storage.engine` only: how to connect, who may write when,
how a change by another program is noticed, what an error means, how a copy is made. Nothing here loads SQLAlchemy:
``status --line`` and the first numbers of the dashboard come over these connections.
"""

from pathlib import Path

from budget_tui.storage.database.base import Database
from budget_tui.storage.database.sqlite import SqliteDatabase, path_of


def database_at(location: str | Path) -> Database:
    """The database that a path or URL names; `Refused` for what can be none."""
    if isinstance(location, str) and location.startswith(("postgresql:", "postgresql+psycopg:", "postgres:")):
        from budget_tui.storage.database.postgresql import PostgresDatabase

        return PostgresDatabase(location)
    return SqliteDatabase(location if isinstance(location, Path) else path_of(location))
