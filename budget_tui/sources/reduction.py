"""The reduction of input files, of any size, to daily costs.

The sums stay in the engine until they are stored, so that the interpreter's memory does not grow with them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from budget_tui.domain.amount import LIMIT_COUNT, LIMIT_UNITS, checked_count, within_limit
from budget_tui.domain.cost import CostOrigin
from budget_tui.domain.delivery import Cell, folded_account
from budget_tui.domain.errors import Refused
from budget_tui.domain.replacement import CellRow
from budget_tui.domain.text import one_line
from budget_tui.sources.base import FileRead, ReadOptions, SourceFormat, UsageLine
from budget_tui.sources.duckdb_engine import Engine
from budget_tui.sources.units import unit_of

ORIGIN_TEXTS = (
    "billing_account_id",
    "provider_name",
    "service",
    "service_category",
    "service_subcategory",
    "sub_account_id",
    "sub_account_name",
    "entity_hint",
    "path_hint",
    "category_hint",
)
"""The text fields of an origin, without its currency, its tags and its kind of charge."""

_PROJECT_TAG = "project"


def origin_columns(tags: int) -> list[str]:
    """Return the columns of sums that identify an origin, for files with so many kept tags."""
    return ["currency", *ORIGIN_TEXTS, *(f"tag_{position}" for position in range(tags)), "charge_category"]


class Sums:
    """Daily sums per file, in the engine. Formats add them as the result of a query or as lines."""

    def __init__(self, engine: Engine, tag_keys: Sequence[str]) -> None:
        self.engine = engine
        self._tag_keys = tag_keys
        self._columns = origin_columns(len(tag_keys))
        self._is_made = False

    def add_query(self, file_number: str, source: str) -> None:
        """Add the rows of a table or join with the columns of sums; ``file_number`` is SQL for a row's file."""
        columns = ", ".join(["period_start", "day", "cell_day", *self._columns, "unit", "amount", "quantity", "used"])
        self.make_table()
        self.engine.rows(f"INSERT INTO sums BY NAME SELECT {file_number} AS file_no, {columns} FROM {source}")

    def take_over(self, file_number: int, table: str) -> None:
        """Add the rows of a table that is not used again; the first one is renamed, not copied."""
        if self._is_made:
            self.add_query(str(file_number), table)
            return
        self.engine.rows(f"ALTER TABLE {table} RENAME TO sums")
        self.engine.rows(f"ALTER TABLE sums ADD COLUMN file_no INTEGER DEFAULT {int(file_number)}")
        self._is_made = True

    def add_lines(self, file_number: int, lines: Sequence[UsageLine]) -> None:
        """Add the lines of one file, in order."""
        if not lines:
            return
        by_field = UsageLine(*zip(*lines, strict=True))  # type: ignore[arg-type]
        cell_days = [line.cell_day or line.day for line in lines]
        columns: dict[str, Any] = {
            "period_start": [day.replace(day=1) for day in cell_days],
            "day": by_field.day,
            "cell_day": cell_days,
            "amount": [str(line.amount) for line in lines],
            "currency": by_field.currency,
            "charge_category": [str(line.charge_category) for line in lines],
        }
        texts: dict[str, Any] = dict.fromkeys((*self._columns, "unit"), ()) | {
            "billing_account_id": by_field.account,
            "provider_name": by_field.provider,
            "service": by_field.service,
            "service_category": by_field.service_category,
            "sub_account_id": by_field.sub_account,
            "category_hint": by_field.category,
            **{f"tag_{n}": by_field.project for n, key in enumerate(self._tag_keys) if key == _PROJECT_TAG},
            "unit": by_field.unit,
        }
        constants = {"file_no": str(file_number), "used": "1"}
        for name, values in texts.items():
            if name not in columns:
                if any(values):
                    columns[name] = values
                else:
                    constants[name] = "''"
        if any(line.quantity is not None for line in lines):
            columns["quantity"] = [None if line.quantity is None else str(line.quantity) for line in lines]
        self.make_table()
        self.engine.fill("sums", columns, constants)

    def make_table(self) -> None:
        """Create the table of the sums, unless there is one."""
        if self._is_made:
            return
        texts = ", ".join(f"{name} VARCHAR" for name in self._columns)
        self.engine.rows(
            f"CREATE TABLE sums (file_no INTEGER, period_start DATE, day DATE, cell_day DATE, {texts}, unit VARCHAR,"
            " amount DECIMAL(38,18), quantity DECIMAL(38,12), used BIGINT)"
        )
        self._is_made = True


