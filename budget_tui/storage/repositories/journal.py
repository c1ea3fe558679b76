"""What is written once and never changed: the audit trail, closed periods, answers to keyed requests."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import NamedTuple

from budget_tui.domain.period import Period
from budget_tui.storage.cost_queries import stored_time
from budget_tui.storage.database import WriteConnection

ANSWERS_KEPT = timedelta(days=90)
"""How long a request can be sent again under its key, at least."""

Facts = Mapping[str, object]


class ClosedLine(NamedTuple):
    """The figures of one budget at the close of a period, in what ``unit`` counts."""

    entity_key: int
    allocation: int
    spent: int
    status: str
    unit: str = "monetary"


class JournalRepository:
    def __init__(self, connection: WriteConnection) -> None:
        self._connection: sqlite3.Connection = connection.driver
        self._noted = connection.note_audit_line
        self._change: int | None = None

    @property
    def change(self) -> int:
        """The change that was recorded last."""
        assert self._change is not None
        return self._change

    def begin_change(self) -> None:
        """What is recorded from here on belongs to another command."""
        self._change = None

    @contextmanager
    def apart(self) -> Iterator["JournalRepository"]:
        """What is recorded within belongs to a change of its own."""
        change, self._change = self._change, None
        try:
            yield self
        finally:
            self._change = change

    def record(
        self,
        org_key: int,
        action: str,
        subject: str,
        before: Facts | None,
        after: Facts | None,
        actor: str,
        now: datetime,
        reverses: int | None = None,
    ) -> int:
        """One line of the audit trail: who did what to whom, from what to what; returns the change it belongs to.

        The lines of one command are one change, which is called by the number of its first line.
        ``reverses`` is the change that this one takes back.
        """
        if self._change is None:
            (self._change,) = self._connection.execute("SELECT coalesce(max(audit_key), 0) + 1 FROM audit").fetchone()
        line = self._connection.execute(
            "INSERT INTO audit (org_key, at, actor, action, subject, before, after, change, reverses)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                org_key,
                stored_time(now),
                actor,
                action,
                subject,
                json.dumps(before) if before is not None else None,
                json.dumps(after) if after is not None else None,
                self._change,
                reverses,
            ),
        ).lastrowid
        assert line is not None
        self._noted(line)
        return self.change

    def close_period(
        self,
        org_key: int,
        period: Period,
        currency: str,
        monthly_budget: int,
        allocated: int,
        spent: int,
        data_through: date,
        lines: Sequence[ClosedLine],
        actor: str,
        now: datetime,
    ) -> None:
        """Archive a period's figures as they stand."""
        close_key = self._connection.execute(
            "INSERT INTO period_close (org_key, period_start, period_end, currency, monthly_budget, allocated, spent,"
            " data_through, closed_by, closed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                org_key,
                period.start.isoformat(),
                period.end.isoformat(),
                currency,
                monthly_budget,
                allocated,
                spent,
                data_through.isoformat(),
                actor,
                stored_time(now),
            ),
        ).lastrowid
        self._connection.executemany(
            "INSERT INTO period_close_line (close_key, entity_key, allocation, spent, status, unit)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            ((close_key, *line) for line in lines),
        )

    def remember(self, org_key: int, command: str, key: str, request: str, answer: str, now: datetime) -> None:
        """Keep what was answered to the request made under ``key``, and let the oldest answers go when it is time.

        Two at a time are more than come, so that they get fewer; the oldest are those with the lowest rowid.
        """
        self._connection.execute(
            "DELETE FROM idempotency WHERE created_at < ? AND rowid <= (SELECT min(rowid) + 1 FROM idempotency)",
            (stored_time(now - ANSWERS_KEPT),),
        )
        self._connection.execute(
            "INSERT INTO idempotency (org_key, command, key, request, answer, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            (org_key, command, key, request, answer, stored_time(now)),
        )
