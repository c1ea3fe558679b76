"""The global budget and its allocation to projects."""

from collections.abc import Mapping
from dataclasses import dataclass

from budget_tui.domain.amount import parse_amount, within_limit
from budget_tui.domain.audit import UNDO_DATA, AuditEntry, shown_facts, written
from budget_tui.domain.budget import AllocationChange, Budget, BudgetType, check_unchanged
from budget_tui.domain.carry import Carry, CarryPolicy, checked_cap
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Refused
from budget_tui.domain.hierarchy import Entity
from budget_tui.presentation.formatting import money
from budget_tui.services.context import Context
from budget_tui.services.currency import spent_by_path
from budget_tui.services.undo import Lines, require_same, reverses, undo_data
from budget_tui.services.work import Work

Facts = Mapping[str, object]

NO_FACTS: tuple[Facts, Facts] = ({}, {})


@dataclass(frozen=True, slots=True)
class AllocationOutcome:
    """The result of an allocation: the amount before and after, and the pool (negative: over-allocated), in nanos."""

    project_id: str
    before: int
    after: int
    unallocated: int


class Budgets:
    """Commands on budgets. Each is one transaction; amounts are nanos of the organization's currency."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def set_global(self, amount: int, seen: int | None = None) -> int:
        """Set the global budget per period from the current one on; return the amount before.

        ``seen`` is the value the user saw, in nanos; `Outdated` if it is no longer the stored one. `Refused` if the
        amount is negative or too large.
        """
        if amount < 0:
            raise Refused("a budget cannot be negative", "give an amount of 0 or more")
        with self._context.work() as work:
            work.require_open_period()
            before = work.open.amount
            check_unchanged(seen, before, money(before, work.organization.currency))
            set_amount(work, work.open, "budget.set", "global", within_limit(amount))
            work.commit()
        return before

    def allocate(self, project_id: str, change: AllocationChange, seen: int | None = None) -> AllocationOutcome:
        """Change a project's allocation. Over-allocation is allowed; the outcome reports it.

        ``seen`` is the value the user saw, in nanos; `Outdated` if it is no longer the stored one. `NotFound` if there
        is no such project; `Refused` if the new amount is negative or too large.
        """
        with self._context.work() as work:
            work.require_open_period()
            budget = project_budget(work, work.project(project_id))
            before = budget.amount
            check_unchanged(seen, before, money(before, work.organization.currency))
            pool = unallocated(work)
            after = change.applied_to(before, work.open.amount, pool, work.organization.currency)
            set_amount(work, budget, "allocation.set", project_id, after)
            work.commit()
        return AllocationOutcome(project_id, before, after, pool - (after - before))

    def set_carry(self, policy: CarryPolicy, cap: int | None = None, project_id: str = "") -> Carry:
        """Set the carry-over, limited to ``cap``, of a project or ('') the global budget; return the setting before.

        It applies from the current period on. `NotFound` if there is no such project; `Refused` if the cap is negative,
        or given although nothing carries over.
        """
        cap = checked_cap(policy, None if cap is None else within_limit(cap))
        with self._context.work() as work:
            work.require_open_period()
            budget = project_budget(work, work.project(project_id)) if project_id else work.open
            set_carry(work, budget, project_id or "global", policy, cap)
            work.commit()
        return budget.carry


@reverses("budget.set")
def _undo_budget(work: Work, lines: Lines) -> None:
    for line in lines:
        undo_amount(work, work.open, line)


@reverses("allocation.set")
def _undo_allocation(work: Work, lines: Lines) -> None:
    for line in lines:
        undo_amount(work, project_budget(work, work.project(line.subject)), line)


def undo_amount(work: Work, budget: Budget, line: AuditEntry) -> None:
    """Undo the change of ``line`` to a budget's amount; `Conflict` if the amount was changed since."""
    assert line.before is not None
    assert line.after is not None
    require_same(line.subject, written(budget.amount), line.after["amount"])
    amount = parse_amount(line.before["amount"])
    set_amount(work, budget, line.action, line.subject, amount, (line.after, line.before))


