"""The Plan screen of a large organization: how long it takes to open, to show a tab, to filter, to fold a branch and
to sort, and how much memory it needs.

The floor of opening is the reading of the plan itself; of a key, the tenth of a second in which it has to answer;
of memory, what the dashboard may take. Each tab is measured in a program of its own, so that each key is pressed
there for the first time, and until its answer is on the screen to the last character. On a busy machine most of that
is waiting: what the processor did meanwhile is told, too. The organization is that of ``bench_plan``.
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
from budget_tui.storage.database import database_at

ROUNDS = 2
DAY = date(2026, 4, 10)
BEYOND_READING_SECONDS = 0.3
KEY_SECONDS = 0.1
MOST_MEGABYTES = 150
SIZE = (50, 160)
TABS = ("Overview", "Budgets", "Allocation", "By Category", "By Provider")
FILTERS = (*"gggggbbbbwwwwwvvvoooonn/tea", *["\x7f"] * 3, "\r")
"""Each category, type, kind of period, provider and status, the entity under the cursor, a search typed and taken
back; behind the last of each come all."""
LEFT, RIGHT, END = "\x1b[D", "\x1b[C", "\x1b[F"
KEYS = {
    "Budgets": {"sort": "sssssssS", "end": (END,)},
    "Allocation": {"fold": (LEFT, RIGHT, LEFT, RIGHT), "end": (END,)},
}
Answer = tuple[float, float]
"""Seconds, and seconds of the processor."""
ALL = f"{ENTITIES * len(BUDGETS):,} budgets"


def seconds_of_reading(path: Path) -> float:
    views = PlanViews(Context(database_at(path), "default", Clock(DAY), "bench"))
    began = time.perf_counter()
    views.board()
    took = time.perf_counter() - began
    views.close()
    return took


def opened(path: Path) -> float:
    """Seconds from the key of the screen to its numbers."""
    with terminal([PROGRAM, "--db", str(path), "--as-of", DAY.isoformat()], SIZE) as dashboard:
        dashboard.until("data through")
        dashboard.settle(1.0)
        return -dashboard.press("4") + dashboard.until(ALL)


def tab(path: Path, number: int) -> tuple[dict[str, Answer], float]:
    """How each key of a tab is answered, and megabytes at most."""
    with terminal([PROGRAM, "--db", str(path), "--as-of", DAY.isoformat()], SIZE) as dashboard:
        dashboard.until("data through")
        dashboard.settle(1.0)
        dashboard.answered("4" + "\t" * number, 1.5)
        answers = {"shown": dashboard.answered("\x1b[Z\t")}  # the tab before has been shown, too
        for what, keys in {"filter": FILTERS, **KEYS.get(TABS[number], {})}.items():
            found = [dashboard.answered(key) for key in keys]
            answers[what] = max(each[0] for each in found), max(each[1] for each in found)
        dashboard.answered("f", 1.5)
        dashboard.answered("\x1b", 1.5)  # which reads the plan again, while that of before is still shown
        return answers, dashboard.megabytes_at_most()


def main() -> None:
    assert FIRST_DAY < DAY
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.db"
        fill(path)
        reading = min(in_turns(ROUNDS, reading=partial(seconds_of_reading, path))["reading"])
        opening = min(opened(path) for _ in range(ROUNDS))
        report(f"plan screen, {ALL}, open", opening, reading, limit=(reading + BEYOND_READING_SECONDS) / reading)
        most = 0.0
        for number, name in enumerate(TABS):
            rounds = [tab(path, number) for _ in range(ROUNDS)]
            most = max(most, *(megabytes for _, megabytes in rounds))
            for what in rounds[0][0]:
                seconds, processor = (min(answers[what][at] for answers, _ in rounds) for at in (0, 1))
                report(f"plan screen, {name}, {what}", seconds, KEY_SECONDS, limit=1)
                report(f"plan screen, {name}, {what}, processor", processor, KEY_SECONDS, limit=1)
    report(f"plan screen, {ALL}, memory", most, MOST_MEGABYTES, limit=1, show=lambda number: f"{number:.0f} MB")


if __name__ == "__main__":
    main()
