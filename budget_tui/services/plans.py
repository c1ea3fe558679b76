"""The plan: budgets of any entity, category, type and period, and their allocation from the top down."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from budget_tui.domain.audit import UNDO_DATA, AuditEntry
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.currency import checked_currency
from budget_tui.domain.errors import Conflict, Outdated, Refused
from budget_tui.domain.hierarchy import ROOT_ID, Entity, checked_name
from budget_tui.domain.period import ONE_DAY, Period, PeriodKind, parse_day
from budget_tui.domain.plan import (
    Allocations,
    BudgetPlan,
    ChildShare,
    PlannedBudget,
    audited_amount,
    check_kind,
    check_period,
    checked_amount,
    checked_notes,
    facts_of,
    parse_period,
    parse_planned,
    rescaled,
    shares_of,
    subject_of,
    unit_of,
)
from budget_tui.domain.plan_results import AllocatedChild, PlanAllocation, PlanOutcome
from budget_tui.presentation.formatting import amount_of, count, dates, period_name, plan_name
from budget_tui.services.budgets import set_amount
from budget_tui.services.context import Context
from budget_tui.services.idempotency import run_once
from budget_tui.services.plan_views import find_budget, over_allocated_after
from budget_tui.services.undo import Lines, require_same, reverses, undo_data
from budget_tui.services.usage import provider_named
from budget_tui.services.work import Work
from budget_tui.storage.session import Session

ID_SHOWN_LENGTH = 8
"""Number of characters of an id shown where space is short; as many, or fewer, find the budget again."""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A change of a budget; None keeps the current value. The period's kind and days change together."""

    amount: int | None = None
    notes: str | None = None
    provider: str | None = None
    period_kind: PeriodKind | None = None
    period: Period | None = None


class Plans:
    """Commands on the plan, each one transaction; repeating one with the same ``key`` returns the same result."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def period_named(self, text: str) -> tuple[PeriodKind, Period]:
        """Parse a period by the organization's fiscal year; see `parse_period`."""
        with self._context.reading() as session:
            organization = self._context.organization(session)
        return parse_period(text, organization.period_rule, self._context.clock.today(organization.time_zone))

    def get(self, budget_id: str) -> PlannedBudget:
        """Return the budget with that id, or whose id alone begins with it; deleted ones, too."""
        with self._context.reading() as session:
            return find_budget(session, self._context.organization(session).org_key, budget_id)

    def create(self, plan: BudgetPlan, key: str | None = None) -> PlanOutcome:
        """Create a budget. `Conflict` if there is one of the same entity, category, type, provider and period."""
        with self._context.work() as work:
            result = run_once(
                work, "plan.create", key, _written(plan), lambda: {"budget_id": create_budget(work, plan).budget_id}
            )
            budget = find_budget(work.unit, work.organization.org_key, result["budget_id"])
            outcome = PlanOutcome(budget, _over_allocated(work, budget), (), _allocations(work))
            work.commit()
        return outcome

    def update(
        self, budget_id: str, change: PlanChange, seen: datetime | int | None = None, rescale: bool = False
    ) -> PlanOutcome:
        """Change a budget that is not deleted. With ``rescale``, its children keep their shares of it.

        ``seen`` is the amount that the user saw, or the time of the last change; `Conflict` if that is no longer the
        stored one.
        """
        with self._context.work() as work:
            before = _active(work, budget_id)
            _check_seen(before, seen)
            after = change_budget(work, before, change)
            scaled = _rescale_children(work, before, after) if rescale else ()
            outcome = PlanOutcome(after, _over_allocated(work, after), scaled, _allocations(work))
            work.commit()
        return outcome

    def delete(self, budget_id: str, seen: datetime | None = None) -> PlanOutcome:
        """Delete a budget from the plan. Budgets allocated from it stay, independent of it.

        ``seen`` is the time of the last change that the user saw; `Conflict` if there was another one since.
        """
        with self._context.work() as work:
            budget = _active(work, budget_id)
            _check_seen(budget, seen)
            children = work.unit.budgets.children_of(budget.budget_id)
            if budget.in_cycle:
                change_budget(work, budget, PlanChange(amount=0))
            else:
                delete_budget(work, budget)
            stay = "stays" if len(children) == 1 else "stay"
            warnings = (f"{count(len(children), 'budget')} allocated from it {stay}",) if children else ()
            outcome = PlanOutcome(budget, warnings, (), _allocations(work))
            work.commit()
        return outcome

    def allocate(self, plan: BudgetPlan, children: Sequence[ChildShare], key: str | None = None) -> PlanAllocation:
        """Create a budget and its children, by percentage or amount; the rest stays unallocated.

        The children's entities are below the parent's, and none below another; they have its category, type, provider,
        currency and period.
        """
        request = {**_written(plan), "children": [_share(child) for child in children]}
        with self._context.work() as work:
            result = run_once(work, "plan.allocate", key, request, lambda: _allocate(work, plan, children))
            outcome = _allocation(work, result)
            work.commit()
        return outcome

    def preview(self, plan: BudgetPlan, children: Sequence[ChildShare] = ()) -> PlanAllocation:
        """Return the result of `allocate`; without ``children``, of its parent alone. Nothing is written."""
        with self._context.work() as work:
            if children:
                return _allocation(work, _allocate(work, plan, children))
            parent = _parent(work, plan, work.active(plan.entity_id.strip()))
            return PlanAllocation(parent, (), _over_allocated(work, parent))


