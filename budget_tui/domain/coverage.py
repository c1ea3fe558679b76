"""Coverage and containment: which usage counts for a budget, and which budget contains which.

Storage supplies what each entity itself used, per category, provider and currency, in each *segment*: a stretch of days
between the first and last days of all the periods requested. This module rolls that up, each day along the hierarchy
that held on it, once for all budgets.

A budget *contains* another when everything that counts for the other counts for it, too: same type and currency, the
same entity or one above it, the same category or ``total``, the same provider or any, in a period that includes all of
its days. Totals add only budgets that no other one contains; of two with the same scope and period, the one that is
listed first.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from enum import Enum, auto
from functools import cached_property, lru_cache
from itertools import accumulate, compress, pairwise, product
from operator import or_
from typing import NamedTuple, TypeVar

from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy_history import Era, HierarchyHistory, Lineage
from budget_tui.domain.period import ONE_DAY, Period, joined
from budget_tui.domain.plan import PlannedBudget

_FEW = 32
"""Up to this many segments are added up one by one; beyond it, running sums are faster."""

ANY_PROVIDER = ""
NO_PROVIDER = "\0"
"""The provider of a scope that counts only usage without a provider; no real name can be this."""
TOTAL = str(Category.TOTAL)
_MONETARY = BudgetType.MONETARY
_Result = TypeVar("_Result")


# Coverage


class Scope(NamedTuple):
    """The entity, category, provider and currency that a budget counts; ``currency`` is '' for tokens and seats."""

    entity_key: int
    category: str
    provider: str
    currency: str

    @property
    def kind(self) -> tuple[str, str, str]:
        return self.category, self.provider, self.currency


def scope_of(budget: PlannedBudget) -> Scope:
    """Return the scope of ``budget``; tokens and seats have no currency."""
    currency = budget.currency if budget.budget_type is _MONETARY else ""
    return Scope(budget.entity_key, budget.category, budget.provider, currency)


Covered = Mapping[Scope, Collection[Period]]
"""Scopes, each with the periods in which it counts."""


def covered_by(budgets: Iterable[PlannedBudget]) -> dict[Scope, list[Period]]:
    """Return the scopes of ``budgets``, each with the periods of its budgets."""
    return by_scope((scope_of(budget), budget.period) for budget in budgets)


def by_scope(counting: Iterable[tuple[Scope, Period]]) -> dict[Scope, list[Period]]:
    """Group the periods of ``counting`` by scope."""
    found: dict[Scope, list[Period]] = {}
    for scope, period in counting:
        found.setdefault(scope, []).append(period)
    return found


class Mismatch(Enum):
    """Reason why usage at or below the entity of a scope does not count for the scope."""

    CATEGORY = auto()
    PROVIDER = auto()


def mismatch(scope: Scope, category: str, provider: str) -> Mismatch | None:
    """Return why usage of ``provider`` in ``category`` does not count for ``scope``; None where it counts.

    Entities and currencies are not compared.
    """
    if scope.category not in (category, TOTAL):
        return Mismatch.CATEGORY
    if scope.provider not in (ANY_PROVIDER, provider or NO_PROVIDER):
        return Mismatch.PROVIDER
    return None


Kind = tuple[str, str, str]
"""Category, provider and currency ('' for tokens and seats)."""


@lru_cache(maxsize=4096)
def around(category: str, provider: str) -> tuple[tuple[str, str], ...]:
    """Return the categories and providers that count usage of both, their own first; see `mismatch`."""
    return tuple(product(dict.fromkeys((str(category), TOTAL)), dict.fromkeys((provider, ANY_PROVIDER))))


def counts_for_any(counted: AbstractSet[tuple[str, str]], category: str, provider: str) -> bool:
    """Return whether usage of ``provider`` in ``category`` counts for any category and provider; see `mismatch`."""
    return not counted.isdisjoint(around(category, provider or NO_PROVIDER))


@lru_cache(maxsize=4096)
def kinds_around(category: str, provider: str, currency: str) -> tuple[Kind, ...]:
    """Return the kinds that count usage of a category, provider and currency, its own first."""
    return tuple((*wider, currency) for wider in around(category, provider))


class Segments:
    """The days of some periods, cut at each first day, after each last day and before each day of ``cuts``.

    No two segments share a day.
    """

    def __init__(self, periods: Iterable[Period], cuts: Iterable[date] = ()) -> None:
        depth = dict.fromkeys(cuts, 0)
        for period in set(periods):
            start, after = period.half_open
            depth[start] = depth.get(start, 0) + 1
            depth[after] = depth.get(after, 0) - 1
        self.periods: list[Period] = []
        open_periods = 0
        for start, after in pairwise(sorted(depth)):
            open_periods += depth[start]
            if open_periods:
                self.periods.append(Period(start, after - ONE_DAY))
        self._starts = [period.start for period in self.periods]
        self._spans: dict[Period, range] = {}
        self._days: dict[int, list[Period]] = {}

    @property
    def days(self) -> Period:
        """The days from the first segment's start to the last segment's end."""
        return Period(self.periods[0].start, self.periods[-1].end)

    def index_of(self, day: date) -> int | None:
        """Return the index of the segment that ``day`` is in; None if it is in none."""
        index = bisect_right(self._starts, day) - 1
        return index if index >= 0 and self.periods[index].contains(day) else None

    def between(self, first: date, last: date) -> range:
        """Return the indices of the segments that start from ``first`` to ``last``, both included."""
        return range(bisect_left(self._starts, first), bisect_right(self._starts, last))

    def span(self, period: Period) -> range:
        """Return the indices of the segments that make up ``period``; its start and end must be cuts."""
        known = self._spans.get(period)
        if known is None:
            start, after = period.half_open
            known = range(bisect_left(self._starts, start), bisect_left(self._starts, after))
            self._spans[period] = known
        return known

    def days_of(self, bits: int) -> list[Period]:
        """Return the days of the segments in ``bits`` as periods without gaps between them."""
        if bits not in self._days:  # many have the same segments
            self._days[bits] = joined(compress(self.periods, map(int, reversed(f"{bits:b}"))))
        return self._days[bits]


def bits_of(spans: Iterable[range]) -> int:
    """Return the segments of ``spans`` as the bits of a number; a segment in several spans is in it once."""
    bits = 0
    for span in spans:
        bits |= (1 << span.stop) - (1 << span.start)
    return bits


Counting = dict[int, dict[Kind, int]]
"""The kinds that count at each entity, each with its segments as bits."""


def counting(covered: Covered, segments: Segments) -> Counting:
    """Return the kinds that count at each entity, each with its segments as bits."""
    found: Counting = {}
    for scope, periods in covered.items():
        of_entity = found.setdefault(scope.entity_key, {})
        of_entity[scope.kind] = of_entity.get(scope.kind, 0) | bits_of(map(segments.span, periods))
    return found


class Coverage:
    """The days on which an entity's own usage counts for any of ``covered`` and for none of ``without``.

    Each day is taken along the hierarchy that held on it.
    """

    def __init__(
        self, covered: Covered, history: HierarchyHistory, segments: Segments, without: Covered | None = None
    ) -> None:
        found = counting(covered, segments)
        self._segments = segments
        self._parts = [
            (_CoverageOfEra(found, era.lineage), bits_of([of_era])) for era, of_era in _in_eras(history, segments)
        ]
        self._excluded = Coverage(without, history, segments) if without else None

    def segments(self, entity_key: int | None, kind: Kind) -> int:
        """Return the segments in which an entity's own usage of ``kind`` counts, as bits."""
        found = 0
        for coverage, of_era in self._parts:
            found |= coverage.segments(entity_key, kind) & of_era
        return found & ~self._excluded.segments(entity_key, kind) if self._excluded and found else found

    def by_currency(self, entity_key: int | None, category: str, provider: str) -> dict[str, int]:
        """Return the segments in which an entity's own usage counts, as bits, for each currency that has any."""
        found: dict[str, int] = {}
        for coverage, of_era in self._parts:
            for currency, segments in coverage.by_currency(entity_key, category, provider):
                if inside := segments & of_era:
                    found[currency] = found.get(currency, 0) | inside
        if self._excluded is None:
            return found
        without = self._excluded.by_currency(entity_key, category, provider)
        return {
            currency: left for currency, segments in found.items() if (left := segments & ~without.get(currency, 0))
        }

    def days(self, entity_key: int | None, kind: Kind) -> list[Period]:
        """Return the days on which an entity's own usage of ``kind`` counts, as periods."""
        return self._segments.days_of(self.segments(entity_key, kind))


