"""The snapshot: the worked example as a whole, and totals that hold for any tree."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from budget_tui.domain.amount import NANOS, to_decimal
from budget_tui.domain.budget import Organization
from budget_tui.domain.currency import LeftOut
from budget_tui.domain.hierarchy import ROOT_ID, path_of, segments
from budget_tui.domain.pacing import Status
from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import (
    BudgetSnapshot,
    ProjectFact,
    SnapshotFacts,
    Spend,
    build_snapshot,
)

JANUARY = Period(date(2026, 1, 1), date(2026, 1, 31))
TODAY = date(2026, 1, 13)
NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
HOME = Organization(1, "default", "Default", "USD", "UTC")


def project(project_id: str, allocation_usd: int) -> ProjectFact:
    return ProjectFact(project_id, project_id.title(), f"/ORG/{project_id}/", allocation_usd * NANOS)


def spend(usd: int, first_day: date) -> Spend:
    """``usd`` spent on ``first_day`` alone, within the last seven complete days."""
    return Spend(spent=usd * NANOS, window_spent=usd * NANOS, first_day=first_day)


SEED_PROJECTS = (
    project("pcc", 150),
    project("videonest-api", 120),
    project("python-api", 100),
    project("dandelion", 50),
)
SEED_SPEND = {
    "/ORG/pcc/": spend(105, date(2026, 1, 10)),
    "/ORG/videonest-api/": spend(48, date(2026, 1, 9)),
    "/ORG/python-api/": spend(88, date(2026, 1, 12)),
}


def facts(**changes: Any) -> SnapshotFacts:
    """The first seed's example, with ``changes``."""
    seed: dict[str, Any] = {
        "organization": HOME,
        "period": JANUARY,
        "monthly_budget": 500 * NANOS,
        "allocated": 420 * NANOS,
        "projects": SEED_PROJECTS,
        "spend_by_path": SEED_SPEND,
        "unmapped": Spend(),
        "unmapped_costs": 0,
        "daily_spend": (),
        "data_through": TODAY,
        "left_out": (),
    }
    return SnapshotFacts(**(seed | changes))


def snapshot(**changes: Any) -> BudgetSnapshot:
    return build_snapshot(facts(**changes), TODAY, NOON)


def usd(nanos: int) -> str:
    return str(to_decimal(nanos))


# The worked example


def test_the_projects_of_the_worked_example() -> None:
    table = {
        line.project_id: (usd(line.pace.remaining), usd(line.pace.daily_drip), line.pace.status)
        for line in snapshot().projects
    }
    assert table == {
        "pcc": ("45", "2.5", Status.HEALTHY),
        "videonest-api": ("72", "4", Status.HEALTHY),
        "python-api": ("12", "0.666666667", Status.WARNING),
        "dandelion": ("50", "2.777777778", Status.HEALTHY),
    }


def test_the_pace_of_pcc() -> None:
    pcc = snapshot().projects[0].pace
    assert usd(pcc.burn_rate) == "35"
    assert pcc.runway_days == Decimal("1.285714286")
    assert usd(pcc.available_today) == "2.368421053"


def test_a_project_that_spent_nothing_has_no_end_in_sight() -> None:
    dandelion = snapshot().projects[3].pace
    assert (dandelion.spent, dandelion.burn_rate, dandelion.runway_days) == (0, 0, None)
    assert not dandelion.unfunded


def test_the_headline_of_the_worked_example() -> None:
    seed = snapshot()
    assert seed.days_left == 18
    assert usd(seed.total.allocation) == "500"
    assert usd(seed.allocated) == "420"
    assert usd(seed.unallocated) == "80"
    assert usd(seed.total.spent) == "241"
    assert usd(seed.total.remaining) == "259"
    assert usd(seed.total.daily_drip) == "14.388888889"
    assert usd(seed.total.available_today) == "13.631578947"


def test_the_organization_burns_from_the_first_cost_of_any_project() -> None:
    seed = snapshot()
    assert seed.burn_days == 4  # January 9 to 12
    assert usd(seed.total.burn_rate) == "60.25"
    assert to_decimal(seed.total.run_rate) == 241 + Decimal("60.25") * 18


# What else stands in it


def test_over_allocation_shows_as_a_negative_pool() -> None:
    assert usd(snapshot(allocated=520 * NANOS).unallocated) == "-20"


def test_unmapped_costs_are_the_organizations_and_no_projects() -> None:
    unmapped = snapshot(unmapped=spend(9, date(2026, 1, 8)), unmapped_costs=3)
    assert usd(unmapped.unmapped) == "9"
    assert unmapped.unmapped_costs == 3
    assert usd(unmapped.total.spent) == "250"
    assert unmapped.burn_days == 5
    assert unmapped.projects == snapshot().projects


