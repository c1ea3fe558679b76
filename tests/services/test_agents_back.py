"""What was done to agents is taken back and made again, unless somebody changed it since."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.errors import BudgetError, Conflict, Refused
from budget_tui.domain.tokens import TokenKind
from tests.databases import Engine
from tests.services.agents_home import AgentHome, home_with_agents

FIRST = date(2026, 1, 1)


def with_scout(path: Path) -> None:
    home = home_with_agents(path)
    home.add("pcc")
    home.services.agents.add("scout", "pcc", "Scout", model="m1", tokens=1000)
    price(home, "3")
    home.services.agents.consume("scout", 300)


@pytest.fixture
def home(engine: Engine) -> AgentHome:
    """A project with an agent that used 300 of 1,000 tokens, at a price."""
    return home_with_agents(engine.new(with_scout))


def price(home: AgentHome, amount: str) -> None:
    home.services.token_prices.set("m1", {TokenKind.INPUT: parse_amount(amount)}, FIRST)


def state(home: AgentHome) -> object:
    """All that a change of an agent can touch."""
    agents = [agent[:8] for agent in home.services.agents.all()]
    prices = home.services.token_prices.all()
    return agents, prices, home.spent, home.rows("SELECT carry, carry_cap FROM budget WHERE budget_type = 'token'")


COMMANDS: dict[str, Callable[[AgentHome], object]] = {
    "allocate": lambda home: home.services.agents.allocate("scout", 500),
    "top up": lambda home: home.services.agents.top_up("scout", 500),
    "rename": lambda home: home.services.agents.rename("scout", "Pathfinder"),
    "archive": lambda home: home.services.agents.archive("scout"),
    "price anew": lambda home: price(home, "4"),
    "price another kind": lambda home: home.services.token_prices.set("m1", {TokenKind.CACHED: 5}, FIRST),
    "add": lambda home: home.services.agents.add("critic", "pcc", tokens=5),
    "carry": lambda home: home.services.agents.set_carry("scout", CarryPolicy.UNSPENT, 100),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_change_is_taken_back_and_made_again(home: AgentHome, name: str) -> None:
    before = state(home)
    COMMANDS[name](home)
    after = state(home)
    assert after != before
    undo = home.services.undo
    for _ in range(2):
        undo.undo()
        if name != "add":  # whose budget stays, put away
            assert state(home) == before
        assert state(home)[:3] == before[:3]  # type: ignore[index]
        undo.redo()
        assert state(home) == after


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("allocate", lambda other: other.services.agents.top_up("scout", 1)),
        ("top up", lambda other: other.services.agents.allocate("scout", 700)),
        ("top up", lambda other: other.services.agents.consume("scout", 1100)),
        ("add", lambda other: other.services.agents.consume("critic", 5)),
        ("rename", lambda other: other.services.agents.rename("scout", "Scout II")),
        ("price anew", lambda other: price(other, "5")),
    ],
)
def test_what_somebody_changed_since_is_not_taken_back(
    home: AgentHome, name: str, since: Callable[[AgentHome], object]
) -> None:
    COMMANDS[name](home)
    since(home.by("berta"))
    changed = state(home)
    with pytest.raises((Conflict, Refused)):
        home.services.undo.undo()
    assert state(home) == changed


@pytest.mark.both_engines
def test_an_agent_that_was_added_and_used_tokens_stays(home: AgentHome) -> None:
    home.services.agents.add("critic", "pcc")
    home.services.agents.allocate("critic", 5)
    home.services.agents.consume("critic", 5)
    home.services.agents.allocate("critic", 6)
    home.services.undo.undo()
    with pytest.raises(BudgetError):
        home.services.undo.undo()
    assert home.counts("critic") == (5, 5, 0)
