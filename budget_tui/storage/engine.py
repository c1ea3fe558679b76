"""SQLAlchemy over the connections of `budget_tui.storage.database`, within the transactions of those."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import Any

import sqlalchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Engine,
    Select,
    String,
    Subquery,
    Table,
    cast,
    column,
    create_engine,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.dialects.sqlite import Insert as Insert
from sqlalchemy.pool import NullPool

from budget_tui.storage.database.base import Connection

_DRIVERS = {"sqlite": "pysqlite", "postgresql": "psycopg"}
_lent: ContextVar[Any] = ContextVar("lent")


@cache
def _engine(dialect: str) -> Engine:
    """Return the one engine for all connections, so that a statement is compiled once.

    It neither commits, rolls back nor closes: the transaction belongs to the lender.
    """
    engine = create_engine(f"{dialect}+{_DRIVERS[dialect]}://", creator=_lent.get, poolclass=NullPool)
    for ending in ("do_commit", "do_rollback", "do_close", "do_terminate"):
        setattr(engine.dialect, ending, lambda _: None)
    return engine


def sqlalchemy_over(connection: Connection) -> sqlalchemy.Connection:
    """Return SQLAlchemy's connection over ``connection``; it must be closed first."""
    token = _lent.set(connection.driver)
    try:
        return _engine(connection.dialect).connect()
    finally:
        _lent.reset(token)


def next_key(connection: sqlalchemy.Connection, column: Column[int]) -> int:
    """Return a key for the next row of a table, which no other row gets."""
    if connection.dialect.name == "sqlite":  # its writers take turns, so no other gets this key
        statement = _after_greatest(column)
    else:
        statement = select(func.nextval(func.pg_get_serial_sequence(column.table.name, column.name)))
    return int(connection.execute(statement).scalar_one())


@cache
def _after_greatest(column: Column[int]) -> Select[int]:
    return select(func.coalesce(func.max(column), 0) + 1)


def insert_or(connection: sqlalchemy.Connection, table: Any) -> Insert:
    """Return an INSERT that can say what to do when there is such a row already; both engines share the syntax."""
    return _insert_or(connection.dialect.name, table)


@cache
def _insert_or(dialect: str, table: Any) -> Insert:
    insert: Insert = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    return insert


def insert_batches(
    connection: sqlalchemy.Connection,
    table: Table,
    names: Sequence[str],
    batches: Iterable[Sequence[tuple[object, ...]]],
    fixed: Mapping[str, int],
) -> int:
    """Insert many rows in the driver's fastest way; return how many.

    ``names`` are the columns of their values; ``fixed`` holds the columns in which all rows have the same value.
    """
    driver: Any = connection.connection.driver_connection
    added = 0
    columns = ", ".join([*names, *fixed])
    if connection.dialect.name == "sqlite":
        values = ", ".join([*("?" for _ in names), *(repr(value) for value in fixed.values())])
        for batch in batches:
            added += driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({values})", batch).rowcount
        return added
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for batch in batches:
            for row in batch:
                copy.write_row((*row, *fixed.values()))
            added += len(batch)
    return added


def set_next_keys(connection: sqlalchemy.Connection, tables: Iterable[Table]) -> None:
    """Let the next row of each table get a key after the existing ones, which came with their rows."""
    if connection.dialect.name == "sqlite":  # which does so by itself
        return
    for table in tables:
        column = table.autoincrement_column
        if column is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            last = select(func.max(column)).scalar_subquery()
            connection.execute(select(func.setval(sequence, func.coalesce(last, 1), last.is_not(None))))


def listed(connection: sqlalchemy.Connection, names: Sequence[str], rows: Sequence[Sequence[int]]) -> Subquery:
    """Return rows of whole numbers as a subquery, however many: one parameter holds them all."""
    if connection.dialect.name == "sqlite":
        each = func.json_each(json.dumps(rows)).table_valued("value")
        columns = [
            type_coerce(func.json_extract(each.c.value, literal_column(f"'$[{place}]'")), BigInteger).label(name)
            for place, name in enumerate(names)
        ]
        return select(*columns).subquery()
    text = literal(
        json.dumps([dict(zip(names, row, strict=True)) for row in rows]), String
    )  # JSON would quote it again
    columns_of = (column(name, BigInteger) for name in names)
    records = func.json_to_recordset(cast(text, JSON)).table_valued(*columns_of)
    return select(records.render_derived(with_types=True)).subquery()


def is_one_of(
    connection: sqlalchemy.Connection, key: ColumnElement[Any], keys: Iterable[int] | Iterable[str]
) -> ColumnElement[bool]:
    """Return the condition that a key is one of ``keys``, however many: one parameter holds them all."""
    text = json.dumps([*keys])
    if connection.dialect.name == "sqlite":
        return key.in_(select(func.json_each(text).table_valued("value").c.value))
    each = func.json_array_elements_text(cast(literal(text, String), JSON)).column_valued("value")  # as in `listed`
    return key.in_(select(cast(each, key.type)))


def in_a_list(connection: sqlalchemy.Connection, values: ColumnElement[Any]) -> ColumnElement[str]:
    """Return an aggregate of ``values`` as text, a list in JSON: of many rows with few groups, half of the time is what
    the driver takes to hand over each."""
    if connection.dialect.name == "sqlite":
        return func.json_group_array(values)
    return cast(func.json_agg(values), String)
