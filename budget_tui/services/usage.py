"""Usage in some periods: costs, tokens and seats, of each entity itself, read in one pass.

Everything that sums, lists or explains usage reads it here, and one `Coverage` decides what counts. Costs in other
currencies are converted at the rate of their day, budgets at that of the first day of their period.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category, short_provider_name
from budget_tui.domain.coverage import (
    ANY_PROVIDER,
    TOTAL,
    Containment,
    Counting,
    Coverage,
    Covered,
    Placed,
    Scope,
    Segments,
    Sums,
    UsageLine,
    bits_of,
    counts_for_any,
    covered_by,
    scope_of,
)
from budget_tui.domain.currency import CurrencySum, LeftOut
from budget_tui.domain.errors import unknown
from budget_tui.domain.hierarchy import ROOT_ID, Entity, unstored_root
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget, measured_in
from budget_tui.domain.plan_results import BudgetLine
from budget_tui.domain.records import Owner, UsageOrigin
from budget_tui.domain.seats import SeatTimeline, most_on_one_day, most_seats, seat_timelines
from budget_tui.domain.tokens import provider_of_model
from budget_tui.domain.variance import Totals, Variance, VarianceStatus, count_by_status
from budget_tui.presentation.formatting import converted_note, left_out_warning
from budget_tui.services.currency import converter, converters
from budget_tui.services.estimates import tokens_billed
from budget_tui.storage.session import Session

_MONETARY, _TOKEN, _SEAT = BudgetType


class UsageQuery(NamedTuple):
    """A query for all usage that counts for ``scope`` in ``period``."""

    budget_type: BudgetType
    scope: Scope
    period: Period


def usage_queries(budgets: Iterable[PlannedBudget]) -> list[UsageQuery]:
    return [UsageQuery(budget.budget_type, scope_of(budget), budget.period) for budget in budgets]


def all_usage_of(entity_key: int, currency: str, periods: Iterable[Period]) -> list[UsageQuery]:
    """Return the queries for all usage of an entity in ``periods``, with money in ``currency``."""
    return [
        UsageQuery(
            budget_type,
            Scope(entity_key, TOTAL, ANY_PROVIDER, currency if budget_type is _MONETARY else ""),
            period,
        )
        for period in periods
        for budget_type in BudgetType
    ]


class Reserved:
    """The reserved part of budgets that run on ``today``: an agent's tokens, or the money held at and below an entity.

    ``period`` is the running one of the organization, in which money is held.
    """

    def __init__(
        self, session: Session, organization: Organization, period: Period, today: date, now: datetime
    ) -> None:
        self._session, self._organization = session, organization
        self._period, self._today, self._now = period, today, now

    def of(self, budget: PlannedBudget) -> int:
        """Return what is reserved of a budget, in nanos or tokens."""
        if not budget.period.contains(self._today):
            return 0
        if budget.budget_type is _TOKEN:
            return self._tokens.get(budget.entity_key, 0)
        if budget.budget_type is not _MONETARY or budget.currency != self._organization.currency:
            return 0
        return sum(amount for path, amount in self._money.items() if path.startswith(budget.path))

    def lines(self, lines: Iterable[BudgetLine]) -> list[BudgetLine]:
        """Return ``lines`` with what is reserved of their budgets."""
        return [line._replace(reserved=self.of(line.budget)) for line in lines]

    @cached_property
    def _money(self) -> dict[str, int]:
        return self._session.fast.reserved_by_path(self._organization.org_key, self._period, self._now)

    @cached_property
    def _tokens(self) -> dict[int, int]:
        agents = self._session.fast.agents(self._organization.org_key, self._period)
        return {agent.entity_key: agent.reserved for agent in agents}


class Addends(NamedTuple):
    """Budgets of one type and currency, none of which contains another, and their common usage by segment.

    Usage is money or tokens, counted once; segments without any are missing, and so are seats, which have none.
    """

    budgets: Sequence[PlannedBudget]
    used: Mapping[int, int]


class WholeAndCovered(NamedTuple):
    """The usage of a whole, and of the covered part of it."""

    whole: int | None
    covered: int | None


class SeatsInDays(NamedTuple):
    """An entity's seats of one provider, and the days on which they count. ``entity_key`` None: unmapped."""

    entity_key: int | None
    provider: str
    timeline: SeatTimeline
    days: list[Period]


