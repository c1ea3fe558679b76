"""Whatever is done, in whatever order: the pool and the projects add up to the budget, refusals change nothing."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from budget_tui.domain.errors import BudgetError
from budget_tui.services.costs import CostEntry
from tests.databases import Address, Engine
from tests.examples import examples
from tests.services.conftest import TODAY, Home, home_at, shown, usd

PROJECTS = ("a", "b", "c")
PLACES = (*PROJECTS, "pool")
cents = st.integers(1, 40_000).map(lambda amount: f"{amount // 100}.{amount % 100:02d}")
changes = (
    cents | cents.map("+{}".format) | cents.map("-{}".format) | st.integers(0, 120).map("{}%".format) | st.just("rest")
)


def begun(address: Address) -> None:
    """A database with three projects and nothing else."""
    home_at(address, TODAY).add(*PROJECTS)


class Bookkeeping(RuleBasedStateMachine):
    """The same is kept in a dictionary beside the database, by the shortest arithmetic there is."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.home: Home = home_at(engine.new(begun), TODAY)

    @initialize(budget=cents)
    def begin(self, budget: str) -> None:
        self.home.budget(budget)
        self.budget = usd(budget)
        self.allocations = dict.fromkeys(PROJECTS, 0)
        self.spent = dict.fromkeys(PROJECTS, 0)

    def teardown(self) -> None:
        self.home.services.snapshots.close()
        self.engine.clear()

    @property
    def pool(self) -> int:
        return self.budget - sum(self.allocations.values())

    @rule(amount=cents)
    def set_budget(self, amount: str) -> None:
        self.home.budget(amount)
        self.budget = usd(amount)

    @rule(project=st.sampled_from(PROJECTS), change=changes)
    def allocate(self, project: str, change: str) -> None:
        try:
            before, after, pool = self.home.allocate(project, change)
        except BudgetError:
            assert change.startswith("-") or (change == "rest" and self.pool <= 0)
            return
        assert usd(before) == self.allocations[project]
        self.allocations[project] = usd(after)
        assert usd(pool) == self.pool

    @rule(project=st.sampled_from(PROJECTS), amount=cents, credit=st.booleans())
    def spend(self, project: str, amount: str, credit: bool) -> None:
        nanos = -usd(amount) if credit else usd(amount)
        self.home.services.costs.add(CostEntry(project, nanos))
        self.spent[project] += nanos

    @rule(giver=st.sampled_from(PLACES), taker=st.sampled_from(PLACES), amount=cents, force=st.booleans())
    def transfer(self, giver: str, taker: str, amount: str, force: bool) -> None:
        try:
            self.home.transfer(giver, taker, amount, force=force, reason="because")
        except BudgetError:
            assert giver == taker or usd(amount) > self.available(giver, force)
            return
        assert usd(amount) <= self.available(giver, force)
        for place, by in ((giver, -usd(amount)), (taker, usd(amount))):
            if place != "pool":
                self.allocations[place] += by

    def available(self, giver: str, force: bool) -> int:
        if giver == "pool":
            return max(0, self.pool)
        allocation = self.allocations[giver]
        return allocation if force else max(0, allocation - max(0, self.spent[giver]))

    @precondition(lambda self: all(self.allocations.values()))
    @rule(project=st.sampled_from(PROJECTS))
    def go_and_come_back(self, project: str) -> None:
        returned = self.home.services.projects.archive(project)
        assert returned == self.allocations[project]
        self.home.add(project)
        self.allocations[project] = 0

    @invariant()
    def everything_adds_up(self) -> None:
        snapshot = self.home.services.snapshots.current()
        assert snapshot.total.allocation == self.budget
        assert snapshot.allocated + snapshot.unallocated == self.budget
        assert {line.project_id: line.pace.allocation for line in snapshot.projects} == self.allocations
        assert {line.project_id: line.pace.spent for line in snapshot.projects} == self.spent
        assert snapshot.allocated == sum(self.allocations.values())
        assert snapshot.total.spent == sum(self.spent.values())
        assert all(line.pace.allocation >= 0 for line in snapshot.projects)

    @invariant()
    def the_trail_tells_how_it_came_about(self) -> None:
        """The last line about each amount says what it is now."""
        latest: dict[str, str] = {}
        for entry in self.home.services.audit.newest(1000):
            if entry.action in ("allocation.set", "transfer", "budget.set"):
                latest.setdefault(entry.subject, (entry.after or {})["amount"])
            elif entry.action == "project.archive":
                latest.setdefault(entry.subject, "0")
        expected = {"global": self.budget, **self.allocations}
        assert {name: latest.get(name, "0") for name in expected} == {k: shown(v) for k, v in expected.items()}


@pytest.mark.both_engines
def test_the_books_are_kept(engine: Engine) -> None:
    run_state_machine_as_test(
        lambda: Bookkeeping(engine), settings=settings(max_examples=examples(8), stateful_step_count=20, deadline=None)
    )
