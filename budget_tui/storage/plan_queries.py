"""Questions about the plan: its budgets, and what was used of each kind, for all of them at once.

Every reader has these questions, and most never ask them: what their answers are made of is imported by asking.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING, Any

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy import unstored_root
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.storage.asking import FISCAL_START
from budget_tui.storage.cost_queries import CostQueries

if TYPE_CHECKING:
    from budget_tui.domain.hierarchy_history import HierarchyHistory
    from budget_tui.domain.plan import Allocation, PlanFilter, PlannedBudget

_CATEGORIES = {str(category): category for category in Category}
_TYPES = {str(budget_type): budget_type for budget_type in BudgetType}
_KINDS = {str(kind): kind for kind in PeriodKind}


class PlanQueries(CostQueries):
    """The part of `Queries` that is about planned budgets."""

    def planned_budgets(
        self,
        org: int,
        wanted: PlanFilter | None = None,
        today: date | None = None,
        entity_keys: Collection[int] | None = None,
    ) -> list[PlannedBudget]:
        """The budgets of an organization that are ``wanted`` (all that are not deleted unless given), of any entity or
        of certain ones, entity by entity; how they stand to their actuals, and what they mention, aside.

        What the cycle opened by itself and nobody gave anything is no budget yet.
        """
        where, parameters = _where(wanted, today, entity_keys)
        return [
            _planned(row)
            for row in self._execute(  # one by one: all of them would be as large as what is made of them
                f"{_PLANNED} WHERE b.org_key = ? AND NOT (b.in_cycle AND b.amount = 0){where} {_ORDER}",
                (org, *parameters),
            )
        ]

    def planned_budget(self, org: int, budget_id: str) -> list[PlannedBudget]:
        """The budget of that id, or those whose ids begin so."""
        rows = self._rows(f"{_PLANNED} WHERE b.org_key = ? AND b.budget_id = ?", org, budget_id) or self._rows(
            f"{_PLANNED} WHERE b.org_key = ? AND substr(b.budget_id, 1, ?) = ? {_ORDER}",
            org,
            len(budget_id),
            budget_id,
        )
        return [_planned(row) for row in rows]

    def same_budget(
        self, org: int, entity_key: int, category: str, budget_type: str, provider: str, period: Period
    ) -> PlannedBudget | None:
        """The active budget of exactly this scope and period, in the cycle or not."""
        row = self._row(
            f"{_PLANNED} WHERE b.org_key = ? AND b.entity_key = ? AND b.category = ? AND b.budget_type = ?"
            " AND b.provider = ? AND b.period_start = ? AND b.period_end = ? AND b.is_active",
            org,
            entity_key,
            category,
            budget_type,
            provider,
            period.start.isoformat(),
            period.end.isoformat(),
        )
        return _planned(row) if row else None

    def allocated_from(self, budget_id: str) -> str | None:
        """The budget that another was allocated from, deleted or not."""
        row = self._row("SELECT parent_budget_id FROM allocation WHERE child_budget_id = ?", budget_id)
        return row[0] if row else None

    def children_of(self, budget_id: str) -> list[PlannedBudget]:
        """The active budgets that were allocated from a budget."""
        return [
            _planned(row)
            for row in self._rows(f"{_PLANNED} WHERE a.parent_budget_id = ? AND b.is_active {_ORDER}", budget_id)
        ]

    def allocations(self, org: int) -> list[Allocation]:
        """The records of allocations between budgets that are not deleted."""
        from budget_tui.domain.plan import Allocation

        rows = self._rows(
            "SELECT a.allocation_id, a.parent_budget_id, a.child_budget_id, a.amount, p.amount FROM budget b"
            " JOIN allocation a ON a.child_budget_id = b.budget_id JOIN budget p ON p.budget_id = a.parent_budget_id"
            f" WHERE b.org_key = ? AND {_IS_PLANNED.format('b')} AND {_IS_PLANNED.format('p')}"
            " ORDER BY a.created_at, a.rowid",  # those of one command were made at the same moment
            org,
        )
        return [Allocation(*row) for row in rows]

    def hierarchy_history(self, org: int) -> HierarchyHistory:
        """The hierarchy as it is and as it was; of an organization that is not stored yet, the root alone."""
        from budget_tui.domain.hierarchy_history import Former, HierarchyHistory

        parents: dict[int, int | None] = dict(
            self._rows("SELECT entity_key, parent_key FROM entity WHERE org_key = ?", org)  # type: ignore[arg-type]
        )
        rows = self._rows(
            "SELECT f.through, f.entity_key, f.parent_key FROM former_parent f JOIN entity e"
            " ON e.entity_key = f.entity_key WHERE e.org_key = ?",
            org,
        )
        former = (Former(date.fromisoformat(through), *keys) for through, *keys in rows)
        return HierarchyHistory(parents or {unstored_root("").entity_key: None}, former)


# What the cycle opened by itself and nobody gave anything is no budget yet.
_IS_PLANNED = "{0}.is_active AND NOT ({0}.in_cycle AND {0}.amount = 0)"
_PLANNED = (
    "SELECT b.budget_id, b.entity_key, e.entity_id, e.name, e.path, e.level_code, b.category, b.budget_type, b.amount,"
    " b.currency, b.period_kind, b.period_start, b.period_end, b.provider, b.notes, b.is_active, b.in_cycle,"
    f" CASE WHEN {_IS_PLANNED.format('p')} THEN a.parent_budget_id END, b.created_by, b.created_at, b.updated_by,"
    f" b.updated_at, {FISCAL_START}"
    " FROM budget b JOIN entity e ON e.entity_key = b.entity_key"
    " LEFT JOIN allocation a ON a.child_budget_id = b.budget_id LEFT JOIN budget p ON p.budget_id = a.parent_budget_id"
)
_ORDER = "ORDER BY e.path, b.period_start, b.period_end DESC, b.category, b.budget_type, b.provider, b.budget_id"


def _where(
    wanted: PlanFilter | None, today: date | None, entity_keys: Collection[int] | None
) -> tuple[str, list[object]]:
    columns: dict[str, object] = {
        "b.is_active = ?": True if wanted is None else wanted.is_active,
        "b.entity_key IN (SELECT value FROM json_each(?))": None if entity_keys is None else json.dumps([*entity_keys]),
    }
    if wanted is not None:
        columns |= {
            "b.category = ?": wanted.category,
            "b.budget_type = ?": wanted.budget_type,
            "b.period_kind = ?": wanted.period_kind,
            "b.period_start = ?": wanted.period_start and wanted.period_start.isoformat(),
            "b.period_end = ?": wanted.period_end and wanted.period_end.isoformat(),
            "? BETWEEN b.period_start AND b.period_end": today.isoformat() if today and wanted.is_running else None,
            "e.entity_id = ?": wanted.entity_id,
            "b.provider = ?": wanted.provider,
            "b.currency = ?": wanted.currency,
        }
    given = {test: value for test, value in columns.items() if value not in (None, "")}
    return "".join(f" AND {test}" for test in given), list(given.values())


@lru_cache(maxsize=4096)
def _period(start: str, end: str, fiscal_start: int) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end), fiscal_start)


@lru_cache(maxsize=1024)
def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


@lru_cache(maxsize=1)
def _planned_budget() -> type[PlannedBudget]:
    from budget_tui.domain.plan import PlannedBudget

    return PlannedBudget


def _planned(row: Sequence[Any]) -> PlannedBudget:
    (
        budget_id, entity_key, entity_id, name, path, level, category, budget_type, amount, currency, kind, start, end,
        provider, notes, is_active, in_cycle, parent_id, created_by, created_at, updated_by, updated_at, fiscal,
    ) = row  # fmt: skip
    created = _time(created_at)
    assert created is not None
    return _planned_budget()(
        budget_id, entity_key, intern(entity_id), intern(name), intern(path), intern(level),  # each is kept once
        _CATEGORIES[category], _TYPES[budget_type], amount, intern(currency), _KINDS[kind], _period(start, end, fiscal),
        intern(provider), notes, bool(is_active), bool(in_cycle), parent_id, intern(created_by), created, updated_by,
        _time(updated_at),
    )  # fmt: skip
