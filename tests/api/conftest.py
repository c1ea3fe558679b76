"""The API over a real database: the worked example on January 13, an agent, and a key of each kind."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from budget_tui.api.app import application
from budget_tui.bootstrap import Services
from budget_tui.config.settings import Settings
from budget_tui.domain.access import Scope
from budget_tui.domain.amount import parse_amount
from budget_tui.domain.budget import parse_change
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.costs import CostEntry
from budget_tui.services.demo import load_demo
from budget_tui.storage.database import database_at

TODAY = date(2026, 1, 13)
TOKENS = 1_000_000
SHOWN_ON = date(2026, 3, 31)
COMMAND_LINE = re.compile(r"budget-tui [a-z]|(?<![\w-])--[a-z]")


def services_at(path: Path, settings: Settings | None = None, today: date = TODAY) -> Services:
    return Services(Context(database_at(path), "default", Clock(today), "anna"), settings or Settings())


def exactly(text: str) -> Any:
    """JSON with its numbers to the digit."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


class Client:
    """Asks an application that runs in this thread: Starlette's client changes threads ten times for a request."""

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", raising: bool = False) -> None:
        """``raising``: an unexpected error of the application is the test's, too."""
        self.app = unguarded(app)
        transport = httpx2.ASGITransport(app, raise_app_exceptions=raising)
        self._web = httpx2.AsyncClient(transport=transport, base_url=f"http://{host}", follow_redirects=True)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)

    def __enter__(self) -> Self:
        self._life = self.app.router.lifespan_context(self.app)
        self._runner.run(self._life.__aenter__())
        return self

    def __exit__(self, *raised: Any) -> None:
        self._runner.run(self._life.__aexit__(*raised))
        self._runner.run(self._web.aclose())
        self._runner.close()

    def request(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        return self._runner.run(self._web.request(method, path, **sent))


def unguarded(app: Any) -> FastAPI:
    """The application behind what stands before it."""
    while not isinstance(app, FastAPI):
        app = app._app
    return app


@dataclass
class Api:
    """Sends requests with a key that may write, unless told otherwise."""

    client: Client
    services: Services
    read_key: str
    write_key: str
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, method: str, path: str, body: Any = None, key: str | None = None, **headers: str
    ) -> httpx2.Response:
        """``body`` is sent as JSON, or as it is when it is text; a header's name is written with underscores."""
        sent = {"X-API-Key": self.write_key if key is None else key}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        content = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
        answer = self.client.request(method, path, content=content, headers={k: v for k, v in sent.items() if v})
        if answer.status_code >= 400:
            assert not COMMAND_LINE.search(answer.text), "an error over HTTP tells of a command line"
        return answer

    def get(self, path: str) -> Any:
        """What a GET answers, to the digit."""
        answer = self("GET", path)
        assert answer.status_code == 200, answer.text
        return exactly(answer.text)

    def etag(self, path: str) -> str:
        return str(self("GET", path).headers["ETag"])


def refused(answer: httpx2.Response, status: int, code: str, *words: str) -> Any:
    """Asserts a problem document of that status and code that holds each of ``words``; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = exactly(answer.text)
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"] == f"urn:budget-tui:problem:{code}"
    assert document["request_id"] == answer.headers["X-Request-ID"]
    for word in words:
        assert word in f"{document['detail']}; {document['hint']}"
    return document


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str, str]:
    """The database, a key that reads and one that writes."""
    path = tmp_path_factory.mktemp("example") / "budget.db"
    services = services_at(path)
    services.budgets.set_global(parse_amount("500"))
    for project, name, allocation in (
        ("pcc", "PCC", "150"),
        ("videonest-api", "VideoNest API", "120"),
        ("python-api", "Python API", "100"),
        ("dandelion", "Dandelion", "50"),
    ):
        services.projects.add(project, name, parse_change(allocation))
    for project, spent, day in (("pcc", "105", 10), ("videonest-api", "48", 9), ("python-api", "88", 12)):
        services.costs.add(CostEntry(project, parse_amount(spent), date(2026, 1, day)))
    services.agents.add("scout", "pcc", tokens=TOKENS)
    keys = [services.keys.create(scope.value, scope).text for scope in (Scope.READ, Scope.WRITE)]
    services.close()
    return path.read_bytes(), keys[0], keys[1]


@pytest.fixture
def start(tmp_path: Path, example: tuple[bytes, str, str]) -> Iterator[Callable[..., Api]]:
    """Starts the application on a copy of the worked example."""
    path = tmp_path / "budget.db"
    path.write_bytes(example[0])
    running: list[Client] = []

    def started(settings: Settings | None = None, host: str = "127.0.0.1", today: date = TODAY) -> Api:
        services = services_at(path, settings, today)
        client = Client(application(services, host), host)
        client.__enter__()
        running.append(client)
        return Api(client, services, *example[1:])

    yield started
    for client in running:
        client.__exit__(None, None, None)


@dataclass(frozen=True)
class Served:
    """``budget-tui serve`` as a process of its own."""

    process: subprocess.Popen[str]
    url: str
    said: str

    def told_to_stop(self, signal_number: int) -> tuple[int, str]:
        """Its exit code, and what else it said on standard error."""
        assert self.process.stderr is not None
        self.process.send_signal(signal_number)
        rest = self.process.stderr.read()
        return self.process.wait(120), rest


def program(*arguments: str, today: date = TODAY) -> list[str]:
    return [sys.executable, "-m", "budget_tui", "--as-of", today.isoformat(), *arguments]


@pytest.fixture
def serve(tmp_path: Path, example: tuple[bytes, str, str]) -> Iterator[Callable[..., Served]]:
    """Starts ``budget-tui serve`` on a copy of the worked example (or of ``database``), at a port that is free.

    ``code`` runs before the program does.
    """
    path = tmp_path / "served.db"
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    running: list[subprocess.Popen[str]] = []

    def started(*options: str, database: bytes = example[0], today: date = TODAY, code: str = "") -> Served:
        path.write_bytes(database)
        command = program("--db", str(path), "serve", "--port", "0", *options, today=today)
        if code:
            command[1:3] = [
                "-c",
                f"{code}\nimport sys\nfrom budget_tui.cli.app import run\nsys.exit(run(sys.argv[1:]))",
            ]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r"http://\S+:\d+", said)
        assert found, said + process.stderr.read()
        return Served(process, found[0], said)

    yield started
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@pytest.fixture
def api(start: Callable[..., Api]) -> Api:
    return start()


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str, str]:
    """The demonstration's database, a key of acme that reads and one that writes."""
    path = tmp_path_factory.mktemp("acme") / "demo.db"
    services = at(path)
    load_demo(Services(Context(database_at(path), "default", Clock(SHOWN_ON), "anna"), Settings()).context)
    keys = [services.keys.create(scope.value, scope).text for scope in (Scope.READ, Scope.WRITE)]
    services.close()
    return path.read_bytes(), keys[0], keys[1]


def at(path: Path) -> Services:
    return Services(Context(database_at(path), "acme", Clock(SHOWN_ON), "anna"), Settings())


@pytest.fixture
def acme(tmp_path: Path, demonstration: tuple[bytes, str, str]) -> Iterator[Api]:
    path = tmp_path / "acme.db"
    path.write_bytes(demonstration[0])
    services = at(path)
    with Client(application(services), raising=True) as client:
        yield Api(client, services, *demonstration[1:])
