"""The hierarchy as it is, and as it was: days that were closed count where everything stood when they were.

An *era* is the stretch of days on which one hierarchy holds. The last one, from the day after the last close that
something was moved after, never ends; without such a move there is no other.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from budget_tui.domain.actuals import (
    NO_PROVIDER,
    Counting,
    Coverage,
    Covered,
    Group,
    Lineage,
    Scope,
    Segments,
    Sums,
    bits_of,
    counting,
    kinds_around,
)
from budget_tui.domain.period import ONE_DAY, Period

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


class Eras:
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


class _SumsOfEras:
    """What `Sums` are when the hierarchy was not always the same: each day is added up along that of its era."""

    def __init__(self, groups: Sequence[Group], eras: Eras, segments: Segments) -> None:
        self._parts = [(of_era, Sums(_only(groups, of_era), era.lineage)) for era, of_era in _in_eras(eras, segments)]

    def of(self, scope: Scope, span: range) -> int | None:
        """See `Sums.of`."""
        known = [
            value
            for of_era, sums in self._parts
            if of_era.start < span.stop and span.start < of_era.stop
            if (value := sums.of(scope, span)) is not None
        ]
        return sum(known) if known else None

    def providers(self, scope: Scope, segments: Collection[int]) -> set[str]:
        """See `Sums.providers`."""
        return {name for _, sums in self._parts for name in sums.providers(scope, segments)}

    def once(self, covered: Covered) -> int | None:
        """See `Sums.once`."""
        known = self.by_segment(covered)
        return sum(known.values()) if known else None

    def by_segment(self, covered: Covered) -> dict[int, int]:
        """See `Sums.by_segment`."""
        return self.counted(counting(covered))

    def counted(self, counting: Counting) -> dict[int, int]:
        """See `Sums.counted`."""
        return {segment: value for _, sums in self._parts for segment, value in sums.counted(counting).items()}


class CoverageInTime:
    """In which segments something counts for any of ``covered``, each along the hierarchy of its era."""

    def __init__(self, covered: Covered, eras: Eras, segments: Segments) -> None:
        found = counting(covered)
        self._kinds = {kind for kinds in found.values() for kind in kinds}
        self._parts = [(Coverage(found, era.lineage), bits_of([of_era])) for era, of_era in _in_eras(eras, segments)]

    def counts(self, kind: tuple[str, str, str]) -> bool:
        """Whether what was used of a category, provider and currency counts anywhere."""
        category, provider, currency = kind
        return not self._kinds.isdisjoint(kinds_around(category, provider or NO_PROVIDER, currency))

    def segments(self, entity_key: int | None, kind: tuple[str, str, str]) -> int:
        """The segments in which what an entity itself used of ``kind`` counts, as bits."""
        found = 0
        for coverage, of_era in self._parts:
            found |= coverage.segments(entity_key, kind) & of_era
        return found


def _in_eras(eras: Eras, segments: Segments) -> Iterator[tuple[Era, range]]:
    """The eras that ``segments`` are of, each with its own of them."""
    for era in eras:
        of_era = segments.between(era.first, era.last)
        if of_era:
            yield era, of_era


SumsInTime = Sums | _SumsOfEras


def sums_of(groups: Sequence[Group], eras: Eras, segments: Segments) -> SumsInTime:
    """What ``groups`` add up to; ``segments``, which their values are of, are cut where an era begins."""
    return Sums(groups, eras.now.lineage) if len(eras) == 1 else _SumsOfEras(groups, eras, segments)


def _only(groups: Iterable[Group], segments: range) -> Iterator[Group]:
    """``groups`` as if nothing were known but of ``segments``."""
    for group in groups:
        inside = {segment: value for segment, value in group.values.items() if segment in segments}
        if inside:
            yield group._replace(values=inside)
