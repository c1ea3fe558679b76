"""The roll-up: one SQL text that reduces the rows of an export to daily costs.

Its input is a set of expressions (`Charges`), so that the same text reads CSV and Parquet and any version of the
columns, and could run wherever the data is. Per row it computes only what it must: the amount, the moment, the
kept tags. The rest (trimming, billing periods, refusals) is done once per group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from budget_tui.domain.amount import LIMIT_UNITS
from budget_tui.domain.cost import FIRST_DAY, LAST_DAY
from budget_tui.domain.currency import CODES
from budget_tui.sources.duckdb_engine import sql_text
from budget_tui.sources.focus.columns import PROVIDER
from budget_tui.sources.reduction import ORIGIN_TEXTS
from budget_tui.sources.units import BY_MONTH, LIKELY

_DAY_MICROS = 86_400_000_000
_CHARGE = ("charge_category", "charge_class")
_KINDS = "'purchase', 'credit', 'tax', 'adjustment'"  # of charges that are not usage; unspecified ones count as usage
_ACCOUNTS = ("billing_account_id", "sub_account_id")
_MOST = 10**18  # per charge, of any unit: a larger quantity is a mistake
_DAYS = (LAST_DAY - FIRST_DAY).days


@dataclass(frozen=True)
class Charges:
    """The rows of a file and their fields, each an SQL expression over ``source``.

    ``started`` and ``ended`` are moments in microseconds since 1970 in UTC; ``ended`` is computed from
    ``ended_as_read``, as it is rarely needed. ``cost`` is a DECIMAL(38,18), rounded to it. All are NULL if invalid.

    ``dimensions`` (those of `DIMENSIONS` that the source has) and ``tags`` are text; a tag is '' if the source has no
    tags at all. ``provider_or_issuer`` is for `read_again`. ``line`` is the number of the row's line, or of the row.
    The ``…_text`` fields are the original text; ``number_texts`` are all fields that may be numbers. ``unit`` is the
    unit of the quantity ('' if unknown), and ``quantity`` a DECIMAL(38,12), read only if ``has_quantities``: see
    `read_again`. ``file`` identifies a charge's file if several are read together.
    """

    source: str
    started: str
    ended_as_read: str
    ended: str
    cost: str
    dimensions: Mapping[str, str]
    provider_or_issuer: str
    tags: Sequence[str]
    line: str
    started_text: str
    cost_text: str
    number_texts: Sequence[str]
    unit: str
    quantity: str
    has_quantities: bool = False
    file: str = ""


def moment_of_text(text: str) -> str:
    """Return SQL that parses a moment into microseconds: with or without ``T``, seconds, fraction and zone (then UTC).

    Its second attempt repairs notations that not every version of the engine reads: ``22:00Z`` and ``22:00 +0000``.
    """
    mended = f"regexp_replace(upper(trim({text})), '^(.{{10}}[ T]\\d\\d:\\d\\d) ?(Z|UTC|[+-]\\d.*)?$', '\\1:00\\2')"
    mended = f"regexp_replace({mended}, '^(.{{10}}[ T]\\d\\d:\\d\\d:\\d\\d\\S*) ([+-]\\d)', '\\1\\2')"
    return f"epoch_us(coalesce(TRY_CAST({text} AS TIMESTAMPTZ), TRY_CAST({mended} AS TIMESTAMPTZ)))"


def rollup_sql(charges: Charges, time_zone: str) -> str:
    """Return a query for daily sums: `origin_columns`, ``period_start``, ``day``, ``cell_day``, ``unit``, and the sums.

    ``day`` is in ``time_zone``, ``cell_day`` in UTC; both are NULL for refused charges. The sums are ``amount``,
    ``quantity``, the number of ``charges`` and of those ``used``. Until quantities are read, a ``unit`` other than ''
    only means that some charge has one that may be tokens or seats.
    """
    tags = {f"tag_{position}": value for position, value in enumerate(charges.tags)}
    present = {name: value for name, value in {**charges.dimensions, **tags}.items() if value}
    file = {"file_name": charges.file} if charges.file else {}
    units = _units(charges)
    keys = ", ".join([*file, *present, *units.keys])
    trimmed = ", ".join(
        f"coalesce(nullif(trim({name}), 'NULL'), '') AS {name}" if name in present else f"'' AS {name}"
        for name in (*ORIGIN_TEXTS, *tags)
    )
    kind, of_class = (f"coalesce(lower(trim({name})), '')" if name in present else "''" for name in _CHARGE)
    charge_category = (
        f"CASE WHEN {of_class} = 'correction' THEN 'correction' WHEN {kind} IN ({_KINDS}) THEN {kind} ELSE 'usage' END"
    )
    # In UTC both days are equal, and one key fewer saves a twentieth of the time.
    cell_key, cell = ("", "day_number") if _is_utc(time_zone) else ("cell_number, ", "cell_number")
    period = "TRY_CAST(left(trim(billing_period), 10) AS DATE)" if "billing_period" in present else "CAST(NULL AS DATE)"
    return f"""
