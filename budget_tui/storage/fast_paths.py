"""Queries that run many times a second or must return in milliseconds, as SQL that every engine reads.

These are the snapshot of the dashboard, the monitor and ``status --line`` in every state that it can be in, grants of
an agent's tokens, and what an import needs to know before it reads. Loads no SQLAlchemy, which alone takes longer than
all of this. Other code with one of these queries calls it here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from budget_tui.domain.agent_logs import priced_name
from budget_tui.domain.budget import Budget, BudgetType, MoneyBudget, Organization
from budget_tui.domain.carry import NO_CARRY, Carry, CarryPolicy
from budget_tui.domain.cost import Category, CostOrigin
from budget_tui.domain.currency import Rate, UnconvertedCost
from budget_tui.domain.estimates import AGENT_SOURCE, HOLD_SOURCE, DisplacedEstimates
from budget_tui.domain.freshness import ImportedAccount
from budget_tui.domain.hierarchy import ROOT_ID, Entity, path_of, unstored_root
from budget_tui.domain.pacing import SPIKE_DAYS, burn_window
from budget_tui.domain.period import Period, PeriodKind, PeriodRule
from budget_tui.domain.snapshot import ProjectFact, Spend
from budget_tui.storage.database.base import Connection, Row, WriteConnection
from budget_tui.storage.ids import new_id
from budget_tui.storage.log_conditions import MESSAGE_IS_UNPRICED, MESSAGE_TOKENS, is_log, is_money

if TYPE_CHECKING:
    from budget_tui.domain.access import ApiKey
    from budget_tui.domain.hierarchy_history import HierarchyHistory
    from budget_tui.domain.records import (
        AgentFact,
        CycleBudget,
        CycleKey,
        Planned,
        StoredHold,
        StoredReservation,
    )
    from budget_tui.domain.recurring import Charge, ImportedCost, RecurringFee
    from budget_tui.domain.tokens import TokenKind


class FastPaths:
    """Queries over one connection, in one transaction; ``org`` is an organization's key."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _rows(self, statement: str, **parameters: object) -> Sequence[Row]:
        return self._connection.execute(statement, parameters)

    def _row(self, statement: str, **parameters: object) -> Row | None:
        rows = self._connection.execute(statement, parameters)
        return rows[0] if rows else None

    # Organizations and entities

    def organization(self, slug: str) -> Organization | None:
        """Return the organization of that slug; None if there is none."""
        row = self._row(
            "SELECT org_key, slug, name, currency, time_zone, period_kind, anchor_day, fiscal_start_month"
            " FROM organization WHERE slug = :slug",
            slug=slug,
        )
        if row is None:
            return None
        rule = PeriodRule(PeriodKind(row["period_kind"]), row["anchor_day"], row["fiscal_start_month"])
        return Organization(row["org_key"], row["slug"], row["name"], row["currency"], row["time_zone"], rule)

    def entities(self, org: int) -> list[Entity]:
        """Return every entity, archived ones too, in the order in which they were added."""
        return [_entity(row) for row in self._rows(f"{_ENTITY} ORDER BY entity_key", org=org)]

    def entity(self, org: int, entity_id: str) -> Entity | None:
        """Return the entity of that id, archived or not; None if there is none."""
        row = self._row(f"{_ENTITY} AND entity_id = :entity", org=org, entity=entity_id)
        return _entity(row) if row else None

    def enforced_paths(self, org: int) -> tuple[str, ...]:
        """Return the paths of the entities that are enforced."""
        rows = self._rows("SELECT path FROM entity WHERE org_key = :org AND enforced ORDER BY path", org=org)
        return tuple(row["path"] for row in rows)

    def hierarchy_history(self, org: int) -> HierarchyHistory:
        """Return the hierarchy now and in the past; for an organization that is not stored yet, the root alone."""
        from budget_tui.domain.hierarchy_history import FormerParent, HierarchyHistory

        parents: dict[int, int | None] = {
            row["entity_key"]: row["parent_key"]
            for row in self._rows("SELECT entity_key, parent_key FROM entity WHERE org_key = :org", org=org)
        }
        rows = self._rows(
            "SELECT f.through, f.entity_key, f.parent_key FROM former_parent f JOIN entity e"
            " ON e.entity_key = f.entity_key WHERE e.org_key = :org",
            org=org,
        )
        former_parents = (
            FormerParent(date.fromisoformat(row["through"]), row["entity_key"], row["parent_key"]) for row in rows
        )
        return HierarchyHistory(parents or {unstored_root("").entity_key: None}, former_parents)

    def newest_entry(self, org: int) -> int:
        """Return the number of the newest entry of the audit log; 0 if there is none."""
        row = self._row("SELECT max(audit_key) AS newest FROM audit WHERE org_key = :org", org=org)
        return row["newest"] or 0 if row else 0

    def is_review_due(self, org: int) -> bool:
        """Return whether nobody has reviewed the allocations since the latest period was closed; by hand, one does."""
        row = self._row(
            "SELECT after FROM audit WHERE org_key = :org AND action IN ('period.close', 'period.review')"
            " ORDER BY audit_key DESC LIMIT 1",
            org=org,
        )
        # An undone review leaves an entry without ``after``.
        return row is not None and "allocations" not in json.loads(row["after"] or "{}")

    # Budgets

    def global_budget(self, org: int, day: date) -> Budget | None:
        """Return the latest global budget that started by ``day``: total, monetary, in the organization's cycle."""
        # Look up the root first: else SQLite would read every budget of the organization.
        row = self._row(
            "SELECT b.budget_id, b.entity_key, b.currency, b.period_kind, b.period_start, b.period_end, b.amount,"
            " b.carry, b.carry_cap, b.carried, a.parent_budget_id,"
            " (SELECT o.fiscal_start_month FROM organization o WHERE o.org_key = b.org_key) AS fiscal_start"
            " FROM budget b LEFT JOIN allocation a ON a.child_budget_id = b.budget_id"
            " WHERE b.org_key = :org AND b.entity_key = (SELECT entity_key FROM entity WHERE org_key = :org"
            " AND entity_id = :root) AND b.category = 'total' AND b.budget_type = 'monetary' AND b.provider = ''"
            " AND b.in_cycle AND b.is_active AND b.period_start <= :day ORDER BY b.period_start DESC LIMIT 1",
            org=org,
            root=ROOT_ID,
            day=day.isoformat(),
        )
        if row is None:
            return None
        return Budget(
            row["budget_id"],
            row["entity_key"],
            Category.TOTAL,
            BudgetType.MONETARY,
            row["currency"],
            "",
            PeriodKind(row["period_kind"]),
            Period(date.fromisoformat(row["period_start"]), date.fromisoformat(row["period_end"]), row["fiscal_start"]),
            row["amount"],
            row["parent_budget_id"],
            _carry(row),
        )

    def project_facts(self, org: int, parent_id: str | None) -> list[ProjectFact]:
        """Return projects with their allocations from the budget ``parent_id``, in the order in which they were added.

        An archived one is included where that budget still counts it: in the periods before it was archived.
        """
        amounts = {
            row["entity_key"]: (row["amount"], _carry(row))
            for row in self._rows(
                "SELECT b.entity_key, b.amount, b.carry, b.carry_cap, b.carried FROM allocation a"
                " JOIN budget b ON b.budget_id = a.child_budget_id AND b.is_active WHERE a.parent_budget_id = :parent",
                parent=parent_id,
            )
        }
        # Join here, because SQLite would search all amounts for each project.
        rows = self._rows(
            "SELECT entity_key, entity_id, name, path, archived_at, enforced FROM entity"
            " WHERE org_key = :org AND level_code = 'project' ORDER BY entity_key",
            org=org,
        )
        return [
            ProjectFact(
                row["entity_id"],
                row["name"],
                row["path"],
                *amounts.get(row["entity_key"], (0, NO_CARRY)),
                bool(row["enforced"]),
            )
            for row in rows
            if row["archived_at"] is None or row["entity_key"] in amounts
        ]

    def allocated(self, parent_id: str | None) -> int:
        """Return the sum of the active budgets that were allocated from ``parent_id``, in the unit of their amounts."""
        row = self._row(
            "SELECT CAST(coalesce(sum(b.amount), 0) AS BIGINT) AS amount FROM allocation a"
            " JOIN budget b ON b.budget_id = a.child_budget_id AND b.is_active WHERE a.parent_budget_id = :parent",
            parent=parent_id,
        )
        return int(row["amount"]) if row else 0

    def money_budgets(self, entity_key: int, day: date) -> list[MoneyBudget]:
        """Return the active budgets of money of one entity whose days include ``day``."""
        rows = self._rows(
            "SELECT category, provider, amount, currency, period_start, period_end, in_cycle FROM budget"
            " WHERE entity_key = :entity AND is_active AND budget_type = 'monetary'"
            " AND period_start <= :day AND period_end >= :day ORDER BY period_start, budget_id",
            entity=entity_key,
            day=day.isoformat(),
        )
        return [
            MoneyBudget(
                row["category"],
                row["provider"],
                row["amount"],
                row["currency"],
                Period(date.fromisoformat(row["period_start"]), date.fromisoformat(row["period_end"])),
                bool(row["in_cycle"]),
            )
            for row in rows
        ]

    def child_budget(self, parent_id: str, entity_key: int) -> str:
        """Return the id of the active budget of an entity that was allocated from ``parent_id``; '' if it has none."""
        row = self._row(
            "SELECT b.budget_id FROM allocation a JOIN budget b ON b.budget_id = a.child_budget_id AND b.is_active"
            " WHERE a.parent_budget_id = :parent AND b.entity_key = :entity",
            parent=parent_id,
            entity=entity_key,
        )
        return str(row["budget_id"]) if row else ""

    # Logs

    def unpriced(self, org: int, days: Period) -> tuple[tuple[str, int], ...]:
        """Return the tokens in agents' logs of ``days`` that have no price and count, by `priced_name`."""
        if not self._rows(
            "SELECT 1 AS one FROM log_message WHERE org_key = :org AND amount_picos IS NULL LIMIT 1", org=org
        ):
            return ()
        rows = self._rows(
            f"SELECT o.service, log_message.tier, CAST(sum({MESSAGE_TOKENS}) AS BIGINT) AS tokens FROM log_message"
            " JOIN cost_origin o ON o.origin_key = log_message.origin_key"
            f" WHERE log_message.org_key = :org AND {MESSAGE_IS_UNPRICED}"
            " AND log_message.day >= :first AND log_message.day <= :last"
            " GROUP BY o.service, log_message.tier ORDER BY o.service, log_message.tier",
            org=org,
            first=day_number(days.start),
            last=day_number(days.end),
        )
        return tuple((priced_name(row["service"], row["tier"]), row["tokens"]) for row in rows)

    # The cycle

    def alerts_holding(self, org: int, running: Period, today: date) -> int:
        """Return how many of the alerts that were reported still hold: those of ``running``, the cycle's period,
        those on other budgets that run on ``today``, such as a quarter's, and the spikes of the last days."""
        row = self._row(
            "SELECT count(DISTINCT message_id) AS holding FROM (SELECT s.message_id FROM alert_state s"
            " JOIN alert_rule r ON r.rule_key = s.rule_key WHERE r.org_key = :org"
            " AND (s.period_start >= :since OR r.kind = 'spike' AND s.period_start >= :spikes_since)"
            " AND s.period_start <= :today"
            # The cross joins keep SQLite from beginning with the states, of which most are of budgets that ended.
            " UNION ALL SELECT s.message_id FROM budget b CROSS JOIN entity e CROSS JOIN alert_rule r"
            " CROSS JOIN alert_state s WHERE b.org_key = :org AND b.is_active AND NOT b.in_cycle"
            " AND b.period_start < :since AND b.period_end >= :today AND e.entity_key = b.entity_key"
            " AND r.org_key = :org AND s.rule_key = r.rule_key AND s.period_start = b.period_start"
            f" AND s.subject = {_SUBJECT}) AS reported",
            org=org,
            since=running.start.isoformat(),
            spikes_since=(today - timedelta(days=SPIKE_DAYS - 1)).isoformat(),
            today=today.isoformat(),
        )
        return int(row["holding"]) if row else 0

    def last_close(self, org: int) -> Period | None:
        """Return the latest period that was closed; None if none was."""
        row = self._row(
            "SELECT period_start, period_end FROM period_close WHERE org_key = :org ORDER BY period_start DESC LIMIT 1",
            org=org,
        )
        return Period(date.fromisoformat(row["period_start"]), date.fromisoformat(row["period_end"])) if row else None

    def has_recurring_fees(self, org: int) -> bool:
        """Return whether there ever was a recurring fee; every command asks, and most have none to book."""
        return bool(self._rows("SELECT 1 AS one FROM recurring_fee WHERE org_key = :org LIMIT 1", org=org))

    def has_estimates(self, org: int) -> bool:
        """Return whether there ever were estimates that a bill could replace; every command asks, and most have
        none."""
        return bool(
            self._rows(
                "SELECT 1 AS one FROM cost_origin WHERE org_key = :org AND (source IN (:holds, :agents)"
                f" OR {is_log('source')}) AND live AND provider <> '' LIMIT 1",
                org=org,
                holds=HOLD_SOURCE,
                agents=AGENT_SOURCE,
            )
        )

    def recurring_fees(self, org: int) -> list[RecurringFee]:
        """Return every recurring fee, ended ones too, in the order in which they were added."""
        rows = self._rows(
            "SELECT f.fee_key, f.entity_key, e.entity_id, e.path, f.name, f.amount_nanos, f.provider, f.category,"
            " f.every, f.on_day, f.starts_on, f.ended_on, f.booked_through, e.archived_at"
            " FROM recurring_fee f JOIN entity e ON e.entity_key = f.entity_key WHERE f.org_key = :org"
            " ORDER BY f.fee_key",
            org=org,
        )
        return [_recurring_fee(row) for row in rows]

    def recurring_charges(self, org: int, since: date) -> list[Charge]:
        """Return the charges of recurring fees from ``since`` on, by day."""
        rows = self._rows(
            "SELECT r.fee_key, r.day, r.amount_nanos, r.cost_key, r.billed_origin, r.billed_day, r.billed_nanos"
            " FROM recurring_fee f JOIN recurring_charge r ON r.fee_key = f.fee_key"
            " WHERE f.org_key = :org AND r.day >= :since ORDER BY r.day, r.fee_key",
            org=org,
            since=since.isoformat(),
        )
        return [_recurring_charge(row) for row in rows]

    def costs_imported(self, entity_keys: Collection[int], currency: str, days: Collection[date]) -> list[ImportedCost]:
        """Return what was imported for certain entities on ``days``, by origin and day."""
        from budget_tui.domain.recurring import ImportedCost

        rows = self._rows(
            "SELECT o.origin_key, o.entity_key, o.provider, o.service, c.day,"
            " CAST(sum(c.amount_nanos) AS BIGINT) AS amount FROM cost_origin o CROSS JOIN cost c"
            f" WHERE o.entity_key IN ({_listed(entity_keys)}) AND o.currency = :currency"
            f" AND c.origin_key = o.origin_key AND c.day IN ({_listed(map(day_number, days))})"
            " AND c.dataset_key IS NOT NULL GROUP BY o.origin_key, o.entity_key, o.provider, o.service, c.day",
            currency=currency,
        )
        return [
            ImportedCost(
                row["origin_key"],
                row["entity_key"],
                row["provider"],
                row["service"],
                day_of(row["day"]),
                row["amount"],
            )
            for row in rows
        ]

    def cycle_budgets(self, org: int, period_start: date) -> list[CycleBudget]:
        """Return the global budget of the period that started then, and all budgets that recur with it."""
        rows = self._rows(
            f"{_CYCLE_BUDGET} WHERE b.org_key = :org AND b.period_start = :start AND b.in_cycle AND b.is_active"
            " ORDER BY b.entity_key, b.budget_id",
            org=org,
            start=period_start.isoformat(),
        )
        return [_cycle_budget(row) for row in rows]

    def successors(self, org: int, closed: Period, opened: date) -> list[CycleBudget]:
        """Return the budgets that the close of ``closed`` opened the period with that started on ``opened``.

        What was added later, in the place of an archived one, too, received nothing of it.
        """
        rows = self._rows(
            f"{_CYCLE_BUDGET} JOIN period_close c ON c.org_key = b.org_key AND c.period_start = :closed"
            " WHERE b.org_key = :org AND b.period_start = :opened AND b.in_cycle AND b.is_active"
            " AND b.created_at <= c.closed_at ORDER BY b.entity_key, b.budget_id",
            org=org,
            closed=closed.start.isoformat(),
            opened=opened.isoformat(),
        )
        return [_cycle_budget(row) for row in rows]

    def with_successor(self, budget_id: str) -> tuple[CycleBudget, CycleBudget] | None:
        """Return a budget of the cycle and its successor; None while its period is open, or if it has no successor."""
        closed = self._row(f"{_CYCLE_BUDGET} WHERE b.budget_id = :budget AND b.in_cycle", budget=budget_id)
        successor = self._row(
            f"{_CYCLE_BUDGET} JOIN budget c ON c.org_key = b.org_key AND c.entity_key = b.entity_key"
            " AND c.category = b.category AND c.budget_type = b.budget_type AND c.provider = b.provider"
            " AND b.period_start > c.period_end"
            " WHERE c.budget_id = :budget AND c.in_cycle AND b.in_cycle AND b.is_active"
            " ORDER BY b.period_start LIMIT 1",
            budget=budget_id,
        )
        return (_cycle_budget(closed), _cycle_budget(successor)) if closed and successor else None

    def planned_for(self, org: int, period: Period) -> dict[CycleKey, Planned]:
        """Return the budgets planned for exactly ``period`` outside the cycle, which join it when the period opens."""
        from budget_tui.domain.records import CycleKey, Planned

        rows = self._rows(
            "SELECT entity_key, category, budget_type, provider, budget_id, amount, currency FROM budget"
            " WHERE org_key = :org AND period_start = :start AND period_end = :last AND is_active AND NOT in_cycle",
            org=org,
            start=period.start.isoformat(),
            last=period.end.isoformat(),
        )
        return {
            CycleKey(row["entity_key"], row["category"], row["budget_type"], row["provider"]): Planned(
                row["budget_id"], row["amount"], row["currency"]
            )
            for row in rows
        }

    # Costs

    def tags_to_keep(self, org: int, source: str) -> set[str]:
        """Return the tag keys of mapping rules and of the stored costs of ``source``, which an import must keep.

        An import begins with this, and loads SQLAlchemy while it reads: with two processors that saves a sixth of it.
        """
        rules = self._rows("SELECT field FROM cost_rule WHERE org_key = :org AND kind = 'entity'", org=org)
        stored = self._rows(
            "SELECT DISTINCT tags FROM cost_origin WHERE org_key = :org AND source = :source", org=org, source=source
        )
        of_rules = {row["field"].removeprefix("tag:") for row in rules if row["field"].startswith("tag:")}
        return of_rules.union(*(json.loads(row["tags"]) for row in stored))

    def was_imported_once(self, org: int, source: str) -> bool:
        """Return whether the newest charges of an imported ``source`` came as one-off costs, for the next import."""
        imported = "o.org_key = :org AND o.source = :source AND NOT o.live"
        is_any = self._row(
            f"SELECT 1 FROM cost_origin o WHERE {imported} AND o.charge_category = 'one-off'"
            " AND EXISTS (SELECT 1 FROM cost c WHERE c.origin_key = o.origin_key) LIMIT 1",
            org=org,
            source=source,
        )
        if is_any is None:
            return False
        newest = self._row(
            f"SELECT o.charge_category FROM cost c JOIN cost_origin o ON o.origin_key = c.origin_key WHERE {imported}"
            " AND o.charge_category IN ('one-off', 'usage') ORDER BY c.cost_key DESC LIMIT 1",
            org=org,
            source=source,
        )
        return newest is not None and newest["charge_category"] == "one-off"

    def imported_accounts(self, org: int, today: date) -> list[ImportedAccount]:
        """Return each billing account of each imported source that had costs by ``today``, by name."""
        ended = {
            (row["name"], row["billing_account_id"]): date.fromisoformat(row["ended_on"])
            for row in self._rows(
                "SELECT name, billing_account_id, ended_on FROM source WHERE org_key = :org AND ended_on IS NOT NULL",
                org=org,
            )
        }
        rows = self._rows(
            "SELECT source, account, max(last_day) AS last_day,"
            " max(CASE WHEN charge_category = 'usage' THEN latest END) AS last_use"
            " FROM (SELECT o.source, o.billing_account_id AS account, o.charge_category,"
            " (SELECT max(day) FROM cost c WHERE c.origin_key = o.origin_key AND c.day <= :today) AS last_day,"
            " (SELECT max(day) FROM cost c WHERE c.origin_key = o.origin_key) AS latest"
            # The sign keeps SQLite from using the index: in the order of keys, costs are found a fourth faster.
            " FROM cost_origin o WHERE +o.org_key = :org AND NOT o.live) known"
            " GROUP BY source, account ORDER BY source, account",
            org=org,
            today=day_number(today),
        )
        return [
            ImportedAccount(
                row["source"],
                row["account"],
                day_of(row["last_day"]),
                None if row["last_use"] is None else min(today, day_of(row["last_use"])),
                min(
                    filter(None, (ended.get((row["source"], "")), ended.get((row["source"], row["account"])))),
                    default=None,
                ),
            )
            for row in rows
            if row["last_day"] is not None
        ]

    def spend_by_path(
        self, org: int, currency: str, period: Period, today: date, data_through: date
    ) -> tuple[dict[str, Spend], Spend]:
        """Return the spend of each entity itself, in nanos by its path, and the unmapped spend.

        ``today`` is in ``period``: spend through it is spent, later spend in the period is scheduled.
        """
        start, after_today = map(day_number, period.through(today).half_open)
        scheduled = self._scheduled(org, currency, period, today)
        # The widest possible window: that of costs that began long ago.
        window = burn_window(today, data_through, date.min)
        rows = self._rows(
            "SELECT e.path, CAST(sum(o.spent) AS BIGINT) AS spent, CAST(sum(o.on_day) AS BIGINT) AS on_day,"
            " CAST(sum(o.burnt) AS BIGINT) AS burnt, min(o.first_day) AS first_day,"
            " CAST(sum(CASE WHEN o.is_once THEN o.on_day END) AS BIGINT) AS once"
            " FROM (SELECT o.entity_key, o.charge_category <> 'usage' AS is_once,"
            f" ({_SUM_OF_ORIGIN} AND day >= :start AND day < :after) AS spent,"
            f" ({_SUM_OF_ORIGIN} AND day = :today) AS on_day,"
            f" CASE WHEN o.charge_category = 'usage'"
            f" THEN ({_SUM_OF_ORIGIN} AND day BETWEEN :window_start AND :window_end) END AS burnt,"
            f" ({_FIRST_DAY_OF_ORIGIN}) AS first_day"
            " FROM cost_origin o WHERE o.org_key = :org AND o.currency = :currency) o"
            " LEFT JOIN entity e ON e.entity_key = o.entity_key GROUP BY o.entity_key, e.path",
            start=start,
            after=after_today,
            today=day_number(today),
            window_start=day_number(window.start),
            window_end=day_number(window.end),
            org=org,
            currency=currency,
        )
        spends = {
            row["path"]: Spend(
                row["spent"] or 0,
                row["on_day"] or 0,
                row["burnt"] or 0,
                day_of(row["first_day"]) if row["first_day"] else None,
                scheduled.get(row["path"], 0),
                row["once"] or 0,
            )
            for row in rows
        }
        return {path: spend for path, spend in spends.items() if path is not None}, spends.get(None, Spend())

    def reserved_by_path(self, org: int, period: Period, now: datetime) -> dict[str, int]:
        """Return the money that each entity itself has reserved in ``period``'s budgets, in nanos by its path."""
        rows = self._rows(
            # A cross join keeps its order: the few open reservations come first.
            "SELECT e.path, CAST(sum(r.amount_nanos) AS BIGINT) AS amount FROM reservation r CROSS JOIN budget b"
            " JOIN entity e ON e.entity_key = b.entity_key WHERE r.state = 'held' AND r.expires_at > :now"
            " AND r.amount_nanos > 0 AND b.budget_id = r.budget_id AND b.org_key = :org AND b.period_start = :start"
            " GROUP BY e.path",
            now=stored_time(now),
            org=org,
            start=period.start.isoformat(),
        )
        return {row["path"]: row["amount"] for row in rows}

    def reserved_until(self, org: int, now: datetime) -> datetime | None:
        """Return when the next reservation of money ends by itself; None without any."""
        row = self._row(
            "SELECT min(r.expires_at) AS expires_at FROM reservation r CROSS JOIN budget b WHERE r.state = 'held'"
            " AND r.expires_at > :now AND r.amount_nanos > 0 AND b.budget_id = r.budget_id AND b.org_key = :org",
            now=stored_time(now),
            org=org,
        )
        return _moment(row["expires_at"]) if row and row["expires_at"] else None

    def _scheduled(self, org: int, currency: str, period: Period, today: date) -> dict[str | None, int]:
        """Return the costs dated after ``today`` in ``period``, in nanos by the entity's path (None: unmapped)."""
        if today >= period.end:
            return {}
        rows = self._rows(
            "SELECT e.path, CAST(sum(c.amount_nanos) AS BIGINT) AS amount FROM cost c CROSS JOIN cost_origin o"
            " LEFT JOIN entity e ON e.entity_key = o.entity_key"
            " WHERE c.day > :today AND c.day < :after AND o.origin_key = c.origin_key AND o.org_key = :org"
            " AND o.currency = :currency GROUP BY o.entity_key, e.path",
            today=day_number(today),
            after=day_number(period.half_open[1]),
            org=org,
            currency=currency,
        )
        return {row["path"]: row["amount"] for row in rows}

    def spent_by_path(self, org: int, currency: str, period: Period) -> tuple[dict[str, int], int]:
        """Return the spend of each entity itself in ``period``, in nanos by its path, and the unmapped spend."""
        start, after = map(day_number, period.half_open)
        rows = self._rows(
            "SELECT e.path, CAST(sum(o.spent) AS BIGINT) AS spent FROM (SELECT o.entity_key,"
            f" ({_SUM_OF_ORIGIN} AND c.day >= :start AND c.day < :after) AS spent"
            " FROM cost_origin o WHERE o.org_key = :org AND o.currency = :currency) o"
            " LEFT JOIN entity e ON e.entity_key = o.entity_key GROUP BY o.entity_key, e.path",
            start=start,
            after=after,
            org=org,
            currency=currency,
        )
        spent = {row["path"]: row["spent"] or 0 for row in rows}
        unmapped = spent.pop(None, 0)
        return spent, unmapped

    def daily_spend(self, org: int, currency: str, period: Period) -> tuple[tuple[date, int], ...]:
        """Return the spend of each day of ``period`` that has costs, in nanos, unmapped ones included."""
        start, after = map(day_number, period.half_open)
        others = self._rows(
            "SELECT 1 AS one FROM cost_origin WHERE org_key <> :org OR currency <> :currency LIMIT 1",
            org=org,
            currency=currency,
        )
        # Where all costs count, which is so for most, it takes half of the time not to look at each one's origin.
        own = " AND o.origin_key = c.origin_key AND o.org_key = :org AND o.currency = :currency" if others else ""
        rows = self._rows(
            "SELECT c.day, CAST(sum(c.amount_nanos) AS BIGINT) AS amount"
            f" FROM cost c{' CROSS JOIN cost_origin o' if others else ''}"
            f" WHERE c.day >= :start AND c.day < :after{own} GROUP BY c.day ORDER BY c.day",
            start=start,
            after=after,
            org=org,
            currency=currency,
        )
        return tuple((day_of(row["day"]), row["amount"]) for row in rows)

    def daily_spend_by_path(self, org: int, currency: str, days: Period) -> list[tuple[str | None, date, int]]:
        """Return the spend of each entity itself on each of ``days`` that has any, in nanos, by its path (None:
        unmapped)."""
        start, after = map(day_number, days.half_open)
        rows = self._rows(
            "SELECT e.path, c.day, CAST(sum(c.amount_nanos) AS BIGINT) AS amount FROM cost c CROSS JOIN cost_origin o"
            " LEFT JOIN entity e ON e.entity_key = o.entity_key"
            " WHERE c.day >= :start AND c.day < :after AND o.origin_key = c.origin_key AND o.org_key = :org"
            " AND o.currency = :currency GROUP BY c.day, o.entity_key, e.path",
            start=start,
            after=after,
            org=org,
            currency=currency,
        )
        return [(row["path"], day_of(row["day"]), row["amount"]) for row in rows]

    def costs_below(
        self, org: int, path: str, budget: MoneyBudget, days: Period, currency: str
    ) -> list[UnconvertedCost]:
        """Return the costs of ``days`` that count in a budget of the entity at ``path``; the root's has unmapped ones.

        Those in ``currency`` are sums of a day, the others those of each origin on each day.
        """
        start, after = map(day_number, days.half_open)
        rows = self._rows(
            "SELECT o.currency, c.day, CAST(sum(c.amount_nanos) AS BIGINT) AS amount FROM cost_origin o"
            " CROSS JOIN cost c LEFT JOIN entity e ON e.entity_key = o.entity_key"
            " WHERE o.org_key = :org AND (:category = 'total' OR o.category = :category)"
            " AND (:provider = '' OR o.provider = :provider)"
            " AND (substr(e.path, 1, :length) = :path OR (o.entity_key IS NULL AND :path = :root))"
            " AND c.origin_key = o.origin_key AND c.day >= :start AND c.day < :after"
            " GROUP BY CASE WHEN o.currency = :currency THEN 0 ELSE o.origin_key END, o.currency, c.day",
            org=org,
            currency=currency,
            category=budget.category,
            provider=budget.provider,
            path=path,
            length=len(path),
            root=path_of("/", ROOT_ID),
            start=start,
            after=after,
        )
        return [UnconvertedCost(path, row["currency"], day_of(row["day"]), row["amount"], 1) for row in rows]

    def unmapped_costs(self, org: int, currency: str, period: Period) -> int:
        """Return the number of charges in ``period`` that are unmapped."""
        start, after = map(day_number, period.half_open)
        row = self._row(
            # A cross join keeps its order: the few origins wanted here come first.
            "SELECT CAST(coalesce(sum(c.charges), 0) AS BIGINT) AS charges FROM cost_origin o CROSS JOIN cost c"
            " WHERE c.origin_key = o.origin_key AND c.day >= :start AND c.day < :after"
            " AND o.org_key = :org AND o.currency = :currency AND o.entity_key IS NULL",
            start=start,
            after=after,
            org=org,
            currency=currency,
        )
        return int(row["charges"]) if row else 0

    def paid_by_plans(self, org: int, days: Period, path: str) -> dict[str, int]:
        """Return what the tokens that plans with a flat fee pay for would have cost on ``days`` at and below ``path``,
        in nanos by currency."""
        start, after = map(day_number, days.half_open)
        rows = self._rows(
            "SELECT o.currency, CAST(sum(r.amount_nanos) AS BIGINT) AS amount FROM source s"
            " JOIN cost_origin o ON o.org_key = s.org_key AND o.source = s.name"
            " JOIN entity e ON e.entity_key = o.entity_key AND substr(e.path, 1, :length) = :path"
            " JOIN cost c ON c.origin_key = o.origin_key AND c.day >= :start AND c.day < :after"
            " JOIN replaced_estimate r ON r.cost_key = c.cost_key"
            " WHERE s.org_key = :org AND s.flat_fee GROUP BY o.currency ORDER BY o.currency",
            org=org,
            path=path,
            length=len(path),
            start=start,
            after=after,
        )
        return {row["currency"]: row["amount"] for row in rows}

    def displaced_estimates(self, org: int, days: Period) -> tuple[DisplacedEstimates, ...]:
        """Return the estimates of entities on ``days`` whose bill is unmapped, the largest first."""
        start, after = map(day_number, days.half_open)
        rows = self._rows(
            "SELECT e.entity_id, e.name, o.provider, o.currency, CAST(sum(r.amount_nanos) AS BIGINT) AS amount"
            " FROM replaced_estimate r JOIN cost c ON c.cost_key = r.cost_key"
            " JOIN cost_origin o ON o.origin_key = c.origin_key JOIN entity e ON e.entity_key = o.entity_key"
            # The sums keep SQLite from beginning with the costs of the days, of which there are many more.
            " WHERE r.is_displaced AND o.org_key + 0 = :org AND c.day + 0 >= :start AND c.day + 0 < :after"
            " GROUP BY e.entity_id, e.name, o.provider, o.currency HAVING sum(r.amount_nanos) > 0"
            " ORDER BY amount DESC, e.entity_id, o.provider, o.currency",
            org=org,
            start=start,
            after=after,
        )
        return tuple(
            DisplacedEstimates(row["entity_id"], row["name"], row["provider"], row["currency"], row["amount"])
            for row in rows
        )

    # Other currencies

    def other_currencies(self, org: int, currency: str) -> list[str]:
        """Return the other currencies in which there were ever costs."""
        rows = self._rows(
            "SELECT DISTINCT currency FROM cost_origin WHERE org_key = :org AND currency <> :currency"
            " ORDER BY currency",
            org=org,
            currency=currency,
        )
        return [row["currency"] for row in rows]

    def costs_in_other_currencies(self, org: int, currency: str, days: Period) -> list[UnconvertedCost]:
        """Return the costs of each origin in another currency on each of ``days``."""
        start, after = map(day_number, days.half_open)
        rows = self._rows(
            "SELECT e.path, o.currency, c.day, CAST(sum(c.amount_nanos) AS BIGINT) AS amount,"
            " CAST(sum(c.charges) AS BIGINT) AS charges, o.charge_category"
            " FROM cost_origin o CROSS JOIN cost c LEFT JOIN entity e ON e.entity_key = o.entity_key"
            # The sign keeps SQLite from using the index: in the order of keys, grouping needs no sorting.
            " WHERE c.origin_key = o.origin_key AND c.day >= :start AND c.day < :after AND +o.org_key = :org"
            " AND o.currency <> :currency GROUP BY o.origin_key, c.day, e.path, o.currency, o.charge_category",
            start=start,
            after=after,
            org=org,
            currency=currency,
        )
        return [
            UnconvertedCost(
                row["path"],
                row["currency"],
                day_of(row["day"]),
                row["amount"],
                row["charges"],
                row["charge_category"] != "usage",
            )
            for row in rows
        ]

    def first_costs(self, org: int, currency: str, since: date) -> dict[str | None, date]:
        """Return the first day from ``since`` on with a cost in ``currency``, by the entity's path (None: unmapped)."""
        rows = self._rows(
            "SELECT e.path, min(o.first_day) AS first_day FROM (SELECT o.entity_key,"
            f" ({_FIRST_DAY_OF_ORIGIN} AND c.day >= :since) AS first_day"
            " FROM cost_origin o WHERE o.org_key = :org AND o.currency = :currency) o"
            " LEFT JOIN entity e ON e.entity_key = o.entity_key GROUP BY o.entity_key, e.path",
            since=day_number(since),
            org=org,
            currency=currency,
        )
        return {row["path"]: day_of(row["first_day"]) for row in rows if row["first_day"] is not None}

    def rate_pairs(self, org: int) -> list[tuple[str, str]]:
        """Return the pairs of currencies that have rates, as (base, quote), by name.

        The query skips from pair to pair, because each may have 7,000 days.
        """
        following = (
            "(SELECT r.{} FROM fx_rate r WHERE r.org_key = :org AND (r.base, r.quote) > (pair.base, pair.quote)"
            " ORDER BY r.base, r.quote LIMIT 1)"
        )
        rows = self._rows(
            "WITH RECURSIVE pair(base, quote) AS (SELECT base, quote FROM (SELECT base, quote FROM fx_rate"
            " WHERE org_key = :org ORDER BY base, quote LIMIT 1) earliest UNION ALL"
            f" SELECT {following.format('base')}, {following.format('quote')} FROM pair WHERE pair.base IS NOT NULL)"
            " SELECT base, quote FROM pair WHERE base IS NOT NULL",
            org=org,
        )
        return [(row["base"], row["quote"]) for row in rows]

    def rates(self, org: int, pairs: Sequence[tuple[str, str]], days: Period) -> list[Rate]:
        """Return the rates of ``pairs`` valid on ``days``: those of these days, and the last one before them."""
        found = []
        for base, quote in pairs:
            rows = self._rows(
                "SELECT day, rate FROM fx_rate WHERE org_key = :org AND base = :base AND quote = :quote"
                " AND day <= :last AND day >= coalesce((SELECT max(day) FROM fx_rate WHERE org_key = :org"
                " AND base = :base AND quote = :quote AND day <= :first), :first) ORDER BY day",
                org=org,
                base=base,
                quote=quote,
                first=days.start.isoformat(),
                last=days.end.isoformat(),
            )
            found += [Rate(base, quote, date.fromisoformat(row["day"]), Decimal(row["rate"])) for row in rows]
        return found

    def first_rates(self, org: int, pairs: Sequence[tuple[str, str]]) -> list[Rate]:
        """Return the earliest rate of each of ``pairs``."""
        found = []
        for base, quote in pairs:
            rows = self._rows(
                "SELECT day, rate FROM fx_rate WHERE org_key = :org AND base = :base AND quote = :quote"
                " ORDER BY day LIMIT 1",
                org=org,
                base=base,
                quote=quote,
            )
            found += [Rate(base, quote, date.fromisoformat(row["day"]), Decimal(row["rate"])) for row in rows]
        return found

    # Keys to the HTTP API, which every request presents

    def api_key(self, key_id: str) -> ApiKey | None:
        """Return the key of that id, revoked or not, of any organization: the key determines which one."""
        from budget_tui.domain.access import ApiKey, Scope

        row = self._row(
            "SELECT k.key_id, o.slug, k.name, k.scope, k.hash, k.created_by, k.created_at, k.revoked_at"
            " FROM api_key k JOIN organization o ON o.org_key = k.org_key WHERE k.key_id = :key",
            key=key_id,
        )
        if row is None:
            return None
        return ApiKey(
            row["key_id"],
            row["slug"],
            row["name"],
            Scope(row["scope"]),
            row["hash"],
            row["created_by"],
            _moment(row["created_at"]),
            _moment(row["revoked_at"]) if row["revoked_at"] else None,
        )

    def has_active_key(self) -> bool:
        """Return whether any key to this database is active."""
        return self._row("SELECT key_id FROM api_key WHERE revoked_at IS NULL LIMIT 1") is not None

    # Grants of tokens

    def agent(self, org: int, agent_id: str, period: Period) -> AgentFact | None:
        """Return the agent of that id, archived or not, with its budget of ``period``."""
        found = self._agents(org, period, " AND e.entity_id = :agent", agent=agent_id)
        return found[0] if found else None

    def agents(self, org: int, period: Period) -> list[AgentFact]:
        """Return the agents that are not archived, nor their parents, in the order in which they were added."""
        return self._agents(org, period, " AND e.archived_at IS NULL AND p.archived_at IS NULL ORDER BY e.entity_key")

    def _agents(self, org: int, period: Period, which: str, **parameters: object) -> list[AgentFact]:
        from budget_tui.domain.records import AgentFact

        rows = self._rows(
            "SELECT e.entity_key, e.entity_id AS agent_id, e.name, e.path, e.archived_at IS NOT NULL AS archived,"
            " p.archived_at IS NOT NULL AS is_parent_archived, coalesce(a.model, '') AS model,"
            " EXISTS (SELECT 1 FROM token_price t WHERE t.org_key = e.org_key AND t.model = a.model) AS is_priced,"
            " coalesce(b.budget_id, '') AS budget_id, coalesce(b.amount, 0) AS allocated,"
            " coalesce(b.used, 0) AS used, coalesce(b.reserved, 0) AS reserved"
            " FROM entity e JOIN entity p ON p.entity_key = e.parent_key"
            " LEFT JOIN agent a ON a.entity_key = e.entity_key"
            " LEFT JOIN budget b ON b.is_active AND b.org_key = e.org_key AND b.entity_key = e.entity_key"
            " AND b.category = 'genai' AND b.budget_type = 'token' AND b.provider = ''"
            " AND b.period_start = :start AND b.period_end = :last"
            f" WHERE e.org_key = :org AND e.level_code = 'agent' AND NOT e.is_undone{which}",
            org=org,
            start=period.start.isoformat(),
            last=period.end.isoformat(),
            **parameters,
        )
        return [AgentFact._make(row[name] for name in AgentFact._fields) for row in rows]

    def token_counts(self, budget_id: str) -> tuple[int, int, int]:
        """Return the allocated, used and reserved tokens of a budget, which must exist."""
        row = self._row("SELECT amount, used, reserved FROM budget WHERE budget_id = :budget", budget=budget_id)
        assert row is not None
        return row["amount"], row["used"], row["reserved"]

    def expired_tokens(self, budget_id: str, now: datetime) -> int:
        """Return the tokens of a budget's reservations that have expired, which count as free already."""
        row = self._row(
            "SELECT CAST(coalesce(sum(tokens), 0) AS BIGINT) AS tokens FROM reservation"
            " WHERE budget_id = :budget AND state = 'held' AND expires_at <= :now",
            budget=budget_id,
            now=stored_time(now),
        )
        return int(row["tokens"]) if row else 0

    def reservation(self, org: int, reservation_id: str) -> StoredReservation | None:
        """Return the reservation of that id, in whatever state; None if there is none."""
        from budget_tui.domain.records import StoredReservation

        row = self._row(
            "SELECT r.reservation_id, b.entity_key, e.entity_id, coalesce(a.model, '') AS model,"
            " EXISTS (SELECT 1 FROM token_price t WHERE t.org_key = b.org_key AND t.model = a.model) AS is_priced,"
            " r.budget_id, r.tokens, r.amount_nanos, r.state, b.period_end, r.expires_at, e.path, r.settled_tokens,"
            " r.settled_output, r.settled_cached"
            " FROM reservation r JOIN budget b ON b.budget_id = r.budget_id"
            " JOIN entity e ON e.entity_key = b.entity_key LEFT JOIN agent a ON a.entity_key = b.entity_key"
            " WHERE r.reservation_id = :reservation AND b.org_key = :org AND r.tokens > 0",
            reservation=reservation_id,
            org=org,
        )
        if row is None:
            return None
        return StoredReservation(
            row["reservation_id"],
            row["entity_key"],
            row["entity_id"],
            row["model"],
            bool(row["is_priced"]),
            row["budget_id"],
            row["tokens"],
            row["amount_nanos"],
            row["state"],
            date.fromisoformat(row["period_end"]),
            _moment(row["expires_at"]),
            row["path"],
            row["settled_tokens"],
            row["settled_output"],
            row["settled_cached"],
        )

    def hold(self, org: int, hold_id: str) -> StoredHold | None:
        """Return the hold of that id, in whatever state; None if there is none."""
        row = self._row(f"{_HOLD} AND r.reservation_id = :hold", org=org, hold=hold_id)
        return _hold(row) if row else None

    def open_holds(self, org: int, now: datetime) -> list[StoredHold]:
        """Return the holds whose time is not up, the first to end first."""
        rows = self._rows(
            f"{_HOLD} AND r.state = 'held' AND r.expires_at > :now ORDER BY r.expires_at, r.reservation_id",
            org=org,
            now=stored_time(now),
        )
        return [_hold(row) for row in rows]

    def prices_on(self, org: int, model: str, day: date) -> dict[TokenKind, int]:
        """Return the price of a million tokens on ``day``, in nanos, for each kind that has one by then."""
        from budget_tui.domain.tokens import TokenKind

        rows = self._rows(
            "SELECT kind, amount_nanos FROM token_price WHERE org_key = :org AND model = :model"
            " AND starts_on <= :day ORDER BY starts_on",
            org=org,
            model=model,
            day=day.isoformat(),
        )
        return {TokenKind(row["kind"]): row["amount_nanos"] for row in rows}

    def tokens_on(self, entity_key: int, model: str, day: date) -> dict[TokenKind, int]:
        """Return the tokens that an agent used of a model on a day, by kind."""
        from budget_tui.domain.tokens import TokenKind

        rows = self._rows(
            "SELECT kind, tokens FROM token_use WHERE entity_key = :entity AND day = :day AND model = :model",
            entity=entity_key,
            day=day_number(day),
            model=model,
        )
        sums: dict[str, int] = {}
        for row in rows:  # quicker than a sum by kind, which is sorted first
            sums[row["kind"]] = sums.get(row["kind"], 0) + row["tokens"]
        return {TokenKind(kind): tokens for kind, tokens in sums.items()}

    def agent_origin(self, entity_key: int, source: str, model: str) -> int | None:
        """Return the key of the origin of an agent's costs for a model; None before the first cost."""
        row = self._row(
            "SELECT origin_key FROM cost_origin WHERE entity_key = :entity AND source = :source AND live"
            " AND service = :model",
            entity=entity_key,
            source=source,
            model=model,
        )
        return int(row["origin_key"]) if row else None

    def stored_result(self, org: int, command: str, key: str) -> tuple[str, str] | None:
        """Return the request and its result, as stored under an idempotency key; None if the key is new."""
        row = self._row(
            "SELECT request, answer FROM idempotency WHERE org_key = :org AND command = :command AND key = :key",
            org=org,
            command=command,
            key=key,
        )
        return (row["request"], row["answer"]) if row else None


