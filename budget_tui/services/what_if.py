"""What-if: a fork of the allocations over the live numbers, and the command that stores it."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from budget_tui.domain.alerts import (
    WATCHES_BUDGETS,
    AlertChanges,
    AlertKind,
    AlertRule,
    Finding,
    changes_between,
    found_in,
)
from budget_tui.domain.errors import Outdated
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.snapshot import BudgetSnapshot, SnapshotFacts, build_snapshot
from budget_tui.domain.what_if import Fork
from budget_tui.presentation.formatting import moved_meanwhile, period_name
from budget_tui.services.alert_readings import CycleReadings
from budget_tui.services.budgets import project_budget, set_amount, unallocated
from budget_tui.services.context import Context
from budget_tui.services.forecasts import DailyUsage, read_money
from budget_tui.services.snapshots import load_facts
from budget_tui.services.work import Work
from budget_tui.storage.session import Session

_RESTS_ON_DAYS = (AlertKind.FORECAST, AlertKind.PACE)


@dataclass(frozen=True, slots=True)
class Basis:
    """The stored state that a what-if's figures follow from, from one consistent read.

    ``rules`` are those of alerts that watch projects and are not muted; ``daily`` is what was spent on each day, None
    if no rule needs it.
    """

    facts: SnapshotFacts
    today: date
    now: datetime
    rules: tuple[AlertRule, ...]
    daily: DailyUsage | None

    def snapshot(self, fork: Fork) -> BudgetSnapshot:
        """Return the snapshot as if ``fork`` were stored."""
        return build_snapshot(fork.over(self.facts), self.today, self.now)

    def alerts(self, fork: Fork) -> AlertChanges:
        """Return what the alerts would report, and what would no longer hold, if ``fork`` were stored."""
        differing = [
            project
            for project in self.facts.projects
            if fork.allocation(project.project_id, project.allocation) != project.allocation
        ]
        live = replace(self.facts, projects=differing)
        return changes_between(self._found_in(live), self._found_in(fork.over(live)))

    def _found_in(self, facts: SnapshotFacts) -> list[Finding]:
        readings = CycleReadings(facts, self.today, self.now, self._spent_by_day)
        return [
            found for reading, rules in readings.of(self.rules) for rule in rules for found in found_in(rule, reading)
        ]

    def _spent_by_day(self) -> DailyUsage:
        assert self.daily is not None
        return self.daily


class WhatIf:
    """The query for what a what-if stands on, and the command that stores one."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def basis(self) -> Basis:
        """Return what a what-if stands on now."""
        context = self._context
        with context.reading() as session:
            organization = context.organization(session)
            today, now = context.clock.today(organization.time_zone), context.clock.now()
            facts = load_facts(session, organization, today, now)
            rules = tuple(
                rule
                for rule in session.alerts.rules(organization.org_key)
                if rule.kind in WATCHES_BUDGETS and rule.entity_id != ROOT_ID and not rule.is_muted(now)
            )
            rests_on_days = any(rule.kind in _RESTS_ON_DAYS for rule in rules)
            return Basis(facts, today, now, rules, _read_days(session, facts, today) if rests_on_days else None)

    def commit(self, fork: Fork) -> int:
        """Store the allocations of a what-if as one change; return the unallocated rest, in nanos.

        `Outdated` if its period has ended, or if the global budget or any allocation is no longer what was forked.
        """
        with self._context.work() as work:
            work.require_open_period()
            _require_same(work, fork)
            for project_id, amount in fork.changes.items():
                set_amount(work, project_budget(work, work.project(project_id)), "allocation.set", project_id, amount)
            rest = unallocated(work)
            work.commit()
        return rest


def _read_days(session: Session, facts: SnapshotFacts, today: date) -> DailyUsage:
    organization = facts.organization
    return read_money(session, organization, today, [facts.period], organization.currency, facts.data_through)


def _require_same(work: Work, fork: Fork) -> None:
    """Raise `Outdated` unless what was forked is still what is stored."""
    if fork.period.start != work.open.period.start:
        raise Outdated(f"{period_name(fork.period)} has ended", "look again, then save")
    projects = work.unit.fast.project_facts(work.organization.org_key, work.open.budget_id)
    moved = fork.moved(work.open.amount, {project.project_id: project.allocation for project in projects})
    if moved:
        names = {project.project_id: project.name for project in projects}
        raise Outdated(moved_meanwhile(moved, names, work.organization.currency), "look again, then save")
