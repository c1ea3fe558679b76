"""The cycle of periods inside a transaction: closing the ended, opening the next, settling carry-overs again.

The first write after a period's end closes it. Later changes to a closed period affect only the open one: closed
periods keep the amounts they carried over.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from budget_tui.domain import carry, pacing
from budget_tui.domain.amount import LIMIT_NANOS
from budget_tui.domain.audit import written
from budget_tui.domain.budget import Budget, BudgetType
from budget_tui.domain.carry import CarryPolicy, Opening, SettledCarry
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.plan import facts_of, subject_of
from budget_tui.domain.records import ClosedLine, CycleBudget, Successor
from budget_tui.presentation.formatting import period_name
from budget_tui.services.closing import (
    CATCH_UP_YEARS,
    CHOSEN_YEARS,
    ClosePlan,
    ClosingBudget,
    PathsAtClose,
    PeriodSpend,
    beyond_reach,
    plan_close,
)
from budget_tui.services.currency import spent_by_path
from budget_tui.services.estimates import settle_estimates
from budget_tui.services.fee_booking import settle_fees
from budget_tui.services.work import Work

SETTLED_BY = "budget-tui"
"""The actor of automatic changes: they follow from somebody else's change and are undone with it."""


def open_period(work: Work) -> Budget:
    """Return the global budget of today's period, after closing every ended period in turn."""
    key = work.organization.org_key
    stored = work.unit.fast.global_budget(key, work.today)
    if stored is None:
        return _first_period(work)
    _require_reachable(work, stored.period)
    if stored.period.end < work.today:
        work.release_expired_reservations()
    closed = []
    while stored.period.end < work.today:
        settle_fees(work, stored.period.end)
        plan = plan_close(work.unit, work.organization, stored, stored.period, work.now)
        archive_period(work, plan)
        open_next(work, plan, plan.below)
        closed.append(plan.ending)
        following = work.unit.fast.global_budget(key, plan.following.start)
        assert following is not None
        stored = following
    settle_fees(work, work.today)
    work.report_closed_early(closed)
    return stored


def _require_reachable(work: Work, stored: Period) -> None:
    """Refuse a day so far ahead that it must be a mistake: every period in between would be closed for good.

    A day that was chosen is sooner mistyped than an absence lasts long.
    """
    today, clock_day = work.today, work.clock_day
    if beyond_reach(stored, today):
        raise Refused(
            f"{today} is more than {CATCH_UP_YEARS} years after {period_name(stored)}, the last period in use",
            "choose an earlier day",
        )
    if today > clock_day and (today - max(stored.end, clock_day)).days > CHOSEN_YEARS * 366:
        raise Refused(
            f"{today} is more than {CHOSEN_YEARS} years ahead, and every period before it would be closed for good",
            "choose an earlier day, or go there year by year",
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


def archive_period(work: Work, plan: ClosePlan, allocations: str = "") -> None:
    """Archive the figures of the ending period, and record the close.

    ``allocations`` says what somebody who closes it by hand decided on the next ones; '' if it ends by itself.
    """
    session, key = work.unit, work.organization.org_key
    keys = {entity.entity_id: entity.entity_key for entity in session.fast.entities(key)}
    projects = [
        (keys[fact.project_id], fact.allocation, plan.spent.at(fact.path))
        for fact in session.fast.project_facts(key, plan.total.budget.budget_id)
    ]
    tokens = [closing for closing in plan.below if closing.budget.budget_type is BudgetType.TOKEN]
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
                _closed_line(closing.budget.entity_key, closing.budget.amount, closing.spent, BudgetType.TOKEN)
                for closing in tokens
            ),
        ],
        work.actor,
        work.now,
    )
    _summarize(work, plan, allocations)


def _closed_line(entity_key: int, allocation: int, spent: int, unit: BudgetType) -> ClosedLine:
    return ClosedLine(entity_key, allocation, spent, pacing.status(allocation - spent, allocation), unit)


def _summarize(work: Work, plan: ClosePlan, allocations: str) -> None:
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
            **({"allocations": allocations} if allocations else {}),
        },
    )


