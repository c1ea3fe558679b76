"""Cost details: the costs that an actual adds up, by service and day, and one by one."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category, CostOrigin
from budget_tui.domain.coverage import ANY_PROVIDER, TOTAL, Coverage, Scope, Segments, by_scope, scope_of
from budget_tui.domain.errors import NotFound
from budget_tui.domain.hierarchy import segments
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.records import StoredCharge, StoredCost, Stretch
from budget_tui.domain.seats import most_seats
from budget_tui.domain.snapshot import BudgetSnapshot, Pace
from budget_tui.domain.trouble import Trouble, is_in_trouble, trouble_of
from budget_tui.services.context import Context
from budget_tui.services.currency import OtherCurrencyCosts, converter
from budget_tui.services.usage import AgentTokens, Usage, UsageQuery, agents_tokens, entity_named
from budget_tui.storage.session import Session

PAGE = 500
SPARK_DAYS = 14
_LATEST = 20
_CHARGES_AT_MOST = 50
_UNNAMED = "without a name"


@dataclass(frozen=True, slots=True)
class Actual:
    """The usage that a figure shows: all that counts for any of ``covered`` and for none of ``without``.

    Usage that several of them cover counts once; of seats, the largest number on one day counts. ``service`` (with its
    provider, lower case) is the only one that counts; None: all do.
    """

    title: str
    budget_type: BudgetType
    currency: str
    covered: tuple[tuple[Scope, Period], ...]
    without: tuple[tuple[Scope, Period], ...] = ()
    service: tuple[str, str] | None = None

    def part(self, group: "CostGroup", title: str) -> "Actual":
        """Return the part of an actual that ``group`` adds up."""
        if group.is_day:
            days = group.days
            return replace(self, title=title, covered=_within(self.covered, days), without=_within(self.without, days))
        return replace(self, title=title, service=group.key)


class CostGroup(NamedTuple):
    """A part of an actual: what was counted for a service, or on a day (``is_day``), in so many ``lines``.

    ``days`` are the first and the last day of it.
    """

    provider: str
    service: str
    days: Period
    counted: int
    lines: int
    is_day: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.provider.casefold(), self.service

    @property
    def name(self) -> str:
        return self.service or self.provider or _UNNAMED


@dataclass(frozen=True, slots=True)
class CostGroups:
    """An actual by service, the largest first, and by day, the latest first: both add up to ``total``."""

    by_service: tuple[CostGroup, ...]
    by_day: tuple[CostGroup, ...]
    count: int
    total: int
    without_rate: int = 0


class CostLine(NamedTuple):
    """One line of an actual: ``counted`` nanos of the actual's currency, or tokens, or seats.

    ``amount`` is the cost in its own ``currency``; None without a cost. ``entity_name`` '' is unmapped. ``origin_key``
    is 0 where there is no cost. ``estimated`` nanos do not count, because the bill for them is there.
    ``is_unpriced``: it is of a model without a price, and comes to nothing for that.
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
    origin_key: int = 0
    source: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    estimated: int | None = None
    is_unpriced: bool = False


@dataclass(frozen=True, slots=True)
class CostPage:
    """The latest lines, in whole days; ``older_than`` is where the next page continues, None at the end.

    ``total`` is the sum of all ``count`` lines, later pages included; for seats, the maximum on one day. ``replaced``
    more lines are estimates that do not count.
    """

    lines: tuple[CostLine, ...]
    count: int
    total: int
    older_than: date | None
    without_rate: int = 0
    replaced: int = 0


class Charges(NamedTuple):
    """The origin of a line, its category, and the costs of its day as stored."""

    origin: CostOrigin
    category: str
    stored: tuple[StoredCharge, ...]


class SpendDigest(NamedTuple):
    """The recent spend of an entity and all below it, in nanos of the organization's currency.

    ``days`` are from the first day requested through today, None where nothing is known; ``period_days`` are the days
    of the current period that have costs; ``services`` are those of the current period, the largest first; ``latest``
    are the last lines of the current period.
    """

    days: tuple[tuple[date, int | None], ...]
    period_days: tuple[tuple[date, int], ...]
    services: tuple[CostGroup, ...]
    latest: tuple[CostLine, ...]
    trouble: Trouble | None


