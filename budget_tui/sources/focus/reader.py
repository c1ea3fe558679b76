"""The reader of FOCUS exports: reduces each file to daily sums, and reports the rows it could not use."""

import csv
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from budget_tui.domain.errors import Refused, SourceError
from budget_tui.sources.base import LISTED_REFUSALS, FileRead, ReadOptions, RefusedRow
from budget_tui.sources.dialect import (
    Dialect,
    Header,
    escapes_by_backslash,
    lines_of,
    long_fields,
    read_header,
    rows_of,
)
from budget_tui.sources.files import Encoding, Kind, chunks, kind_of, open_text, percent_read, reading
from budget_tui.sources.focus.columns import CHARGE_START, Columns, is_named
from budget_tui.sources.focus.inputs import (
    Decimals,
    Wanted,
    csv_charges,
    decimals_sql,
    mended_charges,
    parquet_charges,
    parquet_columns_sql,
    parquet_names_sql,
    used_columns,
    why_unusable,
)
from budget_tui.sources.focus.rollup import Charges, read_again, refused_sql, rollup_sql
from budget_tui.sources.reduction import Sums

FILE_SUMS = "file_sums"
"""The table with the sums of the last file read, in the columns of `rollup_sql`."""

_FILES_AT_ONCE = 200
_SMALL_BYTES = 4_000_000
_SCAN_SHARE = 1 / 3  # the engine counts three equal stages of the roll-up, but only the first takes time

Progress = Callable[[float], None]


class Style(NamedTuple):
    """The properties that CSV files must share to be read in one query: compression and columns."""

    kind: Kind
    names: tuple[str, ...]


class _Counts(NamedTuple):
    """Number of rows in a file, and of those that were refused."""

    rows: int
    refused: int


@dataclass
class Unsound:
    """Rows whose fields cannot be separated: their number, and the first ones as (line, reason)."""

    count: int = 0
    first: list[tuple[int, str]] = dataclass_field(default_factory=list)

    def add(self, line: int, reason: str, limit: int) -> None:
        self.count += 1
        if len(self.first) < limit:
            self.first.append((line, reason))


class Focus:
    """The FinOps Open Cost and Usage Specification, 1.0 to 1.4, as CSV, CSV.gz and Parquet."""

    name = "focus"
    title = "a FOCUS export"
    is_known_by_content = False

    def recognizes(self, path: Path) -> bool:
        """Return whether a file is Parquet or has FOCUS columns."""
        kind = kind_of(path)
        if kind is Kind.PARQUET:
            return True
        header = read_header(path, kind, is_named)
        return not header.first_line and any(name.strip() for name in header.names)

    def read(
        self, paths: Sequence[Path], options: ReadOptions, sums: Sums, progress: Callable[[Path, float], None]
    ) -> Iterator[FileRead]:
        """Read each file in one streaming pass; small files with the same columns together."""
        if options.columns:
            raise Refused("the columns of FOCUS have names of their own", "leave out which ones to read")
        if options.once:
            raise Refused(
                "a FOCUS export says itself which charges come once",
                "import it as it is",
                command="leave out --once",
            )
        reader = _Reader(sums, Wanted(options.cost_column, options.tag_keys), options.time_zone)
        number = 0
        for style, batch in _batches(paths, reader):
            together = reader.read_alike(batch, style, number) if style and len(batch) > 1 else None
            if together:
                yield from together
            else:
                for position, path in enumerate(batch):
                    yield reader.read(path, number + position, partial(progress, path))
            number += len(batch)


def _batches(paths: Sequence[Path], reader: "_Reader") -> Iterator[tuple[Style | None, list[Path]]]:
    """Group consecutive files that can be read together; large or unusual ones stay alone."""
    if len(paths) == 1:
        yield None, list(paths)
        return
    batch: list[Path] = []
    style: Style | None = None
    for path in paths:
        other = reader.style(path)
        if batch and (other is None or other != style or len(batch) == _FILES_AT_ONCE):
            yield style, batch
            batch = []
        style = other
        batch.append(path)
    yield style, batch


