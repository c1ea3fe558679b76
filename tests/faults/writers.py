"""One file, many writers: a server under load, commands, two services in one process and a dashboard, all killed.

Whoever takes tokens notes the key of an attempt before it is made and what was granted after it was answered; one that
is killed leaves its notes, and the next one begins with the attempt that may or may not have counted.
"""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from random import Random

from budget_tui import BudgetService
from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.access import Scope
from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.errors import BudgetError, InsufficientBudget, StorageError
from budget_tui.domain.tokens import TokenKind
from tests.databases import Address, rows
from tests.faults.harness import (
    ENDLESS,
    PROGRAM,
    Notes,
    Program,
    Screen,
    Tally,
    environment,
    finish,
    free_port,
    kill_now_and_then,
    passes,
    read_notes,
)

AGENT = "scout"
REPEATED = 5
"""Every so many attempts, one is sent again under its key."""
KEYS_PRESSED = ("\t", "\x1b[B", "\x1b[A", "\x1b[C", "e12\r", "u", "r", "\x1b", "2", "1", "a", "p")
KINDS = ("services", "requests", "requests", "commands", "commands")
PAUSE_SECONDS = 1.5

Take = Callable[[int, str], int]
"""Takes tokens under a key; returns how many were granted."""


def make(address: Address, allocated: int) -> str:
    """A database with one priced agent; returns a key to the API."""
    services = open_services(str(address), settings=Settings())
    services.budgets.set_global(500 * NANOS)
    services.projects.add("pcc", allocation=AllocationChange(ChangeKind.SET, 100 * NANOS))
    services.agents.add(AGENT, "pcc", model="m1", tokens=allocated)
    services.token_prices.set("m1", {TokenKind.INPUT: 3 * NANOS})
    return services.keys.create("campaign", Scope.WRITE).text


def work(notes_path: Path, name: str, take: Take, until: float, attempts: int) -> None:
    """Make attempts until it is time; the last one begun is made again under its key."""
    notes = Notes(notes_path)
    pending = [key for key in notes.begun if key not in notes.answered]
    number = len(notes.begun)
    while pending or (time.time() < until and number < attempts):
        key = pending.pop(0) if pending else f"{name}-{number}"
        tokens = 1 + int(key.rpartition("-")[2]) % 7
        number += key not in notes.begun
        notes.begin(key, tokens)
        notes.end(key, take(tokens, key))
        if number % REPEATED == 0:
            take(tokens, key)


def by_two_services(address: str) -> Take:
    """Two services of one process in turns, while a third one comes and goes."""
    services = [BudgetService.open(address), BudgetService.open(address)]
    turn = 0

    def take(tokens: int, key: str) -> int:
        nonlocal turn
        turn += 1
        if turn % 7 == 0:
            with suppress(StorageError), BudgetService.open(address) as passing:
                passing.get_available_tokens(AGENT)
        while True:
            try:
                services[turn % 2].consume_budget(AGENT, tokens, key=key)
            except InsufficientBudget:
                return 0
            except BudgetError as error:
                if not passes(error):
                    raise
            else:
                return tokens

    return take


def by_commands(address: str, folder: Path) -> Take:
    """A program of its own for each."""

    def take(tokens: int, key: str) -> int:
        words = ["--db", address, "agent", "consume", AGENT, str(tokens), "--key", key]
        while True:
            done = subprocess.run(
                [*PROGRAM, *words], env=environment(folder), capture_output=True, text=True, check=False
            )
            if done.returncode in (0, 3):
                return 0 if done.returncode else tokens
            if not passes(done.stderr):
                raise RuntimeError(done.stderr)

    return take


def by_requests(port: int, api_key: str) -> Take:
    """A server's client; what was not answered is asked again, for the server is killed, too."""

    def take(tokens: int, key: str) -> int:
        headers = {"X-API-Key": api_key, "Content-Type": "application/json", "Idempotency-Key": key}
        while True:
            with (
                suppress(OSError, http.client.HTTPException),
                closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection,
            ):
                connection.request("POST", f"/agents/{AGENT}/budget/consume", json.dumps({"tokens": tokens}), headers)
                answer = connection.getresponse()
                told = json.loads(answer.read())
                if answer.status == 200:
                    return tokens
                if told["code"] == "insufficient-budget":
                    return 0
                if answer.status != 503:
                    raise RuntimeError(told)
            time.sleep(0.02)

    return take


def campaign(
    folder: Path,
    random: Random,
    seconds: float,
    attempts: int = ENDLESS,
    most_kills: int = ENDLESS,
    address: Address = "",
) -> Tally:
    """Let all of them work on one database for ``seconds``, and read afterwards what they say and what is stored.

    Each ends after so many ``attempts``, a tenth of them where every one is a program of its own.
    """
    address, tally = str(address or folder / "budget.db"), Tally()
    api_key, port = make(address, allocated := random.randint(2_000, 60_000)), free_port()
    ends = time.time() + seconds
    server = Program(folder, *PROGRAM, "--db", address, "serve", "--port", str(port))
    screen = Screen(folder, *PROGRAM, "--db", address)
    writers = [
        Program(
            folder,
            *(sys.executable, "-m", "tests.faults.writers", kind, address, str(folder / f"notes-{number}")),
            *(f"w{number}", str(ends), str(attempts), str(port), api_key),
        )
        for number, kind in enumerate(KINDS)
    ]
    everybody = [server, screen, *writers]
    try:
        for _ in kill_now_and_then(
            everybody, random, time.monotonic() + seconds, PAUSE_SECONDS, tally, most_kills, address
        ):
            if not any(writer.is_running for writer in writers):
                break
            screen.press(random.choice(KEYS_PRESSED) if random.random() < 0.1 else "")
        finish(writers, tally)
        tally.violations += [
            f"{name} is open" for each in (server, screen) for name in each.deleted_files(Path(address))
        ]
        server.stop()
        screen.kill()
    finally:
        for program in everybody:
            program.kill() if program.is_running else None
    answers = [read_notes(folder / f"notes-{number}")[1] for number in range(len(KINDS))]
    tally += compare(address, {key: int(str(tokens)) for each in answers for key, tokens in each.items()}, allocated)
    return tally


def compare(address: Address, answered: dict[str, int], allocated: int) -> Tally:
    """What all programs together were granted, by their own notes, beside what the database says."""
    tally = Tally(operations=len(answered))
    granted = {key: tokens for key, tokens in answered.items() if tokens}
    [(used, reserved, amount)] = rows(
        address, "SELECT used, reserved, amount FROM budget WHERE budget_type = 'token' AND is_active"
    )
    keys = {key for (key,) in rows(address, "SELECT key FROM idempotency WHERE command = 'agent.consume'")}
    tally.lost = len(granted.keys() - keys)
    total = sum(granted.values())
    tally.must(used == total, f"{total:,} tokens were granted and {used:,} are stored")
    tally.must(keys == granted.keys(), f"{len(granted):,} grants have {len(keys):,} keys")
    tally.must(used + reserved <= amount == allocated, f"{used:,} of {amount:,} tokens are used")
    tally.must(reserved == 0, f"{reserved:,} tokens are held")
    tally.must_be_sound(address)
    return tally


def main() -> None:
    kind, address, notes, name, until, attempts, port, api_key = sys.argv[1:]
    takes = {
        "services": lambda: by_two_services(address),
        "commands": lambda: by_commands(address, Path(notes).parent),
        "requests": lambda: by_requests(int(port), api_key),
    }
    each = int(attempts) // 10 if kind == "commands" else int(attempts)
    work(Path(notes), name, takes[kind](), float(until), each)


if __name__ == "__main__":
    main()
