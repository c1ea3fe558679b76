"""Runs the campaigns one after another, for as long as it is told: ``run.py --minutes 60 [--seed N] [--only NAME]``.

Each takes its turn of the time with a seed of its own, which is printed: the same seed makes the same choices, though
not the same moments. Exits with 1 when anything was found; what it was found in is kept.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.faults import bits, copies, disks, imports, months, transfers, writers
from tests.faults.harness import Tally
from tests.postgres import running_server

Campaign = Callable[[Path, Random, float], Tally]


def on_postgresql(campaign: Callable[..., Tally]) -> Campaign:
    """The same campaign on a server of its own, which ends connections, too."""

    def run(folder: Path, random: Random, seconds: float) -> Tally:
        with running_server() as server:
            return campaign(folder, random, seconds, address=server.url(server.create()))

    return run


CAMPAIGNS: dict[str, Campaign] = {
    "writers": writers.campaign,
    "transfers": transfers.campaign,
    "months": months.campaign,
    "writers-postgresql": on_postgresql(writers.campaign),
    "transfers-postgresql": on_postgresql(transfers.campaign),
    "months-postgresql": on_postgresql(months.campaign),
    "imports": imports.campaign,
    "restores": copies.restores,
    "upgrades": copies.upgrades,
    "disks": disks.campaign,
    "bits": bits.campaign,
}
ROUND_SECONDS = 60.0
"""The longest that a campaign goes on with one database."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=8.0, help="for all of them together")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**9))
    parser.add_argument("--only", choices=sorted(CAMPAIGNS), action="append", help="one or more of them")
    chosen = parser.parse_args()
    names = chosen.only or list(CAMPAIGNS)
    print(f"seed {chosen.seed}", flush=True)
    tallies = {name: Tally() for name in names}
    ends, number = time.monotonic() + 60 * chosen.minutes, 0
    while time.monotonic() < ends:
        left = ends - time.monotonic()
        seconds = min(ROUND_SECONDS, max(5.0, left / (len(names) - number % len(names))))
        name, seed = names[number % len(names)], chosen.seed + number
        tallies[name] += one_round(name, seed, seconds)
        number += 1
    for name, tally in tallies.items():
        print(f"{name}: {tally}", flush=True)
    return 1 if any(tally.violations for tally in tallies.values()) else 0


def one_round(name: str, seed: int, seconds: float) -> Tally:
    folder = Path(tempfile.mkdtemp(prefix=f"budget-tui-{name}-"))
    try:
        tally = CAMPAIGNS[name](folder, Random(seed), seconds)
    except Exception as error:
        tally = Tally(violations=[f"the campaign itself failed: {type(error).__name__}: {error}"])
    print(f"{name}, seed {seed}: {tally}", flush=True)
    for violation in tally.violations:
        print(f"  VIOLATION {violation}", flush=True)
    if tally.violations:
        print(f"  kept in {folder}", flush=True)
    else:
        shutil.rmtree(folder)
    return tally


if __name__ == "__main__":
    sys.exit(main())
