"""What a snapshot of a large organization takes: 2,000 projects, two years of daily costs, the last day of a month.

Its floor is SQLite alone, adding up the same month's costs from the same index. Times are the processor's.
"""

import gc
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from measure import in_turns, report

from budget_tui.__main__ import GARBAGE_THRESHOLD
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.snapshots import Snapshots
from budget_tui.storage.database import database_at
from budget_tui.storage.database.sqlite_connections import connect_read_only

PROJECTS = 2000
DAYS = 730
TODAY = date(2026, 1, 31)  # when the period is as long as it gets
MONTH = (20260101, 20260201)
ROUNDS = 10
LIMIT_MS = 50

WRITTEN_ON = "2026-01-01 00:00:00"
ROWS: dict[str, dict[str, Any]] = {
    "organization": {
        "org_key": 1, "slug": "default", "name": "Default", "currency": "USD", "time_zone": "UTC",
        "period_kind": "monthly", "anchor_day": 1, "fiscal_start_month": 1, "created_at": WRITTEN_ON,
    },
    "entity": {
        "entity_key": 1, "org_key": 1, "entity_id": "ORG", "name": "Default", "level_code": "organization",
        "path": "/ORG/", "created_at": WRITTEN_ON,
    },
    "budget": {
        "budget_id": "global", "org_key": 1, "entity_key": 1, "category": "total", "budget_type": "monetary",
        "currency": "USD", "provider": "", "period_kind": "monthly", "period_start": "2026-01-01",
        "period_end": "2026-01-31", "amount": 250_000 * 10**9, "base": 250_000 * 10**9, "notes": "", "is_active": 1,
        "in_cycle": 1, "created_by": "bench", "created_at": WRITTEN_ON,
    },
    "allocation": {
        "allocation_id": "", "parent_budget_id": "global", "child_budget_id": "", "amount": 0,
        "created_at": WRITTEN_ON,
    },
    "cost_origin": {
        "origin_key": 1, "org_key": 1, "source": "focus", "live": 0, "currency": "USD", "provider_name": "AWS",
        "service": "", "service_category": "", "service_subcategory": "", "sub_account_id": "", "sub_account_name": "",
        "entity_hint": "", "path_hint": "", "category_hint": "", "tags": "{}", "entity_key": 1, "provider": "aws",
        "category": "cloud",
    },
}  # fmt: skip


def insert(connection: sqlite3.Connection, table: str, **changed: Any) -> None:
    row = ROWS[table] | changed
    names = ", ".join(row)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def costs(days: int = DAYS) -> Iterator[tuple[int, int, int]]:
    """Origin, day and amount, in the order in which imports bring them: day by day."""
    for back in reversed(range(days)):
        day = TODAY - timedelta(days=back)
        number = day.year * 10_000 + day.month * 100 + day.day
        for project in range(PROJECTS):
            yield project, number, 1_000_000_000 + project * 7_919_003 + back * 101


def fill(path: Path, days: int = DAYS) -> None:
    database_at(path).create()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for table in ("organization", "entity", "budget"):
            insert(connection, table)
        for key in range(PROJECTS):
            name, entity = f"project-{key}", key + 2
            insert(connection, "entity", entity_key=entity, entity_id=name, name=name, level_code="project",
                   path=f"/ORG/{name}/", parent_key=1)  # fmt: skip
            insert(connection, "budget", budget_id=name, entity_key=entity, amount=100 * 10**9)
            insert(connection, "allocation", allocation_id=name, child_budget_id=name, amount=100 * 10**9)
            insert(connection, "cost_origin", origin_key=key, entity_hint=name, entity_key=entity)
        connection.executemany(
            "INSERT INTO cost (origin_key, day, amount_nanos, charges) VALUES (?, ?, ?, 1)", costs(days)
        )
        connection.execute("COMMIT")


def seconds_of_snapshot(snapshots: Snapshots, writer: sqlite3.Connection) -> float:
    """Of the snapshot that follows an edit: what was read before is not taken for granted."""
    writer.execute("UPDATE budget SET amount = amount + 1 WHERE budget_id = 'project-0'")
    began = time.process_time()
    snapshot = snapshots.current()
    took = time.process_time() - began
    assert len(snapshot.projects) == PROJECTS
    assert len(snapshot.daily_spend) == TODAY.day
    return took


def seconds_of_sum(connection: sqlite3.Connection) -> float:
    question = (
        "SELECT sum(c.amount_nanos) FROM cost_origin o CROSS JOIN cost c"
        " WHERE c.origin_key = o.origin_key AND c.day >= ? AND c.day < ?"
    )
    began = time.process_time()
    (total,) = connection.execute(question, MONTH).fetchone()
    took = time.process_time() - began
    assert total > 0
    return took


def main() -> None:
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)  # as the program does
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.db"
        fill(path)
        snapshots = Snapshots(Context(database_at(path), "default", Clock(TODAY), "bench"))
        with closing(connect_read_only(path)) as reader, closing(sqlite3.connect(path, isolation_level=None)) as writer:
            seconds = in_turns(
                ROUNDS,
                snapshot=partial(seconds_of_snapshot, snapshots, writer),
                sum=partial(seconds_of_sum, reader),
            )
        snapshots.close()
    took, floor = min(seconds["snapshot"]), min(seconds["sum"])
    print(f"snapshot {PROJECTS} projects: {took * 1000:.0f} ms (limit {LIMIT_MS})")
    report(f"snapshot of {PROJECTS:,} projects after an edit", took, floor, limit=LIMIT_MS / 1000 / floor)


if __name__ == "__main__":
    main()
