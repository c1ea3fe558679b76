"""Entries of the audit trail as rows of a table: what changed, name by name."""

from collections.abc import Iterable, Mapping
from typing import Any

from budget_tui.domain.audit import CONSEQUENCES, AuditEntry, shown_facts


def cells(entry: AuditEntry) -> tuple[str, str, str, str, str]:
    """Return the cells of an entry's table row: time (on this machine's clock), actor, action, subject, changes."""
    undoes = f" (undoes {entry.reverses})" if entry.reverses else ""
    return (
        f"{entry.at.astimezone():%Y-%m-%d %H:%M}",
        entry.actor,
        entry.action,
        entry.subject,
        changes(entry) + undoes,
    )


def changes(entry: AuditEntry) -> str:
    """Describe what an entry changed, in one line: ``amount 100 → 120``."""
    return difference(entry.before, entry.after)


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """Describe the differences in one line."""
    before, after = shown_facts(before), shown_facts(after)
    differing = [name for name in _names(before, after) if before.get(name) != after.get(name)]
    return ", ".join(_change(name, before.get(name), after.get(name)) for name in differing)


def _names(*facts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for names in facts for name in names))


def _change(name: str, before: object, after: object) -> str:
    if name in CONSEQUENCES:
        return f"{name} {_consequence(after or before)}"
    return f"{name} {shown(after)}" if before is None else f"{name} {shown(before)} → {shown(after)}"


def _consequence(fact: Any) -> str:
    """Format what became of estimates or fees: ``2 (pcc 7 USD, web 3 USD)``, ``web: hosting 10 on 2026-01-01``."""
    if isinstance(fact, list):
        return ", ".join(f"{fee['fee']} {fee['amount']} on {fee['on']}" for fee in fact)
    amounts = (f"{entity or 'without a project'} {shown(of_entity)}" for entity, of_entity in fact["of"].items())
    return f"{shown(fact['count'])} ({', '.join(amounts)})"


def shown(fact: object) -> str:
    """Format a fact; whole numbers are tokens, seats or costs, and amounts are text that stands as it was written."""
    if fact is None or fact == "":
        return "–"
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, list):
        return " ".join(map(shown, fact)) or "–"
    if isinstance(fact, dict):
        return " ".join(f"{shown(value)} {name}" for name, value in fact.items()) or "–"
    return f"{fact:,}" if isinstance(fact, int) else str(fact)
