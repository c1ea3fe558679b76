"""The base of every repository: SQLAlchemy's connection in the transaction of its session."""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import starmap
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    Row,
    UnaryExpression,
    cast,
    extract,
    func,
    insert,
    literal_column,
)
from sqlalchemy.sql.operators import custom_op

from budget_tui.storage import tables
from budget_tui.storage.engine import Insert, insert_or
from budget_tui.storage.log_conditions import is_money

MOST_ROWS = 2**62
"""More rows than there can be, and no more than an engine can count."""
Columns = Mapping[str, Any]
IS_MONEY: ColumnElement[bool] = literal_column(is_money("cost.amount_nanos", "cost_origin.source"), Boolean)
"""The condition that a cost, beside its origin, is one of money; others stand for tokens alone."""


class Repository:
    """Base of the repositories, each of which reads and writes one aggregate.

    ``org`` is an organization's key; ``actor`` is who changes something, ``now`` when. A statement that every command
    executes is made once and gets its values as parameters: making one takes longer than executing it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _rows(self, statement: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        return self._connection.execute(statement, parameters).all()

    def _many(self, statement: Executable, of: Callable[..., Any] | None = None) -> Iterator[Any]:
        """Yield the rows of a statement that may have tens of thousands: what ``of`` makes of their columns.

        Without ``of`` these are named tuples. SQLAlchemy's own rows take 0.7 µs to find a value by its name: a fifth
        of a view of 20,000 budgets. They are read in batches, because all at once would take as much memory as what is
        made of them.
        """
        result = self._connection.execute(statement)
        make = of or _row_type(tuple(result.keys()))
        for batch in result.partitions(1_000):
            yield from starmap(make, batch)

    def _row(self, statement: Executable, **parameters: Any) -> Row[Any] | None:
        return self._connection.execute(statement, parameters).first()

    def _value(self, statement: Executable, **parameters: Any) -> Any:
        """Return the first column of the first row; None where there is none."""
        return self._connection.execute(statement, parameters).scalar()

    def _change(self, statement: Executable, rows: Columns | Sequence[Columns] | None = None) -> int:
        """Execute a statement, once for each of ``rows`` if given; return how many rows it changed."""
        if rows is not None and not rows:
            return 0
        result = self._connection.execute(statement, rows, execution_options={"preserve_rowcount": True})
        return result.rowcount

    def _add(self, table: type[tables.Row], row: Columns) -> int:
        """Insert one row; return its key."""
        result = self._connection.execute(insert(table), row)
        assert result.inserted_primary_key is not None
        return int(result.inserted_primary_key[0])

    def _insert(self, table: type[tables.Row]) -> Insert:
        """Return an INSERT that can say what to do when there is such a row already."""
        return insert_or(self._connection, table)


@cache
def _row_type(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)


def total(amount: ColumnElement[Any]) -> ColumnElement[int]:
    """Return a sum of 64-bit integers that is a 64-bit integer itself."""
    return cast(func.sum(amount), BigInteger)


def read_first(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return ``column`` for the condition of a join, so that its table is read before the other one.

    SQLite then cannot use an index for it, so the other order would be hopeless. Otherwise, without statistics, it
    would scan a million costs for the few that have seats.
    """
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def day_number_of(day: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the number, such as 20260113, of a day that is stored as a date."""
    return cast(extract("year", day) * 10_000 + extract("month", day) * 100 + extract("day", day), Integer)