WITH sums AS (
    SELECT day_number, {cell_key}{keys}, sum(cost) AS amount, count(cost) AS used, count(*) AS charges
        {units.summed}
    FROM ({_charges(charges, time_zone, {**file, **present, **units.fields})})
    GROUP BY ALL
),
dated AS (
    SELECT * REPLACE (upper(trim(currency)) AS currency),
        CASE WHEN {_usable(charges)} THEN CAST(DATE '1970-01-01' + CAST(day_number AS INTEGER) AS DATE) END AS day,
        CASE WHEN {_usable(charges)} THEN CAST(DATE '1970-01-01' + CAST({cell} AS INTEGER) AS DATE) END AS cell_day,
        {period} AS period
    FROM sums
)
SELECT CAST(date_trunc('month', CASE WHEN period BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}' THEN period
        ELSE cell_day END) AS DATE) AS period_start,
    {"".join(f"{name}, " for name in file)}day, cell_day, currency, {trimmed},
    {charge_category} AS charge_category, {units.columns}, amount, used, charges
FROM dated
"""


_NO_QUANTITY = "CAST(NULL AS DECIMAL(38,12)) AS quantity"


class _Units(NamedTuple):
    """The parts of the roll-up for units: fields of a charge, keys and sums of groups, columns of the result."""

    fields: Mapping[str, str]
    keys: Sequence[str]
    summed: str
    columns: str


# A seat-month billed by the day has a quantity of a thirtieth on each day, which counts as one seat; an hour counts as
# its part of the day. Dividing decimals, the engine would return binary floats.
_WHOLE_MONTHS = f"""CASE
    WHEN days < 28 AND quantity BETWEEN -{10**10} AND {10**10} AND regexp_matches(unit, '{BY_MONTH}', 'i')
    THEN CAST(CAST(quantity * {10**12} AS HUGEINT) * 30 // days AS DECIMAL(26,0))
        * CAST(0.000000000001 AS DECIMAL(12,12))
    ELSE quantity END"""


def _units(charges: Charges) -> _Units:
    likely = f"regexp_matches(unit, '{LIKELY}', 'i')"
    if not charges.unit:
        return _Units({}, [], "", f"'' AS unit, {_NO_QUANTITY}")
    if not charges.has_quantities:
        # As a key, a unit costs almost nothing; whether it is tokens or seats is determined once per group.
        columns = f"CASE WHEN {likely} THEN 'likely' ELSE '' END AS unit, {_NO_QUANTITY}"
        return _Units({"unit": charges.unit}, ["unit"], "", columns)
    wanted = likely.replace("unit", charges.unit, 1)
    in_range = f"{charges.quantity} BETWEEN -{_MOST} AND {_MOST}"
    fields = {
        "unit": f"CASE WHEN {wanted} THEN {charges.unit} END",
        "quantity": f"CASE WHEN {wanted} AND {in_range} THEN {charges.quantity} END",
    }
    summed = f", sum({_WHOLE_MONTHS}) FILTER (WHERE cost IS NOT NULL) AS quantity"
    columns = "coalesce(unit, '') AS unit, CAST(quantity AS DECIMAL(38,12)) AS quantity"
    return _Units(fields, ["unit"], summed, columns)


def read_again(charges: Charges, *, lacks_provider: bool, has_units: bool) -> Charges | None:
    """Return ``charges`` with the fields to read in a second pass, if the result of `rollup_sql` needs one, or None.

    Hardly any file does: one with costs without a provider, for the invoice issuer, or one whose units may be tokens
    or seats, for the quantities.
    """
    more = charges
    if lacks_provider and charges.dimensions.get(PROVIDER, "") != charges.provider_or_issuer:
        more = replace(charges, dimensions={**charges.dimensions, PROVIDER: charges.provider_or_issuer})
    if has_units and not charges.has_quantities:
        more = replace(more, has_quantities=True)
    return more if more is not charges else None


def refused_sql(charges: Charges, time_zone: str, limit: int) -> str:
    """Return a query for the first ``limit`` charges that `rollup_sql` refuses.

    Its columns are line, start, currency, cost, account and sub account; NULL means valid, '' missing.
    """
    texts = {"line": charges.line, "started_text": charges.started_text, "cost_text": charges.cost_text}
    fields = {"currency": charges.dimensions["currency"], **texts}
    fields |= {name: charges.dimensions[name] for name in _accounts(charges)}
    rounded = (f"CASE WHEN {_rounded(name)} THEN {name} END" if name in fields else "NULL" for name in _ACCOUNTS)
    return f"""
SELECT line,
    CASE WHEN NOT {_DATED} THEN coalesce(started_text, '') END,
    CASE WHEN NOT {_IN_A_CURRENCY} THEN coalesce(trim(currency), '') END,
    CASE WHEN cost IS NULL THEN coalesce(cost_text, '') END,
    {", ".join(rounded)}
FROM ({_charges(charges, time_zone, fields)})
WHERE cost IS NULL OR NOT {_usable(charges)}
ORDER BY line
LIMIT {limit}
"""


_DATED = f"coalesce(day_number BETWEEN 0 AND {_DAYS}, false)"
_IN_A_CURRENCY = f"coalesce(upper(trim(currency)) IN ({', '.join(map(sql_text, sorted(CODES)))}), false)"


def _usable(charges: Charges) -> str:
    return " AND ".join(["(" + _DATED, _IN_A_CURRENCY, *(f"NOT {_rounded(name)}" for name in _accounts(charges))]) + ")"


def _accounts(charges: Charges) -> list[str]:
    return [name for name in _ACCOUNTS if charges.dimensions.get(name)]


def _rounded(account: str) -> str:
    """Return SQL for whether an id was rounded by a spreadsheet and lost its last digits: ``1.23457E+11``."""
    return f"coalesce(regexp_full_match(trim({account}), '[0-9]([.,][0-9]+)?[eE][+][0-9]+'), false)"


def _charges(charges: Charges, time_zone: str, fields: Mapping[str, str]) -> str:
    """Return a query for one dated row per charge with these ``fields``; the amount is NULL if too large to store."""
    read = ", ".join(f"{expression} AS {name}" for name, expression in fields.items())
    days = f"{_days(charges.ended)} AS days," if "quantity" in fields else ""
    return f"""
    SELECT {_day_number(charges.ended, time_zone)} AS day_number, started // {_DAY_MICROS} AS cell_number,
        {days} {", ".join(fields)},
        CASE WHEN exact BETWEEN -{LIMIT_UNITS} AND {LIMIT_UNITS} THEN exact END AS cost
    FROM (
        SELECT {charges.started} AS started, {charges.ended_as_read} AS ended_as_read, {charges.cost} AS exact, {read}
        FROM {charges.source}
    )"""


def _day_number(ended: str, time_zone: str) -> str:
    """Return SQL for the day of a charge, on which its period starts, in days since 1970.

    A period of whole UTC days keeps its UTC date; a shorter one is dated in ``time_zone``. Ends are exclusive, but some
    exports write the last second, and some no end or the first day itself.
    """
    utc_day = f"started // {_DAY_MICROS}"
    if _is_utc(time_zone):
        return utc_day
    local = f"epoch_us(timezone({sql_text(time_zone)}, make_timestamptz(started))) // {_DAY_MICROS}"
    return f"CASE WHEN started % {_DAY_MICROS} = 0 AND {_ends_with_a_day(ended)} THEN {utc_day} ELSE {local} END"


def _days(ended: str) -> str:
    """Return SQL for the number of days in a charge's period, at least 1; NULL if it has no end."""
    to_end = f"({ended} - started + 1000000)"
    return f"CASE WHEN {to_end} < {2 * _DAY_MICROS} THEN 1 ELSE {to_end} // {_DAY_MICROS} END"


def _is_utc(time_zone: str) -> bool:
    return time_zone.upper() in ("UTC", "ETC/UTC")


def _ends_with_a_day(ended: str) -> str:
    to_midnight = f"(({ended} + 1000000) % {_DAY_MICROS} BETWEEN 0 AND 1000000)"
    return f"coalesce({ended} <= started OR {to_midnight}, true)"
