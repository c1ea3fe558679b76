"""Seats as registered by hand."""

import sqlite3
from datetime import date, datetime

from budget_tui.storage.cost_queries import stored_time


class SeatRepository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def register(self, entity_key: int, provider: str, starts_on: date, seats: int, actor: str, now: datetime) -> None:
        """``seats`` from ``starts_on`` on, in place of what was registered for the same day."""
        self._connection.execute(
            "INSERT INTO seat (entity_key, provider, starts_on, seats, created_by, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (entity_key, provider, starts_on) DO UPDATE"
            " SET seats = excluded.seats, created_by = excluded.created_by, created_at = excluded.created_at",
            (entity_key, provider, starts_on.isoformat(), seats, actor, stored_time(now)),
        )

    def remove(self, entity_key: int, provider: str, starts_on: date) -> None:
        self._connection.execute(
            "DELETE FROM seat WHERE entity_key = ? AND provider = ? AND starts_on = ?",
            (entity_key, provider, starts_on.isoformat()),
        )