class Grants:
    """Changes to an agent's tokens, each a conditional update that takes effect whole or not at all.

    ``actor`` is who changes something, ``now`` when.
    """

    def __init__(self, connection: WriteConnection) -> None:
        self._connection = connection

    def _change(self, statement: str, **parameters: object) -> int:
        return self._connection.change(statement, parameters)

    def use(self, budget_id: str, tokens: int, reserved: int = 0) -> bool:
        """Use ``tokens`` in place of ``reserved`` ones: all of them, or none; return False if they don't fit."""
        taken = self._connection.execute(
            "UPDATE budget SET used = used + :tokens, reserved = reserved - :reserved"
            " WHERE budget_id = :budget AND :tokens <= amount - used - reserved + :reserved RETURNING used",
            {"budget": budget_id, "tokens": tokens, "reserved": reserved},
        )
        for row in taken:
            self._connection.note_used_tokens(budget_id, row["used"])
        return bool(taken)

    def reserve(
        self, budget_id: str, tokens: int, expires_at: datetime, actor: str, now: datetime, nanos: int = 0
    ) -> str:
        """Reserve ``tokens``, and ``nanos`` for their cost, until ``expires_at``; return the reservation's id.

        '' when the tokens don't fit.
        """
        has_room = self._change(
            "UPDATE budget SET reserved = reserved + :tokens"
            " WHERE budget_id = :budget AND :tokens <= amount - used - reserved",
            budget=budget_id,
            tokens=tokens,
        )
        if not has_room:
            return ""
        return self._add_reservation(budget_id, tokens, nanos, expires_at, actor, now)

    def hold(self, budget_id: str, nanos: int, expires_at: datetime, actor: str, now: datetime) -> str:
        """Reserve money until ``expires_at``, whatever is left; return the reservation's id.

        Holds of the same budget that have expired are marked.
        """
        self._change(
            "UPDATE reservation SET state = 'expired' WHERE budget_id = :budget AND state = 'held' AND tokens = 0"
            " AND expires_at <= :now",
            budget=budget_id,
            now=stored_time(now),
        )
        return self._add_reservation(budget_id, 0, nanos, expires_at, actor, now)

    def _add_reservation(
        self, budget_id: str, tokens: int, nanos: int, expires_at: datetime, actor: str, now: datetime
    ) -> str:
        reservation_id = new_id()
        self._change(
            "INSERT INTO reservation (reservation_id, budget_id, tokens, amount_nanos, state, expires_at, created_by,"
            " created_at) VALUES (:reservation, :budget, :tokens, :nanos, 'held', :expires_at, :actor, :now)",
            reservation=reservation_id,
            budget=budget_id,
            tokens=tokens,
            nanos=nanos,
            expires_at=stored_time(expires_at),
            actor=actor,
            now=stored_time(now),
        )
        return reservation_id

    def end_reservation(
        self,
        reservation_id: str,
        state: str,
        settled: int | None = None,
        nanos: int | None = None,
        kinds: tuple[int | None, int | None] = (None, None),
    ) -> None:
        """Mark a reservation as ``state``, with the tokens and the nanos that were settled; ``kinds``
        are the output and the cached ones of these tokens.

        Its tokens must be released from the budget separately.
        """
        self._change(
            "UPDATE reservation SET state = :state, settled_tokens = :settled, settled_nanos = :nanos,"
            " settled_output = :output, settled_cached = :cached WHERE reservation_id = :reservation",
            state=state,
            settled=settled,
            nanos=nanos,
            output=kinds[0],
            cached=kinds[1],
            reservation=reservation_id,
        )

    def release(self, budget_id: str, tokens: int) -> None:
        """Make reserved tokens of a budget available again."""
        self._change(
            "UPDATE budget SET reserved = reserved - :tokens WHERE budget_id = :budget",
            budget=budget_id,
            tokens=tokens,
        )

    def release_expired(self, budget_id: str, now: datetime) -> None:
        """Release the tokens of reservations that have expired."""
        expired = self._connection.execute(
            "UPDATE reservation SET state = 'expired' WHERE budget_id = :budget AND state = 'held'"
            " AND expires_at <= :now RETURNING tokens",
            {"budget": budget_id, "now": stored_time(now)},
        )
        if expired:
            self.release(budget_id, sum(row["tokens"] for row in expired))

    def lower_carried(self, budget_id: str, tokens: int) -> bool:
        """Take back carried-over tokens from a budget; return False, with nothing done, when they are in use."""
        return bool(
            self._change(
                "UPDATE budget SET carried = carried - :tokens, amount = amount - :tokens"
                " WHERE budget_id = :budget AND amount - used - reserved >= :tokens",
                budget=budget_id,
                tokens=tokens,
            )
        )

    def count(self, entity_key: int, model: str, tokens: Mapping[TokenKind, int], day: date, now: datetime) -> None:
        """Add to the agent's usage in this hour."""
        from budget_tui.domain.tokens import hour_number

        number, hour = day_number(day), hour_number(now)
        for kind, count in tokens.items():
            use: dict[str, object] = {
                "tokens": count,
                "entity": entity_key,
                "day": number,
                "hour": hour,
                "model": model,
                "kind": str(kind),
            }
            # There nearly always is a row, and an upsert takes half as long again.
            if not self._connection.change(
                "UPDATE token_use SET tokens = tokens + :tokens WHERE entity_key = :entity AND day = :day"
                " AND hour = :hour AND model = :model AND kind = :kind",
                use,
            ):
                self._connection.change(
                    "INSERT INTO token_use (tokens, entity_key, day, hour, model, kind)"
                    " VALUES (:tokens, :entity, :day, :hour, :model, :kind)",
                    use,
                )

    def set_cost(self, origin_key: int, day: date, nanos: int, tokens: int) -> int:
        """Set the cost of an origin's day, in nanos; return what it was before.

        While a bill counts in its place, only the estimate beside the bill is set.
        """
        number = day_number(day)
        before = self._connection.execute(
            "SELECT c.cost_key, c.amount_nanos, r.amount_nanos AS estimated FROM cost c"
            " LEFT JOIN replaced_estimate r ON r.cost_key = c.cost_key WHERE c.origin_key = :origin AND c.day = :day",
            {"origin": origin_key, "day": number},
        )
        if not before:
            self._change(
                "INSERT INTO cost (origin_key, day, amount_nanos, tokens, charges)"
                " VALUES (:origin, :day, :nanos, :tokens, 1)",
                origin=origin_key,
                day=number,
                nanos=nanos,
                tokens=tokens,
            )
            return 0
        cost, estimated = before[0]["cost_key"], before[0]["estimated"]
        if estimated is not None:
            self._change(
                "UPDATE replaced_estimate SET amount_nanos = :nanos WHERE cost_key = :cost", nanos=nanos, cost=cost
            )
        self._change(
            "UPDATE cost SET amount_nanos = :nanos, tokens = :tokens WHERE cost_key = :cost",
            nanos=nanos if estimated is None else 0,
            tokens=tokens,
            cost=cost,
        )
        return int(before[0]["amount_nanos"] if estimated is None else estimated)

    def store_result(self, org_key: int, command: str, key: str, request: str, result: str, now: datetime) -> None:
        """Store the result of the request made under ``key``, and delete old results.

        At most two that are older than `RESULT_RETENTION`: more than the one added, so that their number falls.
        """
        self._change(
            "DELETE FROM idempotency WHERE created_at <= (SELECT created_at FROM idempotency"
            " WHERE created_at < :kept_since ORDER BY created_at LIMIT 1 OFFSET 1)",
            kept_since=stored_time(now - RESULT_RETENTION),
        )
        self._change(
            "INSERT INTO idempotency (org_key, command, key, request, answer, created_at)"
            " VALUES (:org, :command, :key, :request, :answer, :now)",
            org=org_key,
            command=command,
            key=key,
            request=request,
            answer=result,
            now=stored_time(now),
        )


