"""The plan as it is once the next command has opened the period of today: what only reads foresees that."""

from datetime import UTC, date, datetime, time
from uuid import NAMESPACE_OID, uuid5

from budget_tui.domain.budget import Organization
from budget_tui.domain.cost import Category
from budget_tui.domain.plan import PlannedBudget
from budget_tui.services.closing import beyond_reach, looked_ahead
from budget_tui.storage.plan_queries import PlanConditions
from budget_tui.storage.queries import Queries


def planned_ahead(
    queries: Queries, organization: Organization, today: date, conditions: PlanConditions | None = None
) -> list[PlannedBudget]:
    """The planned budgets that fit ``conditions``; those of a period that has yet to be opened as it will open."""
    conditions = conditions or PlanConditions()
    found = queries.planned_budgets(organization.org_key, conditions)
    ahead = _foreseen(queries, organization, today)
    if not ahead:
        return found
    ids = {budget.budget_id for budget in ahead}
    found = [budget for budget in found if budget.budget_id not in ids]
    # As in storage, what the cycle opens by itself with nothing is no budget yet.
    return sorted([*found, *(each for each in ahead if each.amount and _fits(each, conditions))], key=_place)


def _foreseen(queries: Queries, organization: Organization, today: date) -> list[PlannedBudget]:
    """What opens with the period of ``today``, which nobody has opened yet; else nothing."""
    if not queries.is_to_open(organization.org_key, today):
        return []
    ended = queries.global_budget(organization.org_key, today)
    if ended is None or beyond_reach(ended.period, today):
        return []
    period = organization.period_rule.after(ended.period)
    if not period.contains(today):
        period = organization.period_rule.containing(today)
    opened = looked_ahead(queries, organization, ended, today)
    planned = queries.planned_for(organization.org_key, period)
    ids = {
        each.budget_id: planned[each.turn_key].budget_id
        if each.turn_key in planned
        else str(uuid5(NAMESPACE_OID, f"{each.budget_id} {period.start}"))
        for each in opened
    }
    begins = datetime.combine(period.start, time(), UTC)
    return [
        PlannedBudget(
            ids[each.budget_id],
            each.entity_key,
            each.entity_id,
            each.name,
            each.path,
            each.level_code,
            Category(each.category),
            each.budget_type,
            each.amount,
            each.currency,
            organization.period_rule.kind,
            period,
            each.provider,
            each.notes,
            True,
            True,
            ids.get(each.parent_id) if each.parent_id else None,
            "",
            begins,
            None,
            None,
        )
        for each in opened
    ]


def _fits(budget: PlannedBudget, wanted: PlanConditions) -> bool:
    pairs = (
        (wanted.category, budget.category),
        (wanted.budget_type, budget.budget_type),
        (wanted.period_kind, budget.period_kind),
        (wanted.period_start, budget.period.start),
        (wanted.period_end, budget.period.end),
        (wanted.entity_id, budget.entity_id),
        (wanted.provider, budget.provider),
        (wanted.currency, budget.currency),
        (wanted.is_active, True),
    )
    return all(asked is None or asked == is_so for asked, is_so in pairs)


def _place(budget: PlannedBudget) -> tuple[object, ...]:
    """Where storage would list it."""
    start, end = budget.period.start.toordinal(), budget.period.end.toordinal()
    return budget.path, start, -end, budget.category, budget.budget_type, budget.provider, budget.budget_id
