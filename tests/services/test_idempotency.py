"""Answers under idempotency keys: kept for their time, then gone, a few with each new one."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from budget_tui.bootstrap import Services
from budget_tui.services.clock import Clock
from budget_tui.storage.fast_paths import RESULT_RETENTION
from tests.databases import rows

from .conftest import Home


@dataclass(frozen=True, slots=True)
class LaterClock(Clock):
    """The same day for every computation, but done ``later``."""

    later: timedelta = timedelta()

    def now(self) -> datetime:
        return Clock.now(self) + self.later


def after(home: Home, later: timedelta) -> Services:
    context = home.services.context
    return replace(home.services, context=replace(context, clock=LaterClock(context.clock.as_of, later)))


def kept(home: Home) -> list[str]:
    return [key for (key,) in rows(home.address, "SELECT key FROM idempotency ORDER BY key")]


@pytest.mark.both_engines
def test_answers_are_kept_for_their_time_and_go_two_with_each_new_one(seed: Home) -> None:
    seed.services.agents.add("scout", "pcc", tokens=1_000)
    for n in range(5):
        seed.services.agents.consume("scout", 1, key=f"a{n}")
    just_before, long_after = after(seed, RESULT_RETENTION - timedelta(hours=1)), after(seed, RESULT_RETENTION * 2)
    just_before.agents.consume("scout", 1, key="b")
    assert kept(seed) == ["a0", "a1", "a2", "a3", "a4", "b"]
    assert just_before.agents.consume("scout", 1, key="a0").used_tokens == 1, "answered as it was then"
    long_after.agents.consume("scout", 1, key="c")
    assert kept(seed) == ["a2", "a3", "a4", "b", "c"]
    assert long_after.agents.consume("scout", 1, key="a0").used_tokens == 8, "forgotten, so it is done"
    for n in range(5):
        long_after.agents.consume("scout", 1, key=f"d{n}")
    assert kept(seed) == ["a0", "c", "d0", "d1", "d2", "d3", "d4"]
