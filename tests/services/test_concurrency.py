"""Several programs on one database: nobody's change is lost, nobody sees half of one."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from budget_tui.domain.errors import Conflict
from tests.databases import Engine
from tests.services.conftest import Home, home_at, shown

TIMES = 100
PROGRAMS = 2


def at_the_same_time(*works: Callable[[], None]) -> None:
    """Runs each in a thread of its own; the first error is raised."""
    ready = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        ready.wait(timeout=120)
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(run, work) for work in works]:
            done.result(timeout=120)


def repeated(command: Callable[[], object], times: int = TIMES) -> Callable[[], None]:
    def work() -> None:
        for _ in range(times):
            command()

    return work


def test_two_threads_lose_no_press_of_a_key(home: Home) -> None:
    home.budget("1000")
    home.add("a")
    other = home.again()
    at_the_same_time(repeated(lambda: home.allocate("a", "+1")), repeated(lambda: other.allocate("a", "+1")))
    assert home.allocations == {"a": "200", "pool": "800"}
    assert len(home.rows("SELECT 1 FROM audit WHERE action = 'allocation.set'")) == 2 * TIMES


def test_transfers_both_ways_lose_nothing(home: Home) -> None:
    home.budget("300")
    home.add("a", "b", allocate="100")
    other = home.again()
    at_the_same_time(
        repeated(lambda: home.transfer("a", "b", "1"), 50), repeated(lambda: other.transfer("b", "a", "0.5"), 50)
    )
    assert home.allocations == {"a": "75", "b": "125", "pool": "100"}


def test_a_value_typed_over_a_moving_one_is_either_taken_or_refused(home: Home) -> None:
    home.budget("1000")
    home.add("a")
    other = home.again()
    taken = 0

    def typed() -> None:
        nonlocal taken
        for _ in range(50):
            seen = shown(other.pace("a").allocation)
            try:
                other.allocate("a", "+1000", seen=seen)
            except Conflict:
                continue
            taken += 1

    at_the_same_time(repeated(lambda: home.allocate("a", "+1"), 50), typed)
    assert shown(home.pace("a").allocation) == str(50 + 1000 * taken)


def test_readers_see_whole_transactions_only(home: Home) -> None:
    """Money on its way from one to the other is at either of them, and never at both or none."""
    home.budget("300")
    home.add("a", "b", allocate="100")
    reader = home.again().services.snapshots
    seen: set[tuple[str, str, str]] = set()

    def read() -> None:
        for _ in range(150):
            snapshot = reader.current()
            a, b = (shown(line.pace.allocation) for line in snapshot.projects)
            seen.add((a, b, shown(snapshot.unallocated)))

    def move() -> None:
        for _ in range(20):
            home.transfer("a", "b", "100")
            home.transfer("b", "a", "200")
            home.transfer("a", "b", "100")

    at_the_same_time(read, move)
    reader.close()
    assert seen <= {("100", "100", "100"), ("0", "200", "100"), ("200", "0", "100")}


def test_threads_of_one_program_share_its_services(home: Home) -> None:
    home.budget("1000")
    home.add("a")
    snapshots = home.services.snapshots
    at_the_same_time(
        repeated(lambda: home.allocate("a", "+1"), 30),
        repeated(snapshots.current, 60),
        repeated(snapshots.changed, 300),
    )
    assert home.allocations["a"] == "30"


@pytest.mark.both_engines
def test_the_same_key_at_the_same_time_counts_once(home: Home) -> None:
    home.budget("100")
    home.add("a", "b", allocate="50")
    homes = [home.again() for _ in range(4)]
    at_the_same_time(*(repeated(lambda each=each: each.transfer("a", "b", "10", key="k"), 5) for each in homes))
    assert home.allocations == {"a": "40", "b": "60", "pool": "0"}


PROGRAM = """
import sys
from datetime import date
from budget_tui.bootstrap import open_services
from budget_tui.domain.budget import parse_change
from budget_tui.domain.errors import Conflict
from budget_tui.config.settings import Settings

services = open_services(sys.argv[1], as_of=date(2026, 1, 13), settings=Settings())
projects, budgets = services.projects, services.budgets
print("ready", flush=True)
sys.stdin.readline()
try:
    projects.add("shared")
except Conflict:
    pass
for _ in range(int(sys.argv[2])):
    budgets.allocate("shared", parse_change("+1"))
"""


def test_programs_that_begin_together_make_one_database_and_lose_nothing(engine: Engine) -> None:
    address = engine.nowhere()
    root = Path(__file__).parents[2]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(address), "40"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(PROGRAMS)
    ]
    for program in running:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in running:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    complaints = [program.communicate(timeout=120)[1] for program in running]
    assert complaints == [""] * PROGRAMS
    home = home_at(address, None)
    assert home.rows("SELECT amount FROM budget ORDER BY amount") == [(0,), (PROGRAMS * 40 * 10**9,)]
    assert home.rows("SELECT count(*) FROM organization") == [(1,)]


@pytest.mark.sqlite
def test_two_that_make_the_database_at_once_do_not_replace_each_others(tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    first, second = home_at(path, None).services.context, home_at(path, None).services.context
    with first.work() as one, second.work() as two:
        one.commit()
        before = path.read_bytes()
        with pytest.raises(Conflict, match=f"someone else has created {path} in the meantime"):
            two.commit()
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))
