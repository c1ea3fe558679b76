"""The PostgreSQL that tests get: empty, of their own, and with an order that is not that of bytes."""

import os
from pathlib import Path

from tests.postgres import Postgres


def test_each_database_is_empty_and_of_one_test(postgres: Postgres, postgres_database: str) -> None:
    other = postgres.create()
    with postgres.connect(postgres_database) as connection:
        connection.execute("CREATE TABLE once (amount_nanos bigint)")
        assert connection.execute("SELECT current_database()").fetchone() == (postgres_database,)
    copy = postgres.create(postgres_database)
    for database, tables in ((other, []), (copy, [("once",)])):
        with postgres.connect(database) as connection:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert found == tables
        postgres.drop(database)


def test_its_address_is_understood_by_the_driver(postgres_url: str) -> None:
    import psycopg

    scheme, _, rest = postgres_url.partition("://")
    assert scheme == "postgresql+psycopg"
    with psycopg.connect(f"postgresql://{rest}") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_it_listens_to_nobody_else_and_is_not_root(postgres: Postgres) -> None:
    with postgres.connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert postgres.folder.stat().st_mode & 0o077 == 0
    assert (postgres.folder / "data").stat().st_uid == (os.geteuid() or 65534)


def test_texts_are_sorted_by_language_where_nothing_else_is_said(postgres: Postgres) -> None:
    """So that a query that needs another order, as SQLite's, fails here where it does not say so."""
    with postgres.connect() as connection:
        rows = connection.execute("SELECT text FROM (VALUES ('b'), ('B'), ('a')) AS words (text) ORDER BY text")
        assert [text for (text,) in rows] == ["a", "b", "B"]


def test_a_dropped_database_is_gone_though_somebody_is_connected(postgres: Postgres) -> None:
    name = postgres.create()
    with postgres.connect(name):
        postgres.drop(name)
    with postgres.connect() as connection:
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None
    assert Path(postgres.folder).is_dir()
