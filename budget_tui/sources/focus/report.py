"""What reading FOCUS exports gave: daily costs, and what could not be used."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from budget_tui.domain.cost import DailyCost


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file that was read: its data rows, refused ones included, and the version its columns tell."""

    path: Path
    rows_read: int
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


@dataclass(frozen=True, slots=True)
class Rollup:
    """Everything that a set of files said, read as one."""

    files: tuple[FileRead, ...]
    daily: tuple[DailyCost, ...]
    refused: tuple[RefusedRow, ...]  # the first ones of each file; refused_count counts all
    refused_count: int
    rows_read: int
    billed_total: dict[str, Decimal]  # per currency, exact, over the rows that were used
