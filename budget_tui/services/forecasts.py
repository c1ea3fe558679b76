"""Forecasts as ranges: of the running period and its projects, and of any scope, entity or budget."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple, TypeVar

from budget_tui.domain import pacing
from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.coverage import ANY_PROVIDER, TOTAL, Scope, counts_for_any, mismatch
from budget_tui.domain.currency import Converter
from budget_tui.domain.errors import unknown
from budget_tui.domain.forecast import (
    MAX_DAYS,
    MIN_DAYS,
    Draws,
    Expected,
    Forecast,
    added_up,
    at_burn_rate,
    draws_for,
    expected,
    most_of,
    range_of,
)
from budget_tui.domain.hierarchy import ROOT_PATH, Entity, ancestor_paths
from budget_tui.domain.period import ONE_DAY, Period, PeriodRule, together
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.plan_results import MOST_FORECASTS, BudgetForecast, EntityForecast
from budget_tui.domain.records import DailyCosts, UsageOrigin
from budget_tui.domain.recurring import Bill, newly_due
from budget_tui.domain.snapshot import BudgetSnapshot, build_snapshot
from budget_tui.services.context import Context
from budget_tui.services.currency import converter, converters
from budget_tui.services.snapshots import load_facts
from budget_tui.services.usage import agents_tokens
from budget_tui.storage.session import Session

_Key = TypeVar("_Key")


class LazyForecasts(Mapping[_Key, Forecast]):
    """Forecasts by key, each computed when it is looked at: of thousands, a screen shows a few."""

    def __init__(self, makers: Mapping[_Key, Callable[[], Forecast]]) -> None:
        self._makers = makers

    def __getitem__(self, key: _Key) -> Forecast:
        return self._makers[key]()

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """The forecasts of the running period beside its snapshot; ``projects`` by id. ``usage`` is what they rest on:
    reports are compared by it, not by forecasts that nobody has looked at yet."""

    snapshot: BudgetSnapshot
    total: Forecast
    projects: Mapping[str, Forecast] = field(compare=False)
    usage: "DailyUsage"

    def total_for(self, snapshot: BudgetSnapshot) -> Forecast | None:
        """Return the forecast of everything, if it is of the same period as ``snapshot``."""
        own = self.snapshot
        is_same = (own.organization.org_key, own.period) == (snapshot.organization.org_key, snapshot.period)
        return self.total if is_same else None

    def of(self, project_id: str) -> Forecast:
        """Return the forecast of a project, or raise `NotFound`."""
        if project_id not in self.projects:
            raise unknown("project", project_id)
        return self.projects[project_id]


class Forecasts:
    """Queries on what will be spent by the period's end. Nothing is written."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = context.reader()
        self._known: _Known | None = None

    def current(self) -> ForecastReport:
        """Return the forecasts of today's period, from one consistent read; without a write, those of before.

        A hold or an agent's reservation ends without a write, and the snapshot says what is reserved: when the next one
        ends they are read again.
        """
        clock, known = self._context.clock, self._known
        if known is not None and self._reader.is_unchanged():
            is_today = known.today == clock.today(known.report.snapshot.organization.time_zone)
            if is_today and (known.until is None or clock.now() < known.until):
                return known.report
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today, now = clock.today(organization.time_zone), clock.now()
            report = read_forecasts(session, organization, today, now, known.report.usage if known else None)
            until = session.fast.reserved_until(organization.org_key, now)
            self._known = _Known(today, until, report)  # before another thread's turn
        return report

    def close(self) -> None:
        self._reader.close()


class _Known(NamedTuple):
    """The forecasts of ``today``, and the time ``until`` which they hold without a write, if there is one."""

    today: date
    until: datetime | None
    report: ForecastReport


