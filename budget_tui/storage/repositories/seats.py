"""Registered seats. Seats that costs contain are read by the usage repository."""

from datetime import date, datetime

from sqlalchemy import delete, select

from budget_tui.domain.records import SeatRegistration
from budget_tui.storage.repositories.base import Repository
from budget_tui.storage.tables import CostOriginRow, CostRow, EntityRow, SeatRow

_s, _e, _c, _o = SeatRow.c, EntityRow.c, CostRow.c, CostOriginRow.c


class SeatRepository(Repository):
    def registrations(self, org: int) -> list[SeatRegistration]:
        """Return the registered seats, by entity in the order in which they were added, provider and day."""
        rows = self._rows(
            select(_e.entity_id, _e.name, _e.path, _s.provider, _s.starts_on, _s.seats)
            .join_from(EntityRow, SeatRow, _s.entity_key == _e.entity_key)
            .where(_e.org_key == org)
            .order_by(_e.entity_key, _s.provider, _s.starts_on)
        )
        return [SeatRegistration(**row._mapping) for row in rows]

    def registered(self, entity_key: int, provider: str, starts_on: date) -> int | None:
        """Return the seats registered for exactly that entity, provider and day; None if there are none."""
        seats = self._value(
            select(_s.seats).where(_s.entity_key == entity_key, _s.provider == provider, _s.starts_on == starts_on)
        )
        return None if seats is None else int(seats)

    def register(self, entity_key: int, provider: str, starts_on: date, seats: int, actor: str, now: datetime) -> None:
        """Register ``seats`` from ``starts_on`` on, in place of those registered for the same day."""
        statement = self._insert(SeatRow).values(
            entity_key=entity_key, provider=provider, starts_on=starts_on, seats=seats, created_by=actor, created_at=now
        )
        new = statement.excluded
        self._change(
            statement.on_conflict_do_update(
                index_elements=[_s.entity_key, _s.provider, _s.starts_on],
                set_={"seats": new.seats, "created_by": new.created_by, "created_at": new.created_at},
            )
        )

    def remove(self, entity_key: int, provider: str, starts_on: date) -> None:
        self._change(
            delete(SeatRow).where(_s.entity_key == entity_key, _s.provider == provider, _s.starts_on == starts_on)
        )
