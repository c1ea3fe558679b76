"""The users' rules: whose costs are, what providers are called, what counts under which category."""

import sqlite3
from datetime import datetime
from typing import NamedTuple

from budget_tui.storage.cost_queries import stored_time


class RuleName(NamedTuple):
    """What tells rules apart. There is at most one rule of a name."""

    kind: str
    field: str
    value: str


class StoredRule(NamedTuple):
    """A rule as it stands; of two that match a cost, the one with the greater key wins."""

    key: int
    target: str


class RuleRepository:
    """``actor`` is who changes them, ``now`` when."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, org_key: int, name: RuleName) -> StoredRule | None:
        row = self._connection.execute(
            "SELECT rule_key, target FROM cost_rule WHERE org_key = ? AND kind = ? AND field = ? AND value = ?",
            (org_key, *name),
        ).fetchone()
        return StoredRule(*row) if row else None

    def set(
        self, org_key: int, name: RuleName, target: str, actor: str, now: datetime, key: int | None = None
    ) -> StoredRule:
        """Make ``target`` the rule's answer, and the rule the newest; with ``key``, of the age that it once had."""
        self.remove(org_key, name)
        taken = self._connection.execute("SELECT 1 FROM cost_rule WHERE rule_key = ?", (key,)).fetchone()
        added = self._connection.execute(
            "INSERT INTO cost_rule (rule_key, org_key, kind, field, value, target, created_by, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (None if taken else key, org_key, *name, target, actor, stored_time(now)),
        )
        assert added.lastrowid is not None
        return StoredRule(added.lastrowid, target)

    def remove(self, org_key: int, name: RuleName) -> None:
        self._connection.execute(
            "DELETE FROM cost_rule WHERE org_key = ? AND kind = ? AND field = ? AND value = ?", (org_key, *name)
        )