class FeeBook:
    """Changes to the charges of recurring fees, and to the costs that they are booked as.

    A gate foresees them: they are on a fast path because it waits for them.
    """

    def __init__(self, connection: WriteConnection) -> None:
        self._connection = connection

    def set_booked_through(self, fee_key: int, day: date) -> None:
        self._connection.change(
            "UPDATE recurring_fee SET booked_through = :day WHERE fee_key = :fee",
            {"day": day.isoformat(), "fee": fee_key},
        )

    def book(self, org: int, origin: CostOrigin, entity_key: int, charge: Charge, new_key: int | None = None) -> int:
        """Store a charge as a cost of an origin, whose hints are right; add the origin if it is new. Return the key.

        ``new_key`` is the key of a new origin, by default the next one.
        """
        named: dict[str, object] = {
            "org": org,
            "source": origin.source,
            "currency": origin.currency,
            "provider": origin.provider_name,
            "service": origin.service,
            "entity": origin.entity_hint,
            "category": str(origin.category_hint),
            "charge": str(origin.charge_category),
        }
        column, value = ("", "") if new_key is None else ("origin_key, ", ":new_key, ")
        known = self._connection.execute(
            "SELECT origin_key FROM cost_origin WHERE org_key = :org AND source = :source AND live"
            " AND currency = :currency AND provider_name = :provider AND service = :service AND service_category = ''"
            " AND service_subcategory = '' AND sub_account_id = '' AND sub_account_name = '' AND entity_hint = :entity"
            " AND path_hint = '' AND category_hint = :category AND tags = '{}' AND billing_account_id = ''"
            " AND charge_category = :charge",
            named,
        ) or self._connection.execute(
            f"INSERT INTO cost_origin ({column}org_key, source, live, currency, provider_name, service,"
            " service_category, service_subcategory, sub_account_id, sub_account_name, entity_hint, path_hint,"
            " category_hint, tags, billing_account_id, charge_category, entity_key, provider, category)"
            f" VALUES ({value}:org, :source, TRUE, :currency, :provider, :service, '', '', '', '', :entity, '',"
            " :category, '{}', '', :charge, :key, :provider, :category) RETURNING origin_key",
            {**named, "key": entity_key, "new_key": new_key},
        )
        [cost] = self._connection.execute(
            "INSERT INTO cost (origin_key, day, amount_nanos, charges) VALUES (:origin, :day, :nanos, 1)"
            " RETURNING cost_key",
            {"origin": known[0]["origin_key"], "day": day_number(charge.day), "nanos": charge.amount},
        )
        return int(cost["cost_key"])

    def put(self, charge: Charge) -> None:
        """Store a charge that is not stored."""
        bill = charge.bill
        self._connection.change(
            "INSERT INTO recurring_charge (fee_key, day, amount_nanos, cost_key, billed_origin, billed_day,"
            " billed_nanos) VALUES (:fee, :day, :nanos, :cost, :billed_origin, :billed_day, :billed_nanos)",
            {
                "fee": charge.fee_key,
                "day": charge.day.isoformat(),
                "nanos": charge.amount,
                "cost": charge.cost_key,
                "billed_origin": bill.origin_key if bill else None,
                "billed_day": bill.day.isoformat() if bill else None,
                "billed_nanos": bill.amount if bill else None,
            },
        )

    def remove(self, charge: Charge) -> None:
        """Remove a charge, with the cost that it was booked as."""
        self._connection.change(
            "DELETE FROM recurring_charge WHERE fee_key = :fee AND day = :day",
            {"fee": charge.fee_key, "day": charge.day.isoformat()},
        )
        if charge.cost_key is not None:
            self._connection.change("DELETE FROM cost WHERE cost_key = :cost", {"cost": charge.cost_key})