DailyRow = tuple[int, int, int, int, int | None, int | None, int]
"""Key of the origin, day, UTC day, nanos, tokens, seats, charges."""


@dataclass(frozen=True)
class ReducedPart:
    """The daily costs of a delivery in one billing account and billing period.

    ``fingerprint`` is equal for equal daily costs, whichever files contained them.
    """

    number: int
    account: str
    period_start: date
    rows: Sequence[CellRow]
    row_count: int
    fingerprint: str


class DaySums(NamedTuple):
    """Sums of parts on one day, in one currency; nanos. ``unmapped`` is the part without an entity."""

    currency: str
    day: int
    nanos: int
    unmapped: int
    tokens: int | None
    seats: int | None


class Reduction:
    """Daily costs of files, in a private engine; ``origins`` by number, ``files`` in the order they were read."""

    def __init__(self, engine: Engine, files: Sequence[FileRead], source: str, tags: Sequence[str]) -> None:
        self.files = tuple(files)
        self.refused = tuple(row for file in files for row in file.refused)
        self._engine = engine
        self._counting: Sequence[int] = ()
        columns = origin_columns(len(tags))
        self._make_daily(columns)
        self.origins = self._read_origins(columns, source, tags)
        self._number_accounts()

    @property
    def refused_count(self) -> int:
        return sum(file.rows_refused for file in self.files)

    @property
    def rows_read(self) -> int:
        return sum(file.rows_read for file in self.files)

    def _make_daily(self, columns: Sequence[str]) -> None:
        """Separate the texts of origins from the sums, so that each origin is stored once."""
        run, names = self._engine.rows, ", ".join(columns)
        run(
            f"CREATE TABLE origins AS SELECT row_number() OVER () - 1 AS origin_no, *"
            f" FROM (SELECT DISTINCT {names} FROM sums WHERE {_IS_USED})"
        )
        counts = ", ".join(f"CAST(NULL AS DECIMAL(38,12)) AS {name}" for name in ("tokens", "seats", "bought"))
        counted = ""
        units = [(unit, unit_of(unit)) for (unit,) in run("SELECT DISTINCT unit FROM sums WHERE unit <> ''")]
        known = [(text, str(unit.counted), unit.size) for text, unit in units if unit]
        if known:  # hardly any file has any, and to join them takes as long as reading a small file
            self._engine.make("units", {"unit": "VARCHAR", "counted": "VARCHAR", "size": "BIGINT"}, known)
            counts = (
                f"{_of_unit('tokens', _USED)} AS tokens, {_of_unit('seats', _USED)} AS seats,"
                f" {_of_unit('seats', _BOUGHT)} AS bought"
            )
            counted = "LEFT JOIN units u ON u.unit = s.unit"
        same = " AND ".join(f"s.{name} = o.{name}" for name in columns)
        run(
            "CREATE VIEW daily AS SELECT s.rowid AS line_no, s.file_no, o.origin_no, s.period_start, s.day,"
            " s.cell_day, s.amount, s.used,"
            f" {counts} FROM sums s JOIN origins o ON {same} {counted} WHERE {_IS_USED}"
        )

    def _read_origins(self, columns: Sequence[str], source: str, tag_keys: Sequence[str]) -> list[CostOrigin]:
        origins = []
        for _, *texts in self._engine.rows("SELECT * FROM origins ORDER BY origin_no"):
            if not "".join(texts).isprintable():
                texts = list(map(one_line, texts))
            said = dict(zip(columns, texts, strict=True))
            kept = tuple(sorted((key, said[f"tag_{n}"]) for n, key in enumerate(tag_keys) if said[f"tag_{n}"]))
            fields = {name: said[name] for name in ORIGIN_TEXTS}
            origins.append(
                CostOrigin(
                    source, False, said["currency"], tags=kept, charge_category=said["charge_category"], **fields
                )
            )
        return origins

    def _number_accounts(self) -> None:
        """Number billing and sub accounts by their normalized names."""
        self._accounts: dict[str, int] = {}
        self._sub_accounts: dict[str, int] = {}
        services: dict[str, int] = {}
        rows = [
            (
                number,
                self._accounts.setdefault(folded_account(origin.billing_account_id), len(self._accounts)),
                self._sub_accounts.setdefault(folded_account(origin.sub_account_id), len(self._sub_accounts)),
                services.setdefault(origin.service, len(services)),
            )
            for number, origin in enumerate(self.origins)
        ]
        columns = dict.fromkeys(("origin_no", "account_no", "sub_no", "service_no"), "BIGINT")
        self._engine.make("accounts", columns, rows)

    def cells(self) -> dict[int, set[Cell]]:
        """Return the cells of each file, by its number."""
        accounts, sub_accounts = list(self._accounts), list(self._sub_accounts)
        found: defaultdict[int, set[Cell]] = defaultdict(set)
        for file_no, account_no, period, sub_no, day in self._engine.rows(
            f"SELECT DISTINCT file_no, account_no, period_start, sub_no, {_number('cell_day')}"
            " FROM daily JOIN accounts USING (origin_no)"
        ):
            found[file_no].add((accounts[account_no], period, sub_accounts[sub_no], day))
        return found

    def sums_by_file(self) -> dict[int, str]:
        """Return a key for the sums of each file, equal for equal sums; only valid within this reduction."""
        return {
            file_no: f"{count}:{mark}"
            for file_no, count, mark in self._engine.rows(
                "SELECT file_no, count(*), bit_xor(hash(origin_no, period_start, day, cell_day, amount, used, tokens,"
                " seats, bought)) FROM (SELECT file_no, origin_no, period_start, day, cell_day, sum(amount) AS amount,"
                " sum(used) AS used, sum(tokens) AS tokens, sum(seats) AS seats, sum(bought) AS bought FROM daily"
                " GROUP BY ALL) GROUP BY file_no"
            )
        }

    def billed_total(self, file_numbers: Sequence[int]) -> dict[str, Decimal]:
        """Return the exact sum of all rows used in the given files, per currency."""
        return {
            currency: _plain(amount)
            for currency, amount in self._engine.rows(
                f"SELECT currency, sum(amount) FROM sums WHERE {_IS_USED} AND file_no IN ({_listed(file_numbers)})"
                " GROUP BY currency ORDER BY currency"
            )
        }

    def parts(
        self, file_numbers: Sequence[int], keys: Mapping[CostOrigin, int], unmapped: AbstractSet[CostOrigin]
    ) -> list[ReducedPart]:
        """Sum up the given files by part; `daily_rows` and `sums_by_day` refer to them until the next call.

        ``keys`` are the database keys of the origins, ``unmapped`` the origins without an entity.
        Raises `Refused` if a day's costs, tokens or seats are too large to store.
        """
        self._counting = tuple(file_numbers)
        run = self._engine.rows
        rows = [(number, keys[origin], origin in unmapped) for number, origin in enumerate(self.origins)]
        self._engine.make("keys", {"origin_no": "BIGINT", "origin_key": "BIGINT", "is_unmapped": "BOOLEAN"}, rows)
        run(
            "CREATE OR REPLACE TABLE part_sums AS SELECT account_no, period_start, service_no, origin_key,"
            f" min(origin_no) AS origin_no, {_number('day')} AS day, {_number('cell_day')} AS cell_day,"
            " round_even(sum(amount), 9) AS units, round_even(sum(tokens), 0) AS tokens,"
            " round_even(sum(seats), 0) AS seats, round_even(sum(bought), 0) AS bought,"
            " CAST(sum(used) AS BIGINT) AS charges"
            " FROM daily JOIN accounts USING (origin_no) JOIN keys USING (origin_no)"
            f" WHERE file_no IN ({_listed(file_numbers)}) GROUP BY ALL"
        )
        seats = self._check_ranges()
        run(
            "CREATE OR REPLACE TABLE parts AS"
            " WITH part_numbers AS (SELECT row_number() OVER (ORDER BY account_no, period_start) AS part_no,"
            " account_no, period_start FROM (SELECT DISTINCT account_no, period_start FROM part_sums))"
            " SELECT part_no, origin_no, origin_key, day, cell_day,"
            f" CAST(units * 1000000000 AS BIGINT) AS nanos, {_counted('tokens')} AS tokens, {_counted(seats)} AS seats,"
            " charges, period_start FROM part_sums JOIN part_numbers USING (account_no, period_start)"
        )
        cells: defaultdict[int, list[CellRow]] = defaultdict(list)
        for part_no, origin_no, *row in run(
            "SELECT part_no, min(origin_no), cell_day, currency, charge_category, sum(nanos)::HUGEINT,"
            " sum(greatest(nanos, 0))::HUGEINT, coalesce(sum(tokens), 0)::HUGEINT, coalesce(sum(seats), 0)::HUGEINT"
            " FROM parts JOIN origins USING (origin_no) JOIN accounts USING (origin_no)"
            " GROUP BY part_no, sub_no, cell_day, currency, charge_category"
        ):
            cells[part_no].append(CellRow(self.origins[origin_no].sub_account_id, *row))
        return [
            ReducedPart(
                part_no,
                self.origins[origin_no].billing_account_id,
                period,
                cells[part_no],
                count,
                f"{count:x}-{mark:032x}",
            )
            for part_no, origin_no, period, count, mark in run(
                "SELECT part_no, min(origin_no), min(period_start), count(*),"
                " bit_xor(md5_number(concat_ws('|', origin_key, day, cell_day, nanos, coalesce(tokens, -1),"
                " coalesce(seats, -1), charges)))"
                " FROM parts GROUP BY part_no ORDER BY part_no"
            )
        ]

    def daily_rows(self, part_number: int) -> Iterator[list[DailyRow]]:
        """Yield the rows of one of the last `parts` in batches, by origin and day."""
        yield from self._engine.stream(
            "SELECT origin_key, day, cell_day, nanos, tokens, seats, charges FROM parts"
            f" WHERE part_no = {part_number} ORDER BY origin_key, day, cell_day"
        )

    def count_repeated(self, stored: Sequence[Sequence[int | None]]) -> int:
        """Count the rows of ``stored``, as `daily_rows` yields them, that recur in one of the last `parts`.

        If a day has more charges of an origin now, the stored ones must be the first or the last: a file grows at its
        end or, with the newest on top, at its beginning.
        """
        run = self._engine.rows
        names = ("origin_key", "day", "cell_day", "nanos", "tokens", "seats", "charges")
        self._engine.make("stored", dict.fromkeys(names, "BIGINT"), stored)
        ((count,),) = run(
            "WITH lines AS (SELECT origin_key, amount, used,"
            f" {_number('day')} AS day, {_number('cell_day')} AS cell_day,"
            " row_number() OVER grown AS from_first, count(*) OVER (PARTITION BY origin_key, day, cell_day) AS lines,"
            f" FROM daily JOIN keys USING (origin_no) WHERE file_no IN ({_listed(self._counting)}) WINDOW grown AS"
            " (PARTITION BY origin_key, day, cell_day ORDER BY line_no)),"
            " found AS (SELECT s.origin_key, s.day, s.cell_day,"
            " sum(amount) FILTER (from_first <= charges) AS first_ones,"
            " sum(amount) FILTER (from_first > lines - charges) AS last_ones, any_value(nanos) AS nanos"
            " FROM stored s JOIN lines l USING (origin_key, day, cell_day) GROUP BY ALL)"
            " SELECT count(*) FROM found WHERE nanos IN (CAST(round_even(first_ones, 9) * 1000000000 AS BIGINT),"
            " CAST(round_even(last_ones, 9) * 1000000000 AS BIGINT))"
        )
        return int(count)

    def sums_by_day(self) -> list[DaySums]:
        """Return the sums of the last `parts`, by currency and day."""
        return [
            DaySums(*row)
            for row in self._engine.rows(
                "SELECT currency, day, sum(nanos)::HUGEINT, coalesce(sum(nanos) FILTER (is_unmapped), 0)::HUGEINT,"
                " sum(tokens)::HUGEINT, sum(seats)::HUGEINT FROM parts JOIN origins USING (origin_no)"
                " JOIN keys USING (origin_no) GROUP BY currency, day ORDER BY currency, day"
            )
        ]

    def _check_ranges(self) -> str:
        """Raise `Refused` beyond the limits, and return the SQL for the seats of a row.

        Purchased seats count in a month in which the account reports no usage of that service.
        """
        ((units, *counts, bought),) = self._engine.rows(
            "SELECT arg_max(units, abs(units)), max(tokens), max(seats), max(bought) FROM part_sums"
        )
        if units is not None and abs(units) > LIMIT_UNITS:
            within_limit(int(units) * 10**9)
        for count in (*counts, bought):
            if count is not None and count > LIMIT_COUNT:
                checked_count(int(count))
        if bought is None:
            return "seats"
        used = "count(seats) OVER (PARTITION BY account_no, period_start, service_no)"
        return f"CASE WHEN {used} > 0 THEN seats ELSE bought END"


