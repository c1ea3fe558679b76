"""The costs behind a number of the plan: those that count into it, and that add up to it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from budget_tui.domain.actuals import Scope, counts
from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.eras import Eras
from budget_tui.domain.period import Period, less, together
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.seats import most_seats
from budget_tui.domain.tokens import provider_of_model
from budget_tui.domain.variance import scope_of
from budget_tui.services.context import Context
from budget_tui.services.currency import converter
from budget_tui.services.plan_checks import provider_named
from budget_tui.services.plan_seats import KnownSeats
from budget_tui.storage.behind_queries import DaySum, OriginKind, StoredCost, Stretch
from budget_tui.storage.queries import Queries

PAGE = 500


@dataclass(frozen=True, slots=True)
class Number:
    """An actual that somebody wants to understand: all that counts for one of ``covered``, once, and for none of
    ``without``. Of seats that is the most on one day."""

    title: str
    budget_type: BudgetType
    currency: str
    covered: tuple[tuple[Scope, Period], ...]
    without: tuple[tuple[Scope, Period], ...] = ()


class CostLine(NamedTuple):
    """One thing that counts: ``counted`` nanos of the number's currency, or tokens, or seats.

    ``amount`` is what it cost in its own ``currency``; None of what has no cost. ``entity_name`` '' is unmapped.
    """

    day: date
    entity_id: str
    entity_name: str
    provider: str
    service: str
    counted: int
    currency: str = ""
    amount: int | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class CostPage:
    """The latest of the lines, whole days; ``older_than`` is where the next page goes on, None at the end.

    ``total`` is what all ``count`` lines add up to, those of later pages too; of seats, the most on one day.
    """

    lines: tuple[CostLine, ...]
    count: int
    total: int
    older_than: date | None
    without_rate: int = 0


class CostsBehind:
    """Lists what a number of the plan adds up."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = context.reader()

    def page(self, number: Number, older_than: date | None = None, at_least: int = PAGE) -> CostPage:
        """``at_least`` so many of the lines, as far as there are any, before the day ``older_than``."""
        with self._reader.session() as queries:
            organization = self._context.organization(queries)
            number = _so_far(number, self._context.clock.today(organization.time_zone))
            if not number.covered:
                return CostPage((), 0, 0, None)
            if number.budget_type is BudgetType.MONETARY:
                return _money(queries, organization, number, older_than, at_least)
            if number.budget_type is BudgetType.TOKEN:
                return _tokens(queries, organization, number, older_than, at_least)
            return _seats(queries, organization, number)

    def close(self) -> None:
        self._reader.close()


def number_of(budget: PlannedBudget, title: str) -> Number:
    """The actual of one budget."""
    return Number(title, budget.budget_type, budget.currency, ((scope_of(budget), budget.period),))


def _so_far(number: Number, today: date) -> Number:
    """``number`` without the days that are yet to come."""

    def begun(covered: Iterable[tuple[Scope, Period]]) -> tuple[tuple[Scope, Period], ...]:
        return tuple((scope, period.through(today)) for scope, period in covered if period.start <= today)

    return replace(number, covered=begun(number.covered), without=begun(number.without))


def _money(
    queries: Queries, organization: Organization, number: Number, older_than: date | None, at_least: int
) -> CostPage:
    stretches = list(_stretches(queries, organization.org_key, number, lambda kind: True))
    sums = queries.sums_by_day(stretches)
    counted_as = _conversion(queries, organization.org_key, number, sums)
    total, lost = 0, 0
    if any(each.currency != number.currency for each in sums):  # each line is rounded by itself
        for cost in queries.costs_behind(stretches):
            worth = counted_as(cost)
            total, lost = total + (worth or 0), lost + (worth is None)
    else:
        total = sum(each.amount for each in sums)
    period, following = _days(sums, older_than, at_least)
    lines = [
        _line(cost, worth)
        for cost in (queries.costs_behind(_within(stretches, period)) if period else [])
        if (worth := counted_as(cost)) is not None
    ]
    return CostPage(tuple(lines), sum(each.lines for each in sums) - lost, total, following, lost)


def _tokens(
    queries: Queries, organization: Organization, number: Number, older_than: date | None, at_least: int
) -> CostPage:
    org = organization.org_key
    stretches = list(_stretches(queries, org, number, lambda kind: not kind.is_agents))
    sums = queries.sums_by_day(stretches, with_tokens=True)
    agents = list(_agents_lines(queries, org, number))
    period, following = _days(sums, older_than, at_least)
    costs = queries.costs_behind(_within(stretches, period), with_tokens=True) if period else []
    lines = [_line(cost, cost.tokens or 0) for cost in costs]
    last = (lambda day: following is None or day >= following) if period else (lambda day: following is None)
    lines += [line for line in agents if (older_than is None or line.day < older_than) and last(line.day)]
    lines.sort(key=lambda line: (line.day, line.counted), reverse=True)
    total = sum(each.tokens for each in sums) + sum(line.counted for line in agents)
    return CostPage(tuple(lines), sum(each.lines for each in sums) + len(agents), total, following)


