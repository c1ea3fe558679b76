"""Entries of the audit trail in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.audit import AuditEntry, shown_facts
from budget_tui.domain.hierarchy import POOL
from budget_tui.presentation.formatting import count, money

_PARTICIPLES = {"add": "added", "set": "set", "rename": "renamed", "archive": "archived", "restore": "restored"}


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
    return f"{name} {shown(after)}" if before is None else f"{name} {shown(before)} → {shown(after)}"


def shown(fact: object) -> str:
    """Format a fact; whole numbers are tokens, seats or costs, and amounts are text that stands as it was written."""
    if fact is None:
        return "–"
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return f"{fact:,}" if isinstance(fact, int) else str(fact)


def sentence(entry: AuditEntry, currency: str, names: Mapping[str, str]) -> str:
    """Say what an entry changed of its subject, ``24 costs recorded, $88.00``; ``names`` are of projects, by id."""
    before, after = shown_facts(entry.before), shown_facts(entry.after)
    if entry.action == "cost.add":
        facts = after or before
        done = "recorded" if after else "removed"
        return f"{count(facts['costs'], 'cost')} {done}, {_money(facts, currency)}"
    if entry.action == "transfer":
        moved = parse_amount(str(after["amount"])) - parse_amount(str(before["amount"]))
        facts = {**before, **after}
        end = next(str(each) for each in (facts["from"], facts["to"]) if each != entry.subject)
        other = "unallocated" if end == POOL else names.get(end, end)
        return f"{money(abs(moved), currency)} {'from' if moved > 0 else 'to'} {other}"
    if entry.action == "allocation.set":
        return f"allocated {_money(before, currency)} → {_money(after, currency)}"
    noun, _, done = entry.action.partition(".")
    words = f"{noun} {_PARTICIPLES.get(done, done)}".rstrip()
    return ": ".join(filter(None, (words, changes(entry))))


def _money(facts: Mapping[str, Any], currency: str) -> str:
    return money(parse_amount(str(facts["amount"])), currency)