def unallocated(work: Work) -> int:
    """Return the pool of the current period, in nanos."""
    return work.open.amount - work.unit.fast.allocated(work.open.budget_id)


def project_budget(work: Work, project: Entity) -> Budget:
    """Return the project's budget in the current period: the planned one, or a new one with amount 0."""
    parent = work.open
    known = work.unit.budgets.child(parent.budget_id, project.entity_key)
    planned = (
        None
        if known
        else work.unit.budgets.same(
            work.organization.org_key, project.entity_key, Category.TOTAL, BudgetType.MONETARY, "", parent.period
        )
    )
    if planned is not None and planned.currency == parent.currency:
        work.unit.budgets.add_to_cycle(planned.budget_id, work.actor, work.now)
        work.unit.budgets.allocate(parent.budget_id, planned.budget_id, planned.amount, work.now)
        known = work.unit.budgets.child(parent.budget_id, project.entity_key)
    return known or work.unit.budgets.add_total(
        work.organization.org_key,
        project.entity_key,
        parent.currency,
        parent.period_kind,
        parent.period,
        0,
        parent,
        work.actor,
        work.now,
    )


def set_amount(
    work: Work, budget: Budget, action: str, subject: str, amount: int, facts: tuple[Facts, Facts] = NO_FACTS
) -> None:
    """Store an amount and record it in the audit log, unless it is unchanged.

    ``facts`` are further values for the entry, before and after. `Refused` if the children of one budget would add
    up to more than can be stored.
    """
    if amount == budget.amount:
        return
    if budget.parent_id is not None:
        within_limit(work.unit.fast.allocated(budget.parent_id) - budget.amount + amount)
    work.unit.budgets.set_amount(budget, amount, work.actor, work.now)
    before, after = facts
    work.record(action, subject, {"amount": written(budget.amount), **before}, {"amount": written(amount), **after})


def set_carry(work: Work, budget: Budget, subject: str, policy: CarryPolicy, cap: int | None) -> None:
    """Store a budget's carry-over policy and record it in the audit log, unless it is unchanged."""
    before = budget.carry
    if (before.policy, before.cap) == (policy, cap):
        return
    work.unit.budgets.set_carry(budget.budget_id, policy, cap, work.actor, work.now)
    states = (
        {**_written_carry(*state), UNDO_DATA: {"budget": budget.budget_id}} for state in (before[:2], (policy, cap))
    )
    work.record("carry.set", subject, *states)


def _written_carry(policy: CarryPolicy, cap: int | None) -> dict[str, object]:
    return {"carry": str(policy), **({} if cap is None else {"carry_cap": written(cap)})}


@reverses("carry.set")
def _undo_carry(work: Work, lines: Lines) -> None:
    for line in lines:
        assert line.before is not None
        is_global = undo_data(line.after)["budget"] == work.open.budget_id
        budget = work.open if is_global else project_budget(work, work.project(line.subject))
        stored = _written_carry(budget.carry.policy, budget.carry.cap)
        require_same(f"the carry-over of {line.subject}", stored, shown_facts(line.after))
        cap = line.before.get("carry_cap")
        policy = CarryPolicy(line.before["carry"])
        set_carry(work, budget, line.subject, policy, None if cap is None else parse_amount(cap))


def spent_by(work: Work, project: Entity) -> int:
    """Return the spending of a project and everything below it in the current period, in nanos."""
    spent, _ = spent_by_path(work.unit, work.organization, work.open.period.through(work.today))
    return sum(amount for path, amount in spent.items() if path.startswith(project.path))


def reserved_by(work: Work, project: Entity) -> int:
    """Return the money that is held for a project and everything below it in the current period, in nanos."""
    reserved = work.unit.fast.reserved_by_path(work.organization.org_key, work.open.period, work.now)
    return sum(amount for path, amount in reserved.items() if path.startswith(project.path))