class AgentTokens(NamedTuple):
    """Tokens that an agent used on a day, whether or not the model has a price; ``entity_key`` is where they count.

    Negative, they are those of the agent in whose place a bill counts that was imported for that entity (None:
    unmapped): tokens count once there and above, and at the agent as it used them.
    """

    entity_key: int | None
    model: str
    provider: str
    day: date
    tokens: int
    agent_key: int


class Conversions(NamedTuple):
    """The amounts that some sums leave out for want of a rate, and notes on the rates used."""

    left_out: tuple[LeftOut, ...] = ()
    counted: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        return (*map(left_out_warning, self.left_out), *self.counted)

    def together(self, other: "Conversions") -> "Conversions":
        return Conversions((*self.left_out, *other.left_out), (*self.counted, *other.counted))


class Usage:
    """Usage through ``today`` that counts for any of ``queries``, rolled up along the hierarchy."""

    def __init__(
        self, session: Session, organization: Organization, today: date, queries: Collection[UsageQuery]
    ) -> None:
        self._session, self._organization, self._today = session, organization, today
        self._org, self._queries = organization.org_key, queries
        types = {each.budget_type for each in queries}
        self.history = session.fast.hierarchy_history(self._org)
        self.segments = Segments({each.period for each in queries}, self.history.cuts)
        self._span = self.segments.span
        self._lines: dict[str, list[UsageLine]] = {}  # by currency; tokens have none
        self._other_currencies: dict[str, dict[Owner, dict[tuple[str, int], CurrencySum]]] = {}
        """Costs in other currencies: by target currency, owner, and own currency with segment."""
        self._sums: dict[str, Sums] = {}
        self._seats: dict[tuple[int | None, str], SeatTimeline] = {}
        self.origins: Mapping[int, UsageOrigin] | None = None
        """All origins, if they were read: for money in several currencies."""
        if not self.segments.periods:
            return
        if _MONETARY in types:
            self._read_money(queries)
        if _TOKEN in types:
            self._read_tokens()
        if _SEAT in types:
            registered, charged = (
                session.usage.seats_by_hand(self._org),
                session.usage.seats_charged(self._org, self.segments.days),
            )
            self._seats = seat_timelines(registered, charged)

    # Reading

    def _read_money(self, queries: Collection[UsageQuery]) -> None:
        currencies = {each.scope.currency for each in queries if each.budget_type is _MONETARY}
        if len(currencies) > 1 or self._session.fast.other_currencies(self._org, *currencies):
            self.origins = self._session.usage.origins(self._org)
        origins = self.origins or {}
        coverage = self._coverage(queries)
        counting: dict[Owner, Mapping[str, int]] = {}
        converting = []
        for key, (owner, _, currency, _, _) in origins.items():
            of_owner = counting.get(owner)
            if of_owner is None:
                of_owner = counting[owner] = coverage.by_currency(*owner)
            if len(of_owner) > (currency in of_owner):
                converting.append(key)
        if len(converting) * 2 > len(origins):  # unconverted ones are too few to be read separately
            self._read_by_day(origins, counting, None)
            return
        self._add(self._session.usage.costs_by_segment(self._org, self.segments, self._today, converting))
        if converting:
            self._read_by_day(origins, counting, converting)

    def _read_by_day(
        self,
        origins: Mapping[int, UsageOrigin],
        counting: Mapping[Owner, Mapping[str, int]],
        wanted: Collection[int] | None,
    ) -> None:
        """Read the costs that count by day, of the ``wanted`` origins or of all, and convert them.

        ``counting`` are the segments, as bits, in which each owner's costs count, by currency.
        """
        days, currencies = self.segments.days, {origins[key].currency for key in wanted or origins}
        targets = {into for of_owner in counting.values() for into in of_owner}
        to = converters(self._session, self._org, currencies, targets, days)
        own: dict[str, dict[Owner, dict[int, int]]] = {currency: {} for currency in currencies}
        others: dict[str, dict[Owner, dict[tuple[str, int], CurrencySum]]] = {into: {} for into in targets}
        segments: dict[date, int | None] = {}
        for key, day, amount, charges in self._session.usage.costs_by_day(self._org, wanted, days, self._today):
            owner, _, currency, _, _ = origins[key]
            of_owner = counting[owner]
            if not of_owner:
                continue
            if day not in segments:
                segments[day] = self.segments.index_of(day)
            segment = segments[day]
            if segment is None:
                continue
            counts = False
            for into, bits in of_owner.items():
                if not bits >> segment & 1:
                    continue
                counts = True
                if into != currency:
                    sums = others[into].get(owner)
                    if sums is None:
                        sums = others[into][owner] = {}
                    known = sums.get((currency, segment))
                    if known is None:
                        known = sums[currency, segment] = CurrencySum()
                    known.count(amount, charges, to[into].worth(amount, currency, day))
            if counts:
                values = own[currency].get(owner)
                if values is None:
                    values = own[currency][owner] = {}
                values[segment] = values.get(segment, 0) + amount
        self._other_currencies = {into: by_owner for into, by_owner in others.items() if by_owner}
        for currency, by_owner in own.items():
            self._add(UsageLine(*owner, currency, values) for owner, values in by_owner.items())
        for into, sums_by_owner in others.items():
            for owner, sums in sums_by_owner.items():
                worth: dict[int, int] = {}
                for (_, segment), known in sums.items():
                    if known.number:
                        worth[segment] = worth.get(segment, 0) + known.worth
                self._add([UsageLine(*owner, into, worth)])

    def _add(self, lines: Iterable[UsageLine]) -> None:
        for line in lines:
            self._lines.setdefault(line.currency, []).append(line)

    def _read_tokens(self) -> None:
        self._add(self._session.usage.tokens_by_segment(self._org, self.segments, self._today))
        of_agents: dict[Owner, dict[int, int]] = {}
        for used in agents_tokens(self._session, self._organization, self.segments.days, self._today):
            segment = self.segments.index_of(used.day)
            if segment is not None:
                values = of_agents.setdefault((used.entity_key, Category.GENAI, used.provider), {})
                values[segment] = values.get(segment, 0) + used.tokens
        self._add(UsageLine(*owner, "", values) for owner, values in of_agents.items())

    # Sums

    def of(self, budget_type: BudgetType, scope: Scope, period: Period) -> int | None:
        """Return the usage of ``scope`` in ``period``; None for tokens and seats if none is known."""
        if budget_type is _SEAT:
            return self.seats({scope: [period]})
        known = self._sums_in(scope.currency).of(scope, period)
        return 0 if known is None and budget_type is _MONETARY else known

    def once(self, budget_type: BudgetType, covered: Covered) -> int | None:
        """Return the common usage of all of ``covered``, in one currency, counting nothing twice."""
        if budget_type is _SEAT:
            return self.seats(covered)
        known = [self._sums_in(currency).once(covered) for currency in {scope.currency for scope in covered}]
        return 0 if known in ([], [None]) and budget_type is _MONETARY else known[0] if known else None

    def beside(self, budget_type: BudgetType, whole: Covered, covered: Covered, known: WholeAndCovered) -> int | None:
        """Return the usage of ``whole`` that counts for none of ``covered``, a part of it; None if none is known.

        It is the difference of the two sums in ``known``, except for seats: these are maxima, on different days.
        """
        if known.whole is None:
            return None
        if budget_type is _SEAT:
            return self.seats(whole, covered) or 0
        return known.whole - (known.covered or 0)

    def month_by_month(self, months: Iterable[Period], addends: Addends) -> Iterator[tuple[Period, int | None]]:
        """Yield the budgets' common usage in each of ``months`` that they overlap."""
        budget_type = addends.budgets[0].budget_type
        periods = {budget.period for budget in addends.budgets}
        for month in months:
            if not any(month.start <= period.end and period.start <= month.end for period in periods):
                continue
            if budget_type is _SEAT:
                yield month, self.seats(_within(month, covered_by(addends.budgets)))
            else:
                known = [addends.used[segment] for segment in self._span(month) if segment in addends.used]
                yield month, sum(known) if known or budget_type is _MONETARY else None

    def figures(self, budget: PlannedBudget) -> Variance:
        return Variance(budget.amount, self.of(budget.budget_type, scope_of(budget), budget.period))

    def lines(self, budgets: Iterable[PlannedBudget], queries: Iterable[UsageQuery]) -> list[BudgetLine]:
        """Return each of ``budgets``, compared with its usage; ``queries`` are theirs, in the same order."""
        found = []
        for budget, each in zip(budgets, queries, strict=True):
            figures = Variance(budget.amount, self.of(*each))
            found.append(BudgetLine(budget, figures, figures.status))
        return found

    def widest(self, budgets: Sequence[PlannedBudget]) -> Addends:
        """Return those of ``budgets``, of one type and currency, that no other contains, with their usage."""
        widest = Containment(budgets, self.history).widest({budget.budget_id for budget in budgets})
        return self.addends([budget for budget in budgets if budget.budget_id in widest], widest)

    def addends(self, budgets: Sequence[PlannedBudget], placed: Mapping[str, Placed]) -> Addends:
        """Return budgets of one type and currency, none of which contains another, with their usage."""
        if budgets[0].budget_type is _SEAT:
            return Addends(budgets, {})
        at: Counting = {}
        for budget in budgets:
            _, _, (key, *_), extent = placed[budget.budget_id]
            of_entity = at.setdefault(key, {})
            of_entity[extent.counts] = of_entity.get(extent.counts, 0) | bits_of([self._span(extent.period)])
        return Addends(budgets, self._sums_in(scope_of(budgets[0]).currency).counted(at))

    def added_up(self, addends: Addends) -> Variance:
        """Return the sums of the plan and the usage."""
        budgets, used = addends
        budget_type = budgets[0].budget_type
        if budget_type is _SEAT:  # the same seats in several months are not more seats
            planned = most_on_one_day((budget.period, budget.amount) for budget in budgets)
            return Variance(planned, self.seats(covered_by(budgets)))
        amount = sum(budget.amount for budget in budgets)
        return Variance(amount, sum(used.values()) if used or budget_type is _MONETARY else None)

    def totals(self, lines: Sequence[BudgetLine], containment: Containment) -> list[tuple[Totals, Addends]]:
        """Return the totals per type and currency of ``lines``, each with its addends."""
        widest = containment.widest({line.budget.budget_id for line in lines})
        found: dict[tuple[BudgetType, str], tuple[list[VarianceStatus | None], list[PlannedBudget]]] = {}
        for line in lines:
            statuses, budgets = found.setdefault(measured_in(line.budget), ([], []))
            statuses.append(line.status)
            if line.budget.budget_id in widest:
                budgets.append(line.budget)
        totals = []
        for (budget_type, currency), (statuses, budgets) in sorted(found.items()):
            addends = self.addends(budgets, widest)
            totals.append((Totals(budget_type, currency, self.added_up(addends), **count_by_status(statuses)), addends))
        return totals

    def _sums_in(self, currency: str) -> Sums:
        """Return the sums in one currency; '' is tokens."""
        known = self._sums.get(currency)
        if known is None:
            known = self._sums[currency] = Sums(self._lines.get(currency, ()), self.history, self.segments)
        return known

    # Seats. All of them are subscriptions.

    def seats(self, covered: Covered, without: Covered | None = None) -> int | None:
        """Return the maximum number of seats on one day that count for ``covered`` and not for ``without``.

        Each seat counts once; None if none is known.
        """
        return most_seats((each.timeline, each.days) for each in self.seats_in_days(covered, without))

    def seats_in_days(self, covered: Covered, without: Covered | None = None) -> Iterator[SeatsInDays]:
        """Yield all seats that count for ``covered`` and not for ``without``, with the days on which they do."""
        coverage = Coverage(covered, self.history, self.segments, without)
        for entity_key, provider in self._whose_seats(covered):
            counting = coverage.days(entity_key, (Category.SUBSCRIPTION, provider, ""))
            days = [period.through(self._today) for period in counting if period.start <= self._today]
            if days:
                yield SeatsInDays(entity_key, provider, self._seats[entity_key, provider], days)

    def _whose_seats(self, covered: Covered) -> Iterable[tuple[int | None, str]]:
        """Return entity and provider of the known seats that count for the covered scopes on any day."""
        wanted: dict[int, set[tuple[str, str]]] = {}
        for scope in covered:
            wanted.setdefault(scope.entity_key, set()).add((scope.category, scope.provider))
        return dict.fromkeys(
            (of, provider)
            for entity_key, kinds in wanted.items()
            for of, provider in self._seats_below.get(entity_key, ())
            if counts_for_any(kinds, Category.SUBSCRIPTION, provider)
        )

    @cached_property
    def _seats_below(self) -> Mapping[int, Collection[tuple[int | None, str]]]:
        found: dict[int, dict[tuple[int | None, str], None]] = {}
        for entity_key, provider in self._seats:
            for era in self.history:
                for key in era.lineage[entity_key]:
                    found.setdefault(key, {})[entity_key, provider] = None
        return found

    # Providers and currencies

    def providers(self, scope: Scope, periods: Collection[Period]) -> set[str]:
        """Return the providers used in ``scope`` in any of ``periods``, in any currency and unit."""
        covered = {scope._replace(currency=""): periods}
        coverage = Coverage(covered, self.history, self.segments)
        used = {
            line.provider
            for lines in self._lines.values()
            for line in lines
            if (segments := coverage.segments(line.entity_key, (line.category, line.provider, "")))
            and any(segments >> segment & 1 for segment in line.values)
        }
        return used | {
            each.provider
            for each in self.seats_in_days(covered)
            if most_seats([(each.timeline, each.days)]) is not None
        }

    def conversions(self, queries: Iterable[UsageQuery]) -> Conversions:
        """Return the effects of other currencies on the sums of ``queries``."""
        if not self._other_currencies:
            return Conversions()
        left_out: list[LeftOut] = []
        notes: list[str] = []
        # Everything read counts for the original queries.
        coverage = None if queries is self._queries else self._coverage(queries)
        for into, by_owner in sorted(self._other_currencies.items()):
            sums: dict[str, CurrencySum] = {}
            for (entity_key, category, provider), of_owner in by_owner.items():
                counting = -1 if coverage is None else coverage.segments(entity_key, (category, provider, into))
                for (currency, segment), known in of_owner.items():
                    if counting >> segment & 1:
                        if currency not in sums:
                            sums[currency] = CurrencySum()
                        sums[currency].add(known)
            _describe(sums, into, "cost", left_out, notes)
        return Conversions(tuple(left_out), tuple(notes))

    @property
    def has_other_currencies(self) -> bool:
        """True if there are costs in other currencies than those requested."""
        return bool(self._other_currencies)

    def _coverage(self, queries: Iterable[UsageQuery]) -> Coverage:
        """Return the coverage of the money that counts for any of ``queries``."""
        covered: dict[Scope, set[Period]] = {}
        for budget_type, scope, period in queries:
            if budget_type is _MONETARY:
                covered.setdefault(scope, set()).add(period)
        return Coverage(covered, self.history, self.segments)


