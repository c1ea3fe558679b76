"""Agents' tokens: a hard limit, holds that end by themselves, keys that count once."""

from datetime import timedelta
from pathlib import Path

import pytest

from budget_tui.domain.amount import LIMIT_COUNT
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.errors import Conflict, InsufficientBudget, NotFound, Refused
from budget_tui.domain.pacing import Status
from tests.databases import Engine
from tests.services.agents_home import AgentHome, home_with_agents


def with_scout(path: Path) -> None:
    home = home_with_agents(path)
    home.add("pcc")
    home.services.agents.add("scout", "pcc", "Scout", tokens=1000)


@pytest.fixture
def home(engine: Engine) -> AgentHome:
    """A project with an agent that may use 1,000 tokens."""
    return home_with_agents(engine.new(with_scout))


def insufficient(home: AgentHome, available: int, agent: str = "scout", tokens: int = 0) -> None:
    with pytest.raises(InsufficientBudget) as refused:
        home.services.agents.consume(agent, tokens or available + 1)
    assert refused.value.available == available
    assert f"{available:,}" in str(refused.value)


# Agents


def test_an_agent_begins_with_what_it_was_given(home: AgentHome) -> None:
    budget = home.budget_of()
    assert (budget.name, budget.project_id, budget.model) == ("Scout", "pcc", "")
    assert home.counts() == (1000, 0, 0)


@pytest.mark.both_engines
def test_agents_are_listed_in_the_order_of_adding(home: AgentHome) -> None:
    home.services.agents.add("critic", "pcc")
    assert [(agent.agent_id, agent.name) for agent in home.services.agents.all()] == [
        ("scout", "Scout"),
        ("critic", "critic"),
    ]


@pytest.mark.parametrize("taken", ["scout", "pcc", "SCOUT", "Scout"])
def test_an_id_or_name_that_is_taken_is_a_conflict(home: AgentHome, taken: str) -> None:
    with pytest.raises(Conflict):
        home.services.agents.add(taken, "pcc")


def test_an_agent_needs_a_project_that_is_there(home: AgentHome) -> None:
    with pytest.raises(NotFound):
        home.services.agents.add("critic", "nobody")
    with pytest.raises(Refused):
        home.services.agents.add("critic", "scout")
    home.services.projects.archive("pcc")
    with pytest.raises(NotFound):
        home.services.agents.add("critic", "pcc")


@pytest.mark.parametrize("unknown", ["nobody", "pcc", "ORG", "SCOUT"])
def test_what_is_no_agent_is_not_found(home: AgentHome, unknown: str) -> None:
    agents = home.services.agents
    for command in (
        lambda: agents.consume(unknown, 1),
        lambda: agents.allocate(unknown, 1),
        lambda: agents.top_up(unknown, 1),
        lambda: agents.reserve(unknown, 1),
        lambda: agents.get(unknown),
        lambda: agents.archive(unknown),
        lambda: agents.rename(unknown, "x"),
    ):
        with pytest.raises(NotFound):
            command()


def test_an_archived_agent_is_gone_with_its_budget_and_comes_back_with_it(home: AgentHome) -> None:
    agents = home.services.agents
    agents.consume("scout", 300)
    agents.archive("scout")
    assert agents.all() == []
    with pytest.raises(NotFound, match="archived"):
        agents.consume("scout", 1)
    agents.add("scout", "pcc")
    assert home.counts() == (1000, 300, 0)
    agents.archive("scout")
    agents.add("scout", "pcc", tokens=500)
    assert home.counts() == (500, 300, 0)


def test_an_agent_is_brought_back_where_it_was(home: AgentHome) -> None:
    home.add("other")
    home.services.agents.archive("scout")
    with pytest.raises(Conflict, match="belongs to pcc"):
        home.services.agents.add("scout", "other")


