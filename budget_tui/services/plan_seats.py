"""Seats by whom they count for. All seats are subscriptions."""

from collections.abc import Collection, Hashable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from budget_tui.domain.actuals import ANY_PROVIDER, NO_PROVIDER, Scope
from budget_tui.domain.cost import Category
from budget_tui.domain.eras import Era, Eras
from budget_tui.domain.period import Period, less, together
from budget_tui.domain.seats import Held, Seats, held_by, most_seats
from budget_tui.storage.queries import Queries

Covered = Mapping[Scope, Collection[Period]]


class CountingSeats(NamedTuple):
    """What is known of an entity's seats of one provider, and the days on which they count. ``path`` None: unmapped."""

    path: str | None
    provider: str
    held: Held
    periods: list[Period]


class KnownSeats:
    """What was registered, and what was charged on certain days, as far as they have come by ``today``."""

    def __init__(self, queries: Queries, org: int, days: Period, eras: Eras, today: date) -> None:
        self._today = today
        registered = (
            Seats(row.path, row.provider.casefold(), row.starts_on, row.seats)
            for row in queries.seat_registrations(org)
        )
        charged = (row._replace(provider=row.provider.casefold()) for row in queries.charged_seats(org, days))
        self._held = held_by(registered, charged)
        keys = {entity.path: entity.entity_key for entity in queries.entities(org)}
        self._at: dict[tuple[int, str], list[tuple[tuple[Hashable, str], Era]]] = {}
        self.providers: dict[int, set[str]] = {}
        for path, provider in self._held:
            for era in eras:
                for key in era.lineage[keys.get(str(path))]:
                    self.providers.setdefault(key, set()).add(provider)
                    for counting in (provider or NO_PROVIDER, ANY_PROVIDER):
                        self._at.setdefault((key, counting), []).append(((path, provider), era))

    def most(self, covered: Covered, without: Covered | None = None) -> int | None:
        """The most seats on one day that count for ``covered``, each once however many count it, and not for
        ``without``; None where nothing is known."""
        return most_seats((each.held, each.periods) for each in self.counting(covered, without))

    def counting(self, covered: Covered, without: Covered | None = None) -> Iterator[CountingSeats]:
        """All that counts for ``covered`` and not for ``without``, each on the days on which it does."""
        holes = self._periods(without or {})
        for (path, provider), periods in self._periods(covered).items():
            left = less(together(periods), holes.get((path, provider), ()))
            yield CountingSeats(None if path is None else str(path), provider, self._held[path, provider], left)

    def _periods(self, covered: Covered) -> dict[tuple[Hashable, str], list[Period]]:
        """When what is known of each entity and provider counts for ``covered``."""
        found: dict[tuple[Hashable, str], list[Period]] = {}
        for scope, periods in covered.items():
            if scope.category in (Category.SUBSCRIPTION, Category.TOTAL):
                for whose, era in self._at.get((scope.entity_key, scope.provider), ()):
                    begun = (period.through(self._today) for period in periods if period.start <= self._today)
                    parts = map(era.part_of, begun)
                    found.setdefault(whose, []).extend(part for part in parts if part is not None)
        return found