def _in_eras(history: HierarchyHistory, segments: Segments) -> Iterator[tuple[Era, range]]:
    """Yield each era in which segments start, with the indices of those segments."""
    for era in history:
        of_era = segments.between(era.first, era.last)
        if of_era:
            yield era, of_era


class _AtEntity:
    """The kinds ``counting`` at or above an entity, and the ``segments`` computed so far for each kind of usage."""

    def __init__(self, counting: dict[Kind, int]) -> None:
        self.counting = counting
        self.segments: dict[Kind, int] = {}

    @cached_property
    def by_currency(self) -> Mapping[tuple[str, str], Sequence[tuple[str, int]]]:
        """The currencies counting, with their segments, by category and provider."""
        found: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for (category, provider, currency), segments in self.counting.items():
            found.setdefault((category, provider), []).append((currency, segments))
        return found


class _CoverageOfEra:
    """The segments in which an entity's own usage is ``counting`` at it or above it, in a single hierarchy."""

    def __init__(self, counting: Counting, lineage: Lineage) -> None:
        self._counting, self._lineage = counting, lineage
        self._at: dict[int, _AtEntity] = {}

    def segments(self, entity_key: int | None, kind: Kind) -> int:
        """Return the segments in which an entity's own usage of ``kind`` counts, as bits."""
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

    def by_currency(self, entity_key: int | None, category: str, provider: str) -> Iterator[tuple[str, int]]:
        """Yield currencies with segments, as bits, in which an entity's own usage counts, a currency repeatedly."""
        chain = self._lineage.get(entity_key)
        if chain is not None:
            here = (self._at.get(chain[0]) or self._here(chain)).by_currency
            for wider in around(category, provider or NO_PROVIDER):
                yield from here.get(wider, ())

    def _here(self, chain: Sequence[int]) -> _AtEntity:
        """Return what counts at or above the first entity of ``chain``, which shares its parent's if it adds
        nothing."""
        found = _AtEntity({})
        for key in reversed(chain):
            own = self._counting.get(key)
            known = self._at.get(key)
            if known is None:
                if own is not None:
                    found = _AtEntity({**found.counting})
                    for kind, segments in own.items():
                        found.counting[kind] = found.counting.get(kind, 0) | segments
                known = self._at[key] = found
            found = known
        return found


