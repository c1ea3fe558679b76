"""The time to evaluate ten thousand rules of alerts after a write: five for each of two thousand projects.

They watch the share, what is left, the pace, the runway and the forecast. The floor is the time that a person may wait.
Times are the processor's, which other programs beside it change least.
"""

import gc
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import bench_snapshot
from measure import report

from budget_tui.__main__ import GARBAGE_THRESHOLD
from budget_tui.domain.alerts import AlertKind
from budget_tui.services.alerts import Alerts
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.storage.database import database_at

RULES = {
    AlertKind.SHARE: "[800000, 1000000]",
    AlertKind.LEFT: "[1000000000]",
    AlertKind.PACE: "[150000]",
    AlertKind.RUNWAY: "[3000]",
    AlertKind.FORECAST: "[50]",
}
DAYS, TODAY = 120, bench_snapshot.TODAY - timedelta(15)
LIMIT_SECONDS, ROUNDS = 0.2, 7


class StandingClock(Clock):
    """A clock that stands still on a day that is today, not one to look at."""

    def today(self, time_zone: str) -> date:
        return TODAY

    def now(self) -> datetime:
        return datetime.combine(TODAY, datetime.min.time(), UTC)


def add_rules(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM cost WHERE day > ?", (int(f"{TODAY:%Y%m%d}"),))
        connection.executemany(
            "INSERT INTO alert_rule (org_key, kind, thresholds, entity_key, category, budget_type, provider, source,"
            " channels, fails, seeded, created_by, created_at)"
            " VALUES (1, ?, ?, ?, '', 'monetary', '', '', '[]', 0, '[]', 'bench', ?)",
            [
                (kind, thresholds, project + 2, bench_snapshot.WRITTEN_ON)
                for project in range(bench_snapshot.PROJECTS)
                for kind, thresholds in RULES.items()
            ],
        )


def main() -> None:
    gc.set_threshold(GARBAGE_THRESHOLD)  # as the program does
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.db"
        bench_snapshot.fill(path, DAYS)
        add_rules(path)
        alerts = Alerts(Context(database_at(path), "default", StandingClock(), "bench"))
        alerts.evaluate()  # their state is taken as it is found
        took = []
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            for _ in range(ROUNDS):
                writer.execute("UPDATE budget SET amount = amount + 1 WHERE budget_id = 'project-0'")
                began = time.process_time()
                alerts.evaluate()
                took.append(time.process_time() - began)
    report("evaluation of 10,000 rules after a write", min(took), LIMIT_SECONDS, 1.0)


if __name__ == "__main__":
    main()
