"""Programs that take tokens from one budget at once, and what must be true of them afterwards.

Each notes the key of an attempt before it makes it and what was granted after it was answered; one that is killed
leaves its notes, and the next one begins with the attempt that may or may not have counted.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from budget_tui import BudgetService
from budget_tui.bootstrap import open_services
from budget_tui.domain.errors import BudgetError, InsufficientBudget
from budget_tui.domain.tokens import TokenKind
from budget_tui.settings import Settings

AGENT = "scout"
REPEATED = 5
"""Every so many attempts, one is sent again under its key."""


@dataclass(frozen=True)
class Outcome:
    """What all programs together were granted, by their own notes, beside what the database says."""

    attempts: int
    granted: int
    refused: int
    kills: int
    tokens_granted: int
    used: int
    reserved: int
    allocated: int
    counted: int
    cost_tokens: int
    keys: int
    integrity: str

    def faults(self) -> list[str]:
        """What is not as it must be."""
        must = {
            "what was taken is what was granted": self.used == self.tokens_granted,
            "never above the allocation": self.used + self.reserved <= self.allocated,
            "each grant has one key": self.keys == self.granted,
            "the tokens counted by hour are those taken": self.counted == self.used,
            "the tokens that have a cost are those taken": self.cost_tokens == self.used,
            "nothing is held any more": self.reserved == 0,
            "the file is sound": self.integrity == "ok",
        }
        return [words for words, holds in must.items() if not holds]


def make(path: Path, allocated: int) -> None:
    """A database with one priced agent."""
    services = open_services(str(path), settings=Settings())
    services.projects.add("pcc")
    services.agents.add(AGENT, "pcc", model="m1", tokens=allocated)
    services.token_prices.set("m1", {TokenKind.INPUT: 3 * 10**9})


def work(path: Path, notes: Path, name: str, attempts: int) -> None:
    """Make the attempts that the notes do not know yet; the last one begun is made again under its key."""
    begun, answered = read_notes(notes)
    with BudgetService.open(str(path)) as budgets, notes.open("a", buffering=1) as file:
        for number in range(attempts):
            key = f"{name}-{number}"
            if key in answered:
                continue
            tokens = 1 + number % 7
            if key not in begun:
                file.write(json.dumps(["begin", key, tokens]) + "\n")
            file.write(json.dumps(["end", key, _attempt(budgets, tokens, key)]) + "\n")
            if number % REPEATED == 0:
                _attempt(budgets, tokens, key)


def _attempt(budgets: BudgetService, tokens: int, key: str) -> int:
    """How many tokens were granted. Locked out for too long is tried again, under the same key."""
    while True:
        try:
            budgets.consume_budget(AGENT, tokens, key=key)
        except InsufficientBudget:
            return 0
        except BudgetError as error:
            if "locked" not in str(error):
                raise
        else:
            return tokens


def read_notes(notes: Path) -> tuple[dict[str, int], dict[str, int]]:
    """What was begun and what was answered; the end of a killed program's last line may be missing."""
    begun: dict[str, int] = {}
    answered: dict[str, int] = {}
    for line in notes.read_text("utf-8").splitlines() if notes.exists() else ():
        try:
            what, key, tokens = json.loads(line)
        except ValueError:
            continue
        (begun if what == "begin" else answered)[key] = tokens
    return begun, answered


class Crowd:
    """Several programs at work until all attempts are made, a few of them killed on the way."""

    def __init__(self, folder: Path, path: Path, programs: int, attempts: int, kills: int = 0) -> None:
        self._path = path
        self._attempts = attempts // programs
        self._notes = [folder / f"notes-{number}" for number in range(programs)]
        self._running = [self._start(number) for number in range(programs)]
        self._kills = kills
        self.killed = 0

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        notes = self._notes[number]
        # a line cut off by a kill ends here
        if notes.exists() and not notes.read_bytes().endswith(b"\n"):
            with notes.open("ab") as file:
                file.write(b"\n")
        words = [str(self._path), str(notes), f"p{number}", str(self._attempts)]
        return subprocess.Popen([sys.executable, __file__, *words], stderr=subprocess.PIPE, env=os.environ)

    def finish(self, patience_seconds: float = 3600) -> None:
        """Wait for all, killing at random moments of their work as often as was asked for."""
        deadline = time.monotonic() + patience_seconds
        due = self._next_kill()
        while list(self._unfinished()):
            if time.monotonic() > deadline:
                raise TimeoutError("the programs do not finish")
            if self.killed < self._kills and self._lines() >= due:
                self._kill_one()
                due = self._next_kill()
            time.sleep(0.002)

    def _next_kill(self) -> float:
        """After how many notes the next kill is due: in its share of the first three quarters, so that none is late."""
        notes = 2 * self._attempts * len(self._notes)
        return 0.75 * notes * random.uniform(self.killed, self.killed + 1) / max(1, self._kills)

    def _lines(self) -> int:
        return sum(notes.read_bytes().count(b"\n") for notes in self._notes if notes.exists())

    def _unfinished(self) -> Iterator[int]:
        for number, program in enumerate(self._running):
            code = program.poll()
            if code is None:
                yield number
            elif code != 0:
                assert program.stderr is not None
                raise RuntimeError(f"a program failed: {program.stderr.read().decode()}")

    def _kill_one(self) -> None:
        unfinished = list(self._unfinished())
        if not unfinished:
            return
        number = random.choice(unfinished)
        program = self._running[number]
        program.send_signal(signal.SIGKILL)
        if program.wait() == -signal.SIGKILL:
            self.killed += 1
        assert program.stderr is not None
        program.stderr.close()
        self._running[number] = self._start(number)

    def close(self) -> None:
        for program in self._running:
            program.kill()
            program.wait()
            if program.stderr is not None:
                program.stderr.close()

    def outcome(self) -> Outcome:
        answered = [read_notes(notes)[1] for notes in self._notes]
        granted = [tokens for each in answered for tokens in each.values() if tokens]
        with closing(sqlite3.connect(self._path)) as connection:

            def ask(statement: str) -> Sequence[int]:
                return connection.execute(statement).fetchone()  # type: ignore[no-any-return]

            used, reserved, allocated = ask("SELECT used, reserved, amount FROM budget WHERE budget_type = 'token'")
            (counted,) = ask("SELECT coalesce(sum(tokens), 0) FROM token_use")
            (cost_tokens,) = ask("SELECT coalesce(sum(tokens), 0) FROM cost")
            (keys,) = ask("SELECT count(*) FROM idempotency WHERE command = 'agent.consume'")
            (integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
        return Outcome(
            attempts=sum(map(len, answered)),
            granted=len(granted),
            refused=sum(map(len, answered)) - len(granted),
            kills=self.killed,
            tokens_granted=sum(granted),
            used=used,
            reserved=reserved,
            allocated=allocated,
            counted=counted,
            cost_tokens=cost_tokens,
            keys=keys,
            integrity=integrity,
        )


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