class _Reader:
    """A reader that applies the same options to one file after the other."""

    def __init__(self, sums: Sums, wanted: Wanted, time_zone: str) -> None:
        self._sums = sums
        self._engine = sums.engine
        self._wanted = wanted
        self._time_zone = time_zone
        self._used = used_columns(wanted)

    def read(self, path: Path, number: int, progress: Progress) -> FileRead:
        """Read one file. Raises `SourceError` if it is not FOCUS, or damaged."""
        kind = kind_of(path)
        read = self._read_parquet(path, progress) if kind is Kind.PARQUET else self._read_csv(path, kind, progress)
        self._sums.take_over(number, FILE_SUMS)
        return read

    def _read_parquet(self, path: Path, progress: Progress) -> FileRead:
        import duckdb

        readable = self._engine.readable(path)
        try:
            types = {name: kind for name, kind, *_ in self._engine.rows(parquet_columns_sql(readable))}
            columns = Columns(list(types))
            columns.require(path, self._wanted.cost_column, self._used)
            if columns.seem_numbered(self._used):
                names = [name for (name,) in self._engine.rows(parquet_names_sql(readable))]
                Columns(names[1:]).require(path, self._wanted.cost_column, self._used)
            charges, counts = self._roll_up_in(
                lambda decimals: parquet_charges(readable, columns, types, self._wanted, decimals), progress
            )
            return self._file_read(path, columns, charges, counts, lambda found, _: found)
        except duckdb.Error as error:
            raise _unreadable(path, error) from error

    def _read_csv(self, path: Path, kind: Kind, progress: Progress) -> FileRead:
        header, columns = self._header(path, kind)
        if header.dialect.header_end > 1 or header.encoding is Encoding.UTF_16:
            # With its `skip` option, the engine loses rows if lines end in different ways; and it reads UTF-8 alone.
            return self._read_unsound_csv(path, kind, self._escaping(path, kind, header.dialect), columns, progress)
        return self._read_rows(path, kind, header.dialect, columns, progress)

    def _header(self, path: Path, kind: Kind) -> tuple[Header, Columns]:
        header = read_header(path, kind, is_named)
        columns = Columns(header.names)
        columns.require(path, self._wanted.cost_column, self._used, header.first_line)
        return header, columns

    def style(self, path: Path) -> Style | None:
        """Return the style of a small CSV file that can be read together with others; None for any other file."""
        kind = kind_of(path)
        if kind is Kind.PARQUET or path.stat().st_size > _SMALL_BYTES:
            return None
        header, _ = self._header(path, kind)
        is_plain = header.dialect == Dialect() and header.encoding is Encoding.UTF_8
        return Style(kind, tuple(header.names)) if is_plain else None

    def read_alike(self, paths: Sequence[Path], style: Style, first: int) -> list[FileRead] | None:
        """Read files of one style in one query, which saves thousands; they are numbered from ``first`` on.

        Returns None if any of them needs a closer look: then each has to be read separately.
        """
        import duckdb

        columns = Columns(style.names)
        readable = [self._engine.readable(path) for path in paths]
        try:
            for path in paths:
                if style.kind is Kind.TEXT_GZ:
                    _read_through(path, style.kind, threading.Event())
            charges = csv_charges(readable, style.kind, Dialect(), columns, self._wanted, Decimals.POINT)
            counts = self._roll_up(charges, lambda _: None)
        except (duckdb.Error, SourceError):
            return None
        if counts.refused:
            return None
        rows = dict(self._engine.rows(f"SELECT file_name, sum(charges)::BIGINT FROM {FILE_SUMS} GROUP BY file_name"))
        names = [str(path) for path in readable]
        numbered = [(name, first + number) for number, name in enumerate(names)]
        self._engine.make("names", {"file_name": "VARCHAR", "number": "INTEGER"}, numbered)
        self._sums.add_query("number", f"{FILE_SUMS} JOIN names USING (file_name)")
        version = columns.focus_version
        return [FileRead(path, rows.get(name, 0), 0, version=version) for path, name in zip(paths, names, strict=True)]

    def _read_rows(self, path: Path, kind: Kind, dialect: Dialect, columns: Columns, progress: Progress) -> FileRead:
        import duckdb

        readable = self._engine.readable(path)
        try:
            with _sound(path, kind):
                charges, counts = self._roll_up_in(
                    lambda decimals: csv_charges([readable], kind, dialect, columns, self._wanted, decimals),
                    progress,
                    may_have_commas=dialect.delimiter != ",",
                )
            return self._file_read(
                path, columns, charges, counts, lambda found, count: lines_of(path, kind, dialect, found, count)
            )
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise _unreadable(path, error) from error
        except duckdb.Error:
            escaping = self._escaping(path, kind, dialect)
            read_on = self._read_unsound_csv if escaping == dialect else self._read_rows
            return read_on(path, kind, escaping, columns, progress)

    def _escaping(self, path: Path, kind: Kind, dialect: Dialect) -> Dialect:
        return replace(dialect, escape="\\") if escapes_by_backslash(path, kind) else dialect

    def _read_unsound_csv(
        self, path: Path, kind: Kind, dialect: Dialect, columns: Columns, progress: Progress
    ) -> FileRead:
        """Read the slow way, after the engine failed on some row."""
        import duckdb

        positions = {columns.position(name) for name in self._used}
        kept = sorted(position for position in positions if position is not None)
        copy = self._engine.folder / "mended.csv"
        unsound = mend(path, kind, dialect, copy, len(columns.names), kept, LISTED_REFUSALS, progress)
        try:
            charges, counts = self._roll_up_in(
                lambda decimals: mended_charges(copy, columns, self._wanted, kept, decimals),
                progress,
                may_have_commas=dialect.delimiter != ",",
            )
            read = self._file_read(path, columns, charges, counts, lambda found, _: found)
        except duckdb.Error as error:
            raise _unreadable(path, error) from error
        finally:
            copy.unlink()
        refused = [*read.refused, *(RefusedRow(path, line, reason) for line, reason in unsound.first)]
        return replace(
            read,
            rows_read=read.rows_read + unsound.count,
            rows_refused=read.rows_refused + unsound.count,
            refused=sorted(refused, key=lambda row: row.line)[:LISTED_REFUSALS],
        )

    def _roll_up_in(
        self, read: Callable[[Decimals], Charges], progress: Progress, *, may_have_commas: bool = False
    ) -> tuple[Charges, _Counts]:
        """Roll up the charges that ``read`` returns, detecting their decimal notation.

        In comma-separated files decimal commas are rare, so they are only looked for if rows were refused.
        """
        charges = read(self._decimals(read(Decimals.POINT)) if may_have_commas else Decimals.POINT)
        counts = self._roll_up(charges, progress)
        if not may_have_commas and counts.refused and self._decimals(charges) is Decimals.COMMA:
            charges = read(Decimals.COMMA)
            counts = self._roll_up(charges, progress)
        return charges, counts

    def _decimals(self, charges: Charges) -> Decimals:
        ((commas, points),) = self._engine.rows(decimals_sql(charges.source, charges.number_texts))
        if not commas:
            return Decimals.POINT
        return Decimals.EITHER if points else Decimals.COMMA

    def _roll_up(self, charges: Charges, progress: Progress) -> _Counts:
        """Store the sums of ``charges`` in `FILE_SUMS`."""
        sql = f"CREATE OR REPLACE TABLE {FILE_SUMS} AS {rollup_sql(charges, self._time_zone)}"
        self._engine.rows(sql, lambda percent: progress(percent / _SCAN_SHARE))
        ((lacks_provider, has_units, rows_read, used),) = self._engine.rows(
            "SELECT coalesce(bool_or(provider_name = ''), false), coalesce(bool_or(unit <> ''), false),"
            " coalesce(sum(charges), 0)::BIGINT, coalesce(sum(used) FILTER (WHERE day IS NOT NULL), 0)::BIGINT"
            f" FROM {FILE_SUMS}"
        )
        more = read_again(charges, lacks_provider=lacks_provider, has_units=has_units)
        return self._roll_up(more, progress) if more else _Counts(rows_read, rows_read - used)

    def _file_read(
        self,
        path: Path,
        columns: Columns,
        charges: Charges,
        counts: _Counts,
        lines: Callable[[list[int], int], list[int]],
    ) -> FileRead:
        """Return the counts and refusals of a file; ``lines`` converts row numbers, given the row count, into lines."""
        refused: list[RefusedRow] = []
        if counts.refused:
            found = self._engine.rows(refused_sql(charges, self._time_zone, LISTED_REFUSALS))
            for line, (_, *said) in zip(lines([row[0] for row in found], counts.rows), found, strict=True):
                refused.append(RefusedRow(path, line, _reason(self._wanted.cost_column, *said)))
        return FileRead(path, counts.rows, counts.refused, tuple(refused), columns.focus_version)


