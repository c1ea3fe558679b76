"""``db``, and what every command says of a database that cannot be used."""

import json
import os
import random
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from budget_tui.cli.session import Session
from budget_tui.domain.errors import StorageError
from tests.databases import change, locked
from tests.unprivileged import unprivileged

from .conftest import Cli, Ran

# check


def test_a_sound_database(seeded: Cli, database: Path) -> None:
    assert seeded("db", "check").done().out.startswith(f"{database}: ok, ")
    answer = seeded("db", "check", "--json").done().json
    assert (answer["ok"], answer["problems"], answer["schema"]) == (True, [], "current")
    assert answer["bytes"] == database.stat().st_size


def test_a_broken_reference_is_a_problem(seeded: Cli, database: Path) -> None:
    change(database, "DELETE FROM cost_origin")
    ran = seeded("db", "check")
    assert (ran.code, ran.err) == (2, "")
    assert "a row of cost refers to a missing cost_origin" in ran.out
    assert '"ok": false' in seeded("db", "check", "--json").out


def test_checking_makes_no_database(cli: Cli, no_database: Path) -> None:
    cli("db", "check").refused(4, f"there is no database at {no_database}")
    assert not no_database.exists()


def test_values_that_no_version_wrote_are_damage(seeded: Cli, database: Path) -> None:
    """As flipped bits leave them: whoever meets them says so, and the check names them."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE budget SET period_kind = 'onthly'")
    connection.close()
    for command in (["status"], ["budget", "set", "5"]):
        seeded(*command).refused(2, f"{database} is damaged", "restore a backup")
    assert "a row of budget breaks the rule period_kind" in seeded("db", "check").out


# upgrade


def test_upgrading_makes_the_database(cli: Cli, no_database: Path) -> None:
    assert cli("db", "upgrade").done().out == f"{no_database} has this version's schema\n"
    assert cli("db", "upgrade", "--json").done().json == {"database": str(no_database), "schema": "current"}


# backup and restore


def test_a_backup_restores_what_was(seeded: Cli, database: Path, tmp_path: Path) -> None:
    before = seeded("status", "--json").out
    copy = tmp_path / "copy.db"
    assert seeded("db", "backup", str(copy)).done().out == f"{database} backed up to {copy}\n"
    seeded("project", "archive", "dandelion").done()
    first, second = seeded("db", "restore", str(copy)).done().out.splitlines()
    assert first == f"{database} restored from {copy}"
    assert seeded("status", "--json").out == before
    kept = Path(second.removeprefix("the previous database is kept in "))
    assert kept.parent == database.parent
    projects = seeded("--db", str(kept), "project", "list", "--json").json["projects"]
    assert "dandelion" not in [project["project_id"] for project in projects]


def test_a_backup_goes_beside_the_database_or_into_a_folder(seeded: Cli, database: Path, tmp_path: Path) -> None:
    beside = Path(seeded("db", "backup", "--json").done().json["backup"])
    assert (beside.parent, beside.suffix) == (database.parent, ".db")
    folder = tmp_path / "backups"
    folder.mkdir()
    inside = Path(seeded("db", "backup", str(folder), "--json").done().json["backup"])
    assert list(folder.iterdir()) == [inside]


def test_a_backup_overwrites_nothing(seeded: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    seeded("db", "backup", str(tmp_path / "mine.txt")).refused(2, "already exists", "choose another name")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_backup_that_cannot_be_written(seeded: Cli, tmp_path: Path) -> None:
    seeded("db", "backup", str(tmp_path / "nowhere" / "copy.db")).refused(2, "cannot be written")


def test_home_folders_in_quotes_are_known(
    seeded: Cli, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert seeded("db", "backup", "~/copy.db").done().out == f"{database} backed up to {tmp_path / 'copy.db'}\n"
    seeded("db", "restore", "~/copy.db").done()
    seeded("db", "backup", "~nobody-of-that-name/copy.db").refused(2, "cannot be written")
    seeded("db", "restore", "~nobody-of-that-name/copy.db").refused(2, "there is no backup at ~nobody")


def test_there_is_nothing_to_back_up(cli: Cli, no_database: Path) -> None:
    cli("db", "backup").refused(4, f"there is no database at {no_database}")


def test_restoring_where_nothing_was(cli: Cli, no_database: Path, example: Path) -> None:
    out = cli("db", "restore", str(example)).done().out
    assert out.endswith("there was no database before\n")
    assert cli("status", "--line").out.startswith("$259 left")


def test_restoring_answers_in_json(seeded: Cli, database: Path, example: Path) -> None:
    answer = seeded("db", "restore", str(example), "--json").done().json
    assert (answer["database"], answer["restored"]) == (str(database), str(example))
    assert Path(answer["kept"]).exists()


@pytest.mark.parametrize("content", [None, b"", b"not a database at all", b"SQLite format 3\x00 but damaged" * 99])
def test_what_is_no_backup_is_refused(seeded: Cli, tmp_path: Path, content: bytes | None) -> None:
    backup = tmp_path / "backup.db"
    if content is not None:
        backup.write_bytes(content)
    before = seeded("status", "--json").out
    refused = seeded("db", "restore", str(backup))
    refused.refused(2)
    assert "--db" not in refused.err, "another backup is what helps"
    assert seeded("status", "--json").out == before


def test_the_database_is_no_backup_of_itself(seeded: Cli, database: Path) -> None:
    seeded("db", "restore", str(database)).refused(2, "is the database itself")


# Where there is no database

LOOKS = (
    "status",
    "status --json",
    "status --line",
    "monitor",
    "mcp",
    "log",
    "budget show",
    "project list",
    "project show pcc",
    "agent list",
    "agent show scout",
    "entity tree",
    "entity levels",
    "entity export",
    "org list",
    "period show",
    "period history",
    "plan list",
    "plan summary",
    "plan tree ORG",
    "plan by-category ORG",
    "plan by-provider ORG",
    "explain ORG",
    "cost unmapped",
    "fx list",
    "seat list",
    "key list",
    "price list",
    "db check",
    "db backup",
    "cost import EXPORT --dry-run",
    "cost import EXPORT --dry-run --strict --source focus",
    "entity import TREE --dry-run",
)


@pytest.fixture
def nowhere(cli: Cli, tmp_path: Path) -> Path:
    """Where a mistyped path leads: neither the file is there nor its folder."""
    (tmp_path / "export.csv").write_text(
        "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,BillingPeriodEnd,"
        "ServiceName,ServiceCategory,BillingAccountId\n"
        "12.50,USD,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,S3,Storage,1\n"
    )
    (tmp_path / "tree.yaml").write_text("- {id: ENG, name: Engineering, level: department, parent: ORG}\n")
    return tmp_path / "mistyped" / "budget.db"


def words(line: str, nowhere: Path) -> list[str]:
    there = nowhere.parents[1]
    return line.replace("EXPORT", str(there / "export.csv")).replace("TREE", str(there / "tree.yaml")).split()


@pytest.mark.parametrize("line", LOOKS)
def test_what_only_looks_makes_nothing_and_says_what_is_not_there(cli: Cli, nowhere: Path, line: str) -> None:
    ran = cli("--db", str(nowhere), *words(line, nowhere))
    ran.refused(4, f"there is no database at {nowhere}; ")
    assert not nowhere.parent.exists()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("project archive pcc", 4),
        ("project allocate pcc 5", 4),
        ("agent consume scout 5", 4),
        ("transfer pcc pool 5", 4),
        ("cost add pcc 5", 4),
        ("undo", 2),
        ("key revoke laptop", 4),
        ("budget set nonsense", 2),
        ("cost import missing.csv", 2),
    ],
)
def test_what_is_refused_makes_nothing(cli: Cli, nowhere: Path, line: str, code: int) -> None:
    cli("--db", str(nowhere), *words(line, nowhere)).refused(code)
    assert not nowhere.parent.exists()


@pytest.mark.parametrize(
    "line",
    [
        "budget set 500",
        "project add pcc",
        "entity add ENG",
        "entity import TREE",
        "cost import EXPORT",
        "agent add scout --project ORG",
        "org add other",
        "fx set EUR USD 1.1",
        "demo --load",
        "db upgrade",
    ],
)
def test_the_first_change_makes_it(cli: Cli, nowhere: Path, line: str) -> None:
    ran = cli("--db", str(nowhere), *words(line, nowhere))
    is_told_anyway = str(nowhere) in ran.out
    assert is_told_anyway == (line in ("demo --load", "db upgrade"))
    assert (ran.code, ran.err) == (0, "" if is_told_anyway else f"created {nowhere}\n")
    cli("--db", str(nowhere), "org", "add", "another").done()
    beside = {file.name for file in nowhere.parent.iterdir()} - {"budget.db-wal", "budget.db-shm"}
    assert beside == {"budget.db"}
    assert cli("--db", str(nowhere), "db", "check").done().out.startswith(f"{nowhere}: ok")


def test_a_link_that_leads_nowhere_leads_to_what_is_made(cli: Cli, nowhere: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(nowhere)
    cli("--db", str(link), "status").refused(4, f"there is no database at {link}")
    ran = cli("--db", str(link), "budget", "set", "500", "--json")
    assert (ran.json["monthly_budget_usd"], ran.err) == (500, f"created {link}\n")
    assert link.is_symlink()
    assert cli("--db", str(nowhere), "budget", "show", "--json").json["monthly_budget_usd"] == 500


# A database that cannot be used

COMMANDS = (["status"], ["budget", "set", "5"], ["log"], ["cost", "unmapped"], ["db", "check"])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_something_else_stays_as_it_is(cli: Cli, database: Path, command: list[str]) -> None:
    database.write_text("shopping list: milk, bread")
    cli(*command).refused(2, f"{database} is not a SQLite database", "choose another file with --db")
    assert database.read_text() == "shopping list: milk, bread"


@pytest.mark.parametrize("command", COMMANDS)
def test_another_programs_database_stays_as_it_is(cli: Cli, no_database: Path, command: list[str]) -> None:
    change(no_database, "CREATE TABLE bookmark (url TEXT)")
    before = no_database.read_bytes()
    cli(*command).refused(2, "belongs to another program")
    assert no_database.read_bytes() == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_newer_database_stays_as_it_is(seeded: Cli, database: Path, command: list[str]) -> None:
    change(database, "UPDATE alembic_version SET version_num = '9999'")
    before = database.read_bytes()
    seeded(*command).refused(2, "newer version of budget-tui", "upgrade budget-tui")
    assert database.read_bytes() == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_is_no_database(cli: Cli, tmp_path: Path, command: list[str]) -> None:
    cli("--db", str(tmp_path), *command).refused(2, "is a folder")


@pytest.mark.parametrize("location", ["mysql://host/db", ":memory:", "sqlite:///"])
def test_a_location_that_is_no_file_is_refused(cli: Cli, location: str) -> None:
    cli("--db", location, "status").refused(2, "give a path, sqlite:///path or postgresql://host/name")


@pytest.mark.parametrize("path", ["/" + 300 * "x", 600 * "/folder"])
@pytest.mark.parametrize("command", [*COMMANDS, ["status", "--line"], ["demo", "--load"]])
def test_a_path_that_is_too_long_is_refused(cli: Cli, path: str, command: list[str]) -> None:
    cli("--db", path, *command).refused(2, f"a path of {len(path):,} characters is too long")


def test_the_url_of_a_file_is_its_path(seeded: Cli, database: Path) -> None:
    assert seeded("--db", f"sqlite:///{database}", "status").done().out == seeded("status").out


def test_a_command_waits_longer_for_other_writers_than_a_screen(
    seeded: Cli, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("budget_tui.storage.unit_of_work.PATIENCE_SECONDS", 0.05)
    seeded("budget", "set", "600").done()
    writing, ended = threading.Event(), threading.Event()

    def write() -> None:
        with locked(database):
            writing.set()
            ended.wait(60)

    with ThreadPoolExecutor() as threads:
        writer = threads.submit(write)
        writing.wait(60)
        services = Session(str(database)).services
        with pytest.raises(StorageError, match="is locked"), services.lasting().context.work():
            pass
        threading.Timer(0.5, ended.set).start()
        seeded("budget", "set", "700").done()
        writer.result()


def test_a_locked_database_can_be_read_but_not_written(seeded: Cli, database: Path, impatient: None) -> None:
    with locked(database):
        seeded("budget", "set", "5").refused(2, "is locked by another program", "nothing was changed")
        assert seeded("status", "--line").done().out.startswith("$259 left")
    seeded("budget", "set", "5")
    assert seeded("budget", "show", "--json").json["monthly_budget_usd"] == 5


@pytest.mark.parametrize("command", [*COMMANDS, ["monitor"], ["mcp"], ["db", "backup"], ["status", "--line"]])
def test_a_database_with_several_names_is_refused_and_left_alone(
    seeded: Cli, database: Path, tmp_path: Path, command: list[str]
) -> None:
    other = tmp_path / "other.db"
    other.hardlink_to(database)
    seeded("--db", str(other), *command).refused(2, f"{other} has 2 names (hard links)", "remove the others")
    assert not list(tmp_path.glob("other.db-*"))


PAGE = 4096


def with_flipped_bits(content: bytes, dice: random.Random) -> bytes:
    """Some in the pages of the schema, or anywhere."""
    damaged, among = bytearray(content), dice.choice([PAGE, 8 * PAGE, len(content)])
    for _ in range(dice.choice([1, 4, 64])):
        damaged[dice.randrange(among)] ^= 1 << dice.randrange(8)
    return bytes(damaged)


@pytest.mark.parametrize("seed", range(12))
def test_damage_is_told_in_one_line_and_a_backup_mends_it(
    seeded: Cli, database: Path, example: Path, tmp_path: Path, seed: int
) -> None:
    damaged = with_flipped_bits(database.read_bytes(), random.Random(seed))
    commands = ("status", "log", "plan summary", "agent list", "db check", f"db backup {tmp_path}/b/", "budget set 5")
    for command in commands:
        for beside in tmp_path.glob("budget.db*"):
            beside.unlink()
        database.write_bytes(damaged)
        ran = seeded(*command.split())
        assert ran.code in (0, 2, 4), ran
        assert ran.err.count("error:") == ((ran.code != 0 and command != "db check") or "error:" in ran.err)
        assert "unexpected" not in ran.err
    seeded("db", "restore", str(example)).done()
    assert seeded("status", "--line").done().out.startswith("$259 left")


def test_an_organization_that_is_not_there(seeded: Cli) -> None:
    seeded("--org", "acme", "status").refused(4, "there is no organization 'acme'; there are: default")


# Where writing is not allowed, for somebody who is not root


@pytest.fixture
def locked_folder(seeded: Cli, example: Path) -> Iterator[Path]:
    """A folder with the worked example that nobody may read but not write."""
    seeded("budget", "set", "500").done()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seeded("--db", str(folder / "new.db"), "db", "upgrade").done()
        for file in folder.iterdir():
            file.unlink()
        shutil.copy(example, folder / "budget.db")
        (folder / "budget.db").chmod(0o444)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def run_unprivileged(cli: Cli, *arguments: str) -> Ran:
    """What the command answers to somebody for whom permissions hold."""

    def run() -> str:
        os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
        ran = cli(*arguments)
        return json.dumps([ran.code, ran.out, ran.err])

    return Ran(*json.loads(unprivileged(run)))


def test_a_database_that_may_not_be_written_can_be_read(seeded: Cli, locked_folder: Path) -> None:
    ran = run_unprivileged(seeded, "--db", str(locked_folder / "budget.db"), "status", "--line")
    assert ran.done().out == "$259 left · 18d · $13.63 today · ▲ Python API $12\n"
    run_unprivileged(seeded, "--db", str(locked_folder / "budget.db"), "monitor").refused(2, "needs a terminal")


def test_writing_it_is_refused_in_one_line(seeded: Cli, locked_folder: Path) -> None:
    ran = run_unprivileged(seeded, "--db", str(locked_folder / "budget.db"), "budget", "set", "5")
    ran.refused(2, f"{locked_folder / 'budget.db'} ", "permissions")
    assert [path.name for path in locked_folder.iterdir()] == ["budget.db"]


@pytest.mark.parametrize("place", ["new.db", "folder/new.db"])
@pytest.mark.parametrize("command", [["budget", "set", "5"], ["db", "upgrade"], ["demo", "--load"]])
def test_a_folder_that_may_not_be_written_is_said_so(
    seeded: Cli, locked_folder: Path, place: str, command: list[str]
) -> None:
    run_unprivileged(seeded, "--db", str(locked_folder / place), *command).refused(2, str(locked_folder))


def test_a_backup_into_a_folder_that_may_not_be_written(seeded: Cli, locked_folder: Path) -> None:
    run_unprivileged(seeded, "--db", str(locked_folder / "budget.db"), "db", "backup").refused(2, str(locked_folder))
