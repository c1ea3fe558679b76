"""Connections to the PostgreSQL of the tests, which outlive those who close them: for each, the server starts a process
that knows no table yet, which takes longer than most of what is asked of it."""

import os
import threading
from typing import Any, NamedTuple

import psycopg
from psycopg import pq

from budget_tui.storage.database.postgresql import is_alive

MOST_IDLE = 40
_CLOSED = pq.PGconn.connect_start(b"host=/nonexistent")
_CLOSED.finish()
_IN_TRANSACTION = (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR)


class _Idle(NamedTuple):
    asked_for: object
    kept: pq.abc.PGconn


class Connections:
    """Those of one server that nobody uses, the one that was closed last at the end."""

    def __init__(self) -> None:
        self._idle: list[_Idle] = []
        self._turn = threading.Lock()
        self._process = os.getpid()

    def connect(self, conninfo: str = "", **options: Any) -> psycopg.Connection[Any]:
        """Connect as `psycopg.connect` does, or take a connection over from somebody who closed it."""
        if os.getpid() != self._process:  # a fork, which must not use what its parent does
            return psycopg.Connection.connect(conninfo, **options)
        asked_for = conninfo, options
        taken = self._taken(asked_for) or _Connection.connect(conninfo, **options)
        taken.connections, taken.asked_for = self, asked_for
        return taken

    def _taken(self, asked_for: tuple[str, dict[str, Any]]) -> "_Connection | None":
        with self._turn:
            for each in [each for each in reversed(self._idle) if each.asked_for == asked_for]:
                self._idle.remove(each)
                taken = _Connection(each.kept)
                if is_alive(taken):
                    taken._autocommit = asked_for[1].get("autocommit", False)
                    return taken
        return None

    def keep(self, idle: _Idle) -> None:
        """Keep what somebody closed for the next, as it was when it was new."""
        kept = idle.kept
        if kept.transaction_status in _IN_TRANSACTION:
            kept.exec_(b"ROLLBACK")
        is_at_rest = kept.transaction_status == pq.TransactionStatus.IDLE
        if not is_at_rest or kept.exec_(b"DISCARD ALL").status != pq.ExecStatus.COMMAND_OK:
            kept.finish()
            return
        with self._turn:
            self._idle.append(idle)
            if len(self._idle) > MOST_IDLE:
                self._idle.pop(0).kept.finish()

    def forget(self, database: str) -> None:
        """Close those to a database for good: while there are any, the server does not copy it."""
        with self._turn:
            for each in [each for each in self._idle if each.kept.db == database.encode()]:
                self._idle.remove(each)
                each.kept.finish()


class _Connection(psycopg.Connection[Any]):
    connections: Connections
    asked_for: object

    def close(self) -> None:
        if not self.closed:
            kept, self.pgconn, self._closed = self.pgconn, _CLOSED, True
            self.connections.keep(_Idle(self.asked_for, kept))
