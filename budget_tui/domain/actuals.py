"""What was used, added up for many budgets at once.

Storage hands over what each entity itself used, per category, provider and currency, in each *segment*: the
stretches of days between the first and last days of all periods asked about. Here that is rolled up along one
hierarchy, once for all budgets.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from budget_tui.domain.cost import Category
from budget_tui.domain.period import ONE_DAY, Period

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
    """What one entity itself used of one provider in one category, in each segment (None: nothing is known).

    ``entity_key`` None is what found no entity.
    """

    entity_key: int | None
    category: str
    provider: str
    currency: str
    values: Sequence[int | None]


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


class Cover:
    """What counts at an entity, as the bits of one number: the segments of each of ``kinds``, side by side."""

    def __init__(self, kinds: Iterable["_Kind"], segments: int) -> None:
        self._place = {kind: at * segments for at, kind in enumerate(dict.fromkeys(kinds))}
        self._all = (1 << segments) - 1

    def bits(self, kind: "_Kind", spans: Iterable[range]) -> int:
        """That all of ``kind`` counts in ``spans``."""
        return bits_of(spans) << self._place[kind]

    def segments(self, kind: "_Kind", bits: int) -> int:
        """The segments in which what was used of ``kind`` counts, as bits of their own."""
        category, provider, currency = kind
        found = 0
        for wider in kinds_around(category, provider or NO_PROVIDER, currency):
            if wider in self._place:
                found |= bits >> self._place[wider]
        return found & self._all


class Sums:
    """What ``groups`` add up to, for any scope and segments."""

    def __init__(self, groups: Iterable[Group], lineage: Lineage) -> None:
        self._lineage = lineage
        # parents before their children
        self._chains = sorted((chain for key, chain in lineage.items() if key is not None), key=len)
        self._own: _Table = {}
        for entity_key, category, provider, currency, values in groups:
            if entity_key in lineage:
                _add(self._own.setdefault(lineage[entity_key][0], {}), (category, provider, currency), values)

    @cached_property
    def _rolled_up(self) -> "_Table":
        """What each entity used together with all below it: one addition per entity and kind, from the leaves up."""
        sums = {key: dict(kinds) for key, kinds in self._own.items()}
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
        total: int | None = None
        for kind, values in self._rolled_up.get(scope.entity_key, {}).items():
            if counts(scope, *kind):
                for segment in span:
                    value = values[segment]
                    if value is not None:
                        total = value if total is None else total + value
        return total

    def providers(self, scope: Scope, segments: Collection[int]) -> set[str]:
        """Whose use is known in ``scope`` in any of ``segments``, in any currency."""
        return {
            provider
            for (category, provider, _), values in self._rolled_up.get(scope.entity_key, {}).items()
            if counts(scope, category, provider, scope.currency)
            and any(values[segment] is not None for segment in segments)
        }

    def once(self, covered: Mapping[Scope, Iterable[range]]) -> int | None:
        """What all of ``covered`` used together: what several of them count is counted once."""
        known = self.by_segment(covered)
        return sum(known.values()) if known else None

    def by_segment(self, covered: Mapping[Scope, Iterable[range]]) -> dict[int, int]:
        """What all of ``covered`` used together in each segment that something is known of, each dollar once."""
        spans = {scope: tuple(spans) for scope, spans in covered.items()}
        last = max((span.stop for each in spans.values() for span in each), default=0)
        cover = Cover((scope.kind for scope in spans), last)
        at: dict[int, int] = {}
        for scope, each in spans.items():
            at[scope.entity_key] = at.get(scope.entity_key, 0) | cover.bits(scope.kind, each)
        return self.covered(at, cover)

    def covered(self, at: Mapping[int, int], cover: Cover) -> dict[int, int]:
        """What was used in each segment, as far as it counts ``at`` any entity, whose bits are those of ``cover``."""
        around = {key for covering in at for key in self._lineage[covering]}
        counting: dict[int, int] = {}  # by entity: what counts there, from there and from above
        alike: dict[int, dict[_Kind, int]] = {}  # most entities count alike
        used: dict[int, list[Sequence[int | None]]] = {}  # by segments that count: what was used in all
        for key in sorted(around, key=lambda key: len(self._lineage[key])):
            chain = self._lineage[key]
            here = at.get(key, 0)
            if len(chain) > 1:
                here |= counting[chain[1]]
            counting[key] = here
            if here:
                counted = alike.setdefault(here, {})
                below = (self._rolled_up[child] for child in self._children.get(key, ()) if child not in around)
                for kinds in (self._own.get(key, {}), *below):
                    for kind, values in kinds.items():
                        segments = counted.get(kind)
                        if segments is None:
                            segments = counted[kind] = cover.segments(kind, here)
                        if segments:
                            used.setdefault(segments, []).append(values)
        found: dict[int, int] = {}
        for segments, rows in used.items():
            for segment, column in enumerate(zip(*rows, strict=True)):
                known = [value for value in column if value is not None] if segments >> segment & 1 else ()
                if known:
                    found[segment] = found.get(segment, 0) + sum(known)
        return found


_Kind = tuple[str, str, str]
_Kinds = dict[_Kind, Sequence[int | None]]
"""By category, provider and currency, what was used in each segment."""
_Table = dict[int, _Kinds]


def _add(
    sums: dict[tuple[str, str, str], Sequence[int | None]], kind: tuple[str, str, str], values: Sequence[int | None]
) -> None:
    known = sums.get(kind)
    if known is None:
        sums[kind] = values
    else:
        sums[kind] = [a if b is None else b if a is None else a + b for a, b in zip(known, values, strict=True)]
