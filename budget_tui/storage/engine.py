"""SQLAlchemy over the connections of `budget_tui.storage.database`, in whatever transaction these are."""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import NullPool

from budget_tui.storage.database import Connection


class LentConnections:
    """A part of a dialect: neither commits, takes back nor closes, for the transaction is its lender's."""

    def do_commit(self, dbapi_connection: Any) -> None: ...

    def do_rollback(self, dbapi_connection: Any) -> None: ...

    def do_close(self, dbapi_connection: DBAPIConnection) -> None: ...

    def do_terminate(self, dbapi_connection: DBAPIConnection) -> None: ...


class LentSqlite(LentConnections, SQLiteDialect_pysqlite):
    supports_statement_cache = True


registry.register("sqlite.lent", __name__, "LentSqlite")
_lent: ContextVar[Any] = ContextVar("lent")


@cache
def _engine(dialect: str) -> Engine:
    """One engine for all connections: what it has compiled, it need not compile again."""
    return create_engine(f"{dialect}+lent://", creator=_lent.get, poolclass=NullPool)


def sqlalchemy_over(connection: Connection) -> sqlalchemy.Connection:
    """SQLAlchemy's connection over ``connection``, to be closed before that is."""
    token = _lent.set(connection.driver)
    try:
        return _engine(connection.dialect).connect()
    finally:
        _lent.reset(token)
