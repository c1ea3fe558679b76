"""The dialect of a CSV file: its delimiter, how it escapes quotes, and where its header ends.

Spreadsheets write semicolons, tabs and lines of their own above the header; some engines escape a quote by a
backslash. The header is found by its names, so that nothing else has to be guessed.
"""

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from budget_tui.domain.errors import SourceError
from budget_tui.sources.focus.files import Kind, chunks, open_text, reading

if TYPE_CHECKING:
    from _csv import Reader

LONGEST_ROW = 8_000_000
"""In characters: a longer row is refused."""

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_HEADER = 1_000_000
_LINES_SEARCHED = 20
_NAMES_OF_A_HEADER = 2  # columns of FOCUS that a line must name to be taken for the header
_DELIMITER_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_ESCAPED = re.compile(r'\\([\\"])')
_ESCAPED_BY_BACKSLASH = re.compile(rb'[^\\]\\"[^",;|\t\r\n\\]')
_DOUBLED_BEHIND_BACKSLASH = re.compile(rb'\\""[^",;|\t\r\n]')


@dataclass(frozen=True, slots=True)
class Dialect:
    """``escape`` is what stands before a quote inside of quotes; ``header_end`` is the header's last line, from 1."""

    delimiter: str = ","
    escape: str = '"'
    header_end: int = 1

    def rows(self, lines: Iterable[str], *, strict: bool = False) -> "Reader":
        """The rows that ``lines`` hold; ``strict`` raises `csv.Error` where quotes do not match."""
        if self.escape == "\\":
            lines = map(_with_doubled_quotes, lines)
        return csv.reader(lines, delimiter=self.delimiter, strict=strict, skipinitialspace=strict)


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a file's columns. ``first_line`` is how the file begins where no header was found in it, else ''."""

    names: tuple[str, ...]
    dialect: Dialect
    first_line: str = ""


@contextmanager
def long_fields() -> Iterator[None]:
    """The limit is the whole program's: other readers of CSV go by it, too."""
    former = csv.field_size_limit(4 * LONGEST_ROW)
    try:
        yield
    finally:
        csv.field_size_limit(former)


def read_header(path: Path, kind: Kind, known: Collection[str]) -> Header:
    """Find the header of a CSV file: the first line that names columns which are ``known``.

    Where none does it is the first line that is not blank. Raises `SourceError` for what is no text, or too long.
    """
    wanted = {name.casefold() for name in known}
    first: tuple[int, str] | None = None
    announced = ""
    with reading(path), long_fields(), open_text(path, kind) as text:
        for number in range(1, _LINES_SEARCHED + 1):
            line = _header_line(path, text, number)
            if not line:
                break
            if not line.strip():
                continue
            if found := _DELIMITER_LINE.fullmatch(line.rstrip("\r\n")):
                announced = found[1]
                continue
            first = first or (number, line)
            delimiter, names_known = _delimiter_of(line, announced, wanted)
            if names_known >= _NAMES_OF_A_HEADER:
                return _whole_header(path, text, line, number, delimiter)
    number, line = first or (1, "")
    delimiter, _ = _delimiter_of(line, announced, wanted)
    names = next(csv.reader([line], delimiter=delimiter), [])
    return Header(tuple(names), Dialect(delimiter, header_end=number), line.strip())


def _header_line(path: Path, text: TextIO, number: int) -> str:
    line = text.readline(_LONGEST_HEADER + 1)
    if number == 1 and ("\0" in line or "\N{REPLACEMENT CHARACTER}" in line):
        raise SourceError(f"{path} is not a text file in UTF-8", "give CSV, CSV.gz or Parquet files")
    if len(line) > _LONGEST_HEADER:
        raise SourceError(
            f"line {number} of {path} is no header: it has more than {_LONGEST_HEADER:,} characters",
            "export the costs as FOCUS 1.0 to 1.4",
        )
    return line


def _delimiter_of(line: str, announced: str, wanted: Collection[str]) -> tuple[str, int]:
    """The delimiter under which ``line`` names the most columns that are known, and how many; of equals the one that
    takes it into more fields."""

    def known(delimiter: str) -> tuple[int, int]:
        names = next(csv.reader([line], delimiter=delimiter), [])
        return sum(name.strip().casefold() in wanted for name in names), len(names)

    best = max((announced,) if announced else _DELIMITERS, key=known)
    return best, known(best)[0]


def _whole_header(path: Path, text: TextIO, line: str, number: int, delimiter: str) -> Header:
    """The header that begins with ``line``: a name in quotes may go on in the next one."""
    reader = csv.reader(_bounded(path, chain([line], text)), delimiter=delimiter)
    names = next(reader)
    return Header(tuple(names), Dialect(delimiter, header_end=number - 1 + reader.line_num))


def _bounded(path: Path, lines: Iterable[str]) -> Iterator[str]:
    size = 0
    for line in lines:
        size += len(line)
        if size > _LONGEST_HEADER:
            raise SourceError(
                f"the header of {path} has more than {_LONGEST_HEADER:,} characters",
                "look for a quote that is not closed",
            )
        yield line


def escapes_by_backslash(path: Path, kind: Kind) -> bool:
    r"""Whether the file writes quotes inside of fields as ``\"``, as some engines do, and not as ``""``."""
    backslashes = doubled = 0
    for chunk in chunks(path, kind):
        backslashes += len(_ESCAPED_BY_BACKSLASH.findall(chunk))
        doubled += len(_DOUBLED_BEHIND_BACKSLASH.findall(chunk))
    return backslashes > doubled


def _with_doubled_quotes(line: str) -> str:
    return _ESCAPED.sub(lambda found: '""' if found[1] == '"' else "\\", line) if "\\" in line else line
