"""The numbers that rules of alerts watch, read from one session.

The running period's global budget and projects come from the snapshot, as on every screen; other budgets, and those of
periods that have ended since data last reached their end, from the plan's usage.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from budget_tui.domain import pacing
from budget_tui.domain.alerts import (
    WATCHES_BUDGETS,
    AlertKind,
    AlertRule,
    Reading,
    Watched,
    spike_limit,
)
from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.cost import Category, is_total
from budget_tui.domain.coverage import scope_of
from budget_tui.domain.forecast import Forecast
from budget_tui.domain.hierarchy import ROOT_ID, ROOT_PATH, Entity
from budget_tui.domain.period import ONE_DAY, Period, PeriodKind
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.snapshot import Pace, SnapshotFacts, build_snapshot
from budget_tui.domain.trouble import Trouble
from budget_tui.services.cost_details import trouble_in
from budget_tui.services.forecasts import DailyUsage, everything_below, forecasts_of, read_money
from budget_tui.services.plan_views import foreseen
from budget_tui.services.snapshots import load_paces
from budget_tui.services.usage import Reserved, Usage, UsageQuery
from budget_tui.storage.session import Session

COMPARED_DAYS = 70
"""Days before today that a spike is compared with: ten of each weekday."""


class KnownForecasts(NamedTuple):
    """Forecasts of an evaluation and the usage that they are of: by path and the amount that they are just exact enough
    to be compared with, None if they are exact."""

    usage: DailyUsage
    found: Mapping[tuple[str, int | None], Forecast]


class CycleReadings:
    """The readings of the running period's global budget and of its projects, if they were given any.

    ``daily`` returns what was spent on each day; it is called only where a rule needs it. ``known`` are the forecasts
    of an earlier evaluation: few change between the two. ``to_show``: every forecast is the exact one, not only where
    it may be beyond the budget.
    """

    def __init__(
        self,
        facts: SnapshotFacts,
        today: date,
        now: datetime,
        daily: Callable[[], DailyUsage],
        known: KnownForecasts | None = None,
        *,
        to_show: bool = False,
    ) -> None:
        self._facts, self._today, self._daily, self._known = facts, today, daily, known
        self._to_show = to_show
        self._snapshot = build_snapshot(facts, today, now)
        self._forecasts: dict[tuple[str, int | None], Forecast] = {}

    @property
    def forecasts(self) -> KnownForecasts | None:
        """The forecasts that were computed; those known before, if there were none."""
        return KnownForecasts(self._daily(), self._forecasts) if self._forecasts else self._known

    def trouble(self, session: Session, reading: Reading) -> Trouble | None:
        """Return why the budget of a reading is in trouble; None if it is not, or is another budget."""
        snapshot, watched = self._snapshot, reading.watched
        if reading.period != snapshot.period or watched.subject != _cycle_subject(watched.entity_id):
            return None
        pace = snapshot.total if watched.entity_id == ROOT_ID else snapshot.project(watched.entity_id).pace
        organization = snapshot.organization
        entity = session.fast.entity(organization.org_key, watched.entity_id)
        return trouble_in(session, organization, entity.entity_key, snapshot, pace) if entity else None

    def of(self, rules: Iterable[AlertRule]) -> Iterator[tuple[Reading, Sequence[AlertRule]]]:
        """Yield every reading that any of ``rules``, which watch budgets, watches, with those that do."""
        by_entity = _by_entity(rules)
        for reading in self.readings({rule.kind for of_entity in by_entity.values() for rule in of_entity}):
            if matching := _matching(by_entity, reading.watched, in_cycle=True):
                yield reading, matching

    def readings(self, kinds: Collection[AlertKind]) -> Iterator[Reading]:
        """Yield the readings of every budget, for rules of these ``kinds``."""
        snapshot = self._snapshot
        if snapshot.is_budgeted:
            name = snapshot.organization.name
            yield self._reading(kinds, ROOT_ID, name, "organization", ROOT_PATH, snapshot.total)
        for fact, line in zip(self._facts.projects, snapshot.projects, strict=True):
            if not line.pace.unfunded:
                yield self._reading(kinds, fact.project_id, fact.name, "project", fact.path, line.pace)

    def _reading(
        self, kinds: Collection[AlertKind], entity_id: str, name: str, level: str, path: str, pace: Pace
    ) -> Reading:
        snapshot, currency = self._snapshot, self._facts.organization.currency
        return Reading(
            Watched(_cycle_subject(entity_id), entity_id, name, level, Category.TOTAL, currency=currency),
            snapshot.period,
            snapshot.data_through,
            pace.allocation,
            pace.spent,
            pace.spent - self._spent_after_data(path) if AlertKind.PACE in kinds else None,
            pace.reserved,
            pace.runway_days,
            snapshot.period.days_to_come(self._today),
            self._forecast(path, pace) if AlertKind.FORECAST in kinds else None,
        )

    def _forecast(self, path: str, pace: Pace) -> Forecast | None:
        """Return the forecast of the running period; unless it is to be shown, as exactly as it takes to compare it
        with the budget, and none of a budget that is exceeded: what is spent already needs none. Nor has a period that
        was closed today any."""
        is_over, snapshot = pace.spent > pace.allocation, self._snapshot
        if (is_over and not self._to_show) or (snapshot.is_closed and snapshot.period.end == self._today):
            return None
        daily, scope = self._daily(), everything_below(path, self._facts.organization.currency)
        is_as_known = self._known is not None and daily.is_same_below(path, self._known.usage)
        known = self._known.found if self._known is not None and is_as_known else {}
        key: tuple[str, int | None] = (path, None)
        found = known.get(key)
        if found is None and not self._to_show:
            key = path, pace.allocation
            found = known.get(key) or daily.forecast_beyond(scope, self._facts.period, pace.allocation)
        found = found or daily.forecast(scope, self._facts.period)
        self._forecasts[key] = found
        # One that rests on less than a week says nothing yet about a budget that is not exceeded.
        return found if is_over or found.days_of_history >= pacing.BURN_WINDOW_DAYS else None

    def _spent_after_data(self, path: str) -> int:
        """Return what was spent after the day that data reaches."""
        if self._facts.data_through >= self._today:
            return 0
        days = Period(self._facts.data_through + ONE_DAY, self._today)
        return sum(self._daily().usage(path, days, with_once=True))


class Readings:
    """The readings of an organization's rules on ``today``.

    Budgets of earlier periods are read while data has not reached beyond their end, or had not on ``since``, the day
    that it reached at the evaluation before, whose forecasts are ``known``. ``to_show`` is as for `CycleReadings`.
    """

    def __init__(
        self,
        session: Session,
        organization: Organization,
        today: date,
        now: datetime,
        since: date | None = None,
        known: KnownForecasts | None = None,
        *,
        to_show: bool = False,
    ) -> None:
        self._session, self._organization, self._today, self._now = session, organization, today, now
        self._known, self._to_show = known, to_show
        self._facts = load_paces(session, organization, today, now)
        self.period = self._facts.period
        self.data_through = self._facts.data_through
        self.since = min(self.data_through, since or self.data_through)

    @property
    def forecasts(self) -> KnownForecasts | None:
        """The forecasts of the running period that were computed."""
        return self._cycle.forecasts

    def of(self, rules: Iterable[AlertRule]) -> Iterator[tuple[Reading, Sequence[AlertRule]]]:
        """Yield every reading that any of ``rules`` watches, with those that do."""
        of_budgets = [rule for rule in rules if rule.kind in WATCHES_BUDGETS]
        others = [rule for rule in rules if rule.kind not in WATCHES_BUDGETS]
        yield from self._of_budgets(of_budgets)
        read: dict[AlertKind, Callable[[AlertRule], Iterable[Reading]]] = {
            AlertKind.SPIKE: self._spikes,
            AlertKind.SILENT: self._silence,
            AlertKind.UNMAPPED: self._unmapped,
        }
        for rule in others:
            yield from ((reading, (rule,)) for reading in read[rule.kind](rule))

    def trouble(self, reading: Reading) -> Trouble | None:
        """Return why the budget of a reading is in trouble, if that is known."""
        return self._cycle.trouble(self._session, reading)

    def running(self) -> Iterator[Reading]:
        """Yield the usage of every budget whose period contains today."""
        yield from self._cycle.readings(())
        running = [budget for budget in self._planned if budget.period.contains(self._today)]
        yield from (reading for _, reading in self._others(running, ()))

    # Budgets

    def _of_budgets(self, rules: Sequence[AlertRule]) -> Iterator[tuple[Reading, Sequence[AlertRule]]]:
        if not rules:
            return
        yield from self._cycle.of(rules)
        by_entity, kinds = _by_entity(rules), {rule.kind for rule in rules}
        budgets = self._planned if self._needs_plan(by_entity) else []
        rules_of = {
            budget.budget_id: found
            for budget in budgets
            if (found := _matching(by_entity, _watched(budget), in_cycle=budget.in_cycle))
        }
        for budget, reading in self._others([each for each in budgets if each.budget_id in rules_of], kinds):
            yield reading, rules_of[budget.budget_id]

    def _needs_plan(self, entities: Mapping[str | None, object]) -> bool:
        """Return whether rules for ``entities`` (None: each project) may watch budgets that the snapshot lacks."""
        return entities.keys() != {None} or self.since < self._facts.period.start

    @cached_property
    def _cycle(self) -> CycleReadings:
        return CycleReadings(
            self._facts, self._today, self._now, lambda: self._daily, self._known, to_show=self._to_show
        )

    @cached_property
    def _daily(self) -> DailyUsage:
        """The spend on each day of the running period and of the past twelve weeks."""
        organization, facts = self._organization, self._facts
        return read_money(
            self._session, organization, self._today, [facts.period], organization.currency, facts.data_through
        )

    @cached_property
    def _planned(self) -> list[PlannedBudget]:
        """The budgets that are read and not in the snapshot."""
        since = min(self.since, self._today)
        found = self._session.budgets.beside_snapshot(self._organization.org_key, since, self._today)
        known = {budget.budget_id for budget in found}
        ahead = foreseen(self._session, self._organization, self._today, self._now)
        return found + [
            budget
            for budget in ahead
            if budget.amount and budget.budget_id not in known and not self._is_in_snapshot(budget)
        ]

    def _is_in_snapshot(self, budget: PlannedBudget) -> bool:
        return (
            budget.in_cycle
            and budget.period.contains(self._today)
            and budget.budget_type is BudgetType.MONETARY
            and is_total(budget.category, budget.provider)
            and (budget.entity_id == ROOT_ID or budget.level_code == "project")
        )

    def _others(
        self, budgets: Sequence[PlannedBudget], kinds: Collection[AlertKind]
    ) -> Iterator[tuple[PlannedBudget, Reading]]:
        """Yield budgets that are not in the snapshot, with their readings."""
        window = pacing.burn_window(self._today, self.data_through, date.min)
        wanted = {
            budget.budget_id: self._queries(budget, Period(window.start, window.end), kinds) for budget in budgets
        }
        queries = [query for of_budget in wanted.values() for query in of_budget if query is not None]
        if not queries:
            return
        usage = Usage(self._session, self._organization, self._today, queries)
        forecasts: Mapping[str, Forecast] = {}
        if AlertKind.FORECAST in kinds:
            forecasts = forecasts_of(self._session, self._organization, self._today, self.data_through, budgets)
        for budget in budgets:
            used, through, burnt = (None if query is None else usage.of(*query) for query in wanted[budget.budget_id])
            has_ended = budget.period.end < self._today
            is_known = used is not None
            yield (
                budget,
                Reading(
                    _watched(budget),
                    budget.period,
                    self.data_through,
                    budget.amount,
                    used,
                    through or 0,
                    self._reserved.of(budget),
                    pacing.runway_days(budget.amount - (used or 0), pacing.Burn(burnt or 0, window.days))
                    if is_known and not has_ended
                    else None,
                    budget.period.days_to_come(self._today),
                    Forecast(used, used, used, False, 0)
                    if used is not None and has_ended
                    else forecasts.get(budget.budget_id),
                ),
            )

    def _queries(
        self, budget: PlannedBudget, recent: Period, kinds: Collection[AlertKind]
    ) -> tuple[UsageQuery, UsageQuery | None, UsageQuery | None]:
        """Return the queries for a budget's usage: through today, through the data, and in the ``recent`` days."""
        whole = UsageQuery(budget.budget_type, scope_of(budget), budget.period)
        has_data = AlertKind.PACE in kinds and budget.period.start <= self.data_through
        return (
            whole,
            whole._replace(period=budget.period.through(self.data_through)) if has_data else None,
            whole._replace(period=recent) if AlertKind.RUNWAY in kinds else None,
        )

    @cached_property
    def _reserved(self) -> Reserved:
        return Reserved(self._session, self._organization, self._facts.period, self._today, self._now)

    # Other subjects

    def _spikes(self, rule: AlertRule) -> Iterator[Reading]:
        """Yield the last days with the spend of the rule's scope, each with the limit beyond which it stands out."""
        for entity in self._entities(rule):
            first = self._daily.first_day(entity.path)
            if first is None:
                continue
            watched = Watched(
                entity.entity_id,
                entity.entity_id,
                entity.name,
                entity.level_code,
                currency=self._organization.currency,
            )
            days = Period(max(first, self._today - timedelta(days=COMPARED_DAYS)), self._today)
            spent = self._daily.usage(entity.path, days, with_once=False)
            for at in range(max(0, len(spent) - pacing.SPIKE_DAYS), len(spent)):
                limit, day = spike_limit(spent[:at]), days.start + timedelta(days=at)
                if limit is not None:
                    yield Reading(watched, Period(day, day), self.data_through, limit, value=spent[at])

    def _entities(self, rule: AlertRule) -> list[Entity]:
        entities = self._session.fast.entities(self._organization.org_key)
        if rule.entity_id is None:
            return [entity for entity in entities if entity.level_code == "project" and not entity.archived]
        return [entity for entity in entities if entity.entity_id == rule.entity_id]

    def _silence(self, rule: AlertRule) -> Iterator[Reading]:
        """Yield the days since the latest costs of the rule's source."""
        org, period_rule = self._organization.org_key, self._organization.period_rule
        last = [day for name, day in self._session.costs.live_sources(org, self._today) if name == rule.source]
        last += [
            each.last_day
            for each in self._session.fast.imported_accounts(org, self._today)
            if each.source == rule.source and each.is_active(period_rule, self._today)
        ]
        if last:
            watched = Watched(f"source {rule.source}", "", rule.source, "source")
            yield Reading(watched, self._facts.period, self.data_through, value=(self._today - min(last)).days)

    def _unmapped(self, rule: AlertRule) -> Iterator[Reading]:
        """Yield the unmapped spend of the running period."""
        watched = Watched("unmapped", "", "Unmapped costs", "unmapped", currency=self._organization.currency)
        yield Reading(watched, self._facts.period, self.data_through, value=self._facts.unmapped.spent)


