"""What is there when a database is opened: nothing, something else, something damaged, another version."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from budget_tui.domain.errors import BudgetError, Refused, StorageError
from budget_tui.storage import migrations
from budget_tui.storage.database import database_at
from budget_tui.storage.database.base import HEAD, SchemaState
from budget_tui.storage.database.sqlite import path_of
from budget_tui.storage.database.sqlite_connections import schema_state
from budget_tui.storage.unit_of_work import DatabaseReader, UnitOfWork
from tests.storage.killing import killed_at

Files = Callable[[Path], dict[str, bytes]]


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


# Nothing there


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "budget.db"
    database_at(path).create()
    assert schema_state(path) is SchemaState.CURRENT


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    path.touch()
    assert schema_state(path) is SchemaState.MISSING
    database_at(path).create()
    assert schema_state(path) is SchemaState.CURRENT


def test_a_database_that_was_only_begun_becomes_one(tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    execute(path, "PRAGMA journal_mode = WAL")
    assert path.stat().st_size > 0
    database_at(path).create()
    assert schema_state(path) is SchemaState.CURRENT


def test_reading_makes_nothing(tmp_path: Path) -> None:
    reader = DatabaseReader(database_at(tmp_path / "budget.db"))
    with pytest.raises(StorageError, match="there is no database at"), reader.session():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="not a directory"):
        database_at(tmp_path / "file" / "budget.db").create()


# Something else there


def other_program(path: Path) -> None:
    execute(path, "CREATE TABLE song (title TEXT)", "INSERT INTO song VALUES ('Money')")


def other_program_with_migrations(path: Path) -> None:
    execute(path, "CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('0001')")


def newer_version(path: Path) -> None:
    database_at(path).create()
    execute(path, "UPDATE alembic_version SET version_num = '9999'", "PRAGMA wal_checkpoint(TRUNCATE)")


def damaged_at_the_start(path: Path) -> None:
    database_at(path).create()
    content = path.read_bytes()
    path.write_bytes(content[:16] + b"\xff" * 200 + content[216:])


def cut_short(path: Path) -> None:
    database_at(path).create()
    path.write_bytes(path.read_bytes()[:1000])


def text(path: Path) -> None:
    path.write_text("date,amount\n2026-01-13,12.50\n")


def short_text(path: Path) -> None:
    path.write_text("x")


STRANGERS = [
    (text, "is not a SQLite database; choose another file"),
    (short_text, "is not a SQLite database; choose another file"),
    (other_program, "belongs to another program; choose another file"),
    (other_program_with_migrations, "belongs to another program; choose another file"),
    (newer_version, "was written by a newer version of budget-tui; upgrade budget-tui"),
    (damaged_at_the_start, "is not a SQLite database; choose another file"),
    (cut_short, "is damaged; restore a backup"),
]


@pytest.mark.parametrize(("make", "told"), STRANGERS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_cannot_be_used_is_refused_and_left_alone(
    tmp_path: Path, files: Files, make: Callable[[Path], None], told: str
) -> None:
    path = tmp_path / "budget.db"
    make(path)
    before = files(tmp_path)
    with pytest.raises(StorageError) as refused:
        database_at(path).create()
    assert str(refused.value).startswith(f"{path} {told}")
    with pytest.raises(StorageError, match=r"budget\.db"), DatabaseReader(database_at(path)).session():
        pass
    assert {name: content for name, content in files(tmp_path).items() if content and "-shm" not in name} == before


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "budget.db").mkdir()
    with pytest.raises(StorageError, match=r"is a folder; give the path of a file"):
        database_at(tmp_path / "budget.db").create()
    assert list((tmp_path / "budget.db").iterdir()) == []


def test_damage_that_shows_late_is_told_as_damage(database: Path) -> None:
    """The schema is whole, a table behind it is not."""
    with closing(sqlite3.connect(database)) as connection:
        question = (
            "SELECT rootpage FROM sqlite_schema WHERE name IN ('organization', 'sqlite_autoindex_organization_1')"
        )
        pages = [page for (page,) in connection.execute(question)]
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(database.read_bytes())
    for page in pages:
        content[(page - 1) * size : page * size] = b"\xff" * size
    database.write_bytes(content)
    assert schema_state(database) is SchemaState.CURRENT
    told = "is damaged; restore a backup"
    with pytest.raises(StorageError, match=told), DatabaseReader(database_at(database)).session() as session:
        session.fast.organization("default")
    with pytest.raises(StorageError, match=told), UnitOfWork(database_at(database)) as unit:
        unit.fast.organization("default")
    assert database.read_bytes() == content


def test_a_database_of_another_version_is_not_read_as_if_it_were_of_this_one(database: Path) -> None:
    reader = DatabaseReader(database_at(database))
    execute(database, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StorageError, match="was written by an older version; upgrade it"), reader.session():
        pass


# An older version


FIRST_VERSION = "0001"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A database of the first version: a budget with a project's share, one line of audit trail, one close."""
    path = tmp_path / "budget.db"
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST_VERSION)
    now = "'2026-01-01 00:00:00.000000'"
    period = "'monthly', '2026-01-01', '2026-01-31'"
    total = "'total', 'monetary', 'USD', ''"
    execute(
        path,
        f"INSERT INTO organization VALUES (1, 'o', 'O', 'USD', 'UTC', 'monthly', 1, 1, {now})",
        f"INSERT INTO entity VALUES (1, 1, 'ORG', 'O', 'organization', NULL, '/ORG/', NULL, {now})",
        f"INSERT INTO entity VALUES (2, 1, 'pcc', 'PCC', 'project', 1, '/ORG/pcc/', NULL, {now})",
        f"INSERT INTO budget VALUES ('g', 1, 1, {total}, {period}, 500, '', 1, 'a', {now}, '', '')",
        f"INSERT INTO budget VALUES ('p', 1, 2, {total}, {period}, 150, '', 1, 'a', {now}, '', '')",
        f"INSERT INTO allocation VALUES ('x', 'g', 'p', 150, {now}, NULL)",
        f"INSERT INTO audit VALUES (7, 1, {now}, 'anna', 'budget.set', 'global', NULL, NULL)",
        f"INSERT INTO period_close VALUES (1, 1, '2025-12-01', '2025-12-31', 'USD', 1, 1, 1, 'a', {now})",
        "INSERT INTO period_close_line VALUES (1, 2, 1, 1, 'healthy')",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    )
    return path