def _seats(queries: Queries, organization: Organization, number: Number) -> CostPage:
    org = organization.org_key
    entities = {entity.path: entity for entity in queries.entities(org)}
    days = Period(min(each.start for _, each in number.covered), max(each.end for _, each in number.covered))
    known = KnownSeats(queries, org, days, queries.eras(org), days.end)
    counting = list(known.counting(_by_scope(number.covered), _by_scope(number.without)))
    lines: list[CostLine] = []
    for path, provider, held, periods in counting:
        entity = entities.get(path or "")
        whose = (entity.entity_id, entity.name, provider) if entity else ("", "", provider)
        for day, seats in held.holding(periods):
            lines.append(CostLine(day, *whose, "registered from this day on", seats))
        for day, seats in held.charged.items():
            if any(period.contains(day) for period in periods):
                lines.append(CostLine(day, *whose, "charged for this day", seats))
    lines.sort(key=lambda line: (line.day, line.counted), reverse=True)
    total = most_seats((each.held, each.periods) for each in counting) or 0
    return CostPage(tuple(lines), len(lines), total, None)


def _by_scope(covered: Iterable[tuple[Scope, Period]]) -> dict[Scope, list[Period]]:
    found: dict[Scope, list[Period]] = {}
    for scope, period in covered:
        found.setdefault(scope, []).append(period)
    return found


def _line(cost: StoredCost, counted: int) -> CostLine:
    return CostLine(
        cost.day,
        cost.entity_id,
        cost.entity_name,
        cost.provider,
        cost.service,
        counted,
        cost.currency,
        cost.amount,
        cost.tokens,
    )


def _days(sums: Sequence[DaySum], older_than: date | None, at_least: int) -> tuple[Period | None, date | None]:
    """The latest whole days before ``older_than`` that have ``at_least`` so many lines, and where it goes on."""
    left = [each for each in sums if older_than is None or each.day < older_than]
    found = 0
    for at, each in enumerate(left):
        found += each.lines
        is_whole = at + 1 == len(left) or left[at + 1].day != each.day
        if found >= at_least and is_whole:
            return Period(each.day, left[0].day), each.day if at + 1 < len(left) else None
    return (Period(left[-1].day, left[0].day) if left else None), None


def _stretches(
    queries: Queries, org: int, number: Number, is_wanted: Callable[[OriginKind], bool]
) -> Iterator[Stretch]:
    """Which days of which origins count for the number; none of them twice."""
    counting = _counting(number, queries.eras(org))
    for kind in queries.origin_kinds(org):
        if is_wanted(kind):
            for period in counting(kind.entity_key, kind.category, kind.provider):
                yield Stretch(kind.origin_key, period)


def _counting(number: Number, eras: Eras) -> Callable[[int | None, str, str], list[Period]]:
    """When what an entity used of a provider in a category counts for the number."""
    covered, without = _by_entity(number.covered), _by_entity(number.without)

    def counting(entity_key: int | None, category: str, provider: str) -> list[Period]:
        found = together(_holding(covered, eras, entity_key, category, provider))
        return less(found, together(_holding(without, eras, entity_key, category, provider)))

    return counting


_ByEntity = Mapping[int, Sequence[tuple[Scope, Period]]]


def _by_entity(covered: Iterable[tuple[Scope, Period]]) -> _ByEntity:
    at: dict[int, list[tuple[Scope, Period]]] = {}
    for scope, period in covered:
        at.setdefault(scope.entity_key, []).append((scope, period))
    return at


def _holding(at: _ByEntity, eras: Eras, entity_key: int | None, category: str, provider: str) -> Iterator[Period]:
    for era in eras:
        for key in era.lineage[entity_key]:
            for scope, period in at.get(key, ()):
                part = era.part_of(period)
                if part is not None and counts(scope, category, provider, scope.currency):
                    yield part


def _within(stretches: Iterable[Stretch], days: Period) -> list[Stretch]:
    return [
        Stretch(key, Period(max(period.start, days.start), min(period.end, days.end)))
        for key, period in stretches
        if period.start <= days.end and days.start <= period.end
    ]


def _conversion(
    queries: Queries, org: int, number: Number, sums: Sequence[DaySum]
) -> Callable[[StoredCost], int | None]:
    """What a cost counts as in the number's currency; None where no rate can be used."""
    foreign = {each.currency for each in sums} - {number.currency}
    if not foreign:
        return lambda cost: cost.amount
    days = Period(min(each.day for each in sums), max(each.day for each in sums))
    to_own = converter(queries, org, foreign, number.currency, days)
    return lambda cost: (
        cost.amount if cost.currency == number.currency else to_own.worth(cost.amount, cost.currency, cost.day)
    )


def _agents_lines(queries: Queries, org: int, number: Number) -> Iterator[CostLine]:
    """Tokens that agents used, whether they have a price or not."""
    counting = _counting(number, queries.eras(org))
    days = Period(min(each.start for _, each in number.covered), max(each.end for _, each in number.covered))
    entities = {entity.entity_key: entity for entity in queries.entities(org)}
    for entity_key, model, day, tokens in queries.tokens_of_agents(org, days, days.end):
        provider = provider_named(queries, org, provider_of_model(model))
        if any(period.contains(day) for period in counting(entity_key, Category.GENAI, provider)):
            entity = entities[entity_key]
            yield CostLine(day, entity.entity_id, entity.name, provider, model, tokens, tokens=tokens)
