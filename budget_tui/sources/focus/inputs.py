"""The fields of a charge in a CSV or Parquet file, as SQL for the roll-up."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import Enum
from pathlib import Path

from budget_tui.domain.amount import LIMIT_UNITS
from budget_tui.sources.dialect import LONGEST_ROW, Dialect
from budget_tui.sources.duckdb_engine import sql_text
from budget_tui.sources.files import Kind
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
from budget_tui.sources.focus.rollup import Charges, moment_of_text

_AMOUNT = "DECIMAL(38,18)"
_QUANTITY = "DECIMAL(38,12)"
_LONGEST_LINE = 5 * LONGEST_ROW  # in bytes: a character takes at most four, and a copy has more quotes


class Decimals(Enum):
    """The notation of a file's numbers. ``EITHER``: some with a decimal point, some with a comma."""

    POINT = "point"
    COMMA = "comma"
    EITHER = "either"


@dataclass(frozen=True)
class Wanted:
    """The parts of a file to read: the column of the amount, and the tags to keep (in lower case)."""

    cost_column: str
    tag_keys: tuple[str, ...]


@dataclass(frozen=True)
class _Readings:
    """Functions that return SQL for the values of a column, given its FOCUS name, in one kind of file.

    ``moment`` takes the column's name and the expression that contains its value.
    """

    value: Callable[[str], str]

    text: Callable[[str], str]
    moment: Callable[[str, str], str]
    amount: Callable[[str], str]
    quantity: Callable[[str], str]
    tags: Callable[[str], str]


def used_columns(wanted: Wanted) -> list[str]:
    """Return the FOCUS names of all columns that the roll-up may read."""
    dimensions = [name for names in DIMENSIONS.values() for name in names]
    quantities = [name for pair in QUANTITIES for name in pair]
    return [wanted.cost_column, CHARGE_START, CHARGE_END, TAGS, *dimensions, *quantities]


def csv_charges(
    paths: Sequence[Path], kind: Kind, dialect: Dialect, columns: Columns, wanted: Wanted, decimals: Decimals
) -> Charges:
    """Return the charges of CSV files with the same columns, all read as text; the engine guesses nothing.

    With several files, each charge includes its file's name.
    """
    source = _read_csv(paths, kind, dialect, [f"c{position}" for position in range(len(columns.names))])
    charges = _charges(source, "row_number() OVER ()", columns, wanted, _csv_readings(columns, decimals))
    return replace(charges, file="file_name") if len(paths) > 1 else charges


def mended_charges(path: Path, columns: Columns, wanted: Wanted, kept: Sequence[int], decimals: Decimals) -> Charges:
    """Return the charges of a copy written by `mend`: the line in the original, then the ``kept`` columns."""
    source = _read_csv([path], Kind.TEXT, Dialect(), ["line", *(f"c{position}" for position in kept)], _LONGEST_LINE)
    return _charges(source, "CAST(line AS BIGINT)", columns, wanted, _csv_readings(columns, decimals))


def parquet_columns_sql(path: Path) -> str:
    """Return a query for the names and types of a Parquet file's columns."""
    return f"DESCRIBE SELECT * FROM {_read_parquet(path)}"


def parquet_names_sql(path: Path) -> str:
    """Return a query for the original names of a Parquet file's columns, nested ones included.

    `parquet_columns_sql` appends numbers to duplicate names.
    """
    return f"SELECT name FROM parquet_schema({sql_text(str(path))})"


def parquet_charges(
    path: Path, columns: Columns, types: Mapping[str, str], wanted: Wanted, decimals: Decimals
) -> Charges:
    """Return the charges of a Parquet file; ``types`` are the engine's types of its columns."""
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
    """Return the quantity that belongs to the first unit that is not empty."""
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
        if type_of(name) == "DOUBLE":  # an id column that once had empty values is stored as floating-point numbers
            as_text = f"regexp_replace({as_text}, '[.]0$', '')"
        return f"nullif(nullif({as_text}, ''), 'NULL')"

    def moment(name: str, read: str) -> str:
        is_moment = type_of(name).startswith(("TIMESTAMP", "DATE"))
        return f"epoch_us({read})" if is_moment else moment_of_text(f"CAST({read} AS VARCHAR)")

    def number(name: str, decimal: str) -> str:
        """Convert a binary float to its shortest decimal: 0.1, not 0.1000000000000000055."""
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
    """Return SQL that reads untyped bytes as text: older writers do not mark text as such."""
    return f"read_parquet({sql_text(str(path))}, hive_partitioning=false, binary_as_string=true)"


# Tags: a JSON object (most providers) or a JSON array of keys and values (Google Cloud); maps, structs and lists in
# Parquet are converted to that JSON first. Keys are compared ignoring case and may have a prefix
# (`budget_tui.domain.cost.is_tag`); of several matches, the one without a prefix wins.


