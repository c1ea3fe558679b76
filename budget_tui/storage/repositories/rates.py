"""Rates of exchange, by pair and day."""

import sqlite3
from collections.abc import Iterable
from datetime import date

from budget_tui.domain.currency import Rate


class RateRepository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def set_rates(self, org_key: int, rates: Iterable[Rate]) -> int:
        """Store ``rates`` in place of what was there for the same pair and day; returns how many are new or other."""
        return self._connection.executemany(
            "INSERT INTO fx_rate (org_key, base, quote, day, rate) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (org_key, base, quote, day) DO UPDATE SET rate = excluded.rate WHERE rate <> excluded.rate",
            ((org_key, base, quote, day.isoformat(), f"{rate:f}") for base, quote, day, rate in rates),
        ).rowcount

    def remove(self, org_key: int, base: str, quote: str, day: date) -> None:
        self._connection.execute(
            "DELETE FROM fx_rate WHERE org_key = ? AND base = ? AND quote = ? AND day = ?",
            (org_key, base, quote, day.isoformat()),
        )
