"""Restores and upgrades that are killed: the database is what it was or what it becomes, and can be had either way."""

import json
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from random import Random

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.amount import NANOS
from budget_tui.storage import migrations
from tests.databases import rows
from tests.faults.harness import PROGRAM, Program, Tally, run

DAY = "2026-01-13"
OLD = "0002"
COSTS = 20_000


def restores(folder: Path, random: Random, seconds: float) -> Tally:
    """Kill restores of two backups in turns, now and then over a damaged or a missing database."""
    path, tally, until = folder / "budget.db", Tally(), time.monotonic() + seconds
    backups, states = [], []
    for amount in (500, 700):
        services = open_services(str(path), as_of=date.fromisoformat(DAY), settings=Settings())
        services.budgets.set_global(amount * NANOS)
        for number in range(4):
            services.projects.add(f"p{amount}-{number}")
        backups.append(services.database.backup(folder / f"backup-{amount}.db"))
        states.append(state(folder, path))
    took = 1.5
    while time.monotonic() < until and not tally.violations:
        chosen = random.randrange(2)
        words = ("--db", str(path), "db", "restore", str(backups[chosen]))
        before = state(folder, path)
        if random.random() < 0.3:
            damage(path, random)
            tally.faults += 1
            before = ""
        for _ in range(random.randint(1, 3)):
            program = Program(folder, *PROGRAM, *words)
            time.sleep(random.uniform(0, took))
            tally.kills += program.kill()
            tally.operations += 1
            tally.must("Traceback" not in program.errors(), program.errors())
            now = state(folder, path)
            tally.must(now in (before, states[chosen]) or not before, f"what is there is neither: {now[:200]}")
        began = time.monotonic()
        ran = run(folder, *words)
        took = 0.8 * took + 0.2 * (time.monotonic() - began)
        tally.operations += 1
        tally.must(ran.code == 0, f"the restore failed: {ran.err}")
        tally.must(state(folder, path) == states[chosen], "what was restored is not what was backed up")
        for kept in folder.glob("budget.db.before-restore-*"):
            kept.unlink()
    tally.must_be_sound(path)
    return tally


def damage(path: Path, random: Random) -> None:
    """Nobody has it open."""
    for beside in path.parent.glob(f"{path.name}-*"):
        beside.unlink()
    if random.random() < 0.3:
        path.unlink()
        return
    content = bytearray(path.read_bytes())
    for _ in range(200):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def state(folder: Path, path: Path) -> str:
    """What a user sees of it; '' where that cannot be used."""
    ran = run(folder, "--db", str(path), "--as-of", DAY, "status", "--json")
    return json.dumps(json.loads(ran.out)) if ran.code == 0 else ""


def upgrades(folder: Path, random: Random, seconds: float) -> Tally:
    """Kill the first command on an older version's database, and look that all of it arrives in this version's."""
    old, tally, until = folder / "old.db", Tally(), time.monotonic() + seconds
    make_old(old)
    before, took = sums(old), 3.0
    while time.monotonic() < until and not tally.violations:
        path = folder / "budget.db"
        shutil.copy(old, path)
        words = ("--db", str(path), "db", "upgrade")
        for _ in range(random.randint(1, 4)):
            program = Program(folder, *PROGRAM, *words)
            time.sleep(random.uniform(0, took))
            tally.kills += program.kill()
            tally.operations += 1
            tally.must("Traceback" not in program.errors(), program.errors())
            tally.must(sums(path) == before, "costs came or went")
        began = time.monotonic()
        ran = run(folder, *words)
        took = 0.8 * took + 0.2 * (time.monotonic() - began)
        tally.operations += 1
        tally.must(ran.code == 0, f"the upgrade failed: {ran.err}")
        tally.must(sums(path) == before, "costs came or went")
        tally.must_be_sound(path)
        copies = [copy for copy in folder.glob("budget.db.*") if sums(copy) != before]
        tally.must(not copies, f"a copy that is none: {copies}")
        for file in folder.glob("budget.db*"):
            file.unlink()
    return tally


def make_old(path: Path) -> None:
    """A database of an older version with costs that were entered by hand, before anything was kept of them."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLD)
    at = "2026-01-01 00:00:00.000000"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO organization (org_key, slug, name, currency, time_zone, period_kind, anchor_day,"
            " fiscal_start_month, created_at) VALUES (1, 'default', 'Default', 'USD', 'UTC', 'monthly', 1, 1, ?)",
            (at,),
        )
        connection.execute(
            "INSERT INTO entity (entity_key, org_key, entity_id, name, level_code, path, created_at)"
            " VALUES (1, 1, 'ORG', 'Default', 'organization', '/ORG/', ?)",
            (at,),
        )
        connection.execute(
            "INSERT INTO cost_origin (origin_key, org_key, source, live, currency, provider_name, service,"
            " service_category, service_subcategory, sub_account_id, sub_account_name, entity_hint, path_hint,"
            " category_hint, tags, provider, category) VALUES (1, 1, 'old', 1, 'USD', '', '', '', '', '', '', '', '',"
            " '', '{}', '', 'cloud')"
        )
        connection.executemany(
            "INSERT INTO cost (origin_key, day, amount_nanos, charges) VALUES (1, ?, ?, 1)",
            ((20260101 + number % 28, number) for number in range(COSTS)),
        )


def sums(path: Path) -> tuple[int, int]:
    """How many costs there are, and what they come to."""
    [(count, total)] = rows(path, "SELECT count(*), sum(amount_nanos) FROM cost")
    return count, total
