"""A what-if stores nothing; saved, it is one change, and only over what it was forked from."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.alerts import AlertKind, AlertRule, Finding, changes_between, found_in
from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import Organization
from budget_tui.domain.errors import Outdated
from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import ProjectFact, SnapshotFacts, Spend, build_snapshot, pace_of
from budget_tui.domain.what_if import Fork, forked
from budget_tui.presentation.alerts import crossing_text
from budget_tui.services.alert_readings import CycleReadings
from budget_tui.services.alerts import NewRule
from budget_tui.services.forecasts import DailyUsage
from budget_tui.services.what_if import Basis
from tests.services.conftest import Home, usd

JANUARY, TODAY = Period(date(2026, 1, 1), date(2026, 1, 31)), date(2026, 1, 13)
NOW = datetime(2026, 1, 13, 12, tzinfo=UTC)
RULES = (
    AlertRule(1, AlertKind.SHARE, (800_000, 1_000_000)),
    AlertRule(2, AlertKind.LEFT, (50 * NANOS, 20 * NANOS)),
    AlertRule(3, AlertKind.RUNWAY, (3_000,), "p0"),
)


def no_days() -> DailyUsage:
    raise AssertionError("none of these rules rests on single days")


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
    stored = facts([after for _, _, after in projects])
    assert build_snapshot(fork.over(live), TODAY, NOW) == build_snapshot(stored, TODAY, NOW)

    def found(facts: SnapshotFacts) -> list[Finding]:
        readings = CycleReadings(facts, TODAY, NOW, no_days).of(RULES)
        return [finding for reading, rules in readings for rule in rules for finding in found_in(rule, reading)]

    assert Basis(live, TODAY, NOW, RULES, None).alerts(fork) == changes_between(found(live), found(stored))
    assert set(fork.changes) == {f"p{at}" for at, (before, _, after) in enumerate(projects) if before != after}
    for at, (before, _, _) in enumerate(projects):
        fork = fork.changed(f"p{at}", before)
    assert (fork.changes, fork.over(live)) == ({}, live)
    steps = [fork]
    while fork.earlier:
        fork = fork.undone()
        steps.insert(0, fork)
    assert [each.changes for each in steps if each.changes] == [each for each in steps[-1].earlier if each]
    while fork.later:
        fork = fork.redone()
    assert fork == steps[-1]


def fork_of(home: Home, **amounts: str) -> Fork:
    fork = forked(home.snapshot)
    for project, amount in amounts.items():
        fork = fork.changed(project.replace("_", "-"), usd(amount))
    return fork


def shown(home: Home, fork: Fork) -> Mapping[str, int]:
    snapshot = home.services.what_if.basis().snapshot(fork)
    return {line.project_id: line.pace.daily_drip for line in snapshot.projects}


@pytest.mark.both_engines
def test_it_is_saved_as_one_change(seed: Home) -> None:
    before, content = seed.allocations, seed.content
    fork = fork_of(seed, pcc="100", python_api="140", dandelion="50")
    pace = pace_of(usd("140"), Spend(usd("88"), 0, usd("88"), date(2026, 1, 12)), JANUARY, TODAY, TODAY)
    assert shown(seed, fork)["python-api"] == pace.daily_drip
    assert (seed.content, [*fork.changes]) == (content, ["pcc", "python-api"])
    seed.spend("python-api", "1")
    assert shown(seed, fork)["python-api"] < pace.daily_drip, "the numbers below it live on"
    assert seed.services.what_if.commit(fork) == usd("90")
    assert seed.allocations == {**before, "pcc": "100", "python-api": "140", "pool": "90"}
    assert seed.services.undo.undo().what.startswith("pcc: allocated $150.00 → $100.00")
    assert seed.allocations == before
    seed.services.undo.redo()
    assert seed.allocations["python-api"] == "140"


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda home: home.allocate("pcc", "+10"), r"^pcc \$150\.00 → \$160\.00 meanwhile;"),
        (lambda home: home.allocate("dandelion", "51"), r"^dandelion \$50\.00 → \$51\.00 meanwhile;"),
        (lambda home: home.budget("600"), r"^budget \$500\.00 → \$600\.00 meanwhile;"),
        (lambda home: home.services.projects.archive("dandelion"), "^dandelion archived meanwhile;"),
    ],
    ids=["what it changes", "what it does not", "the budget", "a project that went"],
)
def test_over_what_somebody_changed_it_is_a_conflict(seed: Home, change: object, named: str) -> None:
    fork = fork_of(seed, pcc="100", python_api="140")
    change(seed.again())  # type: ignore[operator]
    then = seed.allocations
    with pytest.raises(Outdated, match=named):
        seed.services.what_if.commit(fork)
    assert seed.allocations == then
    fork = fork.renewed(seed.snapshot)
    seed.services.what_if.commit(fork)
    assert (seed.allocations["pcc"], seed.allocations["python-api"]) == ("100", "140")
    assert fork.undone().changes == {"pcc": usd("100")}


def test_one_of_a_period_that_ended_is_a_conflict(seed: Home) -> None:
    fork = fork_of(seed, pcc="100")
    with pytest.raises(Outdated, match="January 2026 has ended"):
        seed.on("2026-02-02").services.what_if.commit(fork)


@pytest.mark.both_engines
def test_alerts_follow_and_nothing_is_stored(seed: Home) -> None:
    seed.spend("python-api", "10")
    seed.services.alerts.evaluate()
    seed.services.alerts.add(NewRule(AlertKind.LEFT, ("20",), "pcc"))
    basis, content = seed.services.what_if.basis(), seed.content

    def effects(**amounts: str) -> tuple[list[str], list[str]]:
        fires, ends = basis.alerts(fork_of(seed, **amounts))
        return [*map(crossing_text, fires)], [*map(crossing_text, ends)]

    assert effects() == ([], [])
    assert effects(pcc="120") == (["pcc share 80%", "pcc left $20.00"], [])
    assert effects(pcc="90") == (["pcc share 100%", "pcc left $20.00"], [])  # the worst, and what says the same once
    assert effects(python_api="140") == ([], ["python-api share 80%"])
    assert effects(pcc="125", python_api="140") == (["pcc share 80%", "pcc left $20.00"], ["python-api share 80%"])
    assert seed.content == content
    evaluated = seed.services.alerts.evaluate().findings
    seed.services.what_if.commit(fork_of(seed, pcc="125", python_api="140"))
    now = {crossing_text(finding) for finding in seed.services.alerts.evaluate().findings}
    before = {crossing_text(finding) for finding in evaluated}
    assert now - before == {"pcc share 80%", "pcc left $20.00"}
    assert before - now == {"python-api share 80%"}
