"""``budget-tui serve`` as a process: where it listens, whom it lets in, how it ends."""

import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from budget_tui.cli.app import run
from tests.manual_pages import MANUAL, blocks

from .conftest import SHOWN_ON, TODAY, Served, program


def ask(url: str, method: str, path: str, key: str, body: object = None) -> tuple[int, dict[str, object]]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
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


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are curl's: apt-get install curl")
@pytest.mark.parametrize("of_plan", [False, True])
def test_the_examples_in_the_manual_answer_what_it_shows(
    serve: Callable[..., Served],
    example: tuple[bytes, str, str],
    demonstration: tuple[bytes, str, str],
    of_plan: bool,
) -> None:
    of_budgets, of_the_plan = blocks(MANUAL / "api.md", "sh-session")
    block, today, (database, _, key) = (
        (of_the_plan, SHOWN_ON, demonstration) if of_plan else (of_budgets, TODAY, example)
    )
    url = serve(database=database, today=today).url
    examples = re.findall(r"^\$ (.*)\n(.*)\n", block, re.MULTILINE)
    assert len(examples) > 1
    for command, shown in examples:
        done = subprocess.run(
            ["bash", "-c", command.replace("http://127.0.0.1:8765", url)],
            env={**os.environ, "KEY": key},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert done.stdout.rstrip("\n") == shown, command


def test_a_request_under_way_is_finished_before_it_ends(
    serve: Callable[..., Served], example: tuple[bytes, str, str], tmp_path: Path
) -> None:
    served = serve()
    parts = urlsplit(served.url)
    address = parts.hostname or "", parts.port or 0
    idle = socket.create_connection(address, timeout=120)
    other = sqlite3.connect(tmp_path / "served.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # so that the request waits for its turn
    connection = http.client.HTTPConnection(*address, timeout=120)
    headers = {"X-API-Key": example[2], "Content-Type": "application/json", "Expect": "100-continue"}
    connection.request("PUT", "/budget", '{"monthly_budget_usd": 7}', headers)
    assert b"100 Continue" in connection.sock.recv(1 << 16)  # from here on it is being answered
    served.process.send_signal(signal.SIGTERM)
    with idle:
        assert idle.recv(1) == b""  # it is closed once the server does not listen any more
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=120)
    other.execute("ROLLBACK")
    with connection.sock.makefile("rb") as rest:
        answer = rest.read()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"monthly_budget_usd": 7,' in answer
    connection.close()
    assert served.process.wait(120) == 0
    assert other.execute("SELECT amount FROM budget ORDER BY rowid LIMIT 1").fetchone() == (7_000_000_000,)
    other.close()


FEW = 60
"""Descriptors of a server that has hardly any."""

SLOW = "GET /budget HTTP/1.1\r\nHost: 127.0.0.1\r\n"
SHORT = SLOW.replace("GET", "PUT") + (
    "X-API-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{"
)
PATIENT_FOR_A_SECOND = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW}, {FEW}))
from budget_tui.api import server
server.REQUEST_SECONDS = 1
from budget_tui.cli.app import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture
def short_of_descriptors(
    tmp_path: Path, example: tuple[bytes, str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server that may open a few files and waits a second for a request; its address."""
    path = tmp_path / "served.db"
    path.write_bytes(example[0])
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    command = [sys.executable, "-c", PATIENT_FOR_A_SECOND, *program("--db", str(path), "serve", "--port", "0")[3:]]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        [url] = re.findall(r"http://\S+:\d+", process.stderr.readline())[:1]
        yield url, process
        process.terminate()


def last_words(connection: socket.socket) -> bytes:
    """The first line of what is said until the end of a connection."""
    try:
        return connection.makefile("rb").read().partition(b"\r\n")[0]
    except ConnectionResetError:  # closed before all that was sent had been read
        return b"reset"


def test_requests_that_never_end_keep_nobody_out(
    short_of_descriptors: tuple[str, subprocess.Popen[str]], example: tuple[bytes, str, str], tmp_path: Path
) -> None:
    url, process = short_of_descriptors
    address = "127.0.0.1", urlsplit(url).port or 0
    for begun in ("", SLOW, SHORT):
        with ExitStack() as opened:
            waiting = [opened.enter_context(socket.create_connection(address, timeout=120)) for _ in range(3 * FEW)]
            for each in waiting:
                each.sendall(begun.format(key=example[2]).encode())
            began = time.monotonic()
            for _ in range(3):
                assert ask(url, "GET", "/budget", example[1])[0] == 200
            answers = {last_words(each) for each in waiting}
            assert time.monotonic() - began < 15
        assert answers - {b"", b"reset"} == ({b"HTTP/1.1 408 Request Timeout"} if begun else set())
    status = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    assert (int(status[11]) + int(status[12])) / os.sysconf("SC_CLK_TCK") < 10, "it spins"
    process.terminate()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert (tmp_path / "budget-tui" / "budget-tui.log").stat().st_size < 50_000
    assert ("ended", process.wait(120)) == ("ended", 0)


def test_a_slow_request_that_arrives_in_time_is_answered(
    short_of_descriptors: tuple[str, subprocess.Popen[str]], example: tuple[bytes, str, str]
) -> None:
    url, _ = short_of_descriptors
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=120) as slow:
        for part in (SLOW, f"X-API-Key: {example[1]}\r\n", "Connection: close\r\n", "\r\n"):
            slow.sendall(part.encode())
        assert slow.makefile("rb").read().startswith(b"HTTP/1.1 200 OK")


def test_without_any_descriptor_the_server_pauses_and_says_so_once(
    short_of_descriptors: tuple[str, subprocess.Popen[str]], example: tuple[bytes, str, str], tmp_path: Path
) -> None:
    url, process = short_of_descriptors
    address = "127.0.0.1", urlsplit(url).port or 0
    known = http.client.HTTPConnection(*address, timeout=120)

    def asked() -> int:
        known.request("GET", "/budget", headers={"X-API-Key": example[1]})
        answer = known.getresponse()
        answer.read()
        return answer.status

    assert asked() == 200  # what it needs is open
    taken = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (taken, FEW))
    with ExitStack() as opened:
        for _ in range(5):
            opened.enter_context(socket.create_connection(address, timeout=120))
        assert [asked() for _ in range(20)] == [200] * 20  # whoever is in is served all the same
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (FEW, FEW))
        assert ask(url, "GET", "/budget", example[1])[0] == 200
    known.close()
    process.terminate()
    assert process.wait(120) == 0
    log = tmp_path / "budget-tui" / "budget-tui.log"
    assert log.read_text("utf-8").count("no descriptor for a connection") == 1
    assert log.stat().st_size < 10_000


def test_a_server_without_a_database_makes_none_and_serves_the_one_that_comes(tmp_path: Path) -> None:
    path = tmp_path / "new" / "budget.db"
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "budget_tui", "--db", str(path)]
    process = subprocess.Popen([*command, "serve", "--port", "0"], env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        found = re.search(r"http://\S+:\d+", process.stderr.readline())
        assert found
        assert f"there is no database at {path} yet" in process.stderr.readline()
        assert ask(found[0], "GET", "/budget", "bt_0_0")[0] == 503
        assert not path.parent.exists()
        made = [*command, "key", "create", "laptop", "--scope", "read"]
        key = subprocess.run(made, env=environment, capture_output=True, text=True, timeout=120, check=True).stdout
        assert ask(found[0], "GET", "/budget", key.strip())[0] == 200
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        process.stderr.close()


def test_another_address_needs_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--db", str(tmp_path / "new.db"), "serve", "--host", "0.0.0.0", "--port", "0"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no key yet, so no one could use 0.0.0.0; make one with budget-tui key create\n"
    )


def test_with_a_key_another_address_is_fine_and_ctrl_c_ends_it_quietly(
    serve: Callable[..., Served], example: tuple[bytes, str, str]
) -> None:
    served = serve("--host", "0.0.0.0")
    port = urlsplit(served.url).port
    assert ask(f"http://127.0.0.1:{port}", "GET", "/budget", example[1])[0] == 200
    assert served.told_to_stop(signal.SIGINT) == (0, "")


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

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: the HTTP API is not installed; in the checkout: pip install '.[api]'\n"
