"""Reads a CSV file that the engine cannot, row by row: slower, but nothing is lost and lines are known.

Some rows have too few or too many fields, a quote that never closes, or bytes that are no text; and some files
that are in order have line breaks inside of fields that look like rows. What is sound is copied in a plain
form, and what is not is named with its line.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import TextIO

from budget_tui.sources.focus.dialect import LONGEST_ROW, Dialect, long_fields
from budget_tui.sources.focus.files import Kind, open_text, percent_read, reading

_LONGEST_ROW_LINES = 1000  # a field that goes on for longer was opened by a stray quote
_ROWS_BETWEEN_PROGRESS = 10_000
_PLAIN = str.maketrans({"\n": " ", "\r": " ", "\0": ""})


@dataclass
class Unsound:
    """The rows that cannot be told apart into fields: how many, and the first ones as (line, reason)."""

    count: int = 0
    first: list[tuple[int, str]] = dataclass_field(default_factory=list)

    def add(self, line: int, reason: str, limit: int) -> None:
        self.count += 1
        if len(self.first) < limit:
            self.first.append((line, reason))


class _Endless(csv.Error):
    """A row that goes on for too long; says for how long."""


def mend(
    path: Path,
    kind: Kind,
    dialect: Dialect,
    copy: Path,
    width: int,
    kept: Sequence[int],
    limit: int,
    progress: Callable[[float], None],
) -> Unsound:
    """Copies the sound rows of ``path``, which has ``width`` columns, to ``copy``: their line, then the ``kept`` ones.

    The copy is in the plainest dialect. At most ``limit`` unsound rows are listed. Raises `SourceError` when the file
    itself is damaged.
    """
    unsound = Unsound()
    with long_fields(), reading(path), open_text(path, kind) as text, copy.open("w", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["line", *(f"c{position}" for position in kept)])
        lines = _Lines(text)
        lines.skip(dialect.header_end)
        for line, row, reason in _sound_rows(lines, dialect, width):
            if reason:
                unsound.add(line, reason, limit)
                continue
            fields = [row[position] for position in kept]
            writer.writerow([line, *(fields if lines.are_plain else [field.translate(_PLAIN) for field in fields])])
            if line % _ROWS_BETWEEN_PROGRESS == 0:
                progress(percent_read(text, path))
    return unsound


class _Lines:
    """Lines of text that can be handed back: when a row turns out to be unsound, only its first line is lost."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._returned: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0
        self._before = 0  # lines that came before the present row

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
        """The next line, of which no more is held than is needed to refuse it."""
        line = part = self._text.readline(LONGEST_ROW + 1)
        while len(part) > LONGEST_ROW and not part.endswith(("\n", "\r")):
            part = self._text.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        return line

    def skip(self, count: int) -> None:
        """Pass over so many lines."""
        for _ in range(count):
            if not self._text.readline():
                break
        self._before += count

    @property
    def line(self) -> int:
        """The number of the line on which the present row begins."""
        return self._before + 1

    @property
    def are_plain(self) -> bool:
        """Whether the present row has neither line breaks inside nor zero bytes."""
        return len(self._taken) == 1 and "\0" not in self._taken[0]

    def begin_row(self) -> None:
        self._before += len(self._taken)
        self._taken = []
        self._size = 0

    def keep_only_first(self) -> None:
        """Hands all lines of the present row back but the first."""
        self._returned.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]


def _sound_rows(lines: _Lines, dialect: Dialect, width: int) -> Iterator[tuple[int, list[str], str]]:
    """Each row that is not blank: its line, its fields, and what is wrong with it ('' when nothing is)."""
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
            yield lines.line, row, reason


def _wrong_width(row: Sequence[str], width: int) -> str:
    """Why ``row`` has not ``width`` fields; one empty field too many, from a comma at the end, does no harm."""
    if not row or len(row) == width or (len(row) == width + 1 and row[-1] == ""):
        return ""
    return f"it has {len(row)} field{'s' if len(row) > 1 else ''} where the header has {width}"
