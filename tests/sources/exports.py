"""Writes small exports as providers do, and reads them back as daily costs."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.cost import CostOrigin
from budget_tui.sources.base import FileRead, ReadOptions, RefusedRow, SourceFormat
from budget_tui.sources.focus.reader import Focus
from budget_tui.sources.reduction import reduce_files
from budget_tui.storage.fast_paths import day_of

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "focus"

# A charge as plain as can be; tests say only what they change.
PLAIN = {
    "BillingAccountId": "acc",
    "BillingPeriodStart": "2026-01-01T00:00:00Z",
    "ChargePeriodStart": "2026-01-10T00:00:00Z",
    "ChargePeriodEnd": "2026-01-11T00:00:00Z",
    "BilledCost": "1",
    "BillingCurrency": "USD",
    "ServiceProviderName": "AWS",
    "ServiceName": "S3",
}


def charge(**changed: Any) -> dict[str, Any]:
    return {**PLAIN, **changed}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in PLAIN.items() if name not in names}


def csv_text(charges: Sequence[dict[str, Any]], newline: str = "\n") -> str:
    """The charges as CSV under the columns of the first of them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(charges[0]), lineterminator=newline)
    writer.writeheader()
    writer.writerows(charges)
    return text.getvalue()


def write_csv(path: Path, *charges: dict[str, Any]) -> Path:
    path.write_text(csv_text(charges), encoding="utf-8", newline="")
    return path


def write_parquet(path: Path, select: str) -> Path:
    """The rows of an SQL query as Parquet."""
    _writer().execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


@cache
def _writer() -> duckdb.DuckDBPyConnection:
    """To open one takes longer than to read a file."""
    writer = duckdb.connect()
    writer.execute("SET TimeZone = 'UTC'")
    return writer


class DailyCost(NamedTuple):
    """One row that would be stored."""

    origin: CostOrigin
    billing_account_id: str
    billing_period_start: date
    day: date
    amount_nanos: int
    rows: int
    tokens: int | None
    seats: int | None
    cell_day: date


class Rollup(NamedTuple):
    """All that is read of files taken together."""

    files: tuple[FileRead, ...]
    daily: tuple[DailyCost, ...]
    refused: tuple[RefusedRow, ...]
    refused_count: int
    rows_read: int
    billed_total: dict[str, Decimal]


def read(
    *paths: Path,
    form: SourceFormat | None = None,
    time_zone: str = "UTC",
    tags: Sequence[str] = ("project",),
    progress: Callable[[int], None] | None = None,
    **options: Any,
) -> Rollup:
    """What ``paths``, FOCUS exports unless said otherwise, come to."""
    options = {"time_zone": time_zone, "tag_keys": tuple(tags), **options}
    with reduce_files(paths, form or Focus(), ReadOptions(**options), "focus", progress) as reduction:
        origins = list(dict.fromkeys(reduction.origins))
        numbers = range(len(reduction.files))
        parts = reduction.parts(numbers, {origin: key for key, origin in enumerate(origins)}, frozenset())
        daily = [
            DailyCost(
                origins[key], part.account, part.period_start, day_of(day), nanos, rows, tokens, seats, day_of(cell_day)
            )
            for part in parts
            for batch in reduction.daily_rows(part.number)
            for key, day, cell_day, nanos, tokens, seats, rows in batch
        ]
        return Rollup(
            reduction.files,
            tuple(daily),
            reduction.refused,
            reduction.refused_count,
            reduction.rows_read,
            reduction.billed_total(numbers),
        )


def one(*paths: Path, **options: Any) -> DailyCost:
    """The only daily cost of files in which nothing is refused."""
    rollup = read(*paths, **options)
    assert (rollup.refused_count, rollup.refused) == (0, ())
    [cost] = rollup.daily
    return cost


def each(folder: Path, *charges: dict[str, Any], **options: Any) -> list[DailyCost]:
    """What every one of ``charges`` comes to, in their order: read from one file, where only their account differs."""
    numbered = ({**charge, "SubAccountId": str(number)} for number, charge in enumerate(charges))
    return by_account(read(write_csv(folder / "x.csv", *numbered), **options), len(charges))


def by_account(rollup: Rollup, count: int) -> list[DailyCost]:
    """The daily costs of accounts 0, 1, 2, …: one each, and nothing is refused."""
    assert (rollup.refused_count, rollup.refused) == (0, ())
    costs = sorted(rollup.daily, key=lambda cost: int(cost.origin.sub_account_id))
    assert [cost.origin.sub_account_id for cost in costs] == [str(number) for number in range(count)]
    return costs


def days(*paths: Path, **options: Any) -> dict[str, Decimal]:
    """What was spent each day, in units of the currency."""
    spent: dict[date, Decimal] = {}
    for cost in read(*paths, **options).daily:
        spent[cost.day] = spent.get(cost.day, Decimal(0)) + to_decimal(cost.amount_nanos)
    return {day.isoformat(): amount for day, amount in sorted(spent.items())}


def refused(*paths: Path, **options: Any) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in read(*paths, **options).refused]
