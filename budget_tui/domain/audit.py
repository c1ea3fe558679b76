"""The audit trail: who changed what, when, from what to what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from budget_tui.domain.amount import to_decimal

UNDO_DATA = "kept"
"""The key in ``before`` and ``after`` of the data that only undoing the change needs."""
CONSEQUENCES = ("estimates_replaced", "estimates_counted", "fees_billed", "fees_booked")
"""The facts of an entry about costs that changed with it: estimates that a bill counts in the place of, or that count
again, and recurring fees likewise; each with how many, and the amounts by entity or fee."""
PAGE_ENTRIES = 50
"""The number of newest entries that are listed where nobody asks for more or fewer."""


class AuditEntry(NamedTuple):
    """An entry of the audit trail; ``before`` and ``after`` are what changed, as JSON objects.

    ``change`` is shared by the entries of one command; ``reverses`` is the change that this one undoes.
    """

    entry: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    change: int
    reverses: int | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """A filter of audit entries; '' and None match all. ``since`` is inclusive, ``until`` exclusive.

    ``subject`` is a part of the subjects to match, ``whole_subject`` all of it.
    """

    action: str = ""
    subject: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None
    whole_subject: str = ""


def shown_facts(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the part of ``before`` or ``after`` that is shown to people."""
    return {name: value for name, value in (facts or {}).items() if name != UNDO_DATA}


def without_consequences(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts without the consequences of a change, which are other ones when it is undone or redone."""
    return {name: value for name, value in facts.items() if name not in CONSEQUENCES}


def written(nanos: int) -> str:
    """Return an amount as the audit trail stores it: all of its digits, never an exponent."""
    return f"{to_decimal(nanos):f}"