def read_forecasts(
    session: Session, organization: Organization, today: date, now: datetime, known: "DailyUsage | None" = None
) -> ForecastReport:
    """Return the forecasts of the period that ``today`` is in, computed at ``now``, which holds may outlast.

    Of projects whose usage is as it was ``known``, the forecasts of before stand.
    """
    facts = load_facts(session, organization, today, now)
    snapshot = build_snapshot(facts, today, now)
    daily = read_money(session, organization, today, [snapshot.period], organization.currency, snapshot.data_through)
    if known is not None:
        daily.keep_forecasts(known)

    def of(path: str) -> Callable[[], Forecast]:
        return lambda: daily.forecast(everything_below(path, organization.currency), snapshot.period)

    return ForecastReport(
        snapshot, of(ROOT_PATH)(), LazyForecasts({fact.project_id: of(fact.path) for fact in facts.projects}), daily
    )


class UsageScope(NamedTuple):
    """The usage of an entity, by path, and of all below it: in a category or 'total', of a provider or any (''), and
    money in a currency or tokens ('')."""

    path: str
    category: str
    provider: str
    currency: str

    @property
    def kind(self) -> tuple[str, str]:
        return self.category, self.provider


def everything_below(path: str, currency: str) -> UsageScope:
    """Return the scope of all usage at and below a path, of money in a currency or of tokens ('')."""
    return UsageScope(path, TOTAL, ANY_PROVIDER, currency)


def counted_together(counted: Iterable[tuple[UsageScope, Period]]) -> list[tuple[UsageScope, Period]]:
    """Join the periods of each scope that overlap or adjoin, so that no usage is counted twice."""
    periods: dict[UsageScope, list[Period]] = {}
    for scope, period in counted:
        periods.setdefault(scope, []).append(period)
    return [(scope, period) for scope, of_scope in periods.items() for period in together(of_scope)]


class Cell(NamedTuple):
    """The usage of one entity itself, of one provider in one category, and what it cost once: an amount for each day.

    ``path`` is None for unmapped usage; ``first_day`` is the first ever with any.
    """

    path: str | None
    category: str
    provider: str
    first_day: date
    usage: list[int]
    once: list[int] | None


class CostsByCell:
    """Daily costs in any currencies, or tokens, by the cell that they belong to; cells are known by their numbers.

    A cell is only added up, and converted, when it is asked for: in each of a plan's currencies, few count.
    """

    def __init__(self, costs: Iterable[DailyCosts], days: Period) -> None:
        self.days = days
        self._costs: dict[tuple[str | None, str, str], list[DailyCosts]] = {}
        for cost in costs:
            self._costs.setdefault((cost.path, cost.category, cost.provider), []).append(cost)
        self._keys = [*self._costs]
        self._scopes: dict[UsageScope, list[int]] = {}

    @cached_property
    def currencies(self) -> Collection[str]:
        """The currencies of the costs."""
        return {cost.currency for costs in self._costs.values() for cost in costs}

    def cell(self, number: int, to: Converter | None) -> Cell:
        """Add up a cell, usage and what came once apart, in the currency that ``to`` converts into; None if its costs
        are all in one, or tokens."""
        key, first_days = self._keys[number], []
        usage, once = [0] * self.days.days, list[int]()
        for cost in self._costs[key]:
            first_days.append(cost.first_day)
            if cost.is_once and not once:
                once = [0] * self.days.days
            amounts = cost.amounts if to is None else _amounts_in(to, cost, self.days.start)
            _count(once if cost.is_once else usage, cost.positions, amounts)
        return Cell(*key, min(first_days), usage, once or None)

    def below(self, path: str) -> Sequence[int]:
        """Return the cells at and below a path; unmapped usage is below the root."""
        return self.counting(everything_below(path, ""))

    @cached_property
    def _below(self) -> Mapping[str, Mapping[tuple[str, str], Sequence[int]]]:
        """The cells at and below each path, by category and provider."""
        own: dict[str, list[tuple[tuple[str, str], int]]] = {}
        for number, (path, *kind) in enumerate(self._keys):
            own.setdefault(path or ROOT_PATH, []).append(((kind[0], kind[1]), number))
        found: dict[str, dict[tuple[str, str], list[int]]] = {}
        for path, numbers in own.items():
            for above in ancestor_paths(path):
                at = found.setdefault(above, {})
                for kind_of, number in numbers:
                    at.setdefault(kind_of, []).append(number)
        return found

    def counting(self, scope: UsageScope) -> Sequence[int]:
        """Return the cells that count for a scope."""
        if scope not in self._scopes:
            counted = Scope(0, *scope.kind, "")
            self._scopes[scope] = [
                number
                for kind, numbers in self._below.get(scope.path, {}).items()
                if mismatch(counted, *kind) is None
                for number in numbers
            ]
        return self._scopes[scope]


