"""Questions about agents: their budgets, what they hold, what they used and at what price.

Their words are loaded when one is asked: `status --line` loads this file and asks none.
"""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from budget_tui.domain.hierarchy import segments
from budget_tui.domain.period import Period
from budget_tui.storage.cost_queries import CostQueries, day_number, day_of, stored_time

if TYPE_CHECKING:
    from budget_tui.domain.tokens import TokenKind, Use


class AgentFact(NamedTuple):
    """An agent as stored. ``budget_id`` is '' when it has no budget in the period that was asked for; ``reserved``
    counts holds whose time is up, too. It is as good as archived when whom it belongs to is."""

    entity_key: int
    agent_id: str
    name: str
    path: str
    archived: bool
    is_parent_archived: bool
    model: str
    is_priced: bool
    budget_id: str
    allocated: int
    used: int
    reserved: int

    @property
    def project_id(self) -> str:
        """Whom the agent belongs to: mostly a project."""
        return segments(self.path)[-2]


class HeldTokens(NamedTuple):
    """A reservation as stored; ``last_day`` is that of the period that granted it."""

    reservation_id: str
    entity_key: int
    agent_id: str
    model: str
    is_priced: bool
    budget_id: str
    tokens: int
    state: str
    last_day: date
    expires_at: datetime