# Usage


class UsageLine(NamedTuple):
    """The usage of one entity itself, of one provider in one category, by segment; segments without data are missing.

    ``entity_key`` is None for unmapped usage. ``currency`` is '' for tokens.
    """

    entity_key: int | None
    category: str
    provider: str
    currency: str
    values: Mapping[int, int]


class Sums:
    """The sums of ``lines`` for any scope and segments, each day along the hierarchy that held on it."""

    def __init__(self, lines: Sequence[UsageLine], history: HierarchyHistory, segments: Segments) -> None:
        self._segments = segments
        if len(history) == 1:
            self._parts = [(range(len(segments.periods)), _SumsOfEra(lines, history.now.lineage))]
        else:
            self._parts = [
                (of_era, _SumsOfEra(_only(lines, of_era), era.lineage)) for era, of_era in _in_eras(history, segments)
            ]

    def of(self, scope: Scope, period: Period) -> int | None:
        """Return the usage of ``scope`` in ``period``; None where nothing is known."""
        span, total = self._segments.span(period), None
        if len(self._parts) == 1:  # as it is for most
            return self._parts[0][1].of(scope, span)
        for of_era, sums in self._parts:
            if of_era.start < span.stop and span.start < of_era.stop:
                value = sums.of(scope, span)
                if value is not None:
                    total = value if total is None else total + value
        return total

    def once(self, covered: Covered) -> int | None:
        """Return the usage of all of ``covered`` together, counting shared usage once; None where nothing is known."""
        known = self.by_segment(covered)
        return sum(known.values()) if known else None

    def by_segment(self, covered: Covered) -> dict[int, int]:
        """Return the usage of all of ``covered`` together, counting shared usage once, by segment with data."""
        return self.counted(counting(covered, self._segments))

    def counted(self, counting: Counting) -> dict[int, int]:
        """Return the usage that is ``counting``, counting shared usage once, by segment."""
        return {segment: value for _, sums in self._parts for segment, value in sums.counted(counting).items()}


