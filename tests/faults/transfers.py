"""A bank of transfers: programs move money between projects and the pool, killed at random moments."""

import sys
import time
from pathlib import Path
from random import Random

from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.errors import BudgetError, InsufficientBudget
from budget_tui.services.transfers import TransferRequest
from tests.databases import Address
from tests.faults.harness import Notes, Program, Tally, finish, kill_now_and_then, passes, read_notes

PROJECTS = tuple(f"p{number}" for number in range(6))
EACH = 100 * NANOS
BUDGET = 1_000 * NANOS
PROGRAMS = 4
PAUSE_SECONDS = 2.0


def work(address: str, notes_path: Path, name: str, until: float) -> None:
    """Make transfers until it is time; the last one begun is made again under its key."""
    services, notes = open_services(address, settings=Settings(), keep_open=True), Notes(notes_path)
    pending = [key for key in notes.begun if key not in notes.answered]
    number = len(notes.begun)
    while pending or time.time() < until:
        key = pending.pop(0) if pending else f"{name}-{number}"
        random = Random(key)  # the same request again under the same key
        giver, taker = random.sample((*PROJECTS, "pool"), 2)
        amount = random.randint(1, 60 * NANOS)
        number += key not in notes.begun
        notes.begin(key, [giver, taker, amount])
        try:
            services.transfers.transfer(TransferRequest(giver, taker, amount), key)
        except InsufficientBudget:
            notes.end(key, False)
        except BudgetError as error:
            if not passes(error):
                raise
            pending.insert(0, key)
        else:
            notes.end(key, True)


def campaign(
    folder: Path, random: Random, seconds: float, address: Address = "", pause_seconds: float = PAUSE_SECONDS
) -> Tally:
    """Every transfer that was acknowledged counts once, no allocation is negative, and nothing comes or goes."""
    address, tally = str(address or folder / "budget.db"), Tally()
    services = open_services(address, settings=Settings())
    services.budgets.set_global(BUDGET)
    for project in PROJECTS:
        services.projects.add(project, allocation=AllocationChange(ChangeKind.SET, EACH))
    ends = str(time.time() + seconds)
    notes = [folder / f"notes-{number}" for number in range(PROGRAMS)]
    programs = [
        Program(folder, sys.executable, "-m", "tests.faults.transfers", address, str(note), note.name, ends)
        for note in notes
    ]
    try:
        for _ in kill_now_and_then(programs, random, time.monotonic() + seconds, pause_seconds, tally, address=address):
            snapshot = services.snapshots.current()
            together = snapshot.allocated + snapshot.unallocated
            tally.must(together == BUDGET, f"{together:,} nanos are there in the middle of it, of {BUDGET:,}")
        finish(programs, tally)
    finally:
        for program in programs:
            program.kill() if program.is_running else None
    expected = dict.fromkeys(PROJECTS, EACH) | {"pool": BUDGET - EACH * len(PROJECTS)}
    made = 0
    for begun, answered in map(read_notes, notes):
        tally.operations += len(answered)
        for key, done in answered.items():
            if done:
                giver, taker, amount = begun[key]  # type: ignore[misc]
                expected[giver] -= amount
                expected[taker] += amount
                made += 1
    snapshot = services.snapshots.current()
    services.close()
    stored = {line.project_id: line.pace.allocation for line in snapshot.projects} | {"pool": snapshot.unallocated}
    tally.lost = sum(stored[name] != amount for name, amount in expected.items())
    tally.must(stored == expected, f"the acknowledged transfers come to {expected}, and stored is {stored}")
    tally.must(min(stored.values()) >= 0, f"an allocation is negative: {stored}")
    tally.must_be_sound(address)
    return tally


if __name__ == "__main__":
    work(sys.argv[1], Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