@contextmanager
def reduce_files(
    paths: Sequence[Path],
    form: SourceFormat,
    options: ReadOptions,
    source: str,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Reduction]:
    """Reduce all ``paths``, which are in one format, to daily costs of ``source``.

    ``progress`` receives the percentage done, which never decreases. Unusable rows are left out and reported.
    Raises `SourceError` for a file that is in another format or damaged, `Refused` for an unknown time zone.
    """
    _check_time_zone(options.time_zone)
    options = replace(options, tag_keys=tuple(dict.fromkeys(key.strip().lower() for key in options.tag_keys)))
    meter = _Meter(paths, progress)
    files: list[FileRead] = []
    with Engine() as engine:
        sums = Sums(engine, options.tag_keys)
        for read in form.read(paths, options, sums, meter.within):
            files.append(read)
            meter.done_with(read.path)
        sums.make_table()
        yield Reduction(engine, files, source, options.tag_keys)


_IS_USED = "day IS NOT NULL AND used > 0"
_USED = "s.charge_category <> 'purchase'"
_BOUGHT = "s.charge_category = 'purchase'"


def _of_unit(counted: str, which: str) -> str:
    """Return SQL for the number of tokens or seats in a sum of charges, used or purchased."""
    most = f"{2 * LIMIT_COUNT} / u.size + 1"  # still beyond the limit, but within the type
    count = f"CAST(least(greatest(s.quantity, -({most})), {most}) AS DECIMAL(38,12)) * u.size"
    return f"CASE WHEN u.counted = '{counted}' AND {which} AND s.quantity IS NOT NULL THEN {count} END"


