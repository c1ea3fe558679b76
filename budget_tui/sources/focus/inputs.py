"""How the fields of a charge are read from a CSV or Parquet file, as SQL for the roll-up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from budget_tui.sources.focus.columns import (
    CHARGE_END,
    CHARGE_START,
    DIMENSIONS,
    PROVIDER,
    PROVIDER_COLUMNS,
    QUANTITIES,
    TAGS,
    Columns,
)
from budget_tui.sources.focus.dialect import LONGEST_ROW, Dialect
from budget_tui.sources.focus.files import Kind
from budget_tui.sources.focus.numbers import Decimals, number_sql
from budget_tui.sources.focus.rollup import Charges, moment_of_text
from budget_tui.sources.focus.tags import sql_text, tag_value

_AMOUNT = "DECIMAL(38,18)"
_QUANTITY = "DECIMAL(38,12)"
_LONGEST_LINE = 5 * LONGEST_ROW  # in bytes: a sign takes four at most, and a copy has more quotes


@dataclass(frozen=True)
class Wanted:
    """What to take from a file: the column that holds the amount, and the tags to keep (in lower case)."""

    cost_column: str
    tag_keys: tuple[str, ...]


@dataclass(frozen=True)
class _Readings:
    """How one kind of file gives what a column, by its FOCUS name, holds; each an SQL expression.

    ``moment`` takes the column's name and the expression in which its value is to be found.
    """

    value: Callable[[str], str]

    text: Callable[[str], str]
    moment: Callable[[str, str], str]
    amount: Callable[[str], str]
    quantity: Callable[[str], str]
    tags: Callable[[str], str]


def used_columns(wanted: Wanted) -> list[str]:
    """The FOCUS names of all columns that the roll-up may look at."""
    dimensions = [name for names in DIMENSIONS.values() for name in names]
    quantities = [name for pair in QUANTITIES for name in pair]
    return [wanted.cost_column, CHARGE_START, CHARGE_END, TAGS, *dimensions, *quantities]


def csv_charges(
    paths: Sequence[Path], kind: Kind, dialect: Dialect, columns: Columns, wanted: Wanted, decimals: Decimals
) -> Charges:
    """The charges of CSV files that are written alike, all columns taken as text; the engine guesses nothing.

    Of several files each charge tells its own, as the engine names it.
    """
    source = _read_csv(paths, kind, dialect, [f"c{position}" for position in range(len(columns.names))])
    charges = _charges(source, "row_number() OVER ()", columns, wanted, _csv_readings(columns, decimals))
    return replace(charges, file="file_name") if len(paths) > 1 else charges


def mended_charges(path: Path, columns: Columns, wanted: Wanted, kept: Sequence[int], decimals: Decimals) -> Charges:
    """The charges of a copy written by `mend`: the line in the original, then the ``kept`` columns."""
    source = _read_csv([path], Kind.CSV, Dialect(), ["line", *(f"c{position}" for position in kept)], _LONGEST_LINE)
    return _charges(source, "CAST(line AS BIGINT)", columns, wanted, _csv_readings(columns, decimals))


def parquet_columns_sql(path: Path) -> str:
    """Asks for the names and types of a Parquet file's columns."""
    return f"DESCRIBE SELECT * FROM {_read_parquet(path)}"


def parquet_names_sql(path: Path) -> str:
    """Asks for the names of a Parquet file's columns as they stand in it, what is nested in them included.

    What names the types tells two columns of one name apart by a number.
    """
    return f"SELECT name FROM parquet_schema({sql_text(str(path))})"


def parquet_charges(
    path: Path, columns: Columns, types: Mapping[str, str], wanted: Wanted, decimals: Decimals
) -> Charges:
    """The charges of a Parquet file; ``types`` of its columns as the engine calls them."""
    readings = _parquet_readings(columns, types, decimals)
    return _charges(_read_parquet(path), "row_number() OVER ()", columns, wanted, readings)


