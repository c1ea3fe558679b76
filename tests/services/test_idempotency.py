"""Answers under idempotency keys: kept for their time, then gone, a few with each new one."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from budget_tui.bootstrap import Services
from budget_tui.domain.errors import Conflict
from budget_tui.services.clock import Clock
from budget_tui.services.costs import CostEntry
from budget_tui.services.transfers import TransferRequest
from budget_tui.storage.fast_paths import RESULT_RETENTION
from tests.databases import change, rows

from .conftest import Home, usd


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


@pytest.mark.both_engines
def test_a_repeat_of_what_was_undone_since_is_refused(seed: Home) -> None:
    services = seed.services
    repeats = (
        lambda: services.costs.add(CostEntry("pcc", usd("5")), key="k"),
        lambda: services.transfers.transfer(TransferRequest("pcc", "pool", usd("5")), key="k"),
        lambda: services.projects.add("Newcomer", key="k"),
    )
    for repeat in repeats:
        first = repeat()
        services.undo.undo(key="u")
        for _ in range(2):
            with pytest.raises(Conflict, match="what the key 'k' did was undone since"):
                repeat()
            services.undo.redo()
            assert repeat() == first
            services.undo.undo()
        with pytest.raises(Conflict, match="what the key 'u' did was undone since"):
            services.undo.undo(key="u")
        services.undo.redo(key="r")
        services.undo.undo()
        with pytest.raises(Conflict, match="what the key 'r' did was undone since"):
            services.undo.redo(key="r")
        change(seed.address, "DELETE FROM idempotency WHERE key IN ('u', 'r')")
