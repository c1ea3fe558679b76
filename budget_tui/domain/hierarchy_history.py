"""The hierarchy now and in the past: days of closed periods count along the hierarchy that held on them.

An *era* is a stretch of days with one hierarchy. It ends on the last day of a closed period if entities were moved
after that close; the last era never ends. Without such a move there is only one.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from budget_tui.domain.period import ONE_DAY, Period

Lineage = Mapping[int | None, Sequence[int]]
"""Each entity's key → its own key and those of all entities above it. None, the unmapped, is below the root only."""

Parents = Mapping[int, int | None]
"""Each entity's key → its parent's key; None for the root."""


class FormerParent(NamedTuple):
    """An entity's former parent, through the day ``through`` and back to the previous change."""

    through: date
    entity_key: int
    parent_key: int


class Era:
    """The days from ``first`` to ``last``, both included, and the hierarchy on them."""

    def __init__(self, first: date, last: date, parents: Parents) -> None:
        self.first, self.last, self.parents = first, last, parents

    @cached_property
    def lineage(self) -> Lineage:
        return lineage_of(self.parents)

    def part_of(self, period: Period) -> Period | None:
        """Return the days of ``period`` that are in the era; None if there are none."""
        if period.end < self.first or self.last < period.start:
            return None
        return Period(max(self.first, period.start), min(self.last, period.end))


class HierarchyHistory:
    """The eras of a hierarchy, the first one first; every day is in exactly one of them."""

    def __init__(self, parents: Parents, former_parents: Iterable[FormerParent] = ()) -> None:
        self._eras: list[Era] = []
        last, parents = date.max, dict(parents)
        by_day: dict[date, dict[int, int | None]] = {}
        for through, entity_key, parent_key in former_parents:
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
        """Return the era that ``day`` is in."""
        return self._eras[bisect_right(self._eras, day, key=attrgetter("first")) - 1]

    def of(self, period: Period) -> Era:
        """Return the era whose hierarchy places a budget of ``period``: that of its last day."""
        return self.now if len(self._eras) == 1 else self.at(period.end)

    def as_of(self, period: Period) -> "HierarchyHistory":
        """Return the hierarchy that places budgets of ``period``, as if it had never been another."""
        return HierarchyHistory(self.of(period).parents)

    def includes(self, entity_key: int, below: int | None, day: date) -> bool:
        """Return whether ``below`` (None: unmapped) was at or below an entity on ``day``."""
        return entity_key in self.at(day).lineage[below]

    def parts_of(self, period: Period) -> list[Period]:
        """Return ``period`` cut where the hierarchy changed."""
        return [part for era in self._eras if (part := era.part_of(period)) is not None]


def lineage_of(parents: Parents) -> Lineage:
    """Return the lineage that ``parents`` describe; the unmapped are below the root only."""
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
