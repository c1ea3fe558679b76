"""The gate says whether it may be spent, and takes nothing."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from budget_tui.domain.errors import InsufficientBudget, NotFound, Refused
from budget_tui.services.demo import SHOWN_ON, load_demo
from budget_tui.services.gate import GateRequest, Verdict
from tests.databases import Address, Engine
from tests.services.agents_home import NOON, AgentHome, home_with_agents
from tests.services.conftest import Home, shown, usd
from tests.services.planning import bill


def with_scout(address: Address) -> None:
    home = home_with_agents(address)
    home.budget("100")
    home.add("pcc", allocate="40")
    home.spend("pcc", "10")
    home.services.agents.add("scout", "pcc", "Scout", tokens=1000)


@pytest.fixture
def home(engine: Engine) -> AgentHome:
    """A project with $40, of which $10 are spent today, and an agent with 1,000 tokens."""
    return home_with_agents(engine.new(with_scout))


def ask(home: AgentHome, estimate: str = "0", *, project: str = "", agent: str = "", today: bool = False) -> Verdict:
    return home.services.gate.ask(GateRequest(project, agent, usd(estimate), today))


@pytest.mark.both_engines
def test_it_may_be_spent_as_long_as_it_could_be_held(home: AgentHome) -> None:
    before = home.content
    verdict = ask(home, "30", project="pcc")
    assert (verdict.is_allowed, verdict.reason, shown(verdict.available)) == (True, "", "30")
    assert ask(home, "30.01", project="pcc").reason == "$30.00 is all that pcc has left and not held"
    assert ask(home, "0.01", project="pcc", today=True).reason == "$0.00 is all that pcc has available today"
    assert shown(ask(home).available) == "90"
    assert home.content == before
    home.services.holds.hold("pcc", usd("30"))
    assert not ask(home, project="pcc").is_allowed
    assert ask(home, "60").is_allowed
    home.services.entities.enforce("ORG", True)
    home.budget("12")
    home.allocate("pcc", "100")
    for agent in ("", "scout"):
        verdict = ask(home, "1", project="pcc", agent=agent)
        assert (verdict.is_allowed, verdict.bound_by) == (False, "Default")
    with pytest.raises(InsufficientBudget):
        home.services.holds.hold("pcc", 1)


@pytest.mark.both_engines
def test_an_agent_needs_tokens_and_its_projects_money(home: AgentHome) -> None:
    assert ask(home, "30", agent="scout").available_tokens == 1000
    assert ask(home, "31", agent="scout").bound_by == "pcc"
    home.services.agents.reserve("scout", 400, seconds=60)
    home.services.agents.consume("scout", 600)
    assert ask(home, agent="scout").reason == "scout has no tokens left"
    assert ask(home.later(seconds=60), agent="scout").available_tokens == 400
    assert ask(home, "30", project="pcc").is_allowed


def test_in_a_period_that_nobody_has_opened_it_is_what_a_hold_would_find(home: AgentHome) -> None:
    home.services.agents.consume("scout", 600)
    february = home_with_agents(home.address, NOON, date(2026, 2, 1))
    verdict = ask(february, "40", agent="scout")
    assert (verdict.is_allowed, shown(verdict.available), verdict.available_tokens) == (True, "40", 1000)
    assert not ask(february, "40.01", project="pcc").is_allowed


def test_it_says_of_every_project_what_the_screens_show(fresh: Callable[..., Home]) -> None:
    home = fresh(SHOWN_ON)
    load_demo(home.services.context)
    for organization in ("default", "studio", "acme"):
        services = home.services.of_organization(organization)
        services.fx.set("EUR", "USD", Decimal("1.1"), date(2026, 1, 1))
        first = services.snapshots.current().projects[0].project_id
        costs = [(project, "3", "EUR", "2026-01-12", "OpenAI") for project in (first, "nobody")]
        bill(services, *costs)
        snapshot = services.snapshots.current()
        services.snapshots.close()
        for project_id, pace in [("", snapshot.total), *((line.project_id, line.pace) for line in snapshot.projects)]:
            for today, left in ((False, pace.free), (True, min(pace.free, pace.available_today))):
                verdict = services.gate.ask(GateRequest(project_id, with_today=today))
                assert verdict.available == max(0, left), project_id
                assert verdict.data_through == snapshot.data_through


def test_what_cannot_be_asked_is_refused(home: AgentHome) -> None:
    home.add("web")
    for unknown in ({"project": "nothing"}, {"agent": "nobody"}, {"agent": "pcc"}, {"project": "scout"}):
        with pytest.raises(NotFound):
            ask(home, **unknown)
    with pytest.raises(Refused, match="not of web"):
        ask(home, project="web", agent="scout")
    with pytest.raises(Refused, match="negative"):
        ask(home, "-1")
