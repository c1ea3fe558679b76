"""Agents, their tokens and what these cost. Plain SQL: tokens are granted thousands of times a second."""

from collections.abc import Mapping
from datetime import date, datetime

from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.tokens import TokenKind, hour_number
from budget_tui.storage.cost_queries import day_number, stored_time
from budget_tui.storage.database import WriteConnection
from budget_tui.storage.ids import new_id


class AgentRepository:
    """``actor`` is who changes something, ``now`` when."""

    def __init__(self, connection: WriteConnection) -> None:
        self._execute = connection.driver.execute
        self._noted = connection.note_used_tokens

    def set_model(self, entity_key: int, model: str) -> None:
        self._execute(
            "INSERT INTO agent (entity_key, model) VALUES (?, ?)"
            " ON CONFLICT (entity_key) DO UPDATE SET model = excluded.model",
            (entity_key, model),
        )

    def open_budget(
        self, org_key: int, entity_key: int, kind: PeriodKind, period: Period, actor: str, now: datetime
    ) -> None:
        """A budget of 0 tokens for the period, or the one that it had before it was archived."""
        dates = (period.start.isoformat(), period.end.isoformat())
        brought_back = self._execute(
            "UPDATE budget SET is_active = 1, updated_by = ?, updated_at = ? WHERE budget_id ="
            " (SELECT budget_id FROM budget WHERE org_key = ? AND entity_key = ? AND category = 'genai'"
            " AND budget_type = 'token' AND provider = '' AND period_start = ? AND period_end = ? AND in_cycle"
            " ORDER BY updated_at DESC LIMIT 1)",
            (actor, stored_time(now), org_key, entity_key, *dates),
        ).rowcount
        if brought_back:
            return
        self._execute(
            "INSERT INTO budget (budget_id, org_key, entity_key, category, budget_type, currency, provider,"
            " period_kind, period_start, period_end, amount, notes, is_active, in_cycle, created_by, created_at)"
            " VALUES (?, ?, ?, 'genai', 'token', '', '', ?, ?, ?, 0, '', 1, 1, ?, ?)",
            (new_id(), org_key, entity_key, kind, *dates, actor, stored_time(now)),
        )

    def set_tokens(self, budget_id: str, tokens: int, actor: str, now: datetime) -> None:
        """Allocate ``tokens``, from now on in every period."""
        self._execute(
            "UPDATE budget SET base = CASE WHEN in_cycle THEN base - amount ELSE 0 END + ?, amount = ?, in_cycle = 1,"
            " updated_by = ?, updated_at = ? WHERE budget_id = ?",
            (tokens, tokens, actor, stored_time(now), budget_id),
        )

    def lower_carried(self, budget_id: str, tokens: int) -> bool:
        """Take back what was handed on to a budget; False, and nothing is done, when that is in use."""
        return bool(
            self._execute(
                "UPDATE budget SET carried = carried - ?, amount = amount - ?"
                " WHERE budget_id = ? AND amount - used - reserved >= ?",
                (tokens, tokens, budget_id, tokens),
            ).rowcount
        )

    def close_budget(self, budget_id: str, actor: str, now: datetime) -> None:
        self._execute(
            "UPDATE budget SET is_active = 0, updated_by = ?, updated_at = ? WHERE budget_id = ?",
            (actor, stored_time(now), budget_id),
        )

    def use(self, budget_id: str, tokens: int, held: int = 0) -> bool:
        """Take ``tokens`` whole, in place of ``held`` ones; False, and nothing is done, when they don't fit."""
        taken = self._execute(
            "UPDATE budget SET used = used + ?, reserved = reserved - ?"
            " WHERE budget_id = ? AND ? <= amount - used - reserved + ? RETURNING used",
            (tokens, held, budget_id, tokens, held),
        ).fetchall()
        for (used,) in taken:
            self._noted(budget_id, used)
        return bool(taken)

    def hold(self, budget_id: str, tokens: int, expires_at: datetime, actor: str, now: datetime) -> str:
        """Hold ``tokens`` until then; returns the reservation's id, or '' when they don't fit."""
        held = self._execute(
            "UPDATE budget SET reserved = reserved + ? WHERE budget_id = ? AND ? <= amount - used - reserved",
            (tokens, budget_id, tokens),
        ).rowcount
        if not held:
            return ""
        reservation_id = new_id()
        self._execute(
            "INSERT INTO reservation (reservation_id, budget_id, tokens, state, expires_at, created_by, created_at)"
            " VALUES (?, ?, ?, 'held', ?, ?, ?)",
            (reservation_id, budget_id, tokens, stored_time(expires_at), actor, stored_time(now)),
        )
        return reservation_id

    def end_hold(self, reservation_id: str, state: str, settled: int | None = None) -> None:
        """Mark a reservation as ``state``; what it held is the budget's business."""
        self._execute(
            "UPDATE reservation SET state = ?, settled_tokens = ? WHERE reservation_id = ?",
            (state, settled, reservation_id),
        )

    def give_back(self, budget_id: str, tokens: int) -> None:
        self._execute("UPDATE budget SET reserved = reserved - ? WHERE budget_id = ?", (tokens, budget_id))

    def free_expired(self, budget_id: str, now: datetime) -> None:
        """Give back what reservations hold whose time is up."""
        expired = self._execute(
            "UPDATE reservation SET state = 'expired' WHERE budget_id = ? AND state = 'held' AND expires_at <= ?"
            " RETURNING tokens",
            (budget_id, stored_time(now)),
        ).fetchall()
        if expired:
            self.give_back(budget_id, sum(tokens for (tokens,) in expired))

    def count(self, entity_key: int, model: str, tokens: Mapping[TokenKind, int], day: date, now: datetime) -> None:
        """Add to what the agent used in this hour."""
        number, hour = day_number(day), hour_number(now)
        for kind, count in tokens.items():
            use = (count, entity_key, number, hour, model, kind)
            # An upsert would find a row there nearly always, and takes half as long again.
            if not self._execute(_COUNT, use).rowcount:
                self._execute(
                    "INSERT INTO token_use (tokens, entity_key, day, hour, model, kind) VALUES (?, ?, ?, ?, ?, ?)", use
                )

    # Prices and costs

    def set_price(self, org_key: int, model: str, kind: TokenKind, starts_on: date, nanos: int) -> None:
        self._execute(
            "INSERT INTO token_price (org_key, model, kind, starts_on, amount_nanos) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET amount_nanos = excluded.amount_nanos",
            (org_key, model, kind, starts_on.isoformat(), nanos),
        )

    def remove_price(self, org_key: int, model: str, kind: TokenKind, starts_on: date) -> None:
        self._execute(
            "DELETE FROM token_price WHERE org_key = ? AND model = ? AND kind = ? AND starts_on = ?",
            (org_key, model, kind, starts_on.isoformat()),
        )

    def prices_from(self, org_key: int, model: str, starts_on: date) -> dict[TokenKind, int]:
        """The prices that begin on that very day."""
        rows = self._execute(
            "SELECT kind, amount_nanos FROM token_price WHERE org_key = ? AND model = ? AND starts_on = ?",
            (org_key, model, starts_on.isoformat()),
        )
        return {TokenKind(kind): nanos for kind, nanos in rows}

    def origin(self, entity_key: int, source: str, model: str) -> int | None:
        """The key of the origin that an agent's costs of a model have."""
        row = self._execute(
            "SELECT origin_key FROM cost_origin WHERE entity_key = ? AND source = ? AND live AND service = ?",
            (entity_key, source, model),
        ).fetchone()
        return int(row[0]) if row else None

    def set_cost(self, origin_key: int, day: date, nanos: int, tokens: int) -> int:
        """Make this the cost of an origin's day; returns what it was before."""
        number = day_number(day)
        before = self._execute(
            "SELECT cost_key, amount_nanos FROM cost WHERE origin_key = ? AND day = ?", (origin_key, number)
        ).fetchone()
        if before is None:
            self._execute(
                "INSERT INTO cost (origin_key, day, amount_nanos, tokens, charges) VALUES (?, ?, ?, ?, 1)",
                (origin_key, number, nanos, tokens),
            )
            return 0
        self._execute("UPDATE cost SET amount_nanos = ?, tokens = ? WHERE cost_key = ?", (nanos, tokens, before[0]))
        return int(before[1])


_COUNT = (
    "UPDATE token_use SET tokens = tokens + ? WHERE entity_key = ? AND day = ? AND hour = ? AND model = ? AND kind = ?"
)
