"""What `gate` costs a script that asks before each call of a model: at most twice a bare start and 100 ms."""

import sys
import tempfile
from functools import partial
from pathlib import Path

from measure import DAY, PROGRAM, example, in_turns, report, run

ROUNDS = 40
FEE_DAY = "2026-01-14"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        gate = [PROGRAM, "--db", example(Path(folder)), "--as-of", DAY, "--org", "default", "gate", "--project", "pcc"]
        run([*gate[:-3], "recurring", "add", "pcc", "1", "--on", "14"])
        seconds = in_turns(
            ROUNDS,
            python=partial(run, [sys.executable, "-c", "pass"]),
            gate=partial(run, gate),
            json=partial(run, [*gate, "--today", "--json"]),
            due=partial(run, [*gate[:4], FEE_DAY, *gate[5:]]),
        )
    floor = min(seconds["python"])
    for name, what in (("gate", "gate"), ("json", "gate --json"), ("due", "gate, a fee is due")):
        report(what, min(seconds[name]), floor, limit=2 + 0.100 / floor)


if __name__ == "__main__":
    main()
