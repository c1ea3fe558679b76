"""What commands on the plan and views of it look up and warn about alike."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from budget_tui.domain.budget import Organization
from budget_tui.domain.containment import Containment
from budget_tui.domain.cost import short_provider_name
from budget_tui.domain.eras import Eras
from budget_tui.domain.errors import NotFound
from budget_tui.domain.hierarchy import ROOT_ID, Entity, checked_name, unstored_root
from budget_tui.domain.overallocation import HandedOn, handed_on, over_allocated
from budget_tui.domain.plan import PlannedBudget
from budget_tui.formatting import over_allocation_warnings
from budget_tui.storage.plan_queries import PlanConditions
from budget_tui.storage.queries import Queries

Value = TypeVar("Value")


def provider_named(queries: Queries, org: int, name: str) -> str:
    """The short name of a provider, whatever it was called: ``Google Cloud`` → ``gcp``."""
    return short_provider_name(name, queries.provider_aliases(org)).casefold()


def checked_provider(queries: Queries, org: int, name: str) -> str:
    """The short name of a provider that somebody typed, '' for any; `Refused` when no row could show it."""
    return provider_named(queries, org, checked_name(name)) if name.strip() else ""


def entity_named(queries: Queries, organization: Organization, entity_id: str) -> Entity:
    """The entity of that id, or `NotFound`."""
    wanted = entity_id.strip()
    if (found := queries.entity(organization.org_key, wanted)) is not None:
        return found
    if wanted == ROOT_ID:
        return unstored_root(organization.name)
    raise NotFound(f"there is no entity '{wanted}'", "budget-tui entity list shows them")


def over_allocated_after(queries: Queries, org: int, budget: PlannedBudget) -> tuple[str, ...]:
    """What to warn about after ``budget`` has changed: it or the one above it has children for more than itself."""
    plan = _plan_around(queries, org, [budget])
    containment = Containment(plan, queries.eras(org))
    parent = containment.parents({each.budget_id for each in plan}).get(budget.budget_id)
    concerned = [each for each in plan if each.budget_id in (budget.budget_id, parent)]
    return over_allocation_warnings(over_allocated(concerned, handed_on(plan, containment)))


def handed_on_in_plan(queries: Queries, org: int, budgets: Sequence[PlannedBudget], eras: Eras) -> HandedOn:
    """What the children of ``budgets`` have, whatever of the plan is looked at beside them."""
    plan = _plan_around(queries, org, budgets) if budgets else []
    return handed_on(plan, Containment(plan, eras))


def _plan_around(queries: Queries, org: int, budgets: Sequence[PlannedBudget]) -> list[PlannedBudget]:
    """All budgets that decide which are the children of ``budgets``: of their types and periods."""
    return queries.planned_budgets(
        org,
        PlanConditions(
            budget_type=_only(budget.budget_type for budget in budgets),
            period_start=_only(budget.period.start for budget in budgets),
            period_end=_only(budget.period.end for budget in budgets),
        ),
    )


def _only(values: Iterable[Value]) -> Value | None:
    """What all of ``values`` are; None where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None
