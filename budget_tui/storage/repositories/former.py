"""Costs that are taken back: those entered by hand, and what a data set held before."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from budget_tui.storage.cost_queries import stored_time


class CostRecord(NamedTuple):
    """One cost row as stored, but the data set it came in."""

    key: int
    origin_key: int
    day: int
    amount_nanos: int
    tokens: int | None
    charges: int


class FormerCostRepository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def last_key(self) -> int:
        """The key of the cost that was stored last."""
        (key,) = self._connection.execute("SELECT coalesce(max(cost_key), 0) FROM cost").fetchone()
        return int(key)

    def stored_after(self, key: int) -> list[CostRecord]:
        """The costs that were stored after the one of ``key``."""
        rows = self._connection.execute(
            "SELECT cost_key, origin_key, day, amount_nanos, tokens, charges FROM cost WHERE cost_key > ?"
            " ORDER BY cost_key",
            (key,),
        )
        return [CostRecord(*row) for row in rows]

    def remove(self, records: Iterable[CostRecord]) -> int:
        """Remove costs that are still as given; returns how many."""
        return self._connection.executemany(
            "DELETE FROM cost WHERE cost_key = ? AND origin_key = ? AND day = ? AND amount_nanos = ? AND tokens IS ?"
            " AND charges = ? AND dataset_key IS NULL",
            records,
        ).rowcount

    def restore_dataset(self, dataset_key: int, wanted: str, now: datetime) -> bool:
        """Make a data set what it was with the fingerprint ``wanted`` ('': nothing), and keep what it is.

        False, and nothing done, if what it was is not kept any more.
        """
        version = (dataset_key, _version(wanted)) if wanted else None
        if (
            version
            and not self._connection.execute(
                "SELECT 1 FROM former_cost WHERE dataset_key = ? AND version = ? LIMIT 1", version
            ).fetchone()
        ):
            return False
        put_away(self._connection, dataset_key, self.fingerprint(dataset_key))
        if version:
            self._connection.execute(
                "INSERT INTO cost (origin_key, day, amount_nanos, tokens, charges, seats, dataset_key)"
                " SELECT origin_key, day, amount_nanos, tokens, charges, seats, dataset_key FROM former_cost"
                " WHERE dataset_key = ? AND version = ? ORDER BY former_key",
                version,
            )
            self._connection.execute("DELETE FROM former_cost WHERE dataset_key = ? AND version = ?", version)
        self._connection.execute(
            "UPDATE dataset SET fingerprint = ?, imported_at = ? WHERE dataset_key = ?",
            (wanted, stored_time(now), dataset_key),
        )
        return True

    def fingerprint(self, dataset_key: int) -> str:
        (fingerprint,) = self._connection.execute(
            "SELECT fingerprint FROM dataset WHERE dataset_key = ?", (dataset_key,)
        ).fetchone()
        return str(fingerprint)

    def put_back(self, records: Iterable[CostRecord]) -> None:
        """Store costs again that were removed; they get new keys."""
        self._connection.executemany(
            "INSERT INTO cost (origin_key, day, amount_nanos, tokens, charges) VALUES (?, ?, ?, ?, ?)",
            (record[1:] for record in records),
        )


def put_away(connection: sqlite3.Connection, dataset_key: int, fingerprint: str) -> int:
    """Keep the rows of a data set apart, under the fingerprint they gave it; returns how many."""
    connection.execute(
        "INSERT INTO former_cost (dataset_key, version, origin_key, day, amount_nanos, tokens, charges, seats)"
        " SELECT dataset_key, ?, origin_key, day, amount_nanos, tokens, charges, seats FROM cost WHERE dataset_key = ?"
        " ORDER BY cost_key",
        (_version(fingerprint), dataset_key),
    )
    return connection.execute("DELETE FROM cost WHERE dataset_key = ?", (dataset_key,)).rowcount


def _version(fingerprint: str) -> int:
    """As much of a fingerprint as fits into an integer; '' is that of no rows."""
    return int(fingerprint[:15] or "0", 16)
