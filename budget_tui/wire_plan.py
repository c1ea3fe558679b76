"""The JSON shapes of the plan, the same on the command line, over HTTP and for chat agents.

Money is a number of units with at most 9 decimals, tokens and seats are whole numbers; null is where there is no data.
"""

from decimal import Decimal
from typing import Any

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.currency import LeftOut
from budget_tui.domain.period import Period, around
from budget_tui.domain.plan import Allocation, Allocations, PlannedBudget
from budget_tui.domain.plan_answers import (
    Breakdown,
    BudgetPage,
    Part,
    PlanAllocation,
    PlanOutcome,
    PlanSummary,
    PlanTree,
    TreeNode,
)
from budget_tui.domain.variance import Totals, Variance, percent_of


def amount(value: int | None, budget_type: BudgetType) -> Decimal | int | None:
    """An amount of a budget of that type as a JSON number."""
    return to_decimal(value) if value is not None and budget_type is BudgetType.MONETARY else value


def budget(planned: PlannedBudget, org_slug: str, allocations: Allocations) -> dict[str, Any]:
    """A budget with the record of its own allocation and those of its children's."""
    own = allocations.to(planned.budget_id)
    return {
        "budget_id": planned.budget_id,
        "org_slug": org_slug,
        "hierarchy_entity_id": planned.entity_id,
        "hierarchy_entity_name": planned.entity_name,
        "hierarchy_path": planned.path,
        "hierarchy_level_code": planned.level_code,
        "category": str(planned.category),
        "budget_type": str(planned.budget_type),
        "budget_amount": amount(planned.amount, planned.budget_type),
        "currency": planned.currency,
        "period_type": str(planned.period_kind),
        "period_start": planned.period.start.isoformat(),
        "period_end": planned.period.end.isoformat(),
        "provider": planned.provider or None,
        "notes": planned.notes or None,
        "is_active": planned.is_active,
        "parent_budget_id": planned.parent_id,
        "allocation": None if own is None else _record(own, planned.budget_type),
        "allocations": [_record(child, planned.budget_type) for child in allocations.of(planned.budget_id)],
        "created_by": planned.created_by,
        "updated_by": planned.updated_by,
        "created_at": planned.created_at.isoformat(),
        "updated_at": planned.updated_at.isoformat() if planned.updated_at else None,
    }


def _record(allocation: Allocation, budget_type: BudgetType) -> dict[str, Any]:
    return {
        "allocation_id": allocation.allocation_id,
        "parent_budget_id": allocation.parent_id,
        "child_budget_id": allocation.child_id,
        "allocated_amount": amount(allocation.amount, budget_type),
        "allocation_percentage": share_of(allocation.amount, allocation.whole),
    }


def figures(found: Variance, budget_type: BudgetType) -> dict[str, Any]:
    return {
        "actual_amount": amount(found.actual, budget_type),
        "variance": amount(found.variance, budget_type),
        "variance_percent": plain(found.variance_percent),
        "pct_used": plain(found.percent_used),
        "is_over_budget": found.is_over_budget,
        "status": str(found.status) if found.status else None,
    }


def totals(found: Totals) -> dict[str, Any]:
    return {
        "budget_type": str(found.budget_type),
        "currency": found.currency or None,
        "budget_total": amount(found.total.amount, found.budget_type),
        "actual_total": amount(found.total.actual, found.budget_type),
        "variance": amount(found.total.variance, found.budget_type),
        "variance_percent": plain(found.total.variance_percent),
        "pct_used": plain(found.total.percent_used),
        "budgets": found.budgets,
        "budgets_over": found.over,
        "budgets_approaching": found.approaching,
        "budgets_under": found.under,
        "budgets_without_data": found.no_data,
    }


def share_of(part: int, whole: int) -> Decimal | None:
    """``part`` in percent of ``whole``."""
    return plain(percent_of(part, whole))


def plain(value: Decimal | None) -> Decimal | None:
    """``value`` without trailing zeros and without an exponent."""
    return None if value is None else Decimal(f"{value.normalize():f}")


def one_answer(found: PlanOutcome, org_slug: str) -> dict[str, Any]:
    """A budget as it is looked at."""
    return {**budget(found.budget, org_slug, found.allocations), "warnings": list(found.warnings)}


def outcome_answer(outcome: PlanOutcome, org_slug: str) -> dict[str, Any]:
    """A budget after a change."""
    return {
        **budget(outcome.budget, org_slug, outcome.allocations),
        "rescaled_children": [budget(child, org_slug, outcome.allocations) for child in outcome.rescaled],
        "warnings": list(outcome.warnings),
    }