def _only(lines: Iterable[UsageLine], segments: range) -> Iterator[UsageLine]:
    """Yield ``lines`` restricted to ``segments``, leaving out those without data there."""
    for line in lines:
        inside = {segment: value for segment, value in line.values.items() if segment in segments}
        if inside:
            yield line._replace(values=inside)


_Kinds = dict[Kind, dict[int, int]]
"""Usage by segment, for each kind."""


class _SumsOfEra:
    """The sums of ``lines`` along a single hierarchy."""

    def __init__(self, lines: Iterable[UsageLine], lineage: Lineage) -> None:
        self._lineage = lineage
        # parents before their children
        self._chains = sorted((chain for key, chain in lineage.items() if key is not None), key=len)
        self._own: dict[int, _Kinds] = {}
        self._counted: dict[Kind, list[Kind]] = {}
        self._running: dict[Scope, _Running] = {}
        for entity_key, category, provider, currency, values in lines:
            chain = lineage.get(entity_key)
            if chain is not None:
                _add(self._own.setdefault(chain[0], {}), (category, provider, currency), values)

    @cached_property
    def _rolled_up(self) -> dict[int, _Kinds]:
        """The usage of each entity with all entities below it: one addition per entity and kind, from the leaves up."""
        parents = {chain[1] for chain in self._chains if len(chain) > 1}
        sums: dict[int, _Kinds] = {}
        for key, kinds in self._own.items():  # copy only what children are added to
            sums[key] = {kind: values.copy() for kind, values in kinds.items()} if key in parents else kinds
        for chain in reversed(self._chains):
            if len(chain) > 1 and chain[0] in sums:
                parent = sums.setdefault(chain[1], {})
                for kind, values in sums[chain[0]].items():
                    _add(parent, kind, values)
        return sums

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        """The entities with usage directly below each entity."""
        found: dict[int, list[int]] = {}
        for key, *above in self._chains:
            if above and key in self._rolled_up:
                found.setdefault(above[0], []).append(key)
        return found

    def of(self, scope: Scope, span: range) -> int | None:
        """Return the usage of ``scope`` in the segments of ``span``; None where nothing is known."""
        if len(span) > _FEW:
            known = self._running.get(scope)
            if known is None:
                known = self._running[scope] = _Running(self._counting_for(scope))
            return known.within(span)
        total: int | None = None
        for values in self._counting_for(scope):
            for segment in span:
                if segment in values:
                    total = values[segment] if total is None else total + values[segment]
        return total

    def _counting_for(self, scope: Scope) -> list[dict[int, int]]:
        of_entity = self._rolled_up.get(scope.entity_key)
        if of_entity is None:
            return []
        kinds = self._counted.get(scope.kind)
        if kinds is None:  # thousands of budgets are of a few kinds
            kinds = self._counted[scope.kind] = [
                (category, provider, currency)
                for category, provider, currency in self._kinds
                if currency == scope.currency and mismatch(scope, category, provider) is None
            ]
        return [of_entity[kind] for kind in kinds if kind in of_entity]

    @cached_property
    def _kinds(self) -> Collection[Kind]:
        """All kinds of usage that there are."""
        return {kind for kinds in self._own.values() for kind in kinds}

    def counted(self, counting: Counting) -> dict[int, int]:
        """Return the usage that is ``counting``, counting shared usage once, by segment."""
        coverage = _CoverageOfEra(counting, self._lineage)
        around = {key for at in counting for key in self._lineage[at]}
        used: dict[int, list[Mapping[int, int]]] = {}  # usage in all segments, by the segments that count
        for key in around:
            below = (self._rolled_up[child] for child in self._children.get(key, ()) if child not in around)
            for kinds in (self._own.get(key, {}), *below):
                for kind, values in kinds.items():
                    segments = coverage.segments(key, kind)
                    if segments:
                        used.setdefault(segments, []).append(values)
        found: dict[int, int] = {}
        for segments, rows in used.items():
            for segment, value in _added_up(rows).items():
                if segments >> segment & 1:
                    found[segment] = found.get(segment, 0) + value
        return found