class Forecaster:
    """Forecasts of any scope in periods that run today, from what one session read of its usage.

    They are of money in any currency and of tokens; the usage of each is read when it is first asked for, so the
    session must be open then.
    """

    def __init__(
        self,
        session: Session,
        organization: Organization,
        today: date,
        known_through: date,
        wanted: Iterable[tuple[UsageScope, Period]],
        origins: Mapping[int, UsageOrigin] | None = None,
    ) -> None:
        """``wanted`` are the scopes and periods that may be asked for; only those that run today have forecasts, and
        none that was closed today. ``origins`` are all that there are, if ``session`` read them before."""
        running = [(scope, period) for scope, period in wanted if period.contains(today)]
        self._session, self._organization, self._today = session, organization, today
        self._last = min(known_through, today - ONE_DAY)
        self._scopes, self._periods = {scope for scope, _ in running}, {period for _, period in running}
        self._open = self._periods
        if any(period.end == today for period in self._periods):
            closed = session.fast.last_close(organization.org_key)
            self._open = {each for each in self._periods if closed is None or each.half_open != closed.half_open}
        self._known_origins = origins
        self._daily: dict[str, DailyUsage] = {}

    def of_budgets(self, budgets: Iterable[PlannedBudget]) -> dict[str, Forecast]:
        """Return the forecasts of those of ``budgets`` that run today, by id; seats have none, nor have tokens of which
        nothing is known."""
        return {
            budget.budget_id: daily.forecast(*counted)
            for budget, counted, daily in self._running(budgets)
            if budget.budget_type is BudgetType.MONETARY or daily.has_usage(counted[0])
        }

    def lines(self, budgets: Iterable[PlannedBudget]) -> Iterator[BudgetForecast]:
        """Yield the forecasts of those of ``budgets`` that run today, but for seats."""
        for budget, counted, daily in self._running(budgets):
            is_money = budget.budget_type is BudgetType.MONETARY
            used = daily.used(*counted) if is_money or daily.has_usage(*counted) else None
            forecast = daily.forecast(*counted) if is_money or daily.has_usage(counted[0]) else None
            yield BudgetForecast(budget, used, forecast)

    def _running(
        self, budgets: Iterable[PlannedBudget]
    ) -> Iterator[tuple[PlannedBudget, tuple[UsageScope, Period], "DailyUsage"]]:
        """Yield those of ``budgets`` that run today, but for seats, with what counts for them, and the usage in their
        unit."""
        for budget in budgets:
            if budget.period in self._open and budget.budget_type is not BudgetType.SEAT:
                counted = counted_by(budget)
                yield budget, counted, self._in(counted[0].currency)

    def of_entity(self, entity: Entity, period: Period) -> EntityForecast:
        """Return what an entity and everything below it will use in ``period``, planned or not."""
        found: list[tuple[int, Forecast]] = []
        for currency in (self._organization.currency, ""):
            scope, daily = everything_below(entity.path, currency), self._in(currency)
            found.append((daily.used(scope, period), daily.forecast(scope, period)))
        return EntityForecast(entity, period, *found[0], *found[1])

    def of_usage(self, counted: Collection[tuple[UsageScope, Period]], used: int) -> Forecast | None:
        """Return the forecast of usage in one unit that is `counted_together` and came to ``used`` so far.

        None unless exactly one period runs today, the same for all that have not ended.
        """
        not_ended = [(scope, period) for scope, period in counted if period.end >= self._today]
        period = self.period_of(counted)
        if period is None:
            return None
        [currency] = {scope.currency for scope, _ in not_ended}
        return self._in(currency).forecast_together([scope for scope, _ in not_ended], period, used)

    def period_of(self, counted: Iterable[tuple[UsageScope, Period]]) -> Period | None:
        """Return the one running period of what is counted and has not ended; None if there are others."""
        to_come = {period for _, period in counted if period.end >= self._today}
        return next(iter(to_come)) if len(to_come) == 1 and to_come <= self._open else None

    def _in(self, currency: str) -> "DailyUsage":
        """Return usage in a currency; '' for tokens."""
        if currency not in self._daily:
            organization, today = self._organization, self._today
            if currency:
                to = self._converters[currency]
                self._daily[currency] = DailyUsage(self._costs, to, today, self._last, organization)
            else:
                of = self._periods, self._last, self._origins
                self._daily[currency] = read_tokens(self._session, organization, today, *of)
        return self._daily[currency]

    @cached_property
    def _costs(self) -> CostsByCell:
        """The costs of the days that matter, read once for all currencies."""
        days = _days_for(self._periods, self._last, self._today)
        of_money = [scope for scope in self._scopes if scope.currency]
        origins = _origins_counting(self._session, self._organization, of_money, self._origins)
        return _read_costs(self._session, self._organization, days, origins)

    @cached_property
    def _origins(self) -> Mapping[int, UsageOrigin]:
        """All origins at and below the paths that may be asked for."""
        below = [everything_below(path, "") for path in {scope.path for scope in self._scopes}]
        return _origins_counting(self._session, self._organization, below, self._known_origins)

    @cached_property
    def _converters(self) -> Mapping[str, Converter]:
        """The converters into each currency, of rates read once for all."""
        targets = {scope.currency for scope in self._scopes if scope.currency}
        return converters(self._session, self._organization.org_key, self._costs.currencies, targets, self._costs.days)