RESULT_RETENTION = timedelta(days=90)
"""The minimum time for which a request can be repeated under its key."""

# One short range of the covering index per origin: half the time of one wide range with conditional sums.
_SUM_OF_ORIGIN = "SELECT CAST(sum(amount_nanos) AS BIGINT) FROM cost c WHERE c.origin_key = o.origin_key"
_FIRST_DAY_OF_ORIGIN = (
    f"SELECT min(c.day) FROM cost c WHERE c.origin_key = o.origin_key AND {is_money('c.amount_nanos', 'o.source')}"
)
_ENTITY = (
    "SELECT entity_key, entity_id, name, level_code, path, archived_at, enforced FROM entity"
    " WHERE org_key = :org AND NOT is_undone"
)
_SUBJECT = (
    "e.entity_id || '/' || b.category || '/' || b.provider || '/' || b.budget_type || '/'"
    " || CASE WHEN b.period_kind = 'custom' THEN 'until ' || b.period_end ELSE b.period_kind END"
)
"""The subject by which a rule's state names a budget that is not in the cycle."""
_HOLD = (
    "SELECT r.reservation_id, e.entity_id, e.name, r.amount_nanos, r.state, r.settled_nanos, b.period_end,"
    " r.expires_at, r.created_by, r.created_at FROM reservation r JOIN budget b ON b.budget_id = r.budget_id"
    " JOIN entity e ON e.entity_key = b.entity_key WHERE b.org_key = :org AND r.tokens = 0"
)
_CYCLE_BUDGET = (
    "SELECT b.budget_id, a.parent_budget_id, e.entity_key, e.entity_id, e.name, e.path, e.level_code,"
    " b.category, b.budget_type, b.currency, b.provider, b.notes, b.amount, b.base, b.used, b.reserved,"
    " b.carry, b.carry_cap, b.carried"
    " FROM budget b JOIN entity e ON e.entity_key = b.entity_key"
    " LEFT JOIN allocation a ON a.child_budget_id = b.budget_id"
)


