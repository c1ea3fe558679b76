"""What closing a period of a large organization takes: 2,000 projects with costs on every day of the month.

Its floor is SQLite alone, storing the same rows in one transaction that is on the disk when it ends.
"""

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from bench_snapshot import PROJECTS, WRITTEN_ON, insert
from measure import in_turns, report

from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.periods import Periods
from budget_tui.storage.database import database_at
from budget_tui.storage.database.sqlite_connections import PRAGMAS

LAST_DAY = date(2026, 1, 31)
NEXT_DAY = date(2026, 2, 1)
ROUNDS = 5
LIMIT_SECONDS = 1.0
LIMIT_RATIO = 3.0
TABLES = ("period_close", "period_close_line", "budget", "allocation", "audit")

Rows = dict[str, list[tuple[Any, ...]]]


def fill(path: Path) -> None:
    database_at(path).create()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        insert(connection, "organization")
        insert(connection, "entity")
        insert(connection, "budget", carry="both")
        for key in range(PROJECTS):
            name, entity = f"project-{key}", key + 2
            insert(connection, "entity", entity_key=entity, entity_id=name, name=name, level_code="project",
                   path=f"/ORG/{name}/", parent_key=1)  # fmt: skip
            insert(connection, "budget", budget_id=name, entity_key=entity, amount=100 * 10**9, base=100 * 10**9,
                   carry="both")  # fmt: skip
            insert(connection, "allocation", allocation_id=name, child_budget_id=name, amount=100 * 10**9)
            insert(connection, "cost_origin", origin_key=key, entity_hint=name, entity_key=entity)
        connection.executemany(
            "INSERT INTO cost (origin_key, day, amount_nanos, charges) VALUES (?, ?, ?, 1)",
            (
                (project, 20260100 + day, 1_000_000_000 + project * 7_919_003 + day)
                for day in range(1, LAST_DAY.day + 1)
                for project in range(PROJECTS)
            ),
        )
        connection.execute("COMMIT")


def seconds_of_close(full: Path, scratch: Path) -> float:
    """Of the first command on the first day of the next month."""
    shutil.copy(full, scratch)
    periods = Periods(Context(database_at(scratch), "default", Clock(NEXT_DAY), "bench"))
    began = time.perf_counter()
    periods.catch_up()
    return time.perf_counter() - began


def stored(path: Path) -> tuple[dict[str, Sequence[str]], Rows]:
    """The columns and the rows that the close added, table by table."""
    columns, rows = {}, {}
    with closing(sqlite3.connect(path)) as connection:
        for table in TABLES:
            new = {"budget": "WHERE period_start = '2026-02-01'", "allocation": f"WHERE created_at > '{WRITTEN_ON}'"}
            found = connection.execute(f"SELECT * FROM {table} {new.get(table, '')} ORDER BY rowid")
            columns[table] = [name for name, *_ in found.description]
            rows[table] = found.fetchall()
    return columns, rows


def seconds_of_inserts(full: Path, scratch: Path, columns: dict[str, Sequence[str]], rows: Rows) -> float:
    shutil.copy(full, scratch)
    began = time.perf_counter()
    with closing(sqlite3.connect(scratch, isolation_level=None)) as connection:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            names = columns[table]
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", rows[table]
            )
        connection.execute("COMMIT")
        return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        full, scratch = Path(folder) / "full.db", Path(folder) / "scratch.db"
        fill(full)
        seconds_of_close(full, scratch)
        columns, rows = stored(scratch)
        assert len(rows["budget"]) == PROJECTS + 1
        assert len(rows["period_close_line"]) == len(rows["allocation"]) == PROJECTS
        seconds = in_turns(
            ROUNDS,
            close=partial(seconds_of_close, full, scratch),
            inserts=partial(seconds_of_inserts, full, scratch, columns, rows),
        )
    took, floor = min(seconds["close"]), min(seconds["inserts"])
    report(f"close of {PROJECTS:,} projects", took, floor, limit=max(LIMIT_RATIO, LIMIT_SECONDS / floor))


if __name__ == "__main__":
    main()