def _by_entity(rules: Iterable[AlertRule]) -> dict[str | None, list[AlertRule]]:
    found: dict[str | None, list[AlertRule]] = {}
    for rule in rules:
        found.setdefault(rule.entity_id, []).append(rule)
    return found


def _matching(
    by_entity: Mapping[str | None, Sequence[AlertRule]], watched: Watched, *, in_cycle: bool
) -> list[AlertRule]:
    """Return the rules that watch a budget; those for each project watch only budgets of the organization's cycle."""
    rules = [*by_entity.get(watched.entity_id, ())]
    if watched.level == "project" and in_cycle:
        rules += by_entity.get(None, ())
    return [
        rule
        for rule in rules
        if rule.budget_type is watched.budget_type
        and rule.category in ("", watched.category)
        and rule.provider in ("", watched.provider)
    ]


def _watched(budget: PlannedBudget) -> Watched:
    recurrence = "cycle" if budget.in_cycle else str(budget.period_kind)
    if recurrence == PeriodKind.CUSTOM:  # several may begin on one day
        recurrence = f"until {budget.period.end}"
    return Watched(
        _subject(budget.entity_id, budget.category, budget.provider, budget.budget_type, recurrence),
        budget.entity_id,
        budget.entity_name,
        budget.level_code,
        budget.category,
        budget.provider,
        budget.budget_type,
        budget.currency,
        budget.in_cycle,
    )


def _cycle_subject(entity_id: str) -> str:
    """Name the total budget that an entity has in each period of the organization's cycle."""
    return _subject(entity_id, Category.TOTAL, "", BudgetType.MONETARY, "cycle")


def _subject(entity_id: str, category: str, provider: str, budget_type: BudgetType, recurrence: str) -> str:
    """Name a budget in a way that stays when its period is opened or ended early, and that its successors share."""
    return "/".join((entity_id, category, provider, budget_type, recurrence))
