"""What stood on an entity's path on the days that are explained, and what did not.

What was moved after a close stood elsewhere on the days that had been closed: the same costs' origin may count on some
days of a period and not on others.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from budget_tui.domain.eras import Eras
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.period import Period
from budget_tui.storage.explain_queries import OriginInPeriod
from budget_tui.storage.queries import Queries


class OnPath(NamedTuple):
    """Origins with their costs on days when they stood on the path, and with those on other days."""

    fitting: list[OriginInPeriod]
    others: list[OriginInPeriod]


class Standing:
    """Who stood at or below ``entity``, day by day. What found no entity is the organization's."""

    def __init__(self, eras: Eras, entity: Entity, period: Period) -> None:
        self.eras, self._entity, self._period = eras, entity, period
        self.parts = eras.parts_of(period)
        """The days of ``period``, cut where anything was moved."""

    def holds(self, entity_key: int | None, day: date) -> bool:
        """Whether what is of that entity was on the path on ``day``."""
        return self._entity.entity_key in self.eras.at(day).lineage[entity_key]

    def is_above(self, entity_key: int | None) -> bool:
        """Whether the entity of that key stood above this one on the last of the days."""
        return entity_key in self.eras.of(self._period).lineage[self._entity.entity_key]

    def moved_away(self, entity_key: int | None) -> date | None:
        """The last day on which it stood here, of what stands elsewhere now."""
        return self._last_day(entity_key, here=True)

    def moved_here(self, entity_key: int | None) -> date | None:
        """The last day on which it stood elsewhere, of what stands here now."""
        return self._last_day(entity_key, here=False)

    def _last_day(self, entity_key: int | None, *, here: bool) -> date | None:
        if len(self.eras) == 1 or self.holds(entity_key, date.max) is here:
            return None
        return max((era.last for era in self.eras if self.holds(entity_key, era.last) is here), default=None)

    def sorted_out(self, queries: Queries, org: int, origins: Sequence[OriginInPeriod], through: date) -> OnPath:
        """``origins``, whose costs are those of the whole period up to ``through``, by where they stood."""
        if len(self.parts) == 1:
            (part,) = self.parts
            return _sides((self.holds(origin.entity_key, part.start), origin) for origin in origins)
        known = [
            (part.start, {origin.origin_key: origin for origin in queries.origins_in(org, part, through)})
            for part in self.parts
        ]
        sides: list[tuple[bool, OriginInPeriod]] = []
        for origin in origins:
            of_parts: dict[bool, list[OriginInPeriod]] = {}
            for day, by_key in known:
                of_parts.setdefault(self.holds(origin.entity_key, day), []).append(by_key[origin.origin_key])
            sides += [(held, _added_up(origin, parts)) for held, parts in of_parts.items()]
        return _sides(sides)


def _sides(origins: Iterable[tuple[bool, OriginInPeriod]]) -> OnPath:
    found = OnPath([], [])
    for held, origin in origins:
        (found.fitting if held else found.others).append(origin)
    return found


def _added_up(origin: OriginInPeriod, parts: Sequence[OriginInPeriod]) -> OriginInPeriod:
    """``origin`` with the costs of some parts of its period."""
    return origin._replace(
        amount=sum(part.amount for part in parts),
        costs=sum(part.costs for part in parts),
        days=sum(part.days for part in parts),
        first_day=min((part.first_day for part in parts if part.first_day), default=None),
        last_day=max((part.last_day for part in parts if part.last_day), default=None),
    )
