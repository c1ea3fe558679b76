"""The snapshot that every interface shows."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from budget_tui.domain.budget import Budget, Organization
from budget_tui.domain.carry import NO_CARRY
from budget_tui.domain.currency import Converted
from budget_tui.domain.errors import NotFound
from budget_tui.domain.pacing import BurnWindow, burn_window
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.snapshot import (
    BudgetSnapshot,
    ProjectFact,
    ProjectLine,
    SnapshotFacts,
    Spend,
    added_up,
    build_snapshot,
)
from budget_tui.services.context import Context
from budget_tui.services.currency import OtherCurrencyCosts, counted_by_path
from budget_tui.services.freshness import data_through as known_through
from budget_tui.storage.session import Session


class ProjectFigures(NamedTuple):
    """A project's line in a snapshot, and what its agents' tokens would have cost in the period that a plan with a flat
    fee pays for, in nanos by currency."""

    snapshot: BudgetSnapshot
    line: ProjectLine
    would_have_cost: Mapping[str, int]


class Snapshots:
    """Reads `BudgetSnapshot`s. Never writes: a period that ended without being closed is shown as carried over."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = context.reader()

    def current(self) -> BudgetSnapshot:
        """Return today's snapshot, from one consistent read."""
        with self._reader.session() as session:
            return self._snapshot(session)

    def of_project(self, project_id: str) -> ProjectFigures:
        """Return the figures of a project today; raises `NotFound`."""
        with self._reader.session() as session:
            snapshot = self._snapshot(session)
            line = line_of(session, snapshot, project_id)
            org, days = snapshot.organization.org_key, snapshot.period.through(snapshot.as_of)
            entity = session.fast.entity(org, project_id)
            assert entity is not None
            return ProjectFigures(snapshot, line, session.fast.paid_by_plans(org, days, entity.path))

    def _snapshot(self, session: Session) -> BudgetSnapshot:
        context = self._context
        organization = context.organization(session)
        today, now = context.clock.today(organization.time_zone), context.clock.now()
        return build_snapshot(load_facts(session, organization, today, now), today, now)

    def is_behind(self) -> bool:
        """Return whether a period has ended that nobody closed, or a recurring fee is due that nobody booked.

        Never with ``--as-of``, which only looks at a day.
        """
        context = self._context
        if context.clock.as_of is not None:
            return False
        with context.reading(as_stored=True) as session:
            organization = context.organization(session)
            today = context.clock.today(organization.time_zone)
            latest = session.fast.global_budget(organization.org_key, today)
            if latest is not None and latest.period.end < today:
                from budget_tui.services.closing import beyond_reach

                return not beyond_reach(latest.period, today)
            if not session.fast.has_recurring_fees(organization.org_key):
                return False
            from budget_tui.services.fee_booking import is_fee_due

            return is_fee_due(session, organization.org_key, today)

    def changed(self) -> bool:
        """Return whether anybody wrote to the database since the last snapshot; takes a few microseconds."""
        return self._reader.changed()

    def close(self) -> None:
        self._reader.close()


def line_of(session: Session, snapshot: BudgetSnapshot, project_id: str) -> ProjectLine:
    """Return the line of a project in a snapshot that ``session`` read; raises `NotFound`, which says how to see what
    an archived one had."""
    entity = session.fast.entity(snapshot.organization.org_key, project_id)
    if entity is not None and entity.archived and entity.level_code == "project":
        raise NotFound(
            f"project '{project_id}' is archived",
            "the log and the closed periods show its past; add it again to restore it",
            command=f"budget-tui log --subject {project_id} shows its past, project add {project_id} restores it",
        )
    return snapshot.project(project_id)


def load_facts(session: Session, organization: Organization, today: date, now: datetime) -> SnapshotFacts:
    """Read the facts about the period that ``today`` is in; what is reserved beyond ``now`` counts.

    If the latest period has ended and is not closed yet, its carry-over is computed for the new one.
    """
    facts = _budgets_and_spend(session, organization, today, now)
    key, currency, so_far = organization.org_key, organization.currency, facts.period.through(today)
    shown = replace(
        facts,
        unmapped_costs=session.fast.unmapped_costs(key, currency, so_far),
        daily_spend=session.fast.daily_spend(key, currency, so_far),
        alerts=session.fast.alerts_holding(key, facts.period, today),
        unpriced=session.fast.unpriced(key, so_far),
        displaced=session.fast.displaced_estimates(key, so_far),
    )
    return _in_one_currency(session, shown, today)


def load_paces(session: Session, organization: Organization, today: date, now: datetime) -> SnapshotFacts:
    """Read `load_facts` without what no budget's pace depends on, such as each day's spend and alerts."""
    return _in_one_currency(session, _budgets_and_spend(session, organization, today, now), today)


def _budgets_and_spend(session: Session, organization: Organization, today: date, now: datetime) -> SnapshotFacts:
    key, currency = organization.org_key, organization.currency
    budget = session.fast.global_budget(key, today)
    running = budget is not None and budget.period.contains(today)
    period = running_period(budget, organization, today)
    parent_id = budget.budget_id if budget is not None else None
    data_through = known_through(session, organization, today)
    spend_by_path, unmapped = session.fast.spend_by_path(key, currency, period, today, data_through)
    for path, reserved in session.fast.reserved_by_path(key, period, now).items():
        spend_by_path[path] = spend_by_path.get(path, Spend())._replace(reserved=reserved)
    closed = session.fast.last_close(key)
    projects, allocated = session.fast.project_facts(key, parent_id), session.fast.allocated(parent_id)
    if budget is not None and not running:
        budget, projects, allocated = _carried_over(session, organization, budget, projects, today, now)
    return SnapshotFacts(
        organization=organization,
        period=period,
        monthly_budget=budget.amount if budget is not None else 0,
        allocated=allocated,
        projects=projects,
        spend_by_path=spend_by_path,
        unmapped=unmapped,
        unmapped_costs=0,
        daily_spend=(),
        data_through=data_through,
        carried_over=budget is not None and not running,
        carry=budget.carry if budget is not None else NO_CARRY,
        is_closed=closed is not None and closed.start == period.start,
    )


