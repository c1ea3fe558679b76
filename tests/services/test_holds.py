"""Money held for work in flight: reserved everywhere, never beyond what is left, settled once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import Conflict, InsufficientBudget, NotFound, Refused
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.services.holds import Hold, Settlement
from tests.databases import Address, Engine, change
from tests.services.agents_home import NOON, AgentHome, home_with_agents
from tests.services.conftest import Home, shown, usd
from tests.services.planning import plan_of

THREADS = 8


def with_money(address: Address) -> None:
    home = home_with_agents(address)
    home.budget("100")
    home.add("pcc", "web", allocate="40")
    home.spend("pcc", "10")


@pytest.fixture
def home(engine: Engine) -> AgentHome:
    """Two projects with $40 each of $100; on January 13 one of them has spent $10, today."""
    return home_with_agents(engine.new(with_money))


def hold(home: AgentHome, amount: str, project: str = "pcc", *, with_today: bool = False, seconds: int = 600) -> Hold:
    return home.services.holds.hold(project, usd(amount), seconds, with_today=with_today)


def refused(home: AgentHome, amount: str, available: str, *, with_today: bool = False, project: str = "pcc") -> str:
    with pytest.raises(InsufficientBudget) as error:
        hold(home, amount, project, with_today=with_today)
    assert shown(error.value.available) == available
    return str(error.value)


@pytest.mark.both_engines
def test_what_is_held_is_reserved_everywhere_until_its_time_is_up(home: AgentHome) -> None:
    before = home.pace("pcc")
    held = hold(home, "12", seconds=60)
    assert shown(held.available) == "18"
    pace, total = home.pace("pcc"), home.snapshot.total
    assert (shown(pace.reserved), shown(pace.remaining), shown(pace.free)) == ("12", "30", "18")
    assert pace.available_today == before.available_today - usd("12")
    assert total.reserved == usd("12")
    lines = home.services.plan_views.summary().lines
    assert {(line.budget.entity_id, shown(line.reserved)) for line in lines} >= {("ORG", "12"), ("pcc", "12")}
    assert home.services.plan_views.board().lines == list(lines)
    assert [(each.hold_id, each.project_id) for each in home.services.holds.open()] == [(held.hold_id, "pcc")]
    assert "$18.00 is all that pcc has left and not held" in refused(home, "18.01", "18")
    with pytest.raises(InsufficientBudget, match=r"\$18\.00 is all that pcc has unspent and not held"):
        home.transfer("pcc", "web", "18.01")
    home.transfer("pcc", "web", "1")
    later = home.later(seconds=60)
    assert (later.pace("pcc").reserved, later.services.holds.open()) == (0, [])
    assert shown(hold(later, "29").available) == "0"


@pytest.mark.both_engines
def test_a_hold_is_settled_once_with_the_full_cost(home: AgentHome) -> None:
    held = hold(home, "12").hold_id
    for _ in range(2):
        ended = home.services.holds.settle(held, Settlement(usd("15.50"), provider="openai"))
        assert (shown(ended.amount), shown(ended.settled or 0)) == ("12", "15.5")
    pace = home.pace("pcc")
    assert (shown(pace.spent), pace.reserved) == ("25.5", 0)
    with pytest.raises(Conflict, match=r"was settled with \$15\.50"):
        home.services.holds.settle(held, Settlement(usd("15")))
    for other in ({"provider": "aws"}, {"category": Category.CLOUD}):
        with pytest.raises(Conflict, match="was settled with"):
            home.services.holds.settle(held, Settlement(usd("15.50"), **other))  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="already settled"):
        home.services.holds.release(held)
    assert home.services.undo.undo().what == "pcc: 1 cost recorded, $15.50"
    assert home.services.database.check().problems == ()


@pytest.mark.both_engines
def test_a_hold_whose_settlement_is_undone_is_held_again(home: AgentHome) -> None:
    held = hold(home, "12").hold_id
    spent = home.pace("pcc").spent
    home.services.holds.settle(held, Settlement(usd("4")))
    home.services.undo.undo()
    pace = home.pace("pcc")
    assert (pace.spent, shown(pace.reserved)) == (spent, "12")
    home.services.undo.redo()
    assert (home.pace("pcc").spent - spent, home.pace("pcc").reserved) == (usd("4"), 0)
    with pytest.raises(Conflict, match=r"was settled with \$4\.00"):
        home.services.holds.settle(held, Settlement(usd("5")))
    home.services.undo.undo()
    other = replace(home.services, context=replace(home.services.context, actor="bert"))
    other.holds.settle(held, Settlement(usd("5")))
    assert home.pace("pcc").spent - spent == usd("5")
    with pytest.raises(Conflict, match="was settled again since"):
        home.services.undo.redo()


@pytest.mark.both_engines
def test_a_hold_that_was_released_before_its_settlement_is_redone_stays_released(home: AgentHome) -> None:
    held = hold(home, "12").hold_id
    home.services.holds.settle(held, Settlement(usd("4")))
    home.services.undo.undo()
    home.services.holds.release(held)
    home.services.undo.redo()
    home.services.undo.undo()
    assert home.pace("pcc").reserved == 0


def test_a_hold_that_is_over_is_settled_all_the_same(home: AgentHome) -> None:
    expired, released, free = (hold(home, "5", seconds=60).hold_id for _ in range(3))
    home.services.holds.release(released)
    assert home.services.holds.release(released).settled is None
    later = home.later(seconds=61)
    hold(later, "30")
    for each in (expired, released):
        later.services.holds.settle(each, Settlement(usd("4")))
    later.services.holds.settle(free, Settlement(0))
    assert shown(later.pace("pcc").spent) == "18"
    held = hold(later, "5", "web").hold_id
    later.services.projects.archive("web")
    later.services.holds.settle(held, Settlement(usd("4")))
    assert shown(later.snapshot.total.spent) == "22"
    with pytest.raises(NotFound, match="no hold 'nothing'"):
        later.services.holds.settle("nothing", Settlement(1))


def test_what_was_held_before_a_close_counts_in_its_own_period(home: AgentHome) -> None:
    january = home_with_agents(home.address, NOON, date(2026, 1, 31))
    held = hold(january, "12").hold_id
    february = home_with_agents(home.address, NOON, date(2026, 2, 1))
    assert february.pace("pcc").reserved == 0
    february.services.holds.settle(held, Settlement(usd("9")))
    assert february.pace("pcc").spent == 0
    assert home.rows("SELECT day FROM cost WHERE amount_nanos = 9000000000") == [(20260131,)]


def test_todays_share_bounds_a_hold_that_asks_for_it(home: AgentHome) -> None:
    """$40 over 19 days is $2.11 a day, of which $10 are spent; for web it is all there."""
    assert "all that pcc has available today" in refused(home, "0.01", "0", with_today=True)
    hold(home, "2", "web", with_today=True)
    refused(home, "0.11", "0.105263158", with_today=True, project="web")
    hold(home, "38", "web")


@pytest.mark.both_engines
def test_every_enforced_budget_on_the_path_bounds_a_hold(home: AgentHome) -> None:
    home.services.entities.add("ENG", level="department")
    home.services.entities.move("pcc", "ENG")
    hold(home, "1")
    change(home.address, "UPDATE entity SET enforced = true WHERE entity_id = ?", "ENG")
    hold(home, "1")  # it has no budget to enforce
    home.services.plans.create(plan_of("ENG", "total", "15", "2026"))
    assert "$3.00 is all that ENG has left" in refused(home, "3.01", "3")
    home.services.plans.create(plan_of("ENG", "total", "1", "2026", "openai"))  # what is held may be another's
    home.budget("12.5")
    change(home.address, "UPDATE entity SET enforced = true WHERE entity_id = ?", ROOT_ID)
    assert "$0.50 is all that Default has left" in refused(home, "0.51", "0.5")
    hold(home, "0.5")


@pytest.mark.parametrize("wrong", [{"amount": 0}, {"amount": -1}, {"seconds": 0}, {"seconds": 604_801}])
def test_what_is_no_hold_is_refused(home: AgentHome, wrong: dict[str, int]) -> None:
    with pytest.raises(Refused):
        home.services.holds.hold(**{"project_id": "pcc", "amount": 1, "seconds": 60, **wrong})
    assert home.services.holds.open() == []


def test_the_same_key_holds_once(home: AgentHome) -> None:
    first, again = (home.services.holds.hold("pcc", usd("5"), key="k") for _ in range(2))
    assert first == again
    assert shown(home.pace("pcc").reserved) == "5"


@pytest.mark.both_engines
def test_threads_never_hold_more_than_there_is(home: AgentHome) -> None:
    ready = threading.Barrier(THREADS)

    def take() -> int:
        mine, held = home.later(seconds=0), 0
        ready.wait(timeout=120)
        for _ in range(5):
            try:
                held += hold(mine, "1.10").amount
            except InsufficientBudget:
                continue
        return held

    with ThreadPoolExecutor(THREADS) as pool:
        taken = sum(done.result(timeout=120) for done in [pool.submit(take) for _ in range(THREADS)])
    assert shown(taken) == "29.7"  # 27 times $1.10 of $30, of 40 attempts
    assert home.pace("pcc").reserved == taken


# Over the turn of a period


@pytest.fixture
def january(home: AgentHome) -> AgentHome:
    """What is unspent of pcc carries over: $30 of its $40."""
    home.services.budgets.set_carry(CarryPolicy.UNSPENT, None, "pcc")
    home.services.budgets.set_carry(CarryPolicy.UNSPENT, None, "")
    return home


def at(home: AgentHome, moment: str) -> Home:
    return Home(home.services).at(moment)


def carried(home: Home) -> tuple[str, str, str]:
    """What was carried over into pcc and into the total, and what pcc has."""
    line = home.snapshot.project("pcc")
    return shown(line.carry.carried), shown(home.snapshot.carry.carried), shown(line.pace.allocation)


@pytest.mark.both_engines
def test_what_is_held_when_a_period_closes_counts_in_it_and_is_not_carried_over(january: AgentHome) -> None:
    eve = at(january, "2026-01-31T23:00")
    held = eve.services.holds.hold("pcc", usd("12"), 7 * 86_400)
    february = at(january, "2026-02-01T09:00")
    assert carried(february) == ("18", "78", "58"), "foreseen"
    february.spend("web", "1")
    assert carried(february) == ("18", "78", "58"), "opened"
    february.services.holds.settle(held.hold_id, Settlement(usd("5")))
    assert carried(february) == ("25", "85", "65")


@pytest.mark.both_engines
@pytest.mark.parametrize("is_released", [True, False])
def test_what_is_held_no_longer_is_carried_over_after_all(january: AgentHome, is_released: bool) -> None:
    eve = at(january, "2026-01-31T23:00")
    held = eve.services.holds.hold("pcc", usd("12"), 86_400)
    february = at(january, "2026-02-01T09:00")
    february.spend("web", "1")
    if is_released:
        february.services.holds.release(held.hold_id)
    else:
        february = at(january, "2026-02-02T09:00")
        february.spend("web", "1")
    assert carried(february) == ("30", "90", "70")


def test_a_close_by_hand_leaves_what_is_held(january: AgentHome) -> None:
    hold(january, "12")
    [line] = [line for line in january.services.periods.preview_close().lines if line.project_id == "pcc"]
    assert shown(line.carried) == "18"


def test_a_hold_takes_what_an_ended_one_of_the_last_period_held(january: AgentHome) -> None:
    eve = at(january, "2026-01-31T23:00")
    eve.services.holds.hold("pcc", usd("12"), 7_200)
    february = at(january, "2026-02-01T00:30")
    february.spend("web", "1")
    with pytest.raises(InsufficientBudget):
        february.services.holds.hold("pcc", usd("60"))
    later = at(january, "2026-02-01T09:00")
    later.services.holds.hold("pcc", usd("60"))
    assert carried(later) == ("30", "90", "70")


def test_what_is_held_makes_no_debt_that_nobody_spent(january: AgentHome) -> None:
    january.services.budgets.set_carry(CarryPolicy.BOTH, None, "pcc")
    eve = at(january, "2026-01-31T23:00")
    eve.services.holds.hold("pcc", usd("30"), 7 * 86_400)
    eve.spend("pcc", "25")
    assert carried(at(january, "2026-02-01T09:00"))[0] == "0"
