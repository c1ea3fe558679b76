"""What the check of a database finds: nothing in what the program wrote, and whatever was done behind its back."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings
from budget_tui.domain.access import Scope
from budget_tui.domain.amount import NANOS
from budget_tui.services.costs import CostEntry
from budget_tui.services.demo import load_demo
from budget_tui.services.imports import ImportRequest
from budget_tui.services.transfers import TransferRequest
from budget_tui.storage.database.sqlite_checks import problems_of
from budget_tui.storage.database.sqlite_newest import noted
from tests.conftest import MadeOnce
from tests.examples import examples
from tests.services.conftest import TODAY, home_at
from tests.services.histories import History
from tests.services.planning import percents, plan_of, planning_home

ROOT = Path(__file__).parents[2]
EXPORT = (
    "x_hierarchy_entity_id,BilledCost,BillingCurrency,ChargePeriodStart,BillingPeriodStart,ServiceProviderName\n"
    "pcc,12.50,USD,2026-01-10T00:00:00Z,2026-01-01T00:00:00Z,AWS\n"
    "pcc,7.25,USD,2026-01-11T00:00:00Z,2026-01-01T00:00:00Z,AWS\n"
    "nobody,3,EUR,2026-01-11T00:00:00Z,2026-01-01T00:00:00Z,AWS\n"
)


def keep_books(path: Path) -> None:
    """A database in which there is something of everything: the demonstration, and what it leaves out."""
    home = home_at(path, TODAY)
    load_demo(home.services.context)
    services = home.services
    services.transfers.transfer(TransferRequest("pcc", "pool", 5 * NANOS))
    services.transfers.transfer(TransferRequest("pool", "pcc", 2 * NANOS, True, "because"))
    services.undo.undo()
    services.costs.add(CostEntry("pcc", 3 * NANOS, tokens=5))
    services.costs.add(CostEntry("pcc", 4 * NANOS, date(2026, 1, 5)))
    services.undo.undo()
    agent = services.agents.all()[0].agent_id
    services.agents.close()
    services.agents.reserve(agent, 50, 7 * 24 * 3600)
    services.agents.settle(services.agents.reserve(agent, 40).reservation_id, 30)
    services.entities.add("DEPT", level="department")
    services.entities.add("TEAM", "DEPT", "team")
    services.entities.move("dandelion", "DEPT")
    services.plans.allocate(plan_of("ORG", "cloud", "900", "2026-Q1"), percents(DEPT="50", pcc="20"))
    services.keys.create("ci", Scope.READ)
    services.fx.set("EUR", "USD", Decimal("1.08"), date(2026, 1, 1))
    services.seats.register("pcc", "github", 3)
    services.costs.map_to_project("pcc", "service", "s3")
    export = path.with_name("export.csv")
    export.write_text(EXPORT, "utf-8")
    services.imports.run(ImportRequest((str(export),), source="aws"))
    planning_home(path, "acme").services.budgets.set_global(9 * NANOS)


@pytest.fixture
def books(tmp_path: Path, made_once: MadeOnce) -> Path:
    path = tmp_path / "budget.db"
    made_once(path, keep_books)
    return path


def tamper(path: Path, script: str) -> None:
    """Change a database past all that guards it, the guards apart that the script itself takes away."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON", "writable_schema = ON"):
            connection.execute(f"PRAGMA {pragma}")
        guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        if "TRIGGER" not in script:
            for name, _ in guards:
                connection.execute(f"DROP TRIGGER {name}")
        connection.executescript(script)
        if "TRIGGER" not in script:
            for _, sql in guards:
                connection.execute(sql)


def test_what_the_program_wrote_is_sound(books: Path) -> None:
    assert problems_of(books) == []


ORG = "(SELECT entity_key FROM entity WHERE entity_id = 'ORG' AND org_key = 1)"
PCC = "(SELECT entity_key FROM entity WHERE entity_id = 'pcc')"
OF_PCC = f"entity_key = {PCC} AND period_start = '2026-01-01' AND in_cycle"
GLOBAL = f"entity_key = {ORG} AND in_cycle AND category = 'total'"
MANUAL = "(SELECT max(cost_key) FROM cost JOIN cost_origin USING (origin_key) WHERE source = 'manual')"
IMPORTED = "(SELECT max(cost_key) FROM cost WHERE dataset_key IS NOT NULL)"
OF_AGENTS = "(SELECT max(cost_key) FROM cost JOIN cost_origin USING (origin_key) WHERE source = 'agents')"
SHIFTED = "INSERT INTO budget SELECT 'x', org_key, entity_key, category, budget_type, currency, provider, period_kind"