class CostDetails:
    """Lists the costs that an actual adds up."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = context.reader()

    def groups(self, actual: Actual) -> CostGroups:
        """Return an actual of money or tokens by service and by day."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            actual = _so_far(actual, self._context.clock.today(organization.time_zone))
            if not actual.covered:
                return CostGroups((), (), 0, 0)
            parts = _parts(_Counting(session, organization, actual), with_replaced=False)
        by_service = sorted(_grouped(parts.sums, by_day=False), key=lambda group: (-group.counted, group.key))
        by_day = sorted(_grouped(parts.sums, by_day=True), key=lambda group: group.days.start, reverse=True)
        return CostGroups(tuple(by_service), tuple(by_day), parts.lines, parts.total, parts.without_rate)

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
            counting = _Counting(session, organization, actual)
            page = _page(counting, _parts(counting), older_than, at_least)
            if not session.estimates.has_replaced():
                return page
            count = _parts(counting, with_replaced=False).lines
            return replace(page, count=count, replaced=page.count - count)

    def charges(self, line: CostLine) -> Charges:
        """Return what is known about a line that is a cost; raises `NotFound` where that is gone."""
        with self._reader.session() as session:
            known = session.costs.origin(self._context.organization(session).org_key, line.origin_key)
            if known is None:
                raise NotFound("this cost is no longer there", "go back and look again")
            stored = session.usage.charges(line.origin_key, line.day, _CHARGES_AT_MOST)
            return Charges(known.origin, known.category, tuple(stored))

    def of_entity(
        self, entity_id: str, period: Period, title: str = "", budget_type: BudgetType = BudgetType.MONETARY
    ) -> Actual:
        """Return the spend or the tokens of an entity and all below it in ``period``, planned or not; raises
        `NotFound`."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            entity = entity_named(session, organization, entity_id)
        currency = organization.currency if budget_type is BudgetType.MONETARY else ""
        scope = Scope(entity.entity_key, TOTAL, ANY_PROVIDER, currency)
        return Actual(title, budget_type, organization.currency, ((scope, period),))

    def digest(self, entity_id: str, snapshot: BudgetSnapshot, since: date) -> SpendDigest:
        """Sum up what a project spent on each day since ``since``, and on what in the period so far; raises
        `NotFound`."""
        today, pace = snapshot.as_of, snapshot.project(entity_id).pace
        with self._reader.session() as session:
            organization = self._context.organization(session)
            entity = entity_named(session, organization, entity_id)
            days = Period(min(since, snapshot.period.start), today)
            counting = _Counting(session, organization, _spend(organization, entity.entity_key, days))
            parts = _parts(counting)
            first_day = session.usage.first_day(counting.keys)
            of_period = parts.within(snapshot.period)
            latest = _page(counting, of_period, None, _LATEST).lines
        by_day = {group.days.start: group.counted for group in _grouped(parts.sums, by_day=True)}
        services = sorted(_grouped(of_period.sums, by_day=False), key=lambda group: (-group.counted, group.key))

        def known(day: date) -> int | None:
            is_known = first_day is not None and first_day <= day <= snapshot.data_through
            return by_day.get(day, 0 if is_known else None)

        listed = (since + timedelta(days=ahead) for ahead in range((today - since).days + 1))
        return SpendDigest(
            tuple((day, known(day)) for day in listed),
            tuple((day, by_day[day]) for day in sorted(by_day) if snapshot.period.contains(day)),
            tuple(services),
            latest[:_LATEST],
            _trouble(pace, snapshot, of_period, first_day),
        )

    def recent_spend(self, snapshot: BudgetSnapshot) -> dict[str, tuple[int, ...]]:
        """Return the spend of each project on each of the last `SPARK_DAYS` days, the oldest first, by its id."""
        first = snapshot.as_of - timedelta(days=SPARK_DAYS - 1)
        days = Period(first, snapshot.as_of)
        found = {line.project_id: [0] * SPARK_DAYS for line in snapshot.projects}
        with self._reader.session() as session:
            organization = self._context.organization(session)
            spends = session.fast.daily_spend_by_path(organization.org_key, organization.currency, days)
            foreign = OtherCurrencyCosts(session, organization, days).converted(days, 0)
        for path, day, amount in (*spends, *((cost.path, cost.day, counted) for cost, counted in foreign.costs)):
            for entity_id in segments(path) if path is not None else ():
                if entity_id in found:
                    found[entity_id][(day - first).days] += amount
        return {project_id: tuple(amounts) for project_id, amounts in found.items()}

    def recent_days(self, snapshot: BudgetSnapshot, since: date) -> tuple[tuple[date, int | None], ...]:
        """Return what was spent on each day from ``since`` through today, in nanos; None before the first and after the
        last day that costs are known of."""
        today = snapshot.as_of
        days = Period(since, today)
        with self._reader.session() as session:
            organization = self._context.organization(session)
            spent = dict(session.fast.daily_spend(organization.org_key, organization.currency, days))
            foreign = OtherCurrencyCosts(session, organization, days).converted(days, 0)
        for cost, counted in foreign.costs:
            spent[cost.day] = spent.get(cost.day, 0) + counted
        first = min(spent, default=date.max)
        listed = (since + timedelta(days=ahead) for ahead in range(days.days))
        return tuple((day, spent.get(day, 0 if first <= day <= snapshot.data_through else None)) for day in listed)

    def close(self) -> None:
        self._reader.close()


def trouble_in(
    session: Session, organization: Organization, entity_key: int, snapshot: BudgetSnapshot, pace: Pace
) -> Trouble | None:
    """Return why the budget of an entity is in trouble; None if it is not."""
    if not is_in_trouble(pace):
        return None
    days = Period(snapshot.period.start, snapshot.as_of)
    counting = _Counting(session, organization, _spend(organization, entity_key, days))
    return _trouble(pace, snapshot, _parts(counting), session.usage.first_day(counting.keys))


def _trouble(pace: Pace, snapshot: BudgetSnapshot, of_period: "_Parts", first_day: date | None) -> Trouble | None:
    spent: dict[tuple[date, str], int] = {}
    for each in of_period.sums:
        key = each.days.start, "" if each.name == _UNNAMED else each.name
        spent[key] = spent.get(key, 0) + each.counted
    return trouble_of(pace, snapshot.period, snapshot.as_of, snapshot.data_through, spent, first_day)


def _spend(organization: Organization, entity_key: int, days: Period) -> Actual:
    """Return the spend of an entity and all below it on ``days``."""
    scope = Scope(entity_key, TOTAL, ANY_PROVIDER, organization.currency)
    return Actual("", BudgetType.MONETARY, organization.currency, ((scope, days),))


def actual_of(budget: PlannedBudget, title: str) -> Actual:
    """Return the actual of one budget."""
    return Actual(title, budget.budget_type, budget.currency, ((scope_of(budget), budget.period),))


def _so_far(actual: Actual, today: date) -> Actual:
    """Return ``actual`` without future days."""
    begun = Period(date.min, today)
    return replace(actual, covered=_within(actual.covered, begun), without=_within(actual.without, begun))


def _within(covered: Iterable[tuple[Scope, Period]], days: Period) -> tuple[tuple[Scope, Period], ...]:
    """Return the part of ``covered`` that is on ``days``."""
    return tuple((scope, common) for scope, period in covered if (common := _common(period, days)) is not None)


def _common(period: Period, days: Period) -> Period | None:
    if period.start > days.end or days.start > period.end:
        return None
    return Period(max(period.start, days.start), min(period.end, days.end))


class _Counting:
    """Determines which origins and days count for an actual of money or tokens."""

    def __init__(self, session: Session, organization: Organization, actual: Actual) -> None:
        self.session, self.organization, self.org = session, organization, organization.org_key
        self.currency, self._service = actual.currency, actual.service
        self.is_money = actual.budget_type is BudgetType.MONETARY
        history = session.fast.hierarchy_history(self.org)
        self.segments = Segments((period for _, period in (*actual.covered, *actual.without)), history.cuts)
        self._unit = actual.covered[0][0].currency
        self._coverage = Coverage(by_scope(actual.covered), history, self.segments, by_scope(actual.without))
        # Agents' tokens count as they are used, with a price or without.
        self.stretches = [
            Stretch(key, period)
            for key, origin in session.usage.origins(self.org).items()
            if self.is_money or not origin.is_agents
            for period in self.days(*origin.owner, origin.service)
        ]

    @property
    def keys(self) -> set[int]:
        """The keys of the origins that count."""
        return {stretch.origin_key for stretch in self.stretches}

    def days(self, entity_key: int | None, category: str, provider: str, service: str) -> list[Period]:
        """Return the periods in which an entity's own usage of a provider's service in a category counts."""
        if self._service not in (None, (provider, service)):
            return []
        return self._coverage.days(entity_key, (category, provider, self._unit))

    def on(self, days: Period) -> list[Stretch]:
        """Return the part of the stretches that is on ``days``."""
        found = ((key, _common(period, days)) for key, period in self.stretches)
        return [Stretch(key, common) for key, common in found if common is not None]

    def worth(self, costs: Sequence[StoredCost]) -> list[int | None]:
        """Return the amount of each of ``costs`` in the actual's currency, None without a rate."""
        to_own = converter(
            self.session,
            self.org,
            {cost.currency for cost in costs} - {self.currency},
            self.currency,
            self.segments.days,
        )
        return [
            cost.amount if cost.currency == self.currency else to_own.worth(cost.amount, cost.currency, cost.day)
            for cost in costs
        ]