def _allocations(work: Work) -> Allocations:
    return Allocations(tuple(work.unit.budgets.allocations(work.organization.org_key)))


def _allocation(work: Work, made: Mapping[str, Any]) -> PlanAllocation:
    """Return the budgets that `_allocate` created."""
    org = work.organization.org_key
    parent = find_budget(work.unit, org, made["parent"])
    children = tuple(
        AllocatedChild(find_budget(work.unit, org, child), allocation) for child, allocation in made["children"]
    )
    return PlanAllocation(parent, children, _over_allocated(work, parent), _allocations(work))


def _checked_provider(session: Session, org: int, name: str) -> str:
    """Return the short name of a provider as typed, '' for any; `Refused` if it is not a valid name."""
    return provider_named(session, org, checked_name(name)) if name.strip() else ""


def _active(work: Work, budget_id: str) -> PlannedBudget:
    budget = find_budget(work.unit, work.organization.org_key, budget_id)
    if not budget.is_active:
        raise Refused(
            f"{plan_name(budget)} was deleted", "make a new one", command="make a new one with: budget-tui plan create"
        )
    return budget


def _checked(work: Work, plan: BudgetPlan) -> BudgetPlan:
    """Return ``plan`` with its defaults filled in; raises `Refused` if it breaks a rule."""
    check_kind(plan.category, plan.budget_type)
    return replace(
        plan,
        amount=checked_amount(plan.amount, plan.budget_type),
        currency=checked_currency(plan.currency or work.organization.currency),
        provider=_checked_provider(work.unit, work.organization.org_key, plan.provider),
        notes=checked_notes(plan.notes),
    )


def create_budget(work: Work, plan: BudgetPlan) -> PlannedBudget:
    """Create a budget in an open transaction; see `Plans.create`."""
    check_period(plan.period_kind, plan.period)
    plan, entity, org = _checked(work, plan), work.active(plan.entity_id.strip()), work.organization.org_key
    same = _same(work, entity.entity_key, plan)
    check_cycle(work, entity, plan)
    if same is not None and _is_open(same, plan):
        return change_budget(work, same, PlanChange(amount=plan.amount, notes=plan.notes))
    if same is not None:
        raise taken(same)
    budget_id = work.unit.budgets.add(org, entity.entity_key, plan, work.actor, work.now)
    budget = find_budget(work.unit, org, budget_id)
    work.record("plan.create", subject_of(budget), None, facts_of(budget))
    return budget


def _same(work: Work, entity_key: int, plan: BudgetPlan) -> PlannedBudget | None:
    """Return the active budget of exactly this scope and period, in the cycle or not."""
    return work.unit.budgets.same(
        work.organization.org_key, entity_key, plan.category, plan.budget_type, plan.provider, plan.period
    )


def _is_open(budget: PlannedBudget, plan: BudgetPlan) -> bool:
    """Return whether the budget is one that the cycle opened and that has no amount yet."""
    return budget.in_cycle and not budget.amount and budget.currency == plan.currency


def taken(same: PlannedBudget) -> Conflict:
    """Return the error for a second budget of the same scope and period."""
    return Conflict(
        f"there is {plan_name(same)} already, of {amount_of(same.amount, same.budget_type, same.currency)}",
        "change that one",
        command=f"change it with: budget-tui plan update {same.budget_id[:ID_SHOWN_LENGTH]}",
    )


def _check_seen(budget: PlannedBudget, seen: datetime | int | None) -> None:
    current = budget.amount if isinstance(seen, int) else budget.updated_at or budget.created_at
    if seen is not None and seen != current:
        shown = amount_of(budget.amount, budget.budget_type, budget.currency)
        raise Outdated(
            f"{plan_name(budget)} is {shown} by now", "someone else changed it; enter it again to overwrite that"
        )


