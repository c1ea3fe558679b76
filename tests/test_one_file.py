"""One database file that several have open at once: nobody takes another's locks away."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from budget_tui import BudgetService
from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.access import Scope
from budget_tui.domain.errors import InsufficientBudget
from tests.databases import rows

ROOT = Path(__file__).parent.parent
ALLOCATED = 10_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "budget.db"
    services = open_services(str(path), settings=Settings())
    services.projects.add("pcc")
    services.agents.add("scout", "pcc", tokens=ALLOCATED)
    return path


def command(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in a program of its own."""
    return subprocess.run(
        [sys.executable, "-m", "budget_tui", "--db", str(path), *arguments],
        cwd=ROOT,
        env=os.environ | {"XDG_STATE_HOME": str(path.parent), "XDG_CONFIG_HOME": str(path.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def used(path: Path) -> int:
    """What is stored, as somebody sees it who comes afterwards."""
    [(found,)] = rows(path, "SELECT max(used) FROM budget")
    return int(found)


def deleted_files(process: int, path: Path) -> list[str]:
    """What the process has open of the database that nobody else can find any more."""
    targets = []
    for link in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # the process closes files as it likes
            targets.append(str(link.readlink()))
    return [target for target in targets if target.startswith(str(path)) and target.endswith("(deleted)")]


@contextmanager
def serving(path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "budget_tui", "--db", str(path), "serve", "--port", "0"],
        cwd=ROOT,
        env=os.environ | {"XDG_STATE_HOME": str(path.parent), "XDG_CONFIG_HOME": str(path.parent)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        found = re.search(r"http://\S+:\d+", said)
        assert found, said
        yield process, found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        process.stderr.close()


def ask(url: str, key: str, method: str, path: str, body: object = None) -> tuple[int, dict[str, int]]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    with closing(connection):
        headers = {"X-API-Key": key, "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not tell what a process has open")
def test_a_server_and_commands_grant_what_is_stored(path: Path) -> None:
    keys = [open_services(str(path), settings=Settings()).keys.create(name, Scope.WRITE).text for name in "ab"]
    granted = 0
    with serving(path) as (process, url):

        def consume_over_http(tokens: int, key: str) -> None:
            nonlocal granted
            status, _ = ask(url, key, "POST", "/agents/scout/budget/consume", {"tokens": tokens})
            assert status in (200, 409)
            granted += tokens if status == 200 else 0

        def consume_by_command(tokens: int) -> None:
            nonlocal granted
            done = command(path, "agent", "consume", "scout", str(tokens))
            granted += tokens if done.returncode == 0 else 0

        consume_over_http(1, keys[0])
        consume_by_command(1)
        consume_over_http(4_000, keys[0])
        consume_over_http(3_000, keys[1])  # whose first write this is
        consume_by_command(5_000)
        consume_by_command(2_000)
        consume_over_http(5_000, keys[0])
        consume_over_http(1, keys[1])
        assert deleted_files(process.pid, path) == []
        status, budget = ask(url, keys[0], "GET", "/agents/scout/budget")
        assert status == 200
        assert budget["used_tokens"] == granted == used(path)
    assert used(path) == granted == 9_003


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not tell what a process has open")
def test_services_of_one_program_and_commands_grant_what_is_stored(path: Path) -> None:
    granted = 0
    with BudgetService.open(path) as first:
        first.consume_budget("scout", 1)
        with BudgetService.open(path) as second:
            second.get_budget("scout")
        assert command(path, "agent", "consume", "scout", "4000").returncode == 0
        granted = 4_001
        for tokens in (5_000, 5_000):
            try:
                first.consume_budget("scout", tokens)
            except InsufficientBudget:
                continue
            granted += tokens
        assert deleted_files(os.getpid(), path) == []
        assert first.get_budget("scout").used_tokens == granted
    assert used(path) == granted == 9_001


# Tells on standard output who opened one of SQLite's files, and which commands ended otherwise than they should.
JOURNEYS = """
import asyncio, contextlib, io, os, sys, traceback
from datetime import date
from pathlib import Path

folder, export = Path(sys.argv[1]), sys.argv[2]
path = folder / "budget.db"
guarded = {f"{path}{suffix}" for suffix in ("", "-wal", "-shm", "-journal")}
told = os.dup(1)

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)) and os.path.realpath(
        os.fsdecode(arguments[0])
    ) in guarded:
        os.write(told, "".join(traceback.format_stack(limit=6)).encode())

sys.addaudithook(watch)

import httpx2
from budget_tui import BudgetService
from budget_tui.api.app import application
from budget_tui.bootstrap import open_services
from budget_tui.cli.main import run
from budget_tui.domain.access import Scope
from budget_tui.config.settings import Settings
from budget_tui.tui.app import BudgetApp

def command(*words, code=0):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        ended = run(["--db", str(path), "--as-of", "2026-01-13", *words])
    if ended != code:
        os.write(told, f"{words}: {ended} {said.getvalue()}".encode())

async def over_http(services):
    transport = httpx2.ASGITransport(application(services))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for name in "ab":
            headers = {"X-API-Key": services.keys.create(name, Scope.WRITE).text}
            answer = await client.post("/agents/scout/budget/consume", json={"tokens": 1}, headers=headers)
            answer.raise_for_status()
        (await client.get("/healthz")).raise_for_status()

async def in_the_dashboard(services):
    async with BudgetApp(services).run_test() as pilot:
        await pilot.pause()
        await pilot.press("plus", "tab", "q")

with BudgetService.open(path, as_of=date(2026, 1, 13)) as budgets:
    command("budget", "set", "500")
    command("project", "add", "pcc", "--allocate", "150")
    command("agent", "add", "scout", "--project", "pcc", "--tokens", "1000")
    budgets.consume_budget("scout", 5)
    for words in (
        "status", "status --line", "log", "project list", "agent list", "budget show", "explain ORG", "entity tree",
        "plan list", "period show", "budget set 400", "undo", "redo", "cost unmapped", "db upgrade", "db check",
        f"db backup {folder}/a.db",
        f"cost import {export} --dry-run", f"cost import {export}", "undo", f"db restore {folder}/a.db",
        f"entity export {folder}/tree.yaml", f"entity import {folder}/tree.yaml",
    ):
        command(*words.split())
    for words in (
        f"cost import {path}", f"cost import {path}-wal", f"fx import {path}", f"entity export {path} --format yaml",
        f"entity import {path}", f"db restore {path}", f"db backup {path}",
    ):
        command(*words.split(), code=2)
    services = open_services(str(path), settings=Settings(), keep_open=True)
    asyncio.run(over_http(services))
    asyncio.run(in_the_dashboard(services))
    services.close()
os._exit(0)
"""


def test_nothing_but_sqlite_opens_the_database(tmp_path: Path) -> None:
    export = tmp_path / "exports" / "focus.csv"
    export.parent.mkdir()
    export.write_text(
        "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,BillingPeriodEnd,"
        "ServiceName,ServiceCategory,BillingAccountId\n"
        "12.50,USD,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,S3,Storage,1\n"
    )
    folder = tmp_path / "home"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", JOURNEYS, str(folder), str(export)],
        cwd=ROOT,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr[-3000:], done.returncode) == ("", "", 0)