@pytest.mark.both_engines
def test_the_agents_of_an_archived_project_wait_for_it(home: AgentHome) -> None:
    home.services.projects.archive("pcc")
    assert home.services.agents.all() == []
    with pytest.raises(NotFound, match="archived"):
        home.services.agents.consume("scout", 1)
    home.services.projects.add("pcc")
    home.services.agents.consume("scout", 1)
    assert home.counts() == (1000, 1, 0)


@pytest.mark.both_engines
def test_a_rename_keeps_the_id(home: AgentHome) -> None:
    home.services.agents.rename("scout", "Pathfinder")
    assert home.budget_of().name == "Pathfinder"
    with pytest.raises(Conflict):
        home.services.agents.rename("scout", "PCC")


# Allocating and using


def test_tokens_are_taken_whole_or_not_at_all(home: AgentHome) -> None:
    agents = home.services.agents
    assert agents.consume("scout", 600).available_tokens == 400
    insufficient(home, 400)
    assert home.counts() == (1000, 600, 0)
    agents.consume("scout", 400)
    insufficient(home, 0)
    assert home.budget_of().status is Status.EXHAUSTED


@pytest.mark.parametrize("tokens", [0, -1, True, 1.0, "5", LIMIT_COUNT + 1])
def test_what_is_no_number_of_tokens_is_refused(home: AgentHome, tokens: int) -> None:
    agents = home.services.agents
    for command in (agents.consume, agents.reserve, agents.top_up):
        with pytest.raises(Refused):
            command("scout", tokens)
    assert home.counts() == (1000, 0, 0)


def test_the_largest_number_of_tokens_is_beyond_what_is_there(home: AgentHome) -> None:
    home.services.agents.consume("scout", 1)
    insufficient(home, 999, tokens=LIMIT_COUNT)
    with pytest.raises(InsufficientBudget):
        home.services.agents.reserve("scout", LIMIT_COUNT)


def test_an_allocation_is_set_and_topped_up_but_never_below_what_is_used_and_held(home: AgentHome) -> None:
    agents = home.services.agents
    agents.consume("scout", 300)
    agents.reserve("scout", 100)
    with pytest.raises(Refused, match=r"used 300 tokens and reserved 100; allocate 400 or more"):
        agents.allocate("scout", 399)
    assert agents.allocate("scout", 400).available_tokens == 0
    assert agents.top_up("scout", 50).available_tokens == 50
    assert home.counts() == (450, 300, 100)
    with pytest.raises(Refused):
        agents.top_up("scout", LIMIT_COUNT)


@pytest.mark.both_engines
def test_an_allocation_typed_over_one_that_changed_is_a_conflict(home: AgentHome) -> None:
    home.services.agents.top_up("scout", 1)
    with pytest.raises(Conflict, match="1,001 tokens"):
        home.services.agents.allocate("scout", 5, seen=1000)


@pytest.mark.both_engines
def test_changes_are_in_the_audit_trail_and_use_is_not(home: AgentHome) -> None:
    agents = home.services.agents
    agents.allocate("scout", 2000)
    agents.allocate("scout", 2000)
    agents.top_up("scout", 5)
    agents.consume("scout", 100)
    agents.archive("scout")
    log = [(entry.action, entry.subject, entry.before, entry.after) for entry in home.log]
    assert log[:3] == [
        ("agent.archive", "scout", {"tokens": 2005}, None),
        ("agent.top-up", "scout", {"tokens": 2000}, {"tokens": 2005}),
        ("agent.allocate", "scout", {"tokens": 1000}, {"tokens": 2000}),
    ]


# Keys


def test_the_same_key_counts_once_and_answers_alike(home: AgentHome) -> None:
    agents = home.services.agents
    first = agents.consume("scout", 100, key="k")
    agents.consume("scout", 50)
    assert agents.consume("scout", 100, key="k") == first
    assert agents.top_up("scout", 10, key="k") == agents.top_up("scout", 10, key="k")
    held = agents.reserve("scout", 20, key="k")
    assert agents.reserve("scout", 20, key="k") == held
    settled = agents.settle(held.reservation_id, 15, key="k")
    assert agents.settle(held.reservation_id, 15, key="k") == settled
    assert home.counts() == (1010, 165, 0)


