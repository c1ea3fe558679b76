"""What was used, added up for many budgets at once.

Storage hands over what each entity itself used, per category, provider and currency, in each *segment*: the
stretches of days between the first and last days of all periods asked about. Here that is rolled up along one
hierarchy, once for all budgets.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from budget_tui.domain.cost import Category
from budget_tui.domain.period import ONE_DAY, Period

_FEW = 32
"""So many segments are looked at one by one sooner than what is in them is put in order."""

ANY_PROVIDER = ""
NO_PROVIDER = "\0"
"""Only what names no provider. It is no name that anybody could give."""
TOTAL = str(Category.TOTAL)


class Scope(NamedTuple):
    """What a budget counts, its period aside. ``currency`` is '' for tokens and seats."""

    entity_key: int
    category: str
    provider: str
    currency: str

    @property
    def kind(self) -> tuple[str, str, str]:
        return self.category, self.provider, self.currency


class Group(NamedTuple):
    """Usage of one entity itself, of one provider in one category, in each segment that something is known of.

    ``entity_key`` None is what found no entity.
    """

    entity_key: int | None
    category: str
    provider: str
    currency: str
    values: Mapping[int, int]


Lineage = Mapping[int | None, Sequence[int]]
"""Each entity's key → its own and those of all above it. None, the unmapped, stands below the root only."""


class Segments:
    """The days of some periods, cut at each first and after each last day, and before each of the days ``cuts``; no
    day is in two of them."""

    def __init__(self, periods: Iterable[Period], cuts: Iterable[date] = ()) -> None:
        depth = dict.fromkeys(cuts, 0)
        for period in set(periods):
            start, after = period.half_open
            depth[start] = depth.get(start, 0) + 1
            depth[after] = depth.get(after, 0) - 1
        bounds = sorted(depth)
        self.periods: list[Period] = []
        open_periods = 0
        for start, after in pairwise(bounds):
            open_periods += depth[start]
            if open_periods:
                self.periods.append(Period(start, after - ONE_DAY))
        self._starts = [period.start for period in self.periods]
        self._spans: dict[Period, range] = {}

    def holding(self, day: date) -> int | None:
        """Which segment ``day`` is in, if in any."""
        index = bisect_right(self._starts, day) - 1
        return index if index >= 0 and self.periods[index].contains(day) else None

    def between(self, first: date, last: date) -> range:
        """Those that begin from ``first`` to ``last``."""
        return range(bisect_left(self._starts, first), bisect_right(self._starts, last))

    def span(self, period: Period) -> range:
        """Which segments ``period`` consists of; it must be one of those that they were cut for."""
        known = self._spans.get(period)
        if known is None:
            start, after = period.half_open
            known = range(bisect_left(self._starts, start), bisect_left(self._starts, after))
            self._spans[period] = known
        return known


def counts(scope: Scope, category: str, provider: str, currency: str) -> bool:
    """Whether what was used of ``provider`` in ``category`` counts for ``scope``, entities aside."""
    return (
        scope.currency == currency
        and (scope.category == category or scope.category == TOTAL)
        and scope.provider in (ANY_PROVIDER, provider or NO_PROVIDER)
    )


@lru_cache(maxsize=4096)
def kinds_around(category: str, provider: str, currency: str) -> tuple[tuple[str, str, str], ...]:
    """What a scope counts, entities aside, and all that counts it, too; the narrowest first."""
    return tuple(
        (wider_category, wider_provider, currency)
        for wider_category in dict.fromkeys((str(category), TOTAL))
        for wider_provider in dict.fromkeys((provider, ANY_PROVIDER))
    )


def bits_of(spans: Iterable[range]) -> int:
    """The segments of ``spans`` as the bits of a number: what is in several of them is in it once."""
    bits = 0
    for span in spans:
        bits |= (1 << span.stop) - (1 << span.start)
    return bits


