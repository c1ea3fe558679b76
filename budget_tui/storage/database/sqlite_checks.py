"""Checks of a database: as a file, against its schema, and as the books of its organizations.

Everything is read in one transaction, whoever else is writing. The time follows the size of the database: each table is
read once or twice, and so is each index of the largest one.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, DateTime, Integer, Table, TypeDecorator
from sqlmodel import SQLModel

from budget_tui.domain.errors import StorageError
from budget_tui.storage import tables  # noqa: F401  (it fills the metadata)
from budget_tui.storage.database.sqlite_books import RESTORE, book_violations
from budget_tui.storage.database.sqlite_connections import connect_read_only, described_errors, error_at
from budget_tui.storage.database.sqlite_newest import missing, noted

MAX_SHOWN = 5
"""The most problems of one kind to show; any more are not counted."""

APPEND_ONLY: Mapping[str, str] = {
    "audit": "audit_key = NEW.audit_key",
    "transfer": "transfer_id = NEW.transfer_id",
    "period_close": "close_key = NEW.close_key OR (org_key = NEW.org_key AND period_start = NEW.period_start)",
    "period_close_line": "close_key = NEW.close_key AND entity_key = NEW.entity_key",
}
"""The tables whose rows are never changed, each with the condition for the row that an insert could replace."""

_LARGEST = "cost"
"""The largest table: searching each of its rows in each index takes ten times as long as comparing their sums."""

_TEXT = "(typeof({0}) = 'text' AND is_text(CAST({0} AS BLOB)))"
_JSON = {("audit", "before"), ("audit", "after"), ("cost_origin", "tags"), ("idempotency", "answer")}


def problems_of(path: Path) -> list[str]:
    """Return what is wrong with the database, a line each with what to do; [] for a sound one. Changes nothing."""
    newest = noted(path)  # before anything is read: a later note could be ahead of what is read
    with described_errors(path), closing(connect_read_only(path)) as connection:
        _read_any_text(connection)
        connection.execute("BEGIN")
        found: list[str] = []
        try:
            for part in (_in_the_file, _in_the_schema):
                found += part(connection)
            if lost := missing(connection, newest):
                found.append(
                    f"{lost}: the log beside the database was lost, or an older copy put in its place; {RESTORE}"
                )
            strange, broken = _in_the_values(connection)
            found += broken
            found += strange or book_violations(connection)  # the books assume values of the right types
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if error_at(path, error):
                raise
            # if nothing was found that explains it, there is nothing more to report
            found = found or [f"{path} is damaged: {error}; {RESTORE}"]
        return list(dict.fromkeys(found))


def problems_in(copy: sqlite3.Connection) -> list[str]:
    """Return what is wrong with the rows of another engine's database, copied into one of SQLite's."""
    _read_any_text(copy)
    strange, broken = _in_the_values(copy)
    return list(dict.fromkeys([*broken, *(strange or book_violations(copy))]))


def integrity_problems(path: Path) -> list[str]:
    """Return what is wrong with the file, whatever the version of its schema."""
    with described_errors(path), closing(connect_read_only(path)) as connection:
        _read_any_text(connection)
        return _in_the_file(connection)


def is_damaged(path: Path) -> bool:
    """Return whether something else than this program must have written to the file: quickly, to explain an error."""
    try:
        with closing(connect_read_only(path)) as connection:
            _read_any_text(connection)
            strange, broken = _in_the_values(connection)
            return bool(strange or broken or _texts(connection, "PRAGMA quick_check(1)"))
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return not isinstance(error, sqlite3.OperationalError)
    except StorageError:
        return False


def _read_any_text(connection: sqlite3.Connection) -> None:
    """Let invalid text be read, too."""
    connection.text_factory = lambda text: text.decode(errors="replace")
    connection.create_function("is_text", 1, _is_text, deterministic=True)


def _is_text(content: bytes | None) -> bool:
    try:
        return content is None or content.decode() is not None
    except UnicodeDecodeError:
        return False


def _in_the_file(connection: sqlite3.Connection) -> list[str]:
    """Return what SQLite finds wrong with the file, its indexes and its references."""
    found = _texts(connection, "PRAGMA quick_check(5)")
    if not found:
        for table in _tables(connection):
            if table != _LARGEST:
                found += _texts(connection, f'PRAGMA integrity_check("{table}")')[:MAX_SHOWN]
        found += _index_problems(connection)
    broken = connection.execute('SELECT DISTINCT "table", parent FROM pragma_foreign_key_check LIMIT 5').fetchall()
    found += [f"a row of {table} refers to a missing {parent}" for table, parent in broken]
    return [f"{text}; {RESTORE}" for text in found]


def _texts(connection: sqlite3.Connection, pragma: str) -> list[str]:
    return [text.replace("\n", " ") for (text,) in connection.execute(pragma) if text != "ok"]


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
    ]


def _index_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the indexes of the largest table that differ from its rows."""
    indexes = connection.execute(
        "SELECT l.name, coalesce((SELECT substr(s.sql, instr(s.sql, ' WHERE ') + 7) FROM sqlite_schema s"
        " WHERE s.name = l.name AND l.partial), '1'), (SELECT group_concat(name) FROM pragma_index_info(l.name))"
        " FROM pragma_index_list(?) l ORDER BY l.name",
        (_LARGEST,),
    ).fetchall()
    sums = [_sum_of(columns.split(","), condition) for _, condition, columns in indexes]
    try:
        of_rows = connection.execute(f"SELECT {', '.join(sums)} FROM {_LARGEST} NOT INDEXED").fetchone() if sums else ()
        for (index, condition, _), sum_sql, of_all in zip(indexes, sums, of_rows, strict=True):
            stored = connection.execute(
                f"SELECT {sum_sql} FROM {_LARGEST} INDEXED BY {index} WHERE {condition}"
            ).fetchone()
            if stored != (of_all,):
                yield f"the index {index} does not say what the rows of {_LARGEST} say"
    except sqlite3.OperationalError as error:
        yield f"the rows of {_LARGEST} cannot be added up: {error}"