def _reason(
    cost_column: str,
    started: str | None,
    currency: str | None,
    cost: str | None,
    account: str | None,
    sub_account: str | None,
) -> str:
    """Describe the errors of a row; each argument is the invalid value, or None if valid (see `refused_sql`)."""
    if started is not None:
        return f"{CHARGE_START} {_shown(started)}" + (" is not a date" if started else "")
    if currency is not None:
        return f"BillingCurrency {_shown(currency)}" + (" is not a currency's code" if currency else "")
    if cost is not None:
        return f"{cost_column} {_shown(cost)}" + (why_unusable(cost) if cost else "")
    column, said = ("BillingAccountId", account) if account is not None else ("SubAccountId", sub_account)
    return f"{column} {_shown(said or '')} is an id that a spreadsheet rounded"


def _shown(text: str) -> str:
    return f"'{text[:40]}'" if text else "is empty"


@contextmanager
def _sound(path: Path, kind: Kind) -> Iterator[None]:
    """Check in parallel that a gzip file is complete; not every version of the engine does."""
    if kind is not Kind.TEXT_GZ:
        yield
        return
    stopped = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        check = pool.submit(_read_through, path, kind, stopped)
        try:
            yield
            check.result()
        except Exception:
            check.result()  # a damaged file explains any other error
            raise
        finally:
            stopped.set()


