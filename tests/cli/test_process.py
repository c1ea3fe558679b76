"""The command as a process: pipes, signals, completion, and what a start costs."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from budget_tui.storage.database.sqlite_connections import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 60


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


def test_a_terminal_that_knows_few_signs_gets_their_numbers(environment: dict[str, str]) -> None:
    ran = process(environment | {"PYTHONIOENCODING": "iso-8859-1"}, "status")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\\u25cf healthy" in ran.stdout


def test_ctrl_c_while_waiting_for_a_lock(environment: dict[str, str]) -> None:
    other = sqlite3.connect(environment["BUDGET_TUI_DB"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "budget_tui", "budget", "set", "5"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert waiting.stderr is not None
        for line in waiting.stderr:  # what it loads last before it waits
            if line.rstrip().endswith(" budget_tui.storage.unit_of_work"):
                break
        waiting.send_signal(signal.SIGINT)
        try:
            out, err = waiting.communicate(timeout=PATIENCE_SECONDS / 2)
        except subprocess.TimeoutExpired:  # Python loses an interrupt that falls into the end of an import
            waiting.send_signal(signal.SIGINT)
            out, err = waiting.communicate(timeout=TIMEOUT_SECONDS)
    finally:
        waiting.kill()
        waiting.wait()
        other.execute("ROLLBACK")
        other.close()
    assert (waiting.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "error: interrupted; nothing was left half done"


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
    assert re.fullmatch("error: standard output cannot be written \\(.*\\); make room and ask again; .*\n", ran.stderr)


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
