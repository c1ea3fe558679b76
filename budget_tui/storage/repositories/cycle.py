"""The turn of a period: everything in the cycle opens anew. Plain SQL, for there may be thousands of budgets."""

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from budget_tui.domain.carry import CarryPolicy, Opening
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.storage.cost_queries import stored_time
from budget_tui.storage.cycle_queries import CycleBudget
from budget_tui.storage.ids import new_id


class Successor(NamedTuple):
    """A budget of the period that ends, with what its successor opens with."""

    ended: CycleBudget
    opening: Opening


class CycleRepository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def end_early(self, org_key: int, period: Period, last_day: date, actor: str, now: datetime) -> None:
        """Let the budgets of ``period`` end with ``last_day``."""
        self._connection.execute(
            "UPDATE budget SET period_end = ?, updated_by = ?, updated_at = ?"
            " WHERE org_key = ? AND period_start = ? AND in_cycle",
            (last_day.isoformat(), actor, stored_time(now), org_key, period.start.isoformat()),
        )

    def open_period(
        self,
        org_key: int,
        period: Period,
        kind: PeriodKind,
        successors: Sequence[Successor],
        actor: str,
        now: datetime,
    ) -> dict[str, str]:
        """Open ``period``; returns each new budget's id by that of the one before. No token is used in it yet.

        What was planned for a budget in that period beforehand becomes its successor.
        """
        at = stored_time(now)
        self._connection.executemany(
            "INSERT INTO budget (budget_id, org_key, entity_key, category, budget_type, currency, provider,"
            " period_kind, period_start, period_end, amount, notes, is_active, in_cycle, carry, carry_cap, carried,"
            " base, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?)"
            f" {_TAKE_OVER}",
            (
                (
                    new_id(),
                    org_key,
                    ended.entity_key,
                    ended.category,
                    ended.budget_type,
                    ended.currency,
                    ended.provider,
                    kind,
                    period.start.isoformat(),
                    period.end.isoformat(),
                    opening.amount,
                    ended.notes,
                    ended.carry.policy,
                    ended.carry.cap,
                    opening.carried,
                    opening.base,
                    actor,
                    at,
                )
                for ended, opening in successors
            ),
        )
        opened = {
            (entity_key, category, budget_type, provider): budget_id
            for budget_id, entity_key, category, budget_type, provider in self._connection.execute(
                "SELECT budget_id, entity_key, category, budget_type, provider FROM budget"
                " WHERE org_key = ? AND period_start = ? AND period_end = ? AND in_cycle AND is_active",
                (org_key, period.start.isoformat(), period.end.isoformat()),
            )
        }
        ids = {
            ended.budget_id: opened[ended.entity_key, ended.category, ended.budget_type, ended.provider]
            for ended, _ in successors
        }
        self._connection.executemany(
            "INSERT INTO allocation (allocation_id, parent_budget_id, child_budget_id, amount, created_at)"
            " SELECT ?, ?, budget_id, amount, ? FROM budget WHERE budget_id = ?"
            " ON CONFLICT (child_budget_id) DO UPDATE SET parent_budget_id = excluded.parent_budget_id,"
            " amount = excluded.amount, updated_at = excluded.created_at",
            (
                (new_id(), ids.get(ended.parent_id, ended.parent_id), at, ids[ended.budget_id])
                for ended, _ in successors
                if ended.parent_id is not None
            ),
        )
        return ids

    def settle(self, budget_id: str, opening: Opening, actor: str, now: datetime) -> None:
        """Change what came along into a budget, and with it its amount."""
        self._connection.execute(
            "UPDATE budget SET carried = ?, amount = ?, updated_by = ?, updated_at = ? WHERE budget_id = ?",
            (opening.carried, opening.amount, actor, stored_time(now), budget_id),
        )
        self._connection.execute(
            "UPDATE allocation SET amount = ?, updated_at = ? WHERE child_budget_id = ?",
            (opening.amount, stored_time(now), budget_id),
        )

    def set_carry(self, budget_id: str, policy: CarryPolicy, cap: int | None, actor: str, now: datetime) -> None:
        """Choose what comes along when the budget's period closes."""
        self._connection.execute(
            "UPDATE budget SET carry = ?, carry_cap = ?, updated_by = ?, updated_at = ? WHERE budget_id = ?",
            (policy, cap, actor, stored_time(now), budget_id),
        )

    def set_rule(self, org_key: int, rule: PeriodRule, time_zone: str) -> None:
        """How the organization's periods recur from the next one on, and when its days begin."""
        self._connection.execute(
            "UPDATE organization SET period_kind = ?, anchor_day = ?, fiscal_start_month = ?, time_zone = ?"
            " WHERE org_key = ?",
            (rule.kind, rule.anchor_day, rule.fiscal_start_month, time_zone, org_key),
        )


# A budget that was planned for the period joins the cycle.
_TAKE_OVER = (
    "ON CONFLICT (org_key, entity_key, category, budget_type, provider, period_start, period_end) WHERE is_active"
    " DO UPDATE SET in_cycle = 1, carry = excluded.carry, carry_cap = excluded.carry_cap, carried = excluded.carried,"
    " base = excluded.base, amount = excluded.amount, updated_by = excluded.created_by,"
    " updated_at = excluded.created_at"
)
