"""Deliveries: which of the files that an export left count, and in which order.

A *cell* is a sub account on a UTC day, within one source, billing account and billing period. A *delivery* is the files
that a manifest names, else those in one folder.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

Day = int  # 20260113, as costs are stored
Cell = tuple[str, date, str, Day]  # billing account and billing period, sub account and UTC day; ids folded

_SUBSCRIPTIONS = "/subscriptions/"


def folded_account(account_id: str) -> str:
    """Return an account's or sub account's id for comparison: no case, leading zeros or ``/subscriptions/``."""
    folded = account_id.strip().casefold().removeprefix(_SUBSCRIPTIONS)
    return folded.lstrip("0") or folded[:1]


# Which files count


@dataclass(frozen=True)
class DeliveredFile:
    """A file that was read; ``content`` is the same for files with the same data, however they are packed."""

    path: Path
    cells: AbstractSet[Cell]
    content: str = ""


@dataclass
class Delivery:
    """Files that belong together; ``missing`` are those that its manifest names and that do not exist."""

    name: str
    files: list[DeliveredFile]
    delivered_at: datetime | None = None
    export: str = ""
    manifest: Path | None = None
    missing: tuple[str, ...] = ()
    declared: AbstractSet[tuple[str, date]] = field(default_factory=frozenset)  # (export, month) of the manifest

    @property
    def cells(self) -> AbstractSet[Cell]:
        return frozenset().union(*(file.cells for file in self.files))


class LeftOutFile(NamedTuple):
    """A file that does not count, and why."""

    file: str
    why: str


class Ambiguity(NamedTuple):
    """A reason, as a sentence, why files cannot be taken together, with a hint."""

    reason: str
    hint: str


@dataclass(frozen=True)
class Arrangement:
    """The deliveries that count, the oldest first; the files left out; and what must be cleared up first."""

    deliveries: Sequence[Delivery]
    left_out: Sequence[LeftOutFile]
    ambiguities: Sequence[Ambiguity]


def arrange(deliveries: Sequence[Delivery]) -> Arrangement:
    """Put deliveries into their order, without copies and without those that newer ones cover."""
    left_out: list[LeftOutFile] = []
    ambiguities: list[Ambiguity] = []
    kept = _without_copies(deliveries, left_out)
    for delivery in kept:
        if delivery.manifest is None:
            ambiguities += _unknown_parts(delivery.files)
    ambiguities += _unknown_order(kept)
    oldest_first = sorted(kept, key=lambda delivery: delivery.delivered_at or datetime.min.replace(tzinfo=UTC))
    counting: list[Delivery] = []
    covered: set[Cell] = set()
    declared: set[tuple[str, date]] = set()
    for delivery in reversed(oldest_first):
        cells = delivery.cells
        is_covered = cells <= covered if cells else bool(delivery.declared) and delivery.declared <= declared
        if counting and is_covered and (cells or delivery.missing):
            left_out += [LeftOutFile(str(file.path), "a newer delivery covers it") for file in delivery.files]
            if delivery.manifest and not delivery.files:
                left_out.append(LeftOutFile(str(delivery.manifest), "a newer delivery covers it"))
            continue
        if delivery.missing:
            more = f" and {len(delivery.missing) - 1:,} more" if len(delivery.missing) > 1 else ""
            ambiguities.append(
                Ambiguity(
                    f"{delivery.manifest} names {delivery.missing[0]}{more}, which is missing",
                    "copy the whole delivery",
                )
            )
        counting.append(delivery)
        covered |= cells
        declared |= delivery.declared | {(delivery.export, period) for _, period, _, _ in cells}
    return Arrangement(tuple(reversed(counting)), tuple(left_out), tuple(ambiguities))


def _without_copies(deliveries: Sequence[Delivery], left_out: list[LeftOutFile]) -> list[Delivery]:
    """Return the deliveries with each content once; of copies, the one in the newest delivery stays."""
    newest_first = sorted(
        deliveries, key=lambda delivery: delivery.delivered_at or datetime.min.replace(tzinfo=UTC), reverse=True
    )
    seen: dict[str, Path] = {}
    kept: dict[int, Delivery] = {}
    for delivery in newest_first:
        files = []
        for file in delivery.files:
            if file.content and (first := seen.setdefault(file.content, file.path)) != file.path:
                left_out.append(LeftOutFile(str(file.path), f"it has the same content as {first}"))
            else:
                files.append(file)
        kept[id(delivery)] = Delivery(
            delivery.name,
            files,
            delivery.delivered_at,
            delivery.export,
            delivery.manifest,
            delivery.missing,
            delivery.declared,
        )
    return [kept[id(d)] for d in deliveries if kept[id(d)].files or kept[id(d)].missing or not d.files]


def _unknown_parts(files: Sequence[DeliveredFile]) -> list[Ambiguity]:
    """Return problems of files without a manifest: cells shared outside a numbered export, and lone parts."""
    found = []
    numbered = _numbered_parts([file.path for file in files])
    owners: dict[Cell, DeliveredFile] = {}
    reported: set[tuple[Path, Path]] = set()
    for file in files:
        for cell in sorted(file.cells):
            other = owners.setdefault(cell, file)
            if other is file or numbered.get(other.path, other.path) == numbered.get(file.path, file.path):
                continue
            if (other.path, file.path) not in reported:
                reported.add((other.path, file.path))
                found.append(
                    Ambiguity(
                        f"{other.path} and {file.path} both have costs of {_cell_label(cell)}",
                        "import the newer one, or one after the other",
                    )
                )
    for file in files:
        if (number := _lone_part(file.path, numbered)) is not None:
            found.append(
                Ambiguity(
                    f"{file.path} is part {number} of an export whose other parts are missing", "import them together"
                )
            )
    return found


def _cell_label(cell: Cell) -> str:
    account, _, sub_account, day = cell
    return f"{sub_account or account or 'the same account'} on {day // 10000}-{day // 100 % 100:02}-{day % 100:02}"


EXPORT_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
"""Ends of the names of exports, by which they are found in folders."""
_OTHER_SUFFIXES = (".txt", ".snappy", ".zip")  # of files that are named one by one, or within a suffix
_SUFFIXES = re.compile(f"({'|'.join(map(re.escape, (*EXPORT_SUFFIXES, '.gz', *_OTHER_SUFFIXES)))})+$", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12]\d|3[01]))?(?!\d)")
_COPY = re.compile(r" \(\d+\)$")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PART = re.compile(r"(?:^|[-_. ])(?:part|chunk|split|slice)[-_. ]?(?:\d+[-_.])?(\d+)$|[-_.](0\d{3,})$", re.IGNORECASE)


def _stem(path: Path) -> str:
    return _SUFFIXES.sub("", path.name)


def _numbered_parts(paths: Sequence[Path]) -> dict[Path, str]:
    """Return the family of each file that is numbered as a part of one export, together with all of its parts.

    The names of a family differ only in one number, which is no date and no ``(1)`` of a second download; the numbers
    run without a gap from 0 or 1.
    """
    families: dict[tuple[Path, str], list[tuple[int, Path]]] = {}
    for path in paths:
        stem = _stem(path)
        if _COPY.search(stem):
            continue
        hidden = [match.span() for pattern in (_UUID, _DATE) for match in pattern.finditer(stem)]
        for match in _NUMBER.finditer(stem):
            if not any(start <= match.start() < end for start, end in hidden):
                name = f"{stem[: match.start()]}#{stem[match.end() :]}"
                families.setdefault((path.parent, name), []).append((int(match.group()), path))
    found: dict[Path, str] = {}
    for (folder, name), members in families.items():
        numbers = sorted({number for number, _ in members})
        if len(numbers) > 1 and numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
            found |= {path: f"{folder}/{name}" for _, path in members}
    return found


def _lone_part(path: Path, numbered: Mapping[Path, str]) -> int | None:
    """Return the number of a later part of an export whose other parts are missing; None for any other file."""
    if path in numbered:
        return None
    found = _PART.search(_stem(path))
    number = int(found.group(1) or found.group(2)) if found else 0
    return number if number > 1 else None


def _unknown_order(deliveries: Sequence[Delivery]) -> list[Ambiguity]:
    """Return a problem for each two deliveries that share cells while nothing says which is newer."""
    found = []
    owners: dict[Cell, list[Delivery]] = {}
    reported: set[tuple[int, int]] = set()
    for delivery in deliveries:
        for cell in sorted(delivery.cells):
            others = owners.setdefault(cell, [])
            for other in others:
                pair = (id(other), id(delivery))
                if pair in reported or (
                    other.delivered_at and delivery.delivered_at and other.delivered_at != delivery.delivered_at
                ):
                    continue
                reported.add(pair)
                found.append(
                    Ambiguity(
                        f"{other.name} and {delivery.name} both have costs of {_cell_label(cell)},"
                        " and nothing says which is newer",
                        "import the newer one",
                    )
                )
            others.append(delivery)
    return found


_RANGE = re.compile(r"(?<!\d)\d{8}[-_]\d{8}(?!\d)|BILLING_PERIOD=\S*", re.IGNORECASE)
_TIME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])"
    r"(?:[T _-]?([01]\d|2[0-3])[:.\-_]?([0-5]\d)(?:[:.\-_]?([0-5]\d))?)?(?:\.\d+)?Z?(?!\d)"
)


def time_in_folders(folders: Iterable[str]) -> datetime | None:
    """Return the time in the name of the innermost folder that has one, as exports name their runs; else None."""
    for name in reversed(list(folders)):
        if found := _TIME.search(_RANGE.sub("", name)):
            year, month, day, hour, minute, second = (int(text or 0) for text in found.groups())
            try:
                return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            except ValueError:
                continue
    return None
