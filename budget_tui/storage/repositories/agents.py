"""Agents: their models, their reserved and used tokens, and the models' prices."""

from datetime import date, datetime

from sqlalchemy import delete, func, select

from budget_tui.domain.period import Period
from budget_tui.domain.tokens import RATE_HOURS, TokenKind, Use, hour_number, hour_start
from budget_tui.storage.repositories.base import Repository, total
from budget_tui.storage.tables import (
    AgentRow,
    BudgetRow,
    EntityRow,
    ReservationRow,
    TokenPriceRow,
    TokenUseRow,
)

_e, _r, _p, _u = EntityRow.c, ReservationRow.c, TokenPriceRow.c, TokenUseRow.c


class AgentRepository(Repository):
    def set_model(self, entity_key: int, model: str) -> None:
        statement = self._insert(AgentRow).values(entity_key=entity_key, model=model)
        self._change(statement.on_conflict_do_update(index_elements=[AgentRow.c.entity_key], set_={"model": model}))

    def expired_reservations(self, org: int, now: datetime) -> dict[str, int]:
        """Return the tokens of expired reservations by budget, which count as free already."""
        rows = self._rows(
            select(_r.budget_id, total(_r.tokens).label("tokens"))
            .join(BudgetRow, BudgetRow.c.budget_id == _r.budget_id)
            .where(_r.state == "held", _r.expires_at <= now, BudgetRow.c.org_key == org)
            .group_by(_r.budget_id)
        )
        return {row.budget_id: row.tokens for row in rows}

    def recent_use(self, entity_key: int, now: datetime) -> Use | None:
        """Return an agent's use within the last 24 hours, since the first hour with any; None without any."""
        hour = hour_number(now)
        row = self._row(
            select(total(_u.tokens).label("tokens"), func.min(_u.hour).label("first")).where(
                _u.entity_key == entity_key, _u.hour > hour - RATE_HOURS, _u.hour <= hour
            )
        )
        return Use(row.tokens, hour_start(row.first)) if row and row.first is not None else None

    def uses_of(self, org: int, model: str, first: date) -> list[tuple[int, str, date]]:
        """Return the agents (key and id) and days from ``first`` on with use of a model."""
        rows = self._rows(
            select(_u.entity_key, _e.entity_id, _u.day)
            .join_from(EntityRow, TokenUseRow, _u.entity_key == _e.entity_key)
            .where(_e.org_key == org, _u.model == model, _u.day >= first)
            .distinct()
            .order_by(_u.day, _u.entity_key)
        )
        return [(row.entity_key, row.entity_id, row.day) for row in rows]

    def tokens_used(self, org: int, days: Period, through: date) -> list[tuple[int, str, date, int]]:
        """Return the tokens that each agent used of each model on each of ``days`` up to ``through``."""
        start, after = days.half_open
        rows = self._rows(
            select(_u.entity_key, _u.model, _u.day, total(_u.tokens).label("tokens"))
            .join_from(EntityRow, TokenUseRow, _u.entity_key == _e.entity_key)
            .where(_e.org_key == org, _u.day >= start, _u.day < after, _u.day <= through)
            .group_by(_u.entity_key, _u.model, _u.day)
            .order_by(_u.entity_key, _u.model, _u.day)
        )
        return [(row.entity_key, row.model, row.day, row.tokens) for row in rows]

    # Prices

    def prices(self, org: int) -> list[tuple[str, TokenKind, date, int]]:
        """Return model, kind, first day and nanos per million tokens of each price; by model, the newest first."""
        rows = self._rows(
            select(_p.model, _p.kind, _p.starts_on, _p.amount_nanos)
            .where(_p.org_key == org)
            .order_by(_p.model, _p.starts_on.desc(), _p.kind)
        )
        return [(row.model, TokenKind(row.kind), row.starts_on, row.amount_nanos) for row in rows]

    def priced_models(self, org: int) -> list[str]:
        """Return the models that have a price from some day on, by name."""
        rows = self._rows(select(_p.model).where(_p.org_key == org).distinct().order_by(_p.model))
        return [row.model for row in rows]

    def prices_from(self, org: int, model: str, starts_on: date) -> dict[TokenKind, int]:
        """Return the prices that begin on exactly that day."""
        rows = self._rows(
            select(_p.kind, _p.amount_nanos).where(_p.org_key == org, _p.model == model, _p.starts_on == starts_on)
        )
        return {TokenKind(row.kind): row.amount_nanos for row in rows}

    def set_price(self, org: int, model: str, kind: TokenKind, starts_on: date, nanos: int) -> None:
        statement = self._insert(TokenPriceRow).values(
            org_key=org, model=model, kind=kind, starts_on=starts_on, amount_nanos=nanos
        )
        self._change(
            statement.on_conflict_do_update(
                index_elements=[_p.org_key, _p.model, _p.kind, _p.starts_on], set_={"amount_nanos": nanos}
            )
        )

    def remove_price(self, org: int, model: str, kind: TokenKind, starts_on: date) -> None:
        self._change(
            delete(TokenPriceRow).where(
                _p.org_key == org, _p.model == model, _p.kind == kind, _p.starts_on == starts_on
            )
        )