def tag_value(json_text: str, key: str) -> str:
    """Return SQL for the value of tag ``key`` (lower case) in ``json_text``; NULL if it is missing.

    Nearly all rows match the first, cheap look-up of the exact key. Text that is not JSON has no tags.
    """
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return f"""CASE WHEN {json_text} IS NOT NULL THEN coalesce(
        TRY(json_extract_string({json_text}, {sql_text(pointer)})),
        CASE WHEN contains(lower({json_text}), {sql_text(key)}) AND json_valid({json_text}) THEN
            CASE WHEN starts_with(ltrim({json_text}), '[') THEN {_in_array(json_text, key)}
            ELSE {_in_object(json_text, key)} END
        END) END"""


def _fits(name: str, key: str) -> str:
    folded = f"lower({name})"
    plain, behind_colon, behind_slash = sql_text(key), sql_text(f":{key}"), sql_text(f"/{key}")
    return f"({folded} = {plain} OR ends_with({folded}, {behind_colon}) OR ends_with({folded}, {behind_slash}))"


def _in_object(json_text: str, key: str) -> str:
    """Return SQL that searches all keys of a JSON object; the smallest pair of (prefixed?, key) wins."""
    pointer = "'/' || replace(replace(k, '~', '~0'), '/', '~1')"
    return f"""list_min([
        {{'prefixed': lower(k) <> {sql_text(key)}, 'key': k,
          'value': json_extract_string({json_text}, {pointer})}}
        for k in json_keys({json_text}) if {_fits("k", key)}]).value"""


def _in_array(json_text: str, key: str) -> str:
    """Return SQL that searches a JSON array of ``{"key": …, "value": …}``."""
    name = "coalesce(json_extract_string(e, '/key'), json_extract_string(e, '/Key'))"
    value = "coalesce(json_extract_string(e, '/value'), json_extract_string(e, '/Value'))"
    return f"""list_min([
        {{'prefixed': lower({name}) <> {sql_text(key)}, 'key': {name}, 'value': {value}}}
        for e in from_json({json_text}, '["JSON"]') if {_fits(name, key)}]).value"""


# Numbers written as text, with a decimal point or, as spreadsheets write in many countries, a comma. Text that could
# be either of two numbers is rejected: in a file with decimal commas, ``1.234`` may be 1234.

_POINT_OR_GROUPS = "[+-]?[1-9][0-9]{0,2}(?:[.][0-9]{3})+"
_COMMA_OR_GROUPS = "[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+"
_EXPONENT = "(?:[eE][+-]?[0-9]+)?"
_WITH_COMMA = f"[+-]?(?:[0-9]*|[0-9]{{1,3}}(?:[.][0-9]{{3}})+),[0-9]+{_EXPONENT}"
_WITH_POINT = f"[+-]?(?:[0-9]*|[0-9]{{1,3}}(?:,[0-9]{{3}})+)[.][0-9]+{_EXPONENT}"


def number_sql(text: str, decimal: str, decimals: Decimals) -> str:
    """Return SQL that parses ``text`` as a ``decimal``; NULL if it is not a number, or ambiguous.

    The engine's own cast would accept ``1_000``.
    """
    if decimals is Decimals.POINT:
        return f"CASE WHEN NOT contains({text}, '_') THEN TRY_CAST({text} AS {decimal}) END"
    ungrouped = f"CASE WHEN regexp_full_match(trim({text}), '{_WITH_COMMA}') THEN replace({text}, '.', '') END"
    with_comma = f"TRY_CAST(replace({ungrouped}, ',', '.') AS {decimal})"
    if decimals is Decimals.EITHER:
        with_comma = f"CASE WHEN NOT regexp_full_match(trim({text}), '{_COMMA_OR_GROUPS}') THEN {with_comma} END"
    return (
        f"CASE WHEN contains({text}, '_') OR regexp_full_match(trim({text}), '{_POINT_OR_GROUPS}') THEN NULL"
        f" WHEN contains({text}, ',') THEN {with_comma} ELSE TRY_CAST({text} AS {decimal}) END"
    )


def decimals_sql(source: str, texts: Sequence[str]) -> str:
    """Return a query for whether any of ``texts`` certainly has a decimal comma, and any a decimal point."""

    def any_is(form: str, in_doubt: str) -> str:
        beyond_doubt = [
            f"(regexp_full_match(trim({text}), '{form}') AND NOT regexp_full_match(trim({text}), '{in_doubt}'))"
            for text in texts
        ]
        return f"coalesce(bool_or({' OR '.join(beyond_doubt)}), false)"

    commas, points = any_is(_WITH_COMMA, _COMMA_OR_GROUPS), any_is(_WITH_POINT, _POINT_OR_GROUPS)
    return f"SELECT {commas}, {points} FROM {source}"


def why_unusable(text: str) -> str:
    """Return why a non-empty ``text`` was not read as an amount."""
    if re.fullmatch(f"{_POINT_OR_GROUPS}|{_COMMA_OR_GROUPS}", text.strip()) and not _is_beyond(text):
        return f" may have a decimal {'comma' if ',' in text else 'point'}, or mean {re.sub('[.,]', '', text.strip())}"
    return f" is beyond ±{LIMIT_UNITS:,}" if _is_beyond(text) else " is not a number"


def _is_beyond(text: str) -> bool:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return False
    return "_" not in text and number.is_finite() and abs(number) > LIMIT_UNITS
