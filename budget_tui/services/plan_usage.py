"""Everything that was used in some periods, read in one pass: costs, tokens and seats, of each entity itself."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

from budget_tui.domain.actuals import ANY_PROVIDER, NO_PROVIDER, Group, Scope, Segments
from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.currency import Converter, CurrencySum
from budget_tui.domain.eras import CoverageInTime, SumsInTime, sums_of
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.tokens import provider_of_model
from budget_tui.domain.variance import scope_of
from budget_tui.services.currency import converter
from budget_tui.services.plan_checks import provider_named
from budget_tui.services.plan_seats import Covered, KnownSeats
from budget_tui.storage.plan_queries import DatedCost
from budget_tui.storage.queries import Queries


class Asked(NamedTuple):
    """What is to be added up: all that counts for ``scope`` in ``period``."""

    budget_type: BudgetType
    scope: Scope
    period: Period


def asked_by(budgets: Iterable[PlannedBudget]) -> Iterator[Asked]:
    return (Asked(budget.budget_type, scope_of(budget), budget.period) for budget in budgets)


def all_of(entity_key: int, currency: str, periods: Iterable[Period]) -> Iterator[Asked]:
    """All that an entity used in ``periods``, its money in ``currency``."""
    for period in periods:
        for budget_type in BudgetType:
            in_currency = currency if budget_type is BudgetType.MONETARY else ""
            yield Asked(budget_type, Scope(entity_key, Category.TOTAL, ANY_PROVIDER, in_currency), period)


ForeignCosts = dict[tuple[str, str], dict[int | None, dict[tuple[str, int], CurrencySum]]]
"""By category and provider, and by entity: what it itself cost, by currency and segment."""

DatedCosts = dict[tuple[str, str], dict[int | None, list[tuple[DatedCost, int]]]]
"""By category and provider, and by entity: its costs, each with its segment."""


class Usage:
    """What was used through ``today``, as far as it counts for any of ``budgets`` or anything ``asked`` beside them; of
    costs in other currencies only what does."""

    def __init__(
        self,
        queries: Queries,
        organization: Organization,
        budgets: Sequence[PlannedBudget],
        today: date,
        asked: Collection[Asked] = (),
    ) -> None:
        self._today = today
        counting = {(budget.budget_type, budget.currency, budget.period) for budget in budgets}
        counting.update((each.budget_type, each.scope.currency, each.period) for each in asked)
        types = {budget_type for budget_type, _, _ in counting}
        self._queries, self._org = queries, organization.org_key
        self.eras = queries.eras(self._org)
        self.segments = Segments((period for _, _, period in counting), self.eras.cuts)
        self.groups: dict[BudgetType, list[Group]] = {budget_type: [] for budget_type in BudgetType}
        self.foreign: dict[str, ForeignCosts] = {}  # by the currency that they are to count in
        self._seats: KnownSeats | None = None
        if not self.segments.periods:
            return
        self._days = Period(self.segments.periods[0].start, self.segments.periods[-1].end)
        if BudgetType.MONETARY in types:
            self.groups[BudgetType.MONETARY] = queries.costs_by_segment(self._org, self.segments, today)
            currencies = {currency for budget_type, currency, _ in counting if budget_type is BudgetType.MONETARY}
            self._convert(currencies, budgets, asked)
        if BudgetType.SEAT in types:
            self._seats = KnownSeats(queries, self._org, self._days, self.eras, today)
        if BudgetType.TOKEN in types:
            costs = queries.tokens_by_segment(self._org, self.segments, today)
            self.groups[BudgetType.TOKEN] = [*costs, *self._agents_tokens()]

    def money_of(self, asked: Iterable[Asked]) -> dict[str, CoverageInTime]:
        """By currency, what of money counts for anything ``asked``."""
        covered: dict[str, dict[Scope, set[range]]] = {}
        for budget_type, scope, period in asked:
            if budget_type is BudgetType.MONETARY:
                covered.setdefault(scope.currency, {}).setdefault(scope, set()).add(self.segments.span(period))
        return {
            currency: CoverageInTime(of_currency, self.eras, self.segments)
            for currency, of_currency in sorted(covered.items())
        }

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
        sums: dict[tuple[int, str], dict[int, int]] = {}
        for entity_key, model, day, tokens in self._queries.tokens_of_agents(self._org, self._days, self._today):
            segment = self.segments.holding(day)
            if segment is not None:
                values = sums.setdefault((entity_key, model), {})
                values[segment] = values.get(segment, 0) + tokens
        names = {model: provider_named(self._queries, self._org, provider_of_model(model)) for _, model in sums}
        return [
            Group(entity_key, Category.GENAI, names[model], "", values) for (entity_key, model), values in sums.items()
        ]

    def _convert(self, currencies: Collection[str], budgets: Sequence[PlannedBudget], asked: Collection[Asked]) -> None:
        """Add what costs in other currencies are worth in each of ``currencies``, at the rate of their day."""
        known = {group.currency for group in self.groups[BudgetType.MONETARY]}
        others = {other for currency in currencies for other in known - {currency}}
        if not others:
            return
        coverages = self.money_of((*asked_by(budgets), *asked))
        costs = self._dated(self._queries.costs_by_day(self._org, sorted(others), self._days, self._today))
        for currency, coverage in coverages.items():
            to_it = converter(self._queries, self._org, others, currency, self._days)
            self.foreign[currency] = _foreign_to(to_it, coverage, costs)
            self.groups[BudgetType.MONETARY] += _counted_in(currency, self.foreign[currency])

    def _dated(self, costs: Iterable[DatedCost]) -> DatedCosts:
        """``costs`` as far as they are in a segment."""
        holding: dict[date, int | None] = {}
        found: DatedCosts = {}
        for cost in costs:
            if cost.day not in holding:
                holding[cost.day] = self.segments.holding(cost.day)
            segment = holding[cost.day]
            if segment is not None:
                of_kind = found.setdefault((cost.category, cost.provider), {})
                of_kind.setdefault(cost.entity_key, []).append((cost, segment))
        return found


def _foreign_to(converter: Converter, coverage: CoverageInTime, costs: DatedCosts) -> ForeignCosts:
    """Those of ``costs`` that are in another currency than that of ``converter`` and count there."""
    into = converter.into
    found: ForeignCosts = {}
    for (category, provider), by_entity in costs.items():
        kind = category, provider, into
        if not coverage.counts(kind):
            continue
        for entity_key, of_entity in by_entity.items():
            segments = coverage.segments(entity_key, kind)
            if not segments:
                continue
            sums: dict[tuple[str, int], CurrencySum] = {}
            for cost, segment in of_entity:
                if not segments >> segment & 1 or cost.currency == into:
                    continue
                known = sums.get((cost.currency, segment))
                if known is None:
                    known = sums[cost.currency, segment] = CurrencySum()
                known.count(cost.amount, cost.charges, converter.worth(cost.amount, cost.currency, cost.day))
            if sums:
                found.setdefault((category, provider), {})[entity_key] = sums
    return found


def _counted_in(into: str, foreign: ForeignCosts) -> Iterator[Group]:
    """What ``foreign`` counts as."""
    for (category, provider), by_entity in foreign.items():
        for entity_key, sums in by_entity.items():
            values: dict[int, int] = {}
            for (_, segment), known in sums.items():
                if known.number:
                    values[segment] = values.get(segment, 0) + known.worth
            yield Group(entity_key, category, provider, into, values)