def forecasts_of(
    session: Session,
    organization: Organization,
    today: date,
    known_through: date,
    budgets: Collection[PlannedBudget],
    origins: Mapping[int, UsageOrigin] | None = None,
) -> dict[str, Forecast]:
    """Return the forecasts of those of ``budgets`` that run today, by id; seats have none. ``origins`` are as for
    `Forecaster`."""
    wanted = map(counted_by, budgets)
    return Forecaster(session, organization, today, known_through, wanted, origins).of_budgets(budgets)


def counted_by(budget: PlannedBudget) -> tuple[UsageScope, Period]:
    """Return what counts for a budget, of seats as of tokens."""
    currency = budget.currency if budget.budget_type is BudgetType.MONETARY else ""
    return UsageScope(budget.path, budget.category, budget.provider, currency), budget.period


class DailyUsage:
    """Usage by day, in one currency or in tokens, of which the range of any scope is computed.

    A scope's draws are the sums of those of the entities at and below it, by category and provider.
    """

    def __init__(
        self,
        costs: CostsByCell,
        to: Converter | None,
        today: date,
        last: date,
        organization: Organization,
        seed: int = 0,
    ) -> None:
        """``costs`` are complete through ``last``; see `CostsByCell.cell` for ``to``. Another ``seed`` draws anew."""
        self._seed = seed
        self._costs, self._to, self._days, self._today, self._last = costs, to, costs.days, today, last
        self._ends = _ends(organization.period_rule, last, costs.days.start)
        self._draws: dict[Period, Draws] = {}
        self._cells: dict[int, Cell] = {}
        self._expected: dict[tuple[int, Period], Expected] = {}
        self._forecasts: dict[tuple[UsageScope, Period], Forecast] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DailyUsage) and self.is_same_below(ROOT_PATH, other)

    __hash__ = None  # type: ignore[assignment]  # it is looked up by no one

    def is_same_below(self, path: str, other: "DailyUsage") -> bool:
        """Return whether usage at and below ``path`` is as in ``other``, and its forecasts with it."""
        return (
            (self._days, self._today, self._last, self._ends) == (other._days, other._today, other._last, other._ends)
            and self._seed == other._seed
            and self._cells_of(self._costs.below(path)) == other._cells_of(other._costs.below(path))
        )

    def keep_forecasts(self, known: "DailyUsage") -> None:
        """Take over the forecasts that ``known`` has of what was used as it was there."""
        for (scope, period), forecast in known._forecasts.copy().items():
            if self.is_same_below(scope.path, known):
                self._forecasts[scope, period] = forecast

    def forecast(self, scope: UsageScope, period: Period) -> Forecast:
        """Return the forecast of ``period`` for what counts for ``scope``."""
        key = scope, period
        if key not in self._forecasts:
            numbers = self._costs.counting(scope)
            self._forecasts[key] = self._range_of(self._expected_of(numbers, period), period)
        return self._forecasts[key]

    def forecast_together(self, scopes: Iterable[UsageScope], period: Period, used: int) -> Forecast:
        """Return the forecast of usage that counts for any of ``scopes``, once, and for what it comes to at the end if
        it is ``used`` so far, which may be of earlier periods, too."""
        numbers = sorted({number for scope in scopes for number in self._costs.counting(scope)})
        found = self._range_of(self._expected_of(numbers, period), period)
        before = used - self._used(self._cells_of(numbers), period)
        low, median, high = (amount + before for amount in (found.low, found.median, found.high))
        return found._replace(low=low, median=median, high=high)

    def forecast_beyond(self, scope: UsageScope, period: Period, amount: int) -> Forecast:
        """Return the forecast if it may exceed ``amount``, else a number that it does not exceed, which is quicker."""
        numbers = self._costs.counting(scope)
        of_scope = self._expected_of(numbers, period)
        days = len(of_scope.history)
        if days >= MIN_DAYS and (most := most_of(of_scope, self._draws[period])) <= amount:
            return Forecast(most, most, most, False, days)
        return self._range_of(of_scope, period)

    def _expected_of(self, numbers: Sequence[int], period: Period) -> Expected:
        if period not in self._draws:
            self._draws[period] = draws_for(period, self._last, self._seed)
        drawn, young = list[Expected](), list[Cell]()
        paths_drawn = set[str]()
        for number in numbers:
            cell = self._cell(number)
            if (self._last - cell.first_day).days + 1 < MIN_DAYS:
                young.append(cell)
            else:
                drawn.append(self._of_cell(number, period))
                paths_drawn.update(ancestor_paths(cell.path or ROOT_PATH))
        # What is too young as a whole counts with the number that it has by itself.
        together: dict[str | None, list[Cell]] = {}
        for cell in young:
            paths = takewhile(lambda path: path not in paths_drawn, ancestor_paths(cell.path or ROOT_PATH))
            *_, top = cell.path, *paths
            together.setdefault(top, []).append(cell)
        return added_up([*drawn, *(self._at_burn_rate(cells, period) for cells in together.values())])

    def _range_of(self, scope: Expected, period: Period) -> Forecast:
        return range_of(scope, self._draws[period], self._last, self._ends)

    def usage(self, path: str, days: Period, *, with_once: bool) -> list[int]:
        """Return an entity's usage on each of ``days``, which were read, with that below it and, if asked, what came
        once."""
        wanted = self._slice(days.start, days.end)
        amounts = [0] * days.days
        for cell in self._cells_of(self._costs.below(path)):
            amounts = _sum(amounts, cell.usage[wanted])
            if with_once and cell.once is not None:
                amounts = _sum(amounts, cell.once[wanted])
        return amounts

    def first_day(self, path: str) -> date | None:
        """Return the first day ever with any usage of an entity or below it."""
        return min((cell.first_day for cell in self._cells_of(self._costs.below(path))), default=None)

    def used(self, scope: UsageScope, period: Period) -> int:
        """Return what was used in ``period`` through today; see `forecast`."""
        return self._used(self._cells_of(self._costs.counting(scope)), period)

    def has_usage(self, scope: UsageScope, period: Period | None = None) -> bool:
        """Return whether any usage of ``scope`` is known, in ``period`` through today or at all."""
        cells = self._cells_of(self._costs.counting(scope))
        if period is None:
            return bool(cells)
        so_far = self._slice(period.start, min(self._today, period.end))
        return any(any(cell.usage[so_far]) for cell in cells)

    def _cells_of(self, numbers: Iterable[int]) -> list[Cell]:
        return [*map(self._cell, numbers)]

    def _cell(self, number: int) -> Cell:
        if number not in self._cells:
            self._cells[number] = self._costs.cell(number, self._to)
        return self._cells[number]

    def _of_cell(self, number: int, period: Period) -> Expected:
        """Return what one cell is expected to use in ``period``.

        Costs that come once are known: those by today, and those dated later in the period. Usage of days to come,
        dated ahead, is among what is drawn for them; the forecast is only never below it.
        """
        if (number, period) not in self._expected:
            cell = self._cell(number)
            in_period, complete = self._slice(period.start, period.end), self._at(self._last) + 1
            known = self._known([cell], period)
            start = max(self._at(cell.first_day), complete - MAX_DAYS)
            drawn_again = sum(cell.usage[max(in_period.start, complete) : in_period.stop])
            self._expected[number, period] = expected(
                cell.usage[start:complete], self._last, period, known - drawn_again, known, self._draws[period]
            )
        return self._expected[number, period]

    def _at_burn_rate(self, cells: Sequence[Cell], period: Period) -> Expected:
        """Return where the burn rate leads, as everywhere else (`pacing.run_rate`), with what is known to come once."""
        first_day = min(cell.first_day for cell in cells)
        days = self._slice(first_day, self._last)
        history = [*map(sum, zip(*(cell.usage[days] for cell in cells), strict=True))]
        window = pacing.burn_window(self._today, self._last, first_day)
        burnt = self._slice(window.start, window.end)
        today = self._at(self._today)
        rate = pacing.burn(
            sum(sum(cell.usage[burnt]) for cell in cells), window.days, sum(cell.usage[today] for cell in cells)
        )
        to_come = self._slice(self._today + ONE_DAY, period.end)  # usage of these days is in the rate
        once = sum(sum(cell.once[to_come]) for cell in cells if cell.once)
        run_rate = pacing.run_rate(self._used(cells, period), rate, period, self._today) + once
        return at_burn_rate(history, run_rate, self._known(cells, period))

    def _used(self, cells: Sequence[Cell], period: Period) -> int:
        so_far = self._slice(period.start, min(self._today, period.end))
        return sum(sum(amounts[so_far]) for cell in cells for amounts in (cell.usage, cell.once) if amounts)

    def _known(self, cells: Iterable[Cell], period: Period) -> int:
        """Return what is spent in ``period`` or dated in it."""
        dated = self._slice(period.start, period.end)
        return sum(sum(amounts[dated]) for cell in cells for amounts in (cell.usage, cell.once) if amounts)

    def _at(self, day: date) -> int:
        return (day - self._days.start).days

    def _slice(self, first: date, last: date) -> slice:
        return slice(max(self._at(first), 0), self._at(last) + 1)