def change_budget(work: Work, before: PlannedBudget, change: PlanChange) -> PlannedBudget:
    """Apply ``change`` to a budget and record it in the audit log, unless nothing changes."""
    plan = _checked(work, changed(before, change))
    if plan == changed(before, PlanChange()):
        return before
    moved = (plan.provider, plan.period_kind, plan.period) != (before.provider, before.period_kind, before.period)
    if before.in_cycle:
        _change_in_cycle(work, before, plan, moved)
    else:
        if moved:
            _check_movable(work, before, plan)
        work.unit.budgets.change(before.budget_id, plan, work.actor, work.now)
    after = find_budget(work.unit, work.organization.org_key, before.budget_id)
    if not before.in_cycle:
        work.record("plan.update", subject_of(before), facts_of(before), facts_of(after))
    return after


def delete_budget(work: Work, budget: PlannedBudget) -> None:
    """Delete a budget outside the cycle from the plan."""
    work.unit.budgets.deactivate(budget.budget_id, work.actor, work.now)
    work.record("plan.delete", subject_of(budget), facts_of(budget), None)


def check_cycle(work: Work, entity: Entity, plan: BudgetPlan) -> None:
    """Refuse a total of a closed period, whose figures are archived, or in a currency its period cannot open with.

    The cycle opens future periods in the organization's currency.
    """
    if plan.provider or not _turns_with_the_period(entity, plan):
        return
    closes = work.unit.periods.closes(work.organization.org_key, 1, plan.period.start + ONE_DAY)
    if closes and closes[0].period == plan.period:
        if entity.entity_id == ROOT_ID or _was_archived(work, entity, plan):
            raise Conflict(
                f"{period_name(plan.period)} is closed, and what {entity.entity_id} had in it is archived",
                "plan a period that is running or to come",
            )
        return
    currency = work.organization.currency
    is_in_other_currency = plan.budget_type is BudgetType.MONETARY and plan.currency != currency
    if is_in_other_currency and _is_of_the_cycle(work, plan.period):
        raise Refused(
            f"{entity.entity_id} opens {period_name(plan.period)} in {currency}, not in {plan.currency}",
            f"plan its total in {currency}",
        )


def _turns_with_the_period(entity: Entity, plan: BudgetPlan) -> bool:
    """Return whether the cycle opens such a budget: totals of the organization and projects, tokens of agents."""
    if plan.budget_type is BudgetType.MONETARY:
        return plan.category is Category.TOTAL and entity.level_code in ("organization", "project")
    return plan.budget_type is BudgetType.TOKEN and plan.category is Category.GENAI and entity.level_code == "agent"


def _was_archived(work: Work, entity: Entity, plan: BudgetPlan) -> bool:
    start = plan.period.start
    return any(
        (line.entity_id, line.unit) == (entity.entity_id, plan.budget_type)
        for line in work.unit.periods.lines(work.organization.org_key, start, start)
    )


def _is_of_the_cycle(work: Work, period: Period) -> bool:
    """Return whether ``period`` is the current one or one that the cycle opens after it."""
    latest = work.unit.fast.global_budget(work.organization.org_key, date.max)
    assert latest is not None  # the current period at least
    rule, following = work.organization.period_rule, work.organization.period_rule.after(latest.period)
    return period in (work.open.period, latest.period, following) or (
        period.start > following.end and period == rule.containing(period.start)
    )


def changed(before: PlannedBudget, change: PlanChange) -> BudgetPlan:
    """Return the budget after ``change``."""
    if (change.period is None) != (change.period_kind is None):
        raise Refused("a period has a kind and days", "give both")
    return BudgetPlan(
        before.entity_id,
        before.category,
        before.amount if change.amount is None else change.amount,
        change.period_kind or before.period_kind,
        change.period or before.period,
        before.budget_type,
        before.currency,
        before.provider if change.provider is None else change.provider,
        before.notes if change.notes is None else change.notes,
    )


def _check_movable(work: Work, before: PlannedBudget, plan: BudgetPlan) -> None:
    check_period(plan.period_kind, plan.period)
    if work.unit.budgets.allocated_from(before.budget_id) is not None or work.unit.budgets.children_of(
        before.budget_id
    ):
        raise Refused(
            f"{plan_name(before)} is part of an allocation, in which all have one provider and period",
            "delete it and make a new one",
        )
    same = _same(work, before.entity_key, plan)
    if same is not None and same.budget_id != before.budget_id:
        raise taken(same)
    check_cycle(work, work.entity(before.entity_id), plan)


