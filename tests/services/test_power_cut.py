"""A process that is killed in the middle of a close leaves the period that was, or the next one whole."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.conftest import Home
from tests.services.test_periods import closes

ROOT = Path(__file__).parents[2]

# SQLite tells of every statement that is begun: the one named in the arguments is the last thing this program does.
PROGRAM = """
import os, signal, sqlite3, sys
from datetime import date
from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings

path, words, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
seen = 0

def watch(statement):
    global seen
    seen += statement.startswith(words)
    if seen == number:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(*arguments, connect=sqlite3.connect, **options):
    connection = connect(*arguments, **options)
    connection.set_trace_callback(watch)
    return connection

sqlite3.connect = watched
periods = open_services(path, as_of=date(2026, 1, 13), settings=Settings()).periods
periods.close()
"""


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE budget SET period_end", 1),
        ("INSERT INTO period_close ", 1),
        ("INSERT INTO period_close_line", 3),
        ("INSERT INTO budget", 1),
        ("INSERT INTO budget", 5),
        ("INSERT INTO allocation", 4),
        ("COMMIT", 1),
    ],
)
def test_killed_in_the_middle(seed: Home, statement: str, number: int) -> None:
    before = seed.snapshot
    killed = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seed.path), statement, str(number)],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert closes(seed) == []
    assert seed.snapshot == before
    assert seed.rows("PRAGMA integrity_check") == [("ok",)]
    assert seed.rows("SELECT DISTINCT period_start, period_end FROM budget") == [("2026-01-01", "2026-01-31")]
    seed.close()
    assert len(closes(seed)) == 1
    assert seed.rows("SELECT period_start, count(*) FROM budget GROUP BY 1") == [("2026-01-01", 5), ("2026-01-14", 5)]


def test_killed_right_after_it(seed: Home) -> None:
    """What was committed is there, whole, though nobody said goodbye to the database."""
    program = PROGRAM + "os.kill(os.getpid(), signal.SIGKILL)\n"
    killed = subprocess.run(
        [sys.executable, "-c", program, str(seed.path), "-", "1"], cwd=ROOT, timeout=120, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert closes(seed) == [("2026-01-01", "2026-01-13", "500", "420", "241")]
    assert seed.rows("SELECT period_start, count(*) FROM budget GROUP BY 1") == [("2026-01-01", 5), ("2026-01-14", 5)]
    assert len(seed.on("2026-01-14").snapshot.projects) == 4
