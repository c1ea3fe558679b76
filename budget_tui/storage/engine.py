"""SQLAlchemy over the connections that write: for migrations, and for an ORM session in a transaction under way."""

import sqlite3
from contextvars import ContextVar
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from budget_tui.storage.writing import begin, connect


@lru_cache(maxsize=8)
def engine_for(path: Path) -> Engine:
    """The engine of one database file. Its transactions begin as writers and wait for their turn."""
    engine = create_engine("sqlite://", creator=partial(connect, path), poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    begin(connection.exec_driver_sql)


class _Borrowed:
    """A connection that SQLAlchemy may use but neither commit, roll back nor close: its transaction is another's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


_handed: ContextVar[sqlite3.Connection] = ContextVar("handed")
# One for all connections: what it has compiled, it need not compile again.
_over_any = create_engine("sqlite://", creator=lambda: _Borrowed(_handed.get()), poolclass=NullPool)


def session_over(connection: sqlite3.Connection) -> Session:
    """An ORM session that works in whatever transaction ``connection`` is in; closed, it can be used in the next."""
    token = _handed.set(connection)
    try:
        return Session(_over_any.connect(), expire_on_commit=False)
    finally:
        _handed.reset(token)
