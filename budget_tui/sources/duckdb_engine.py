"""DuckDB, embedded: it runs one query at a time, reports progress, and stops at once when interrupted."""

import fcntl
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import duckdb


def sql_text(text: str) -> str:
    """Quote ``text`` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


_Result = TypeVar("_Result")
_POLL_SECONDS = 0.1
_PLAIN_NAME = re.compile(r"[\w/.,+=@%:#() -]+", re.ASCII)


class Engine:
    """A private in-memory database; data beyond memory spills into ``folder``, which is removed with it.

    It installs, downloads and prints nothing.
    """

    def __enter__(self) -> "Engine":
        self._scratch = scratch_folder()
        self.folder = self._scratch.__enter__()
        self._numbers = count()
        self._connection = self._connect()
        self._worker = ThreadPoolExecutor(1, "duckdb-query")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.shutdown()
        self._connection.close()
        self._scratch.__exit__(kind, error, trace)

    def _connect(self) -> "duckdb.DuckDBPyConnection":
        import duckdb

        connection = duckdb.connect()
        settings: dict[str, Any] = {
            "TimeZone": "UTC",
            "temp_directory": str(self.folder / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_progress_bar": True,
            "enable_progress_bar_print": False,
        }
        for name, value in settings.items():
            connection.execute(f"SET {name} = ?", [value])
        return connection

    def readable(self, path: Path) -> Path:
        """Return a path that the engine takes literally: not as a pattern, a home folder or a URL."""
        absolute = path.absolute()
        if _PLAIN_NAME.fullmatch(str(absolute)):
            return absolute
        link = self.folder / f"file-{next(self._numbers)}"
        link.symlink_to(absolute)
        return link

    def rows(self, sql: str, progress: Callable[[float], None] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of ``sql``; ``progress`` receives the percentage done. Raises ``duckdb.Error``."""
        return self._beside(lambda: self._connection.execute(sql).fetchall(), progress)

    def stream(self, sql: str, size: int = 10_000) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of ``sql`` in batches of ``size``. Only one stream may be open at a time."""
        result = self._beside(lambda: self._connection.execute(sql))
        while batch := result.fetchmany(size):
            yield batch

    def _beside(self, query: Callable[[], _Result], progress: Callable[[float], None] | None = None) -> _Result:
        """Run a query in another thread, so that Ctrl-C is received meanwhile and interrupts it."""
        future = self._worker.submit(query)
        try:
            while not wait([future], _POLL_SECONDS).done:
                if progress:
                    progress(max(0.0, self._connection.query_progress()))
        finally:
            while not future.done():
                self._connection.interrupt()
                wait([future], _POLL_SECONDS)
        return future.result()

    def make(self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Create ``table``, or replace it, with these ``columns`` (types by name) and ``rows``."""
        values = ", ".join(f"unnest(CAST(? AS {kind}[])) AS {name}" for name, kind in columns.items())
        by_column = list(map(list, zip(*rows, strict=True))) or [[] for _ in columns]
        self._connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {values}", by_column)

    def fill(self, table: str, columns: Mapping[str, Sequence[Any]], constants: Mapping[str, str] = {}) -> None:
        """Append columns of values to ``table``; ``constants`` are columns with a single value, as SQL."""
        values = [f"unnest(?) AS {name}" for name in columns] + [
            f"{value} AS {name}" for name, value in constants.items()
        ]
        sql = f"INSERT INTO {table} BY NAME SELECT {', '.join(values)}"
        self._connection.execute(sql, [list(column) for column in columns.values()])


# The folder for data beyond memory

_PREFIX = "budget-tui-"
_LOCK = "lock"
_YOUNG_SECONDS = 60  # a folder created just now may not be locked yet


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Create a folder that is removed at the end, and at SIGTERM and SIGHUP. Also remove those of killed processes."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    with _exiting_on_signals(), tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        folder = Path(name)
        with (folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder


def _remove_abandoned(parent: Path) -> None:
    for lock in parent.glob(f"{_PREFIX}*/{_LOCK}"):
        try:
            if time.time() - lock.stat().st_mtime < _YOUNG_SECONDS:
                continue
            with lock.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:  # in use, or another user's
            continue


@contextmanager
def _exiting_on_signals() -> Iterator[None]:
    """Exit on signals without a handler, which would otherwise end the process at once."""
    ending = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        ending = []
    for each in ending:
        signal.signal(each, _exit)
    try:
        yield
    finally:
        for each in ending:
            signal.signal(each, signal.SIG_DFL)


def _exit(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
