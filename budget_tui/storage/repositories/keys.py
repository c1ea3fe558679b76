"""Keys to the HTTP API, as hashes."""

import sqlite3
from datetime import datetime

from budget_tui.domain.access import ApiKey
from budget_tui.storage.cost_queries import stored_time


class KeyRepository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, org_key: int, key: ApiKey) -> None:
        self._connection.execute(
            "INSERT INTO api_key (key_id, org_key, name, scope, hash, created_by, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key.key_id, org_key, key.name, key.scope, key.hash, key.created_by, stored_time(key.created_at)),
        )

    def revoke(self, key_id: str, now: datetime) -> None:
        self._connection.execute("UPDATE api_key SET revoked_at = ? WHERE key_id = ?", (stored_time(now), key_id))
