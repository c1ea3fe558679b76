"""A what-if stores nothing; saved, it is one change, and only over what it was forked from."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import Organization
from budget_tui.domain.errors import Outdated
from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import ProjectFact, SnapshotFacts, Spend, build_snapshot, pace_of
from budget_tui.domain.what_if import Fork, forked
from tests.services.conftest import Home, usd

JANUARY, TODAY = Period(date(2026, 1, 1), date(2026, 1, 31)), date(2026, 1, 13)
NOW = datetime(2026, 1, 13, 12, tzinfo=UTC)
amounts = st.integers(0, 1000).map(lambda units: units * NANOS)


@given(st.lists(st.tuples(amounts, amounts, amounts), min_size=1, max_size=5), amounts)
def test_every_figure_follows_as_if_it_were_stored(projects: list[tuple[int, int, int]], budget: int) -> None:
    def facts(allocations: list[int]) -> SnapshotFacts:
        return SnapshotFacts(
            Organization(1, "default", "Default", "USD", "UTC"),
            JANUARY,
            budget,
            sum(allocations),
            [ProjectFact(f"p{at}", f"P{at}", f"/ORG/p{at}/", amount) for at, amount in enumerate(allocations)],
            {f"/ORG/p{at}/": Spend(spent, 0, spent, JANUARY.start) for at, (_, spent, _) in enumerate(projects)},
            Spend(),
            0,
            (),
            TODAY,
        )

    live = facts([before for before, _, _ in projects])
    fork = forked(build_snapshot(live, TODAY, NOW))
    for at, (_, _, after) in enumerate(projects):
        fork = fork.changed(f"p{at}", after)
    stored = build_snapshot(facts([after for _, _, after in projects]), TODAY, NOW)
    assert build_snapshot(fork.over(live), TODAY, NOW) == stored
    assert set(fork.changes) == {f"p{at}" for at, (before, _, after) in enumerate(projects) if before != after}
    for at, (before, _, _) in enumerate(projects):
        fork = fork.changed(f"p{at}", before)
    assert (fork.changes, fork.over(live)) == ({}, live)


def fork_of(home: Home, **amounts: str) -> Fork:
    return forked(home.snapshot, {project.replace("_", "-"): usd(amount) for project, amount in amounts.items()})


def shown(home: Home, fork: Fork) -> Mapping[str, int]:
    facts = home.services.snapshots.facts()
    return {line.project_id: line.pace.daily_drip for line in build_snapshot(fork.over(facts), TODAY, NOW).projects}


@pytest.mark.both_engines
def test_it_is_saved_as_one_change(seed: Home) -> None:
    before, content = seed.allocations, seed.content
    fork = fork_of(seed, pcc="100", python_api="140", dandelion="50")
    pace = pace_of(usd("140"), Spend(usd("88"), 0, usd("88"), date(2026, 1, 12)), JANUARY, TODAY, TODAY)
    assert shown(seed, fork)["python-api"] == pace.daily_drip
    assert (seed.content, [*fork.changes]) == (content, ["pcc", "python-api"])
    seed.spend("python-api", "1")
    assert shown(seed, fork)["python-api"] < pace.daily_drip, "the numbers below it live on"
    assert seed.services.budgets.commit(fork) == usd("90")
    assert seed.allocations == {**before, "pcc": "100", "python-api": "140", "pool": "90"}
    assert seed.services.undo.undo().what.startswith("allocation of pcc 150 → 100")
    assert seed.allocations == before
    seed.services.undo.redo()
    assert seed.allocations["python-api"] == "140"


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda home: home.allocate("pcc", "+10"), r"the allocation of pcc was \$150\.00 and is \$160\.00 by now"),
        (lambda home: home.allocate("dandelion", "51"), r"the allocation of dandelion was \$50\.00"),
        (lambda home: home.budget("600"), r"the global budget was \$500\.00 and is \$600\.00 by now"),
        (lambda home: home.services.projects.archive("dandelion"), "the allocation of dandelion"),
    ],
    ids=["what it changes", "what it does not", "the budget", "a project that went"],
)
def test_over_what_somebody_changed_it_is_a_conflict(seed: Home, change: object, named: str) -> None:
    fork = fork_of(seed, pcc="100", python_api="140")
    change(seed.again())  # type: ignore[operator]
    then = seed.allocations
    with pytest.raises(Outdated, match=named):
        seed.services.budgets.commit(fork)
    assert seed.allocations == then
    seed.services.budgets.commit(forked(seed.snapshot, fork.changes))
    assert (seed.allocations["pcc"], seed.allocations["python-api"]) == ("100", "140")
