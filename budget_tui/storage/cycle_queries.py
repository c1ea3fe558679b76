"""Questions about the cycle: what turns with a period, what was spent in one, what was archived of those that ended."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.carry import NO_CARRY, Carry, CarryPolicy
from budget_tui.domain.period import Period
from budget_tui.storage.asking import FISCAL_START
from budget_tui.storage.cost_queries import MOST_ROWS, CostQueries, day_number


class CycleBudget(NamedTuple):
    """An active budget of a period of the cycle.

    ``used`` and ``reserved`` count tokens; money is summed from its costs.
    """

    budget_id: str
    parent_id: str | None
    entity_key: int
    entity_id: str
    name: str
    path: str
    level_code: str
    category: str
    budget_type: BudgetType
    currency: str
    provider: str
    notes: str
    amount: int
    base: int
    used: int
    reserved: int
    carry: Carry

    @property
    def turn_key(self) -> "TurnKey":
        return TurnKey(self.entity_key, self.category, self.budget_type, self.provider)


class TurnKey(NamedTuple):
    """What a budget has in common with its successor."""

    entity_key: int
    category: str
    budget_type: str
    provider: str


class Planned(NamedTuple):
    """A budget that was planned for a period before the period was opened."""

    budget_id: str
    amount: int
    currency: str


class StoredClose(NamedTuple):
    """A closed period as archived, without its lines."""

    close_key: int
    period: Period
    currency: str
    budget: int
    allocated: int
    spent: int
    data_through: date | None
    closed_by: str
    closed_at: datetime


class StoredLine(NamedTuple):
    """The archived figures of one project, or of one agent in tokens. ``used`` is what the agent used as of now."""

    close_key: int
    entity_id: str
    name: str
    path: str
    unit: BudgetType
    allocation: int
    spent: int
    status: str
    used: int


class CycleQueries(CostQueries):
    """The part of `Queries` that is about the cycle."""

    def cycle_budgets(self, org: int, period_start: date) -> list[CycleBudget]:
        """The global budget of the period that started then, and everything that turns with it."""
        rows = self._rows(
            f"{_CYCLE_BUDGET} WHERE b.org_key = ? AND b.period_start = ? AND b.in_cycle AND b.is_active"
            " ORDER BY b.entity_key",
            org,
            period_start.isoformat(),
        )
        return [_cycle_budget(row) for row in rows]

    def planned_for(self, org: int, period: Period) -> dict[TurnKey, Planned]:
        """What was planned for exactly ``period`` beside the cycle, which opens with it."""
        rows = self._rows(
            "SELECT entity_key, category, budget_type, provider, budget_id, amount, currency FROM budget"
            " WHERE org_key = ? AND period_start = ? AND period_end = ? AND is_active AND NOT in_cycle",
            org,
            period.start.isoformat(),
            period.end.isoformat(),
        )
        return {TurnKey._make(row[:4]): Planned._make(row[4:]) for row in rows}

    def carried_on(self, budget_id: str) -> tuple[CycleBudget, CycleBudget] | None:
        """A budget and its successor; None while the budget's period is open."""
        closed = self._row(f"{_CYCLE_BUDGET} WHERE b.budget_id = ? AND b.in_cycle", budget_id)
        successor = self._row(
            f"{_CYCLE_BUDGET} JOIN budget c ON c.org_key = b.org_key AND c.entity_key = b.entity_key"
            " AND c.category = b.category AND c.budget_type = b.budget_type AND c.provider = b.provider"
            " AND b.period_start = date(c.period_end, '+1 day')"
            " WHERE c.budget_id = ? AND c.in_cycle AND b.in_cycle AND b.is_active",
            budget_id,
        )
        return (_cycle_budget(closed), _cycle_budget(successor)) if closed and successor else None

    def carries_over(self, org: int, period_start: date) -> bool:
        """Whether any budget of the cycle hands something on when the period that started then is closed."""
        return bool(
            self._row(
                "SELECT 1 FROM budget WHERE org_key = ? AND period_start = ? AND in_cycle AND is_active"
                " AND carry <> 'none' LIMIT 1",
                org,
                period_start.isoformat(),
            )
        )

    def carry_of(self, budget_id: str) -> Carry:
        """How a budget is carried over."""
        row = self._row("SELECT carry, carry_cap, carried FROM budget WHERE budget_id = ?", budget_id)
        return Carry(CarryPolicy(row[0]), row[1], row[2]) if row else NO_CARRY

    def spent_by_path(self, org: int, currency: str, period: Period) -> tuple[dict[str, int], int]:
        """What each entity itself spent in ``period``, by its path, and what found no entity."""
        start, end = map(day_number, period.half_open)
        rows = self._rows(
            "SELECT e.path, sum(o.spent) FROM (SELECT o.entity_key, (SELECT sum(amount_nanos) FROM cost c"
            " WHERE c.origin_key = o.origin_key AND c.day >= ? AND c.day < ?) AS spent"
            " FROM cost_origin o WHERE o.org_key = ? AND o.currency = ?) o"
            " LEFT JOIN entity e ON e.entity_key = o.entity_key GROUP BY o.entity_key",
            start,
            end,
            org,
            currency,
        )
        spent = {path: amount or 0 for path, amount in rows}
        unmapped = spent.pop(None, 0)
        return spent, unmapped

    def closes(self, org: int, limit: int, before: date | None = None) -> list[StoredClose]:
        """Closed periods, the newest first, at most ``limit``; ``before``: only what started before that day."""
        rows = self._rows(
            "SELECT close_key, period_start, period_end, currency, monthly_budget, allocated, spent, data_through,"
            f" closed_by, {FISCAL_START}, closed_at FROM period_close b WHERE org_key = ? AND period_start < ?"
            " ORDER BY period_start DESC LIMIT ?",
            org,
            (before or date.max).isoformat(),
            min(limit, MOST_ROWS),
        )
        return [
            StoredClose._make(
                (
                    key,
                    Period(date.fromisoformat(start), date.fromisoformat(end), fiscal),
                    *figures,
                    date.fromisoformat(known) if known else None,
                    closed_by,
                    datetime.fromisoformat(at).replace(tzinfo=UTC),
                )
            )
            for key, start, end, *figures, known, closed_by, fiscal, at in rows
        ]

    def close_lines(self, org: int, newest: date, oldest: date) -> list[StoredLine]:
        """The lines of the periods that started from ``oldest`` to ``newest``."""
        return [
            StoredLine._make((*row[:4], BudgetType(row[4]), *row[5:]))
            for row in self._rows(
                "SELECT l.close_key, e.entity_id, e.name, e.path, l.unit, l.allocation, l.spent, l.status,"
                " CASE l.unit WHEN 'token' THEN coalesce((SELECT sum(b.used) FROM budget b WHERE b.org_key = p.org_key"
                " AND b.entity_key = l.entity_key AND b.period_start = p.period_start AND b.budget_type = 'token'"
                " AND b.in_cycle), 0) ELSE 0 END"
                " FROM period_close p CROSS JOIN period_close_line l JOIN entity e ON e.entity_key = l.entity_key"
                " WHERE p.org_key = ? AND p.period_start BETWEEN ? AND ? AND l.close_key = p.close_key"
                " ORDER BY l.close_key, l.entity_key",
                org,
                oldest.isoformat(),
                newest.isoformat(),
            )
        ]

    def spent_since_closed(self, org: int, newest: date, oldest: date) -> dict[int, dict[str | None, int]]:
        """What costs say by now of the periods that started from ``oldest`` to ``newest``: by close and path."""
        rows = self._rows(
            "SELECT p.close_key, e.path, sum(c.amount_nanos)"
            " FROM period_close p CROSS JOIN cost_origin o CROSS JOIN cost c LEFT JOIN entity e"
            " ON e.entity_key = o.entity_key WHERE p.org_key = ? AND p.period_start BETWEEN ? AND ?"
            " AND o.org_key = p.org_key AND o.currency = p.currency AND c.origin_key = o.origin_key"
            " AND c.day BETWEEN CAST(replace(p.period_start, '-', '') AS INTEGER)"
            " AND CAST(replace(p.period_end, '-', '') AS INTEGER) GROUP BY p.close_key, o.entity_key",
            org,
            oldest.isoformat(),
            newest.isoformat(),
        )
        found: dict[int, dict[str | None, int]] = {}
        for close_key, path, spent in rows:
            found.setdefault(close_key, {})[path] = spent
        return found


_CYCLE_BUDGET = (
    "SELECT b.budget_id, a.parent_budget_id, e.entity_key, e.entity_id, e.name, e.path, e.level_code,"
    " b.category, b.budget_type, b.currency, b.provider, b.notes, b.amount, b.base, b.used, b.reserved,"
    " b.carry, b.carry_cap, b.carried"
    " FROM budget b JOIN entity e ON e.entity_key = b.entity_key"
    " LEFT JOIN allocation a ON a.child_budget_id = b.budget_id"
)


def _cycle_budget(row: Sequence[Any]) -> CycleBudget:
    return CycleBudget._make((*row[:8], BudgetType(row[8]), *row[9:16], Carry(CarryPolicy(row[16]), *row[17:])))
