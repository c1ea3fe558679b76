"""Forecasts of the running period: of the global budget and of each project, as ranges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from budget_tui.domain.budget import Organization
from budget_tui.domain.errors import unknown
from budget_tui.domain.forecast import MAX_DAYS, Draws, Expected, Forecast, added_up, expected, range_of, seed_of
from budget_tui.domain.hierarchy import ancestor_paths
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.records import PathDay
from budget_tui.domain.snapshot import BudgetSnapshot, Spend, build_snapshot
from budget_tui.services.context import Context
from budget_tui.services.currency import OtherCurrencyCosts
from budget_tui.services.snapshots import load_facts
from budget_tui.storage.session import Session


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """The forecasts of the running period beside its snapshot; ``projects`` by id."""

    snapshot: BudgetSnapshot
    total: Forecast
    projects: Mapping[str, Forecast]

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

    def current(self) -> ForecastReport:
        """Return the forecasts of today's period, from one consistent read."""
        with self._reader.session() as session:
            organization = self._context.organization(session)
            today = self._context.clock.today(organization.time_zone)
            return read_forecasts(session, organization, today, self._context.clock.now())

    def close(self) -> None:
        self._reader.close()


def read_forecasts(session: Session, organization: Organization, today: date, now: datetime) -> ForecastReport:
    """Return the forecasts of the period that ``today`` is in; ``now`` only says when they were computed."""
    facts = load_facts(session, organization, today, now)
    snapshot = build_snapshot(facts, today, now)
    last = min(snapshot.data_through, today - ONE_DAY)
    first = min(snapshot.period.start, last - timedelta(days=MAX_DAYS - 1))
    costs = _by_path(session, organization, Period(first, max(today, snapshot.period.end)))
    period = snapshot.period
    spends: dict[str | None, Spend] = {None: facts.unmapped}
    spends.update(facts.spend_by_path)
    draws = Draws((period.end - last).days, seed_of(period, last))
    scopes = {
        path: _expected(days, spends.get(path, Spend()).first_day, period, last, today, draws)
        for path, days in costs.items()
    }
    below: dict[str, list[Expected]] = {}
    for path, scope in scopes.items():
        for ancestor in ancestor_paths(path) if path is not None else ():
            below.setdefault(ancestor, []).append(scope)
    ended = _ends(organization, period, first)
    return ForecastReport(
        snapshot,
        range_of(added_up([*scopes.values()]), last, ended, snapshot.total.forecast),
        {
            line.project_id: range_of(added_up(below.get(fact.path, [])), last, ended, line.pace.forecast)
            for fact, line in zip(facts.projects, snapshot.projects, strict=True)
        },
    )


def _by_path(session: Session, organization: Organization, days: Period) -> dict[str | None, list[PathDay]]:
    """Return the costs of each entity itself on ``days``, in the organization's currency as far as there are rates."""
    found: dict[str | None, list[PathDay]] = {}
    for cost in session.costs.by_day(organization.org_key, organization.currency, days):
        found.setdefault(cost.path, []).append(cost)
    others = OtherCurrencyCosts(session, organization, days)
    own = sum(cost.amount for costs in found.values() for cost in costs)
    for other, counted in others.converted(days, own).costs:
        found.setdefault(other.path, []).append(PathDay(other.path, other.day, other.is_once, counted))
    return found


def _expected(
    costs: Sequence[PathDay], first_day: date | None, period: Period, last: date, today: date, draws: Draws
) -> Expected:
    """Return what an entity itself is expected to spend in ``period``; its data is complete through ``last``.

    Costs that come once are known: those by today, and those dated later in the period.
    """
    start = max(first_day or min(cost.day for cost in costs), last - timedelta(days=MAX_DAYS - 1))
    history = [0] * max(0, (last - start).days + 1)
    base = least = 0
    for cost in costs:
        if period.contains(cost.day):
            least += cost.amount
            if cost.day <= last or cost.is_once or cost.day > today:
                base += cost.amount
        if not cost.is_once and start <= cost.day <= last:
            history[(cost.day - start).days] += cost.amount
    return expected(history, last, period.end, base, least, draws)


def _ends(organization: Organization, period: Period, first: date) -> list[date]:
    """Return the ends of the periods that ended from ``first`` on, by the rule of today."""
    rule, found = organization.period_rule, []
    ended = rule.containing(period.start - ONE_DAY)
    while ended.end >= first:
        found.append(ended.end)
        ended = rule.containing(ended.start - ONE_DAY)
    return found