TAMPERINGS = {
    "an amount that is not what was allocated": (
        f"UPDATE budget SET amount = amount + 1, base = base + 1 WHERE {OF_PCC}", "was allocated to it"
    ),
    "an allocation that is not the amount": (
        "UPDATE allocation SET amount = amount - 1 WHERE rowid = 1", "was allocated to it"
    ),
    "an amount that is not made of its parts": (
        f"UPDATE budget SET amount = amount + 1 WHERE {GLOBAL}", "and what it is made of"
    ),
    "money carried along that nobody has": (
        f"UPDATE budget SET carried = carried + 5 WHERE {GLOBAL}", "and what it is made of"
    ),
    "an allocation of a budget that is gone": (
        "DELETE FROM budget WHERE budget_id = (SELECT parent_budget_id FROM allocation)",
        "a row of allocation refers to a missing budget",
    ),
    "allocations in a circle": (
        "UPDATE allocation SET parent_budget_id = (SELECT child_budget_id FROM allocation WHERE rowid = 2)"
        " WHERE rowid = 1; UPDATE allocation SET parent_budget_id = (SELECT child_budget_id FROM allocation"
        " WHERE rowid = 1) WHERE rowid = 2",
        "was allocated from what was allocated from it",
    ),
    "tokens held by nobody": (
        "UPDATE budget SET reserved = reserved + 7 WHERE reserved > 0",
        "holds 400,057 tokens, and its open reservations 400,050",
    ),
    "a reservation gone": (
        "DELETE FROM reservation WHERE state = 'held'", "holds 400,050 tokens, and its open reservations 0 tokens"
    ),
    "a reservation settled without its tokens": (
        "UPDATE reservation SET settled_tokens = NULL WHERE state = 'settled'", "is settled with no tokens settled"
    ),
    "tokens used by nobody": ("UPDATE budget SET used = used + 1 WHERE used > 0", "were counted by the hour"),
    "an hour of tokens gone": (
        "DELETE FROM token_use WHERE hour = (SELECT max(hour) FROM token_use)", "were counted by the hour"
    ),
    "a cost of other tokens than were used": (
        f"UPDATE cost SET tokens = tokens + 1 WHERE cost_key = {OF_AGENTS}", "tokens, and"
    ),
    "tokens of money": (f"UPDATE budget SET used = 1 WHERE {OF_PCC}", "counts tokens, and is of money"),
    "a transfer gone": ("DELETE FROM transfer WHERE rowid = 2", "of the audit trail is gone"),
    "the newest transfer gone": (
        "DELETE FROM transfer WHERE rowid = (SELECT max(rowid) FROM transfer)", "of the audit trail is gone"
    ),
    "a transfer of another amount": (
        "UPDATE transfer SET amount = amount + 1 WHERE rowid = 2", "the audit trail knows no transfer of"
    ),
    "a transfer that nobody made": (
        "INSERT INTO transfer SELECT 'x', org_key, from_budget_id, to_budget_id, amount, forced, reason, created_by,"
        " created_at FROM transfer WHERE rowid = 2",
        "the audit trail knows no transfer of",
    ),
    "a transfer forced for no reason": ("UPDATE transfer SET reason = '' WHERE forced", "was forced without a reason"),
    "a line of the audit trail gone": ("DELETE FROM audit WHERE audit_key = 9", "line 9 of the audit trail is gone"),
    "lines of the audit trail gone": (
        "DELETE FROM audit WHERE audit_key BETWEEN 9 AND 12", "lines 9 to 12 of the audit trail are gone"
    ),
    "the first line of the audit trail gone": (
        "DELETE FROM audit WHERE audit_key = 1", "line 1 of the audit trail is gone"
    ),
    "a line in another's change": ("UPDATE audit SET change = 2 WHERE audit_key = 9", "belongs to change 2"),
    "a line that takes back nothing": (
        "UPDATE audit SET reverses = 9999 WHERE reverses IS NOT NULL", "takes back change 9999"
    ),
    "a guard dropped": ("DROP TRIGGER audit_no_delete", "audit_no_delete is gone"),
    "a guard that guards nothing": (
        "DROP TRIGGER transfer_no_update;"
        " CREATE TRIGGER transfer_no_update BEFORE UPDATE ON transfer BEGIN SELECT 1; END",
        "transfer_no_update is gone",
    ),
    "a trigger of somebody else's": (
        "CREATE TRIGGER mine AFTER INSERT ON cost BEGIN DELETE FROM cost WHERE cost_key = NEW.cost_key; END",
        "there is a trigger mine",
    ),
    "an amount that is no integer": (f"UPDATE budget SET amount = 100.5 WHERE {GLOBAL}", "100.5 is no amount"),
    "an amount that is text": (f"UPDATE budget SET carried = 'much' WHERE {GLOBAL}", "'much' is no carried"),
    "a cost that is no integer": (
        "UPDATE cost SET amount_nanos = 1.5 WHERE cost_key = 7", "1.5 is no amount_nanos of a row of cost"
    ),
    "tokens that are text": ("UPDATE cost SET tokens = 'many' WHERE cost_key = 7", "'many' is no tokens of a row of"),
    "a cost beyond what can be shown": (
        "UPDATE cost SET amount_nanos = 9000000000000000000 WHERE cost_key IN (7, 8)", "which is out of range"
    ),
    "periods that overlap": (
        f"UPDATE budget SET period_end = '2026-01-05' WHERE {GLOBAL} AND period_start = '2025-12-01'",
        "has global budgets of 2026-01-01",
    ),
    "a budget of a period that there is not": (
        f"UPDATE budget SET period_end = '2026-01-20' WHERE {OF_PCC}", "is in the cycle, which has no such period"
    ),
    "two running periods": (
        f"{SHIFTED}, '2026-02-01', '2026-02-28', amount, '', 1, created_by, created_at, NULL, NULL, 1, carry,"
        f" carry_cap, carried, base, used, reserved FROM budget WHERE {GLOBAL} AND period_start = '2026-01-01'",
        "has 2 open periods",
    ),
    "a close gone": (
        "DELETE FROM period_close_line WHERE close_key = 2; DELETE FROM period_close WHERE close_key = 2",
        "what was archived of 2025-12-01 – 2025-12-31 is gone",
    ),
    "a gap between closes": (
        "UPDATE period_close SET period_start = '2025-12-03' WHERE close_key = 2", "has closed 2025-12-03"
    ),
    "a close that nobody made": (
        "INSERT INTO period_close SELECT 9, org_key, '2025-10-01', '2025-10-31', currency, 0, 0, 0, closed_by,"
        " closed_at, NULL FROM period_close WHERE close_key = 1",
        "the audit trail knows no close of the period from 2025-10-01",
    ),
    "another sum archived": (
        "UPDATE period_close SET spent = spent + 1 WHERE close_key = 1", "of the audit trail says"
    ),
    "archived figures that do not add up": (
        "UPDATE period_close_line SET allocation = allocation + 1 WHERE rowid = 1", "and its projects add up to"
    ),
    "an archived status that is another": (
        "UPDATE period_close_line SET status = 'splendid' WHERE rowid = 1", "is archived as splendid"
    ),
    "an archived unit that there is not": (
        "UPDATE period_close_line SET unit = 'bananas' WHERE rowid = 1", "is archived as"
    ),
    "a budget of a closed period that was changed": (
        f"UPDATE budget SET amount = amount + 5, base = base + 5 WHERE {GLOBAL} AND period_start = '2025-12-01'",
        "archived a budget of",
    ),
    "a path that is not its parent's": (
        "UPDATE entity SET path = '/ORG/elsewhere/TEAM/' WHERE entity_id = 'TEAM'", "TEAM has the path /ORG/elsewhere/"
    ),
    "a parent that is gone": (
        "DELETE FROM entity WHERE entity_id = 'DEPT'", "a row of entity refers to a missing entity"
    ),
    "an entity without a parent": (
        "UPDATE entity SET parent_key = NULL WHERE entity_id = 'DEPT'", "DEPT has the path /ORG/DEPT/"
    ),
    "a level that there is not": ("DELETE FROM level WHERE level_code = 'team'", "TEAM is of a level"),
    "a level below its own": (
        "UPDATE entity SET level_code = 'department' WHERE entity_id = 'TEAM'", "TEAM, a department, stands below DEPT"
    ),
    "an entity gone": (
        "DELETE FROM entity WHERE entity_id = 'TEAM'", "the audit trail knows TEAM, which is not there any more"
    ),
    "an entity of another organization": (
        "UPDATE entity SET org_key = 2 WHERE entity_id = 'TEAM'", "TEAM is of another organization"
    ),
    "a budget of another organization": (f"UPDATE budget SET org_key = 2 WHERE {OF_PCC}", "of another organization"),
    "an organization without a root": (
        f"UPDATE entity SET entity_id = 'TOP' WHERE entity_key = {ORG}", "default has 0 roots"
    ),
    "a planned budget gone": (
        "DELETE FROM allocation WHERE child_budget_id IN (SELECT budget_id FROM budget WHERE category = 'cloud');"
        " DELETE FROM budget WHERE category = 'cloud' AND org_key = 1",
        "the audit trail knows a budget of ORG ",
    ),
    "the same budget twice": (
        f"DROP INDEX budget_active_once; {SHIFTED}, period_start, period_end, amount, '', 1, created_by, created_at,"
        f" NULL, NULL, 1, carry, carry_cap, carried, base, used, reserved FROM budget WHERE {OF_PCC}",
        "the index budget_active_once of budget is gone",
    ),
    "a category that there is not": (
        f"UPDATE budget SET category = 'fun' WHERE {OF_PCC}", "a row of budget breaks the rule category"
    ),
    "a way to carry over that there is not": (
        f"UPDATE budget SET carry = 'all' WHERE {OF_PCC}", "a row of budget breaks the rule carry"
    ),
    "a state that there is not": (
        "UPDATE reservation SET state = 'lost' WHERE state = 'settled'", "a row of reservation breaks the rule state"
    ),
    "a constraint dropped": (
        "UPDATE sqlite_schema SET sql = replace(sql, 'CONSTRAINT used CHECK (used >= 0), ', '') WHERE name = 'budget'",
        "budget has lost its rule used",
    ),
    "nothing where there must be something": (
        "UPDATE sqlite_schema SET sql = replace(sql, 'actor VARCHAR NOT NULL', 'actor VARCHAR') WHERE name = 'audit'",
        "audit.actor may be empty",
    ),
    "a table dropped": ("DROP TABLE fx_rate", "the table fx_rate is gone"),
    "a day that there is not": ("UPDATE cost SET day = 20260230 WHERE cost_key = 7", "a cost is of a day 20260230"),
    "a date that there is not": (
        f"UPDATE budget SET period_end = '2026-02-30' WHERE {OF_PCC}", "'2026-02-30' is no period_end"
    ),
    "a time that is none": ("UPDATE audit SET at = 'noon' WHERE audit_key = 9", "'noon' is no at of a row of audit"),
    "facts that nobody can read": (
        "UPDATE audit SET after = '{' WHERE audit_key = 9", "'{' is no after of a row of audit"
    ),
    "tags that nobody can read": ("UPDATE cost_origin SET tags = 'x' WHERE origin_key = 1", "'x' is no tags of"),
    "text that is none": (
        "UPDATE entity SET name = CAST(x'ff41' AS TEXT) WHERE entity_id = 'TEAM'", "is no name of a row of entity"
    ),
    "facts that are no text": (
        "UPDATE audit SET after = CAST(x'22ff22' AS TEXT) WHERE audit_key = 9", "is no after of a row of audit"
    ),
    "a currency that is none": ("UPDATE organization SET currency = 'usd' WHERE org_key = 1", "is 'usd'"),
    "a time zone that is none": ("UPDATE organization SET time_zone = 'Mars/Base'", "is 'Mars/Base'"),
    "a cost of another amount than was entered": (
        f"UPDATE cost SET amount_nanos = amount_nanos + 1 WHERE cost_key = {MANUAL}", "is not what was entered"
    ),
    "a cost gone that was entered": (f"DELETE FROM cost WHERE cost_key = {MANUAL}", "a cost of 3 of pcc on 2026-01-13"),
    "a cost that nobody entered": (
        "INSERT INTO cost (origin_key, day, amount_nanos, charges) SELECT origin_key, day, amount_nanos, 1 FROM cost"
        f" WHERE cost_key = {MANUAL}",
        "the audit trail knows no cost of 3 of pcc",
    ),
    "costs of nothing": ("DELETE FROM cost_origin", "a row of cost refers to a missing cost_origin"),
    "a cost of another source": (
        "UPDATE dataset SET source = 'gcp' WHERE source = 'aws'", "is of another source or organization"
    ),
    "a cost of an organization that has no such entity": (
        f"UPDATE cost_origin SET org_key = 2 WHERE entity_key = {PCC}", "a cost of pcc is of another organization"
    ),
    "an imported cost of another amount": (
        f"UPDATE cost SET amount_nanos = amount_nanos + 1 WHERE cost_key = {IMPORTED}", "is not what was imported"
    ),
    "an imported cost of another day": (
        f"UPDATE cost SET day = day + 1 WHERE cost_key = {IMPORTED}", "is not what was imported"
    ),
    "an imported cost gone": (f"DELETE FROM cost WHERE cost_key = {IMPORTED}", "is not what was imported"),
    "an imported cost twice": (
        "INSERT INTO cost (origin_key, day, amount_nanos, charges, dataset_key, cell_day) SELECT origin_key, day,"
        f" amount_nanos, charges, dataset_key, cell_day FROM cost WHERE cost_key = {IMPORTED}",
        "is not what was imported",
    ),
    "an index of other values": (
        "DROP INDEX cost_of_day; CREATE INDEX cost_of_day ON cost (day, origin_key, charges); UPDATE sqlite_schema"
        " SET sql = replace(sql, 'charges', 'amount_nanos') WHERE name = 'cost_of_day'",
        "the index cost_of_day does not say what the rows of cost say",
    ),
    "a rule for nobody": ("UPDATE cost_rule SET target = 'nobody'", "to nobody, which does not exist"),
    "a key gone": ("DELETE FROM api_key", "the audit trail knows a key"),
    "a key that nobody can have": ("UPDATE api_key SET hash = 'abc'", "has no hash that anything could have"),
    "a rate that is none": ("UPDATE fx_rate SET rate = '-1'", "the rate of EUR in USD on 2026-01-01 is '-1'"),
    "an entity that stood elsewhere in no closed period": (
        "UPDATE former_parent SET through = '2026-12-31'", "stood elsewhere through 2026-12-31"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERINGS)
def test_what_was_done_behind_its_back_is_found(books: Path, what: str) -> None:
    script, told = TAMPERINGS[what]
    tamper(books, script)
    found = problems_of(books)
    assert [line for line in found if told in line], found
    assert all("; " in line and "\n" not in line for line in found)


@settings(max_examples=examples(2), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_history_leaves_anything_to_find(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
) -> None:
    history = History(tmp_path_factory.mktemp("history") / "budget.db", Random(seed))
    history.begin()
    history.live(60)
    assert problems_of(history.address) == [], history.done


# A log that was lost

LOSING = """
import os, signal, sys
from datetime import date
from budget_tui.bootstrap import open_services
from budget_tui.config.settings import Settings

services = open_services(sys.argv[1], as_of=date(2026, 1, 13), settings=Settings(), keep_open=True)
services.agents.consume("code-review", 1)
if "budget" in sys.argv:
    services.budgets.set_global(7)
services.agents.consume("code-review", 5)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("more", [(), ("budget",)])
def test_a_lost_log_is_found(books: Path, more: tuple[str, ...]) -> None:
    """A program that is killed leaves what it wrote in the log beside the database."""
    if not hasattr(os, "setxattr") or noted(books) == ("", 0):
        open_services(str(books), as_of=TODAY, settings=Settings()).budgets.set_global(8)
        if noted(books) == ("", 0):
            pytest.skip("this file system keeps no attributes")
    subprocess.run([sys.executable, "-c", LOSING, str(books), *more], cwd=ROOT, timeout=120, check=False)
    log = books.with_name("budget.db-wal")
    assert problems_of(books) == []
    subprocess.run([sys.executable, "-c", LOSING, str(books), *more], cwd=ROOT, timeout=120, check=False)
    assert log.stat().st_size
    log.unlink()
    [told] = problems_of(books)
    assert "the log beside the database was lost" in told


def test_what_was_restored_is_not_behind(books: Path, tmp_path: Path) -> None:
    home = home_at(books, TODAY)
    copy = home.services.database.backup(tmp_path / "copy.db")
    for amount in ("8", "9"):
        home.budget(amount)
    home.services.database.restore(copy)
    assert problems_of(books) == []
