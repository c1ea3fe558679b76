"""What grants, transfers, the snapshot and the plan's summary take on PostgreSQL beside psycopg with the same server.

The floor of a change is one transaction of the statements that it comes down to, and that of a view its sums and rows.
The server waits for no disk, which would take as long on both sides. These have no limit: they are for comparison.
"""

import math
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import bench_plan
import bench_snapshot
from measure import in_turns, report

sys.path.insert(0, str(Path(__file__).parents[2]))

from budget_tui import BudgetService
from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.services.clock import Clock
from budget_tui.services.context import Context
from budget_tui.services.plan_views import PlanViews
from budget_tui.services.snapshots import Snapshots
from budget_tui.services.transfers import TransferRequest
from budget_tui.storage.database import database_at
from budget_tui.storage.database.copying import copy_database
from tests.postgres import Postgres, running_server

ROUNDS = 8
TIMES = 100
DAYS = 62
"""Of costs."""
TOKENS = 10**15
PROJECTS = ("a", "b")

SETUP = (
    "CREATE TABLE budget (name text PRIMARY KEY, amount bigint, used bigint, reserved bigint)",
    f"INSERT INTO budget VALUES ('scout', {TOKENS}, 0, 0), ('a', {TOKENS}, 0, 0), ('b', {TOKENS}, 0, 0)",
    "CREATE TABLE transfer (id text PRIMARY KEY, giver text, taker text, amount bigint, made_at timestamptz)",
    "CREATE TABLE audit (line bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text, before text, after text)",
)


class Bare:
    """Three budgets and a few statements: what no ledger can be faster than."""

    def __init__(self, server: Postgres) -> None:
        self._connection = server.connect(server.create())
        for statement in SETUP:
            self._connection.execute(statement.encode())
        self._made = 0

    def consume(self) -> None:
        with self._connection.transaction():
            taken = self._connection.execute(
                "UPDATE budget SET used = used + 100 WHERE name = 'scout' AND used + reserved + 100 <= amount"
            )
            assert taken.rowcount

    def transfer(self) -> None:
        self._made += 1
        execute = self._connection.execute
        with self._connection.transaction():
            assert execute("UPDATE budget SET amount = amount - 1 WHERE name = 'a' AND amount >= 1").rowcount
            execute("UPDATE budget SET amount = amount + 1 WHERE name = 'b'")
            execute("INSERT INTO transfer VALUES (%s, 'a', 'b', 1, now())", (f"{self._made:036}",))
            execute("INSERT INTO audit (subject, before, after) VALUES ('a → b', %s, %s)", ("x" * 40, "x" * 60))


def ours(url: str) -> tuple[BudgetService, Callable[[], object]]:
    """What consumes, and what transfers."""
    services = open_services(url, settings=Settings(), keep_open=True)
    services.budgets.set_global(1_000_000 * NANOS)
    for project in PROJECTS:
        services.projects.add(project, allocation=AllocationChange(ChangeKind.SET, 100_000 * NANOS))
    services.agents.add("scout", "a", tokens=TOKENS)
    return BudgetService.open(url), lambda: services.transfers.transfer(TransferRequest("a", "b", 1))


def timed(work: Callable[[], object], times: int = 1) -> Callable[[], float]:
    """What takes the seconds of one of many."""

    def side() -> float:
        began = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - began) / times

    return side


def large(server: Postgres, bench: ModuleType) -> str:
    """The address of a database as another benchmark fills a file."""
    url = server.url(server.create())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.db"
        bench.fill(path, 0)
        copy_database(database_at(path), database_at(url))
    with server.connect(database_at(url).name) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY cost (origin_key, day, amount_nanos, charges) FROM STDIN") as copy:
            for row in bench.costs(DAYS):
                copy.write_row((*row, 1))
        connection.execute("ANALYZE")
    return url


def read(server: Postgres, url: str, *questions: str) -> Callable[[], None]:
    """What asks psycopg ``questions`` in one consistent read, and takes all rows."""
    connection = server.connect(database_at(url).name)

    def ask() -> None:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        rows = [connection.execute(question.encode()).fetchall() for question in questions]
        connection.execute("COMMIT")
        assert all(rows)

    return ask


def sums(first: int, end: int) -> str:
    return (
        "SELECT o.entity_key, o.category, o.provider, sum(c.amount_nanos) FROM cost_origin o JOIN cost c"
        f" ON c.origin_key = o.origin_key WHERE c.day >= {first} AND c.day < {end} GROUP BY o.origin_key"
    )


def changes(server: Postgres) -> dict[str, list[float]]:
    bare = Bare(server)
    grants, transfer = ours(server.url(server.create()))
    seconds = in_turns(
        ROUNDS,
        bare_consume=timed(bare.consume, TIMES),
        consume=timed(lambda: grants.consume_budget("scout", 100), TIMES),
        bare_transfer=timed(bare.transfer, TIMES),
        transfer=timed(transfer, TIMES),
    )
    grants.close()
    return seconds


def views(server: Postgres) -> dict[str, list[float]]:
    spent, planned = large(server, bench_snapshot), large(server, bench_plan)
    snapshots = Snapshots(context(spent, bench_snapshot.TODAY))
    plan = PlanViews(context(planned, date(2026, 4, 10)))
    budgets = "SELECT b.*, e.* FROM budget b JOIN entity e ON e.entity_key = b.entity_key WHERE b.org_key = 1"
    seconds = in_turns(
        ROUNDS,
        bare_snapshot=timed(read(server, spent, sums(*bench_snapshot.MONTH))),
        snapshot=timed(snapshots.current),
        bare_summary=timed(read(server, planned, sums(20260101, 20270101), budgets)),
        summary=timed(plan.summary),
    )
    snapshots.close()
    plan.close()
    return seconds


def context(url: str, today: date) -> Context:
    return Context(database_at(url), "default", Clock(today), "bench")


def main() -> None:
    with running_server() as server:
        seconds = changes(server) | views(server)
    names: dict[str, Any] = {
        "consume": "consume on PostgreSQL",
        "transfer": "transfer on PostgreSQL",
        "snapshot": f"snapshot of {bench_snapshot.PROJECTS:,} projects on PostgreSQL",
        "summary": f"plan summary, {bench_plan.ENTITIES * len(bench_plan.BUDGETS):,} budgets on PostgreSQL",
    }
    for name, words in names.items():
        report(words, min(seconds[name]), min(seconds[f"bare_{name}"]), math.inf)


if __name__ == "__main__":
    main()
