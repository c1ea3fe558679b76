"""8 programs take from one budget 20,000 times, and again while 200 of them are killed: ``stress_consume.py [KILLS]``.

Prints what was granted beside what was taken; exits with 1 when anything is not as it must be.
"""

import sys
import tempfile
import time
from pathlib import Path

from consumers import Crowd, make

PROGRAMS = 8
ATTEMPTS = 20_000
ALLOCATED = 70_000
"""Of about 80,000 tokens that are asked for: the last attempts are refused."""


def stress(kills: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "budget.db"
        make(path, ALLOCATED)
        began = time.perf_counter()
        crowd = Crowd(Path(folder), path, PROGRAMS, ATTEMPTS, kills)
        try:
            crowd.finish()
            outcome = crowd.outcome()
        finally:
            crowd.close()
    print(f"{kills} kills, {time.perf_counter() - began:.0f} s: {outcome}")
    faults = outcome.faults()
    if outcome.attempts != ATTEMPTS:
        faults.append(f"{outcome.attempts} attempts were made")
    if outcome.kills < kills:
        faults.append(f"only {outcome.kills} could be killed before all was done")
    for fault in faults:
        print(f"NOT SO: {fault}")
    return not faults


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    return 0 if all([stress(0), stress(kills)]) else 1


if __name__ == "__main__":
    sys.exit(main())