def test_a_key_used_for_another_request_is_a_conflict(home: AgentHome) -> None:
    agents = home.services.agents
    agents.consume("scout", 100, key="k")
    for tokens, output in ((101, 0), (100, 1)):
        with pytest.raises(Conflict):
            agents.consume("scout", tokens, output, key="k")
    assert home.counts() == (1000, 100, 0)


def test_a_refusal_is_not_remembered(home: AgentHome) -> None:
    with pytest.raises(InsufficientBudget):
        home.services.agents.consume("scout", 1100, key="k")
    home.services.agents.top_up("scout", 100)
    assert home.services.agents.consume("scout", 1100, key="k").available_tokens == 0


# Holding


def test_what_is_held_is_no_longer_available_and_what_is_settled_is_used(home: AgentHome) -> None:
    agents = home.services.agents
    held = agents.reserve("scout", 700)
    assert (held.tokens, held.available_tokens) == (700, 300)
    insufficient(home, 300)
    assert agents.settle(held.reservation_id, 450).available_tokens == 550
    assert home.counts() == (1000, 450, 0)


def test_more_than_was_held_is_settled_if_it_fits_else_the_hold_stays(home: AgentHome) -> None:
    agents = home.services.agents
    held = agents.reserve("scout", 700)
    agents.consume("scout", 200)
    with pytest.raises(InsufficientBudget) as refused:
        agents.settle(held.reservation_id, 801)
    assert refused.value.available == 800
    assert home.counts() == (1000, 200, 700)
    agents.settle(held.reservation_id, 800)
    assert home.counts() == (1000, 1000, 0)


def test_nothing_at_all_may_have_been_needed(home: AgentHome) -> None:
    held = home.services.agents.reserve("scout", 700)
    home.services.agents.settle(held.reservation_id, 0)
    assert home.counts() == (1000, 0, 0)


@pytest.mark.both_engines
def test_a_reservation_ends_once(home: AgentHome) -> None:
    agents = home.services.agents
    settled, released = (agents.reserve("scout", 100).reservation_id for _ in range(2))
    assert agents.settle(settled, 50, output=20) == agents.settle(settled, 50, output=20)
    agents.release(released)
    assert agents.release(released).available_tokens == 950
    for command in (
        lambda: agents.settle(settled, 51, output=20),
        lambda: agents.settle(settled, 50),
        lambda: agents.settle(settled, 50, output=20, cached=1),
        lambda: agents.settle(released, 1),
        lambda: agents.release(settled),
    ):
        with pytest.raises(Conflict):
            command()
    with pytest.raises(NotFound):
        agents.settle("nothing", 1)
    assert home.counts() == (1000, 50, 0)


def test_a_hold_whose_time_is_up_is_free_for_who_looks(home: AgentHome) -> None:
    home.services.agents.reserve("scout", 700, seconds=60)
    assert home.later(seconds=59).counts() == (1000, 0, 700)
    assert home.later(seconds=60).counts() == (1000, 0, 0)
    assert home.rows("SELECT state FROM reservation") == [("held",)]


@pytest.mark.parametrize("command", ["consume", "reserve", "allocate"])
def test_a_hold_whose_time_is_up_is_freed_by_who_writes(home: AgentHome, command: str) -> None:
    home.services.agents.reserve("scout", 700, seconds=60)
    home.services.agents.reserve("scout", 100, seconds=600)
    later = home.later(seconds=60)
    getattr(later.services.agents, command)("scout", 900)
    assert sum(later.counts()[1:]) == {"consume": 1000, "reserve": 1000, "allocate": 100}[command]
    assert home.rows("SELECT state FROM reservation WHERE tokens = 700") == [("expired",)]
    assert home.rows("SELECT state FROM reservation WHERE tokens = 100") == [("held",)]


