"""The migrations make exactly what the tables say, and know where they end."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect
from sqlmodel import SQLModel

from budget_tui.storage import migrations, tables
from budget_tui.storage.database import database_at
from budget_tui.storage.database.base import HEAD, SchemaState
from budget_tui.storage.database.sqlite_connections import schema_state

TABLES = sorted(SQLModel.metadata.tables)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    path = tmp_path_factory.mktemp("migrated") / "budget.db"
    database_at(path).create()
    return create_engine(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A database made from the tables themselves, without migrations."""
    path = tmp_path_factory.mktemp("declared") / "budget.db"
    engine = create_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(engine)
    return engine


def test_head_is_alembics_own() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_alembic_finds_no_difference_between_the_migrations_and_the_tables(migrated: Engine) -> None:
    assert {tables.OrganizationRow.__tablename__, tables.AgentRow.__tablename__} <= {*TABLES}
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def shape(engine: Engine, table: str) -> dict[str, Any]:
    """Everything about a table that alembic's comparison leaves out, and what it does not."""
    seen = inspect(engine)
    return {
        "columns": {column["name"]: (str(column["type"]), column["nullable"]) for column in seen.get_columns(table)},
        "key": seen.get_pk_constraint(table)["constrained_columns"],
        "checks": sorted((check["name"] or "", check["sqltext"]) for check in seen.get_check_constraints(table)),
        "references": sorted(
            (key["constrained_columns"], key["referred_table"], key["referred_columns"])
            for key in seen.get_foreign_keys(table)
        ),
        "unique": sorted(unique["column_names"] for unique in seen.get_unique_constraints(table)),
        "indexes": sorted(
            (
                index["name"] or "",
                index["column_names"],
                bool(index["unique"]),
                str(index.get("dialect_options", {}).get("sqlite_where", "")),
            )
            for index in seen.get_indexes(table)
        ),
    }


@pytest.mark.parametrize("table", TABLES)
def test_a_migrated_table_is_shaped_as_declared(migrated: Engine, declared: Engine, table: str) -> None:
    assert shape(migrated, table) == shape(declared, table)


def test_the_migrations_make_no_table_that_is_not_declared(migrated: Engine) -> None:
    assert sorted(inspect(migrated).get_table_names()) == sorted([*TABLES, "alembic_version"])


def test_money_has_64_bits_everywhere() -> None:
    amounts = [
        (table.name, column.name, str(column.type))
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if column.name in ("amount", "amount_nanos", "allocation", "allocated", "spent", "monthly_budget", "tokens")
    ]
    assert len(amounts) >= 10
    assert {kind for _, _, kind in amounts} == {"BIGINT"}


def test_no_column_can_hold_a_float() -> None:
    kinds = {str(column.type) for table in SQLModel.metadata.tables.values() for column in table.columns}
    assert kinds <= {"INTEGER", "BIGINT", "VARCHAR", "DATE", "DATETIME", "BOOLEAN"}


def test_a_fresh_database_is_current(tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    assert schema_state(path) is SchemaState.MISSING
    database_at(path).create()
    assert schema_state(path) is SchemaState.CURRENT


def test_ensuring_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    database_at(path).create()
    before = path.read_bytes()
    database_at(path).create()
    assert path.read_bytes() == before


# How a connection is set up


def test_writers_log_ahead_check_references_and_are_durable(tmp_path: Path) -> None:
    full = 2
    database = database_at(tmp_path / "budget.db")
    database.create()
    with closing(database.connect()) as connection:

        def pragma(name: str) -> Any:
            return connection.execute(f"PRAGMA {name}")[0][name]

        assert pragma("journal_mode") == "wal"
        assert pragma("foreign_keys") == 1
        assert pragma("synchronous") == full


def test_the_log_mode_stays_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    database_at(path).create()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("name", ["what?.db", "50%.db", "a b#c.db", "größe&x=1.db", "%41.db"])
def test_any_name_of_a_file_is_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    database_at(path).create()
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert schema_state(path) is SchemaState.CURRENT


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the version before the initial migration, upgraded."""
    path = tmp_path_factory.mktemp("converted") / "budget.db"
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, migrations.BEFORE_INITIAL)
    database_at(path).create()
    return path


def test_a_converted_database_has_the_schema_of_a_new_one(migrated: Engine, converted: Path) -> None:
    old, new = create_engine(f"sqlite:///{converted}"), migrated
    names = sorted(inspect(new).get_table_names())
    assert sorted(inspect(old).get_table_names()) == names
    for table in names:
        assert shape(old, table) == shape(new, table)
        assert [*shape(old, table)["columns"]] == [*shape(new, table)["columns"]]
    assert triggers(old) == triggers(new)
    assert len(triggers(new)) == 12


def triggers(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name")
        return [(name, sql) for name, sql in found]
