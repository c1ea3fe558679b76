"""Cost details: the costs that add up to an actual of the plan."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.coverage import ANY_PROVIDER, TOTAL, Coverage, Scope, Segments, by_scope, scope_of
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.records import DaySum, StoredCost, Stretch
from budget_tui.domain.seats import most_seats
from budget_tui.services.context import Context
from budget_tui.services.currency import converter
from budget_tui.services.usage import Usage, UsageQuery, agents_tokens, entity_named
from budget_tui.storage.session import Session

PAGE = 500
DIGEST_DAYS = 14


@dataclass(frozen=True, slots=True)
class Actual:
    """The usage that a figure of the plan shows: all that counts for any of ``covered`` and for none of ``without``.

    Usage that several of them cover counts once; of seats, the largest number on one day counts.
    """

    title: str
    budget_type: BudgetType
    currency: str
    covered: tuple[tuple[Scope, Period], ...]
    without: tuple[tuple[Scope, Period], ...] = ()


class CostLine(NamedTuple):
    """One line of an actual: ``counted`` is in nanos of the actual's currency, in tokens or in seats.

    ``amount`` is the cost in its own ``currency``; None without a cost. ``entity_name`` '' is unmapped.
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
    """The latest lines, in whole days; ``older_than`` is where the next page continues, None at the end.

    ``total`` is the sum of all ``count`` lines, later pages included; for seats, the maximum on one day.
    """

    lines: tuple[CostLine, ...]
    count: int
    total: int
    older_than: date | None
    without_rate: int = 0


class SpendDigest(NamedTuple):
    """The recent spend of an entity and all below it, in nanos of the organization's currency: on each of the last
    `DIGEST_DAYS` days, the oldest first, and on each service in the current period, the largest first."""

    days: tuple[tuple[date, int], ...]
    services: tuple[tuple[str, int], ...]
    dearest: tuple[date, int] | None
    """The day of the current period with the largest spend, and that; None without any."""


class CostDetails:
    """Lists the costs that add up to an actual of the plan."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = context.reader()

    def page(self, actual: Actual, older_than: date | None = None, at_least: int = PAGE) -> CostPage:
        """Return at least ``at_least`` lines, if there are so many, before the day ``older_than``."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today = self._context.clock.today(organization.time_zone)
            actual = _so_far(actual, today)
            if not actual.covered:
                return CostPage((), 0, 0, None)
            if actual.budget_type is BudgetType.SEAT:
                return _seats(session, organization, actual, today)
            counting = _Counting(session, organization.org_key, actual)
            return (_money if actual.budget_type is BudgetType.MONETARY else _tokens)(counting, older_than, at_least)

    def of_entity(self, entity_id: str, period: Period, title: str = "") -> Actual:
        """Return the spend of an entity and all below it in ``period``, planned or not; raises `NotFound`."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            entity = entity_named(session, organization, entity_id)
        scope = Scope(entity.entity_key, TOTAL, ANY_PROVIDER, organization.currency)
        return Actual(title, BudgetType.MONETARY, organization.currency, ((scope, period),))

    def digest(self, entity_id: str, period: Period, today: date) -> SpendDigest:
        """Sum up what an entity spent lately, and on what in ``period`` so far; raises `NotFound`."""
        first = today - timedelta(days=DIGEST_DAYS - 1)
        actual = self.of_entity(entity_id, Period(min(first, period.start), max(today, period.end)))
        days = {first + timedelta(days=ahead): 0 for ahead in range(DIGEST_DAYS)}
        services: dict[str, int] = {}
        of_period: dict[date, int] = {}
        for line in self.page(actual, at_least=sys.maxsize).lines:
            if line.day in days:
                days[line.day] += line.counted
            if period.contains(line.day):
                of_period[line.day] = of_period.get(line.day, 0) + line.counted
                name = line.service or line.provider or "without a name"
                services[name] = services.get(name, 0) + line.counted
        dearest = max(of_period.items(), key=lambda each: (each[1], each[0]), default=None)
        most_first = sorted(services.items(), key=lambda each: (-each[1], each[0]))
        return SpendDigest(tuple(days.items()), tuple(most_first), dearest)

    def close(self) -> None:
        self._reader.close()


def actual_of(budget: PlannedBudget, title: str) -> Actual:
    """Return the actual of one budget."""
    return Actual(title, budget.budget_type, budget.currency, ((scope_of(budget), budget.period),))


def _so_far(actual: Actual, today: date) -> Actual:
    """Return ``actual`` without future days."""

    def begun(covered: Iterable[tuple[Scope, Period]]) -> tuple[tuple[Scope, Period], ...]:
        return tuple((scope, period.through(today)) for scope, period in covered if period.start <= today)

    return replace(actual, covered=begun(actual.covered), without=begun(actual.without))


class _Counting:
    """Determines which origins and days count for an actual of money or tokens."""

    def __init__(self, session: Session, org: int, actual: Actual) -> None:
        self.session, self.org, self.currency = session, org, actual.currency
        history = session.fast.hierarchy_history(org)
        self.segments = Segments((period for _, period in (*actual.covered, *actual.without)), history.cuts)
        self._unit = actual.covered[0][0].currency
        self._coverage = Coverage(by_scope(actual.covered), history, self.segments, by_scope(actual.without))

    def days(self, entity_key: int | None, category: str, provider: str) -> list[Period]:
        """Return the periods in which an entity's own usage of a provider in a category counts."""
        return self._coverage.days(entity_key, (category, provider, self._unit))

    def stretches(self, *, of_agents: bool) -> list[Stretch]:
        """Return the days on which each origin counts, with or without those ``of_agents``; no day occurs twice."""
        return [
            Stretch(key, period)
            for key, origin in self.session.usage.origins(self.org).items()
            if of_agents or not origin.is_agents
            for period in self.days(*origin.owner)
        ]