def are_too_many_below(session: Session, organization: Organization, paths: Collection[str]) -> bool:
    """Return whether there are more than `MOST_FORECASTS` entities at and below ``paths``."""
    entities = session.fast.entities(organization.org_key)
    if len(entities) <= MOST_FORECASTS:
        return False
    tops = set(paths)
    return sum(not tops.isdisjoint(ancestor_paths(entity.path)) for entity in entities) > MOST_FORECASTS


def read_money(
    session: Session,
    organization: Organization,
    today: date,
    periods: Iterable[Period],
    currency: str,
    known_through: date,
    path: str = ROOT_PATH,
) -> DailyUsage:
    """Read what was spent day by day at and below a path, in ``currency`` as far as there are rates."""
    last = min(known_through, today - ONE_DAY)
    days = _days_for(periods, last, today)
    origins = _origins_counting(session, organization, [everything_below(path, currency)])
    costs = _read_costs(session, organization, days, origins)
    to = converter(session, organization.org_key, costs.currencies, currency, days)
    return DailyUsage(costs, to, today, last, organization)


def _read_costs(
    session: Session, organization: Organization, days: Period, origins: Mapping[int, UsageOrigin]
) -> CostsByCell:
    """Read the costs of ``origins`` on ``days``, and recurring fees to come."""
    costs = session.costs.daily(organization.org_key, days, origins)
    if session.fast.has_recurring_fees(organization.org_key):
        costs = [*with_bills_apart(costs, bills_on(session, organization, days), days)]
        costs += _fees_to_come(session, organization, days)
    return CostsByCell(costs, days)


