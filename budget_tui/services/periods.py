"""Closing periods: every command closes those that have ended, and a user may close the current one early."""

from collections.abc import Mapping, Sequence

from budget_tui.domain.amount import within_limit
from budget_tui.domain.audit import written
from budget_tui.domain.budget import AllocationChange
from budget_tui.domain.closing import ClosePreview, NextLine
from budget_tui.domain.errors import Conflict, unknown
from budget_tui.domain.period import Period
from budget_tui.presentation.formatting import long_day, period_name
from budget_tui.services.budgets import project_budget, set_amount, unallocated
from budget_tui.services.closing import ClosePlan, ClosingBudget, plan_close
from budget_tui.services.context import Context
from budget_tui.services.cycle import archive_period, open_next
from budget_tui.services.history import last_closed
from budget_tui.services.undo import Lines, reverses
from budget_tui.services.work import Work

CloseOutcome = ClosePreview
"""The result of a close has the same form as its preview."""

Reallocations = Mapping[str, AllocationChange]


class Periods:
    """Commands on the cycle of periods."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def catch_up(self) -> None:
        """Close every period that has ended, and book the fees that are due.

        Any command does so; this one is for when time passes without any.
        """
        with self._context.work() as work:
            work.commit()

    def preview_close(self, reallocations: Reallocations | None = None) -> ClosePreview:
        """Return the effect of `close` today. Nothing is written."""
        with self._context.work() as work:
            plan = _manual_plan(work, None)
            return _outcome(work, plan, _reallocated(work, plan, reallocations or {}))

    def close(self, reallocations: Reallocations | None = None, seen: Period | None = None) -> CloseOutcome:
        """End the current period today and start the next one tomorrow, up to the next anchor.

        ``reallocations`` change the projects' next allocations, one after the other. ``seen`` is the period that was
        shown to end (`ClosePreview.ending`). `Conflict` if the period was closed already or another one is current, so
        that a close confirmed by two people happens once.
        """
        with self._context.work() as work:
            plan = _manual_plan(work, seen)
            closings = _reallocated(work, plan, reallocations or {})
            if plan.ending != work.open.period:
                work.unit.budgets.end_early(
                    work.organization.org_key, work.open.period, work.today, work.actor, work.now
                )
            archive_period(work, plan, _decision(closings != plan.below))
            open_next(work, plan, closings)
            for before, after in zip(plan.below, closings, strict=True):
                if before.opening != after.opening:
                    _record_reallocation(work, before, after)
            work.commit()
        return _outcome(work, plan, closings)

    def last_turn(self) -> ClosePreview:
        """Return what became of the latest close: what was spent in the period, as it is known now, and what each
        project has in the next one.

        `Conflict` if no period was closed.
        """
        with self._context.work() as work:
            org, running = work.organization.org_key, work.open
            closed = last_closed(work.unit, work.organization)
            if closed is None:
                raise Conflict("no period was closed yet", "there is nothing to review")
            then = {line.entity_id: line for line in closed.projects}
            return ClosePreview(
                closed.period,
                running.period,
                closed.currency,
                closed.budget,
                closed.spent_now,
                running.carry.carried,
                running.amount,
                tuple(
                    NextLine(
                        budget.entity_id,
                        budget.name,
                        then[budget.entity_id].allocation if budget.entity_id in then else 0,
                        then[budget.entity_id].spent_now if budget.entity_id in then else 0,
                        budget.carry.carried,
                        budget.amount,
                    )
                    for budget in work.unit.fast.cycle_budgets(org, running.period.start)
                    if budget.parent_id == running.budget_id
                ),
                closed.data_through or closed.period.end,
                running.period.days,
            )

    def review(self, reallocations: Reallocations, seen: Period) -> int:
        """Confirm what was carried over into the current period, after ``reallocations``, one after the other.

        ``seen`` is the current period that was shown; `Conflict` if it is another one by now. Returns the number of
        allocations that changed.
        """
        with self._context.work() as work:
            if work.open.period != seen:
                raise Conflict(f"it is {period_name(work.open.period)} by now", "look again, then confirm it")
            changed = 0
            for project_id, change in reallocations.items():
                budget = project_budget(work, work.project(project_id))
                pool = unallocated(work)
                after = change.applied_to(budget.amount, work.open.amount, pool, work.organization.currency)
                set_amount(work, budget, "allocation.set", project_id, after)
                changed += after != budget.amount
            work.record("period.review", period_name(work.open.period), None, {"allocations": _decision(changed > 0)})
            work.commit()
        return changed


def _decision(is_changed: bool) -> str:
    return "changed" if is_changed else "kept"


@reverses("period.review")
def _undo_review(work: Work, lines: Lines) -> None:
    for line in lines:
        work.record(line.action, line.subject, line.after, line.before)


def _manual_plan(work: Work, seen: Period | None) -> ClosePlan:
    """Return the close of the current period today; `Conflict` if it is closed, or is not the one ``seen``."""
    closed = work.unit.fast.last_close(work.organization.org_key)
    if closed is not None and work.open.period.start <= closed.start:
        raise Conflict(
            f"{period_name(work.open.period)} is already closed",
            f"the next period starts on {long_day(work.open.period.half_open[1])}",
        )
    ending = Period(work.open.period.start, work.today)
    if seen is not None and seen != ending:
        raise Conflict(f"it is {period_name(ending)} that would be closed by now", "check again, then confirm it")
    work.release_expired_reservations()
    return plan_close(work.unit, work.organization, work.open, ending, work.now)


def _reallocated(work: Work, plan: ClosePlan, changes: Reallocations) -> Sequence[ClosingBudget]:
    """Return the closes of the budgets below the global one after ``changes`` to the projects' next allocations."""
    if not changes:
        return plan.below
    closings = {closing.budget.entity_id: closing for closing in plan.projects}
    pool = plan.total.opening.amount - sum(closing.opening.amount for closing in closings.values())
    for project_id, change in changes.items():
        if project_id not in closings:
            raise unknown("project", project_id)
        before = closings[project_id].opening
        after = change.applied_to(before.amount, plan.total.opening.amount, pool, work.organization.currency)
        pool -= after - before.amount
        closings[project_id] = closings[project_id]._replace(opening=before.moved_to(after))
    within_limit(plan.total.opening.amount - pool)
    moved = {closing.budget.budget_id: closing for closing in closings.values()}
    return tuple(moved.get(closing.budget.budget_id, closing) for closing in plan.below)


def _record_reallocation(work: Work, before: ClosingBudget, after: ClosingBudget) -> None:
    work.record(
        "allocation.set",
        after.budget.entity_id,
        {"amount": written(before.opening.amount)},
        {"amount": written(after.opening.amount)},
    )


def _outcome(work: Work, plan: ClosePlan, below: Sequence[ClosingBudget]) -> ClosePreview:
    total = plan.total
    return ClosePreview(
        plan.ending,
        plan.following,
        work.organization.currency,
        total.budget.amount,
        total.spent,
        total.opening.carried,
        total.opening.amount,
        tuple(
            NextLine(
                closing.budget.entity_id,
                closing.budget.name,
                closing.budget.amount,
                closing.spent,
                closing.opening.carried,
                closing.opening.amount,
            )
            for closing in below
            if closing.budget.parent_id == total.budget.budget_id
        ),
        plan.data_through,
        work.organization.period_rule.containing(plan.following.start).days,
    )
