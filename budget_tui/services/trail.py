"""Reading the audit trail."""

from collections.abc import Iterable, Mapping
from typing import Any

from budget_tui.services.context import Context
from budget_tui.storage.reading import DatabaseReader
from budget_tui.storage.trail_queries import AuditEntry, TrailFilter

KEPT = "kept"
"""Under this name ``before`` and ``after`` hold what only taking the change back needs."""


class AuditTrail:
    """Who changed what, when, from what to what."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def newest(self, limit: int, before_entry: int | None = None, only: TrailFilter | None = None) -> list[AuditEntry]:
        """At most ``limit`` entries, the newest first; ``before_entry`` continues after a page's last one."""
        reader = DatabaseReader(self._context.path)
        try:
            with reader.session() as queries:
                organization = self._context.organization(queries)
                return queries.audit_trail(organization.org_key, limit, before_entry, only)
        finally:
            reader.close()


def changes(entry: AuditEntry) -> str:
    """What an entry changed, in one line: ``amount 100 → 120``."""
    before, after = shown_facts(entry.before), shown_facts(entry.after)
    return ", ".join(_change(name, before.get(name), after.get(name)) for name in _names(before, after))


def shown_facts(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """The part of ``before`` or ``after`` that is for people."""
    return {name: value for name, value in (facts or {}).items() if name != KEPT}


def _names(*facts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for names in facts for name in names))


def _change(name: str, before: object, after: object) -> str:
    if before is None:
        return f"{name} {after}"
    return f"{name} {before} → {after if after is not None else '–'}"
