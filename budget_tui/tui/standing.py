"""How things stand when the database is read, and what happened of itself since it was read last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from budget_tui.presentation import messages

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.domain.audit import AuditEntry
    from budget_tui.domain.snapshot import BudgetSnapshot


def standing(services: Services, told_through: int | None) -> tuple[BudgetSnapshot, Sequence[AuditEntry], int]:
    """How things stand, what was carried over and settled again since ``told_through``, and the newest entry."""
    services.context.prepare()
    return services.snapshots.current(), *services.audit.carry_settled_since(told_through)


def carry_settled(settled: Sequence[AuditEntry], currency: str) -> str:
    """What was carried over and settled again, in words."""
    by_subject: dict[str, tuple[object, object]] = {}
    for entry in settled:
        before, after = ((facts or {}).get("carried") for facts in (entry.before, entry.after))
        by_subject[entry.subject] = (by_subject.get(entry.subject, (before, after))[0], after)
    return messages.carry_settled(by_subject, currency)
