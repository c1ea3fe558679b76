"""What comes along when a period closes: of the global budget, of projects, of agents' tokens."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.domain.carry import Carry, CarryPolicy
from budget_tui.domain.errors import Conflict, NotFound, Refused
from budget_tui.domain.plan_results import BudgetLine
from budget_tui.presentation.audit import changes
from budget_tui.schemas.status import DatedGlobalBudget, ProjectBudget
from tests.databases import Engine, empty
from tests.examples import examples
from tests.services.conftest import TODAY, Home, home_at, shown, usd
from tests.services.planning import PlanHome, bill, name_of, planning_home


def carried(home: Home) -> dict[str, str]:
    """What came along into each budget of the running period."""
    snapshot = home.snapshot
    lines = {line.project_id: line.carry.carried for line in snapshot.projects}
    return {name: shown(amount) for name, amount in (lines | {"global": snapshot.carry.carried}).items() if amount}


# Choosing


def test_a_policy_is_shown_and_written_down(seed: Home) -> None:
    seed.carry("both", "20", project="pcc")
    seed.carry("unspent")
    snapshot = seed.snapshot
    assert snapshot.carry == Carry(CarryPolicy.UNSPENT)
    assert [line.carry for line in snapshot.projects][:2] == [Carry(CarryPolicy.BOTH, usd("20")), Carry()]
    assert [(entry.action, entry.subject, changes(entry)) for entry in seed.log[:2]] == [
        ("carry.set", "global", "carry none → unspent"),
        ("carry.set", "pcc", "carry none → both, carry_cap 20"),
    ]


@pytest.mark.both_engines
def test_the_same_policy_again_leaves_no_line_in_the_trail(seed: Home) -> None:
    seed.carry("both", "20", project="pcc")
    lines = len(seed.log)
    seed.carry("both", "20", project="pcc")
    assert len(seed.log) == lines


def test_what_cannot_be_chosen(seed: Home) -> None:
    with pytest.raises(NotFound):
        seed.carry("both", project="nobody")
    with pytest.raises(Refused, match="needs a policy that carries something over"):
        seed.carry("none", "5")
    seed.on("2026-02-03").services.periods.catch_up()
    with pytest.raises(Refused, match="January 2026 is closed"):
        seed.carry("both")


# Projects and the global budget


def test_the_next_period_opens_with_what_comes_along(seed: Home) -> None:
    """PCC has 45 of 150 left, Python API 12 of 100; Dandelion overspends its 50 by 10."""
    seed.spend("dandelion", "60")
    seed.carry("unspent", project="pcc")
    seed.carry("both", "5", project="python-api")
    seed.carry("deficit", project="dandelion")
    february = seed.on("2026-02-03")
    ahead = february.snapshot
    february.services.periods.catch_up()
    assert february.allocations == {
        "pcc": "195",
        "videonest-api": "120",
        "python-api": "105",
        "dandelion": "40",
        "pool": "40",
    }
    assert carried(february) == {"pcc": "45", "python-api": "5", "dandelion": "-10"}
    assert ahead.projects == february.snapshot.projects


def test_what_recurs_is_the_base(seed: Home) -> None:
    """Nothing is carried twice: with ``unspent``, what is left grows by the base alone."""
    seed.carry("unspent", project="dandelion")
    assert [seed.on(f"2026-{month:02}-01").allocations["dandelion"] for month in (2, 3, 4)] == ["100", "150", "200"]
    april = seed.on("2026-04-01")
    april.carry("none", project="dandelion")
    assert april.on("2026-05-01").allocations["dandelion"] == "50"


def test_a_debt_larger_than_the_allocation_takes_as_long_as_it_takes(seed: Home) -> None:
    seed.spend("dandelion", "130")
    seed.carry("deficit", project="dandelion")
    found = [seed.on(f"2026-{month:02}-01").allocations["dandelion"] for month in (2, 3, 4)]
    assert found == ["0", "20", "50"]
    stored = seed.on("2026-04-01")
    stored.services.periods.catch_up()
    assert stored.allocations["dandelion"] == "50"


def test_the_global_budget_counts_everything_that_was_spent(seed: Home) -> None:
    """241 of 500 were spent; 9 more by a project that is archived since."""
    seed.add("short-lived")
    seed.spend("short-lived", "9")
    seed.services.projects.archive("short-lived")
    seed.carry("both")
    february = seed.on("2026-02-01")
    assert shown(february.snapshot.total.allocation) == "750"
    february.services.periods.catch_up()
    assert shown(february.snapshot.total.allocation) == "750"
    assert february.log[0].after is not None
    assert february.log[0].after["carried"] == "250"


def test_an_allocation_edited_later_keeps_what_came_along(seed: Home) -> None:
    seed.carry("unspent", project="pcc")
    february = seed.on("2026-02-03")
    february.allocate("pcc", "+10")
    assert february.allocations["pcc"] == "205"
    february.carry("none", project="pcc")
    assert february.on("2026-03-01").allocations["pcc"] == "160"


@pytest.mark.both_engines
def test_a_transfer_moves_what_recurs(seed: Home) -> None:
    seed.carry("unspent", project="pcc")
    february = seed.on("2026-02-03")
    february.transfer("pcc", "dandelion", "195")
    assert february.allocations["pcc"] == "0"
    march = february.on("2026-03-01")
    assert (march.allocations["pcc"], march.allocations["dandelion"]) == ("0", "245")


def test_what_comes_along_is_no_more_than_can_be_stored(seed: Home) -> None:
    """Two projects that got nearly everything there can be, and spent nothing of it."""
    for project in ("videonest-api", "dandelion"):
        seed.allocate(project, "4000000000")
        seed.carry("unspent", project=project)
    february = seed.on("2026-02-03")
    february.services.periods.catch_up()
    assert shown(february.snapshot.allocated) == "9000000000"
    february.spend("python-api", "1")
    assert settled(february) == []
    february.spend("dandelion", "1000000000", on="2026-01-31")
    assert shown(february.snapshot.allocated) == "9000000000"


def test_an_edit_that_is_taken_back_recurs_as_before(seed: Home) -> None:
    seed.carry("unspent", project="dandelion")
    february = seed.on("2026-02-03")
    february.allocate("dandelion", "5")
    february.services.undo.undo()
    february.carry("none", project="dandelion")
    assert february.on("2026-03-01").allocations["dandelion"] == "50"


MONTHS = [date(2026, month, 1) for month in range(1, 8)]
months = st.lists(
    st.tuples(
        st.sampled_from(["", "none", "unspent", "deficit", "both"]),
        st.sampled_from(["", "5", "40"]),
        st.sampled_from(["", "0", "30", "+7"]),
        st.integers(0, 150),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=examples(6))
@given(months)
def test_who_looks_ahead_sees_what_is_stored_then(
    engine: Engine, months: list[tuple[str, str, str, int, bool]]
) -> None:
    """Whatever is chosen, allocated and spent in some months: readers and writers agree on each and on the last."""
    engine.clear()
    address = engine.new(empty)
    home = home_at(address, TODAY)
    home.budget("100")
    home.add("a", allocate="50")
    for first, (policy, cap, allocation, spent, is_looked_at) in zip(MONTHS, months, strict=False):
        home = home_at(address, first + timedelta(days=20))
        home.spend("a", str(spent), on=first.isoformat()) if spent else None
        if is_looked_at:
            continue  # nobody writes: this month is closed with the next one
        if policy:
            home.carry(policy, cap if policy != "none" else "", project="a")
            home.carry(policy)
        if allocation:
            home.allocate("a", allocation)
    later = home_at(address, MONTHS[len(months)])
    ahead = later.snapshot
    later.services.periods.catch_up()
    stored = later.snapshot
    assert (stored.total, stored.projects, stored.carry, stored.allocated) == (
        ahead.total,
        ahead.projects,
        ahead.carry,
        ahead.allocated,
    )


# Agents' tokens


@pytest.mark.parametrize(
    ("policy", "cap", "tokens"), [("none", None, 1000), ("unspent", None, 1600), ("both", 50, 1050)]
)
def test_tokens_are_carried_like_money(seed: Home, policy: str, cap: int | None, tokens: int) -> None:
    agents = seed.services.agents
    agents.add("bot", "pcc", tokens=1000)
    agents.consume("bot", 400)
    agents.set_carry("bot", CarryPolicy(policy), cap)
    assert policy == "none" or (seed.log[0].action, seed.log[0].subject) == ("agent.carry", "bot")
    february = seed.on("2026-02-01")
    ahead = february.services.agents.get("bot")
    february.services.periods.catch_up()
    stored = february.services.agents.get("bot")
    assert (stored.allocated_tokens, stored.used_tokens, stored.reserved_tokens) == (tokens, 0, 0)
    assert ahead.allocated_tokens == tokens


def test_what_is_held_at_the_close_is_held_in_its_own_period(seed: Home) -> None:
    agents = seed.services.agents
    agents.add("bot", "pcc", tokens=1000)
    agents.reserve("bot", 300)
    seed.on("2026-02-01").services.periods.catch_up()
    assert seed.rows("SELECT period_start, used, reserved FROM budget WHERE budget_type = 'token' ORDER BY 1") == [
        ("2026-01-01", 0, 300),
        ("2026-02-01", 0, 0),
    ]


# Looking before anybody writes


AMOUNTS = st.sampled_from(["0", "40", "250"])


@settings(max_examples=examples(8), deadline=None)
@given(
    st.dictionaries(st.sampled_from(["ORG", "a", "b"]), st.tuples(st.sampled_from([*CarryPolicy]), AMOUNTS)),
    st.lists(
        st.tuples(st.sampled_from(["ORG", "a", "b"]), st.sampled_from(["2026-02", "2026-03"]), AMOUNTS), max_size=4
    ),
    st.sampled_from(["2026-02-03", "2026-03-03"]),
    st.booleans(),
)
def test_what_only_looks_foresees_what_opening_the_period_does(
    engine: Engine,
    policies: dict[str, tuple[CarryPolicy, str]],
    plans: list[tuple[str, str, str]],
    day: str,
    is_closed_by_hand: bool,
) -> None:
    engine.clear()
    address = engine.new(empty)
    home = planning_home(address)
    home.budget("300")
    home.add("a", "b", allocate="90")
    home.services.agents.add("bot", "a", tokens=100)
    home.services.agents.consume("bot", 30)
    for entity, (policy, spent) in policies.items():
        home.carry(policy, project="" if entity == "ORG" else entity)
        if entity != "ORG" and spent != "0":
            home.spend(entity, spent)
    for entity, month, amount in plans:
        try:
            home.plan(entity, "total", amount, month)
        except Conflict:  # twice
            continue
    if is_closed_by_hand:
        home.close()
    later = planning_home(address, today=date.fromisoformat(day))
    before = seen(later)
    later.services.periods.catch_up()
    assert seen(later) == before


def seen(home: PlanHome) -> tuple[object, ...]:
    """What each face shows of the running period."""
    snapshot, board = home.snapshot, home.board()
    lines = [line for line in home.summary().lines if line.budget.period == snapshot.period]
    agents = home.services.agents.all()
    home.services.agents.close()
    return (
        DatedGlobalBudget.from_snapshot(snapshot),
        [ProjectBudget.from_domain(line) for line in snapshot.projects],
        [(agent.agent_id, agent.allocated_tokens, agent.available_tokens) for agent in agents],
        [figures_of(line) for line in lines],
        [figures_of(line) for line in board.lines if line.budget.period == snapshot.period],
    )


def figures_of(line: BudgetLine) -> tuple[object, ...]:
    return name_of(line.budget), line.budget.period, line.budget.in_cycle, line.figures, line.status


# What becomes known after the close


def settled(home: Home) -> list[tuple[str, str, str]]:
    """What was settled again, the oldest first: of whom, from what to what."""
    found = [entry for entry in reversed(home.log) if entry.action == "carry.settle"]
    return [
        (entry.subject, entry.before["carried"], entry.after["carried"])
        for entry in found
        if entry.before is not None and entry.after is not None
    ]


@pytest.fixture
def carrying(home: Home) -> Home:
    """100 with 70 known at the close, in February."""
    home.budget("500")
    home.add("a", allocate="100")
    home.carry("both", project="a")
    home.spend("a", "70")
    february = home.on("2026-02-03")
    february.services.periods.catch_up()
    return february


def test_what_was_carried_over_is_settled_again_and_back_after_an_undo(carrying: Home) -> None:
    assert (carried(carrying), carrying.allocations["a"]) == ({"a": "30"}, "130")
    carrying.spend("a", "24", on="2026-01-31")
    assert (carried(carrying), carrying.allocations["a"]) == ({"a": "6"}, "106")
    carrying.services.undo.undo()
    assert (carried(carrying), carrying.allocations["a"]) == ({"a": "30"}, "130")
    carrying.services.undo.redo()
    assert settled(carrying) == [("a", "30", "6"), ("a", "6", "30"), ("a", "30", "6")]
    assert [entry.actor for entry in carrying.log if entry.action == "carry.settle"] == ["budget-tui"] * 3


def test_what_was_edited_since_stays_edited(carrying: Home) -> None:
    carrying.allocate("a", "+20")
    carrying.spend("a", "40", on="2026-01-31")
    assert (carried(carrying), carrying.allocations["a"]) == ({"a": "-10"}, "110")


def test_it_goes_one_period_onward_and_no_further(carrying: Home) -> None:
    march = carrying.on("2026-03-03")
    march.services.periods.catch_up()
    assert march.allocations["a"] == "230"
    march.spend("a", "24", on="2026-01-31")
    assert (march.allocations["a"], settled(march)) == ("230", [])
    march.spend("a", "25", on="2026-02-28")
    assert (march.allocations["a"], settled(march)) == ("205", [("a", "130", "105")])


def test_costs_that_a_rule_gives_away_are_settled_too(carrying: Home) -> None:
    bill(carrying.services, ("nobody", "10", "USD", "2026-01-20", "AWS"))
    assert carried(carrying) == {"a": "30"}
    carrying.services.costs.map_to_project("a", "provider", "aws")
    assert carried(carrying) == {"a": "20"}


@pytest.mark.both_engines
def test_tokens_that_were_held_over_the_close_and_not_used_come_along(home: Home) -> None:
    agents = home.services.agents
    home.add("a")
    agents.add("bot", "a", tokens=100)
    agents.set_carry("bot", CarryPolicy.UNSPENT)
    agents.consume("bot", 70)
    last = home.on("2026-01-31").services.agents
    held = last.reserve("bot", 20, seconds=7 * 24 * 3600)
    february = home.on("2026-02-01").services.agents
    home.on("2026-02-01").services.periods.catch_up()
    assert february.get("bot").allocated_tokens == 110
    february.settle(held.reservation_id, 5)
    assert february.get("bot").allocated_tokens == 125
    agents.close()
    february.close()


def test_a_close_says_how_far_the_data_reached(carrying: Home) -> None:
    bill(carrying.services, ("a", "3", "USD", "2026-02-02", "AWS"))
    march = carrying.on("2026-03-03")
    march.services.periods.catch_up()
    closes = [entry.after for entry in march.log if entry.action == "period.close"]
    assert [after and after.get("data_through") for after in closes] == ["2026-02-02", None]
    assert march.services.periods.preview_close().data_through == date(2026, 2, 2)


@pytest.mark.both_engines
def test_what_was_moved_away_or_archived_does_not_come_back_when_it_is_settled(home: Home) -> None:
    """Of web's 60, 40 were left and carried over; 90 of its 100 went on to api before 15 more turned out to be spent,
    and what is brought back from the archive has its own allocation alone, this month and the next."""
    january = home.on("2026-01-05")
    january.budget("100")
    january.add("web", allocate="60")
    january.add("api", allocate="40")
    january.carry("unspent", project="web")
    january.spend("web", "20")
    february = home.on("2026-02-03")
    february.transfer("web", "api", "90")
    february.spend("web", "15", on="2026-01-20")
    assert (carried(february), february.allocations["web"]) == ({"web": "25"}, "0")
    assert february.services.database.check().problems == ()
    february.allocate("web", "50")
    assert february.services.database.check().problems == ()
    later = home.on("2026-02-04")
    later.services.projects.archive("web")
    later.add("web", allocate="10")
    later.spend("web", "1", on="2026-01-21")
    assert (carried(later), later.allocations["web"]) == ({}, "10")
    assert later.services.database.check().problems == ()
    assert home.on("2026-03-02").allocations["web"] == "10"
