"""What checking a large database takes: a million daily costs of two thousand projects, a data set for each month.

Its floor is a bare scan: every row of every table, read once.
"""

import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path

from bench_snapshot import insert
from measure import in_turns, report

from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.projects import Projects
from budget_tui.storage.database import database_at
from budget_tui.storage.database.sqlite_books import CHECKSUM_TEXT
from budget_tui.storage.database.sqlite_checks import problems_of
from budget_tui.storage.database.sqlite_connections import connect_read_only
from budget_tui.storage.fast_paths import day_number

PROJECTS = 2000
DAYS = 500
FIRST = date(2025, 1, 1)
ROUNDS = 3
LIMIT_RATIO = 2.0


def fill(path: Path) -> None:
    Projects(Context(database_at(path), "default", Clock(FIRST), "bench")).add("pcc")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for key in range(1, PROJECTS + 1):
            insert(connection, "cost_origin", origin_key=key, entity_key=2, service=f"service-{key}")
        days = [date.fromordinal(FIRST.toordinal() + number) for number in range(DAYS)]
        months = {day.replace(day=1): number for number, day in enumerate(days)}
        connection.executemany(
            "INSERT INTO dataset (dataset_key, org_key, source, billing_account_id, billing_period_start, fingerprint,"
            " imported_at) VALUES (?, 1, 'focus', 'acc', ?, '', '2026-01-01 00:00:00')",
            ((key, month.isoformat()) for month, key in months.items()),
        )
        connection.executemany(
            "INSERT INTO cost (origin_key, day, cell_day, amount_nanos, charges, dataset_key)"
            " VALUES (?1, ?2, ?2, ?3, 1, ?4)",
            (
                (origin, day_number(day), 1_000_000_000 + origin * 7_919_003, months[day.replace(day=1)])
                for day in days
                for origin in range(1, PROJECTS + 1)
            ),
        )
        connection.execute(
            f"UPDATE dataset SET (stored_rows, checksum) = (SELECT count(*), {CHECKSUM_TEXT} FROM cost"
            " WHERE cost.dataset_key = dataset.dataset_key)"
        )
        connection.execute("COMMIT")


def seconds_of_check(path: Path) -> float:
    began = time.perf_counter()
    assert problems_of(path) == []
    return time.perf_counter() - began


def seconds_of_scan(path: Path) -> float:
    began = time.perf_counter()
    with closing(connect_read_only(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for _ in connection.execute(f"SELECT * FROM {table} NOT INDEXED"):
                pass
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "full.db"
        fill(path)
        seconds = in_turns(ROUNDS, check=partial(seconds_of_check, path), scan=partial(seconds_of_scan, path))
    report(f"check of {PROJECTS * DAYS:,} costs", min(seconds["check"]), min(seconds["scan"]), LIMIT_RATIO)


if __name__ == "__main__":
    main()