def open_next(work: Work, plan: ClosePlan, below: Sequence[ClosingBudget]) -> None:
    for closing in (plan.total, *below):
        if closing.planned is not None and closing.is_planned_in_other_currency:
            [budget] = work.unit.budgets.called(work.organization.org_key, closing.planned.budget_id)
            work.unit.budgets.deactivate(budget.budget_id, work.actor, work.now)
            work.record("plan.delete", subject_of(budget), facts_of(budget), None)
    work.unit.budgets.open_period(
        work.organization.org_key,
        plan.following,
        work.organization.period_rule.kind,
        [Successor(closing.budget, closing.opening) for closing in (plan.total, *below)],
        work.actor,
        work.now,
    )
    for closing in (plan.total, *plan.below):
        if closing.planned is not None and not closing.is_planned_in_other_currency:
            _record_planned(work, closing)


def _record_planned(work: Work, closing: ClosingBudget) -> None:
    """Record that a budget opened with what was planned for its period, which is what recurs from then on."""
    budget, planned = closing.budget, closing.opening.base
    if planned == budget.base:
        return
    if budget.budget_type is BudgetType.TOKEN:
        work.record("agent.allocate", budget.entity_id, {"tokens": budget.base}, {"tokens": planned})
        return
    is_global = budget.entity_id == ROOT_ID
    work.record(
        "budget.set" if is_global else "allocation.set",
        "global" if is_global else budget.entity_id,
        {"amount": written(budget.base)},
        {"amount": written(planned)},
    )


def settle(work: Work) -> None:
    """Settle what a command may have changed beside its own subject: recurring fees, estimates, and carried-over
    amounts."""
    settle_fees(work, work.today)
    settle_estimates(work)
    _settle_carry(work)


def _settle_carry(work: Work) -> None:
    """Settle the carry-over into the open period again, by what is known now of the previous one."""
    org = work.organization.org_key
    closed, latest = work.unit.fast.last_close(org), work.unit.fast.global_budget(org, date.max)
    if closed is None or latest is None or latest.period.start != closed.end + ONE_DAY:
        return
    if not work.unit.budgets.carries_over(org, closed.start):
        return
    work.release_expired_reservations()
    successors = {budget.cycle_key: budget for budget in work.unit.fast.successors(org, closed, latest.period.start)}
    allocated = work.unit.fast.allocated(latest.budget_id)
    for ended, spent, reserved in _ended(work, closed):
        successor = successors.get(ended.cycle_key)
        if successor is None:
            continue
        is_child = successor.parent_id == latest.budget_id  # their sum must be small enough to store
        room = LIMIT_NANOS - (allocated - successor.amount if is_child else 0)
        changed = _settle(work, successor, _carried_over(ended, spent, reserved), room)
        allocated += changed if is_child else 0


def _ended(work: Work, closed: Period) -> Iterator[tuple[CycleBudget, int, int]]:
    """Yield the budgets of the closed period that carry over, with what is now known to be spent and reserved in it."""
    org = work.organization.org_key
    by_path, unmapped = spent_by_path(work.unit, work.organization, closed)
    then = PathsAtClose(work.unit, org).of(closed)
    spent = PeriodSpend({then(path): amount for path, amount in by_path.items()}, unmapped)
    reserved = work.unit.fast.reserved_by_path(org, closed, work.now)
    held = PeriodSpend({then(path): amount for path, amount in reserved.items()}, 0)
    for budget in work.unit.fast.cycle_budgets(org, closed.start):
        if budget.carry.policy is CarryPolicy.NONE:
            continue
        if budget.budget_type is not BudgetType.MONETARY:
            yield budget, budget.used, budget.reserved
        elif budget.entity_id == ROOT_ID:
            yield budget, spent.total, held.total
        else:
            yield budget, spent.at(then(budget.path)), held.at(then(budget.path))


def _carried_over(ended: CycleBudget, spent: int, reserved: int) -> int:
    policy, cap, carried = ended.carry
    return carry.carried_over(carry.left(ended.base, carried, spent, reserved), policy, cap)


def _settle(work: Work, successor: CycleBudget, carried_over: int, room: int) -> int:
    """Settle a budget's carry-over again; return the change of its amount, at most ``room``."""
    carried = max(-LIMIT_NANOS, min(carried_over, room - successor.base))
    if carried == successor.carry.carried:
        return 0
    amount = max(successor.used + successor.reserved, successor.base + carried, 0)
    work.unit.budgets.settle(successor.budget_id, Opening(amount, successor.base, carried), SETTLED_BY, work.now)
    subject = "global" if successor.entity_id == ROOT_ID else successor.entity_id
    is_tokens = successor.budget_type is not BudgetType.MONETARY
    work.record_carry_settled(SettledCarry(subject, successor.carry.carried, carried, is_tokens), SETTLED_BY)
    return amount - successor.amount
