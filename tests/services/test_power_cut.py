"""A process that is killed in the middle of a close leaves the period that was, or the next one whole."""

import os
import signal
import sqlite3
import traceback
import warnings
from typing import Any

import pytest

from tests.services.conftest import Home
from tests.services.test_periods import closes

pytestmark = pytest.mark.sqlite


def close_and_be_killed(home: Home, words: str = "", number: int = 0) -> int:
    """Close the period in a process that is killed at the statement of that number which begins with ``words``, or
    right after the last one; returns by which signal it ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads exist; the child needs none of them
        child = os.fork()
    if child == 0:
        try:
            watch_statements(words, number)
            home.again().close()
            os.kill(os.getpid(), signal.SIGKILL)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status)


def watch_statements(words: str, number: int) -> None:
    """SQLite tells of every statement that is begun: the one that is named is the last thing this process does."""
    connect, seen = sqlite3.connect, 0

    def watch(statement: str) -> None:
        nonlocal seen
        seen += statement.startswith(words)
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(watch)
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]


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
    assert close_and_be_killed(seed, statement, number) == signal.SIGKILL
    assert closes(seed) == []
    assert seed.snapshot == before
    assert seed.rows("PRAGMA integrity_check") == [("ok",)]
    assert seed.rows("SELECT DISTINCT period_start, period_end FROM budget") == [("2026-01-01", "2026-01-31")]
    seed.close()
    assert len(closes(seed)) == 1
    assert seed.rows("SELECT period_start, count(*) FROM budget GROUP BY 1") == [("2026-01-01", 5), ("2026-01-14", 5)]


def test_killed_right_after_it(seed: Home) -> None:
    """What was committed is there, whole, though nobody said goodbye to the database."""
    assert close_and_be_killed(seed) == signal.SIGKILL
    assert closes(seed) == [("2026-01-01", "2026-01-13", "500", "420", "241")]
    assert seed.rows("SELECT period_start, count(*) FROM budget GROUP BY 1") == [("2026-01-01", 5), ("2026-01-14", 5)]
    assert len(seed.on("2026-01-14").snapshot.projects) == 4
