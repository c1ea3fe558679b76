"""Cost formats: the protocol they implement, and the registry of those that can be read.

A format is one module or folder and one line in `FORMATS`; its module is imported when files are examined.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from budget_tui.domain.cost import ChargeCategory
from budget_tui.domain.errors import Refused, SourceError
from budget_tui.sources.vendors import unknown

if TYPE_CHECKING:
    from budget_tui.sources.reduction import Sums

FORMATS: Mapping[str, str] = {
    "focus": "budget_tui.sources.focus.reader:Focus",
    "csv": "budget_tui.sources.delimited:Delimited",
}
"""The class of each format by its name; if two recognize a file, the first one reads it."""

LISTED_REFUSALS = 1000  # listed per file; all are counted


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
class FileRead:
    """The result of reading one file: the number of its data rows, refused ones included, and the first refusals.

    ``version`` is the version of its format, '' if it has none. ``read_as`` describes guesses about the file that its
    owner may want to check.
    """

    path: Path
    rows_read: int
    rows_refused: int
    refused: Sequence[RefusedRow] = ()
    version: str = ""
    read_as: str = ""


@dataclass(frozen=True)
class ReadOptions:
    """Options of reading. ``time_zone`` and ``currency`` are the organization's.

    ``cost_column`` is for formats with several amounts per charge; ``columns``, such as ``date=Day,amount=Net``, for
    those whose columns may have any name. ``once``, for those that do not say it themselves, makes charges one-off.
    """

    time_zone: str
    currency: str = "USD"
    tag_keys: tuple[str, ...] = ("project",)
    cost_column: str = "BilledCost"
    columns: str = ""
    once: bool = False


class UsageLine(NamedTuple):
    """A charge as read from a file. ``project`` is the tag of that name, ``category`` one of this program's.

    ``cell_day`` is its UTC day if that differs from ``day``; ``quantity`` is counted in ``unit`` (tokens, seats).
    """

    day: date
    amount: Decimal
    currency: str
    project: str = ""
    provider: str = ""
    service: str = ""
    category: str = ""
    service_category: str = ""
    account: str = ""
    sub_account: str = ""
    charge_category: str = ChargeCategory.USAGE
    cell_day: date | None = None
    unit: str = ""
    quantity: Decimal | None = None


class SourceFormat(Protocol):
    """A format of costs. ``name`` is also the default source of its costs.

    If it ``is_known_by_content``, nothing in a file names the export it belongs to: the file replaces stored costs only
    if it repeats most of them.
    """

    name: str
    title: str
    is_known_by_content: bool

    def recognizes(self, path: Path) -> bool:
        """Return whether a file is in this format, judging by its first lines."""

    def read(
        self, paths: Sequence[Path], options: ReadOptions, sums: "Sums", progress: Callable[[Path, float], None]
    ) -> Iterator[FileRead]:
        """Read files in order into ``sums``, numbered by position; ``progress`` receives a file and its percentage.

        Raises `SourceError` for a file that is in another format or damaged.
        """


def format_named(name: str) -> SourceFormat:
    """Return the format called ``name``; raises `Refused` if there is none."""
    if name.casefold() not in FORMATS:
        raise Refused(f"there is no format '{name}'", f"choose {', '.join(FORMATS)}")
    module, _, class_name = FORMATS[name.casefold()].partition(":")
    made: SourceFormat = getattr(import_module(module), class_name)()
    return made


def is_proven(path: Path) -> bool:
    """Return whether an unnamed file certainly contains costs. Raises `SourceError` if it cannot be read."""
    strict = (known for known in map(format_named, FORMATS) if not known.is_known_by_content)
    return any(known.recognizes(path) for known in strict)


def format_of(paths: Sequence[Path], name: str = "", columns: str = "") -> SourceFormat:
    """Return the format of files to be read together: the one called ``name``, or the one that recognizes them.

    ``columns`` are the user's column names, '' if none. Raises `SourceError` for files in several formats or in none.
    """
    if name:
        return format_named(name)
    formats: dict[str, tuple[SourceFormat, Path]] = {}
    candidates = [format_named(each) for each in FORMATS]
    if columns:
        return next(known for known in candidates if known.is_known_by_content)
    for path in paths:
        found = next((known for known in candidates if known.recognizes(path)), None)
        if found:
            formats.setdefault(found.name, (found, path))
    if len(formats) > 1:
        raise SourceError(
            " and ".join(f"{path} is {found.title}" for found, path in formats.values()), "import one after the other"
        )
    if not formats:
        raise unknown(paths[0])
    ((found, _),) = formats.values()
    return found
