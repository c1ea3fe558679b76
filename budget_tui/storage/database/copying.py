"""Copies of everything in a database, keys included, into another one of any engine."""

import sqlite3
from typing import Any

import sqlalchemy
from sqlalchemy import BigInteger, Integer, Table, func, insert, select
from sqlmodel import SQLModel

from budget_tui.domain.errors import Conflict, StorageError
from budget_tui.storage.database.base import Connection, Database
from budget_tui.storage.database.sqlite_books import HAS_GAPS
from budget_tui.storage.database.sqlite_connections import SqliteConnection, empty_database
from budget_tui.storage.engine import set_next_keys, sqlalchemy_over
from budget_tui.storage.repositories.base import total
from budget_tui.storage.tables import EntityRow, OrganizationRow

_ROWS_AT_ONCE = 5_000


def copy_database(source: Database, target: Database) -> dict[str, int]:
    """Copy all rows into ``target``, which is empty or does not exist yet; return the number of rows by table.

    It is one transaction: all rows or none. `StorageError` when the two do not add up alike.
    """
    source.require_current()
    target.create()
    with source.described_errors():
        reader = source.reader()
        try:
            with reader.transaction() as read, target.described_errors():
                writer = target.connect()
                try:
                    writer.begin()
                    copied = _copy(read, writer, str(target))
                    writer.commit()
                finally:
                    if writer.is_in_transaction:
                        writer.rollback()
                    writer.close()
        finally:
            reader.close()
    return copied


def copy_in_memory(source: Database) -> sqlite3.Connection:
    """Return a copy in a SQLite database in memory, so that checks need to be written for one engine only."""
    driver = empty_database()
    reader = source.reader()
    try:
        with reader.transaction() as read:
            driver.execute("BEGIN")
            _copy(read, SqliteConnection(driver), "the copy")
            driver.execute("COMMIT")
    except BaseException:
        driver.close()
        raise
    finally:
        reader.close()
    return driver


def _copy(read: Connection, write: Connection, name: str) -> dict[str, int]:
    copied: dict[str, int] = {}
    with sqlalchemy_over(read) as source, sqlalchemy_over(write) as target:
        if target.execute(select(func.count()).select_from(OrganizationRow)).scalar():
            raise Conflict(f"{name} is in use", "choose one that is empty")
        for table in SQLModel.metadata.sorted_tables:
            copied[table.name] = _copy_table(source, target, table)
            expected, found = _sums(source, table), _sums(target, table)
            if expected != found:
                raise StorageError(f"{table.name} adds up to {found} in {name}, and to {expected} where it comes from")
        set_next_keys(target, SQLModel.metadata.sorted_tables)
        if target.dialect.name == "sqlite" and _has_gaps(source):
            target.exec_driver_sql(f"PRAGMA user_version = {HAS_GAPS}")
    return copied


def _has_gaps(source: sqlalchemy.Connection) -> bool:
    """Return whether keys may have been left out: by another engine, or by the one that this was copied from."""
    return source.dialect.name != "sqlite" or source.exec_driver_sql("PRAGMA user_version").scalar() == HAS_GAPS


def _copy_table(source: sqlalchemy.Connection, target: sqlalchemy.Connection, table: Table) -> int:
    # A parent has to be there before its children; once entities were moved, the order of keys does not ensure that.
    order = [EntityRow.c.path] if table is EntityRow.table else [*table.primary_key.columns]
    rows = source.execute(select(table).order_by(*order).execution_options(yield_per=_ROWS_AT_ONCE))
    copied = 0
    for batch in rows.mappings().partitions():
        target.execute(insert(table), [dict(row) for row in batch])
        copied += len(batch)
    return copied


def _sums(connection: sqlalchemy.Connection, table: Table) -> dict[str, Any]:
    """Return the number of rows, and the sum of each column of whole numbers, reduced to what can be stored."""
    numbers = [column for column in table.columns if isinstance(column.type, Integer | BigInteger)]
    sums = [total(column % 1_000_000_007).label(column.name) for column in numbers]
    row = connection.execute(select(func.count().label("rows"), *sums).select_from(table)).one()
    return dict(row._mapping)
