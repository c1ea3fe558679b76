"""Backtests: the forecasts of past days, each made with what was known then, against what became."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import compress
from typing import NamedTuple

from budget_tui.domain import freshness
from budget_tui.domain.backtest import MIN_DAYS_KNOWN, MIN_DAYS_TO_COME, Trial, held_by_period, rivals
from budget_tui.domain.budget import Organization
from budget_tui.domain.errors import unknown
from budget_tui.domain.forecast import MAX_DAYS
from budget_tui.domain.hierarchy import ROOT_PATH
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.records import DailyCosts, EnteredCost, RecordedCosts, UsageOrigin
from budget_tui.domain.recurring import RECURRING_SOURCE
from budget_tui.services.clock import zone
from budget_tui.services.context import Context
from budget_tui.services.currency import converter
from budget_tui.services.forecasts import (
    CostsByCell,
    DailyUsage,
    bills_on,
    converted_costs,
    everything_below,
    on_days,
    with_bills_apart,
)
from budget_tui.services.freshness import data_through
from budget_tui.storage.fast_paths import day_of
from budget_tui.storage.session import Session

_LATELY = 6
_FAR_BACK = 366
_NEVER = date.max


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """The forecasts of past days of everything or, with ``name``, of one project, archived or not; the oldest first.

    ``lately`` says for the last periods, the newest first, whether the range held that was forecast on the day of the
    period that is today.
    """

    organization: Organization
    name: str
    trials: tuple[Trial, ...]
    lately: tuple[bool, ...]
    is_archived: bool = False


class Backtests:
    """Queries on past forecasts. Nothing is written."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = context.reader()
        self._known: tuple[Organization, date, list[bool]] | None = None

    def run(self, project_id: str = "", seed: int = 0) -> BacktestReport:
        """Return the forecasts of each day of the past year that was 21 days or more into the data and 3 or more before
        the end of a period that has ended; another ``seed`` draws anew."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today = self._context.clock.today(organization.time_zone)
            name, path, is_archived = _subject(session, organization, project_id)
            past = _Past(session, organization, today, today - timedelta(days=_FAR_BACK), seed)
        trials = tuple(trial for period in past.ended for trial in past.trials(path, _days_tested(period, past.first)))
        day_number = organization.period_rule.containing(today).day_number(today)
        lately = tuple(held_by_period(trials, day_number)[:_LATELY])
        return BacktestReport(organization, name, trials, lately, is_archived)

    def lately(self) -> list[bool]:
        """Return `BacktestReport.lately` of everything; computed once a day, because the past seldom changes."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today = self._context.clock.today(organization.time_zone)
            if self._known is None or self._known[:2] != (organization, today):
                self._known = organization, today, _lately(session, organization, today)
        return self._known[2]

    def close(self) -> None:
        self._reader.close()


def _subject(session: Session, organization: Organization, project_id: str) -> tuple[str, str, bool]:
    """Return the name and the path of a project, and whether it is archived; '' and the root's without one."""
    if not project_id:
        return "", ROOT_PATH, False
    project = session.fast.entity(organization.org_key, project_id)
    if project is None:
        raise unknown("project", project_id)
    return project.name, project.path, project.archived


def _lately(session: Session, organization: Organization, today: date) -> list[bool]:
    rule = organization.period_rule
    day_number = rule.containing(today).day_number(today)
    back = rule.containing(today)
    for _ in range(_LATELY):
        back = rule.containing(back.start - ONE_DAY)
    past = _Past(session, organization, today, back.start - timedelta(days=MAX_DAYS), 0)
    held = []
    for period in past.ended[-_LATELY:]:
        days = [*_days_tested(period, past.first)]
        nearest = min(days, key=lambda day: abs(period.day_number(day) - day_number), default=None)
        held += [trial.held for trial in past.trials(ROOT_PATH, [nearest] if nearest else [], with_rivals=False)]
    return held[::-1]


def _days_tested(period: Period, first: date) -> Iterator[date]:
    """Yield the days of a period on which there were enough days of data, and enough days to come."""
    day = max(period.start, first + timedelta(days=MIN_DAYS_KNOWN))
    while (period.end - day).days >= MIN_DAYS_TO_COME:
        yield day
        day += ONE_DAY


