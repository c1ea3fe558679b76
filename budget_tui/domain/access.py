"""API keys: each belongs to one organization, and may read, or read and write."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as stored. The secret itself is not: ``hash`` only recognizes it. ``key_id`` is public."""

    key_id: str
    org_slug: str
    name: str
    scope: Scope
    hash: str
    created_by: str
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def may_write(self) -> bool:
        return self.scope is Scope.WRITE
