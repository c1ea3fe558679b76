"""Costs that are undone: those entered by hand, and what parts of imports had taken the place of."""

import sqlite3
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from budget_tui.domain.delivery import folded_account
from budget_tui.domain.replacement import Taken


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

    def take(self, taken: Taken, replaced_by: int, *, of_same_import: bool = False) -> int:
        """Keep the rows that ``replaced_by`` takes of a part apart; returns how many.

        What this part had taken itself is forgotten, unless both are ``of_same_import``: it is undone as one.
        """
        where, bound = "dataset_key = ? AND cell_day BETWEEN ? AND ?", [taken.key, taken.first_day, taken.last_day]
        if taken.cells is not None:
            self._list_cells(taken)
            where += " AND (origin_key, cell_day) IN (SELECT origin_key, cell_day FROM taken_cell)"
        if taken.key != replaced_by:
            if not of_same_import:
                self._forget(taken.key)
            self._connection.execute("INSERT INTO dataset_replacement VALUES (?, ?)", (taken.key, replaced_by))
        self._connection.execute(
            f"INSERT INTO former_cost (replaced_by, {_COLUMNS}) SELECT ?, {_COLUMNS} FROM cost WHERE {where}"
            " ORDER BY cost_key",
            (replaced_by, *bound),
        )
        return self._connection.execute(f"DELETE FROM cost WHERE {where}", bound).rowcount

    def give_back(self, replaced_by: int) -> list[int] | None:
        """Store again what a part had taken of others; returns the keys of these.

        Its record stays, for `take_again`. None, and nothing done, when it is not kept any more.
        """
        others = self._connection.execute(
            "SELECT dataset_key, EXISTS (SELECT 1 FROM former_cost f WHERE f.dataset_key = r.dataset_key"
            " AND f.replaced_by = r.replaced_by) FROM dataset_replacement r WHERE replaced_by = ? ORDER BY dataset_key",
            (replaced_by,),
        ).fetchall()
        if not all(is_kept for _, is_kept in others):
            return None
        for key, _ in others:
            self._store(key, replaced_by)
        self._connection.execute("DELETE FROM dataset_replacement WHERE replaced_by = ?", (replaced_by,))
        return [key for key, _ in others]

    def take_again(self, replaced_by: int) -> list[int] | None:
        """Take of other parts what `give_back` stored again; returns the keys of these.

        None when any of it is not there as it was.
        """
        others = self._connection.execute(
            "SELECT dataset_key, count(*) FROM former_cost WHERE replaced_by = ? AND dataset_key <> replaced_by"
            " GROUP BY dataset_key",
            (replaced_by,),
        ).fetchall()
        taken = self._connection.execute(
            "DELETE FROM cost WHERE cost_key IN (SELECT c.cost_key FROM former_cost f CROSS JOIN cost c"
            " ON c.origin_key = f.origin_key AND c.day = f.day AND c.amount_nanos = f.amount_nanos"
            " AND c.charges = f.charges AND +c.dataset_key = f.dataset_key AND c.cell_day = f.cell_day"
            " AND c.tokens IS f.tokens AND c.seats IS f.seats"
            " WHERE f.replaced_by = ? AND f.dataset_key <> f.replaced_by)",
            (replaced_by,),
        ).rowcount
        if taken != sum(count for _, count in others):
            return None
        self._connection.executemany(
            "INSERT INTO dataset_replacement VALUES (?, ?)", [(key, replaced_by) for key, _ in others]
        )
        return [key for key, _ in others]

    def store_again(self, dataset_key: int) -> int:
        """Store the rows of a part again that was undone; returns how many."""
        rows = self._store(dataset_key, dataset_key)
        self._connection.execute(
            "DELETE FROM former_cost WHERE dataset_key = ? AND replaced_by = dataset_key", (dataset_key,)
        )
        return rows

    def is_replaced(self, dataset_key: int) -> bool:
        """Tell that another part took rows of this one."""
        return bool(
            self._connection.execute(
                "SELECT 1 FROM dataset_replacement WHERE dataset_key = ? LIMIT 1", (dataset_key,)
            ).fetchone()
        )

    def forget_undone(self, org_key: int, source: str, period_start: date) -> None:
        """Drop what was undone of a source and period: once something else is stored, it cannot be redone."""
        self._connection.execute(
            "DELETE FROM former_cost WHERE replaced_by IN"
            " (SELECT d.dataset_key FROM dataset d JOIN former_cost f ON f.dataset_key = d.dataset_key"
            " AND f.replaced_by = f.dataset_key"
            " WHERE d.org_key = ? AND d.source = ? AND d.billing_period_start = ?)",
            (org_key, source, period_start.isoformat()),
        )

    def _forget(self, dataset_key: int) -> None:
        """Drop what a part had taken, and what those had taken that it replaced, as in its own import."""
        self._connection.execute(
            "DELETE FROM former_cost WHERE replaced_by = ? OR replaced_by IN"
            " (SELECT dataset_key FROM dataset_replacement WHERE replaced_by = ?)",
            (dataset_key, dataset_key),
        )

    def _store(self, dataset_key: int, replaced_by: int) -> int:
        return self._connection.execute(
            f"INSERT INTO cost ({_COLUMNS}) SELECT {_COLUMNS} FROM former_cost"
            " WHERE dataset_key = ? AND replaced_by = ? ORDER BY former_key",
            (dataset_key, replaced_by),
        ).rowcount

    def _list_cells(self, taken: Taken) -> None:
        """The origins and days of the cells that are taken, for a query to look into."""
        self._connection.execute("CREATE TEMP TABLE IF NOT EXISTS taken_cell (origin_key INTEGER, cell_day INTEGER)")
        self._connection.execute("DELETE FROM taken_cell")
        origins = self._connection.execute(
            "SELECT DISTINCT c.origin_key, o.sub_account_id FROM cost c JOIN cost_origin o"
            " ON o.origin_key = c.origin_key WHERE c.dataset_key = ?",
            (taken.key,),
        )
        days: dict[str, list[int]] = {}
        for sub_account, day in taken.cells or ():
            days.setdefault(sub_account, []).append(day)
        self._connection.executemany(
            "INSERT INTO taken_cell VALUES (?, ?)",
            [(key, day) for key, sub_account in origins for day in days.get(folded_account(sub_account), ())],
        )


_COLUMNS = "dataset_key, origin_key, day, cell_day, amount_nanos, tokens, seats, charges"
