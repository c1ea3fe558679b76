"""Frozen results about closes: a preview of the next one, and the archive of past ones."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from budget_tui.domain import pacing
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.pacing import Status
from budget_tui.domain.period import Period


class NextLine(NamedTuple):
    """A project at the close: its allocation and spend, and its opening in the next period, in nanos.

    ``carried`` is the part of ``next_allocation`` that comes along from this period: negative when overspent.
    """

    project_id: str
    name: str
    allocation: int
    spent: int
    carried: int
    next_allocation: int


@dataclass(frozen=True, slots=True)
class ClosePreview:
    """The effect of closing the running period today, in nanos.

    ``carried`` is the part of ``total_next`` that comes along from this period. Costs are known through
    ``data_through``. ``whole_days`` is the length of the period that ``following`` is the rest of.
    """

    ending: Period
    following: Period
    currency: str
    total: int
    spent: int
    carried: int
    total_next: int
    lines: tuple[NextLine, ...]
    data_through: date
    whole_days: int

    @property
    def unallocated_next(self) -> int:
        """The pool of the next period; negative when the projects get more than there is."""
        return self.total_next - sum(line.next_allocation for line in self.lines)


class ClosedBudget(NamedTuple):
    """A project's figures at the close in nanos, or an agent's in tokens, as ``unit`` says.

    ``restated`` is what was spent, as known now, beyond what was archived. ``is_of_none``: it had no allocation, and
    there was no global budget to have a part of.
    """

    entity_id: str
    name: str
    unit: BudgetType
    allocation: int
    spent: int
    status: Status
    restated: int
    is_of_none: bool = False

    @property
    def remaining(self) -> int:
        return self.allocation - self.spent

    @property
    def spent_now(self) -> int:
        """The spending, as it is known now."""
        return self.spent + self.restated

    @property
    def unfunded(self) -> bool:
        return self.is_of_none or pacing.is_unfunded(self.allocation, self.spent)


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """The figures of a period at its close, in nanos of ``currency``; ``restated`` as in `ClosedBudget`.

    ``data_through`` is how far costs were known then; None for closes from before this was stored.
    """

    period: Period
    currency: str
    budget: int
    allocated: int
    spent: int
    restated: int
    closed_by: str
    closed_at: datetime
    lines: tuple[ClosedBudget, ...]
    data_through: date | None = None

    @property
    def lacked_data(self) -> bool:
        """True if costs were not known to its end when it was closed."""
        return self.data_through is not None and self.data_through < self.period.end

    @property
    def remaining(self) -> int:
        return self.budget - self.spent

    @property
    def spent_now(self) -> int:
        """The spending, as it is known now."""
        return self.spent + self.restated

    @property
    def status(self) -> Status:
        return pacing.status(self.remaining, self.budget)

    @property
    def is_of_none(self) -> bool:
        """True if nobody had set a global budget, so that nothing could be over it."""
        return not self.budget

    @property
    def unfunded(self) -> bool:
        return self.is_of_none

    @property
    def projects(self) -> tuple[ClosedBudget, ...]:
        return tuple(line for line in self.lines if line.unit is BudgetType.MONETARY)

    @property
    def agents(self) -> tuple[ClosedBudget, ...]:
        return tuple(line for line in self.lines if line.unit is BudgetType.TOKEN)
