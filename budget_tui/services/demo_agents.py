"""Agents of the demonstration at work: added, given tokens, and busy for the last days, as users do it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from budget_tui.domain.amount import NANOS
from budget_tui.domain.tokens import LONGEST_RESERVATION_SECONDS, TokenKind
from budget_tui.services.agents import Agents
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.demo_days import AtNoon
from budget_tui.services.token_prices import TokenPrices

_PRICES = {TokenKind.INPUT: 3 * NANOS, TokenKind.OUTPUT: 15 * NANOS}


class DemoAgent(NamedTuple):
    """An agent, and its usage on the days of the month before yesterday, and within the last hours; ``reserved`` tokens
    are so still."""

    agent_id: str
    name: str
    project_id: str
    model: str
    tokens: int
    used_before: int
    used_lately: int
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class _EarlierClock(Clock):
    """A clock set back, for usage at different hours."""

    hours: int = 0

    def now(self) -> datetime:
        return Clock.now(self) - timedelta(hours=self.hours)


def put_agents_to_work(context: Context, agents: Sequence[DemoAgent], shown_on: date) -> None:
    """Create the agents and their usage until the day before ``shown_on``, through the commands that users have.

    The first one's model has a price, which begins on the day that is shown, so that it adds nothing to the costs.
    """
    yesterday = shown_on - timedelta(days=1)

    def at_work(days_ago: int, hours: int = 0) -> Agents:
        """Return the agents some days and hours before yesterday."""
        day = yesterday - timedelta(days=days_ago)
        return Agents(replace(context, clock=_EarlierClock(day, 24 * days_ago + hours)))

    today, at_noon = (Agents(replace(context, clock=clock(yesterday))) for clock in (Clock, AtNoon))
    for agent in agents:
        at_noon.add(agent.agent_id, agent.project_id, agent.name, agent.model, agent.tokens)
    for days_ago in range(yesterday.day - 1, 0, -1):
        for number, agent in enumerate(agents):
            tokens = _part(agent.used_before, number, yesterday, days_ago)
            at_work(days_ago).consume(agent.agent_id, tokens, output=tokens // 8)
    for agent in agents:
        at_work(0, 20).consume(agent.agent_id, agent.used_lately, output=agent.used_lately // 8)
        if agent.reserved:
            today.reserve(agent.agent_id, agent.reserved, seconds=LONGEST_RESERVATION_SECONDS)
    TokenPrices(replace(context, clock=AtNoon(shown_on))).set(agents[0].model, _PRICES)


def _part(tokens: int, number: int, yesterday: date, days_ago: int) -> int:
    """Return the part of an agent's ``tokens`` that it used on a day: less at weekends, and not the same every day."""

    def share(ago: int) -> int:
        day = yesterday - timedelta(days=ago)
        return (8 if day.weekday() >= 5 else 20) + (day.day * 7 + number * 5) % 9

    shares = [share(ago) for ago in range(1, yesterday.day)]
    before = sum(shares[days_ago:])
    return tokens * (before + shares[days_ago - 1]) // sum(shares) - tokens * before // sum(shares)
