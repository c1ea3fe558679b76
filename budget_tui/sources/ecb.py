"""The European Central Bank's reference rates, in its own files: units of a currency per euro on each working day.

``eurofxref.csv`` holds the latest day (``13 January 2026``, blanks after commas), ``eurofxref-hist.csv`` every day
since 1999 (ISO dates, ``N/A`` without a rate). Both are published as zip files, which can be read as they are.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TextIO

from budget_tui.domain.currency import Rate, is_currency, parse_rate
from budget_tui.domain.errors import Refused, SourceError
from budget_tui.domain.period import parse_day

BASE = "EUR"
EXPECTED = "give eurofxref.csv, eurofxref-hist.csv, or their zip files"
_MONTHS = "january february march april may june july august september october november december".split()
_WRITTEN_OUT = re.compile(r"([0-9]{1,2}) ([a-z]+) ([0-9]{4})")
_LONGEST_HEADER = 10_000


@dataclass(frozen=True, slots=True)
class RatesRead:
    """The rates of one file, and refusals with line and reason: of a row for its date, or of one of its rates."""

    path: Path
    rows: int
    rates: tuple[Rate, ...]
    refused: tuple[tuple[int, str], ...]


def read_rates(path: Path) -> RatesRead:
    """Read the rates in ``path``; raises `SourceError` if it is not such a file."""
    try:
        with _opened(path) as file:
            return _read(path, file)
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SourceError(f"{path} cannot be read: {said.lower()}", EXPECTED) from None
    except (UnicodeDecodeError, csv.Error):
        raise _not_rates(path) from None


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if not zipfile.is_zipfile(path):
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
        if len(names) != 1:
            raise _not_rates(path)
        with archive.open(names[0]) as packed, io.TextIOWrapper(packed, "utf-8-sig", newline="") as file:
            yield file


def _read(path: Path, file: TextIO) -> RatesRead:
    header = [name.strip() for name in next(csv.reader([file.readline(_LONGEST_HEADER)]), [])]
    currencies = [(position, name) for position, name in enumerate(header) if is_currency(name)]
    if not currencies or header[0] != "Date":
        raise _not_rates(path)
    unknown = [(1, f"'{name}' is not a currency") for name in header[1:] if name and not is_currency(name)]
    read = _rows(path, csv.reader(file), currencies)
    return replace(read, refused=(*unknown, *read.refused))


def _rows(path: Path, lines: Iterable[list[str]], currencies: list[tuple[int, str]]) -> RatesRead:
    rows, rates, refused = 0, [], []
    for line, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        rows += 1
        try:
            day = _day(cells[0])
        except Refused as error:
            refused.append((line, error.message))
            continue
        for position, currency in currencies:
            text = cells[position].strip() if position < len(cells) else ""
            if text in ("", "N/A"):
                continue
            try:
                rates.append(Rate(BASE, currency, day, parse_rate(text)))
            except Refused as error:
                refused.append((line, f"{currency}: {error.message}"))
    return RatesRead(path, rows, tuple(rates), tuple(refused))


def _day(text: str) -> date:
    """Parse ``2026-01-13`` or ``13 January 2026``, with English months whatever the locale is."""
    written_out = _WRITTEN_OUT.fullmatch(text.strip().lower())
    if written_out and written_out[2] in _MONTHS:
        month = _MONTHS.index(written_out[2]) + 1
        return parse_day(f"{written_out[3]}-{month:02d}-{int(written_out[1]):02d}")
    return parse_day(text)


def _not_rates(path: Path) -> SourceError:
    return SourceError(
        f"{path} is not a file of rates as the European Central Bank publishes them",
        EXPECTED,
    )
