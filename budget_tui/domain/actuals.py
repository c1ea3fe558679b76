"""What was used, added up for many budgets at once.

Storage hands over what each entity itself used, per category, provider and currency, in each *segment*: the
stretches of days between the first and last days of all periods asked about. Here that is rolled up along the
hierarchy, once for all budgets.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from budget_tui.domain.cost import Category
from budget_tui.domain.period import ONE_DAY, Period

ANY_PROVIDER = ""


class Scope(NamedTuple):
    """What a budget counts, its period aside. ``currency`` is '' for tokens and seats."""

    entity_key: int
    category: str
    provider: str
    currency: str


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
    """The days of some periods, cut at each first and after each last day; no day is in two of them."""

    def __init__(self, periods: Iterable[Period]) -> None:
        depth: dict[date, int] = {}
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

    def span(self, period: Period) -> range:
        """Which segments ``period`` consists of; it must be one of those that they were cut for."""
        known = self._spans.get(period)
        if known is None:
            start, after = period.half_open
            known = range(bisect_left(self._starts, start), bisect_left(self._starts, after))
            self._spans[period] = known
        return known


def scopes_of(group: Group, lineage: Lineage) -> Iterator[Scope]:
    """Every scope that counts ``group``: of its entity and those above, its category or all, its provider or any."""
    for key in lineage.get(group.entity_key, ()):
        for category in (group.category, Category.TOTAL.value):
            yield Scope(key, category, group.provider, group.currency)
            if group.provider != ANY_PROVIDER:
                yield Scope(key, category, ANY_PROVIDER, group.currency)


class Sums:
    """Sums per scope and segment, of the scopes in ``wanted`` only."""

    def __init__(self, groups: Iterable[Group], lineage: Lineage, wanted: Iterable[Scope]) -> None:
        self._sums: dict[Scope, dict[int, int]] = {scope: {} for scope in wanted}
        self.counted: list[tuple[dict[int, int], list[Scope]]] = []
        for group in groups:
            known = {segment: value for segment, value in enumerate(group.values) if value is not None}
            targets = [scope for scope in scopes_of(group, lineage) if scope in self._sums] if known else []
            for scope in targets:
                sums = self._sums[scope]
                for segment, value in known.items():
                    sums[segment] = sums.get(segment, 0) + value
            if targets:
                self.counted.append((known, targets))

    def of(self, scope: Scope, span: range) -> int | None:
        """What ``scope`` used in the segments of ``span``; None where nothing is known."""
        sums = self._sums[scope]
        found = [sums[segment] for segment in span if segment in sums]
        return sum(found) if found else None

    def once(self, covered: Mapping[Scope, Iterable[range]]) -> int | None:
        """What all of ``covered`` used together: what several of them count is counted once."""
        segments = {scope: {segment for span in spans for segment in span} for scope, spans in covered.items()}
        total: int | None = None
        for known, scopes in self.counted:
            counting = [segments[scope] for scope in scopes if scope in segments]
            if counting:
                for segment in set().union(*counting) & known.keys():
                    total = (total or 0) + known[segment]
        return total
