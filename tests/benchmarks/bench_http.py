"""What consuming tokens over HTTP takes: 16 connections, each asking again as soon as it is answered.

Its floor is a FastAPI route that does the same conditional update through bare sqlite3, as durable.
"""

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

from measure import PROGRAM, environment, in_turns, report

from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.access import Scope

CONNECTIONS = 16
REQUESTS = 1600
ROUNDS = 5
ENOUGH_PER_SECOND = 400
SHARE_OF_FLOOR = 2  # half as many requests, twice the time


@contextmanager
def served(folder: str, *command: str) -> Iterator[int]:
    """A server process; tells its port."""
    process = subprocess.Popen(
        command, env=environment() | {"XDG_STATE_HOME": folder}, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        found = re.search(r":(\d+)", said)
        assert found, said + process.stderr.read()
        yield int(found[1])
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


def request(key: str = "") -> bytes:
    body = b'{"tokens": 3}'
    lines = (
        "POST /agents/scout/budget/consume HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *([f"X-API-Key: {key}"] if key else []),
    )
    return "\r\n".join([*lines, "", ""]).encode() + body


async def ask(port: int, asked: bytes, times: int) -> None:
    """Send ``asked`` again and again over one connection; every answer must be 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        found = re.search(rb"content-length: (\d+)", head)
        assert found, head
        await reader.readexactly(int(found[1]))
    writer.close()
    await writer.wait_closed()


def seconds_per_request(port: int, asked: bytes) -> float:
    async def all_at_once() -> None:
        await asyncio.gather(*(ask(port, asked, REQUESTS // CONNECTIONS) for _ in range(CONNECTIONS)))

    began = time.perf_counter()
    asyncio.run(all_at_once())
    return (time.perf_counter() - began) / REQUESTS


def fill(path: Path) -> str:
    """An agent with enough tokens; returns a key."""
    services = open_services(str(path), as_of=date(2026, 1, 13), settings=Settings())
    services.projects.add("pcc")
    services.agents.add("scout", "pcc", tokens=1_000_000_000)
    key = services.keys.create("bench", Scope.WRITE).text
    services.close()
    return key


def per_second(seconds: float) -> str:
    return f"{1 / seconds:.0f}/s"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "budget.db"
        key = fill(path)
        ours = stack.enter_context(
            served(folder, PROGRAM, "--db", str(path), "--as-of", "2026-01-13", "serve", "--port", "0")
        )
        bare = stack.enter_context(
            served(folder, sys.executable, str(Path(__file__).with_name("bare_http.py")), f"{folder}/bare.db")
        )
        seconds = in_turns(
            ROUNDS,
            ours=lambda: seconds_per_request(ours, request(key)),
            bare=lambda: seconds_per_request(bare, request()),
        )
    took, floor = min(seconds["ours"]), min(seconds["bare"])
    limit = max(SHARE_OF_FLOOR, 1 / ENOUGH_PER_SECOND / floor)
    report("consume over HTTP", took, floor, limit, per_second)


if __name__ == "__main__":
    main()