def _change_in_cycle(work: Work, before: PlannedBudget, plan: BudgetPlan, moved: bool) -> None:
    """Change the amount of a budget of the cycle, exactly as the screens of the current period do."""
    if moved:
        raise Refused(f"{plan_name(before)} recurs with the organization's periods", "its period and provider stay")
    if before.budget_type is not BudgetType.MONETARY:
        raise Refused(
            f"{before.entity_id} counts its tokens itself",
            "allocate the agent's tokens",
            command=f"use: budget-tui agent allocate {before.entity_id} TOKENS",
        )
    if before.period != work.open.period:
        raise Refused(f"{dates(before.period)} is closed", "its budgets stay as they were; change the running period")
    work.require_open_period()
    is_global = before.budget_id == work.open.budget_id
    budget = work.open if is_global else work.unit.budgets.child(work.open.budget_id, before.entity_key)
    if budget is None:
        raise Refused(f"{before.entity_id} has no budget in the running period", "check again, then repeat it")
    subject = "global" if is_global else before.entity_id
    set_amount(work, budget, "budget.set" if is_global else "allocation.set", subject, plan.amount)


def _rescale_children(work: Work, before: PlannedBudget, after: PlannedBudget) -> tuple[PlannedBudget, ...]:
    """Give the children their previous shares of the new amount, and likewise their own children."""
    children = work.unit.budgets.children_of(before.budget_id)
    if not children or before.amount == after.amount:
        return ()
    unit = unit_of(before.budget_type, before.currency)
    amounts = rescaled(before.amount, after.amount, [child.amount for child in children], unit)
    found: list[PlannedBudget] = []
    for child, amount in zip(children, amounts, strict=True):
        changed = change_budget(work, child, PlanChange(amount=amount))
        found += [changed, *_rescale_children(work, child, changed)]
    return tuple(found)


def _allocate(work: Work, plan: BudgetPlan, children: Sequence[ChildShare]) -> dict[str, object]:
    parent_entity = work.active(plan.entity_id.strip())
    _check_children(parent_entity, [work.active(child.entity_id.strip()) for child in children])
    unit = unit_of(plan.budget_type, checked_currency(plan.currency or work.organization.currency))
    amounts, _ = shares_of(checked_amount(plan.amount, plan.budget_type), children, unit)
    parent = _parent(work, plan, parent_entity)
    budgets = [
        create_budget(work, replace(plan, entity_id=child.entity_id, amount=amount, notes=""))
        for child, amount in zip(children, amounts, strict=True)
    ]
    made = [(budget.budget_id, allocate_to(work, parent, budget)) for budget in budgets]
    return {"parent": parent.budget_id, "children": made}


def allocate_to(work: Work, parent: PlannedBudget, child: PlannedBudget) -> str:
    """Record that ``child`` was allocated from ``parent``; return the id of the allocation."""
    former_id = work.unit.budgets.allocated_from(child.budget_id)
    allocation_id = work.unit.budgets.allocate(parent.budget_id, child.budget_id, child.amount, work.now)
    shown = {"amount": audited_amount(child), "allocation_id": allocation_id, "child": child.budget_id}
    former = {"parent": parent.budget_id, "former": former_id}
    work.record("plan.allocate", subject_of(parent), None, {"to": child.entity_id, **shown, UNDO_DATA: former})
    return allocation_id


def _parent(work: Work, plan: BudgetPlan, entity: Entity) -> PlannedBudget:
    """Return the budget to allocate: a new one, or an existing one of that amount, to be allocated further."""
    checked = _checked(work, plan)
    same = _same(work, entity.entity_key, checked)
    if same is not None and (same.amount, same.currency) == (checked.amount, checked.currency):
        return same
    return create_budget(work, plan)


def _check_children(parent: Entity, children: Sequence[Entity]) -> None:
    """Refuse children that are not below the parent, or that would count the same money twice."""
    seen: set[str] = set()
    for child in children:
        if child.entity_id in seen:
            raise Refused(f"{child.entity_id} is among the children twice", "name each once")
        seen.add(child.entity_id)
        if child.entity_id == parent.entity_id or not child.path.startswith(parent.path):
            raise Refused(f"{child.entity_id} is not below {parent.entity_id}", "allocate to what lies below it")
    for child in children:
        above = next((other for other in children if other != child and child.path.startswith(other.path)), None)
        if above is not None:
            raise Refused(
                f"{child.entity_id} is below {above.entity_id}, which is a child, too",
                f"allocate to one of them; {above.entity_id}'s own budget can be allocated further",
            )


