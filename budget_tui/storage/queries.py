"""Every question that is asked of the database, as plain SQL over whatever connection there is.

The same questions are asked by readers (a bare sqlite3 connection) and inside a unit of work (SQLAlchemy's
connection), so a number cannot differ between the two. Rows go in, frozen domain values come out.
"""

from datetime import date
from functools import lru_cache
from typing import Any

from budget_tui.domain.budget import Budget, BudgetType
from budget_tui.domain.carry import NO_CARRY, Carry, CarryPolicy
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.snapshot import ProjectFact
from budget_tui.storage.agent_queries import AgentQueries
from budget_tui.storage.asking import FISCAL_START
from budget_tui.storage.cycle_queries import CycleQueries
from budget_tui.storage.fx_queries import FxQueries
from budget_tui.storage.hierarchy_queries import HierarchyQueries
from budget_tui.storage.key_queries import KeyQueries
from budget_tui.storage.plan_queries import PlanQueries
from budget_tui.storage.seat_queries import SeatQueries
from budget_tui.storage.trail_queries import TrailQueries
from budget_tui.storage.usage_queries import UsageQueries


class Queries(
    AgentQueries,
    CycleQueries,
    FxQueries,
    HierarchyQueries,
    PlanQueries,
    SeatQueries,
    TrailQueries,
    UsageQueries,
    KeyQueries,
):
    """Questions over one connection. ``org`` is an organization's key: what is in one is never told of another."""

    # Budgets

    def global_budget(self, org: int, day: date) -> Budget | None:
        """The latest global budget that started by ``day``: total, monetary, in the organization's cycle."""
        row = self._row(_LATEST_GLOBAL, org, org, ROOT_ID, day.isoformat())
        return _budget(row) if row else None

    def is_to_open(self, org: int, day: date) -> bool:
        """Whether the period of ``day`` has yet to be opened, and will open with anything at all."""
        row = self._row(_TO_OPEN, org, org, ROOT_ID, day.isoformat(), day.isoformat())
        return bool(row and row[0])

    def first_global_budget(self, org: int) -> Budget | None:
        """The earliest global budget."""
        row = self._row(f"{_GLOBAL} ORDER BY b.period_start LIMIT 1", org, org, ROOT_ID)
        return _budget(row) if row else None

    def child(self, parent_id: str, entity_key: int) -> Budget | None:
        """The active budget of an entity that was allocated from the budget ``parent_id``."""
        row = self._row(
            f"{_BUDGET} WHERE a.parent_budget_id = ? AND b.is_active AND b.entity_key = ?", parent_id, entity_key
        )
        return _budget(row) if row else None

    def project_facts(self, org: int, parent_id: str | None) -> list[ProjectFact]:
        """Projects with what they got of the budget ``parent_id``, in the order of adding.

        An archived one is among them where that budget still counts it: in the periods before it was archived.
        """
        amounts = {
            key: (amount, _carry(*carry))
            for key, amount, *carry in self._rows(
                "SELECT b.entity_key, b.amount, b.carry, b.carry_cap, b.carried FROM allocation a"
                " JOIN budget b ON b.budget_id = a.child_budget_id AND b.is_active WHERE a.parent_budget_id = ?",
                parent_id,
            )
        }
        # Joined here, for SQLite would search all amounts for each project.
        return [
            ProjectFact(entity_id, name, path, *amounts.get(entity_key, (0, NO_CARRY)))
            for entity_key, entity_id, name, path, archived_at in self._rows(
                "SELECT entity_key, entity_id, name, path, archived_at FROM entity"
                " WHERE org_key = ? AND level_code = 'project' ORDER BY entity_key",
                org,
            )
            if archived_at is None or entity_key in amounts
        ]

    def allocated(self, parent_id: str | None) -> int:
        """The sum of the active budgets that were allocated from ``parent_id``."""
        row = self._row(
            "SELECT coalesce(sum(b.amount), 0) FROM allocation a"
            " JOIN budget b ON b.budget_id = a.child_budget_id AND b.is_active WHERE a.parent_budget_id = ?",
            parent_id,
        )
        return int(row[0]) if row else 0

    # Periods, repeated requests

    def last_close(self, org: int) -> Period | None:
        row = self._row(
            "SELECT period_start, period_end FROM period_close WHERE org_key = ? ORDER BY period_start DESC LIMIT 1",
            org,
        )
        return Period(date.fromisoformat(row[0]), date.fromisoformat(row[1])) if row else None

    def answered(self, org: int, command: str, key: str) -> tuple[str, str] | None:
        """The request and the answer that are kept under an idempotency key."""
        row = self._row(
            "SELECT request, answer FROM idempotency WHERE org_key = ? AND command = ? AND key = ?", org, command, key
        )
        return (row[0], row[1]) if row else None


_BUDGET = (
    "SELECT b.budget_id, b.entity_key, b.category, b.budget_type, b.currency, b.provider, b.period_kind,"
    " b.period_start, b.period_end, b.amount, a.parent_budget_id,"
    f" b.carry, b.carry_cap, b.carried, {FISCAL_START}"
    " FROM budget b JOIN entity e ON e.entity_key = b.entity_key"
    " LEFT JOIN allocation a ON a.child_budget_id = b.budget_id"
)

# The root is looked up first: else SQLite would look at every budget of the organization.
_GLOBAL = (
    f"{_BUDGET} WHERE b.org_key = ? AND b.entity_key = (SELECT entity_key FROM entity WHERE org_key = ?"
    " AND entity_id = ?) AND b.category = 'total' AND b.budget_type = 'monetary'"
    " AND b.provider = '' AND b.in_cycle AND b.is_active"
)

_LATEST_GLOBAL = f"{_GLOBAL} AND b.period_start <= ? ORDER BY b.period_start DESC LIMIT 1"


_TO_OPEN = (
    f"WITH g AS ({_LATEST_GLOBAL})"
    " SELECT g.period_end < ? AND EXISTS (SELECT 1 FROM budget b WHERE b.org_key = o.org_key AND b.in_cycle"
    " AND b.is_active AND b.period_start = g.period_start AND (b.amount <> 0 OR b.carry <> 'none'"
    " OR EXISTS (SELECT 1 FROM budget p WHERE p.org_key = b.org_key AND p.entity_key = b.entity_key"
    " AND p.category = b.category AND p.budget_type = b.budget_type AND p.provider = b.provider"
    " AND p.period_start > g.period_end AND p.is_active AND NOT p.in_cycle)))"
    " FROM g JOIN budget o ON o.budget_id = g.budget_id"
)


# Who grants tokens asks for the same organization and the same global budget thousands of times a second.
@lru_cache(maxsize=16)
def _budget(row: tuple[Any, ...]) -> Budget:
    budget_id, entity, category, budget_type, currency, provider, kind, start, end, amount, parent, *carry, fiscal = row
    return Budget(
        budget_id,
        entity,
        Category(category),
        BudgetType(budget_type),
        currency,
        provider,
        PeriodKind(kind),
        Period(date.fromisoformat(start), date.fromisoformat(end), fiscal),
        amount,
        parent,
        _carry(*carry),
    )


def _carry(policy: str, cap: int | None, carried: int) -> Carry:
    if policy == CarryPolicy.NONE and not carried:
        return NO_CARRY  # of thousands of budgets, most
    return Carry(CarryPolicy(policy), cap, carried)
