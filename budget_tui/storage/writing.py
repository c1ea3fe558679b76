"""Connections that write: plain sqlite3, with an ORM session for who needs one.

An agent's tokens are granted and a million rows are imported without SQLAlchemy, which alone takes longer to
load and to carry out an update than all they do. Both kinds of statement share one connection and so one
transaction.
"""

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlmodel import Session

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


class Writer:
    """One connection and, once asked for, an ORM session over it. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identity = identity_of(path)  # first of all, for SQLite would make an empty file where there is none
        self.connection = connect(path)
        self._sessions: Callable[[], Session] | None = None

    def session(self) -> "Session":
        """A session in the transaction that is under way; the transaction's end is not its business."""
        if self._sessions is None:
            from budget_tui.storage.engine import sessions_over

            self._sessions = sessions_over(self.connection)
        return self._sessions()

    def close(self) -> None:
        self.connection.close()


class Writers:
    """Writers on one database that are kept open between transactions. Threads share them, one at a time each.

    For what writes again and again, as a server does: opening a file takes longer than a small transaction.
    While one is open, what was written last is in the log beside the database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._idle: list[Writer] = []

    def take(self) -> Writer:
        """A writer on the file that is at the path now, in this process."""
        with self._turn:
            while self._idle:
                writer = self._idle.pop()
                if writer.identity == identity_of(self._path):
                    return writer
                writer.close()
        return Writer(self._path)

    def give_back(self, writer: Writer) -> None:
        with self._turn:
            self._idle.append(writer)

    def close(self) -> None:
        """Close what is idle."""
        with self._turn:
            while self._idle:
                self._idle.pop().close()


def identity_of(path: Path) -> tuple[int, int, int]:
    """Which file is at ``path``, seen from this process: a forked one must not use its parent's connections."""
    stat = os.stat(path)  # noqa: PTH116 – half the time of Path.stat, for each small transaction
    return os.getpid(), stat.st_dev, stat.st_ino
