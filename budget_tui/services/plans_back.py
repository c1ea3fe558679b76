"""How changes of the plan are taken back."""

from collections.abc import Mapping
from typing import Any

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.period import Period, PeriodKind, parse_day
from budget_tui.domain.plan import BudgetPlan, PlannedBudget
from budget_tui.formatting import plan_name
from budget_tui.services.context import Work
from budget_tui.services.plans import facts_of
from budget_tui.services.reversing import Lines, require_same, reverses


def _told(lines: Lines, now: str) -> str:
    names = ", ".join(dict.fromkeys(line.subject.split()[0] for line in lines))
    return f"{lines[0].action.removeprefix('plan.')} of what is planned for {names}"


@reverses("plan.create", "plan.update", "plan.delete", told=_told)
def _put_back(work: Work, lines: Lines) -> None:
    """Make each budget what it was before: a new one is deleted, a deleted one in the plan again."""
    for line in reversed(lines):
        [budget] = work.queries.planned_budget(work.organization.org_key, line.subject.split()[1])
        require_same(plan_name(budget), facts_of(budget) if budget.is_active else None, line.after)
        if line.before is None:
            work.unit.plans.delete(budget.budget_id, work.actor, work.now)
        else:
            if not budget.is_active:
                work.unit.plans.restore(budget.budget_id, work.actor, work.now)
            work.unit.plans.change(budget.budget_id, _plan(budget, line.before), work.actor, work.now)
        work.record(line.action, line.subject, line.after, line.before)


@reverses("plan.allocate", told=_told)
def _unallocate(work: Work, lines: Lines) -> None:
    """The record of an allocation stays; it counts as long as the child it made is in the plan."""
    for line in lines:
        work.record(line.action, line.subject, line.after, line.before)


def _plan(budget: PlannedBudget, facts: Mapping[str, Any]) -> BudgetPlan:
    is_money = budget.budget_type is BudgetType.MONETARY
    return BudgetPlan(
        budget.entity_id,
        budget.category,
        parse_amount(facts["amount"]) if is_money else int(facts["amount"]),
        PeriodKind(facts["period_type"]),
        Period(parse_day(facts["period_start"]), parse_day(facts["period_end"])),
        budget.budget_type,
        budget.currency,
        facts["provider"],
        facts["notes"],
    )