def rows(path: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


def test_an_older_version_is_backed_up_before_it_is_migrated(older: Path, files: Files) -> None:
    assert schema_state(older) is SchemaState.BEHIND
    database_at(older).create()
    database_at(older).create()
    assert schema_state(older) is SchemaState.CURRENT
    backups = [name for name in files(older.parent) if "before" in name]
    assert backups == [f"budget.db.before-{HEAD}"]
    with closing(sqlite3.connect(older.with_name(backups[0]))) as backup:
        assert backup.execute("SELECT slug FROM organization").fetchall() == [("o",)]
        assert backup.execute("SELECT version_num FROM alembic_version").fetchall() == [(FIRST_VERSION,)]


def test_a_backup_is_never_overwritten(older: Path) -> None:
    older.with_name(f"budget.db.before-{HEAD}").write_text("mine")
    database_at(older).create()
    assert older.with_name(f"budget.db.before-{HEAD}").read_text() == "mine"
    assert older.with_name(f"budget.db.before-{HEAD}.2").exists()


def test_what_an_older_version_held_is_read_by_this_one(older: Path) -> None:
    database_at(older).create()
    with DatabaseReader(database_at(older)).session() as session:
        budget = session.fast.global_budget(1, date(2026, 1, 13))
        assert budget is not None
        assert budget.amount == 500
        assert session.fast.allocated("g") == 150
    assert rows(older, "SELECT budget_id, in_cycle, base, carried, used, reserved FROM budget ORDER BY 1") == [
        ("g", 1, 500, 0, 0, 0),
        ("p", 1, 150, 0, 0, 0),
    ]
    assert rows(older, "SELECT audit_key, change, reverses FROM audit") == [(7, 7, None)]
    assert rows(older, "SELECT unit FROM period_close_line") == [("monetary",)]


def test_a_migrated_trail_is_still_written_once(older: Path) -> None:
    database_at(older).create()
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        execute(older, "UPDATE audit SET actor = 'eve'")


def test_a_migration_that_fails_changes_nothing_and_leaves_nothing(database: Path, files: Files) -> None:
    """Alembic knows no way from this revision: however often it is tried, the file stays as it was, and alone."""
    execute(database, "UPDATE alembic_version SET version_num = '0000'", "PRAGMA wal_checkpoint(TRUNCATE)")
    before = files(database.parent)
    for _ in range(3):
        with pytest.raises(StorageError, match=f"{database} cannot be brought to this version .*0000.*; nothing was"):
            database_at(database).create()
    assert files(database.parent) == before


def test_an_upgrade_that_is_killed_is_done_by_the_next_with_one_copy(older: Path, files: Files) -> None:
    whole, step, died = files(older.parent), 0, True
    while died:
        step += 1
        for name in files(older.parent):
            (older.parent / name).unlink()
        for name, content in whole.items():
            (older.parent / name).write_bytes(content)
        died = killed_at(step, database_at(older).create, ("os.chmod", "os.rename"))
        database_at(older).create()
        assert rows(older, "SELECT slug FROM organization") == [("o",)]
        beside = {name for name in files(older.parent) if "-wal" not in name and "-shm" not in name}
        assert beside == {"budget.db", f"budget.db.before-{HEAD}"}
        assert rows(older.with_name(f"budget.db.before-{HEAD}"), "SELECT version_num FROM alembic_version") == [
            (FIRST_VERSION,)
        ]
    assert step > 2


# Names


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/data/budget.db", "/data/budget.db"),
        ("sqlite:////data/budget.db", "/data/budget.db"),
        ("/data/what?.db", "/data/what?.db"),
    ],
)
def test_a_location_names_a_file(location: str, path: str) -> None:
    assert path_of(location) == Path(path)


def test_a_location_may_be_relative_to_where_one_is_or_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert path_of("budget.db") == tmp_path / "budget.db"
    assert path_of("sqlite:///budget.db") == tmp_path / "budget.db"
    assert path_of("~/budget.db") == tmp_path / "home" / "budget.db"


@pytest.mark.parametrize(
    "location",
    ["", "sqlite:///", ":memory:", "sqlite:///:memory:", "mysql://host/db", "~nobody-of-that-name/budget.db"],
)
def test_what_names_no_file_is_refused(location: str) -> None:
    with pytest.raises(Refused):
        path_of(location)


def test_every_refusal_is_one_line_with_something_to_do() -> None:
    with pytest.raises(BudgetError) as refused:
        path_of("mysql://host/db")
    assert (
        str(refused.value)
        == "'mysql://host/db' is no SQLite or PostgreSQL database; give a path, sqlite:///path or postgresql://host/name"
    )
