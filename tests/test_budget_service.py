"""Token budgets for a program that embeds them."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import budget_tui
from budget_tui import BudgetService, budget_service
from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.alerts import AlertKind
from budget_tui.domain.errors import InsufficientBudget, NotFound, Refused, StorageError
from budget_tui.services.alerts import NewRule
from tests.conftest import MadeOnce
from tests.databases import rows

ROOT = Path(__file__).parent.parent


def with_scout(path: Path) -> None:
    services = open_services(str(path), as_of=date(2026, 1, 13), settings=Settings())
    services.projects.add("pcc")
    services.agents.add("scout", "pcc")


@pytest.fixture
def path(tmp_path: Path, made_once: MadeOnce) -> Path:
    path = tmp_path / "budget.db"
    made_once(path, with_scout)
    return path


@pytest.fixture
def budgets(path: Path) -> Iterator[BudgetService]:
    with BudgetService.open(path, as_of=date(2026, 1, 13)) as budgets:
        yield budgets


def test_the_four_methods(budgets: BudgetService) -> None:
    budgets.allocate_budget("scout", 1000)
    budgets.consume_budget("scout", 400)
    budget = budgets.get_budget("scout")
    assert (budget.allocated_tokens, budget.used_tokens, budget.available_tokens) == (1000, 400, 600)
    assert budgets.get_available_tokens("scout") == 600
    with pytest.raises(InsufficientBudget) as refused:
        budgets.consume_budget("scout", 601)
    assert refused.value.available == 600


def test_reserve_settle_release_and_top_up(budgets: BudgetService) -> None:
    budgets.top_up("scout", 1000, key="once")
    budgets.top_up("scout", 1000, key="once")
    held = budgets.reserve("scout", 800, seconds=30)
    assert budgets.get_available_tokens("scout") == 200
    assert budgets.settle(held.reservation_id, 300, output=100).available_tokens == 700
    assert budgets.release(budgets.reserve("scout", 700).reservation_id).available_tokens == 700


@pytest.mark.parametrize("tokens", [True, False, 1.0, 1e2, "5", 0, -1, None, 9_000_000_000_000_000_001])
def test_only_a_whole_positive_number_of_tokens_is_one(budgets: BudgetService, tokens: Any) -> None:
    budgets.allocate_budget("scout", 1000)
    for command in (budgets.consume_budget, budgets.top_up, budgets.reserve):
        with pytest.raises(Refused):
            command("scout", tokens)
    assert budgets.get_available_tokens("scout") == 1000


@pytest.mark.parametrize("key", ["", " ", "\t", "x" * 201])
def test_a_key_that_names_no_request_is_refused(budgets: BudgetService, key: str) -> None:
    budgets.allocate_budget("scout", 1000)
    held = budgets.reserve("scout", 10)
    for command in (budgets.consume_budget, budgets.top_up, budgets.reserve):
        with pytest.raises(Refused, match="idempotency key"):
            command("scout", 5, key=key)
    with pytest.raises(Refused, match="idempotency key"):
        budgets.settle(held.reservation_id, 5, key=key)
    assert budgets.get_available_tokens("scout") == 990


@pytest.mark.parametrize("day", [date.min, date(1899, 12, 31), date(3000, 1, 1), date.max])
def test_a_day_without_a_period_is_refused(path: Path, day: date) -> None:
    with pytest.raises(Refused, match="years go from"):
        BudgetService.open(path, as_of=day)


def test_alerts_are_evaluated_beside_the_program_once_for_many_calls(path: Path, monkeypatch: Any) -> None:
    services = open_services(str(path), settings=Settings())
    services.agents.allocate("scout", 1000)
    services.alerts.add(NewRule(AlertKind.SHARE, ("50", "80"), "scout"))
    services.alerts.evaluate()
    monkeypatch.setattr(budget_service, "EVALUATION_DELAY_SECONDS", 60.0)
    with BudgetService.open(path) as budgets:
        budgets.consume_budget("scout", 600)
        budgets.consume_budget("scout", 300)
        assert services.alerts.messages() == []
    assert [message.body["threshold"] for message in services.alerts.messages()] == ["80%"]
    services.agents.allocate("scout", 3000)
    services.alerts.evaluate()
    monkeypatch.setattr(budget_service, "EVALUATION_DELAY_SECONDS", 0.0)
    with BudgetService.open(path) as budgets:
        budgets.consume_budget("scout", 700)
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.join()
        assert [message.body["threshold"] for message in services.alerts.messages()] == ["50%", "80%"]


def test_alerts_are_evaluated_when_a_program_ends_without_closing(path: Path) -> None:
    services = open_services(str(path), settings=Settings())
    services.agents.allocate("scout", 1000)
    services.alerts.add(NewRule(AlertKind.SHARE, ("50",), "scout"))
    program = "import sys, budget_tui; budget_tui.BudgetService.open(sys.argv[1]).consume_budget('scout', 600)"
    subprocess.run([sys.executable, "-c", program, str(path)], timeout=120, check=True)
    assert [message.body["threshold"] for message in services.alerts.messages()] == ["50%"]


def test_an_agent_must_exist(budgets: BudgetService) -> None:
    for command in (
        lambda: budgets.allocate_budget("nobody", 5),
        lambda: budgets.consume_budget("nobody", 5),
        lambda: budgets.get_budget("nobody"),
        lambda: budgets.get_available_tokens("nobody"),
    ):
        with pytest.raises(NotFound):
            command()
    with pytest.raises(NotFound):
        BudgetService.open(str(budgets._services.context.database.path), "acme").get_budget("scout")


def test_a_url_means_the_same_file(path: Path, budgets: BudgetService) -> None:
    budgets.allocate_budget("scout", 10)
    with BudgetService.open(f"sqlite:///{path}") as other:
        assert other.get_available_tokens("scout") == 10
    with pytest.raises(Refused):
        BudgetService.open("mysql://there")


def test_a_database_that_is_replaced_or_gone_is_noticed(path: Path, budgets: BudgetService) -> None:
    budgets.allocate_budget("scout", 10)
    copy = path.with_name("copy.db")
    database = open_services(str(path), settings=Settings()).database
    database.backup(copy)
    budgets.consume_budget("scout", 10)
    database.restore(copy)
    assert budgets.consume_budget("scout", 3).available_tokens == 7
    assert budgets.get_available_tokens("scout") == 7
    path.unlink()
    with pytest.raises(StorageError):
        budgets.consume_budget("scout", 1)


def test_refusals_leave_no_connection_behind(budgets: BudgetService, path: Path) -> None:
    for _ in range(50):
        with pytest.raises(InsufficientBudget):
            budgets.consume_budget("scout", 1)
    opened = [link.resolve() for link in Path("/proc/self/fd").iterdir() if link.exists()]
    assert opened.count(path.resolve()) <= 2


def test_the_package_loads_it_when_it_is_asked_for() -> None:
    code = (
        "import sys; before = set(sys.modules); import budget_tui\n"
        "print(*sorted(set(sys.modules) - before))\n"
        "from budget_tui import BudgetService; print(BudgetService.__name__)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout.splitlines() == ["budget_tui", "BudgetService"]
    with pytest.raises(AttributeError):
        _ = budget_tui.Nothing


def test_a_day_can_be_chosen(path: Path) -> None:
    with BudgetService.open(path, as_of=date(2026, 1, 13)) as budgets:
        assert budgets.get_available_tokens("scout") == budgets.get_budget("scout").available_tokens
    assert rows(path, "SELECT count(*) FROM period_close") == [(0,)]


def test_a_program_that_only_looks_makes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "budget.db"
    with BudgetService.open(path) as budgets:
        with pytest.raises(NotFound, match="there is no agent 'scout'"):
            budgets.get_budget("scout")
        with pytest.raises(NotFound, match="scout"):
            budgets.consume_budget("scout", 1)
        assert not path.parent.exists()
        services = open_services(str(path), settings=Settings())
        services.projects.add("pcc")
        services.agents.add("scout", "pcc", tokens=100)
        assert budgets.consume_budget("scout", 1).available_tokens == 99
        assert budgets.get_budget("scout").used_tokens == 1