@pytest.mark.both_engines
def test_a_hold_whose_time_is_up_can_no_longer_be_settled_and_is_released_already(home: AgentHome) -> None:
    held = home.services.agents.reserve("scout", 700, seconds=60).reservation_id
    later = home.later(seconds=60)
    with pytest.raises(Conflict, match="record the use"):
        later.services.agents.settle(held, 700)
    later.services.agents.consume("scout", 1000)
    with pytest.raises(Conflict, match="over its time"):
        later.services.agents.settle(held, 700)
    assert later.services.agents.release(held).reserved_tokens == 0
    assert later.counts() == (1000, 1000, 0)


@pytest.mark.parametrize("seconds", [0, -1, True, 1.5, 7 * 86_400 + 1])
def test_a_hold_lasts_from_a_second_to_a_week(home: AgentHome, seconds: int) -> None:
    with pytest.raises(Refused):
        home.services.agents.reserve("scout", 1, seconds=seconds)


# Time


def test_a_new_period_begins_with_the_same_tokens_whoever_notices(home: AgentHome) -> None:
    home.services.agents.consume("scout", 900)
    february = home.later(days=31)
    assert february.counts() == (1000, 0, 0)  # looking does not write
    assert home.rows("SELECT count(*) FROM period_close") == [(0,)]
    february.services.agents.consume("scout", 100)
    assert february.counts() == (1000, 100, 0)
    assert home.counts() == (1000, 900, 0)


@pytest.mark.both_engines
def test_the_budget_of_a_closed_period_stays_as_it_was(home: AgentHome) -> None:
    home.later(days=31).services.agents.consume("scout", 1)
    for command in (home.services.agents.consume, home.services.agents.allocate, home.services.agents.top_up):
        with pytest.raises(Refused, match="closed"):
            command("scout", 5)


def test_a_period_closed_by_hand_stops_no_agent_for_the_rest_of_the_day(home: AgentHome) -> None:
    home.services.agents.consume("scout", 300)
    home.services.periods.close()
    home.services.agents.consume("scout", 100)
    assert home.counts() == (1000, 400, 0)
    with pytest.raises(InsufficientBudget):
        home.services.agents.reserve("scout", 700)
    with pytest.raises(Refused, match="closed"):
        home.services.agents.top_up("scout", 5)
    assert home.rows("SELECT spent FROM period_close_line WHERE unit = 'token'") == [(300,)]
    tomorrow = home.later(days=1)
    tomorrow.services.agents.consume("scout", 1000)
    assert tomorrow.counts() == (1000, 1000, 0)


def test_what_was_held_over_the_end_of_a_period_is_used_of_the_one_that_held_it(home: AgentHome) -> None:
    held = home.services.agents.reserve("scout", 700, seconds=600_000).reservation_id
    february = home_with_agents(home.address, home.moment, today=home.moment.date().replace(month=2))
    february.services.agents.settle(held, 500)
    assert february.counts() == (1000, 0, 0)
    assert home.counts() == (1000, 500, 0)


@pytest.mark.parametrize("used_first", [0, 100])
def test_what_is_held_does_not_come_along_as_well(home: AgentHome, used_first: int) -> None:
    """Of two periods with 1,000 each, what was held over the turn must not make more than 2,000."""
    agents = home.services.agents
    agents.set_carry("scout", CarryPolicy.UNSPENT)
    if used_first:
        agents.consume("scout", used_first)
    held = agents.reserve("scout", 700, seconds=600_000).reservation_id
    agents.reserve("scout", 50, seconds=60)
    february = home_with_agents(home.address, home.later(hours=1).moment, today=home.moment.date().replace(month=2))
    carried = 300 - used_first  # the hold whose time is up comes along
    assert february.counts() == (1000 + carried, 0, 0)
    february.services.agents.consume("scout", 1000 + carried)
    assert february.counts() == (1000 + carried, 1000 + carried, 0)
    with pytest.raises(InsufficientBudget) as refused:
        february.services.agents.settle(held, 701)
    assert refused.value.available == 700
    february.services.agents.settle(held, 700)
    assert home.rows("SELECT sum(used) FROM budget WHERE budget_type = 'token'") == [(2000,)]


