"""Reservations of money. Those of agents' tokens are granted by `budget_tui.storage.fast_paths.Grants`."""

from datetime import datetime

from sqlalchemy import insert, select, update

from budget_tui.domain.records import StoredHold
from budget_tui.storage.ids import new_id
from budget_tui.storage.repositories.base import Repository
from budget_tui.storage.tables import BudgetRow, EntityRow, ReservationRow

_r, _b, _e = ReservationRow.c, BudgetRow.c, EntityRow.c

_HOLD = (
    select(
        _r.reservation_id.label("hold_id"),
        _e.entity_id.label("project_id"),
        _e.name,
        _r.amount_nanos.label("amount"),
        _r.state,
        _r.settled_nanos.label("settled"),
        _b.period_end.label("last_day"),
        _r.expires_at,
        _r.created_by,
    )
    .join_from(ReservationRow, BudgetRow, _b.budget_id == _r.budget_id)
    .join(EntityRow, _e.entity_key == _b.entity_key)
    .where(_r.tokens == 0)
)


class HoldRepository(Repository):
    def get(self, org: int, hold_id: str) -> StoredHold | None:
        """Return the hold of that id, in whatever state; None if there is none."""
        row = self._row(_HOLD.where(_b.org_key == org, _r.reservation_id == hold_id))
        return StoredHold(**row._mapping) if row else None

    def open(self, org: int, now: datetime) -> list[StoredHold]:
        """Return the holds whose time is not up, the first to end first."""
        still = _r.state == "held", _r.expires_at > now
        rows = self._rows(_HOLD.where(_b.org_key == org, *still).order_by(_r.expires_at, _r.reservation_id))
        return [StoredHold(**row._mapping) for row in rows]

    def add(self, budget_id: str, nanos: int, expires_at: datetime, actor: str, now: datetime) -> str:
        """Hold ``nanos`` until ``expires_at``, and mark holds of the same budget that have expired; return the id."""
        self._change(
            update(ReservationRow)
            .where(_r.budget_id == budget_id, _r.state == "held", _r.expires_at <= now, _r.tokens == 0)
            .values(state="expired")
        )
        hold_id = new_id()
        self._change(
            insert(ReservationRow).values(
                reservation_id=hold_id,
                budget_id=budget_id,
                tokens=0,
                amount_nanos=nanos,
                state="held",
                expires_at=expires_at,
                created_by=actor,
                created_at=now,
            )
        )
        return hold_id

    def end(self, hold_id: str, state: str, settled: int | None = None) -> None:
        """Mark a hold as ``state``, with the nanos that were settled."""
        self._change(
            update(ReservationRow)
            .where(_r.reservation_id == hold_id)
            .values(state=state, settled_nanos=settled, settled_tokens=None if settled is None else 0)
        )