def bills_on(session: Session, organization: Organization, days: Period) -> dict[int, list[Bill]]:
    """Return the bills for recurring fees on ``days``, by the origin of the cost."""
    found: dict[int, list[Bill]] = {}
    for charge in session.fast.recurring_charges(organization.org_key, days.start):
        if charge.bill is not None and days.contains(charge.bill.day):
            found.setdefault(charge.bill.origin_key, []).append(charge.bill)
    return found


def with_bills_apart(
    costs: Iterable[DailyCosts], bills: Mapping[int, Sequence[Bill]], days: Period
) -> Iterator[DailyCosts]:
    """Yield ``costs`` with the bills for recurring fees as what comes once: they are known, and no usage."""
    for cost in costs:
        if cost.is_once or cost.origin_key not in bills:
            yield cost
            continue
        usage, once = dict(zip(cost.positions, cost.amounts, strict=True)), dict[int, int]()
        for bill in bills[cost.origin_key]:
            at = (bill.day - days.start).days
            usage[at] = usage.get(at, 0) - bill.amount
            once[at] = once.get(at, 0) + bill.amount
        yield on_days(cost, usage)
        yield on_days(cost, once)._replace(is_once=True)


def on_days(cost: DailyCosts, amounts: Mapping[int, int]) -> DailyCosts:
    """Return ``cost`` with other amounts, by the positions of their days."""
    positions = sorted(amounts)
    return cost._replace(positions=positions, amounts=[amounts[position] for position in positions])