def test_what_is_used_after_a_close_by_hand_is_not_there_tomorrow(home: AgentHome) -> None:
    agents = home.services.agents
    agents.set_carry("scout", CarryPolicy.UNSPENT, 600)
    agents.consume("scout", 300)
    home.services.periods.close()
    tomorrow = home.later(days=1)
    assert tomorrow.counts() == (1600, 0, 0)
    agents.consume("scout", 100)  # beyond the cap: it would have been lost
    assert tomorrow.counts() == (1600, 0, 0)
    agents.consume("scout", 200)
    held = agents.reserve("scout", 100, seconds=600_000).reservation_id
    assert tomorrow.counts() == (1300, 0, 0)
    tomorrow.services.agents.consume("scout", 1200)
    with pytest.raises(InsufficientBudget) as refused:
        tomorrow.services.agents.settle(held, 250)
    assert refused.value.available == 200
    tomorrow.services.agents.settle(held, 200)
    assert tomorrow.counts() == (1200, 1200, 0)
    assert home.counts() == (1000, 800, 0)


def test_more_than_can_be_counted_is_told_in_tokens(home: AgentHome) -> None:
    with pytest.raises(Refused, match="that is too many tokens"):
        home.services.agents.top_up("scout", LIMIT_COUNT)
    assert home.counts() == (1000, 0, 0)


def test_what_was_answered_is_answered_alike_when_the_period_is_closed(home: AgentHome) -> None:
    added = home.services.agents.top_up("scout", 5, key="k")
    home.services.periods.close()
    assert home.services.agents.top_up("scout", 5, key="k") == added
    with pytest.raises(Refused, match="closed"):
        home.services.agents.top_up("scout", 5, key="other")


def test_the_rate_is_that_of_the_last_day(home: AgentHome) -> None:
    home.later(hours=-30).services.agents.consume("scout", 5)
    home.later(hours=-4).services.agents.consume("scout", 300)
    home.services.agents.consume("scout", 100)
    budget = home.budget_of()
    assert budget.rate_per_hour == 100
    assert budget.available_tokens == 595
    assert budget.runs_out_at is not None
    assert budget.runs_out_at - home.moment == (home.later(hours=5, minutes=57).moment - home.moment)


def test_the_end_is_told_as_of_the_day_that_is_looked_at(home: AgentHome) -> None:
    home.later(hours=-4).services.agents.consume("scout", 300)
    today = home.budget_of().runs_out_at
    another_day = home_with_agents(home.address, home.moment, home.moment.date() + timedelta(days=5)).budget_of()
    assert today is not None
    assert another_day.runs_out_at == today + timedelta(days=5)


def test_an_agent_that_does_nothing_never_runs_out(home: AgentHome) -> None:
    assert (home.budget_of().rate_per_hour, home.budget_of().runs_out_at) == (0, None)


# Whose


@pytest.mark.both_engines
def test_a_project_knows_the_sums_of_its_agents(home: AgentHome) -> None:
    home.add("other")
    home.services.agents.add("critic", "pcc", tokens=500)
    home.services.agents.add("stranger", "other", tokens=7)
    home.services.agents.consume("critic", 100)
    home.services.agents.reserve("scout", 50)
    sums = home.services.agents.sums_of("pcc")
    assert (sums.agents, sums.allocated_tokens, sums.used_tokens, sums.reserved_tokens) == (2, 1500, 100, 50)
    assert sums.available_tokens == 1350


@pytest.mark.both_engines
def test_another_organization_sees_none_of_it(home: AgentHome) -> None:
    held = home.services.agents.reserve("scout", 100).reservation_id
    with home.services.context.work() as work:
        work.unit.organizations.add("acme", "Acme", "EUR", "UTC", work.now)
        work.commit()
    agents = home.in_organization("acme").services.agents
    for command in (lambda: agents.release(held), lambda: agents.settle(held, 1), lambda: agents.consume("scout", 1)):
        with pytest.raises(NotFound):
            command()
    assert agents.all() == []
    assert home.counts() == (1000, 0, 100)