class _Recorded(NamedTuple):
    """Costs by day, those of ``account`` if they were imported, as known on days from ``since`` to before ``until``.

    Those that are ``ahead`` are known before their day: recurring fees.
    """

    costs: DailyCosts
    account: tuple[str, str] | None
    since: date | None
    until: date | None
    ahead: bool
    used_on: list[int]


class _Entry(NamedTuple):
    """Costs that were entered, as known on days from ``since`` to before ``until``; ``position`` is their day's."""

    since: date
    until: date
    position: int
    amount: int


class _Entered(NamedTuple):
    """The costs of one origin that were entered, those that were known first in front."""

    costs: DailyCosts
    entries: list[_Entry]

    def known_on(self, day: date) -> DailyCosts:
        """Return what was known on a day."""
        sums: dict[int, int] = {}
        for since, until, position, amount in self.entries:
            if since > day:
                break
            if until > day:
                sums[position] = sums.get(position, 0) + amount
        return on_days(self.costs, sums)


class _Past:
    """The costs that were known on each past day, from one read of all of them.

    What was imported is known from that day on, and what was entered from the day on which it was, or removed. What
    came on the first day that anything of its account or source did is taken for a history brought along, known on its
    own days, and so are costs of several days that were entered at once, and what came by itself.
    """

    def __init__(self, session: Session, organization: Organization, today: date, far: date, seed: int) -> None:
        self._organization, self._today, self._seed = organization, today, seed
        self._days = Period(far, today)
        reach = min(data_through(session, organization, today), today - ONE_DAY)
        entered = session.audit.entered_costs(organization.org_key)
        by_audit = [each.record.key for each in entered if each.until is None]
        origins = session.usage.origins(organization.org_key)
        stored = session.costs.recorded(organization.org_key, self._days, origins, by_audit)
        begun = _first_imports(stored, organization)
        self._entered = _entered(session, organization, self._days, origins, entered, {*begun.values()})
        self._recorded = _recorded(session, organization, self._days, stored, begun)
        first_days = [each.costs.first_day for each in self._recorded]
        first_days += [each.costs.first_day for each in self._entered]
        self.first = max(far, min(first_days, default=today))
        self.ended = [*_ended(organization, self.first, reach)]
        final = [each.costs for each in self._recorded if each.until is None]
        final += [each.known_on(_NEVER - ONE_DAY) for each in self._entered]
        self._final = DailyUsage(CostsByCell(final, self._days), None, today, reach, organization)

    def trials(self, path: str, days: Iterable[date], *, with_rivals: bool = True) -> Iterator[Trial]:
        """Yield the forecast of each of ``days``, in a period that has ended, with what became of it."""
        rule = self._organization.period_rule
        scope = everything_below(path, self._organization.currency)
        for day in days:
            period = rule.containing(day)
            last, known = self._known_on(day)
            usage = DailyUsage(known, None, day, last, self._organization, self._seed)
            forecast = usage.forecast(scope, period)
            became = self._final.used(scope, period)
            if forecast.has_range and (forecast.low, forecast.high, became) != (0, 0, 0):  # else nothing was foreseen
                guesses = self._rivals(usage, path, period, last) if with_rivals else ()
                yield Trial(day, period, forecast, became, guesses)

    def _rivals(self, usage: DailyUsage, path: str, period: Period, last: date) -> tuple[int, ...]:
        before = self._organization.period_rule.containing(period.start - ONE_DAY)
        since_first = Period(self.first, period.end)
        drawn = usage.usage(path, since_first, with_once=False)
        everything = usage.usage(path, since_first, with_once=True)
        in_period, complete = self._positions(period), (last - self.first).days + 1
        # What is known besides: what was spent, what came once, and fees to come.
        base = sum(everything[max(0, in_period.start) :]) - sum(drawn[max(0, in_period.start, complete) :])
        return tuple(base + round(guess) for guess in rivals(drawn, complete, in_period, self._positions(before)))

    def _positions(self, period: Period) -> range:
        return range((period.start - self.first).days, (period.end - self.first).days + 1)

    def _known_on(self, day: date) -> tuple[date, CostsByCell]:
        """Return what was known on a day, and through which day it was complete."""
        at = (day - self._days.start).days
        known = [each.known_on(day) for each in self._entered]
        accounts: dict[tuple[str, str], date] = {}
        for each in self._recorded:
            if (each.since is not None and each.since > day) or (each.until is not None and each.until <= day):
                continue
            known.append(each.costs if each.ahead else each.costs.through(at))
            if each.account is not None and (used := bisect_right(each.used_on, at - 1)):
                latest = self._days.start + timedelta(days=each.used_on[used - 1])
                accounts[each.account] = max(latest, accounts.get(each.account, latest))
        reaches = [freshness.ImportedAccount(*account, latest, latest, None) for account, latest in accounts.items()]
        through = freshness.data_through(reaches, self._organization.period_rule, day)
        return min(through, day - ONE_DAY), CostsByCell(known, self._days)