def day_number(day: date) -> int:
    """Return the integer by which costs are dated: 20260113."""
    return day.year * 10_000 + day.month * 100 + day.day


@lru_cache(maxsize=4096)
def day_of(number: int) -> date:
    """Return the day of a `day_number`."""
    return date(number // 10_000, number // 100 % 100, number % 100)


def stored_time(moment: datetime) -> str:
    """Return a time as the database stores it: UTC, without its zone, as SQLAlchemy writes it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _moment(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def _entity(row: Row) -> Entity:
    return Entity(
        row["entity_key"],
        row["entity_id"],
        row["name"],
        row["level_code"],
        row["path"],
        row["archived_at"] is not None,
        bool(row["enforced"]),
    )


def _carry(row: Row) -> Carry:
    if row["carry"] == CarryPolicy.NONE and not row["carried"]:
        return NO_CARRY  # most of thousands of budgets have none
    return Carry(CarryPolicy(row["carry"]), row["carry_cap"], row["carried"])


def _hold(row: Row) -> StoredHold:
    from budget_tui.domain.records import StoredHold

    return StoredHold(
        row["reservation_id"],
        row["entity_id"],
        row["name"],
        row["amount_nanos"],
        row["state"],
        row["settled_nanos"],
        date.fromisoformat(row["period_end"]),
        _moment(row["expires_at"]),
        row["created_by"],
        _moment(row["created_at"]),
    )


def _recurring_fee(row: Row) -> RecurringFee:
    from budget_tui.domain.recurring import Every, RecurringFee

    return RecurringFee(
        row["fee_key"],
        row["entity_key"],
        row["entity_id"],
        row["path"],
        row["name"],
        row["amount_nanos"],
        row["provider"],
        row["category"],
        Every(row["every"]),
        row["on_day"],
        date.fromisoformat(row["starts_on"]),
        None if row["ended_on"] is None else date.fromisoformat(row["ended_on"]),
        date.fromisoformat(row["booked_through"]),
        row["archived_at"] is not None,
    )


def _recurring_charge(row: Row) -> Charge:
    from budget_tui.domain.recurring import Bill, Charge

    bill = None
    if row["billed_origin"] is not None:
        bill = Bill(row["billed_origin"], date.fromisoformat(row["billed_day"]), row["billed_nanos"])
    return Charge(row["fee_key"], date.fromisoformat(row["day"]), row["amount_nanos"], row["cost_key"], bill)


def _listed(numbers: Iterable[int]) -> str:
    """Return numbers as the list of an SQL ``IN``."""
    return ", ".join(map(str, numbers))


def _cycle_budget(row: Row) -> CycleBudget:
    from budget_tui.domain.records import CycleBudget

    return CycleBudget(
        row["budget_id"],
        row["parent_budget_id"],
        row["entity_key"],
        row["entity_id"],
        row["name"],
        row["path"],
        row["level_code"],
        row["category"],
        BudgetType(row["budget_type"]),
        row["currency"],
        row["provider"],
        row["notes"],
        row["amount"],
        row["base"],
        row["used"],
        row["reserved"],
        Carry(CarryPolicy(row["carry"]), row["carry_cap"], row["carried"]),
    )
