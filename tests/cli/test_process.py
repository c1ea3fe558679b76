"""The command as a process: pipes, signals, completion, and what a start costs."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.databases import locked

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 120


@pytest.fixture
def environment(example: Path, tmp_path: Path) -> dict[str, str]:
    """A process's environment with a copy of the worked example for its database."""
    database = tmp_path / "budget.db"
    database.write_bytes(example.read_bytes())
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "BUDGET_TUI_DB": str(database),
        "BUDGET_TUI_AS_OF": "2026-01-13",
    }


def process(
    environment: dict[str, str], *arguments: str, start: tuple[str, ...] = ("-m", "budget_tui")
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def on_terminal(environment: dict[str, str], *arguments: str) -> str:
    """Run a command whose standard output is a terminal, and return what it wrote there."""
    ours, theirs = os.openpty()
    subprocess.run(
        [sys.executable, "-m", "budget_tui", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode().replace("\r\n", "\n")
    os.close(ours)
    return shown


def test_tables_have_colours_on_a_terminal_only(environment: dict[str, str]) -> None:
    piped = process(environment, "status").stdout
    assert "\x1b" not in piped
    environment = {**environment, "COLUMNS": "120"}
    coloured = on_terminal({**environment, "TERM": "xterm"}, "status")
    assert "\x1b[33m▲ warning" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == piped, "nothing moves"
    assert on_terminal({**environment, "TERM": "xterm", "NO_COLOR": "1"}, "status") == piped


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["status"], 0),
        (["status", "--jsn"], 2),
        (["transfer", "pcc", "pool", "100"], 3),
        ([], 2),
    ],
)
def test_exit_codes_and_no_traceback(environment: dict[str, str], arguments: list[str], code: int) -> None:
    ran = process(environment, *arguments)
    assert ran.returncode == code
    assert ran.stderr.count("\n") == (1 if code else 0)
    assert ran.stderr.startswith("error: ") or not code
    assert "Traceback" not in ran.stderr


def test_a_reader_that_has_seen_enough_is_no_error(environment: dict[str, str]) -> None:
    command = f"{sys.executable} -m budget_tui log --json; echo code $? >&2"
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=ROOT,
            env=environment,
            stdout=writer,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    finally:
        os.close(writer)
    assert ran.stderr == "code 0\n"


def test_a_terminal_that_knows_few_signs_gets_plain_ones_as_wide(environment: dict[str, str]) -> None:
    full, latin, ascii_only = (
        process(environment | {"PYTHONIOENCODING": encoding}, "status") for encoding in ("utf-8", "iso-8859-1", "ascii")
    )
    assert "▲ warning" in full.stdout
    for ran in (latin, ascii_only):
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "! warning" in ran.stdout
        assert "* healthy" in ran.stdout
        assert [*map(len, ran.stdout.splitlines())] == [*map(len, full.stdout.splitlines())], "columns stay aligned"
        assert "\\u" not in ran.stdout


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="the system does not show what a process has open")
def test_ctrl_c_while_waiting_for_a_lock(environment: dict[str, str]) -> None:
    database = Path(environment["BUDGET_TUI_DB"])
    assert process(environment, "budget", "set", "4").returncode == 0  # the example is a backup, without a log yet
    with (
        locked(database),
        subprocess.Popen(
            [sys.executable, "-m", "budget_tui", "budget", "set", "5"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as waiting,
    ):
        # From then on it imports nothing more: Python loses an interrupt that falls into the end of an import.
        while not writes_to(waiting.pid, database):
            assert waiting.poll() is None, waiting.communicate()
            time.sleep(0.001)
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=TIMEOUT_SECONDS)
    assert (waiting.returncode, out) == (130, "")
    assert err == "error: interrupted; nothing was left half done\n"


def writes_to(process: int, path: Path) -> bool:
    """Whether a process has opened ``path`` for writing."""
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            if descriptor.readlink() == path:
                told = Path(f"/proc/{process}/fdinfo/{descriptor.name}").read_text()
                flags = re.search(r"^flags:\s+(\d+)$", told, re.MULTILINE)
                if flags and int(flags[1], 8) & os.O_RDWR:
                    return True
    return False


# What a start costs


def loaded_by(environment: dict[str, str], *arguments: str) -> set[str]:
    """The modules that a command loaded."""
    code = "import sys; from budget_tui.cli.app import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    ran = process(environment, *arguments, start=("-c", code))
    assert ran.stdout
    return set(ran.stderr.split())


def test_the_status_line_loads_little(environment: dict[str, str]) -> None:
    loaded = loaded_by(environment, "status", "--line")
    assert "budget_tui.cli.status" in loaded
    assert loaded & {"sqlmodel", "sqlalchemy", "alembic", "duckdb", "textual", "rich", "tomllib"} == set()
    nouns = {f"budget_tui.cli.{name}" for name in ("project", "cost", "transfer", "database", "demo", "budget")}
    assert loaded & nouns == set()


def test_reading_as_json_loads_no_database_layer(environment: dict[str, str]) -> None:
    assert (
        loaded_by(environment, "project", "list", "--json") & {"sqlmodel", "sqlalchemy", "duckdb", "textual"} == set()
    )


def test_writing_draws_nothing_and_reads_no_exports(environment: dict[str, str]) -> None:
    assert loaded_by(environment, "budget", "set", "500") & {"alembic", "duckdb", "textual", "rich"} == set()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no file that is always full")
@pytest.mark.parametrize("words", [["status"], ["log", "--json"], ["--help"], ["budget", "set", "5"]])
def test_a_full_standard_output_is_told_in_one_line(environment: dict[str, str], words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "budget_tui", *words],
            cwd=ROOT,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    assert ran.returncode == 2
    assert re.fullmatch("error: standard output cannot be written \\(.*\\); make room and try again; .*\n", ran.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no file that is always full")
def test_a_full_standard_error_changes_no_exit_code(environment: dict[str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "budget_tui", "project", "show", "nowhere"],
            cwd=ROOT,
            env=environment,
            stderr=full,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    assert ran.returncode == 4
