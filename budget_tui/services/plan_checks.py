"""What commands on the plan and views of it look up and warn about alike."""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from budget_tui.domain.budget import Organization
from budget_tui.domain.containment import Containment
from budget_tui.domain.cost import short_provider_name
from budget_tui.domain.eras import Era, Eras
from budget_tui.domain.errors import unknown
from budget_tui.domain.hierarchy import ROOT_ID, Entity, checked_name, unstored_root
from budget_tui.domain.overallocation import HandedOn, handed_on, over_allocated
from budget_tui.domain.plan import PlannedBudget
from budget_tui.presentation.formatting import over_allocation_warnings
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
    raise unknown("entity", wanted)


def over_allocated_after(queries: Queries, org: int, budget: PlannedBudget) -> tuple[str, ...]:
    """What to warn about after ``budget`` has changed: it or the one above it has children for more than itself."""
    plan = _plan_around(queries, org, [budget])
    containment = Containment(plan, queries.eras(org))
    parent = containment.parents({each.budget_id for each in plan}).get(budget.budget_id)
    concerned = [each for each in plan if each.budget_id in (budget.budget_id, parent)]
    return over_allocation_warnings(over_allocated(concerned, handed_on(plan, containment)))


def handed_on_in_plan(queries: Queries, org: int, budgets: Sequence[PlannedBudget], eras: Eras) -> HandedOn:
    """What the children of ``budgets`` have, whatever of the plan is looked at beside them."""
    plan = _plan_around(queries, org, budgets, _above_and_below(budgets, eras)) if budgets else []
    return handed_on(plan, Containment(plan, eras))


def _above_and_below(budgets: Sequence[PlannedBudget], eras: Eras) -> set[int]:
    """Whose budgets decide which are the children of ``budgets``: of all above and below them."""
    keys: dict[Era, set[int]] = {}
    for budget in budgets:
        keys.setdefault(eras.of(budget.period), set()).add(budget.entity_key)
    found: set[int] = set()
    for era, of_era in keys.items():
        found.update(*(era.lineage[key] for key in of_era))
        found.update(key for key, chain in era.lineage.items() if key is not None and not of_era.isdisjoint(chain))
    return found


def _plan_around(
    queries: Queries, org: int, budgets: Sequence[PlannedBudget], entity_keys: Collection[int] | None = None
) -> list[PlannedBudget]:
    """What is planned beside ``budgets`` in their types and periods, for any entity or for certain ones."""
    return queries.planned_budgets(
        org,
        PlanConditions(
            budget_type=_only(budget.budget_type for budget in budgets),
            period_start=_only(budget.period.start for budget in budgets),
            period_end=_only(budget.period.end for budget in budgets),
            entity_keys=entity_keys,
        ),
    )


def _only(values: Iterable[Value]) -> Value | None:
    """What all of ``values`` are; None where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None