class AgentQueries(CostQueries):
    """The part of `Queries` that is about agents."""

    def agent(self, org: int, agent_id: str, period: Period) -> AgentFact | None:
        """The agent of that id, archived or not, with its budget of ``period``."""
        row = self._row(_AGENT_CALLED, *_of(period), org, agent_id)
        return AgentFact._make(row) if row else None

    def agents(self, org: int, period: Period) -> list[AgentFact]:
        """All agents that are not archived, in the order they were added."""
        rows = self._rows(
            f"{_AGENT} AND e.archived_at IS NULL AND p.archived_at IS NULL ORDER BY e.entity_key", *_of(period), org
        )
        return [AgentFact._make(row) for row in rows]

    def budget_counts(self, budget_id: str) -> tuple[int, int, int]:
        """Allocated, used and reserved tokens of one budget."""
        row = self._row("SELECT amount, used, reserved FROM budget WHERE budget_id = ?", budget_id)
        assert row is not None
        return row[0], row[1], row[2]

    def expired_holds(self, org: int, now: datetime) -> dict[str, int]:
        """By budget, what is held by reservations whose time is up: it counts as free already."""
        rows = self._rows(
            "SELECT r.budget_id, r.tokens FROM reservation r JOIN budget b ON b.budget_id = r.budget_id"
            " WHERE r.state = 'held' AND r.expires_at <= ? AND b.org_key = ?",
            stored_time(now),
            org,
        )
        sums: dict[str, int] = {}
        for budget_id, tokens in rows:
            sums[budget_id] = sums.get(budget_id, 0) + tokens
        return sums

    def reservation(self, org: int, reservation_id: str) -> HeldTokens | None:
        row = self._row(
            "SELECT r.reservation_id, b.entity_key, e.entity_id, coalesce(a.model, ''),"
            " EXISTS (SELECT 1 FROM token_price t WHERE t.org_key = b.org_key AND t.model = a.model),"
            " r.budget_id, r.tokens, r.state, b.period_end, r.expires_at"
            " FROM reservation r JOIN budget b ON b.budget_id = r.budget_id"
            " JOIN entity e ON e.entity_key = b.entity_key LEFT JOIN agent a ON a.entity_key = b.entity_key"
            " WHERE r.reservation_id = ? AND b.org_key = ?",
            reservation_id,
            org,
        )
        if row is None:
            return None
        *facts, last_day, expires_at = row
        return HeldTokens._make(
            (*facts, date.fromisoformat(last_day), datetime.fromisoformat(expires_at).replace(tzinfo=UTC))
        )

    def recent_use(self, entity_key: int, now: datetime) -> "Use | None":
        """What an agent used within the last hours, from the first of them in which it used any."""
        from budget_tui.domain.tokens import RATE_HOURS, Use, hour_number, hour_start

        hour = hour_number(now)
        rows = self._rows(
            "SELECT hour, tokens FROM token_use WHERE entity_key = ? AND hour > ? AND hour <= ?",
            entity_key,
            hour - RATE_HOURS,
            hour,
        )
        if not rows:
            return None
        return Use(sum(tokens for _, tokens in rows), hour_start(min(hour for hour, _ in rows)))

    def prices(self, org: int) -> list[tuple[str, "TokenKind", date, int]]:
        """Model, kind, first day, nanos per million tokens; by model, the newest first."""
        from budget_tui.domain.tokens import TokenKind

        return [
            (model, TokenKind(kind), date.fromisoformat(starts_on), nanos)
            for model, kind, starts_on, nanos in self._rows(
                "SELECT model, kind, starts_on, amount_nanos FROM token_price WHERE org_key = ?"
                " ORDER BY model, starts_on DESC, kind",
                org,
            )
        ]

    def prices_on(self, org: int, model: str, day: date) -> "dict[TokenKind, int]":
        """What a million tokens of each kind cost on ``day``; kinds that have no price by then are left out."""
        from budget_tui.domain.tokens import TokenKind

        rows = self._rows(
            "SELECT kind, amount_nanos FROM token_price WHERE org_key = ? AND model = ? AND starts_on <= ?"
            " ORDER BY starts_on",
            org,
            model,
            day.isoformat(),
        )
        return {TokenKind(kind): nanos for kind, nanos in rows}

    def tokens_on(self, entity_key: int, model: str, day: date) -> "dict[TokenKind, int]":
        """What an agent used of a model on a day, by kind."""
        from budget_tui.domain.tokens import TokenKind

        sums: dict[str, int] = {}
        for kind, tokens in self._execute(
            "SELECT kind, tokens FROM token_use WHERE entity_key = ? AND day = ? AND model = ?",
            (entity_key, day_number(day), model),
        ):
            sums[kind] = sums.get(kind, 0) + tokens
        return {TokenKind(kind): tokens for kind, tokens in sums.items()}

    def uses_of(self, org: int, model: str, first: date) -> list[tuple[int, str, date]]:
        """The agents (key and id) and days from ``first`` on that used a model."""
        rows = self._rows(
            "SELECT DISTINCT u.entity_key, e.entity_id, u.day FROM entity e JOIN token_use u"
            " ON u.entity_key = e.entity_key WHERE e.org_key = ? AND u.model = ? AND u.day >= ? ORDER BY 3, 1",
            org,
            model,
            day_number(first),
        )
        return [(entity_key, agent_id, day_of(day)) for entity_key, agent_id, day in rows]


_AGENT = (
    "SELECT e.entity_key, e.entity_id, e.name, e.path, e.archived_at IS NOT NULL, p.archived_at IS NOT NULL,"
    " coalesce(a.model, ''), EXISTS (SELECT 1 FROM token_price t WHERE t.org_key = e.org_key AND t.model = a.model),"
    " coalesce(b.budget_id, ''), coalesce(b.amount, 0), coalesce(b.used, 0), coalesce(b.reserved, 0)"
    " FROM entity e JOIN entity p ON p.entity_key = e.parent_key"
    " LEFT JOIN agent a ON a.entity_key = e.entity_key"
    " LEFT JOIN budget b ON b.is_active AND b.org_key = e.org_key AND b.entity_key = e.entity_key"
    " AND b.category = 'genai' AND b.budget_type = 'token' AND b.provider = ''"
    " AND b.period_start = ? AND b.period_end = ?"
    " WHERE e.org_key = ? AND e.level_code = 'agent'"
)
_AGENT_CALLED = f"{_AGENT} AND e.entity_id = ?"


def _of(period: Period) -> tuple[str, str]:
    return period.start.isoformat(), period.end.isoformat()
