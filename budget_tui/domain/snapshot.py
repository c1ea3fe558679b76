"""One frozen snapshot for every interface: the global budget and its projects, as they stand on a day.

`build_snapshot` turns facts from storage into the figures that people see. Amounts are nanos of the organization's
currency. The lines are named tuples: two thousand of them are built and compared in a few milliseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from budget_tui.domain import pacing
from budget_tui.domain.budget import Organization
from budget_tui.domain.carry import NO_CARRY, Carry
from budget_tui.domain.currency import ConvertedSpend, LeftOut
from budget_tui.domain.errors import unknown
from budget_tui.domain.estimates import DisplacedEstimates
from budget_tui.domain.hierarchy import ROOT_PATH, ancestor_paths
from budget_tui.domain.pacing import Status
from budget_tui.domain.period import Period


class Spend(NamedTuple):
    """The spend of one entity itself, without those below it.

    ``spent`` is dated in the period through today, ``scheduled`` later in it. ``window_spent`` is the usage of the 7
    days up to the last complete day that data covers; ``once_today`` is the part of ``spent_today`` that comes once;
    ``first_day`` is the first day with any cost, ever. ``reserved`` is money held for work in flight.
    """

    spent: int = 0
    spent_today: int = 0
    window_spent: int = 0
    first_day: date | None = None
    scheduled: int = 0
    once_today: int = 0
    reserved: int = 0


class ProjectFact(NamedTuple):
    """A project as stored, with its allocation in the period."""

    project_id: str
    name: str
    path: str
    allocation: int
    carry: Carry = NO_CARRY
    enforced: bool = False


class Pace(NamedTuple):
    """A budget against its period: everything derived from what was allocated and what was spent.

    ``unfunded``: it raises no alarm, because there is neither budget nor spend, or no global budget to have a part of.
    """

    allocation: int
    spent: int
    scheduled: int
    spent_today: int
    reserved: int
    remaining: int
    daily_drip: int
    available_today: int
    burn_rate: int
    runway_days: Decimal | None
    runs_out_on: date | None
    run_rate: int
    status: Status
    unfunded: bool

    @property
    def free(self) -> int:
        """The amount that is neither spent nor reserved; negative when more was."""
        return self.remaining - self.reserved

    @property
    def runs_short(self) -> bool:
        """True if there is something left that does not last to the period's end."""
        return self.runs_out_on is not None and self.remaining > 0


class ProjectLine(NamedTuple):
    """One row of the project table."""

    project_id: str
    name: str
    pace: Pace
    carry: Carry = NO_CARRY
    enforced: bool = False


@dataclass(frozen=True, slots=True)
class BudgetSnapshot:
    """Everything that the screens, the monitor and ``status`` show.

    ``computed_at`` is not compared, so that a minute without changes repaints nothing. ``carried_over``: the stored
    period has ended and nobody has closed it yet; ``is_closed``: somebody closed the shown period today. Of costs in
    other currencies, ``converted`` are in the sums and ``left_out`` are not. ``alerts`` is the number of those that
    were reported and still hold. ``unpriced`` are tokens of models without a price in agents' logs, by model: they are
    in no sum of money. ``displaced`` are estimates that count in no project, because their bill is unmapped.
    """

    organization: Organization
    as_of: date
    data_through: date
    period: Period
    total: Pace
    allocated: int
    projects: tuple[ProjectLine, ...]
    daily_spend: tuple[tuple[date, int], ...]
    burn_days: int
    unmapped: int
    unmapped_costs: int
    left_out: tuple[LeftOut, ...]
    carried_over: bool
    computed_at: datetime = field(compare=False)
    carry: Carry = NO_CARRY
    converted: tuple[ConvertedSpend, ...] = ()
    is_closed: bool = False
    has_costs: bool = True
    alerts: int = 0
    unpriced: tuple[tuple[str, int], ...] = ()
    displaced: tuple[DisplacedEstimates, ...] = ()

    @property
    def is_unmapped_unpriced(self) -> bool:
        """True if what is unmapped has no amount because a price is missing: it is not $0.00 that was spent."""
        return bool(self.unpriced) and not self.unmapped

    @property
    def is_budgeted(self) -> bool:
        """True if anybody set a global budget; one of 0 may be what a deficit left of it."""
        return bool(self.total.allocation or self.carry.carried)

    @property
    def begins(self) -> bool:
        """True as long as there is nothing to show: no costs, or only some that are unmapped and no budget for them."""
        has_place = self.is_budgeted or self.projects or self.elsewhere
        return not self.has_costs or bool(self.unmapped_costs and not has_place)

    @property
    def unallocated(self) -> int:
        """The pool; negative when the projects were given more than there is."""
        return self.total.allocation - self.allocated

    @property
    def elsewhere(self) -> int:
        """Spend in the total but in no listed project, unmapped costs aside: mostly of archived projects."""
        return self.total.spent - self.unmapped - sum(line.pace.spent for line in self.projects)

    @property
    def days_left(self) -> int:
        return self.period.days_left(self.as_of)

    def project(self, project_id: str) -> ProjectLine:
        """The project's line, or `NotFound`."""
        for line in self.projects:
            if line.project_id == project_id:
                return line
        raise unknown("project", project_id)


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """The facts about an organization's period, from one consistent read of the database."""

    organization: Organization
    period: Period
    monthly_budget: int
    allocated: int
    projects: Sequence[ProjectFact]
    spend_by_path: Mapping[str, Spend]
    unmapped: Spend
    unmapped_costs: int
    daily_spend: tuple[tuple[date, int], ...]
    data_through: date
    left_out: tuple[LeftOut, ...] = ()
    carried_over: bool = False
    carry: Carry = NO_CARRY
    converted: tuple[ConvertedSpend, ...] = ()
    is_closed: bool = False
    alerts: int = 0
    unpriced: tuple[tuple[str, int], ...] = ()
    displaced: tuple[DisplacedEstimates, ...] = ()


