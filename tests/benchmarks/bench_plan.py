"""What the plan of a large organization takes: 5,000 entities, 20,000 budgets, 1,000,000 daily cost rows.

The floor of each view is SQLite alone, adding up the same costs by entity, category and provider and reading the
same budgets. Times are the processor's.
"""

import gc
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from bench_snapshot import insert
from measure import in_turns, report

from budget_tui.__main__ import GARBAGE_THRESHOLD
from budget_tui.domain.cost import Category
from budget_tui.domain.plan import PlanFilter
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.plan_views import PlanViews
from budget_tui.storage.database import database_at
from budget_tui.storage.database.sqlite_connections import connect_read_only

DEPARTMENTS, PROJECTS, ENTITIES = 20, 400, 5_000
FIRST_DAY = date(2026, 1, 1)
DAYS = 100
PROVIDERS = (("gcp", "cloud"), ("anthropic", "genai"))
# Four budgets each: kind, first and last day, category, provider.
BUDGETS = (
    ("quarterly", "2026-01-01", "2026-03-31", "total", ""),
    ("monthly", "2026-02-01", "2026-02-28", "cloud", ""),
    ("quarterly", "2026-01-01", "2026-03-31", "genai", "anthropic"),
    ("yearly", "2026-01-01", "2026-12-31", "cloud", "gcp"),
)
ROUNDS = 5
LIMIT = 3
OPENING_SECONDS = 0.3
"""So much longer than the summary alone the Plan screen may take to be read."""


def entities() -> Iterator[tuple[int, str, str, str, int | None]]:
    """Key, id, level, path, parent: teams below projects below departments below the root, which has key 1."""
    paths = {1: "/ORG/"}
    yield 1, "ORG", "organization", "/ORG/", None
    for key in range(2, ENTITIES + 1):
        if key <= DEPARTMENTS + 1:
            level, parent = "department", 1
        elif key <= DEPARTMENTS + PROJECTS + 1:
            level, parent = "project", 2 + key % DEPARTMENTS
        else:
            level, parent = "team", DEPARTMENTS + 2 + key % PROJECTS
        paths[key] = f"{paths[parent]}{level}-{key}/"
        yield key, f"{level}-{key}", level, paths[key], parent


def costs(days: int = DAYS) -> Iterator[tuple[int, int, int]]:
    """Origin, day and amount, in the order in which imports bring them: day by day."""
    for ahead in range(days):
        day = FIRST_DAY + timedelta(days=ahead)
        number = day.year * 10_000 + day.month * 100 + day.day
        for origin in range(ENTITIES * len(PROVIDERS)):
            yield origin, number, 1_000_000_000 + origin * 7_919_003 + ahead * 101


def fill(path: Path, days: int = DAYS) -> None:
    database_at(path).create()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        insert(connection, "organization")
        for key, name, level, place, parent in entities():
            insert(connection, "entity", entity_key=key, entity_id=name, name=name, level_code=level, path=place,
                   parent_key=parent)  # fmt: skip
            for number, (kind, start, end, category, provider) in enumerate(BUDGETS):
                insert(connection, "budget", budget_id=f"{key}-{number}", entity_key=key, category=category,
                       provider=provider, period_kind=kind, period_start=start, period_end=end,
                       amount=(5_000 + key) * 10**9, in_cycle=0)  # fmt: skip
            for number, (provider, category) in enumerate(PROVIDERS):
                insert(connection, "cost_origin", origin_key=(key - 1) * len(PROVIDERS) + number, entity_key=key,
                       entity_hint=name, provider_name=provider, provider=provider, category=category)  # fmt: skip
        connection.executemany(
            "INSERT INTO cost (origin_key, day, amount_nanos, charges) VALUES (?, ?, ?, 1)", costs(days)
        )
        connection.execute("COMMIT")


def seconds_of(view: Callable[[], object]) -> float:
    began = time.process_time()
    view()
    return time.process_time() - began


def seconds_of_sql(connection: sqlite3.Connection) -> float:
    """Of the sums of all costs, by whose and what they are, and of the budgets they are compared with."""
    sums = (
        "SELECT o.entity_key, o.category, o.provider, sum(c.amount_nanos) FROM cost_origin o CROSS JOIN cost c"
        " WHERE c.origin_key = o.origin_key AND c.day >= ? AND c.day < ? GROUP BY o.origin_key"
    )
    budgets = "SELECT b.*, e.* FROM budget b JOIN entity e ON e.entity_key = b.entity_key WHERE b.org_key = 1"
    began = time.process_time()
    found = connection.execute(sums, (20260101, 20270101)).fetchall(), connection.execute(budgets).fetchall()
    took = time.process_time() - began
    assert list(map(len, found)) == [ENTITIES * len(PROVIDERS), ENTITIES * len(BUDGETS)]
    return took


def main() -> None:
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)  # as the program does
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.db"
        fill(path)
        views = PlanViews(Context(database_at(path), "default", Clock(date(2026, 4, 10)), "bench"))
        assert len(views.summary().lines) == ENTITIES * len(BUDGETS)
        with closing(connect_read_only(path)) as reader:
            seconds = in_turns(
                ROUNDS,
                sql=partial(seconds_of_sql, reader),
                summary=partial(seconds_of, views.summary),
                tree=partial(seconds_of, views.tree),
                category=partial(seconds_of, views.by_category),
                provider=partial(seconds_of, partial(views.by_provider, "ORG", PlanFilter(category=Category.GENAI))),
                board=partial(seconds_of, views.board),
            )
        views.close()
    floor = min(seconds["sql"])
    names = {"summary": "summary", "tree": "tree", "category": "by category", "provider": "by provider"}
    for view, name in names.items():
        report(f"plan {name}, {ENTITIES * len(BUDGETS):,} budgets", min(seconds[view]), floor, limit=LIMIT)
    summary = min(seconds["summary"])
    report(
        "everything the Plan screen shows", min(seconds["board"]), summary, limit=(summary + OPENING_SECONDS) / summary
    )


if __name__ == "__main__":
    main()
