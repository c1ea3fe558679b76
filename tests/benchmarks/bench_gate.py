"""What `gate` costs a script that asks before each call of a model: at most twice a bare start and 100 ms."""

import sys
import tempfile
from functools import partial
from pathlib import Path

from measure import DAY, PROGRAM, example, in_turns, report, run

ROUNDS = 40


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        gate = [PROGRAM, "--db", example(Path(folder)), "--as-of", DAY, "--org", "default", "gate", "--project", "pcc"]
        seconds = in_turns(
            ROUNDS,
            python=partial(run, [sys.executable, "-c", "pass"]),
            gate=partial(run, gate),
            json=partial(run, [*gate, "--today", "--json"]),
        )
    floor = min(seconds["python"])
    for name in ("gate", "json"):
        report(f"gate{' --json' if name == 'json' else ''}", min(seconds[name]), floor, limit=2 + 0.100 / floor)


if __name__ == "__main__":
    main()
