"""Delimited text: its dialect, its header, its rows one by one, and their line numbers.

Spreadsheets write semicolons, tabs and lines of their own above the header; some engines escape a quote with a
backslash. The header is found by known column names, so that nothing else has to be guessed.
"""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from budget_tui.domain.errors import SourceError
from budget_tui.sources.files import KNOWN, Encoding, Kind, chunks, open_text, reading

if TYPE_CHECKING:
    from _csv import Reader

LONGEST_ROW = 8_000_000
"""Maximum length of a row, in characters; longer ones are refused."""

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_HEADER = 1_000_000
_LINES_SEARCHED = 20
_NAMES_OF_A_HEADER = 2  # known columns that a line must contain to be the header
_DELIMITER_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_ESCAPED = re.compile(r'\\([\\"])')
_ESCAPED_BY_BACKSLASH = re.compile(rb'[^\\]\\"[^",;|\t\r\n\\]')
_DOUBLED_BEHIND_BACKSLASH = re.compile(rb'\\""[^",;|\t\r\n]')


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect of CSV. ``escape`` precedes a quote inside quotes; ``header_end`` is the header's last line, from 1."""

    delimiter: str = ","
    escape: str = '"'
    header_end: int = 1

    def rows(self, lines: Iterable[str], *, strict: bool = False) -> "Reader":
        """Parse ``lines`` into rows; ``strict`` raises `csv.Error` on unbalanced quotes."""
        if self.escape == "\\":
            lines = map(_with_doubled_quotes, lines)
        return csv.reader(lines, delimiter=self.delimiter, strict=strict, skipinitialspace=strict)


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a file's columns. ``first_line`` is the first line of the file if no header was found, else ''."""

    names: tuple[str, ...]
    dialect: Dialect
    first_line: str = ""
    encoding: Encoding = Encoding.UTF_8


@contextmanager
def long_fields() -> Iterator[None]:
    """Raise the field size limit of `csv`; it is global, so other readers are affected too."""
    limit = csv.field_size_limit(4 * LONGEST_ROW)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def read_header(path: Path, kind: Kind, is_known: Callable[[str], bool], encoding: Encoding | None = None) -> Header:
    """Find the header of a CSV file: the first line with several known columns.

    Without one, it is the first line that is not blank. Raises `SourceError` if the file is not text, or a line is too
    long.
    """
    first: tuple[int, str] | None = None
    announced = ""
    with reading(path), long_fields(), open_text(path, kind, encoding) as text:
        encoding = Encoding(text.encoding)
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
            delimiter, names_known = _delimiter_of(line, announced, is_known)
            if names_known >= _NAMES_OF_A_HEADER:
                return replace(_whole_header(path, text, line, number, delimiter), encoding=encoding)
    number, line = first or (1, "")
    delimiter, _ = _delimiter_of(line, announced, is_known)
    names = next(csv.reader([line], delimiter=delimiter), [])
    return Header(tuple(names), Dialect(delimiter, header_end=number), line.strip(), encoding)


def _header_line(path: Path, text: TextIO, number: int) -> str:
    line = text.readline(_LONGEST_HEADER + 1)
    if "\0" in line:
        raise SourceError(f"{path} is not a text file", KNOWN)
    if len(line) > _LONGEST_HEADER:
        raise SourceError(
            f"line {number} of {path} is no header: it has more than {_LONGEST_HEADER:,} characters",
            "export the costs as FOCUS 1.0 to 1.4",
        )
    return line


def _delimiter_of(line: str, announced: str, is_known: Callable[[str], bool]) -> tuple[str, int]:
    """Return the delimiter that splits ``line`` into the most known columns, and their number.

    Among equals, the one that yields more fields.
    """

    def known(delimiter: str) -> tuple[int, int]:
        names = next(csv.reader([line], delimiter=delimiter), [])
        return sum(map(is_known, names)), len(names)

    best = max((announced,) if announced else _DELIMITERS, key=known)
    return best, known(best)[0]


def _whole_header(path: Path, text: TextIO, line: str, number: int, delimiter: str) -> Header:
    """Return the header that begins with ``line``: a quoted name may continue on the next line."""
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
    """Return whether the file escapes quotes inside fields as ``\"``, as some engines do, and not as ``""``."""
    backslashes = doubled = 0
    for chunk in chunks(path, kind):
        backslashes += len(_ESCAPED_BY_BACKSLASH.findall(chunk))
        doubled += len(_DOUBLED_BEHIND_BACKSLASH.findall(chunk))
    return backslashes > doubled


