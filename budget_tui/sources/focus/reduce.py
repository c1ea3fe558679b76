"""The way in: reads FOCUS exports, however many and large, and reduces them to daily costs."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from budget_tui.domain.errors import Refused
from budget_tui.sources.focus.daily import DailySums
from budget_tui.sources.focus.engine import Engine
from budget_tui.sources.focus.inputs import Wanted
from budget_tui.sources.focus.reader import Reader
from budget_tui.sources.focus.report import FileRead, RefusedRow, Rollup


def reduce_files(
    paths: Sequence[Path],
    *,
    source: str,
    time_zone: str,
    tag_keys: Sequence[str] = ("project",),
    cost_column: str = "BilledCost",
    progress: Callable[[int], None] | None = None,
) -> Rollup:
    """Daily costs of all ``paths`` together, in one streaming pass over each.

    Charges are dated in ``time_zone`` (a name such as ``Europe/Berlin``) where they don't span whole UTC days.
    Of the tags only ``tag_keys`` are kept. ``progress`` hears the percentage done, never going back.
    Rows that cannot be used are left out and reported. Raises `SourceError` for a file that is not FOCUS or is
    damaged, `Refused` for an unknown time zone or a day's sum out of range.
    """
    _check_time_zone(time_zone)
    wanted = Wanted(cost_column, tuple(dict.fromkeys(key.strip().lower() for key in tag_keys)))
    sums = DailySums(source, wanted.tag_keys)
    meter = _Meter(paths, progress)
    files: list[FileRead] = []
    refused: list[RefusedRow] = []
    refused_count = 0
    with Engine() as engine:
        reader = Reader(engine, wanted, time_zone)
        for path in paths:
            read = reader.read(path, partial(meter.within, path))
            sums.add(read.rows)
            files.append(FileRead(path, read.rows_read, read.focus_version))
            refused += read.refused
            refused_count += read.refused_count
            meter.done_with(path)
    return Rollup(
        files=tuple(files),
        daily=sums.daily(),
        refused=tuple(refused),
        refused_count=refused_count,
        rows_read=sum(file.rows_read for file in files),
        billed_total=sums.totals(),
    )


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused(f"there is no time zone '{name}'", "give a name such as Europe/Berlin") from error


class _Meter:
    """Turns how far one file is into how far all are, by their sizes."""

    def __init__(self, paths: Sequence[Path], hear: Callable[[int], None] | None) -> None:
        self._hear = hear
        self._sizes = {path: path.stat().st_size if path.exists() else 0 for path in paths}
        self._all_bytes = sum(self._sizes.values()) or 1
        self._done_bytes = 0
        self._told = -1

    def within(self, path: Path, percent: float) -> None:
        self._tell(self._done_bytes + self._sizes[path] * min(percent, 100.0) / 100)

    def done_with(self, path: Path) -> None:
        self._done_bytes += self._sizes[path]
        self._tell(self._done_bytes)

    def _tell(self, done_bytes: float) -> None:
        percent = int(100 * done_bytes / self._all_bytes)
        if self._hear and percent > self._told:
            self._told = percent
            self._hear(percent)
