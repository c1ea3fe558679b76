"""What the benchmarks share: a side beside its floor, in turns, and one line per measurement.

The line is ``NAME | measured | floor | ratio | limit``. Only the ratio means anything: it is what stays the same
on a machine that is slower or busy. A limit of "2 × the floor + 60 ms" is written as the ratio that it comes to.
"""

import os
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("budget-tui"))
BARE_APP = str(Path(__file__).with_name("bare.py"))
DAY = "2026-01-13"
_PATIENCE_SECONDS = 30.0
_ANSWER_SECONDS = 1.0
_SIZE = (40, 120)


def in_turns(rounds: int, **sides: Callable[[], float]) -> dict[str, list[float]]:
    """Each side's values in seconds, measured one after another in each round; a first round is not counted."""
    for side in sides.values():
        side()
    values: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            values[name].append(side())
    return values


def report(name: str, measured: float, floor: float, limit: float, show: Callable[[float], str] | None = None) -> None:
    """Print a measurement; ``limit`` is the largest ratio of ``measured`` to ``floor`` that is good enough."""
    show = show or milliseconds
    print(f"{name} | {show(measured)} | {show(floor)} | {measured / floor:.2f} | {limit:.2f}", flush=True)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def environment() -> dict[str, str]:
    """A terminal of true colour, and nothing of the user's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEXTUAL", "BUDGET_TUI"))}
    kept.pop("NO_COLOR", None)
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # a program that is installed has its bytecode
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_CONFIG_HOME": "/nonexistent"}


def run(arguments: Sequence[str]) -> float:
    """Run a program to its end; returns its wall-clock time in seconds."""
    began = time.perf_counter()
    subprocess.run(arguments, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


class Terminal:
    """A program in a terminal of its own, seen through what it writes there."""

    def __init__(self, arguments: Sequence[str], size: tuple[int, int] = _SIZE) -> None:
        self._own, other = os.openpty()
        termios.tcsetwinsize(other, size)
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            arguments, stdin=other, stdout=other, stderr=other, env=environment(), start_new_session=True
        )
        os.close(other)
        self._written = b""

    def until(self, *texts: str) -> float:
        """Wait until each of ``texts`` was written since the last keys; returns when, by the clock of `began`."""
        wanted = [text.encode() for text in texts]
        while not all(text in self._written for text in wanted):
            self._written += self._read(_PATIENCE_SECONDS, f"no sign of {texts}")
        return time.perf_counter()

    def settle(self, quiet_seconds: float = 0.3) -> None:
        """Wait until nothing was written for a while."""
        while select.select([self._own], [], [], quiet_seconds)[0]:
            self._read(_PATIENCE_SECONDS, "")

    def answered(self, keys: str, quiet_seconds: float = 0.3) -> tuple[float, float]:
        """Send keys and wait until no more is written: seconds until the last of it, and seconds of the processor."""
        used, began = self.processor_seconds(), self.press(keys)
        last, patience = began, _ANSWER_SECONDS
        while select.select([self._own], [], [], patience)[0]:
            self._written += self._read(_PATIENCE_SECONDS, "")
            last, patience = time.perf_counter(), quiet_seconds
        return last - began, self.processor_seconds() - used

    def press(self, keys: str) -> float:
        """Send keys; what was written until now is forgotten. Returns the time."""
        self._written = b""
        now = time.perf_counter()
        os.write(self._own, keys.encode())
        return now

    def processor_seconds(self) -> float:
        """What all its threads have used of the processor so far."""
        tasks = Path(f"/proc/{self._process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def megabytes_at_most(self) -> float:
        """The most memory that it has used so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._own)

    def _read(self, patience_seconds: float, complaint: str) -> bytes:
        if not select.select([self._own], [], [], patience_seconds)[0]:
            raise TimeoutError(f"{complaint} after {patience_seconds:.0f} s; last: {self._written[-500:]!r}")
        return os.read(self._own, 1 << 16)


@contextmanager
def terminal(arguments: Sequence[str], size: tuple[int, int] = _SIZE) -> Iterator[Terminal]:
    shown = Terminal(arguments, size)
    try:
        yield shown
    finally:
        shown.close()


def example(folder: Path) -> str:
    """The demonstration's database in ``folder``."""
    path = str(folder / "example.db")
    run([PROGRAM, "--db", path, "--as-of", DAY, "demo", "--load"])
    return path
