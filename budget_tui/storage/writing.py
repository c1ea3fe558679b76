"""Connections that write: plain sqlite3.

An agent's tokens are granted and a million rows are imported without SQLAlchemy, which alone takes longer to
load and to carry out an update than all they do. A session of its ORM, for who needs one, shares the connection
and so the transaction.
"""

import os
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from budget_tui.storage.location import require_one_name

PATIENCE_SECONDS = 5.0
PRAGMAS = (
    f"busy_timeout = {int(PATIENCE_SECONDS * 1000)}",
    "foreign_keys = ON",
    "journal_mode = WAL",
    # What was answered as done is on the disk when it is answered.
    "synchronous = FULL",
    # From here on `begin` waits.
    "busy_timeout = 50",
)


def connect(path: Path) -> sqlite3.Connection:
    """A connection to ``path`` that may write. It begins no transaction by itself."""
    # sqlite3 would begin deferred transactions: two writers could then both read before either writes.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def begin(execute: Callable[[str], object]) -> None:
    """BEGIN IMMEDIATE, tried again after short random waits: SQLite's own handler starves all writers but one."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            execute("BEGIN IMMEDIATE")
            return
        except Exception as error:
            locked = "locked" in str(getattr(error, "orig", error))
            if not locked or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.0005, 0.01))


def identity_of(path: Path) -> tuple[int, int, int]:
    """Which file is at ``path``, seen from this process: a forked one must not use its parent's connections."""
    stat = os.stat(path)  # noqa: PTH116 – half the time of Path.stat, for each small transaction
    require_one_name(path, stat)
    return os.getpid(), stat.st_dev, stat.st_ino