def _over_allocated(work: Work, budget: PlannedBudget) -> tuple[str, ...]:
    return over_allocated_after(work.unit, work.organization.org_key, budget)


def _written(plan: BudgetPlan) -> dict[str, object]:
    """Serialize a request for comparison with an earlier one."""
    return {
        **asdict(plan),
        "period": [plan.period.start.isoformat(), plan.period.end.isoformat()],
    }


def _share(child: ChildShare) -> list[object]:
    return [child.entity_id, None if child.percent is None else str(child.percent), child.amount]


# Undo and redo


def _entity(line: AuditEntry) -> str:
    return line.subject.rpartition(" ")[0]


def _budget(work: Work, line: AuditEntry) -> PlannedBudget:
    return find_budget(work.unit, work.organization.org_key, line.subject.rpartition(" ")[2])


@reverses("plan.create")
@reverses("plan.delete")
def _undo_create_or_delete(work: Work, lines: Lines) -> None:
    """Undo a creation by deactivating the budget, a deletion by activating it."""
    for line in reversed(lines):
        if line.after is not None:
            _deactivate(work, line)
        else:
            _activate(work, line)


def _deactivate(work: Work, line: AuditEntry) -> None:
    budget = _unchanged(work, line)
    children = work.unit.budgets.children_of(budget.budget_id) if line.action == "plan.create" else []
    if children:
        raise Conflict(
            f"{children[0].entity_id} was allocated its budget from {plan_name(budget)} since", "delete it instead"
        )
    work.unit.budgets.deactivate(budget.budget_id, work.actor, work.now)
    work.record(line.action, line.subject, line.after, None)


def _activate(work: Work, line: AuditEntry) -> None:
    budget = _budget(work, line)
    if budget.is_active:
        raise Conflict(f"{plan_name(budget)} has been restored since", "there is nothing left to undo")
    entity = work.active(budget.entity_id)
    same = work.unit.budgets.same(
        work.organization.org_key,
        entity.entity_key,
        budget.category,
        budget.budget_type,
        budget.provider,
        budget.period,
    )
    if same is not None:
        raise taken(same)
    check_cycle(work, entity, changed(budget, PlanChange()))
    work.unit.budgets.activate(budget.budget_id, work.actor, work.now)
    work.record(line.action, line.subject, None, line.before)


@reverses("plan.update")
def _undo_update(work: Work, lines: Lines) -> None:
    for line in reversed(lines):
        assert line.before is not None
        change_budget(work, _unchanged(work, line), _change_to(line.before))


def _change_to(facts: dict[str, str]) -> PlanChange:
    return PlanChange(
        parse_planned(facts["amount"], BudgetType(facts["budget_type"])),
        facts["notes"],
        facts["provider"],
        PeriodKind(facts["period_type"]),
        Period(parse_day(facts["period_start"]), parse_day(facts["period_end"])),
    )


@reverses("plan.allocate")
def _undo_allocate(work: Work, lines: Lines) -> None:
    """Undo an allocation by withdrawing it, and the withdrawal by allocating."""
    for line in reversed(lines):
        facts = line.after or line.before or {}
        child = find_budget(work.unit, work.organization.org_key, facts["child"])
        parent_id, former = undo_data(facts)["parent"], undo_data(facts)["former"]
        is_there = line.after is not None
        name = f"what {child.entity_id}'s budget was allocated from"
        require_same(name, work.unit.budgets.allocated_from(child.budget_id), parent_id if is_there else former)
        if not is_there:
            allocate_to(work, _budget(work, line), child)
            continue
        if former is None:
            work.unit.budgets.withdraw(child.budget_id)
        else:
            work.unit.budgets.allocate(former, child.budget_id, child.amount, work.now)
        work.record(line.action, line.subject, line.after, None)


def _unchanged(work: Work, line: AuditEntry) -> PlannedBudget:
    """Return the budget of ``line``; `Conflict` if it was changed since."""
    budget = _budget(work, line)
    if not budget.is_active:
        raise Conflict(f"{plan_name(budget)} was deleted since", "there is nothing left to undo")
    stored, left_behind = facts_of(budget), line.after or {}
    names = [name for name in stored if stored[name] != left_behind.get(name)]
    require_same(plan_name(budget), _listed(stored, names), _listed(left_behind, names))
    return budget


def _part(facts: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: facts.get(name) for name in names}


def _listed(facts: Mapping[str, Any], names: Iterable[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value or 'none'}" for name, value in _part(facts, names).items())
