"""An import that is killed and repeated: exactly one import's worth of the newest delivery is stored."""

import time
from decimal import Decimal
from pathlib import Path
from random import Random

from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.amount import NANOS
from tests.databases import rows
from tests.faults.harness import PROGRAM, Program, Tally, run

HEADER = (
    "BillingAccountId,SubAccountId,BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,"
    "ServiceProviderName,ServiceName,x_hierarchy_entity_id\n"
)
ACCOUNTS = 40
SERVICES = 30


def deliver(file: Path, random: Random, billed_to: str, days: int) -> Decimal:
    """A month to date: each delivery has one day more. Returns what it comes to."""
    total = Decimal(0)
    with file.open("w", encoding="utf-8") as export:
        export.write(HEADER)
        for day in range(1, days + 1):
            for account in range(ACCOUNTS):
                for service in range(SERVICES):
                    amount = Decimal(random.randint(1, 99_999)) / 10_000
                    total += amount
                    export.write(
                        f"{billed_to},sub-{account},{amount},USD,2026-01-{day:02d}T00:00:00Z,"
                        f"2026-01-{day + 1:02d}T00:00:00Z,2026-01-01T00:00:00Z,AWS,service-{service},pcc\n"
                    )
    return total


def stored(path: Path) -> Decimal:
    [(nanos,)] = rows(
        path, "SELECT coalesce(sum(amount_nanos), 0) FROM cost JOIN cost_origin USING (origin_key) WHERE source = 'aws'"
    )
    return Decimal(nanos) / NANOS


def campaign(folder: Path, random: Random, seconds: float) -> Tally:
    """Kill the import of each delivery at any moment, and look that what is stored is all of one or of the other."""
    path, tally, until = folder / "budget.db", Tally(), time.monotonic() + seconds
    services = open_services(str(path), settings=Settings())
    services.budgets.set_global(500 * NANOS)
    services.projects.add("pcc")
    before, days, months, export, took = Decimal(0), 0, 0, folder / "export.csv", 2.0
    while time.monotonic() < until and not tally.violations:
        days = days % 27 + 1
        if days == 1:  # another account's first day
            months, others = months + 1, before
        words = ("--db", str(path), "cost", "import", str(export), "--source", "aws", "--json")
        total = others + deliver(export, random, f"acc-{months}", days)
        for _ in range(random.randint(0, 3)):
            program = Program(folder, *PROGRAM, *words)
            time.sleep(random.uniform(0, took))
            tally.kills += program.kill()
            tally.operations += 1
            tally.must(stored(path) in (before, total), f"{stored(path)} is stored, neither {before} nor {total}")
        began = time.monotonic()
        ran = run(folder, *words)
        took = 0.8 * took + 0.2 * (time.monotonic() - began)
        tally.operations += 1
        tally.must(ran.code == 0, f"the import failed: {ran.err}")
        tally.must(stored(path) == total, f"{stored(path)} is stored of {total}")
        tally.lost += stored(path) < total
        before = total
    tally.must_be_sound(path)
    return tally