class _Parts(NamedTuple):
    """An actual by service and day, each of them as a group; ``agents`` are the lines of agents' tokens among it."""

    sums: list[CostGroup]
    without_rate: int = 0
    agents: Sequence[CostLine] = ()

    @property
    def total(self) -> int:
        return sum(each.counted for each in self.sums)

    @property
    def lines(self) -> int:
        return sum(each.lines for each in self.sums)

    def within(self, days: Period) -> "_Parts":
        """Return the part of money that is on ``days``."""
        return _Parts([each for each in self.sums if days.contains(each.days.start)])


def _parts(counting: _Counting, *, with_replaced: bool = True) -> _Parts:
    """Add up an actual by service and day, in the database where it has the actual's own currency; with the lines of
    estimates that do not count, or without."""
    sums = counting.session.usage.sums_by_service_and_day(
        counting.stretches, with_tokens=not counting.is_money, with_replaced=with_replaced
    )
    if not counting.is_money:
        agents = _agents_lines(counting)
        found = [_sum(each.day, each.provider, each.service, each.tokens, each.lines) for each in sums]
        found += [_sum(line.day, line.provider, line.service, line.counted) for line in agents]
        return _Parts(found, agents=agents)
    own = counting.currency
    found = [
        _sum(each.day, each.provider, each.service, each.amount, each.lines) for each in sums if each.currency == own
    ]
    if len(found) == len(sums):
        return _Parts(found)
    costs = counting.session.usage.costs_of_days(counting.stretches, not_in=own)
    worth = counting.worth(costs)  # each line is rounded separately
    found += [
        _sum(cost.day, cost.provider, cost.service, counted)
        for cost, counted in zip(costs, worth, strict=True)
        if counted is not None
    ]
    return _Parts(found, worth.count(None))