class Sums:
    """What ``groups`` add up to, for any scope and segments."""

    def __init__(self, groups: Iterable[Group], lineage: Lineage) -> None:
        self._lineage = lineage
        # parents before their children
        self._chains = sorted((chain for key, chain in lineage.items() if key is not None), key=len)
        self._own: _Table = {}
        self._running: dict[Scope, _Running] = {}
        for entity_key, category, provider, currency, values in groups:
            if entity_key in lineage:
                _add(self._own.setdefault(lineage[entity_key][0], {}), (category, provider, currency), values)

    @cached_property
    def _rolled_up(self) -> "_Table":
        """What each entity used together with all below it: one addition per entity and kind, from the leaves up."""
        parents = {chain[1] for chain in self._chains if len(chain) > 1}
        sums: _Table = {}
        for key, kinds in self._own.items():  # where something is added, it is to what is no longer its own
            sums[key] = {kind: values.copy() for kind, values in kinds.items()} if key in parents else kinds
        for chain in reversed(self._chains):
            if len(chain) > 1 and chain[0] in sums:
                parent = sums.setdefault(chain[1], {})
                for kind, values in sums[chain[0]].items():
                    _add(parent, kind, values)
        return sums

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        """The entities directly below each one, as far as anything was used there."""
        found: dict[int, list[int]] = {}
        for key, *above in self._chains:
            if above and key in self._rolled_up:
                found.setdefault(above[0], []).append(key)
        return found

    def of(self, scope: Scope, span: range) -> int | None:
        """What ``scope`` used in the segments of ``span``; None where nothing is known."""
        of_entity = self._rolled_up.get(scope.entity_key, {}).items()
        if len(span) > _FEW:
            known = self._running.get(scope)
            if known is None:
                rows = [values for kind, values in of_entity if counts(scope, *kind)]
                known = self._running[scope] = _Running(rows)
            return known.within(span)
        total: int | None = None
        for kind, values in of_entity:
            if counts(scope, *kind):
                for segment in span:
                    value = values.get(segment)
                    if value is not None:
                        total = value if total is None else total + value
        return total

    def providers(self, scope: Scope, segments: Collection[int]) -> set[str]:
        """Whose use is known in ``scope`` in any of ``segments``, in any currency."""
        return {
            provider
            for (category, provider, _), values in self._rolled_up.get(scope.entity_key, {}).items()
            if counts(scope, category, provider, scope.currency) and not values.keys().isdisjoint(segments)
        }

    def once(self, covered: "Covered") -> int | None:
        """What all of ``covered`` used together: what several of them count is counted once."""
        known = self.by_segment(covered)
        return sum(known.values()) if known else None

    def by_segment(self, covered: "Covered") -> dict[int, int]:
        """What all of ``covered`` used together in each segment that something is known of, each dollar once."""
        return self.counted(counting(covered))

    def counted(self, counting: "Counting") -> dict[int, int]:
        """Usage in each segment, as far as it is ``counting``, each dollar once."""
        coverage = Coverage(counting, self._lineage)
        around = {key for at in counting for key in self._lineage[at]}
        used: dict[int, list[Mapping[int, int]]] = {}  # by segments that count: what was used in all
        for key in around:
            below = (self._rolled_up[child] for child in self._children.get(key, ()) if child not in around)
            for kinds in (self._own.get(key, {}), *below):
                for kind, values in kinds.items():
                    segments = coverage.segments(key, kind)
                    if segments:
                        used.setdefault(segments, []).append(values)
        found: dict[int, int] = {}
        for segments, rows in used.items():
            for segment, value in _together(rows).items():
                if segments >> segment & 1:
                    found[segment] = found.get(segment, 0) + value
        return found


class Coverage:
    """In which segments what an entity itself used is ``counting``, at it or above it."""

    def __init__(self, counting: "Counting", lineage: Lineage) -> None:
        self._counting, self._lineage = counting, lineage
        self._at: dict[int, _Here] = {}

    def segments(self, entity_key: int | None, kind: "_Kind") -> int:
        """The segments in which what was used of ``kind`` counts, as bits."""
        chain = self._lineage.get(entity_key)
        if chain is None:
            return 0
        here = self._at.get(chain[0]) or self._here(chain)
        segments = here.segments.get(kind)
        if segments is None:
            category, provider, currency = kind
            segments = 0
            for wider in kinds_around(category, provider or NO_PROVIDER, currency):
                segments |= here.counting.get(wider, 0)
            here.segments[kind] = segments
        return segments

    def _here(self, chain: Sequence[int]) -> "_Here":
        """What counts at an entity and above it: the same as at its parent where nothing more does."""
        found = _Here({}, {})
        for key in reversed(chain):
            own = self._counting.get(key)
            known = self._at.get(key)
            if known is None:
                if own is not None:
                    found = _Here({**found.counting}, {})
                    for kind, segments in own.items():
                        found.counting[kind] = found.counting.get(kind, 0) | segments
                known = self._at[key] = found
            found = known
        return found


class _Here(NamedTuple):
    """What is counting at an entity, and the ``segments`` of what is used there, as far as they are known."""

    counting: dict["_Kind", int]
    segments: dict["_Kind", int]


class _Running:
    """What ``rows`` come to in a span of segments, without going through them for each span."""

    def __init__(self, rows: Sequence[Mapping[int, int]]) -> None:
        values = rows[0] if len(rows) == 1 else _together(rows)
        self._segments = sorted(values)
        self._until = [0, *accumulate(values[segment] for segment in self._segments)]

    def within(self, span: range) -> int | None:
        """Their sum in ``span``; None where nothing is known."""
        first, after = bisect_left(self._segments, span.start), bisect_left(self._segments, span.stop)
        return None if first == after else self._until[after] - self._until[first]


Covered = Mapping[Scope, Iterable[range]]
"""All that counts for some scopes, each in some segments."""


def counting(covered: Covered) -> "Counting":
    """What counts at each entity."""
    found: Counting = {}
    for scope, spans in covered.items():
        of_entity = found.setdefault(scope.entity_key, {})
        of_entity[scope.kind] = of_entity.get(scope.kind, 0) | bits_of(spans)
    return found


_Kind = tuple[str, str, str]
Counting = dict[int, dict[_Kind, int]]
"""What counts at each entity: by category, provider and currency, the segments in which it does, as bits."""

_Kinds = dict[_Kind, dict[int, int]]
"""By category, provider and currency, what was used in each segment."""
_Table = dict[int, _Kinds]


def _add(sums: _Kinds, kind: _Kind, values: Mapping[int, int]) -> None:
    known = sums.get(kind)
    if known is None:
        sums[kind] = dict(values)
        return
    for segment, value in values.items():
        known[segment] = known.get(segment, 0) + value


def _together(rows: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """What ``rows`` add up to in each segment."""
    found: dict[int, int] = {}
    for values in rows:
        for segment, value in values.items():
            found[segment] = found.get(segment, 0) + value
    return found
