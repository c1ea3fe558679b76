"""Costs: their origins, the data sets they came in, the rules that say whose they are."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from budget_tui.domain.cost import CostOrigin
from budget_tui.domain.replacement import PartFacts
from budget_tui.storage.cost_queries import CHECKSUM, day_number, stored_time


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


class CostRepository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def set_replaces_always(self, org_key: int, source: str, always: bool) -> None:
        """Note whether a source replaces what it brings, whatever is stored."""
        self._connection.execute(
            "INSERT INTO source (org_key, name, billing_account_id, replaces_always) VALUES (?, ?, '', ?)"
            " ON CONFLICT (org_key, name, billing_account_id) DO UPDATE SET replaces_always = excluded.replaces_always",
            (org_key, source, always),
        )

    def set_ended(self, org_key: int, source: str, account: str, ended_on: date | None) -> None:
        """Say when a source, or one of its billing accounts, ended; None: it goes on."""
        self._connection.execute(
            "INSERT INTO source (org_key, name, billing_account_id, ended_on) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (org_key, name, billing_account_id) DO UPDATE SET ended_on = excluded.ended_on",
            (org_key, source, account, ended_on.isoformat() if ended_on else None),
        )

    def add_origins(self, org_key: int, origins: Mapping[CostOrigin, Resolution]) -> dict[CostOrigin, int]:
        """Store new origins; returns the key of each."""
        # Keys of our own: a transaction begins as the only writer, so nobody can take them.
        (last,) = self._connection.execute("SELECT coalesce(max(origin_key), 0) FROM cost_origin").fetchone()
        keys = {origin: key for key, origin in enumerate(origins, last + 1)}
        self._connection.executemany(
            "INSERT INTO cost_origin (origin_key, org_key, entity_key, provider, category, source, live, currency,"
            " provider_name, service, service_category, service_subcategory, sub_account_id, sub_account_name,"
            " entity_hint, path_hint, category_hint, tags, billing_account_id, charge_category)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                    origin.billing_account_id,
                    origin.charge_category,
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

    def add_costs(self, costs: Iterable[DayCost], keys: Mapping[CostOrigin, int]) -> None:
        """Store costs that were entered, whose origins are known."""
        self._connection.executemany(
            "INSERT INTO cost (origin_key, day, amount_nanos, tokens, charges) VALUES (?, ?, ?, ?, ?)",
            ((keys[cost.origin], day_number(cost.day), *cost[2:]) for cost in costs),
        )

    def add_part(self, org_key: int, facts: PartFacts, fingerprint: str, now: datetime) -> int:
        """Put a part on record, without rows; returns its key."""
        added = self._connection.execute(
            "INSERT INTO dataset (org_key, source, billing_account_id, billing_period_start, fingerprint, imported_at,"
            " part, delivered_at, export, cost_basis, rows_refused) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                org_key,
                facts.source,
                facts.account,
                facts.period_start.isoformat(),
                fingerprint,
                stored_time(now),
                facts.name,
                facts.delivered_at and stored_time(facts.delivered_at),
                facts.export,
                facts.cost_basis,
                facts.rows_refused,
            ),
        )
        assert added.lastrowid is not None
        return added.lastrowid

    def add_part_rows(self, dataset_key: int, batches: Iterable[Sequence[tuple[int | None, ...]]]) -> int:
        """Store a part's rows: origin, day, UTC day, nanos, tokens, seats, charges. Returns how many."""
        added = 0
        for batch in batches:
            added += self._connection.executemany(
                "INSERT INTO cost (origin_key, day, cell_day, amount_nanos, tokens, seats, charges, dataset_key)"
                f" VALUES (?, ?, ?, ?, ?, ?, ?, {int(dataset_key)})",
                batch,
            ).rowcount
        self.count_rows(dataset_key)
        return added

    def count_rows(self, dataset_key: int) -> None:
        """Note how many rows a part has now, and their checksum."""
        self._connection.execute(
            f"UPDATE dataset SET (stored_rows, checksum) = (SELECT count(*), coalesce({CHECKSUM}, 0) FROM cost"
            " WHERE dataset_key = :key) WHERE dataset_key = :key",
            {"key": dataset_key},
        )
