"""Everything that was used in some periods, read in one pass: costs, tokens and seats, of each entity itself."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

from budget_tui.domain.actuals import NO_PROVIDER, Group, Scope, Segments
from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.eras import SumsInTime, sums_of
from budget_tui.domain.fx import Rates, convert, pairs_between
from budget_tui.domain.period import Period
from budget_tui.domain.tokens import provider_of_model
from budget_tui.services.plan_checks import provider_named
from budget_tui.services.plan_seats import Covered, KnownSeats
from budget_tui.storage.plan_queries import DatedCost
from budget_tui.storage.queries import Queries


class Unconverted(NamedTuple):
    """Costs in ``currency`` without a usable rate ``into`` another: their amounts and how many they are."""

    currency: str
    into: str
    amounts: SumsInTime
    charges: SumsInTime


class CountedAs(NamedTuple):
    """Costs in ``currency`` that count ``into`` another: their amounts, how many they are, what they count as."""

    currency: str
    into: str
    amounts: SumsInTime
    charges: SumsInTime
    counted: SumsInTime


class Usage:
    """What was used in ``periods`` through ``today``, as far as ``types`` and budgets in ``currencies`` ask for it."""

    def __init__(
        self,
        queries: Queries,
        organization: Organization,
        periods: Iterable[Period],
        types: Collection[BudgetType],
        currencies: Collection[str],
        today: date,
    ) -> None:
        self._today = today
        self._queries, self._org = queries, organization.org_key
        self.eras = queries.eras(self._org)
        self.segments = Segments(periods, self.eras.cuts)
        self.groups: dict[BudgetType, list[Group]] = {budget_type: [] for budget_type in BudgetType}
        self.unconverted: list[Unconverted] = []
        self.converted: list[CountedAs] = []
        self._seats: KnownSeats | None = None
        if not self.segments.periods:
            return
        self._days = Period(self.segments.periods[0].start, self.segments.periods[-1].end)
        if BudgetType.MONETARY in types:
            self.groups[BudgetType.MONETARY] = queries.costs_by_segment(self._org, self.segments.periods, today)
            self._convert(sorted(currencies))
        if BudgetType.SEAT in types:
            self._seats = KnownSeats(queries, self._org, self._days, self.eras, today)
        if BudgetType.TOKEN in types:
            costs = queries.tokens_by_segment(self._org, self.segments.periods, today)
            self.groups[BudgetType.TOKEN] = [*costs, *self._agents_tokens()]

    @cached_property
    def sums(self) -> dict[BudgetType, SumsInTime]:
        """What is added up along the hierarchy: costs and tokens."""
        return {
            budget_type: sums_of(self.groups[budget_type], self.eras, self.segments)
            for budget_type in (BudgetType.MONETARY, BudgetType.TOKEN)
        }

    def providers(self, scope: Scope, periods: Collection[Period]) -> set[str]:
        """Who was used in ``scope`` in any of ``periods``, in any currency and by any measure."""
        segments = {segment for period in periods for segment in self.segments.span(period)}
        seats = self._seats.providers.get(scope.entity_key, set()) if self._seats else set()
        used = {
            name for name in seats if self.seats({scope._replace(provider=name or NO_PROVIDER): periods}) is not None
        }
        return used.union(*(sums.providers(scope, segments) for sums in self.sums.values()))

    def seats(self, covered: Covered, without: Covered | None = None) -> int | None:
        """The most seats on one day that count for ``covered`` and not for ``without``, each once; None where nothing
        is known."""
        return self._seats.most(covered, without) if self._seats else None

    def _agents_tokens(self) -> list[Group]:
        """Tokens that agents used, whether they have a price or not."""
        sums: dict[tuple[int, str], list[int | None]] = {}
        for entity_key, model, day, tokens in self._queries.tokens_of_agents(self._org, self._days, self._today):
            segment = self.segments.holding(day)
            if segment is not None:
                values = sums.setdefault((entity_key, model), [None] * len(self.segments.periods))
                values[segment] = (values[segment] or 0) + tokens
        names = {model: provider_named(self._queries, self._org, provider_of_model(model)) for _, model in sums}
        return [
            Group(entity_key, Category.GENAI, names[model], "", values) for (entity_key, model), values in sums.items()
        ]

    def _convert(self, currencies: Sequence[str]) -> None:
        """Add what costs in other currencies are worth in each of ``currencies``, at the rate of their day."""
        known = {group.currency for group in self.groups[BudgetType.MONETARY]}
        foreign = {currency: sorted(known - {currency}) for currency in currencies}
        others = sorted({other for found in foreign.values() for other in found})
        if not others:
            return
        costs = self._queries.costs_by_day(self._org, others, self._days, self._today)
        for currency, found in foreign.items():
            if found:
                self._convert_into(currency, [cost for cost in costs if cost.currency != currency])

    def _convert_into(self, currency: str, costs: Sequence[DatedCost]) -> None:
        pairs = pairs_between(self._queries.rate_pairs(self._org), {cost.currency for cost in costs}, currency)
        rates = Rates(self._queries.rates(self._org, pairs, self._days))
        empty = _Table(currency, len(self.segments.periods))
        counted: dict[str, tuple[_Table, _Table, _Table]] = {}
        left: dict[str, tuple[_Table, _Table]] = {}
        for cost in costs:
            segment = self.segments.holding(cost.day)
            if segment is None:
                continue
            factor = rates.factor(cost.currency, currency, cost.day)
            tables: Sequence[_Table]
            values: Sequence[int] = (cost.amount, cost.charges)
            worth = None if factor is None else convert(cost.amount, factor.value)
            if worth is None:
                tables = left.setdefault(cost.currency, (empty.empty(), empty.empty()))
            else:
                tables = counted.setdefault(cost.currency, (empty.empty(), empty.empty(), empty.empty()))
                values = (*values, worth)
            for table, value in zip(tables, values, strict=True):
                table.add(cost, segment, value)
        self.converted += [
            CountedAs(other, currency, *(sums_of(table.groups(), self.eras, self.segments) for table in parts))
            for other, parts in counted.items()
        ]
        for _, _, counts_as in counted.values():
            self.groups[BudgetType.MONETARY] += counts_as.groups()
        self.unconverted += [
            Unconverted(other, currency, *(sums_of(table.groups(), self.eras, self.segments) for table in parts))
            for other, parts in left.items()
        ]


class _Table:
    """Sums by entity, category and provider, in each segment."""

    def __init__(self, currency: str, segments: int) -> None:
        self._currency, self._segments = currency, segments
        self._values: dict[tuple[int | None, str, str], list[int | None]] = {}

    def empty(self) -> "_Table":
        return _Table(self._currency, self._segments)

    def add(self, cost: DatedCost, segment: int, value: int) -> None:
        key = cost.entity_key, cost.category, cost.provider
        values = self._values.setdefault(key, [None] * self._segments)
        values[segment] = (values[segment] or 0) + value

    def groups(self) -> list[Group]:
        return [Group(*key, self._currency, values) for key, values in self._values.items()]