def _counted(count: str) -> str:
    """Return SQL for a count to store; corrections cannot make it negative."""
    return f"CASE WHEN {count} >= 0 THEN CAST({count} AS BIGINT) WHEN {count} < 0 THEN 0 END"


def _number(day: str) -> str:
    """Return SQL for a day as it is stored: 20260113."""
    return f"CAST(year({day}) * 10000 + month({day}) * 100 + day({day}) AS INTEGER)"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "NULL"


def _plain(amount: Decimal) -> Decimal:
    """Remove trailing zeros from ``amount``."""
    text = f"{amount:f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused(f"there is no time zone '{name}'", "give a name such as Europe/Berlin") from error


class _Meter:
    """Converts the progress of one file into that of all files, weighted by their sizes."""

    def __init__(self, paths: Sequence[Path], progress: Callable[[int], None] | None) -> None:
        self._progress = progress
        self._sizes = {path: path.stat().st_size if path.exists() else 0 for path in paths}
        self._all_bytes = sum(self._sizes.values()) or 1
        self._done_bytes = 0
        self._reported = -1

    def within(self, path: Path, percent: float) -> None:
        self._report(self._done_bytes + self._sizes[path] * min(percent, 100.0) / 100)

    def done_with(self, path: Path) -> None:
        self._done_bytes += self._sizes[path]
        self._report(self._done_bytes)

    def _report(self, done_bytes: float) -> None:
        percent = int(100 * done_bytes / self._all_bytes)
        if self._progress and percent > self._reported:
            self._reported = percent
            self._progress(percent)
