"""The hierarchy as it is, and as it was: days that were closed count where everything stood when they were.

An *era* is the stretch of days on which one hierarchy holds. The last one, from the day after the last close that
something was moved after, never ends; without such a move there is no other.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from budget_tui.domain.period import ONE_DAY, Period

Lineage = Mapping[int | None, Sequence[int]]
"""Each entity's key → its own and those of all above it. None, the unmapped, stands below the root only."""

Parents = Mapping[int, int | None]
"""Each entity's key → its parent's; the root has none."""


class Former(NamedTuple):
    """That an entity stood below another one on the days up to and including ``through``, back to the one before."""

    through: date
    entity_key: int
    parent_key: int


class Era:
    """Days, the first and the last included, and the hierarchy on them."""

    def __init__(self, first: date, last: date, parents: Parents) -> None:
        self.first, self.last, self._parents = first, last, parents

    @cached_property
    def lineage(self) -> Lineage:
        return lineage_of(self._parents)

    def part_of(self, period: Period) -> Period | None:
        """The days of ``period`` that are in the era."""
        if period.end < self.first or self.last < period.start:
            return None
        return Period(max(self.first, period.start), min(self.last, period.end))


class HierarchyHistory:
    """The eras of a hierarchy, the first one first. No day is in two of them, every day in one."""

    def __init__(self, parents: Parents, former: Iterable[Former] = ()) -> None:
        self._eras: list[Era] = []
        last, parents = date.max, dict(parents)
        by_day: dict[date, dict[int, int | None]] = {}
        for through, entity_key, parent_key in former:
            by_day.setdefault(through, {})[entity_key] = parent_key
        for through in sorted(by_day, reverse=True):
            self._eras.insert(0, Era(through + ONE_DAY, last, parents))
            last, parents = through, {**parents, **by_day[through]}
        self._eras.insert(0, Era(date.min, last, parents))

    def __iter__(self) -> Iterator[Era]:
        return iter(self._eras)

    def __len__(self) -> int:
        return len(self._eras)

    @property
    def now(self) -> Era:
        return self._eras[-1]

    @property
    def cuts(self) -> list[date]:
        """The first day of each era but the first."""
        return [era.first for era in self._eras[1:]]

    def at(self, day: date) -> Era:
        """The one that ``day`` is in."""
        return self._eras[bisect_right(self._eras, day, key=attrgetter("first")) - 1]

    def of(self, period: Period) -> Era:
        """The one whose hierarchy says where a budget of ``period`` stands: that of its last day."""
        return self.now if len(self._eras) == 1 else self.at(period.end)

    def holds(self, entity_key: int, below: int | None, day: date) -> bool:
        """Whether what is of ``below`` (None: unmapped) was at or below an entity on ``day``."""
        return entity_key in self.at(day).lineage[below]

    def parts_of(self, period: Period) -> list[Period]:
        """``period``, cut where the hierarchy changed."""
        return [part for era in self._eras if (part := era.part_of(period)) is not None]


def lineage_of(parents: Parents) -> Lineage:
    """What ``parents`` say, for each entity; the unmapped stand below the root only."""
    found: dict[int | None, tuple[int, ...]] = {}
    for key, parent in parents.items():
        waiting, at = [], key
        while at not in found:
            waiting.append(at)
            above = parents[at]
            if above is None:
                break
            at = above
        chain = found.get(at, ())
        for each in reversed(waiting):
            found[each] = chain = (each, *chain)
        if parent is None:
            found[None] = (key,)
    return found
