"""Questions about the audit trail: its lines, and which changes can be taken back."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from budget_tui.domain.audit import AuditEntry, AuditFilter
from budget_tui.storage.cost_queries import MOST_ROWS, CostQueries, stored_time


class TrailQueries(CostQueries):
    """The part of `Queries` that is about the audit trail."""

    def audit_trail(
        self, org: int, limit: int, before_entry: int | None = None, only: AuditFilter | None = None
    ) -> list[AuditEntry]:
        """The newest entries first, at most ``limit``; ``before_entry`` continues a page."""
        conditions, parameters = _conditions(only or AuditFilter())
        rows = self._rows(
            f"{_ENTRY} WHERE org_key = ? AND audit_key < ?{conditions} ORDER BY audit_key DESC LIMIT ?",
            org,
            MOST_ROWS if before_entry is None else max(0, min(before_entry, MOST_ROWS)),
            *parameters,
            min(limit, MOST_ROWS),
        )
        return [_entry(row) for row in rows]

    def last_entry(self, org: int, action: str) -> int | None:
        """The latest entry of that action."""
        row = self._row(
            "SELECT audit_key FROM audit WHERE org_key = ? AND action = ? ORDER BY audit_key DESC LIMIT 1", org, action
        )
        return int(row[0]) if row else None

    def carry_settled_since(self, org: int, entry: int) -> list[AuditEntry]:
        """What was carried over and settled again after ``entry``, the oldest first."""
        return [
            _entry(row)
            for row in self._rows(
                f"{_ENTRY} WHERE org_key = ? AND audit_key > ? AND action = 'carry.settle' ORDER BY audit_key",
                org,
                entry,
            )
        ]

    def lines_of_change(self, org: int, change: int) -> list[AuditEntry]:
        """The lines of one change in their order."""
        # They were written in one transaction, so they stand together.
        following = self._row(
            "SELECT audit_key FROM audit WHERE audit_key > ? AND change <> ? ORDER BY audit_key LIMIT 1", change, change
        )
        rows = self._rows(
            f"{_ENTRY} WHERE org_key = ? AND change = ? AND audit_key >= ? AND audit_key < ? ORDER BY audit_key",
            org,
            change,
            change,
            following[0] if following else MOST_ROWS,
        )
        return [_entry(row) for row in rows]

    def last_change(self, org: int, actor: str) -> int | None:
        """The latest change by ``actor`` that takes nothing back and was not taken back.

        Keys to the API are passed over: they change no budget, and are revoked instead.
        """
        row = self._row(
            "SELECT c.change FROM audit c WHERE c.org_key = ? AND c.actor = ? AND c.reverses IS NULL"
            " AND c.action NOT LIKE 'key.%'"
            " AND NOT EXISTS (SELECT 1 FROM audit u WHERE u.reverses = c.change"
            " AND NOT EXISTS (SELECT 1 FROM audit r WHERE r.reverses = u.change))"
            " ORDER BY c.audit_key DESC LIMIT 1",
            org,
            actor,
        )
        return int(row[0]) if row else None

    def last_undo(self, org: int, actor: str) -> tuple[int, int] | None:
        """The latest undo by ``actor`` that was not taken back itself, and the change that it took back.

        None once ``actor`` made another change after it.
        """
        row = self._row(
            "SELECT u.change, u.reverses FROM audit u WHERE u.org_key = ? AND u.actor = ? AND u.reverses IS NOT NULL"
            " AND u.audit_key > coalesce((SELECT max(c.audit_key) FROM audit c"
            " WHERE c.org_key = u.org_key AND c.actor = u.actor AND c.reverses IS NULL"
            " AND c.action NOT LIKE 'key.%'), 0)"
            " AND NOT EXISTS (SELECT 1 FROM audit c WHERE c.change = u.reverses AND c.audit_key = u.reverses"
            " AND c.reverses IS NOT NULL)"
            " AND NOT EXISTS (SELECT 1 FROM audit r WHERE r.reverses = u.change)"
            " ORDER BY u.audit_key DESC LIMIT 1",
            org,
            actor,
        )
        return (int(row[0]), int(row[1])) if row else None

    def last_made_again(self, change: int) -> int | None:
        """The latest change that made ``change`` again after it was taken back."""
        row = self._row(
            "SELECT max(r.change) FROM audit u JOIN audit r ON r.reverses = u.change WHERE u.reverses = ?", change
        )
        return int(row[0]) if row and row[0] is not None else None

    def has_costs(self, entity_key: int) -> bool:
        """Whether any cost is the entity's own."""
        row = self._row(
            "SELECT EXISTS (SELECT 1 FROM cost_origin o JOIN cost c ON c.origin_key = o.origin_key"
            " WHERE o.entity_key = ?)",
            entity_key,
        )
        return bool(row and row[0])

    def closed_since(self, org: int, change: int) -> str | None:
        """The name of a period that was closed after ``change`` was made."""
        row = self._row(
            "SELECT subject FROM audit WHERE org_key = ? AND action = 'period.close' AND audit_key > ?"
            " ORDER BY audit_key LIMIT 1",
            org,
            change,
        )
        return str(row[0]) if row else None


_ENTRY = "SELECT audit_key, at, actor, action, subject, before, after, change, reverses FROM audit"


def _conditions(only: AuditFilter) -> tuple[str, list[object]]:
    """What stands behind a WHERE clause, and its parameters."""
    wanted: list[tuple[str, object]] = [
        ("substr(action, 1, length(:p)) = :p", only.action),
        ("instr(lower(subject), lower(:p)) > 0", only.subject),
        ("actor = :p", only.actor),
        ("at >= :p", stored_time(only.since) if only.since else ""),
        ("at < :p", stored_time(only.until) if only.until else ""),
    ]
    given = [(condition, value) for condition, value in wanted if value]
    text = "".join(f" AND {condition.replace(':p', '?')}" for condition, _ in given)
    return text, [value for condition, value in given for _ in range(condition.count(":p"))]


def _entry(row: Sequence[Any]) -> AuditEntry:
    key, at, actor, action, subject, before, after, change, reverses = row
    return AuditEntry(
        key,
        datetime.fromisoformat(at).replace(tzinfo=UTC),
        actor,
        action,
        subject,
        json.loads(before) if before else None,
        json.loads(after) if after else None,
        change,
        reverses,
    )
