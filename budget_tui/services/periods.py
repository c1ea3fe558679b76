"""The cycle: whoever writes first after a period's end closes it and opens the next."""

from datetime import date

from budget_tui.domain.budget import Budget
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import build_snapshot
from budget_tui.formatting import period_name
from budget_tui.services.context import Context, Work, written
from budget_tui.services.snapshots import load_facts
from budget_tui.storage.repositories.journal import ClosedLine

CATCH_UP_YEARS = 10


class Periods:
    """Commands on the cycle of budget periods."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def catch_up(self) -> None:
        """Close every period that has ended. Done by any command anyway; here by the passing of time."""
        with self._context.work() as work:
            work.commit()


def open_period(work: Work) -> Budget:
    """The global budget of the period that today is in, after closing what has ended, month by month."""
    key = work.organization.org_key
    stored = work.queries.global_budget(key, work.today)
    if stored is None:
        return _first_period(work)
    _require_reachable(stored.period, work.today)
    while stored.period.end < work.today:
        _close(work, stored)
        following = work.organization.period_rule.after(stored.period)
        stored = work.unit.budgets.carry_over(key, stored, following, work.actor, work.now)
    return stored


def _require_reachable(stored: Period, today: date) -> None:
    """Refuse a day so far ahead that it is a mistake: each period between would be closed for good."""
    if (today - stored.end).days > CATCH_UP_YEARS * 366:
        raise Refused(
            f"{today} is more than {CATCH_UP_YEARS} years after {period_name(stored)}, the last period in use",
            "choose an earlier day",
        )


def _first_period(work: Work) -> Budget:
    first = work.queries.first_global_budget(work.organization.org_key)
    if first is not None:
        raise Refused(f"{work.today} is before the first period, {period_name(first.period)}", "choose a later day")
    rule = work.organization.period_rule
    root = work.entity(ROOT_ID)
    return work.unit.budgets.add_total(
        work.organization.org_key,
        root.entity_key,
        work.organization.currency,
        rule.kind,
        rule.containing(work.today),
        0,
        None,
        work.actor,
        work.now,
    )


def _close(work: Work, budget: Budget) -> None:
    """Archive the figures of ``budget``'s period as they stand on its last day."""
    period = budget.period
    snapshot = build_snapshot(load_facts(work.queries, work.organization, period.end), period.end, work.now)
    keys = {entity.entity_id: entity.entity_key for entity in work.queries.entities(work.organization.org_key)}
    work.unit.journal.close_period(
        work.organization.org_key,
        period,
        work.organization.currency,
        snapshot.total.allocation,
        snapshot.allocated,
        snapshot.total.spent,
        [
            ClosedLine(keys[line.project_id], line.pace.allocation, line.pace.spent, line.pace.status)
            for line in snapshot.projects
        ],
        work.actor,
        work.now,
    )
    work.record(
        "period.close",
        period_name(period),
        None,
        {
            "period_start": period.start.isoformat(),
            "period_end": period.end.isoformat(),
            "monthly_budget": written(snapshot.total.allocation),
            "allocated": written(snapshot.allocated),
            "spent": written(snapshot.total.spent),
        },
    )