def _charges(source: str, line: str, columns: Columns, wanted: Wanted, readings: _Readings) -> Charges:
    def first_filled(names: Sequence[str]) -> str:
        texts = [readings.text(name) for name in names if columns.position(name) is not None]
        return f"coalesce({', '.join(texts)})" if len(texts) > 1 else "".join(texts)

    has_end, has_tags = (columns.position(name) is not None for name in (CHARGE_END, TAGS))
    dimensions = {field: first_filled(names) for field, names in DIMENSIONS.items()}
    units = [pair for pair in QUANTITIES if all(columns.position(name) is not None for name in pair)]
    provider_or_issuer = dimensions[PROVIDER]
    dimensions[PROVIDER] = first_filled(PROVIDER_COLUMNS) or provider_or_issuer
    return Charges(
        source=source,
        started=readings.moment(CHARGE_START, readings.value(CHARGE_START)),
        ended_as_read=readings.value(CHARGE_END) if has_end else "NULL",
        ended=readings.moment(CHARGE_END, "ended_as_read") if has_end else "CAST(NULL AS BIGINT)",
        cost=readings.amount(wanted.cost_column),
        dimensions={field: expression for field, expression in dimensions.items() if expression},
        provider_or_issuer=provider_or_issuer,
        tags=[tag_value(readings.tags(TAGS), key) if has_tags else "" for key in wanted.tag_keys],
        line=line,
        started_text=readings.text(CHARGE_START),
        cost_text=readings.text(wanted.cost_column),
        number_texts=[readings.text(name) for name in (wanted.cost_column, *(name for _, name in units))],
        unit=first_filled([unit for unit, _ in units]),
        quantity=_quantity(units, readings),
    )


def _quantity(units: Sequence[tuple[str, str]], readings: _Readings) -> str:
    """The quantity that belongs to the first unit that is filled."""
    cases = [f"WHEN {readings.text(unit)} IS NOT NULL THEN {readings.quantity(name)}" for unit, name in units]
    return f"CASE {' '.join(cases)} END" if cases else ""


def _csv_readings(columns: Columns, decimals: Decimals) -> _Readings:
    def text(name: str) -> str:
        return f"c{columns.position(name)}"

    return _Readings(
        value=text,
        text=text,
        moment=lambda _, value: moment_of_text(value),
        amount=lambda name: number_sql(text(name), _AMOUNT, decimals),
        quantity=lambda name: number_sql(text(name), _QUANTITY, decimals),
        tags=text,
    )


def _parquet_readings(columns: Columns, types: Mapping[str, str], decimals: Decimals) -> _Readings:
    def value(name: str) -> str:
        return '"' + columns.name(name).replace('"', '""') + '"'

    def type_of(name: str) -> str:
        return types[columns.name(name)]

    def text(name: str) -> str:
        as_text = f"CAST({value(name)} AS VARCHAR)"
        if type_of(name) == "DOUBLE":  # an id that once stood beside an empty one is a number with a fraction
            as_text = f"regexp_replace({as_text}, '[.]0$', '')"
        return f"nullif(nullif({as_text}, ''), 'NULL')"

    def moment(name: str, read: str) -> str:
        is_moment = type_of(name).startswith(("TIMESTAMP", "DATE"))
        return f"epoch_us({read})" if is_moment else moment_of_text(f"CAST({read} AS VARCHAR)")

    def number(name: str, decimal: str) -> str:
        """A binary float counts as the shortest decimal that stands for it: 0.1, not 0.1000000000000000055."""
        if type_of(name) == "VARCHAR":
            return number_sql(value(name), decimal, decimals)
        binary = type_of(name) in ("DOUBLE", "FLOAT")
        exact = f"CAST({value(name)} AS VARCHAR)" if binary else value(name)
        return f"TRY_CAST({exact} AS {decimal})"

    def tags(name: str) -> str:
        return text(name) if type_of(name) in ("VARCHAR", "JSON") else f"CAST(to_json({value(name)}) AS VARCHAR)"

    return _Readings(
        value=value,
        text=text,
        moment=moment,
        amount=lambda name: number(name, _AMOUNT),
        quantity=lambda name: number(name, _QUANTITY),
        tags=tags,
    )


def _read_csv(
    paths: Sequence[Path], kind: Kind, dialect: Dialect, names: Sequence[str], longest_line: int = 2_000_000
) -> str:
    listed = ", ".join(sql_text(str(path)) for path in paths)
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    return (
        f"read_csv([{listed}], auto_detect=false, header=true, filename='file_name', "
        f"delim={sql_text(dialect.delimiter)}, quote='\"', escape={sql_text(dialect.escape)}, "
        f"columns={{{columns}}}, nullstr=['', 'NULL'], compression='{kind.value}', max_line_size={longest_line}, "
        "hive_partitioning=false)"
    )


def _read_parquet(path: Path) -> str:
    """Text of older writers has no mark that it is text: it is taken for text, not for bytes."""
    return f"read_parquet({sql_text(str(path))}, hive_partitioning=false, binary_as_string=true)"
