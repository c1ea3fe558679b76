"""The demonstration's agents: what they may use, what they used, what one of them holds right now.

The price begins on the day that is looked at, so nothing of it is in the worked example's costs yet.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from budget_tui.domain.amount import NANOS
from budget_tui.domain.tokens import TokenKind
from budget_tui.services.agents import LONGEST_HOLD_SECONDS, Agents
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.token_prices import TokenPrices


class _Agent(NamedTuple):
    """An agent, and what it used long ago and within the last hours."""

    agent_id: str
    name: str
    project_id: str
    model: str
    tokens: int
    used_before: int
    used_lately: int


_AGENTS = (
    _Agent("code-review", "Code review", "pcc", "claude-sonnet-4-5", 40_000_000, 13_350_000, 1_240_000),
    _Agent("transcriber", "Transcriber", "videonest-api", "gemini-2.5-flash", 60_000_000, 18_900_000, 2_065_000),
    _Agent("doc-writer", "Doc writer", "python-api", "gpt-5-mini", 10_000_000, 7_120_000, 980_000),
)
_HELD = ("code-review", 400_000)
_PRICES = {TokenKind.INPUT: 3 * NANOS, TokenKind.OUTPUT: 15 * NANOS}


@dataclass(frozen=True, slots=True)
class _Earlier(Clock):
    """A clock that is behind, for what was used at different hours."""

    hours: int = 0

    def now(self) -> datetime:
        return Clock.now(self) - timedelta(hours=self.hours)


def put_agents_to_work(context: Context, shown_on: date) -> None:
    """Make the agents and let them work until the day before ``shown_on``, through the commands that a user has."""
    yesterday = shown_on - timedelta(days=1)

    def hours_ago(hours: int) -> Agents:
        return Agents(replace(context, clock=_Earlier(yesterday, hours)))

    today = Agents(replace(context, clock=Clock(yesterday)))
    for agent in _AGENTS:
        today.add(agent.agent_id, agent.project_id, agent.name, agent.model, agent.tokens)
        hours_ago(90).consume(agent.agent_id, agent.used_before, output=agent.used_before // 8)
        hours_ago(20).consume(agent.agent_id, agent.used_lately, output=agent.used_lately // 8)
    today.reserve(*_HELD, seconds=LONGEST_HOLD_SECONDS)
    TokenPrices(replace(context, clock=Clock(shown_on))).set(_AGENTS[0].model, _PRICES)
