"""Months that turn at the door: programs of both sides of a month's end come in any order, some of them killed."""

import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from random import Random

from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.amount import NANOS
from budget_tui.domain.budget import AllocationChange, ChangeKind
from budget_tui.domain.carry import CarryPolicy
from budget_tui.storage.database import database_at
from budget_tui.storage.database.copying import copy_in_memory
from tests.databases import Address, is_postgres
from tests.faults.harness import ENDLESS, PROGRAM, Program, Tally, end_a_connection

FIRST = date(2026, 1, 31)
PROJECTS = ("a", "b", "c")
AT_ONCE = 4


def commands(random: Random, day: date) -> list[str]:
    """What somebody does on ``day`` without knowing that a month has turned."""
    project, amount = random.choice(PROJECTS), str(random.randint(1, 20))
    said = random.choice(
        (
            ["cost", "add", project, amount],
            ["cost", "add", project, amount],
            ["project", "allocate", project, f"+{amount}"],
            ["status", "--json"],
            ["agent", "consume", "scout", amount],
            ["transfer", "pool", project, "1"],
        )
    )
    return ["--as-of", day.isoformat(), *said]


def campaign(folder: Path, random: Random, seconds: float, address: Address = "", rounds: int = ENDLESS) -> Tally:
    """Each month is archived once, and what is left of it comes along once."""
    address, tally, until = str(address or folder / "budget.db"), Tally(), time.monotonic() + seconds
    services = open_services(address, as_of=FIRST, settings=Settings())
    services.budgets.set_global(1_000 * NANOS)
    services.budgets.set_carry(CarryPolicy.UNSPENT)
    for project in PROJECTS:
        services.projects.add(project, allocation=AllocationChange(ChangeKind.SET, 100 * NANOS))
        services.budgets.set_carry(CarryPolicy.BOTH, project_id=project)
    services.agents.add("scout", "a", tokens=10_000)
    last = FIRST
    while time.monotonic() < until and rounds:
        rounds -= 1
        # Some are a day behind the others, and some of the latter are killed in the middle of the close.
        ahead = (last + timedelta(days=32)).replace(day=1) if random.random() < 0.4 else last
        days = [random.choice((last, ahead)) for _ in range(AT_ONCE - 1)] + [ahead]
        programs = [Program(folder, *PROGRAM, "--db", address, *commands(random, day)) for day in days]
        for program in programs:
            if random.random() < 0.4:
                time.sleep(random.uniform(0, 0.5))
                is_servers = is_postgres(address) and random.random() < 0.5
                tally.kills += end_a_connection(address) if is_servers else program.kill()
        for program in programs:
            code = program.process.wait()
            said = program.errors()
            tally.operations += 1
            tally.must(
                code in (0, -9) or (code in (2, 3, 4, 5) and said.startswith("error: ")),
                f"{program.process.args}: {said}",
            )
            program.kill()
        last = ahead
    services = open_services(address, as_of=last, settings=Settings())
    services.periods.catch_up()
    tally.violations += archived_once(address, last)
    tally.must_be_sound(address)
    return tally


def archived_once(address: Address, last: date) -> list[str]:
    """What is wrong with the closes of all months before ``last``."""
    found = []
    with closing(copy_in_memory(database_at(address))) as connection:
        starts = [start for (start,) in connection.execute("SELECT period_start FROM period_close ORDER BY 1")]
        months = [f"2026-{month:02d}-01" for month in range(1, last.month)] if last.year == 2026 else starts
        if last.year == 2026 and starts != months:
            found.append(f"the closed months are {starts}, and should be {months}")
        rows = connection.execute(
            "SELECT e.entity_id, p.period_start, c.carry, p.base + p.carried, n.carried, n.amount, n.base,"
            " (SELECT coalesce(sum(amount_nanos), 0) FROM cost JOIN cost_origin o USING (origin_key)"
            " WHERE (o.entity_key = p.entity_key OR e.entity_id = 'ORG') AND day BETWEEN"
            " CAST(replace(p.period_start, '-', '') AS INTEGER) AND CAST(replace(p.period_end, '-', '') AS INTEGER)),"
            " coalesce(l.spent, x.spent) FROM budget p JOIN budget c ON c.budget_id = p.budget_id"
            " JOIN entity e ON e.entity_key = p.entity_key JOIN budget n ON n.entity_key = p.entity_key"
            " AND n.category = p.category AND n.period_start = date(p.period_end, '+1 day')"
            " JOIN period_close x ON x.period_start = p.period_start LEFT JOIN period_close_line l"
            " ON l.close_key = x.close_key AND l.entity_key = p.entity_key WHERE p.budget_type = 'monetary'"
        )
        for name, start, policy, whole, carried, amount, base, spent_now, spent_then in rows:
            left = {whole - spent for spent in (spent_now, spent_then)}
            may = {max(0, each) if policy == "unspent" else each for each in left}
            if carried not in may:
                found.append(f"{carried:,} came along of {name}'s {start}, and {sorted(may)} was left")
            if amount < base + carried:
                found.append(f"{name}'s budget after {start} is {amount:,} of {base:,} and {carried:,}")
    return found
