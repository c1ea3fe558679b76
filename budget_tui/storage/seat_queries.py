"""Questions about seats: what was registered by hand, and what costs say."""

from datetime import date
from typing import NamedTuple

from budget_tui.storage.asking import Asking


class SeatRegistration(NamedTuple):
    """Seats that an entity has of a provider from a day on."""

    entity_id: str
    name: str
    path: str
    provider: str
    starts_on: date
    seats: int


class SeatQueries(Asking):
    """The part of `Queries` that is about seats."""

    def seat_registrations(self, org: int) -> list[SeatRegistration]:
        """What was registered, by entity in the order of adding, provider and day."""
        return [
            SeatRegistration(entity_id, name, path, provider, date.fromisoformat(day), seats)
            for entity_id, name, path, provider, day, seats in self._rows(
                "SELECT e.entity_id, e.name, e.path, s.provider, s.starts_on, s.seats"
                " FROM entity e JOIN seat s ON s.entity_key = e.entity_key WHERE e.org_key = ?"
                " ORDER BY e.entity_key, s.provider, s.starts_on",
                org,
            )
        ]

    def registered_seats(self, entity_key: int, provider: str, starts_on: date) -> int | None:
        """What was registered for exactly that entity, provider and day."""
        row = self._row(
            "SELECT seats FROM seat WHERE entity_key = ? AND provider = ? AND starts_on = ?",
            entity_key,
            provider,
            starts_on.isoformat(),
        )
        return int(row[0]) if row else None