def _first_imports(stored: Iterable[RecordedCosts], organization: Organization) -> dict[tuple[str, str], date]:
    """Return the day of the first import of each account."""
    begun: dict[tuple[str, str], date] = {}
    for each in stored:
        if each.account is not None and each.at is not None:
            on = _day(each.at, organization)
            begun[each.account] = min(on, begun.get(each.account, on))
    return begun


def _recorded(
    session: Session,
    organization: Organization,
    days: Period,
    stored: Sequence[RecordedCosts],
    begun: Mapping[tuple[str, str], date],
) -> list[_Recorded]:
    """Return what was recorded; ``begun`` are the days of `_first_imports`.

    What an import replaced that is taken for a history was never known beside it.
    """
    org, currency = organization.org_key, organization.currency
    to = converter(session, org, {each.costs.currency for each in stored}, currency, days)
    bills = bills_on(session, organization, days)
    histories = {*begun.values()}
    found = []
    for each in stored:
        since, until = (None if at is None else _day(at, organization) for at in (each.at, each.until))
        by = each.replaced_by
        if until in histories if each.account is None else by is not None and until == begun.get(by):
            continue
        if each.account is not None and since == begun[each.account]:
            since = None
        for costs in with_bills_apart([each.costs], bills if until is None else {}, days):
            is_fee = each.source == RECURRING_SOURCE or costs.is_once is not each.costs.is_once
            used_on = [] if costs.is_once else [*compress(costs.positions, costs.amounts)]
            counted = converted_costs(costs, to, days.start)
            found.append(_Recorded(counted, each.account, since, until, is_fee, used_on))
    return found


def _entered(
    session: Session,
    organization: Organization,
    days: Period,
    origins: Mapping[int, UsageOrigin],
    costs: Sequence[EnteredCost],
    histories: Collection[date],
) -> list[_Entered]:
    """Return the costs that were entered on ``days``, in the organization's currency, by origin.

    ``histories`` are the days on which bills were imported that are taken for a history, as in `_recorded`.
    """
    org = organization.org_key
    source_of = {known.origin_key: known.origin.source for known in session.costs.origins(org)}
    replaced = session.estimates.replaced_at(org)
    begun: dict[str, date] = {}
    sums: dict[int, dict[tuple[date, date, int], int]] = {}  # few beside the costs: each past day asks for them again
    for cost in sorted(costs, key=lambda cost: cost.at):  # of each source, the first one in front
        record, source, since = cost.record, source_of[cost.record.origin_key], _day(cost.at, organization)
        day = day_of(record.day)
        is_first = since == begun.setdefault(source, since)
        if since > day and (is_first or cost.is_history):
            since = day
        gone = replaced.get(record.key) if cost.until is None else cost.until
        until = _NEVER if gone is None else _day(gone, organization)
        if cost.until is None and until in histories:
            continue
        if days.contains(day):
            of_origin, known_as = sums.setdefault(record.origin_key, {}), (since, until, (day - days.start).days)
            of_origin[known_as] = of_origin.get(known_as, 0) + record.amount_nanos
    known_of, found = session.costs.without_amounts(org, origins), []
    for key, of_origin in sums.items():
        entries = sorted(_Entry(*known_as, amount) for known_as, amount in of_origin.items())
        first = days.start + timedelta(days=min(entry.position for entry in entries))
        known = known_of[key]
        # Of what was removed since, no day is stored.
        found.append(_Entered(known._replace(first_day=min(known.first_day or first, first)), entries))
    return found


def _day(moment: datetime, organization: Organization) -> date:
    return moment.astimezone(zone(organization.time_zone)).date()


def _ended(organization: Organization, first: date, reach: date) -> Iterator[Period]:
    """Yield the periods from ``first`` on that had ended by ``reach``, by the rule of today."""
    period = organization.period_rule.containing(first)
    while period.end <= reach:
        yield period
        period = organization.period_rule.after(period)
