"""Which budgets of a sum are added, and which are left out because another one contains them."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from budget_tui.domain.containment import Kind, kind_of, wider_kinds
from budget_tui.domain.eras import Eras
from budget_tui.domain.explain_answers import SummedBudget
from budget_tui.domain.plan import PlannedBudget
from budget_tui.domain.variance import Variance
from budget_tui.presentation.formatting import plan_name

_At = Mapping[tuple[int, Kind], Sequence[PlannedBudget]]


def summed(
    budgets: Sequence[PlannedBudget],
    counting: Sequence[PlannedBudget],
    figures: Callable[[PlannedBudget], Variance],
    eras: Eras,
) -> Iterator[SummedBudget]:
    """Each of ``budgets``, the largest first; those that are not ``counting`` with the one they are left out for."""
    at: dict[tuple[int, Kind], list[PlannedBudget]] = {}
    for budget in budgets:
        at.setdefault((budget.entity_key, kind_of(budget)), []).append(budget)
    added = {budget.budget_id for budget in counting}
    for budget in sorted(budgets, key=lambda budget: -budget.amount):
        around = None if budget.budget_id in added else _around(budget, at, eras)
        within = plan_name(around) if around else ""
        yield SummedBudget(plan_name(budget), budget.amount, figures(budget).actual, within)


def _around(budget: PlannedBudget, at: _At, eras: Eras) -> PlannedBudget | None:
    """The nearest other one that contains ``budget``."""
    for key in eras.of(budget.period).lineage[budget.entity_key]:
        for kind in wider_kinds(kind_of(budget)):
            for other in at.get((key, kind), ()):
                if other is not budget and other.period.covers(budget.period):
                    return other
    return None