def _sum_of(columns: Sequence[str], condition: str) -> str:
    """Return an SQL sum that changes with any value in ``columns`` and with the number of rows."""
    kinds = SQLModel.metadata.tables[_LARGEST].columns
    terms = ["rowid"]
    for place, name in enumerate(columns, 3):
        value = f"{name} % 1048573" if isinstance(kinds[name].type, BigInteger) else name
        terms.append(f"coalesce({value}, {place}) * {place}" if kinds[name].nullable else f"{value} * {place}")
    added = " + ".join(terms)
    return f"sum({added})" if condition == "1" else f"sum(CASE WHEN {condition} THEN {added} END)"


def _in_the_schema(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield tables, columns, indexes, constraints and guards that are missing or wrong."""
    stored = {
        (kind, name): sql or "" for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_schema")
    }
    for table in SQLModel.metadata.sorted_tables:
        if ("table", table.name) not in stored:
            yield f"the table {table.name} is gone; {RESTORE}"
            continue
        yield from (f"{problem}; {RESTORE}" for problem in _in_the_table(connection, stored, table))
    for table_name, known in APPEND_ONLY.items():
        for event, body in (
            ("update", f"BEFORE UPDATE ON {table_name} BEGIN"),
            ("delete", f"BEFORE DELETE ON {table_name} BEGIN"),
            (
                "replace",
                f"BEFORE INSERT ON {table_name} WHEN EXISTS (SELECT 1 FROM {table_name} WHERE {known}) BEGIN",
            ),
        ):
            guard = f"{table_name}_no_{event}"
            refusal = f"SELECT RAISE(ABORT, '{table_name} is append-only'); END"
            if stored.get(("trigger", guard)) != f"CREATE TRIGGER {guard} {body} {refusal}":
                yield f"nothing guards {table_name} against {event}s any more: {guard} is gone; {RESTORE}"
    guards = {f"{table}_no_{event}" for table in APPEND_ONLY for event in ("update", "delete", "replace")}
    for kind, name in stored:
        if kind in ("trigger", "view") and name not in guards:
            yield f"there is a {kind} {name} that is none of this program's; {RESTORE}"


def _in_the_table(connection: sqlite3.Connection, stored: Mapping[tuple[str, str], str], table: Table) -> Iterator[str]:
    required = dict(connection.execute('SELECT name, "notnull" FROM pragma_table_info(?)', (table.name,)))
    for column in table.columns:
        if column.name not in required:
            yield f"{table.name} has no column {column.name}"
        elif not column.nullable and not required[column.name]:
            yield f"{table.name}.{column.name} may be empty"
    sql = stored["table", table.name]
    for rule in _rules(table):
        if f"CONSTRAINT {rule} CHECK" not in sql:
            yield f"{table.name} has lost its rule {rule}"
    for index in table.indexes:
        made = stored.get(("index", str(index.name)), "")
        if made.startswith("CREATE UNIQUE ") != bool(index.unique) or not made:
            yield f"the index {index.name} of {table.name} is gone"


def _rules(table: Table) -> dict[str, str]:
    """Return the table's CHECK conditions by name, which SQLite does not check when it only reads."""
    return {str(rule.name): str(rule.sqltext) for rule in table.constraints if isinstance(rule, CheckConstraint)}


def _in_the_values(connection: sqlite3.Connection) -> tuple[list[str], list[str]]:
    """Return values of a wrong type, such as amounts that are no integers, and rows that break a rule."""
    strange, broken = [], []
    for table in SQLModel.metadata.sorted_tables:
        types = {column.name: _is_right(table.name, column.name, column.type) for column in table.columns}
        rules = _rules(table)
        wrong = f"FROM {table.name} NOT INDEXED WHERE NOT ({{}})"
        # One pass over the table shows whether there is anything to search for.
        if not connection.execute(
            f"SELECT 1 {wrong.format(' AND '.join([*types.values(), *rules.values()]))} LIMIT 1"
        ).fetchone():
            continue
        for name, right in types.items():
            rows = connection.execute(f'SELECT "{name}" {wrong.format(right)} LIMIT {MAX_SHOWN}')
            strange += [f"{value!r:.80} is no {name} of a row of {table.name}; {RESTORE}" for (value,) in rows]
        for name, right in rules.items():
            if connection.execute(f"SELECT 1 {wrong.format(right)} LIMIT 1").fetchone():
                broken.append(f"a row of {table.name} breaks the rule {name}; {RESTORE}")
    return strange, broken


def _is_right(table: str, name: str, kind: Any) -> str:
    """Return the condition that a value of a column has to meet; whether it may be NULL is checked with the schema."""
    column = f'"{name}"'
    if isinstance(kind, TypeDecorator):
        kind = kind.impl
    if isinstance(kind, Boolean):
        return f"{column} IN (0, 1)"
    if isinstance(kind, Integer | BigInteger):
        return f"({column} | 0) = {column}"  # half the time of typeof
    if isinstance(kind, Date):
        return f"({column} IS NULL OR date({column}, '+0 days') IS {column})"
    if isinstance(kind, DateTime):
        whole = f"substr({column}, 1, 19)"  # parts of a second could round it up
        return f"({column} IS NULL OR strftime('%Y-%m-%d %H:%M:%S', {whole}, '+0 days') IS {whole})"
    if (table, name) in _JSON:
        return f"({column} IS NULL OR ({_TEXT.format(column)} AND json_valid({column})))"
    return f"({column} IS NULL OR {_TEXT.format(column)})"
