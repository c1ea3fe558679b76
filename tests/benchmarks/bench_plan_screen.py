"""The Plan screen of a large organization: how long it takes to open and to filter, and how much memory it needs.

The floor of opening is the reading of the plan itself; of a filter key, the tenth of a second in which it has to
answer; of memory, what the dashboard may take. The organization is that of ``bench_plan``.
"""

import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path

from bench_plan import BUDGETS, ENTITIES, FIRST_DAY, fill
from measure import PROGRAM, in_turns, report, terminal

from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.plan_views import PlanViews

ROUNDS = 3
DAY = date(2026, 4, 10)
BEYOND_READING_SECONDS = 0.3
FILTER_SECONDS = 0.1
MOST_MEGABYTES = 150
ALL = f"{ENTITIES * len(BUDGETS):,} budgets"


def seconds_of_reading(path: Path) -> float:
    views = PlanViews(Context(path, "default", Clock(DAY), "bench"))
    began = time.perf_counter()
    views.board()
    took = time.perf_counter() - began
    views.close()
    return took


def opened_and_filtered(path: Path) -> tuple[float, float, float]:
    """Seconds from the key of the screen to its numbers, seconds of a filter key, megabytes at most."""
    with terminal([PROGRAM, "--db", str(path), "--as-of", DAY.isoformat()], (50, 160)) as dashboard:
        dashboard.until("data through")
        dashboard.settle(1.0)
        opened = -dashboard.press("4") + dashboard.until(ALL)
        dashboard.settle(1.0)
        filtered = -dashboard.press("g") + dashboard.until(f" of {ENTITIES * len(BUDGETS):,}")
        dashboard.settle(1.0)
        return opened, filtered, dashboard.megabytes_at_most()


def main() -> None:
    assert FIRST_DAY < DAY
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.db"
        fill(path)
        reading = min(in_turns(ROUNDS, reading=partial(seconds_of_reading, path))["reading"])
        rounds = [opened_and_filtered(path) for _ in range(ROUNDS)]
    opened, filtered, megabytes = (min(values) for values in zip(*rounds, strict=True))
    report(f"plan screen, {ALL}, open", opened, reading, limit=(reading + BEYOND_READING_SECONDS) / reading)
    report(f"plan screen, {ALL}, a filter key", filtered, FILTER_SECONDS, limit=1)
    report(f"plan screen, {ALL}, memory", megabytes, MOST_MEGABYTES, limit=1, show=lambda number: f"{number:.0f} MB")


if __name__ == "__main__":
    main()
