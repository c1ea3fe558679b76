"""Taking back what was done to the plan: budgets that came, went or changed, and their allocations."""

from collections.abc import Iterable, Mapping
from typing import Any

from budget_tui.domain.audit import AuditEntry
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.errors import Conflict
from budget_tui.domain.period import Period, PeriodKind, parse_day
from budget_tui.domain.plan import PlannedBudget, parse_planned
from budget_tui.presentation.audit import changes
from budget_tui.presentation.formatting import plan_name
from budget_tui.services.context import Work
from budget_tui.services.plan_views import find_budget
from budget_tui.services.plans import PlanChange, allocate_to, change_budget, changed, check_cycle, facts_of, taken
from budget_tui.services.undo import Lines, Told, require_same, reverses, undo_data


def _told(what: str) -> Told:
    """``planning of DEPT-ENG's cloud budget and 3 more``."""

    def told(lines: Lines, _: str) -> str:
        facts = lines[0].after or lines[0].before or {}
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        return f"{what} {_entity(lines[0])}'s {facts['category']} budget{more}"

    return told


def _told_change(lines: Lines, _: str) -> str:
    differing = []
    for line in lines:
        before, after = line.before or {}, line.after or {}
        names = [name for name in after if before.get(name) != after[name]]
        shown = line._replace(before=_part(before, names), after=_part(after, names))
        differing.append(f"{_entity(line)}'s {after['category']} budget {changes(shown)}")
    return ", ".join(differing)


def _told_allocation(lines: Lines, _: str) -> str:
    names = [str((line.after or line.before or {})["to"]) for line in lines]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"allocation of {_entity(lines[0])} to {names[0]}{more}"


def _entity(line: AuditEntry) -> str:
    return line.subject.rpartition(" ")[0]


def _budget(work: Work, line: AuditEntry) -> PlannedBudget:
    return find_budget(work.unit, work.organization.org_key, line.subject.rpartition(" ")[2])


@reverses("plan.create", told=_told("planning of"))
@reverses("plan.delete", told=_told("deletion of"))
def _take_away_or_bring_back(work: Work, lines: Lines) -> None:
    """A budget is there by a create, and is not by a delete: each takes back the other."""
    for line in reversed(lines):
        if line.after is not None:
            _take_away(work, line)
        else:
            _bring_back(work, line)


def _take_away(work: Work, line: AuditEntry) -> None:
    budget = _unchanged(work, line)
    children = work.unit.budgets.children_of(budget.budget_id) if line.action == "plan.create" else []
    if children:
        raise Conflict(
            f"{children[0].entity_id} was allocated its budget from {plan_name(budget)} since", "delete it instead"
        )
    work.unit.budgets.deactivate(budget.budget_id, work.actor, work.now)
    work.record(line.action, line.subject, line.after, None)


def _bring_back(work: Work, line: AuditEntry) -> None:
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


@reverses("plan.update", told=_told_change)
def _change_back(work: Work, lines: Lines) -> None:
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


@reverses("plan.allocate", told=_told_allocation)
def _allocate_back(work: Work, lines: Lines) -> None:
    """An allocation is there by its line, and is not by an undo of it: each takes back the other."""
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
    """The budget of ``line``, or `Conflict` when somebody changed it since."""
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
