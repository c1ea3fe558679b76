"""Budgets whose children have more than they: warned about wherever they are seen, never blocked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from budget_tui.domain.containment import Containment, Node
from budget_tui.domain.plan import PlannedBudget

HandedOn = Mapping[str, int]
"""What the children of each budget in an allocation tree have together, by its id. Who has no children is not there."""


class OverAllocated(NamedTuple):
    """A budget of which more is ``allocated`` to its children than there is."""

    budget: PlannedBudget
    allocated: int

    @property
    def beyond(self) -> int:
        return self.allocated - self.budget.amount


def handed_on(budgets: Sequence[PlannedBudget], containment: Containment) -> HandedOn:
    """What ``budgets`` hand on to each other, looked at as if there were no others."""
    parents = containment.parents({budget.budget_id for budget in budgets})
    found: dict[str, int] = {}
    for budget in budgets:
        parent = parents[budget.budget_id]
        if parent is not None:
            found[parent] = found.get(parent, 0) + budget.amount
    return found


def handed_on_in(trees: Sequence[Node]) -> HandedOn:
    """What the nodes of ``trees`` hand on."""
    found, waiting = {}, [*trees]
    while waiting:
        node = waiting.pop()
        if node.children:
            found[node.budget.budget_id] = node.allocated
            waiting += node.children
    return found


def over_allocated(budgets: Iterable[PlannedBudget], *trees: HandedOn) -> tuple[OverAllocated, ...]:
    """Those of ``budgets`` whose children have more than they, in the first of ``trees`` that says so."""
    found = []
    for budget in budgets:
        for tree in trees:
            allocated = tree.get(budget.budget_id, 0)
            if allocated > budget.amount:
                found.append(OverAllocated(budget, allocated))
                break
    return tuple(found)
