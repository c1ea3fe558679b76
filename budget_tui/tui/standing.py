"""How things stand when the database is read, and what happened of itself since it was read last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from budget_tui.bootstrap import Services
    from budget_tui.domain.carry import SettledCarry
    from budget_tui.domain.snapshot import BudgetSnapshot


def standing(services: Services, told_through: int | None) -> tuple[BudgetSnapshot, Sequence[SettledCarry], int]:
    """How things stand, what was carried over and settled again since ``told_through``, and the newest entry."""
    services.context.prepare()
    return services.snapshots.current(), *services.audit.carry_settled_since(told_through)