class _Running:
    """The running sums of ``rows``, so that the sum over a span of segments needs no pass through it."""

    def __init__(self, rows: Sequence[Mapping[int, int]]) -> None:
        values = rows[0] if len(rows) == 1 else _added_up(rows)
        self._segments = sorted(values)
        self._until = [0, *accumulate(values[segment] for segment in self._segments)]

    def within(self, span: range) -> int | None:
        """Return the sum over ``span``; None where nothing is known."""
        first, after = bisect_left(self._segments, span.start), bisect_left(self._segments, span.stop)
        return None if first == after else self._until[after] - self._until[first]


def _add(sums: _Kinds, kind: Kind, values: Mapping[int, int]) -> None:
    known = sums.get(kind)
    if known is None:
        sums[kind] = dict(values)
        return
    for segment, value in values.items():
        known[segment] = known.get(segment, 0) + value


def _added_up(rows: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """Add up ``rows``, segment by segment."""
    found: dict[int, int] = {}
    for values in rows:
        for segment, value in values.items():
            found[segment] = found.get(segment, 0) + value
    return found


# Containment

TypedKind = tuple[BudgetType, str, str, str]
"""The type, category, provider and currency that a budget counts."""


def kind_of(budget: PlannedBudget) -> TypedKind:
    """Return the type, category, provider and currency that ``budget`` counts; only money has a currency."""
    budget_type = budget.budget_type
    return budget_type, budget.category, budget.provider, budget.currency if budget_type is _MONETARY else ""


@lru_cache(maxsize=4096)
def wider_kinds(kind: TypedKind) -> tuple[TypedKind, ...]:
    """Return ``kind`` and the kinds that contain it, the narrowest first."""
    budget_type, *of = kind
    return tuple((budget_type, *wider) for wider in kinds_around(*of))


class Containment:
    """The containment among ``budgets``, each placed where its entity stood on its last day.

    Its methods take the ids of some budgets and ignore all others.
    """

    def __init__(self, budgets: Sequence[PlannedBudget], history: HierarchyHistory) -> None:
        extents = _extents(budgets)
        self._eras: list[tuple[Container[str], _InOneEra]] = []
        if len(history) == 1:  # as it is for most
            self._eras = [((), _InOneEra(budgets, extents, history.now.lineage))]
            return
        by_era: dict[Era, list[PlannedBudget]] = {}
        for budget in budgets:
            by_era.setdefault(history.of(budget.period), []).append(budget)
        for era, of_era in by_era.items():
            ids = {budget.budget_id for budget in of_era}
            self._eras.append((ids, _InOneEra(_around(of_era, budgets), extents, era.lineage)))

    def widest(self, ids: Container[str]) -> dict[str, "Placed"]:
        """Return the places of the budgets that no other one contains, by id: their sum counts no amount twice."""
        return self._of_each_era(lambda era: era.widest(ids))

    def parents(self, ids: Container[str]) -> dict[str, str | None]:
        """Return the parent of each budget in the allocation tree; None at its top.

        The parent is the nearest budget of the same period that contains it, because its usage counts there first. Of
        several that do not contain each other, it is the one that the budget was allocated from.
        """
        return self._of_each_era(lambda era: era.parents(ids))

    def _of_each_era(self, find: Callable[["_InOneEra"], dict[str, _Result]]) -> dict[str, _Result]:
        if len(self._eras) == 1:
            return find(self._eras[0][1])
        return {
            budget_id: found
            for of_era, era in self._eras
            for budget_id, found in find(era).items()
            if budget_id in of_era
        }


def _around(some: Sequence[PlannedBudget], budgets: Sequence[PlannedBudget]) -> Sequence[PlannedBudget]:
    """Return those of ``budgets`` whose days could overlap with those of ``some`` of them."""
    if len(some) == len(budgets):
        return budgets
    first, last = min(each.period.start for each in some), max(each.period.end for each in some)
    return [each for each in budgets if each.period.start <= last and first <= each.period.end]


class _InOneEra:
    """The containment among ``budgets`` in a single hierarchy."""

    def __init__(self, budgets: Sequence[PlannedBudget], extents: "_Extents", lineage: Lineage) -> None:
        placed = [(lineage[each.entity_key], extents[each.budget_id], each) for each in budgets]
        # A budget comes after all that contain it.
        placed.sort(key=lambda each: len(each[0]) * len(extents) + each[1].number)
        known: dict[str | None, Placed] = {}
        for chain, extent, budget in placed:
            allocated_from = known.get(budget.parent_id)
            contains = allocated_from is not None and allocated_from.contains(chain, extent)
            known[budget.budget_id] = Placed(budget.budget_id, allocated_from if contains else None, chain, extent)
        self._placed = [*known.values()]

    def widest(self, ids: Container[str]) -> dict[str, "Placed"]:
        """Return the places of those of the budgets ``ids`` that no other of them contains, by id."""
        found = {}
        planned: dict[int, int] = {}  # by entity: the extents of the budgets at it and above it, as bits
        for each in self._placed:
            budget_id, _, chain, extent = each
            if budget_id not in ids:
                continue
            above = 0
            for key in chain:
                if key in planned:
                    above = planned[key]
                    break
            if not above & extent.within:
                found[budget_id] = each
            planned[chain[0]] = above | 1 << extent.number
        return found

    def parents(self, ids: Container[str]) -> dict[str, str | None]:
        """Return the parent of each of the budgets ``ids``; see `Containment.parents`."""
        found: dict[str, str | None] = {}
        planned: dict[int, dict[int, Placed]] = defaultdict(dict)  # by extent, then by entity
        for each in self._placed:
            budget_id, allocated_from, chain, extent = each
            if budget_id in ids:
                source = allocated_from if allocated_from is not None and allocated_from.budget_id in ids else None
                found[budget_id] = _nearest(chain, extent, planned, source)
                planned[extent.number].setdefault(chain[0], each)
        return found


def is_below(budget: PlannedBudget, entity_key: int, history: HierarchyHistory) -> bool:
    """Return whether ``budget`` stood at or below an entity on its last day."""
    return entity_key in history.of(budget.period).lineage[budget.entity_key]


class Extent(NamedTuple):
    """The kind and period that a budget covers, its entity aside.

    ``within`` are the extents that contain it, itself included, each as the bit of its number; ``wider`` are the
    numbers of those of the same period, its own first. Of two at the same entity, the one with the lower number comes
    first.
    """

    number: int
    kind: TypedKind
    period: Period
    within: int
    wider: tuple[int, ...]

    @property
    def counts(self) -> tuple[str, str, str]:
        """The category, provider and currency that it counts."""
        return self.kind[1:]


class Placed(NamedTuple):
    """A budget's place among others: its extent, and its entity with all entities above it.

    ``allocated_from`` is the place of the budget that it was allocated from, if that one contains it.
    """

    budget_id: str
    allocated_from: "Placed | None"
    chain: Sequence[int]
    extent: Extent

    def contains(self, chain: Sequence[int], extent: Extent) -> bool:
        """Return whether this place is at or above another one of the same period and contains it."""
        return self.chain[0] in chain and self.extent.number in extent.wider


_Extents = Mapping[str, Extent]
"""The extent of each budget, by its id."""


def _extents(budgets: Iterable[PlannedBudget]) -> _Extents:
    having: dict[tuple[TypedKind, Period], list[str]] = {}
    for budget in budgets:
        having.setdefault((kind_of(budget), budget.period), []).append(budget.budget_id)
    numbers = {each: number for number, each in enumerate(sorted(having, key=_precedence))}
    of_kind: dict[TypedKind, list[tuple[Period, int]]] = {}
    for (kind, period), number in numbers.items():
        of_kind.setdefault(kind, []).append((period, number))
    days = {kind: _DaysOfKind(extents) for kind, extents in of_kind.items()}
    found: dict[str, Extent] = {}
    for (kind, period), number in numbers.items():
        wider = [other for other in wider_kinds(kind) if other in days]
        extent = Extent(
            number,
            kind,
            period,
            sum(days[other].having(period) for other in wider),
            tuple(numbers[other, period] for other in wider if (other, period) in numbers),
        )
        found |= dict.fromkeys(having[kind, period], extent)
    return found


class _DaysOfKind:
    """The extents of one kind, indexed by their first and last days."""

    def __init__(self, extents: Sequence[tuple[Period, int]]) -> None:
        by_start = sorted((period.start, number) for period, number in extents)
        by_end = sorted((period.end, number) for period, number in extents)
        self._starts, self._ends = [start for start, _ in by_start], [end for end, _ in by_end]
        self._until = _bits_until(number for _, number in by_start)
        self._before = _bits_until(number for _, number in by_end)

    def having(self, period: Period) -> int:
        """Return the extents that include all days of ``period``, each as the bit of its number."""
        starting = self._until[bisect_right(self._starts, period.start)]
        return starting & ~self._before[bisect_left(self._ends, period.end)]


def _bits_until(numbers: Iterable[int]) -> list[int]:
    """Return the bits of none of ``numbers``, of the first, of the first two, and so on."""
    return list(accumulate((1 << number for number in numbers), or_, initial=0))


def _precedence(of: tuple[TypedKind, Period]) -> tuple[int, int, date]:
    """Return the sort key of an entity's budgets: wider kinds first, then longer periods, then earlier ones."""
    (_, category, provider, _), period = of
    return (category != TOTAL) + (provider != ANY_PROVIDER), -period.days, period.start


def _nearest(
    chain: Sequence[int], extent: Extent, planned: Mapping[int, Mapping[int, Placed]], allocated_from: Placed | None
) -> str | None:
    """Return the id of the nearest of ``planned`` that contains a place; None if none does.

    If that place was ``allocated_from`` another one, only that one and those between the two are considered.
    """
    wider = extent.wider[1:]  # at its own entity, all but its own extent
    for key in chain:
        for number in wider:
            found = planned[number].get(key)
            if found is not None:
                if allocated_from is None:
                    return found.budget_id
                if key == allocated_from.chain[0] and number == allocated_from.extent.number:
                    return allocated_from.budget_id
                if allocated_from.contains(found.chain, found.extent):
                    return found.budget_id
        wider = extent.wider
    return None


def widest(budgets: Sequence[PlannedBudget], history: HierarchyHistory) -> list[PlannedBudget]:
    """Return the budgets that no other of ``budgets`` contains."""
    found = Containment(budgets, history).widest({budget.budget_id for budget in budgets})
    return [budget for budget in budgets if budget.budget_id in found]


def nearest_around(
    budget: PlannedBudget, budgets: Iterable[PlannedBudget], history: HierarchyHistory
) -> PlannedBudget | None:
    """Return the nearest other one of ``budgets`` that contains ``budget``; None if none does."""
    at: dict[tuple[int, TypedKind], list[PlannedBudget]] = {}
    for other in budgets:
        at.setdefault((other.entity_key, kind_of(other)), []).append(other)
    for key in history.of(budget.period).lineage[budget.entity_key]:
        for kind in wider_kinds(kind_of(budget)):
            for other in at.get((key, kind), ()):
                if other is not budget and other.period.covers(budget.period):
                    return other
    return None


class Node(NamedTuple):
    """A budget in the allocation tree, with the nodes below it."""

    budget: PlannedBudget
    children: tuple["Node", ...]

    @property
    def allocated(self) -> int:
        return sum([child.budget.amount for child in self.children])

    @property
    def unallocated(self) -> int:
        """The amount that no child has; negative when the children have more than the budget."""
        return self.budget.amount - self.allocated


def forest(budgets: Sequence[PlannedBudget], history: HierarchyHistory) -> tuple[Node, ...]:
    """Return the allocation trees of ``budgets``, in their order."""
    parents = Containment(budgets, history).parents({budget.budget_id for budget in budgets})
    children: dict[str | None, list[PlannedBudget]] = {}
    for budget in budgets:
        children.setdefault(parents[budget.budget_id], []).append(budget)

    def node(budget: PlannedBudget) -> Node:
        return Node(budget, tuple([node(child) for child in children.get(budget.budget_id, ())]))

    return tuple(node(budget) for budget in children.get(None, ()))


AllocatedTotals = Mapping[str, int]
"""The total of each budget's children in an allocation tree, by its id; budgets without children are missing."""


class OverAllocated(NamedTuple):
    """A budget whose children were ``allocated`` more than its amount."""

    budget: PlannedBudget
    allocated: int

    @property
    def beyond(self) -> int:
        return self.allocated - self.budget.amount


def allocated_totals(budgets: Sequence[PlannedBudget], containment: Containment) -> AllocatedTotals:
    """Return the total of each budget's children, both among ``budgets`` alone."""
    parents = containment.parents({budget.budget_id for budget in budgets})
    found: dict[str, int] = {}
    for budget in budgets:
        parent = parents[budget.budget_id]
        if parent is not None:
            found[parent] = found.get(parent, 0) + budget.amount
    return found


def allocated_totals_in(trees: Sequence[Node]) -> AllocatedTotals:
    """Return the total of each budget's children in ``trees``."""
    found, waiting = {}, [*trees]
    while waiting:
        node = waiting.pop()
        if node.children:
            found[node.budget.budget_id] = node.allocated
            waiting += node.children
    return found


def over_allocated(budgets: Iterable[PlannedBudget], *trees: AllocatedTotals) -> tuple[OverAllocated, ...]:
    """Return those of ``budgets`` whose children have more than they do, by the first of ``trees`` that shows it."""
    found = []
    for budget in budgets:
        for tree in trees:
            allocated = tree.get(budget.budget_id, 0)
            if allocated > budget.amount:
                found.append(OverAllocated(budget, allocated))
                break
    return tuple(found)
