"""Questions about the keys to the HTTP API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from budget_tui.storage.asking import Asking

if TYPE_CHECKING:
    from budget_tui.domain.access import ApiKey


class KeyQueries(Asking):
    """The part of `Queries` that is about keys."""

    def api_key(self, key_id: str) -> ApiKey | None:
        """The key of that id, revoked or not, whichever organization it belongs to: that is what it tells."""
        row = self._row(f"{_KEY} WHERE k.key_id = ?", key_id)
        return _key(row) if row else None

    def api_keys(self, org: int) -> list[ApiKey]:
        """An organization's keys, revoked ones too, in the order they were made."""
        return [_key(row) for row in self._rows(f"{_KEY} WHERE k.org_key = ? ORDER BY k.created_at, k.key_id", org)]

    def has_active_key(self) -> bool:
        """Whether anybody at all could pass the door of this database."""
        return self._row("SELECT 1 FROM api_key WHERE revoked_at IS NULL LIMIT 1") is not None


_KEY = (
    "SELECT k.key_id, o.slug, k.name, k.scope, k.hash, k.created_by, k.created_at, k.revoked_at"
    " FROM api_key k JOIN organization o ON o.org_key = k.org_key"
)


def _key(row: Sequence[Any]) -> ApiKey:
    from budget_tui.domain.access import ApiKey, Scope

    key_id, slug, name, scope, hashed, created_by, created_at, revoked_at = row
    return ApiKey(
        key_id,
        slug,
        name,
        Scope(scope),
        hashed,
        created_by,
        _moment(created_at),
        _moment(revoked_at) if revoked_at else None,
    )


def _moment(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
