"""What commands on the plan and views of it look up and warn about alike."""

from collections.abc import Iterable, Iterator, Sequence

from budget_tui.domain.budget import BudgetType, Organization
from budget_tui.domain.containment import Node, forest
from budget_tui.domain.cost import short_provider_name
from budget_tui.domain.errors import NotFound
from budget_tui.domain.hierarchy import ROOT_ID, Entity, checked_name, unstored_root
from budget_tui.domain.plan import PlannedBudget
from budget_tui.formatting import amount_of, plan_name
from budget_tui.storage.plan_queries import PlanConditions
from budget_tui.storage.queries import Queries


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


def over_allocated(queries: Queries, org: int, budget: PlannedBudget) -> tuple[str, ...]:
    """What to warn about after ``budget`` has changed: it or the one above it has children for more than itself."""
    same_period = PlanConditions(
        budget_type=budget.budget_type,
        period_start=budget.period.start,
        period_end=budget.period.end,
        currency=budget.currency if budget.budget_type is BudgetType.MONETARY else None,
    )
    trees = forest(queries.planned_budgets(org, same_period), queries.eras(org))
    concerned = [
        node
        for node in every_node(trees)
        if budget.budget_id in (node.budget.budget_id, *(child.budget.budget_id for child in node.children))
    ]
    return over_allocation_warnings(concerned)


def over_allocation_warnings(nodes: Iterable[Node]) -> tuple[str, ...]:
    """One line for each budget whose children have more than it."""
    return tuple(
        f"{plan_name(node.budget)}: its children have {_amount(node, node.allocated)},"
        f" {_amount(node, -node.unallocated)} more than its {_amount(node, node.budget.amount)}"
        for node in nodes
        if node.children and node.unallocated < 0
    )


def every_node(trees: Sequence[Node]) -> Iterator[Node]:
    """All nodes of ``trees``, each before its children."""
    waiting = list(reversed(trees))
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


def _amount(node: Node, amount: int) -> str:
    return amount_of(amount, node.budget.budget_type, node.budget.currency)