def _money(counting: _Counting, older_than: date | None, at_least: int) -> CostPage:
    session, own = counting.session, counting.currency
    stretches = counting.stretches(of_agents=True)
    sums = session.usage.sums_by_day(stretches)
    currencies = {each.currency for each in sums} - {own}
    to_own = converter(session, counting.org, currencies, own, counting.segments.days)

    def worth(cost: StoredCost) -> int | None:
        return cost.amount if cost.currency == own else to_own.worth(cost.amount, cost.currency, cost.day)

    total, lost = sum(each.amount for each in sums), 0
    if currencies:  # each line is rounded separately
        counted = [worth(cost) for cost in session.usage.costs_of_days(stretches)]
        total, lost = sum(filter(None, counted)), counted.count(None)
    period, following = _days(sums, older_than, at_least)
    costs = session.usage.costs_of_days(_within(stretches, period)) if period else []
    lines = [_line(cost, counted_as) for cost in costs if (counted_as := worth(cost)) is not None]
    return CostPage(tuple(lines), sum(each.lines for each in sums) - lost, total, following, lost)


def _tokens(counting: _Counting, older_than: date | None, at_least: int) -> CostPage:
    session = counting.session
    stretches = counting.stretches(of_agents=False)
    sums = session.usage.sums_by_day(stretches, with_tokens=True)
    agents = _agents_lines(counting)
    period, following = _days(sums, older_than, at_least)
    costs = session.usage.costs_of_days(_within(stretches, period), with_tokens=True) if period else []
    lines = [_line(cost, cost.tokens or 0) for cost in costs]
    last = (lambda day: following is None or day >= following) if period else (lambda day: following is None)
    lines += [line for line in agents if (older_than is None or line.day < older_than) and last(line.day)]
    lines.sort(key=lambda line: (line.day, line.counted), reverse=True)
    total = sum(each.tokens for each in sums) + sum(line.counted for line in agents)
    return CostPage(tuple(lines), sum(each.lines for each in sums) + len(agents), total, following)


def _agents_lines(counting: _Counting) -> list[CostLine]:
    days, entities = (
        counting.segments.days,
        {each.entity_key: each for each in counting.session.fast.entities(counting.org)},
    )
    lines = []
    for entity_key, model, provider, day, tokens in agents_tokens(counting.session, counting.org, days, days.end):
        if any(period.contains(day) for period in counting.days(entity_key, Category.GENAI, provider)):
            entity = entities[entity_key]
            lines.append(CostLine(day, entity.entity_id, entity.name, provider, model, tokens, tokens=tokens))
    return lines


def _seats(session: Session, organization: Organization, actual: Actual, today: date) -> CostPage:
    entities = {entity.entity_key: entity for entity in session.fast.entities(organization.org_key)}
    queries = [UsageQuery(BudgetType.SEAT, *each) for each in (*actual.covered, *actual.without)]
    usage = Usage(session, organization, today, queries)
    known = list(usage.seats_in_days(by_scope(actual.covered), by_scope(actual.without)))
    lines: list[CostLine] = []
    for entity_key, provider, timeline, days in known:
        entity = None if entity_key is None else entities[entity_key]
        whose = (entity.entity_id, entity.name, provider) if entity else ("", "", provider)
        for day, seats in timeline.registrations_in(days):
            lines.append(CostLine(day, *whose, "registered from this day on", seats))
        for day, seats in timeline.charged.items():
            if any(period.contains(day) for period in days):
                lines.append(CostLine(day, *whose, "charged for this day", seats))
    lines.sort(key=lambda line: (line.day, line.counted), reverse=True)
    total = most_seats((each.timeline, each.days) for each in known) or 0
    return CostPage(tuple(lines), len(lines), total, None)


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
    """Return the latest whole days before ``older_than`` with at least ``at_least`` lines, and where to continue."""
    left = [each for each in sums if older_than is None or each.day < older_than]
    found = 0
    for at, each in enumerate(left):
        found += each.lines
        is_whole = at + 1 == len(left) or left[at + 1].day != each.day
        if found >= at_least and is_whole:
            return Period(each.day, left[0].day), each.day if at + 1 < len(left) else None
    return (Period(left[-1].day, left[0].day) if left else None), None


def _within(stretches: Iterable[Stretch], days: Period) -> list[Stretch]:
    return [
        Stretch(key, Period(max(period.start, days.start), min(period.end, days.end)))
        for key, period in stretches
        if period.start <= days.end and days.start <= period.end
    ]
