"""``budget-tui serve`` as a process: where it listens, whom it lets in, how it ends."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from budget_tui.cli.app import run

from .conftest import SHOWN_ON, TODAY, Served


def ask(url: str, method: str, path: str, key: str, body: object = None) -> tuple[int, dict[str, object]]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    told = answer.status, json.loads(answer.read())
    connection.close()
    return told


def test_it_listens_answers_and_stops_when_told(
    serve: Callable[..., Served], example: tuple[bytes, str, str], tmp_path: Path
) -> None:
    served = serve()
    assert urlsplit(served.url).hostname == "127.0.0.1"
    status, budget = ask(served.url, "GET", "/budget", example[1])
    assert (status, budget["monthly_budget_usd"]) == (200, 500)
    assert ask(served.url, "POST", "/agents/scout/budget/consume", example[2], {"tokens": 5})[0] == 200
    assert (tmp_path / "served.db-wal").exists()
    assert served.told_to_stop(signal.SIGTERM) == (0, "")
    assert not (tmp_path / "served.db-wal").exists()  # the database was closed


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are curl's")
@pytest.mark.parametrize("of_plan", [False, True])
def test_the_readmes_examples_answer_what_it_shows(
    serve: Callable[..., Served],
    example: tuple[bytes, str, str],
    demonstration: tuple[bytes, str, str],
    of_plan: bool,
) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    blocks = re.findall(r"```sh-session\n(.*?)```", readme, re.DOTALL)
    assert len(blocks) == 2
    block, today, (database, _, key) = (blocks[1], SHOWN_ON, demonstration) if of_plan else (blocks[0], TODAY, example)
    url = serve(database=database, today=today).url
    examples = re.findall(r"^\$ (.*)\n(.*)\n", block, re.MULTILINE)
    assert len(examples) > 1
    for command, shown in examples:
        done = subprocess.run(
            ["bash", "-c", command.replace("http://127.0.0.1:8765", url)],
            env={**os.environ, "KEY": key},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout.rstrip("\n") == shown, command


def test_a_request_under_way_is_finished_before_it_ends(
    serve: Callable[..., Served], example: tuple[bytes, str, str], tmp_path: Path
) -> None:
    served = serve()
    parts = urlsplit(served.url)
    address = parts.hostname or "", parts.port or 0
    idle = socket.create_connection(address, timeout=30)
    other = sqlite3.connect(tmp_path / "served.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # so that the request waits for its turn
    connection = http.client.HTTPConnection(*address, timeout=30)
    headers = {"X-API-Key": example[2], "Content-Type": "application/json", "Expect": "100-continue"}
    connection.request("PUT", "/budget", '{"monthly_budget_usd": 7}', headers)
    assert b"100 Continue" in connection.sock.recv(1 << 16)  # from here on it is being answered
    served.process.send_signal(signal.SIGTERM)
    with idle:
        assert idle.recv(1) == b""  # it is closed once the server does not listen any more
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=30)
    other.execute("ROLLBACK")
    with connection.sock.makefile("rb") as rest:
        answer = rest.read()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"monthly_budget_usd": 7,' in answer
    connection.close()
    assert served.process.wait(30) == 0
    assert other.execute("SELECT amount FROM budget ORDER BY rowid LIMIT 1").fetchone() == (7_000_000_000,)
    other.close()


def test_another_address_needs_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--db", str(tmp_path / "new.db"), "serve", "--host", "0.0.0.0", "--port", "0"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no key yet, so nobody could use 0.0.0.0; make one with budget-tui key create\n"
    )


def test_with_a_key_another_address_is_fine_and_ctrl_c_ends_it_in_one_line(
    serve: Callable[..., Served], example: tuple[bytes, str, str]
) -> None:
    served = serve("--host", "0.0.0.0")
    port = urlsplit(served.url).port
    assert ask(f"http://127.0.0.1:{port}", "GET", "/budget", example[1])[0] == 200
    assert served.told_to_stop(signal.SIGINT) == (130, "error: interrupted; nothing was left half done\n")


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["--db", str(tmp_path / "new.db"), "serve", "--port", str(port)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: cannot listen at 127.0.0.1 port {port}: address already in use; ")
    assert error.count("\n") == 1


def test_a_host_that_does_not_exist_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "new.db")
    assert run(["--db", path, "key", "create", "me", "--scope", "read"]) == 0
    capsys.readouterr()
    assert run(["--db", path, "serve", "--host", "nowhere.invalid", "--port", "0"]) == 2
    assert capsys.readouterr().err.startswith("error: cannot listen at nowhere.invalid port 0: ")


def test_without_the_extra_it_tells_how_to_get_it() -> None:
    """In a process where the extra cannot be found."""
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.partition('.')[0] in ('fastapi', 'uvicorn', 'fastapi_offline'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from budget_tui.cli.app import run\n"
        "sys.exit(run(['--db', '/nonexistent/x.db', 'serve']))\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: the HTTP API is not installed; pip install 'budget-tui[api]'\n"