def _fees_to_come(session: Session, organization: Organization, days: Period) -> Iterator[DailyCosts]:
    """Yield the recurring fees that nobody has booked, on the days of ``days`` on which they are due."""
    for fee in session.fast.recurring_fees(organization.org_key):
        due = [charge.day for charge in newly_due([fee], days.end) if charge.day >= days.start]
        if due:
            amounts = {(day - days.start).days: fee.amount for day in due}
            of = fee.path, fee.category, fee.provider.casefold(), organization.currency
            yield on_days(DailyCosts(0, *of, True, days.start + timedelta(days=min(amounts)), (), ()), amounts)


def _origins_counting(
    session: Session,
    organization: Organization,
    scopes: Iterable[UsageScope],
    known: Mapping[int, UsageOrigin] | None = None,
) -> Mapping[int, UsageOrigin]:
    """Return the origins whose usage counts for any of ``scopes``; ``known`` are all, if they were read before."""
    own: dict[str, set[tuple[str, str]]] = {}
    for scope in scopes:
        own.setdefault(scope.path, set()).add(scope.kind)
    of_all = own.get(ROOT_PATH, set())
    if (TOTAL, ANY_PROVIDER) in of_all:
        return known or session.usage.origins(organization.org_key)
    counted: dict[int | None, set[tuple[str, str]]] = {None: of_all}
    for entity in session.fast.entities(organization.org_key):
        counted[entity.entity_key] = of_all.union(*(own.get(above, ()) for above in ancestor_paths(entity.path)))
    if known is None:
        of = None if of_all else [key for key, kinds in counted.items() if key is not None and kinds]
        known = session.usage.origins(organization.org_key, of)
    owners = {origin.owner for origin in known.values()}
    counting = {
        (entity_key, category, provider)
        for entity_key, category, provider in owners
        if counts_for_any(counted[entity_key], category, provider)
    }
    return {key: origin for key, origin in known.items() if origin.owner in counting}


