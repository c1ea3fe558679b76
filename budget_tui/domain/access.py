"""Who may do what over HTTP: a key belongs to one organization and may read, or write, too."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key. The key itself is not: ``hash`` only tells it again. ``key_id`` is no secret."""

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