def _read_through(path: Path, kind: Kind, stopped: threading.Event) -> None:
    for _ in chunks(path, kind):
        if stopped.is_set():
            return


def _unreadable(path: Path, error: Exception) -> SourceError:
    said = str(error).strip().partition("\n")[0][:200]
    return SourceError(f"{path} cannot be read: {said}", "download it again, or export it anew")


# The slow way


_ROWS_BETWEEN_PROGRESS = 10_000
_PLAIN = str.maketrans({"\n": " ", "\r": " ", "\0": ""})


def mend(
    path: Path,
    kind: Kind,
    dialect: Dialect,
    copy: Path,
    width: int,
    kept: Sequence[int],
    limit: int,
    progress: Progress,
) -> Unsound:
    """Copy the sound rows of ``path``, which has ``width`` columns, to ``copy``: their line, then the ``kept`` columns.

    Rows are unsound if they have too few or too many fields, an unclosed quote, or bytes that are not text; and valid
    files may have line breaks inside fields that look like rows. The copy uses the plainest dialect. At most
    ``limit`` unsound rows are listed. Raises `SourceError` if the file itself is damaged.
    """
    unsound = Unsound()
    with long_fields(), reading(path), open_text(path, kind) as text, copy.open("w", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["line", *(f"c{position}" for position in kept)])
        for line, row, reason, is_plain in rows_of(text, dialect, width):
            if reason:
                unsound.add(line, reason, limit)
                continue
            fields = [row[position] for position in kept]
            writer.writerow([line, *(fields if is_plain else [field.translate(_PLAIN) for field in fields])])
            if line % _ROWS_BETWEEN_PROGRESS == 0:
                progress(percent_read(text, path))
    return unsound
