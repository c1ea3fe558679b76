"""Formats of costs: the protocol that each follows, and the registry of those that are read.

A format is one module, or one folder, and one line in `FORMATS`. It is loaded when files are looked at.
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

if TYPE_CHECKING:
    from budget_tui.sources.reduction import Sums

FORMATS: Mapping[str, str] = {
    "focus": "budget_tui.sources.focus.reader:Focus",
    "csv": "budget_tui.sources.delimited:Delimited",
}
"""By the name that a user calls it: the class. Of two that know a file the first one reads it."""

LISTED_REFUSALS = 1000  # per file; all are counted


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
    """One file that was read: its data rows, refused ones included; the first of those that were refused.

    ``version`` is the one of its format, if there are several. ``read_as`` is what was decided about it that its
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

    ``cost_column`` is for formats that state an amount on several bases; ``columns``, such as ``date=Day,amount=Net``,
    for those whose columns have any name.
    """

    time_zone: str
    currency: str = "USD"
    tag_keys: tuple[str, ...] = ("project",)
    cost_column: str = "BilledCost"
    columns: str = ""


class UsageLine(NamedTuple):
    """A charge, as a format reads it. ``project`` is the tag of that name, ``category`` one of ours.

    ``cell_day`` is its UTC day, if that is another than ``day``; ``quantity`` is counted in ``unit`` (tokens, seats).
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
    """A format of costs. ``name`` is also the source that its costs are of, unless another is named.

    Where one ``is_known_by_content``, nothing in a file says what it is an export of: it takes the place of what is
    stored only if it repeats most of that.
    """

    name: str
    title: str
    is_known_by_content: bool

    def recognizes(self, path: Path) -> bool:
        """Tell whether a file is in this format, by its first lines."""

    def read(
        self, paths: Sequence[Path], options: ReadOptions, sums: "Sums", progress: Callable[[Path, float], None]
    ) -> Iterator[FileRead]:
        """Read files in their order into ``sums``, each numbered by its place; ``progress`` takes a file's percentage.

        Raises `SourceError` for a file that is of another format, or damaged.
        """


def format_named(name: str) -> SourceFormat:
    """The format that a user calls ``name``."""
    if name.casefold() not in FORMATS:
        raise Refused(f"there is no format '{name}'", f"there are {' and '.join(FORMATS)}")
    module, _, class_name = FORMATS[name.casefold()].partition(":")
    made: SourceFormat = getattr(import_module(module), class_name)()
    return made


def is_proven(path: Path) -> bool:
    """Tell that a file that nobody named holds costs beyond doubt. `SourceError` when it cannot be read."""
    strict = (known for known in map(format_named, FORMATS) if not known.is_known_by_content)
    return any(known.recognizes(path) for known in strict)


def format_of(paths: Sequence[Path], name: str = "", columns: str = "") -> SourceFormat:
    """The format of files that are to be read together: of that name, or the one that they are recognized by.

    ``columns`` is what was named of them. `SourceError` when they are of several formats, or of none.
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
        from budget_tui.sources.vendors import unknown

        raise unknown(paths[0])
    ((found, _),) = formats.values()
    return found
