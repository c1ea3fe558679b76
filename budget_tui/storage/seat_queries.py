"""Questions about seats: what was registered by hand, and what costs say."""

from datetime import date
from typing import NamedTuple

from budget_tui.domain.period import Period
from budget_tui.domain.seats import Seats
from budget_tui.storage.asking import Asking
from budget_tui.storage.cost_queries import day_number, day_of


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

    def charged_seats(self, org: int, period: Period) -> list[Seats]:
        """What costs of ``period`` say, by the path of the entity (None: unmapped), provider and day."""
        start, end = map(day_number, period.half_open)
        return [
            Seats(path, provider, day_of(day), seats)
            for path, provider, day, seats in self._rows(
                # The day range finds the few costs that have seats in an index of theirs.
                "SELECT e.path, o.provider, c.day, sum(c.seats)"
                " FROM cost c CROSS JOIN cost_origin o LEFT JOIN entity e ON e.entity_key = o.entity_key"
                " WHERE c.seats IS NOT NULL AND c.day >= ? AND c.day < ? AND o.origin_key = c.origin_key"
                " AND o.org_key = ? GROUP BY o.entity_key, o.provider, c.day",
                start,
                end,
                org,
            )
        ]
