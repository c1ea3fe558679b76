"""What all tests share: an environment without the user's choices, how hard property tests look, and a garbage
collector that does not look at the libraries."""

import atexit
import gc
import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import settings

from tests.databases import ENGINES, Engine, close_writers, engine, engines
from tests.examples import SUITE
from tests.postgres import postgres, postgres_database, postgres_url

__all__ = ["engine", "engines", "postgres", "postgres_database", "postgres_url"]

for name in [name for name in os.environ if name.startswith("BUDGET_TUI_")]:
    del os.environ[name]
os.environ |= dict.fromkeys(("CLAUDE_CONFIG_DIR", "CODEX_HOME"), "/nonexistent")  # no logs but those of tests
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each program that a test starts is compiled anew
if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # as in the background of a shell; programs that are started inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Databases of tests are real files, thousands of them, but need not outlast the machine: in memory, where there is
# room, nobody waits for a disk each time that one is committed or closed.
IN_MEMORY = Path("/dev/shm")
ROOM = 1 << 30
if "TMPDIR" not in os.environ and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM:
    os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)

MadeOnce = Callable[[Path, Callable[[Path], object]], None]

settings.load_profile(SUITE)

# From here on, while modules are imported and tests collected: nearly all of it stays.
gc.set_threshold(50_000, 20, 20)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engines",
        choices=("some", "all"),
        default="some",
        help="which tests run on PostgreSQL, too: those marked 'both_engines' (default), or all that can",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let a test whose databases come from `engine` run on both engines, where it is marked or all are to."""
    marked = metafunc.definition.get_closest_marker
    is_for_all = marked("both_engines") or metafunc.config.getoption("--engines") == "all"
    if "engine" in metafunc.fixturenames and is_for_all and not marked("sqlite"):
        metafunc.parametrize("engine", ENGINES, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is imported by now stays: to go through it again and again takes a tenth of the time."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """What is left is cleared away; pytest then collects some more times, which need not go through all of it again."""
    gc.collect()
    gc.freeze()
    if "PYTEST_XDIST_WORKER" in os.environ:
        atexit.register(os._exit, 0)  # all is told by then; the system clears away the rest at once
    else:
        atexit.register(gc.unfreeze)


class Tenant:
    """A connection to an empty database of its own in a DuckDB that runs already, as `duckdb.connect` gives one."""

    _numbers = count()

    def __init__(self, running: duckdb.DuckDBPyConnection) -> None:
        self._connection = running.cursor()
        self._name = f"tenant_{next(self._numbers)}"
        self._connection.execute(f"ATTACH ':memory:' AS {self._name}")
        self._connection.execute(f"USE {self._name}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def close(self) -> None:
        self._connection.execute("USE memory")
        self._connection.execute(f"DETACH {self._name}")
        self._connection.close()


@pytest.fixture(scope="session", autouse=True)
def duckdb_started_once() -> Iterator[None]:
    """To start a DuckDB and to end it takes a third of a small import, and tests import more than a thousand times.
    Its threads cost small files more than they give; programs that tests start have them."""
    connect, process = duckdb.connect, os.getpid()
    with connect(config={"threads": 1}) as running, pytest.MonkeyPatch.context() as patch:

        def connected(*arguments: Any, **options: Any) -> Any:
            is_here = os.getpid() == process  # a fork has none of the threads that would answer it
            return Tenant(running) if is_here and not arguments and not options else connect(*arguments, **options)

        patch.setattr(duckdb, "connect", connected)
        yield


@pytest.fixture(scope="session")
def made_once() -> MadeOnce:
    """Puts at a path the database that a function makes there: it is made once, and copied from then on."""
    made: dict[Callable[[Path], object], bytes] = {}

    def place(path: Path, make: Callable[[Path], object]) -> None:
        if make in made:
            path.write_bytes(made[make])
            return
        make(path)
        close_writers()
        with closing(sqlite3.connect(path)) as connection:
            made[make] = connection.serialize()

    return place


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants to write while another program does gives up at once."""
    for each in ("budget_tui.storage.unit_of_work", "budget_tui.cli.session"):
        monkeypatch.setattr(f"{each}.PATIENCE_SECONDS", 0.05)


@pytest.fixture(autouse=True)
def databases_taken_back(engines: dict[str, Engine]) -> Iterator[None]:
    yield
    for each in engines.values():
        each.clear()