def _in_one_currency(session: Session, facts: SnapshotFacts, today: date) -> SnapshotFacts:
    facts = _with_other_currencies(session, facts, today)
    return _as_it_stood(session, facts) if facts.is_closed else facts


def _as_it_stood(session: Session, facts: SnapshotFacts) -> SnapshotFacts:
    """Return ``facts`` of a period closed today, with entities where they were at the close."""
    from budget_tui.services.closing import PathsAtClose

    then = PathsAtClose(session, facts.organization.org_key).of(facts.period)
    return replace(
        facts,
        projects=[project._replace(path=then(project.path)) for project in facts.projects],
        spend_by_path={then(path): spend for path, spend in facts.spend_by_path.items()},
    )


def amounts_ahead(
    session: Session,
    organization: Organization,
    ended: Budget,
    today: date,
    now: datetime,
    expired: Mapping[str, int],
) -> dict[str, int]:
    """Return what the budgets that recur will be in ``today``'s period, which nobody has opened, by their ids.

    ``expired`` is the amount that each still reserves for expired reservations.
    """
    from budget_tui.services.closing import budgets_ahead

    budgets = budgets_ahead(session, organization, ended, today, now, expired)
    return {budget.budget_id: budget.amount for budget in budgets}


def _carried_over(
    session: Session,
    organization: Organization,
    ended: Budget,
    projects: list[ProjectFact],
    today: date,
    now: datetime,
) -> tuple[Budget, list[ProjectFact], int]:
    """Return the global budget, the projects and their total allocation, as a command would open them today."""
    from budget_tui.services.closing import budgets_ahead

    budgets = budgets_ahead(session, organization, ended, today, now)
    total = next(budget for budget in budgets if budget.budget_id == ended.budget_id)
    below = {budget.path: budget for budget in budgets if budget.parent_id == ended.budget_id}
    facts = [
        fact._replace(allocation=below[fact.path].amount, carry=below[fact.path].carry) if fact.path in below else fact
        for fact in projects
    ]
    allocated = sum(budget.amount for budget in below.values())
    return replace(ended, amount=total.amount, carry=total.carry), facts, allocated


def running_period(latest: Budget | None, organization: Organization, today: date) -> Period:
    """Return the period that ``today`` is in: the stored one, or the one that a command would open."""
    rule = organization.period_rule
    if latest is None:
        return rule.containing(today)
    period = latest.period
    if not period.contains(today):
        period = rule.after(period)  # the rest of a period that was ended early, or a whole one
    return period if period.contains(today) else rule.containing(today)


def _with_other_currencies(session: Session, facts: SnapshotFacts, today: date) -> SnapshotFacts:
    """Return ``facts`` with the costs in other currencies added."""
    period, window = facts.period, burn_window(today, facts.data_through, date.min)
    days = Period(min(period.start, window.start), period.end)
    others = OtherCurrencyCosts(session, facts.organization, days)
    if not others.currencies:
        return facts
    own = added_up([*facts.spend_by_path.values(), facts.unmapped])
    found = others.converted(period.through(today), own.spent)
    scheduled = Converted() if today >= period.end else others.converted(Period(today + ONE_DAY, period.end), 0)
    spends = _spends(found, others.before(period), scheduled, today, window)
    for path, first in others.first_days().items():
        spends[path] = spends.get(path, Spend())._replace(first_day=first)
    unmapped = spends.pop(None, Spend())
    return replace(
        facts,
        spend_by_path=_merged(facts.spend_by_path, {path: spend for path, spend in spends.items() if path is not None}),
        unmapped=added_up([facts.unmapped, unmapped]),
        unmapped_costs=facts.unmapped_costs + sum(cost.costs for cost, _ in found.costs if cost.path is None),
        daily_spend=_daily(facts.daily_spend, found),
        converted=found.spends,
        left_out=found.left_out,
    )


def _spends(
    within: Converted, before: Converted, scheduled: Converted, today: date, window: BurnWindow
) -> dict[str | None, Spend]:
    """Return the spending by path, from converted costs.

    They are those within the period through today; those before it, which only the burn window includes; and those
    scheduled for later in the period.
    """
    sums: dict[str | None, list[int]] = {}
    for found, in_period in ((within, 1), (before, 0)):
        for cost, counted in found.costs:
            spent = sums.setdefault(cost.path, [0, 0, 0, 0, 0])
            spent[0] += counted * in_period
            if cost.day == today:
                spent[1] += counted
                spent[4] += counted * cost.is_once
            if window.start <= cost.day <= window.end and not cost.is_once:
                spent[2] += counted
    for path, counted in counted_by_path(scheduled).items():
        sums.setdefault(path, [0, 0, 0, 0, 0])[3] = counted
    return {
        path: Spend(spent, today_spent, burnt, None, later, once)
        for path, (spent, today_spent, burnt, later, once) in sums.items()
    }


def _merged(own: Mapping[str, Spend], converted: Mapping[str, Spend]) -> dict[str, Spend]:
    both = {path: added_up([own[path], spend]) for path, spend in converted.items() if path in own}
    return {**own, **converted, **both}


def _daily(own: Iterable[tuple[date, int]], found: Converted) -> tuple[tuple[date, int], ...]:
    days = dict(own)
    for cost, counted in found.costs:
        days[cost.day] = days.get(cost.day, 0) + counted
    return tuple(sorted(days.items()))