def test_costs_left_out_are_named_and_never_added() -> None:
    left_out = (LeftOut("EUR", 70 * NANOS, 2, "USD"),)
    assert snapshot(left_out=left_out).left_out == left_out
    assert snapshot(left_out=left_out).total == snapshot().total


def test_data_that_ends_early_moves_the_window_and_is_said() -> None:
    early = snapshot(data_through=date(2026, 1, 11))
    assert early.data_through == date(2026, 1, 11)
    assert early.burn_days == 3  # January 9 to 11
    pcc = early.projects[0].pace
    assert pcc.burn_rate == 105 * NANOS // 2  # January 10 and 11


def test_a_first_day_burns_what_it_spent_so_far() -> None:
    first = {"/ORG/pcc/": Spend(spent=30 * NANOS, spent_today=30 * NANOS, first_day=TODAY)}
    seed = snapshot(spend_by_path=first)
    assert seed.burn_days == 1
    assert usd(seed.total.burn_rate) == "30"
    pcc = seed.projects[0].pace
    assert pcc.runway_days == 4
    assert pcc.available_today == round(Decimal(150 * NANOS) / 19) - 30 * NANOS


def test_an_unfunded_project_is_told_from_one_that_is_used_up() -> None:
    used_up, unfunded = snapshot(
        projects=(project("pcc", 105), project("idle", 0)),
    ).projects
    assert (used_up.pace.status, used_up.pace.unfunded) == (Status.EXHAUSTED, False)
    assert (unfunded.pace.status, unfunded.pace.unfunded) == (Status.EXHAUSTED, True)


def test_an_organization_without_anything_has_a_snapshot() -> None:
    empty = snapshot(monthly_budget=0, allocated=0, projects=(), spend_by_path={})
    assert empty.projects == ()
    assert empty.burn_days == 1
    assert empty.total.unfunded
    assert empty.total.runway_days == 0


def test_an_unchanged_minute_is_an_equal_snapshot() -> None:
    later = build_snapshot(facts(), TODAY, NOON + timedelta(minutes=1))
    assert later == snapshot()
    assert later.computed_at != snapshot().computed_at
    assert build_snapshot(facts(), TODAY + timedelta(days=1), NOON) != snapshot()


# Any tree


def path_from(chain: list[str]) -> str:
    path = path_of("/", ROOT_ID)
    for entity_id in chain:
        path = path_of(path, entity_id)
    return path


amounts = st.integers(-(10**15), 10**15)
spends = st.builds(Spend, amounts, amounts, amounts, st.none() | st.dates(date(2025, 12, 1), TODAY))
# DEPT-1 beside DEPT-10: containment by text would mix them up
paths = st.lists(st.sampled_from(["DEPT-1", "DEPT-10", "A", "AA"]), max_size=4).map(path_from)
trees = st.dictionaries(paths, spends, max_size=12)


@given(trees, spends)
def test_what_the_organization_spent_is_every_entitys_own_and_what_is_unmapped(
    tree: dict[str, Spend], unmapped: Spend
) -> None:
    total = snapshot(spend_by_path=tree, unmapped=unmapped).total
    assert total.spent == sum(own.spent for own in tree.values()) + unmapped.spent
    assert total.spent_today == sum(own.spent_today for own in tree.values()) + unmapped.spent_today
    assert total.remaining == 500 * NANOS - total.spent


@given(trees, st.lists(paths, min_size=1, max_size=8))
def test_a_parents_spend_is_its_own_and_exactly_that_below_it(tree: dict[str, Spend], looked_at: list[str]) -> None:
    projects = [ProjectFact(path, path, path, 100 * NANOS) for path in looked_at]
    for line in snapshot(projects=projects, spend_by_path=tree).projects:
        above = segments(line.project_id)
        below = [own for path, own in tree.items() if segments(path)[: len(above)] == above]
        assert line.pace.spent == sum(own.spent for own in below)
        assert line.pace.spent_today == sum(own.spent_today for own in below)


@given(trees)
def test_a_parents_burn_begins_with_the_first_cost_below_it(tree: dict[str, Spend]) -> None:
    root = ProjectFact("root", "Root", path_from([]), 100 * NANOS)
    snap = snapshot(projects=[root], spend_by_path=tree, monthly_budget=100 * NANOS)
    assert snap.projects[0].pace == snap.total
    first_day = min((own.first_day for own in tree.values() if own.first_day), default=None)
    complete_days = 0 if first_day is None else min(7, (TODAY - first_day).days)
    assert snap.burn_days == max(1, complete_days)