def _with_doubled_quotes(line: str) -> str:
    return _ESCAPED.sub(lambda found: '""' if found[1] == '"' else "\\", line) if "\\" in line else line


# Rows one by one


_LONGEST_ROW_LINES = 1000  # a field that spans more lines was opened by a stray quote


class Row(NamedTuple):
    """A row that is not blank: its first line, its fields, and the reason why it cannot be used ('' if it can).

    ``is_plain``: it contains neither line breaks nor zero bytes.
    """

    line: int
    fields: list[str]
    reason: str
    is_plain: bool


def rows_of(text: TextIO, dialect: Dialect, width: int) -> Iterator[Row]:
    """Read the rows below the header, each of ``width`` fields; a malformed row affects no other row."""
    lines = _Lines(text)
    lines.skip(dialect.header_end)
    rows = dialect.rows(lines, strict=True)
    while True:
        lines.begin_row()
        try:
            row = next(rows)
            reason = _wrong_width(row, width)
        except StopIteration:
            return
        except csv.Error as error:
            row, reason = [], str(error) if isinstance(error, _Endless) else "its quotes do not match"
            lines.keep_only_first()
            rows = dialect.rows(lines, strict=True)
        if row or reason:
            yield Row(lines.line, row, reason, lines.are_plain)


class _Endless(csv.Error):
    """A row that spans too many lines; the message says how many."""


class _Lines:
    """Lines of text that can be put back: if a row is malformed, only its first line is lost."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._returned: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0
        self._before = 0  # lines before the current row

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= _LONGEST_ROW_LINES:
            raise _Endless(f"a field in it goes on for more than {_LONGEST_ROW_LINES:,} lines: a quote is not closed")
        line = self._returned.popleft() if self._returned else self._read()
        self._taken.append(line)
        self._size += len(line)
        if self._size > LONGEST_ROW:
            raise _Endless(f"it has more than {LONGEST_ROW:,} characters")
        return line

    def _read(self) -> str:
        """Read the next line, but no more of it than is needed to refuse it."""
        line = part = self._text.readline(LONGEST_ROW + 1)
        while len(part) > LONGEST_ROW and not part.endswith(("\n", "\r")):
            part = self._text.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        return line

    def skip(self, count: int) -> None:
        """Skip ``count`` lines."""
        for _ in range(count):
            if not self._text.readline():
                break
        self._before += count

    @property
    def line(self) -> int:
        """The number of the line on which the current row begins."""
        return self._before + 1

    @property
    def are_plain(self) -> bool:
        """True if the current row contains neither line breaks nor zero bytes."""
        return len(self._taken) == 1 and "\0" not in self._taken[0]

    def begin_row(self) -> None:
        self._before += len(self._taken)
        self._taken = []
        self._size = 0

    def keep_only_first(self) -> None:
        """Put back all lines of the current row but the first."""
        self._returned.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]


def _wrong_width(row: Sequence[str], width: int) -> str:
    """Return why ``row`` does not have ``width`` fields. One empty field more, from a trailing comma, is accepted."""
    if not row or len(row) == width or (len(row) == width + 1 and row[-1] == ""):
        return ""
    return f"it has {len(row)} field{'s' if len(row) > 1 else ''} where the header has {width}"


# Line numbers of rows that the engine has read


def lines_of(path: Path, kind: Kind, dialect: Dialect, rows: Sequence[int], row_count: int) -> list[int]:
    """Return the lines on which ``rows`` begin, ascending. Both count from 1; the header is not a row.

    ``row_count`` is the number of rows in the file. Only if it has more lines than that, because of blank lines or line
    breaks inside fields, does the text have to be parsed.
    """
    if _line_count(path, kind) == row_count + dialect.header_end:
        return [row + dialect.header_end for row in rows]
    return _lines_by_reading(path, kind, dialect, rows)


def _line_count(path: Path, kind: Kind) -> int:
    count, last = 0, b"\n"
    for chunk in chunks(path, kind):
        count += chunk.count(b"\n")
        last = chunk[-1:]
    return count + (last != b"\n")


def _lines_by_reading(path: Path, kind: Kind, dialect: Dialect, rows: Sequence[int]) -> list[int]:
    found: list[int] = []
    with reading(path), long_fields(), open_text(path, kind) as file:
        reader = dialect.rows(islice(file, dialect.header_end, None))
        line, row = dialect.header_end + 1, 0
        for fields in reader:
            row += bool(fields)
            if fields and row == rows[len(found)]:
                found.append(line)
                if len(found) == len(rows):
                    break
            line = dialect.header_end + reader.line_num + 1
    return found
