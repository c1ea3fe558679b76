"""A full disk: commands are refused in one line, what was acknowledged stays, and with room again all goes on."""

import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.amount import NANOS
from tests.faults.harness import PATIENCE_SECONDS, PROGRAM, Ran, Tally, environment

DISK_BYTES = 4 << 20


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """``folder`` as a small disk of its own while the block lasts; False where nobody lets us make one."""
    folder.mkdir()
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)], capture_output=True, check=False
    ).returncode
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def run_limited(folder: Path, largest_file: int, *arguments: str) -> Ran:
    """Run a command that may write no file larger than that; 0 is no limit."""

    def limit() -> None:
        if largest_file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    done = subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        preexec_fn=limit,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def campaign(folder: Path, random: Random, seconds: float) -> Tally:
    """Enter costs and more while there is room for less and less, and for more again."""
    tally, until, disk = Tally(), time.monotonic() + seconds, folder / "disk"
    with small_disk(disk) as mounted:
        path, filler = disk / "budget.db", disk / "filler"
        services = open_services(str(path), settings=Settings())
        services.budgets.set_global(500 * NANOS)
        services.projects.add("pcc")
        acknowledged: dict[str, int] = {}
        attempts: dict[str, int] = {}
        while time.monotonic() < until and not tally.violations:
            left, largest = random.choice((0, 4096, 20_000, 60_000, 200_000)), 0
            if mounted:
                fill(filler, left)
            else:
                largest = path.stat().st_size + left
            for _ in range(random.randint(1, 4)):
                key, amount = f"cost-{len(attempts)}", random.randint(1, 9)
                attempts[key] = amount
                ran = run_limited(folder, largest, "--db", str(path), "cost", "add", "pcc", str(amount), "--key", key)
                tally.operations += 1
                if ran.code == 0:
                    acknowledged[key] = amount
                    continue
                tally.faults += 1
                tally.must(one_line(ran), f"exit {ran.code}: {ran.err}")
            other = random.choice((["status"], ["db", "backup"], ["db", "check"], ["log"]))
            ran = run_limited(folder, largest, "--db", str(path), *other)
            tally.operations += 1
            tally.faults += ran.code != 0
            tally.must(ran.code == 0 or one_line(ran), f"{other}, exit {ran.code}: {ran.err}")
            filler.unlink(missing_ok=True)
            for copy in disk.glob("budget-*.db"):
                copy.unlink()
            # A refusal may have been the answer to something that was done: the same key again tells.
            for key in [key for key in attempts if key not in acknowledged]:
                again = ("cost", "add", "pcc", str(attempts[key]), "--key", key)
                ran = run_limited(folder, 0, "--db", str(path), *again)
                tally.must(ran.code == 0, f"with room again, exit {ran.code}: {ran.err}")
                acknowledged[key] = attempts[key]
            snapshot = services.snapshots.current()
            missing = sum(acknowledged.values()) * NANOS - snapshot.total.spent
            tally.lost += missing > 0
            tally.must(not missing, f"{missing / NANOS:,} of {sum(acknowledged.values())} is missing")
        services.close()
        tally.must_be_sound(path)
    return tally


def one_line(ran: Ran) -> bool:
    return not ran.is_unexpected and ran.err.startswith("error: ") and ran.err.count("\n") == 1


def fill(filler: Path, left: int) -> None:
    """Leave so many bytes of the disk."""
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    size = filler.stat().st_size
    with filler.open("r+b") as file:
        file.truncate(max(0, size - left))
