"""Enforced agents: their tokens are refused when their project's money is exhausted."""

import pytest

from budget_tui.domain.errors import InsufficientBudget, NotFound, Refused
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.tokens import TokenKind
from budget_tui.services.entities import EntityChange
from budget_tui.services.holds import Settlement
from tests.databases import Address, Engine
from tests.services.agents_home import AgentHome, home_with_agents
from tests.services.conftest import shown, usd
from tests.services.planning import plan_of


def with_prices(address: Address) -> None:
    home = home_with_agents(address)
    home.budget("100")
    home.add("pcc", "web", allocate="3")
    agents = home.services.agents
    agents.add("scout", "pcc", model="opus", tokens=10_000_000, enforced=True)
    agents.add("free", "pcc", model="opus", tokens=10_000_000)
    agents.add("bare", "web", tokens=10_000_000)
    home.services.token_prices.set("opus", {TokenKind.INPUT: usd("2"), TokenKind.OUTPUT: usd("10")})


@pytest.fixture
def home(engine: Engine) -> AgentHome:
    """A project with $3 and two agents at $2 and $10 a million tokens, of which scout is enforced; another project."""
    return home_with_agents(engine.new(with_prices))


def consume(home: AgentHome, tokens: int, output: int = 0, agent: str = "scout") -> None:
    home.services.agents.consume(agent, tokens, output)


@pytest.mark.both_engines
def test_tokens_are_refused_when_the_money_is_exhausted(home: AgentHome) -> None:
    consume(home, 1_000_000)
    with pytest.raises(InsufficientBudget) as refused:
        consume(home, 500_001)
    assert refused.value.available == 500_000
    assert "$1.00 is all that pcc has left and not held, and 500,001 tokens of scout cost" in str(refused.value)
    assert home.counts() == (10_000_000, 1_000_000, 0)
    with pytest.raises(InsufficientBudget):
        consume(home, 100_001, output=100_001)
    consume(home, 100_000, output=100_000)
    assert shown(home.pace("pcc").remaining) == "0"
    with pytest.raises(InsufficientBudget, match=r"\$0\.00 is all that pcc has"):
        consume(home, 1)
    consume(home, 1_000_000, agent="free")  # nobody enforces it
    home.allocate("pcc", "+3")
    consume(home, 500_000)
    assert home.services.database.check().problems == ()


@pytest.mark.both_engines
def test_money_that_is_held_and_tokens_that_are_reserved_leave_less_of_each_other(home: AgentHome) -> None:
    held = home.services.holds.hold("pcc", usd("1")).hold_id
    with pytest.raises(InsufficientBudget, match=r"\$2\.00 is all"):
        home.services.agents.reserve("scout", 200_001)
    reserved = home.services.agents.reserve("scout", 200_000, seconds=60).reservation_id  # at the dearest kind's price
    assert shown(home.pace("pcc").reserved) == "3"
    with pytest.raises(InsufficientBudget):
        home.services.holds.hold("pcc", 1)
    with pytest.raises(NotFound):
        home.services.agents.settle(held, 1)
    with pytest.raises(NotFound):
        home.services.holds.settle(reserved, Settlement(1))
    with pytest.raises(InsufficientBudget):  # for more than was reserved there is no money
        home.services.agents.settle(reserved, 1_000_001)
    home.services.agents.settle(reserved, 1_000_000)
    assert (shown(home.pace("pcc").reserved), shown(home.pace("pcc").spent)) == ("1", "2")
    home.services.holds.release(held)
    home.services.agents.reserve("scout", 100_000, seconds=60)
    assert shown(home.pace("pcc").free) == "0"
    assert shown(home.later(seconds=60).pace("pcc").free) == "1"


def test_without_a_price_an_enforced_agent_is_refused(home: AgentHome) -> None:
    home.services.entities.enforce("web", True)
    assert home.budget_of("bare").enforced
    consume(home, 300_000, output=300_000, agent="bare")  # the dearest price that stands
    with pytest.raises(InsufficientBudget, match=r"300,001 tokens of bare cost \$3\.00"):
        consume(home, 300_001, output=300_001, agent="bare")
    home.services.agents.add("new", "web", model="unheard-of", tokens=10)
    with pytest.raises(Refused, match="the model unheard-of of new has no price, and money is enforced"):
        consume(home, 1, agent="new")
    home.services.entities.enforce("web", False)
    consume(home, 1, agent="new")


def test_every_enforced_entity_above_bounds_what_its_budgets_contain(home: AgentHome) -> None:
    home.services.entities.add("ENG", level="department")
    home.services.entities.move("pcc", "ENG")
    home.services.plans.create(plan_of("ENG", "genai", "1", "2026"))
    home.services.plans.create(plan_of("ENG", "cloud", "0.5", "2026"))
    home.services.plans.create(plan_of("ENG", "total", "0.2", "2026", "openai"))
    consume(home, 100_000)
    home.services.entities.enforce("ENG", True)
    with pytest.raises(InsufficientBudget, match=r"\$0\.80 is all that ENG has"):
        consume(home, 400_001)
    consume(home, 400_000, agent="scout")
    with pytest.raises(InsufficientBudget):
        consume(home, 1, agent="free")
    home.services.holds.hold("pcc", usd("1"))  # what for, nobody knows yet


@pytest.mark.both_engines
def test_enforcing_is_a_change_like_any_other(home: AgentHome) -> None:
    entities, undo = home.services.entities, home.services.undo
    entities.enforce("pcc", True)
    entities.enforce("pcc", True)
    assert [line.enforced for line in home.snapshot.projects] == [True, False]
    assert [(entry.action, entry.subject) for entry in home.log][:1] == [("entity.enforce", "pcc")]
    assert undo.undo().what == "pcc: money enforced"
    assert undo.redo().what == "pcc: money enforced"
    entities.enforce("pcc", False)
    assert undo.undo().what == "pcc: money no longer enforced"
    assert home.budget_of("free").enforced
    home.services.agents.change("scout", EntityChange(enforced=False))
    assert entities.enforce(ROOT_ID, True).enforced
    with pytest.raises(NotFound):
        entities.enforce("nothing", True)
