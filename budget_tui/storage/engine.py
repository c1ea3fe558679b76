"""The SQLAlchemy engine that writers use: pragmas, and how a transaction begins."""

import random
import sqlite3
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

PATIENCE_SECONDS = 5.0
_PRAGMAS = (
    f"PRAGMA busy_timeout = {int(PATIENCE_SECONDS * 1000)}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_mode = WAL",
    # What was answered as done is on the disk when it is answered.
    "PRAGMA synchronous = FULL",
    # From here on `_begin` waits.
    "PRAGMA busy_timeout = 50",
)


@lru_cache(maxsize=8)
def engine_for(path: Path) -> Engine:
    """The engine of one database file. Its transactions begin as writers and wait up to 5 s for their turn."""
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # sqlite3 would begin deferred transactions by itself: two writers could then both read before either writes.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    """BEGIN IMMEDIATE, tried again after short random waits: SQLite's own handler starves all writers but one."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        except Exception as error:
            locked = "locked" in str(getattr(error, "orig", error))
            if not locked or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.001, 0.02))
