"""The cycle: whoever writes first after a period's end closes it and opens the next; a person may close it early."""

from collections.abc import Mapping, Sequence
from datetime import date

from budget_tui.domain import pacing
from budget_tui.domain.amount import within_limit
from budget_tui.domain.budget import AllocationChange, Budget, BudgetType
from budget_tui.domain.closing import ClosePreview, NextLine
from budget_tui.domain.errors import Conflict, Refused, unknown
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import Period
from budget_tui.domain.records import ClosedLine, Successor
from budget_tui.presentation.formatting import long_day, period_name
from budget_tui.services.agent_tokens import free_expired_holds
from budget_tui.services.closing import CATCH_UP_YEARS, Plan, Turn, beyond_reach, plan_close
from budget_tui.services.context import Context, Work, written

CloseOutcome = ClosePreview
"""What a close did has the shape of what it was going to do."""

Reallocations = Mapping[str, AllocationChange]


class Periods:
    """Commands on the cycle of budget periods."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def catch_up(self) -> None:
        """Close every period that has ended. Done by any command anyway; here by the passing of time."""
        with self._context.work() as work:
            work.commit()

    def preview_close(self, reallocations: Reallocations | None = None) -> ClosePreview:
        """What `close` would do today. Nothing is written."""
        with self._context.work() as work:
            plan = _manual_plan(work, None)
            return _outcome(work, plan, _reallocated(work, plan, reallocations or {}))

    def close(self, reallocations: Reallocations | None = None, seen: Period | None = None) -> CloseOutcome:
        """End the running period today and start the next one tomorrow, up to the next anchor.

        ``reallocations`` change what projects open the next period with: each is applied to its allocation there,
        in their order. ``seen`` is what was shown to end (`ClosePreview.ending`). `Conflict` when the period was
        closed already or another one is running by now, so that what two people confirm happens once.
        """
        with self._context.work() as work:
            plan = _manual_plan(work, seen)
            turns = _reallocated(work, plan, reallocations or {})
            if plan.ending != work.open.period:
                work.unit.budgets.end_early(
                    work.organization.org_key, work.open.period, work.today, work.actor, work.now
                )
            _archive(work, plan)
            _open_next(work, plan, turns)
            for before, after in zip(plan.below, turns, strict=True):
                if before.opening != after.opening:
                    _record_reallocation(work, before, after)
            work.commit()
        return _outcome(work, plan, turns)


def open_period(work: Work) -> Budget:
    """The global budget of the period that today is in, after closing what has ended, one by one."""
    key = work.organization.org_key
    stored = work.unit.fast.global_budget(key, work.today)
    if stored is None:
        return _first_period(work)
    _require_reachable(stored.period, work.today)
    if stored.period.end < work.today:
        free_expired_holds(work)
    while stored.period.end < work.today:
        plan = plan_close(work.unit, work.organization, stored, stored.period)
        _archive(work, plan)
        _open_next(work, plan, plan.below)
        following = work.unit.fast.global_budget(key, plan.following.start)
        assert following is not None
        stored = following
    return stored


def _require_reachable(stored: Period, today: date) -> None:
    """Refuse a day so far ahead that it is a mistake: each period between would be closed for good."""
    if beyond_reach(stored, today):
        raise Refused(
            f"{today} is more than {CATCH_UP_YEARS} years after {period_name(stored)}, the last period in use",
            "choose an earlier day",
        )


def _first_period(work: Work) -> Budget:
    first = work.unit.budgets.first_global(work.organization.org_key)
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


def _manual_plan(work: Work, seen: Period | None) -> Plan:
    """The close of the running period today; `Conflict` when that was done, or is not what was ``seen``."""
    closed = work.unit.fast.last_close(work.organization.org_key)
    if closed is not None and work.open.period.start <= closed.start:
        raise Conflict(
            f"{period_name(work.open.period)} is already closed",
            f"the next period starts on {long_day(work.open.period.half_open[1])}",
        )
    ending = Period(work.open.period.start, work.today)
    if seen is not None and seen != ending:
        raise Conflict(f"it is {period_name(ending)} that would be closed by now", "check again, then confirm it")
    free_expired_holds(work)
    return plan_close(work.unit, work.organization, work.open, ending)


def _reallocated(work: Work, plan: Plan, changes: Reallocations) -> Sequence[Turn]:
    """The turns below the global budget after ``changes`` to what projects open with."""
    if not changes:
        return plan.below
    turns = {turn.budget.entity_id: turn for turn in plan.projects}
    pool = plan.total.opening.amount - sum(turn.opening.amount for turn in turns.values())
    for project_id, change in changes.items():
        if project_id not in turns:
            raise unknown("project", project_id)
        before = turns[project_id].opening
        after = change.applied_to(before.amount, plan.total.opening.amount, pool, work.organization.currency)
        pool -= after - before.amount
        turns[project_id] = turns[project_id]._replace(opening=before.moved_to(after))
    within_limit(plan.total.opening.amount - pool)
    moved = {turn.budget.budget_id: turn for turn in turns.values()}
    return tuple(moved.get(turn.budget.budget_id, turn) for turn in plan.below)


def _archive(work: Work, plan: Plan) -> None:
    """Keep the figures of the period that ends as they stand, and say so."""
    session, key = work.unit, work.organization.org_key
    keys = {entity.entity_id: entity.entity_key for entity in session.fast.entities(key)}
    projects = [
        (keys[fact.project_id], fact.allocation, plan.spent.at(fact.path))
        for fact in session.fast.project_facts(key, plan.total.budget.budget_id)
    ]
    tokens = [turn for turn in plan.below if turn.budget.budget_type is BudgetType.TOKEN]
    work.unit.periods.close(
        key,
        plan.ending,
        work.organization.currency,
        plan.total.budget.amount,
        plan.allocated,
        plan.total.spent,
        plan.data_through,
        [
            *(_closed_line(entity, allocation, spent, BudgetType.MONETARY) for entity, allocation, spent in projects),
            *(
                _closed_line(turn.budget.entity_key, turn.budget.amount, turn.spent, BudgetType.TOKEN)
                for turn in tokens
            ),
        ],
        work.actor,
        work.now,
    )
    _summarize(work, plan)


def _closed_line(entity_key: int, allocation: int, spent: int, unit: BudgetType) -> ClosedLine:
    return ClosedLine(entity_key, allocation, spent, pacing.status(allocation - spent, allocation), unit)


def _summarize(work: Work, plan: Plan) -> None:
    total = plan.total
    summary = {
        "monthly_budget": total.budget.amount,
        "allocated": plan.allocated,
        "spent": total.spent,
        "remaining": total.budget.amount - total.spent,
        "carried": total.opening.carried,
    }
    work.record(
        "period.close",
        period_name(plan.ending),
        None,
        {
            "period_start": plan.ending.start.isoformat(),
            "period_end": plan.ending.end.isoformat(),
            **({"data_through": plan.data_through.isoformat()} if plan.data_through < plan.ending.end else {}),
            **{name: written(amount) for name, amount in summary.items()},
        },
    )


def _open_next(work: Work, plan: Plan, below: Sequence[Turn]) -> None:
    for turn in (plan.total, *below):
        if turn.planned is not None and turn.is_in_the_way:
            from budget_tui.services.plan_views import find_budget
            from budget_tui.services.plans import facts_of, subject_of

            budget = find_budget(work.unit, work.organization.org_key, turn.planned.budget_id)
            work.unit.budgets.deactivate(budget.budget_id, work.actor, work.now)
            work.record("plan.delete", subject_of(budget), facts_of(budget), None)
    work.unit.budgets.open_period(
        work.organization.org_key,
        plan.following,
        work.organization.period_rule.kind,
        [Successor(turn.budget, turn.opening) for turn in (plan.total, *below)],
        work.actor,
        work.now,
    )


def _record_reallocation(work: Work, before: Turn, after: Turn) -> None:
    work.record(
        "allocation.set",
        after.budget.entity_id,
        {"amount": written(before.opening.amount)},
        {"amount": written(after.opening.amount)},
    )


def _outcome(work: Work, plan: Plan, below: Sequence[Turn]) -> ClosePreview:
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
                turn.budget.entity_id,
                turn.budget.name,
                turn.budget.amount,
                turn.spent,
                turn.opening.carried,
                turn.opening.amount,
            )
            for turn in below
            if turn.budget.parent_id == total.budget.budget_id
        ),
        plan.data_through,
    )
