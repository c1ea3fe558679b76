"""Costs: their origins, the data sets they came in, the rules that say whose they are."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import chain, islice
from typing import NamedTuple

from budget_tui.domain.cost import CostOrigin
from budget_tui.storage.cost_queries import day_number, stored_time
from budget_tui.storage.repositories.former import put_away

_ROWS_AT_ONCE = 500  # of seven variables each; SQLite takes 32,766 in a statement


class Resolution(NamedTuple):
    """Whose a cost is: the entity's key (None: unmapped), the provider's short name, the category."""

    entity_key: int | None
    provider: str
    category: str


class DayCost(NamedTuple):
    """One cost row to store."""

    origin: CostOrigin
    day: date
    amount_nanos: int
    tokens: int | None
    charges: int


class ReplacedDataset(NamedTuple):
    """A data set that was made empty: the fingerprint it had ('' for none) and how many rows."""

    key: int
    former: str
    removed: int


class CostRepository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add_origins(self, org_key: int, origins: Mapping[CostOrigin, Resolution]) -> dict[CostOrigin, int]:
        """Store new origins; returns the key of each."""
        # Keys of our own: a transaction begins as the only writer, so nobody can take them.
        (last,) = self._connection.execute("SELECT coalesce(max(origin_key), 0) FROM cost_origin").fetchone()
        keys = {origin: key for key, origin in enumerate(origins, last + 1)}
        self._connection.executemany(
            "INSERT INTO cost_origin (origin_key, org_key, entity_key, provider, category, source, live, currency,"
            " provider_name, service, service_category, service_subcategory, sub_account_id, sub_account_name,"
            " entity_hint, path_hint, category_hint, tags)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    keys[origin],
                    org_key,
                    *resolution,
                    origin.source,
                    origin.live,
                    origin.currency,
                    origin.provider_name,
                    origin.service,
                    origin.service_category,
                    origin.service_subcategory,
                    origin.sub_account_id,
                    origin.sub_account_name,
                    origin.entity_hint,
                    origin.path_hint,
                    origin.category_hint,
                    json.dumps(dict(origin.tags)) if origin.tags else "{}",
                )
                for origin, resolution in origins.items()
            ),
        )
        return keys

    def resolve_again(self, resolutions: Mapping[int, Resolution]) -> None:
        """Say anew whose the costs of the given origins are, past ones included."""
        self._connection.executemany(
            "UPDATE cost_origin SET entity_key = ?, provider = ?, category = ? WHERE origin_key = ?",
            ((*resolution, key) for key, resolution in resolutions.items()),
        )

    def add_costs(
        self, costs: Iterable[DayCost], keys: Mapping[CostOrigin, int], dataset_key: int | None = None
    ) -> int:
        """Store cost rows whose origins are known; returns how many."""
        return self._add(
            (keys[origin], day_number(day), amount_nanos, tokens, None, charges, dataset_key)
            for origin, day, amount_nanos, tokens, charges in costs
        )

    def add_dataset_costs(
        self,
        dataset_key: int,
        sums: Sequence[tuple[int, int, int, int]],
        counts: Mapping[tuple[int, int], tuple[int | None, int | None]],
    ) -> int:
        """Store a data set's rows: key of the origin, ordinal of the day, nanos, charges. Returns how many.

        ``counts`` are the tokens and the seats of those that have any, by the same key and ordinal.
        """
        numbers = {ordinal: day_number(date.fromordinal(ordinal)) for ordinal in {row[1] for row in sums}}
        nothing = (None, None)
        return self._add(
            (
                origin_key,
                numbers[ordinal],
                amount_nanos,
                *counts.get((origin_key, ordinal), nothing),
                charges,
                dataset_key,
            )
            for origin_key, ordinal, amount_nanos, charges in sums
        )

    def _add(self, rows: Iterable[tuple[int, int, int, int | None, int | None, int, int | None]]) -> int:
        # Many rows to a statement: that takes two thirds of the time of as many statements.
        remaining, added = iter(rows), 0
        while some := tuple(islice(remaining, _ROWS_AT_ONCE)):
            self._connection.execute(
                "INSERT INTO cost (origin_key, day, amount_nanos, tokens, seats, charges, dataset_key)"
                f" VALUES {', '.join(['(?, ?, ?, ?, ?, ?, ?)'] * len(some))}",
                tuple(chain.from_iterable(some)),
            )
            added += len(some)
        return added

    def replace_dataset(
        self, org_key: int, source: str, account: str, period_start: date, fingerprint: str, now: datetime
    ) -> ReplacedDataset:
        """An empty data set in place of what was stored of it, which is kept until the data set is replaced again."""
        identity = (org_key, source, account, period_start.isoformat())
        row = self._connection.execute(
            "SELECT dataset_key, fingerprint FROM dataset"
            " WHERE org_key = ? AND source = ? AND billing_account_id = ? AND billing_period_start = ?",
            identity,
        ).fetchone()
        if row is None:
            added = self._connection.execute(
                "INSERT INTO dataset (org_key, source, billing_account_id, billing_period_start, fingerprint,"
                " imported_at) VALUES (?, ?, ?, ?, ?, ?)",
                (*identity, fingerprint, stored_time(now)),
            )
            assert added.lastrowid is not None
            return ReplacedDataset(added.lastrowid, "", 0)
        key, former = row
        self._connection.execute("DELETE FROM former_cost WHERE dataset_key = ?", (key,))
        removed = put_away(self._connection, key, former)
        self._connection.execute(
            "UPDATE dataset SET fingerprint = ?, imported_at = ? WHERE dataset_key = ?",
            (fingerprint, stored_time(now), key),
        )
        return ReplacedDataset(key, former, removed)
