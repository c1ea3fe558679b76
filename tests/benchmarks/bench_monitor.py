"""What the monitor uses of the processor while nothing happens. Both run at the same time, for fairness."""

import sys
import tempfile
import time
from pathlib import Path

from measure import BARE_APP, DAY, PROGRAM, example, report, terminal

SECONDS = 20.0
SIZE = (10, 40)
ALLOWED_SHARE = 0.002  # of a core, beyond what the bare app uses


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        monitor = (PROGRAM, "--db", example(Path(folder)), "--as-of", DAY, "monitor")
        bare = (sys.executable, BARE_APP, "4")
        with terminal(monitor, SIZE) as shown, terminal(bare, SIZE) as floor:
            shown.until("$241")
            floor.until("Project 0004")
            shown.settle()
            floor.settle()
            began = shown.processor_seconds(), floor.processor_seconds()
            time.sleep(SECONDS)
            ended = shown.processor_seconds(), floor.processor_seconds()
    measured, least = ((after - before) / SECONDS for before, after in zip(began, ended, strict=True))
    report("monitor, idle", measured, least, limit=1 + ALLOWED_SHARE / least, show=of_a_core)


def of_a_core(share: float) -> str:
    return f"{share:.3%} of a core"


if __name__ == "__main__":
    main()
