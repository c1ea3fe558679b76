"""Counts of each FOCUS export that was read, and the rows that could not be used."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file that was read: its data rows, refused ones included, and the version its columns tell."""

    path: Path
    rows_read: int
    rows_refused: int
    focus_version: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that could not be used.

    ``line`` is the line of the text on which the row begins, the header being line 1; in Parquet, which has no
    lines, it is the number of the row, the first being 1.
    """

    file: Path
    line: int
    reason: str
