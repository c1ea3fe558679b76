"""Which budget contains which, and what follows from it: totals that count a dollar once, and allocation trees.

One budget *contains* another when all that the other counts counts for it, too: same type and currency, entity on
the path above or the same, category the same or ``total``, provider the same or any, in a period that has all of its
days. Totals add only budgets that no other one contains; of two of the same scope and period, the one first listed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import accumulate
from operator import or_
from typing import NamedTuple, TypeVar

from budget_tui.domain.actuals import ANY_PROVIDER, TOTAL, Lineage, kinds_around
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.eras import Era, Eras
from budget_tui.domain.period import Period
from budget_tui.domain.plan import PlannedBudget

_MONETARY = BudgetType.MONETARY
_Answer = TypeVar("_Answer")

Kind = tuple[BudgetType, str, str, str]
"""What a budget counts, its entity and period aside: type, category, provider, currency."""


def kind_of(budget: PlannedBudget) -> Kind:
    """What a budget counts, apart from where and when; amounts of money are told apart by currency."""
    budget_type = budget.budget_type
    return budget_type, budget.category, budget.provider, budget.currency if budget_type is _MONETARY else ""


@lru_cache(maxsize=4096)
def wider_kinds(kind: Kind) -> tuple[Kind, ...]:
    """``kind`` and those that contain it, the narrowest first."""
    budget_type, *of = kind
    return tuple((budget_type, *wider) for wider in kinds_around(*of))


class Containment:
    """Which of ``budgets`` contain which, each where it stood on its last day. Asked about some, by their ids, it
    answers as if there were no others."""

    def __init__(self, budgets: Sequence[PlannedBudget], eras: Eras) -> None:
        extents = _extents(budgets)
        self._eras: list[tuple[Container[str], _InOneEra]] = []
        if len(eras) == 1:  # as it is for most, and then nothing need be told apart
            self._eras = [((), _InOneEra(budgets, extents, eras.now.lineage))]
            return
        by_era: dict[Era, list[PlannedBudget]] = {}
        for budget in budgets:
            by_era.setdefault(eras.of(budget.period), []).append(budget)
        for era, of_era in by_era.items():
            ids = {budget.budget_id for budget in of_era}
            self._eras.append((ids, _InOneEra(_around(of_era, budgets), extents, era.lineage)))

    def widest(self, asked: Container[str]) -> dict[str, "Placed"]:
        """Those that no other one contains, by their ids: added up, they count no dollar twice."""
        return self._of_each_era(lambda era: era.widest(asked))

    def parents(self, asked: Container[str]) -> dict[str, str | None]:
        """What each hangs below in the allocation tree; None at its top.

        A budget hangs below the nearest that contains it and has the same period, for whoever uses it uses that one
        first; of several that do not contain each other, below the one it was allocated from.
        """
        return self._of_each_era(lambda era: era.parents(asked))

    def _of_each_era(self, answer: Callable[["_InOneEra"], dict[str, _Answer]]) -> dict[str, _Answer]:
        if len(self._eras) == 1:
            return answer(self._eras[0][1])
        return {
            budget_id: found
            for of_era, era in self._eras
            for budget_id, found in answer(era).items()
            if budget_id in of_era
        }


def _around(some: Sequence[PlannedBudget], budgets: Sequence[PlannedBudget]) -> Sequence[PlannedBudget]:
    """Those of ``budgets`` whose days could overlap with those of ``some`` of them."""
    if len(some) == len(budgets):
        return budgets
    first, last = min(each.period.start for each in some), max(each.period.end for each in some)
    return [each for each in budgets if each.period.start <= last and first <= each.period.end]


class _InOneEra:
    """Which of ``budgets`` contain which if everything stands as ``lineage`` says."""

    def __init__(self, budgets: Sequence[PlannedBudget], extents: "_Extents", lineage: Lineage) -> None:
        self._extents = len(extents)
        placed = [(lineage[each.entity_key], extents[kind_of(each), each.period], each) for each in budgets]
        # Whatever contains a budget comes before it.
        placed.sort(key=lambda each: len(each[0]) * len(extents) + each[1].number)
        known: dict[str | None, Placed] = {}
        for chain, extent, budget in placed:
            giver = known.get(budget.parent_id)
            holds = giver is not None and giver.holds(chain, extent)
            known[budget.budget_id] = Placed(budget.budget_id, giver if holds else None, chain, extent)
        self._placed = [*known.values()]

    def widest(self, asked: Container[str]) -> dict[str, "Placed"]:
        """See `Containment.widest`."""
        found = {}
        planned: dict[int, int] = {}  # by entity: the extents of the budgets at and above it
        for each in self._placed:
            budget_id, _, chain, extent = each
            if budget_id not in asked:
                continue
            above = 0
            for key in chain:
                if key in planned:
                    above = planned[key]
                    break
            if not above & extent.within:
                found[budget_id] = each
            planned[chain[0]] = above | 1 << extent.number
        return found

    def parents(self, asked: Container[str]) -> dict[str, str | None]:
        """See `Containment.parents`."""
        found: dict[str, str | None] = {}
        planned: list[dict[int, Placed]] = [{} for _ in range(self._extents)]
        for each in self._placed:
            budget_id, giver, chain, extent = each
            if budget_id in asked:
                given = giver if giver is not None and giver.budget_id in asked else None
                found[budget_id] = _nearest(chain, extent, planned, given)
                planned[extent.number].setdefault(chain[0], each)
        return found


def is_below(budget: PlannedBudget, entity_key: int, eras: Eras) -> bool:
    """Whether ``budget`` stands at or below an entity, on its last day."""
    return entity_key in eras.of(budget.period).lineage[budget.entity_key]


class Extent(NamedTuple):
    """What a budget of one kind and period covers, its entity aside.

    ``within`` are the extents that contain it, itself included, each as the bit of its number; ``wider`` are the
    numbers of those of the same period, its own first. Of two at the same entity the one of the lower number comes
    first.
    """

    number: int
    kind: Kind
    period: Period
    within: int
    wider: tuple[int, ...]

    @property
    def counts(self) -> tuple[str, str, str]:
        """Category, provider and currency of what it counts."""
        return self.kind[1:]


class Placed(NamedTuple):
    """A budget's place among others: its entity, with all above it, and its extent. ``giver`` is the budget that it
    was allocated from, if that contains it."""

    budget_id: str
    giver: "Placed | None"
    chain: Sequence[int]
    extent: Extent

    def holds(self, chain: Sequence[int], extent: Extent) -> bool:
        """Whether it is at or above another place of the same period and contains what is there."""
        return self.chain[0] in chain and self.extent.number in extent.wider


_Extents = Mapping[tuple[Kind, Period], Extent]


def _extents(budgets: Iterable[PlannedBudget]) -> _Extents:
    known = sorted({(kind_of(budget), budget.period) for budget in budgets}, key=_precedence)
    numbers = {each: number for number, each in enumerate(known)}
    of_kind: dict[Kind, list[tuple[Period, int]]] = {}
    for (kind, period), number in numbers.items():
        of_kind.setdefault(kind, []).append((period, number))
    days = {kind: _Days(extents) for kind, extents in of_kind.items()}
    found = {}
    for (kind, period), number in numbers.items():
        wider = [other for other in wider_kinds(kind) if other in days]
        found[kind, period] = Extent(
            number,
            kind,
            period,
            sum(days[other].having(period) for other in wider),
            tuple(numbers[other, period] for other in wider if (other, period) in numbers),
        )
    return found


class _Days:
    """The days of the extents of one kind, to be asked which of them have all days of a period."""

    def __init__(self, extents: Sequence[tuple[Period, int]]) -> None:
        by_start = sorted((period.start, number) for period, number in extents)
        by_end = sorted((period.end, number) for period, number in extents)
        self._starts, self._ends = [start for start, _ in by_start], [end for end, _ in by_end]
        self._until = _together(number for _, number in by_start)
        self._before = _together(number for _, number in by_end)

    def having(self, period: Period) -> int:
        """Those that begin no later and end no earlier, each as the bit of its number."""
        starting = self._until[bisect_right(self._starts, period.start)]
        return starting & ~self._before[bisect_left(self._ends, period.end)]


def _together(numbers: Iterable[int]) -> list[int]:
    """The bits of none of ``numbers``, of the first, of the first two, and so on."""
    return list(accumulate((1 << number for number in numbers), or_, initial=0))


def _precedence(of: tuple[Kind, Period]) -> tuple[int, int, date]:
    """Which of the budgets of an entity comes first: the wider kind, the longer period, the earlier one."""
    (_, category, provider, _), period = of
    return (category != TOTAL) + (provider != ANY_PROVIDER), -period.days, period.start


def _nearest(
    chain: Sequence[int], extent: Extent, planned: Sequence[Mapping[int, Placed]], giver: Placed | None
) -> str | None:
    """The nearest of ``planned`` that contains what is at a place; if it has a ``giver``, that or what lies between."""
    wider = extent.wider[1:]  # at its own entity, all but its own place
    for key in chain:
        for number in wider:
            found = planned[number].get(key)
            if found is not None:
                if giver is None:
                    return found.budget_id
                if key == giver.chain[0] and number == giver.extent.number:
                    return giver.budget_id
                if giver.holds(found.chain, found.extent):
                    return found.budget_id
        wider = extent.wider
    return None


def widest(budgets: Sequence[PlannedBudget], eras: Eras) -> list[PlannedBudget]:
    """The budgets that no other of ``budgets`` contains."""
    found = Containment(budgets, eras).widest({budget.budget_id for budget in budgets})
    return [budget for budget in budgets if budget.budget_id in found]


class Node(NamedTuple):
    """A budget in the allocation tree, with what was allocated below it."""

    budget: PlannedBudget
    children: tuple["Node", ...]

    @property
    def allocated(self) -> int:
        return sum(child.budget.amount for child in self.children)

    @property
    def unallocated(self) -> int:
        """What no child has; negative when they have more than there is."""
        return self.budget.amount - self.allocated


def forest(budgets: Sequence[PlannedBudget], eras: Eras) -> tuple[Node, ...]:
    """The allocation trees of ``budgets``, in their order."""
    parents = Containment(budgets, eras).parents({budget.budget_id for budget in budgets})
    children: dict[str | None, list[PlannedBudget]] = {}
    for budget in budgets:
        children.setdefault(parents[budget.budget_id], []).append(budget)

    def node(budget: PlannedBudget) -> Node:
        return Node(budget, tuple(node(child) for child in children.get(budget.budget_id, ())))

    return tuple(node(budget) for budget in children.get(None, ()))
