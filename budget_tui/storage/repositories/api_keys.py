"""Keys to the HTTP API, stored as hashes."""

from datetime import datetime

from sqlalchemy import insert, select, update

from budget_tui.domain.access import ApiKey, Scope
from budget_tui.storage.repositories.base import Repository
from budget_tui.storage.tables import ApiKeyRow, OrganizationRow

_k = ApiKeyRow.c
_KEY = select(
    _k.key_id, OrganizationRow.c.slug.label("org_slug"), _k.name, _k.scope, _k.hash, _k.created_by, _k.created_at,
    _k.revoked_at,
).join(OrganizationRow, OrganizationRow.c.org_key == _k.org_key)  # fmt: skip


class ApiKeyRepository(Repository):
    def all(self, org: int) -> list[ApiKey]:
        """Return an organization's keys, revoked ones too, in the order in which they were made."""
        rows = self._rows(_KEY.where(_k.org_key == org).order_by(_k.created_at, _k.key_id))
        return [ApiKey(**{**row._mapping, "scope": Scope(row.scope)}) for row in rows]

    def add(self, org: int, key: ApiKey) -> None:
        self._change(
            insert(ApiKeyRow),
            {
                "key_id": key.key_id,
                "org_key": org,
                "name": key.name,
                "scope": key.scope,
                "hash": key.hash,
                "created_by": key.created_by,
                "created_at": key.created_at,
            },
        )

    def revoke(self, key_id: str, now: datetime) -> None:
        self._change(update(ApiKeyRow).where(_k.key_id == key_id).values(revoked_at=now))