def _sum(day: date, provider: str, service: str, counted: int, lines: int = 1) -> CostGroup:
    return CostGroup(provider, service, Period(day, day), counted, lines, is_day=False)


def _grouped(sums: Iterable[CostGroup], *, by_day: bool) -> Collection[CostGroup]:
    """Add up the sums of each service, or of each day."""
    groups: dict[object, CostGroup] = {}
    for each in sums:
        key: object = each.days if by_day else each.key
        found = groups.get(key)
        if found is None:
            groups[key] = each._replace(provider="", service="", is_day=True) if by_day else each
        else:
            days = Period(min(found.days.start, each.days.start), max(found.days.end, each.days.end))
            groups[key] = found._replace(
                days=days, counted=found.counted + each.counted, lines=found.lines + each.lines
            )
    return groups.values()


def _page(counting: _Counting, parts: _Parts, older_than: date | None, at_least: int) -> CostPage:
    """Return the latest whole days before ``older_than`` with at least ``at_least`` lines."""
    lines_of: dict[date, int] = {}
    for each in parts.sums:
        lines_of[each.days.start] = lines_of.get(each.days.start, 0) + each.lines
    left = sorted((day for day in lines_of if older_than is None or day < older_than), reverse=True)
    shown, found = 0, 0
    while shown < len(left) and found < at_least:
        found += lines_of[left[shown]]
        shown += 1
    if not shown:
        return CostPage((), parts.lines, parts.total, None, parts.without_rate)
    days = Period(left[shown - 1], left[0])
    costs = counting.session.usage.costs_of_days(counting.on(days), with_tokens=not counting.is_money)
    worth = counting.worth(costs) if counting.is_money else [cost.tokens or 0 for cost in costs]
    unpriced = counting.session.agent_logs.unpriced_days(counting.organization.org_key, days)
    lines = [
        _line(cost, counted, is_unpriced=not cost.amount and (cost.origin_key, cost.day) in unpriced)
        for cost, counted in zip(costs, worth, strict=True)
        if counted is not None
    ]
    if parts.agents:
        lines += [line for line in parts.agents if days.contains(line.day)]
        lines.sort(key=lambda line: (line.day, line.counted), reverse=True)
    return CostPage(
        tuple(lines), parts.lines, parts.total, days.start if shown < len(left) else None, parts.without_rate
    )


def _agents_lines(counting: _Counting) -> list[CostLine]:
    """Return the tokens of agents that count, without those in whose place a bill counts."""
    days = counting.segments.days
    entities = {each.entity_key: each for each in counting.session.fast.entities(counting.org)}
    sums: dict[AgentTokens, int] = {}
    for used in agents_tokens(counting.session, counting.organization, days, days.end):
        kind = Category.GENAI, used.provider, used.model
        if any(period.contains(used.day) for period in counting.days(used.entity_key, *kind)):
            of_agent = used._replace(entity_key=None, tokens=0)
            sums[of_agent] = sums.get(of_agent, 0) + used.tokens
    return [
        CostLine(used.day, agent.entity_id, agent.name, used.provider, used.model, tokens, tokens=tokens)
        for used, tokens in sums.items()
        if tokens and (agent := entities[used.agent_key])
    ]


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


def _line(cost: StoredCost, counted: int, *, is_unpriced: bool) -> CostLine:
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
        cost.origin_key,
        cost.source,
        cost.tags,
        cost.estimated,
        is_unpriced,
    )
