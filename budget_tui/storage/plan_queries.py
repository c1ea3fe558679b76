"""Questions about the plan: its budgets, and what was used of each kind, for all of them at once.

Every reader has these questions, and most never ask them: what their answers are made of is imported by asking.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy import unstored_root
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.storage.asking import FISCAL_START
from budget_tui.storage.cost_queries import CostQueries, day_bounds, day_of

if TYPE_CHECKING:
    from budget_tui.domain.actuals import Group, Segments
    from budget_tui.domain.eras import Eras
    from budget_tui.domain.plan import Allocation, PlannedBudget

AGENT_SOURCE = "agents"

# Columns of one statement; SQLite has 2,000.
_SEGMENTS_AT_ONCE = 200

_CATEGORIES = {str(category): category for category in Category}
_TYPES = {str(budget_type): budget_type for budget_type in BudgetType}
_KINDS = {str(kind): kind for kind in PeriodKind}


class PlanConditions(NamedTuple):
    """Which budgets are asked for; None stands for any."""

    category: Category | None = None
    budget_type: BudgetType | None = None
    period_kind: PeriodKind | None = None
    period_start: date | None = None
    period_end: date | None = None
    entity_id: str | None = None
    provider: str | None = None
    currency: str | None = None
    is_active: bool | None = True
    entity_keys: Collection[int] | None = None
    day: date | None = None
    """In the period."""


class DatedCost(NamedTuple):
    """What one origin cost on one day: ``amount`` in nanos of ``currency``, in so many charges."""

    entity_key: int | None
    category: str
    provider: str
    currency: str
    day: date
    amount: int
    charges: int


class PlanQueries(CostQueries):
    """The part of `Queries` that is about planned budgets."""

    def planned_budgets(self, org: int, conditions: PlanConditions | None = None) -> list[PlannedBudget]:
        """The budgets of an organization, entity by entity.

        What the cycle opened by itself and nobody gave anything is no budget yet.
        """
        where, parameters = _where(conditions or PlanConditions())
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

    def eras(self, org: int) -> Eras:
        """The hierarchy as it is and as it was; of an organization that is not stored yet, the root alone."""
        from budget_tui.domain.eras import Eras, Former

        parents: dict[int, int | None] = dict(
            self._rows("SELECT entity_key, parent_key FROM entity WHERE org_key = ?", org)  # type: ignore[arg-type]
        )
        rows = self._rows(
            "SELECT f.through, f.entity_key, f.parent_key FROM former_parent f JOIN entity e"
            " ON e.entity_key = f.entity_key WHERE e.org_key = ?",
            org,
        )
        former = (Former(date.fromisoformat(through), *keys) for through, *keys in rows)
        return Eras(parents or {unstored_root("").entity_key: None}, former)

    # What was used

    def costs_by_segment(self, org: int, segments: Segments, through: date) -> list[Group]:
        """What each entity itself cost up to the day ``through``, in nanos."""
        return self._by_segment("o.currency", "c.amount_nanos", "", "", org, segments, through)

    def tokens_by_segment(self, org: int, segments: Segments, through: date) -> list[Group]:
        """Tokens that costs are of. Those of agents are counted where they are used: not every one has a price."""
        return self._by_segment(
            "''", "c.tokens", f" AND o.source <> '{AGENT_SOURCE}'", " AND c.tokens IS NOT NULL", org, segments, through
        )

    def tokens_of_agents(self, org: int, days: Period, through: date) -> list[tuple[int, str, date, int]]:
        """What each agent used of each model on each day up to ``through``."""
        start, end = day_bounds(days, through)
        rows = self._rows(
            "SELECT u.entity_key, u.model, u.day, sum(u.tokens) FROM entity e JOIN token_use u"
            " ON u.entity_key = e.entity_key WHERE e.org_key = ? AND u.day >= ? AND u.day < ? GROUP BY 1, 2, 3",
            org,
            start,
            end,
        )
        return [(entity_key, model, day_of(day), tokens) for entity_key, model, day, tokens in rows]

    def costs_by_day(self, org: int, currencies: Sequence[str], days: Period, through: date) -> list[DatedCost]:
        """What each origin in one of ``currencies`` cost on each of ``days`` up to ``through``."""
        start, end = day_bounds(days, through)
        rows = self._rows(
            "SELECT o.entity_key, o.category, o.provider, o.currency, c.day, sum(c.amount_nanos), sum(c.charges)"
            " FROM cost_origin o CROSS JOIN cost c WHERE c.origin_key = o.origin_key AND c.day >= ? AND c.day < ?"
            f" AND o.org_key = ? AND o.currency IN ({', '.join('?' * len(currencies))}) GROUP BY o.origin_key, c.day",
            start,
            end,
            org,
            *currencies,
        )
        dates = {number: day_of(number) for number in {row[4] for row in rows}}
        return [
            DatedCost(entity, category, provider.casefold(), currency, dates[day], amount, charges)
            for entity, category, provider, currency, day, amount, charges in rows
        ]

    def _by_segment(
        self, currency: str, value: str, of_origin: str, of_cost: str, org: int, segments: Segments, through: date
    ) -> list[Group]:
        """The sums of what each origin has in each segment: read day by day where that is less to look at than one
        range of an index per origin and segment."""
        if not segments.periods:
            return []
        keys = f"SELECT o.entity_key, o.category, o.provider, {currency}"
        origins = f" FROM cost_origin o WHERE o.org_key = ?{of_origin}"
        costs = (
            f" FROM cost_origin o CROSS JOIN cost c WHERE o.org_key = ?{of_origin} AND c.origin_key = o.origin_key"
            f" AND c.day >= ? AND c.day < ?{of_cost}"
        )
        days = Period(segments.periods[0].start, segments.periods[-1].end)
        of_costs = org, *day_bounds(days, through)
        [(ranges,)] = self._rows(f"SELECT count(*) * ?{origins}", len(segments.periods), org)
        [(rows,)] = self._rows(f"SELECT count(*) FROM (SELECT 1{costs} LIMIT ?)", *of_costs, ranges)
        if rows < ranges:
            return _in_segments(self._rows(f"{keys}, c.day, {value}{costs}", *of_costs), segments)
        of_segment = (
            f"SELECT sum({value}) FROM cost c WHERE c.origin_key = o.origin_key AND day >= ? AND day < ?{of_cost}"
        )
        return self._in_ranges(keys, of_segment, origins, org, segments.periods, through)

    def _in_ranges(
        self, keys: str, value: str, origins: str, org: int, segments: Sequence[Period], through: date
    ) -> list[Group]:
        """One row per origin, with the sum of each segment as a column of its own."""
        from budget_tui.domain.actuals import Group

        groups: list[Group] = []
        for first in range(0, len(segments), _SEGMENTS_AT_ONCE):
            part = segments[first : first + _SEGMENTS_AT_ONCE]
            bounds = [day for segment in part for day in day_bounds(segment, through)]
            columns = ", ".join([f"({value})"] * len(part))
            for entity, category, provider, currency, *sums in self._rows(f"{keys}, {columns}{origins}", *bounds, org):
                values = {segment: found for segment, found in enumerate(sums, first) if found is not None}
                if values:
                    groups.append(Group(entity, category, provider.casefold(), currency, values))
        return groups


def _in_segments(rows: Iterable[Sequence[Any]], segments: Segments) -> list[Group]:
    """Entity, category, provider, currency, day and value of each row, added up in each segment."""
    from budget_tui.domain.actuals import Group

    holding: dict[int, int | None] = {}
    sums: dict[tuple[int | None, str, str, str], dict[int, int]] = {}
    for entity, category, provider, currency, day, value in rows:
        if day not in holding:
            holding[day] = segments.holding(day_of(day))
        segment = holding[day]
        if segment is not None:
            values = sums.setdefault((entity, category, provider, currency), {})
            values[segment] = values.get(segment, 0) + value
    return [
        Group(entity, category, provider.casefold(), currency, values)
        for (entity, category, provider, currency), values in sums.items()
    ]


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


def _where(conditions: PlanConditions) -> tuple[str, list[object]]:
    columns: dict[str, object] = {
        "b.category = ?": conditions.category,
        "b.budget_type = ?": conditions.budget_type,
        "b.period_kind = ?": conditions.period_kind,
        "b.period_start = ?": conditions.period_start and conditions.period_start.isoformat(),
        "b.period_end = ?": conditions.period_end and conditions.period_end.isoformat(),
        "? BETWEEN b.period_start AND b.period_end": conditions.day and conditions.day.isoformat(),
        "e.entity_id = ?": conditions.entity_id,
        "b.provider = ?": conditions.provider,
        "b.currency = ?": conditions.currency,
        "b.is_active = ?": conditions.is_active,
        "b.entity_key IN (SELECT value FROM json_each(?))": None
        if conditions.entity_keys is None
        else json.dumps([*conditions.entity_keys]),
    }
    given = {test: value for test, value in columns.items() if value is not None}
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
