"""Planned budgets and the allocations between them, as plain SQL."""

import sqlite3
from datetime import datetime

from budget_tui.domain.plan import BudgetPlan
from budget_tui.storage.cost_queries import stored_time
from budget_tui.storage.ids import new_id


class PlanRepository:
    """``actor`` is who changes the plan, ``now`` when."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, org_key: int, entity_key: int, plan: BudgetPlan, actor: str, now: datetime) -> str:
        """A new budget; returns its id."""
        budget_id = new_id()
        self._connection.execute(
            "INSERT INTO budget (budget_id, org_key, entity_key, category, budget_type, currency, provider,"
            " period_kind, period_start, period_end, amount, base, notes, is_active, in_cycle, created_by, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, ?, ?)",
            (
                budget_id,
                org_key,
                entity_key,
                plan.category,
                plan.budget_type,
                plan.currency,
                plan.provider,
                plan.period_kind,
                plan.period.start.isoformat(),
                plan.period.end.isoformat(),
                plan.amount,
                plan.amount,
                plan.notes,
                actor,
                stored_time(now),
            ),
        )
        return budget_id

    def allocate(self, parent_id: str, child_id: str, amount: int, now: datetime) -> str:
        """The record that the child got ``amount`` of the parent; returns its id."""
        (allocation_id,) = self._connection.execute(
            "INSERT INTO allocation (allocation_id, parent_budget_id, child_budget_id, amount, created_at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (child_budget_id) DO UPDATE SET"
            " parent_budget_id = excluded.parent_budget_id, amount = excluded.amount, updated_at = excluded.created_at"
            " RETURNING allocation_id",
            (new_id(), parent_id, child_id, amount, stored_time(now)),
        ).fetchone()
        return str(allocation_id)

    def change(self, budget_id: str, plan: BudgetPlan, actor: str, now: datetime) -> None:
        """Make a budget what ``plan`` says, and what its parent allocated to it its amount."""
        at = stored_time(now)
        self._connection.execute(
            "UPDATE budget SET base = base + ? - amount, amount = ?, provider = ?, period_kind = ?, period_start = ?,"
            " period_end = ?, notes = ?, updated_by = ?, updated_at = ? WHERE budget_id = ?",
            (
                plan.amount,
                plan.amount,
                plan.provider,
                plan.period_kind,
                plan.period.start.isoformat(),
                plan.period.end.isoformat(),
                plan.notes,
                actor,
                at,
                budget_id,
            ),
        )
        self._connection.execute(
            "UPDATE allocation SET amount = ?, updated_at = ? WHERE child_budget_id = ? AND amount <> ?",
            (plan.amount, at, budget_id, plan.amount),
        )

    def delete(self, budget_id: str, actor: str, now: datetime) -> None:
        """Take a budget out of the plan; it stays on record, and so do its allocations."""
        self._connection.execute(
            "UPDATE budget SET is_active = 0, updated_by = ?, updated_at = ? WHERE budget_id = ?",
            (actor, stored_time(now), budget_id),
        )

    def restore(self, budget_id: str, actor: str, now: datetime) -> None:
        """Bring a deleted budget back into the plan."""
        self._connection.execute(
            "UPDATE budget SET is_active = 1, updated_by = ?, updated_at = ? WHERE budget_id = ?",
            (actor, stored_time(now), budget_id),
        )

    def withdraw(self, child_id: str) -> None:
        """Forget that a budget was allocated from another one."""
        self._connection.execute("DELETE FROM allocation WHERE child_budget_id = ?", (child_id,))

    def take_into_cycle(self, budget_id: str, actor: str, now: datetime) -> None:
        """Let a budget recur from now on."""
        self._connection.execute(
            "UPDATE budget SET in_cycle = 1, base = amount, updated_by = ?, updated_at = ? WHERE budget_id = ?",
            (actor, stored_time(now), budget_id),
        )