def allocation_answer(allocation: PlanAllocation, org_slug: str) -> dict[str, Any]:
    """A budget that was allocated from the top down, with its children."""
    parent = allocation.parent
    return {
        "parent_budget": budget(parent, org_slug, allocation.allocations),
        "children": [
            {
                "budget": budget(child.budget, org_slug, allocation.allocations),
                "allocation_id": child.allocation_id,
                "allocated_amount": amount(child.budget.amount, parent.budget_type),
                "allocation_percentage": share_of(child.budget.amount, parent.amount),
            }
            for child in allocation.children
        ],
        "unallocated_amount": amount(allocation.unallocated, parent.budget_type),
        "unallocated_percentage": share_of(allocation.unallocated, parent.amount),
        "warnings": list(allocation.warnings),
    }


def list_answer(page: BudgetPage, org_slug: str) -> dict[str, Any]:
    """``total`` counts what fits, on this page or not."""
    return {
        "budgets": [budget(found, org_slug, page.allocations) for found in page.budgets],
        "total": page.total,
        **days_of(page.period),
        "data_through": page.data_through.isoformat(),
        "warnings": list(page.warnings),
    }


def summary_answer(summary: PlanSummary) -> dict[str, Any]:
    slug = summary.organization.slug
    headline = totals(summary.headline)
    return {
        "budgets": [
            {
                "entity": _entity(line.budget),
                **budget(line.budget, slug, summary.allocations),
                **figures(line.figures, line.budget.budget_type),
            }
            for line in summary.lines
        ],
        "totals": headline,
        "totals_by_type": [totals(found) for found in summary.totals],
        "total_budget": headline["budget_total"],
        "total_actual": headline["actual_total"],
        "total_variance": headline["variance"],
        "budgets_over": sum(found.over for found in summary.totals),
        "budgets_approaching": sum(found.approaching for found in summary.totals),
        "budgets_under": sum(found.under for found in summary.totals),
        "budgets_without_data": sum(found.no_data for found in summary.totals),
        "currency": summary.organization.currency,
        "as_of": summary.as_of.isoformat(),
        "data_through": summary.data_through.isoformat(),
        **days_of(summary.period),
        "left_out": [_left_out(left) for left in summary.left_out],
        "warnings": list(summary.warnings),
    }


def tree_answer(tree: PlanTree) -> dict[str, Any]:
    return {
        "roots": [_node(root, tree) for root in tree.roots],
        "as_of": tree.as_of.isoformat(),
        "data_through": tree.data_through.isoformat(),
        **days_of(tree.period),
        "left_out": [_left_out(left) for left in tree.left_out],
        "warnings": list(tree.warnings),
    }


def breakdown_answer(breakdown: Breakdown) -> dict[str, Any]:
    """One object per part, by its name: a category or a provider, '' for what names none.

    Each says itself which days it is of and what it leaves out: beside the parts there is no room for a name that no
    provider could have.
    """
    days = {
        **days_of(around(breakdown.periods)),
        "periods": [days_of(period) for period in breakdown.stretches],
        "data_through": breakdown.data_through.isoformat(),
    }
    return {name: {**_part(part), **days} for name, part in breakdown.parts.items()}


def days_of(period: Period | None) -> dict[str, str | None]:
    """The first and the last day of an answer."""
    return {
        "period_start": period.start.isoformat() if period else None,
        "period_end": period.end.isoformat() if period else None,
    }


def _node(node: TreeNode, tree: PlanTree) -> dict[str, Any]:
    planned = node.budget
    return {
        "entity": _entity(planned),
        "budget": budget(planned, tree.organization.slug, tree.allocations),
        "actual": amount(node.figures.actual, planned.budget_type),
        **figures(node.figures, planned.budget_type),
        "allocated_to_children": amount(node.allocated_to_children, planned.budget_type),
        "unallocated": amount(node.unallocated, planned.budget_type),
        "children": [_node(child, tree) for child in node.children],
    }


def _entity(planned: PlannedBudget) -> dict[str, str]:
    return {
        "hierarchy_entity_id": planned.entity_id,
        "hierarchy_entity_name": planned.entity_name,
        "hierarchy_level_code": planned.level_code,
        "hierarchy_path": planned.path,
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "budget": None if part.budget is None else to_decimal(part.budget),
        "actual": to_decimal(part.actual),
        "variance": None if part.budget is None else to_decimal(part.budget - part.actual),
        "pct_used": None if part.budget is None else plain(part.figures.percent_used),
        "status": None if part.budget is None else str(part.figures.status),
        "tokens_budget": part.tokens_budget,
        "tokens_actual": part.tokens_actual,
        "seats_budget": part.seats_budget,
        "seats_actual": part.seats_actual,
        "not_budgeted": None if part.not_budgeted is None else to_decimal(part.not_budgeted),
        "tokens_not_budgeted": part.tokens_not_budgeted,
        "seats_not_budgeted": part.seats_not_budgeted,
        "left_out": [_left_out(left) for left in part.left_out],
        "warnings": list(part.warnings),
    }


def _left_out(left: LeftOut) -> dict[str, Any]:
    return {
        "currency": left.currency,
        "amount": to_decimal(left.amount),
        "costs": left.costs,
        "budgets": left.budgets,
        "into": left.into,
    }
