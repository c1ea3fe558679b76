"""What the campaigns share: programs that are started and killed, what they noted, and what a round came to."""

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from budget_tui.domain.errors import BudgetError
from budget_tui.storage.database import database_at
from budget_tui.storage.database.base import SchemaState
from tests.databases import Address, is_postgres, opened

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "budget_tui")
PATIENCE_SECONDS = 120.0
"""How long anything may take on a machine that is busy; what takes longer hangs."""
ENDLESS = 10**9
UNEXPECTED = ("unexpected", "Traceback")
"""What a program says when nobody had thought of something."""


@dataclass
class Tally:
    """What a campaign did. ``lost`` are acknowledged operations that are not there; ``violations`` everything wrong."""

    operations: int = 0
    kills: int = 0
    faults: int = 0
    lost: int = 0
    violations: list[str] = field(default_factory=list)

    def __iadd__(self, other: "Tally") -> "Tally":
        self.operations += other.operations
        self.kills += other.kills
        self.faults += other.faults
        self.lost += other.lost
        self.violations += other.violations
        return self

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.violations.append(otherwise)

    def must_be_sound(self, address: Address) -> None:
        """The books of a database that nobody writes to any more."""
        database = database_at(address)
        self.violations += [f"{database.name}: {line}" for line in database.problems(SchemaState.CURRENT)]

    def __str__(self) -> str:
        return (
            f"{self.operations:,} operations, {self.kills:,} kills, {self.faults:,} faults, {self.lost:,} lost,"
            f" {len(self.violations):,} violations"
        )


@dataclass(frozen=True)
class Ran:
    """A program that ended."""

    code: int
    out: str
    err: str

    @property
    def is_unexpected(self) -> bool:
        return any(word in self.err for word in UNEXPECTED) or self.code == 1


def environment(folder: Path) -> dict[str, str]:
    """Nothing of the user's own settings; logs go to ``folder``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BUDGET_TUI")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
    }


def run(folder: Path, *arguments: str) -> Ran:
    """Run a command to its end."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


class Program:
    """A program with all that it starts: killed and started again as often as one likes."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._folder = folder
        self._arguments = arguments
        self.start()

    def start(self) -> None:
        self._errors = (self._folder / f"errors-{id(self)}").open("ab")
        self.process = self._popen()

    def _popen(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self._arguments,
            cwd=self._folder,
            env=environment(self._folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,
        )

    def kill(self) -> bool:
        """End it at once, whatever it is doing; whether it was still running."""
        was_running = self.process.poll() is None
        self.stop(signal.SIGKILL)
        return was_running

    def stop(self, number: int = signal.SIGTERM) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        self.process.wait(PATIENCE_SECONDS)
        self._errors.close()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def errors(self) -> str:
        return (self._folder / f"errors-{id(self)}").read_text(errors="replace")[-2000:]

    def deleted_files(self, address: Address) -> list[str]:
        """Files of the database that it works in though they are deleted."""
        folder = Path(f"/proc/{self.process.pid}/fd")
        links = []
        for link in folder.iterdir() if folder.exists() else ():
            with suppress(OSError):
                links.append(str(link.readlink()))
        return [link for link in links if link.startswith(str(address)) and link.endswith(" (deleted)")]


class Screen(Program):
    """A program in a terminal of its own."""

    def _popen(self) -> "subprocess.Popen[bytes]":
        self._own, other = pty.openpty()
        os.set_blocking(self._own, False)
        try:
            return subprocess.Popen(
                self._arguments,
                cwd=self._folder,
                env=environment(self._folder),
                stdin=other,
                stdout=other,
                stderr=self._errors,
                start_new_session=True,
            )
        finally:
            os.close(other)

    def press(self, keys: str) -> None:
        """Send keys, and read away what it drew."""
        with suppress(OSError):
            os.write(self._own, keys.encode())
        self.drain()

    def drain(self) -> None:
        with suppress(OSError):
            while select.select([self._own], [], [], 0)[0] and os.read(self._own, 1 << 16):
                pass

    def stop(self, number: int = signal.SIGTERM) -> None:
        super().stop(number)
        os.close(self._own)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Notes:
    """What a program begins and what it was answered, a line each, so that nothing is forgotten when it is killed."""

    def __init__(self, path: Path) -> None:
        if path.exists() and not path.read_bytes().endswith(b"\n"):
            with path.open("ab") as file:
                file.write(b"\n")  # a line cut off by a kill ends here
        self.begun, self.answered = read_notes(path)
        self._file = path.open("a", buffering=1)

    def begin(self, key: str, what: object) -> None:
        if key not in self.begun:
            self._file.write(json.dumps(["begin", key, what]) + "\n")

    def end(self, key: str, answer: object) -> None:
        self._file.write(json.dumps(["end", key, answer]) + "\n")


def read_notes(path: Path) -> tuple[dict[str, object], dict[str, object]]:
    """What was begun and what was answered, by key."""
    begun: dict[str, object] = {}
    answered: dict[str, object] = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        with suppress(ValueError):
            what, key, value = json.loads(line)
            (begun if what == "begin" else answered)[key] = value
    return begun, answered


def kill_now_and_then(
    programs: Sequence[Program],
    random: Random,
    until: float,
    pause_seconds: float,
    tally: Tally,
    most_kills: int = ENDLESS,
    address: Address = "",
) -> Iterator[None]:
    """Kill one of ``programs`` after another, each started again, until then; yields between two looks.

    Where ``address`` is on a server, every other time it is one of their connections that ends.
    """
    due = time.monotonic() + random.expovariate(1 / pause_seconds)
    while time.monotonic() < until:
        if time.monotonic() >= due and tally.kills < most_kills:
            if is_postgres(address) and random.random() < 0.5:
                tally.kills += end_a_connection(address)
            else:
                victim = random.choice(programs)
                tally.kills += victim.kill()
                victim.start()
            due = time.monotonic() + random.expovariate(1 / pause_seconds)
        yield
        time.sleep(0.02)


def end_a_connection(address: Address) -> int:
    """Let the server end one of the database's connections in the middle of whatever it does; returns how many."""
    with opened(address) as connection:
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1) one"
        )
        return int(ended.fetchone()[0])


def passes(what: BudgetError | str) -> bool:
    """Tell that it was the database's moment that was wrong: the same may succeed when it is tried again."""
    return any(reason in str(what) for reason in ("locked", "cannot be reached"))


def finish(programs: Sequence[Program], tally: Tally) -> None:
    """Wait for programs that end by themselves."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for program in programs:
        while program.is_running and time.monotonic() < deadline:
            time.sleep(0.02)
        tally.must(not program.is_running, "a program does not end")
        if program.process.poll():
            tally.violations.append(f"a program failed: {program.errors()}")
        program.kill()
