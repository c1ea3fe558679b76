"""What `status --line` costs a status bar that asks for it every few seconds."""

import sys
import tempfile
from functools import partial
from pathlib import Path

from measure import DAY, PROGRAM, example, in_turns, report, run

ROUNDS = 40


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        line = [PROGRAM, "--db", example(Path(folder)), "--as-of", DAY, "status", "--line"]
        seconds = in_turns(
            ROUNDS, sqlite3=partial(run, [sys.executable, "-c", "import sqlite3"]), line=partial(run, line)
        )
    floor = min(seconds["sqlite3"])
    report("status --line", min(seconds["line"]), floor, limit=2 + 0.060 / floor)


if __name__ == "__main__":
    main()