@lru_cache(maxsize=8192)  # from one snapshot to the next, few of thousands of budgets change
def pace_of(allocation: int, spend: Spend, period: Period, today: date, data_through: date) -> Pace:
    """Return the pacing figures of one budget; ``spend`` includes the entities below the budget's own."""
    remaining = allocation - spend.spent
    window = pacing.burn_window(today, data_through, spend.first_day)
    rate = pacing.burn(spend.window_spent, window.days, spend.spent_today - spend.once_today)
    runway = pacing.runway_days(remaining, rate)
    return Pace(
        allocation=allocation,
        spent=spend.spent,
        scheduled=spend.scheduled,
        spent_today=spend.spent_today,
        reserved=spend.reserved,
        remaining=remaining,
        daily_drip=pacing.daily_drip(remaining, period, today),
        available_today=pacing.available_today(remaining, spend.spent_today, period, today, spend.reserved),
        burn_rate=rate.per_day,
        runway_days=runway,
        runs_out_on=pacing.runs_out_on(runway, period, today),
        run_rate=pacing.run_rate(spend.spent, rate, period, today),
        status=pacing.status(remaining, allocation),
        unfunded=pacing.is_unfunded(allocation, spend.spent),
    )


def build_snapshot(facts: SnapshotFacts, today: date, now: datetime) -> BudgetSnapshot:
    """Build the snapshot of ``today``; ``now`` only says when it was computed."""
    rolled = rolled_up(facts.spend_by_path)
    everything = added_up([rolled.get(ROOT_PATH, Spend()), facts.unmapped])
    is_budgeted = bool(facts.monthly_budget or facts.carry.carried)

    def pace(allocation: int, spend: Spend, carried: int = 0) -> Pace:
        found = pace_of(allocation, spend, facts.period, today, facts.data_through)
        return found if is_budgeted or allocation or carried else found._replace(unfunded=True)

    nothing = Spend()
    return BudgetSnapshot(
        organization=facts.organization,
        as_of=today,
        data_through=facts.data_through,
        period=facts.period,
        total=pace(facts.monthly_budget, everything),
        allocated=facts.allocated,
        projects=tuple(
            ProjectLine(
                project.project_id,
                project.name,
                pace(project.allocation, rolled.get(project.path, nothing), project.carry.carried),
                project.carry,
                project.enforced,
            )
            for project in facts.projects
        ),
        daily_spend=facts.daily_spend,
        burn_days=max(1, pacing.burn_window(today, facts.data_through, everything.first_day).days),
        unmapped=facts.unmapped.spent,
        unmapped_costs=facts.unmapped_costs,
        left_out=facts.left_out,
        carried_over=facts.carried_over,
        computed_at=now,
        carry=facts.carry,
        converted=facts.converted,
        is_closed=facts.is_closed,
        has_costs=everything.first_day is not None or bool(facts.daily_spend or facts.left_out),
        alerts=facts.alerts,
        unpriced=facts.unpriced,
        displaced=facts.displaced,
    )


def rolled_up(spend_by_path: Mapping[str, Spend]) -> dict[str, Spend]:
    """Return each path's spend with that of every path below it."""
    found: dict[str, list[Spend]] = {}
    for path, spend in spend_by_path.items():
        for ancestor in ancestor_paths(path):
            found.setdefault(ancestor, []).append(spend)
    return {path: added_up(spends) for path, spends in found.items()}


def added_up(spends: Sequence[Spend]) -> Spend:
    """Return the sum of several spends."""
    if len(spends) == 1:
        return spends[0]
    return Spend(
        sum(spend.spent for spend in spends),
        sum(spend.spent_today for spend in spends),
        sum(spend.window_spent for spend in spends),
        min((spend.first_day for spend in spends if spend.first_day is not None), default=None),
        sum(spend.scheduled for spend in spends),
        sum(spend.once_today for spend in spends),
        sum(spend.reserved for spend in spends),
    )
