"""Costs that are taken back: those entered by hand, and what a data set held before."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple


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

    def put_back(self, records: Iterable[CostRecord]) -> None:
        """Store costs again that were removed; they get new keys."""
        self._connection.executemany(
            "INSERT INTO cost (origin_key, day, amount_nanos, tokens, charges) VALUES (?, ?, ?, ?, ?)",
            (record[1:] for record in records),
        )
