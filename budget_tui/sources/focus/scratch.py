"""A folder for what is needed only while files are read: it goes with the reading, however that ends."""

import fcntl
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_PREFIX = "budget-tui-"
_LOCK = "lock"
_YOUNG_SECONDS = 60  # a folder that was just made may not be locked yet


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is removed at the end, and at SIGTERM and SIGHUP. One that a killed process left goes, too."""
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
    """Where nobody else handles them: a signal would end the process on the spot."""
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