def read_tokens(
    session: Session,
    organization: Organization,
    today: date,
    periods: Iterable[Period],
    known_through: date,
    origins: Mapping[int, UsageOrigin],
) -> DailyUsage:
    """Read the tokens that were used day by day, of imported ones those of ``origins``.

    Agents' are known at once; imported ones as far as costs are.
    """
    last = min(known_through, today - ONE_DAY)
    days = _days_for(periods, last, today)
    paths: dict[int | None, str] = {
        entity.entity_key: entity.path for entity in session.fast.entities(organization.org_key)
    }
    imported = session.costs.daily(organization.org_key, days, origins, tokens=True)
    used: dict[tuple[str | None, str], dict[int, int]] = {}
    for tokens in agents_tokens(session, organization, days, today):
        by_day = used.setdefault((paths.get(tokens.entity_key), tokens.provider), {})
        at = (tokens.day - days.start).days
        by_day[at] = by_day.get(at, 0) + tokens.tokens
    of_agents = (
        on_days(
            DailyCosts(0, path, Category.GENAI, provider, "", False, days.start + timedelta(days=min(amounts)), (), ()),
            amounts,
        )
        for (path, provider), amounts in used.items()
    )
    tokens_by_cell = CostsByCell([*imported, *of_agents], days)
    return DailyUsage(tokens_by_cell, None, today, last if imported else today - ONE_DAY, organization)


def _days_for(periods: Iterable[Period], last: date, today: date) -> Period:
    """Return the days whose usage matters to forecasts of ``periods``, which contain ``today``."""
    known = [*periods]
    first = min([last - timedelta(days=MAX_DAYS - 1), *(period.start for period in known)])
    return Period(first, max([today, *(period.end for period in known)]))


def converted_costs(cost: DailyCosts, to: Converter, first: date) -> DailyCosts:
    """Return ``cost``, of days from ``first`` on, in another currency; 0 where there is no rate."""
    return cost._replace(amounts=_amounts_in(to, cost, first))


def _amounts_in(to: Converter, cost: DailyCosts, first: date) -> Sequence[int]:
    if cost.currency == to.into:
        return cost.amounts
    return [
        to.worth(amount, cost.currency, first + timedelta(days=at)) or 0
        for at, amount in zip(cost.positions, cost.amounts, strict=True)
    ]


def _count(sums: list[int], on: Sequence[int], amounts: Sequence[int]) -> None:
    """Add the amounts of some days to the sums of all days."""
    if isinstance(on, range):  # of consecutive days, at half the time
        sums[on.start : on.stop] = map(int.__add__, sums[on.start : on.stop], amounts)
        return
    for at, amount in zip(on, amounts, strict=True):
        sums[at] += amount


def _sum(known: list[int], more: list[int]) -> list[int]:
    return [*map(int.__add__, known, more)]


def _ends(rule: PeriodRule, last: date, first: date) -> list[date]:
    """Return the ends of the periods that ended from ``first`` to ``last``, by the rule of today."""
    found = []
    ended = rule.containing(rule.containing(last + ONE_DAY).start - ONE_DAY)
    while ended.end >= first:
        found.append(ended.end)
        ended = rule.containing(ended.start - ONE_DAY)
    return found