def _within(month: Period, covered: Covered) -> Covered:
    """Return the part of ``covered`` that falls into ``month``."""
    return {
        scope: [
            Period(max(month.start, period.start), min(month.end, period.end))
            for period in periods
            if period.start <= month.end and month.start <= period.end
        ]
        for scope, periods in covered.items()
    }


def _describe(sums: Mapping[str, CurrencySum], into: str, noun: str, left_out: list[LeftOut], notes: list[str]) -> None:
    for currency, known in sorted(sums.items()):
        if left := known.left_out(currency, into):
            left_out.append(left if noun == "cost" else left._replace(costs=0, budgets=left.costs))
        if spend := known.converted(currency):
            notes.append(converted_note(spend, noun, into))


class InOneCurrency:
    """Budgets converted ``into`` one currency."""

    def __init__(self, session: Session, org: int, budgets: Iterable[PlannedBudget], into: str) -> None:
        self._into = into
        self._worth: dict[str, tuple[int, int]] = {}  # by the budget's id: converted amount, age of the rate in days
        others = list(filter(self._needs_rate, budgets))
        if not others:
            return
        days = Period(min(budget.period.start for budget in others), max(budget.period.start for budget in others))
        to_own = converter(session, org, {budget.currency for budget in others}, into, days)
        for budget in others:
            day = budget.period.start
            factor, worth = to_own.factor(budget.currency, day), to_own.worth(budget.amount, budget.currency, day)
            if factor is not None and worth is not None:
                self._worth[budget.budget_id] = worth, (day - factor.day).days

    def counting(self, budgets: Iterable[PlannedBudget]) -> list[PlannedBudget]:
        """Return the budgets that can be converted, unchanged."""
        return [budget for budget in budgets if not self._needs_rate(budget) or budget.budget_id in self._worth]

    def converted(self, budgets: Iterable[PlannedBudget]) -> list[PlannedBudget]:
        """Return the budgets that can be converted, with their converted amounts."""
        return [
            budget._replace(amount=self._worth[budget.budget_id][0], currency=self._into)
            if self._needs_rate(budget)
            else budget
            for budget in self.counting(budgets)
        ]

    def conversions(self, budgets: Iterable[PlannedBudget]) -> Conversions:
        """Return the effects of the currencies of ``budgets`` on their sum."""
        sums: dict[str, CurrencySum] = {}
        for budget in filter(self._needs_rate, budgets):
            known = self._worth.get(budget.budget_id, (None, 0))
            sums.setdefault(budget.currency, CurrencySum()).count(budget.amount, 1, *known)
        left_out: list[LeftOut] = []
        notes: list[str] = []
        _describe(sums, self._into, "budget", left_out, notes)
        return Conversions(tuple(left_out), tuple(notes))

    def _needs_rate(self, budget: PlannedBudget) -> bool:
        return budget.budget_type is _MONETARY and budget.currency != self._into


