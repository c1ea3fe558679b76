"""Costs: their origins, the data sets they came in, the rules that say whose they are."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, update
from sqlmodel import Session, col, select

from budget_tui.domain.cost import CostOrigin
from budget_tui.storage.cost_queries import day_number
from budget_tui.storage.tables import CostOriginRow, CostRow, CostRuleRow, DatasetRow


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
    def __init__(self, session: Session) -> None:
        self._session = session

    def add_origins(self, org_key: int, origins: Mapping[CostOrigin, Resolution]) -> dict[CostOrigin, int]:
        """Store new origins; returns the key of each."""
        # Plain rows with keys of our own: a transaction begins as the only writer, so nobody can take them. As ORM
        # objects they would take most of the time that an import spends on storing.
        connection = self._session.connection()
        last = connection.execute(select(func.max(CostOriginRow.origin_key))).scalar() or 0
        keys = {origin: key for key, origin in enumerate(origins, last + 1)}
        rows = [
            {
                "origin_key": keys[origin],
                "org_key": org_key,
                "entity_key": resolution.entity_key,
                "provider": resolution.provider,
                "category": resolution.category,
                "source": origin.source,
                "live": origin.live,
                "currency": origin.currency,
                "provider_name": origin.provider_name,
                "service": origin.service,
                "service_category": origin.service_category,
                "service_subcategory": origin.service_subcategory,
                "sub_account_id": origin.sub_account_id,
                "sub_account_name": origin.sub_account_name,
                "entity_hint": origin.entity_hint,
                "path_hint": origin.path_hint,
                "category_hint": origin.category_hint,
                "tags": json.dumps(dict(origin.tags)) if origin.tags else "{}",
            }
            for origin, resolution in origins.items()
        ]
        if rows:
            connection.execute(insert(CostOriginRow), rows)
        return keys

    def resolve_again(self, resolutions: Mapping[int, Resolution]) -> None:
        """Say anew whose the costs of the given origins are, past ones included."""
        if not resolutions:
            return
        statement = (
            update(CostOriginRow.__table__)  # type: ignore[attr-defined]
            .where(col(CostOriginRow.origin_key) == bindparam("key"))
            .values(entity_key=bindparam("entity"), provider=bindparam("name"), category=bindparam("kind"))
        )
        self._session.connection().execute(
            statement,
            [
                {"key": key, "entity": r.entity_key, "name": r.provider, "kind": r.category}
                for key, r in resolutions.items()
            ],
        )

    def add_costs(
        self, costs: Iterable[DayCost], keys: Mapping[CostOrigin, int], dataset_key: int | None = None
    ) -> int:
        """Store cost rows whose origins are known; returns how many."""
        rows = [
            {
                "origin_key": keys[cost.origin],
                "day": day_number(cost.day),
                "amount_nanos": cost.amount_nanos,
                "tokens": cost.tokens,
                "charges": cost.charges,
                "dataset_key": dataset_key,
            }
            for cost in costs
        ]
        if rows:
            self._session.connection().execute(insert(CostRow), rows)
        return len(rows)

    def replace_dataset(
        self, org_key: int, source: str, account: str, period_start: date, fingerprint: str, now: datetime
    ) -> tuple[int, int]:
        """An empty data set in place of what was stored of it; returns its key and the number of rows removed."""
        row = self._session.exec(
            select(DatasetRow).where(
                DatasetRow.org_key == org_key,
                DatasetRow.source == source,
                DatasetRow.billing_account_id == account,
                DatasetRow.billing_period_start == period_start,
            )
        ).one_or_none()
        removed = 0
        if row is None:
            row = DatasetRow(
                org_key=org_key,
                source=source,
                billing_account_id=account,
                billing_period_start=period_start,
                fingerprint=fingerprint,
                imported_at=now,
            )
            self._session.add(row)
        else:
            row.fingerprint, row.imported_at = fingerprint, now
            result = self._session.connection().execute(
                delete(CostRow).where(col(CostRow.dataset_key) == row.dataset_key)
            )
            removed = result.rowcount
        self._session.flush()
        assert row.dataset_key is not None
        return row.dataset_key, removed

    def set_rule(
        self, org_key: int, kind: str, field: str, value: str, target: str, actor: str, now: datetime
    ) -> str | None:
        """Make ``target`` the answer to costs whose ``field`` is ``value``; returns the target before, if any."""
        row = self._session.exec(
            select(CostRuleRow).where(
                CostRuleRow.org_key == org_key,
                CostRuleRow.kind == kind,
                CostRuleRow.field == field,
                CostRuleRow.value == value,
            )
        ).one_or_none()
        before = row.target if row else None
        if row is not None:
            self._session.delete(row)  # a rule set anew is the newest again
            self._session.flush()
        self._session.add(
            CostRuleRow(
                org_key=org_key, kind=kind, field=field, value=value, target=target, created_by=actor, created_at=now
            )
        )
        self._session.flush()
        return before
