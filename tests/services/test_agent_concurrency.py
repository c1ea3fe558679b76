"""Several threads on one agent's budget: the sum taken is the sum granted."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from budget_tui import BudgetService
from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.errors import InsufficientBudget
from tests.faults.writers import AGENT, make

PROGRAMS = 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "budget.db"
    make(path, 1_000)
    return path


@pytest.fixture
def budgets(path: Path) -> Iterator[BudgetService]:
    with BudgetService.open(str(path)) as budgets:
        yield budgets


def test_threads_share_one_service(budgets: BudgetService) -> None:
    ready = threading.Barrier(4)

    def take() -> int:
        ready.wait(timeout=120)
        granted = 0
        for _ in range(100):
            try:
                granted += budgets.consume_budget(AGENT, 3).agent_id == AGENT
            except InsufficientBudget:
                return granted
        return granted

    with ThreadPoolExecutor(4) as pool:
        granted = sum(done.result(timeout=120) for done in [pool.submit(take) for _ in range(4)])
    assert granted == 333
    assert budgets.get_budget(AGENT).used_tokens == 999


def test_holds_of_threads_never_exceed_the_budget(budgets: BudgetService, path: Path) -> None:
    def hold_and_settle(number: int) -> int:
        used = 0
        for _ in range(30):
            try:
                held = budgets.reserve(AGENT, 40).reservation_id
                budgets.settle(held, number)
            except InsufficientBudget:
                continue
            used += number
        return used

    with ThreadPoolExecutor(4) as pool:
        used = sum(pool.map(hold_and_settle, (1, 5, 10, 20)))
    budget = budgets.get_budget(AGENT)
    assert (budget.used_tokens, budget.reserved_tokens) == (used, 0)
    services = open_services(str(path), settings=Settings())
    assert services.database.check().problems == ()