def agents_tokens(session: Session, organization: Organization, days: Period, through: date) -> Iterator[AgentTokens]:
    """Yield the tokens each agent used of each model on each of ``days`` up to ``through``, and less those that were
    billed with tokens by the same vendor.

    These count as used, not by their costs: not every model has a price.
    """
    providers: dict[str, str] = {}
    used = session.agents.tokens_used(organization.org_key, days, through)
    for _, model, _, _ in used:
        if model not in providers:
            providers[model] = provider_named(session, organization.org_key, provider_of_model(model))
    users = {(entity_key, providers[model]) for entity_key, model, _, _ in used}
    billed = tokens_billed(session, organization, users, days)
    for entity_key, model, day, tokens in used:
        provider = providers[model]
        yield AgentTokens(entity_key, model, provider, day, tokens, entity_key)
        if (entity_key, provider, day) in billed:
            yield AgentTokens(billed[entity_key, provider, day], model, provider, day, -tokens, entity_key)


def provider_named(session: Session, org: int, name: str) -> str:
    """Return the short name of a provider, whatever it is called: ``Google Cloud`` → ``gcp``."""
    return short_provider_name(name, session.cost_rules.provider_aliases(org)).casefold()


def entity_named(session: Session, organization: Organization, entity_id: str) -> Entity:
    """Return the entity with that id; raises `NotFound`."""
    wanted = entity_id.strip()
    if (found := session.fast.entity(organization.org_key, wanted)) is not None:
        return found
    if wanted == ROOT_ID:
        return unstored_root(organization.name)
    raise unknown("entity", wanted)
