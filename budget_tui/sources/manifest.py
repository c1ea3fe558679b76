"""The files that a user names, grouped into deliveries: by manifests, otherwise by folders."""

import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from budget_tui.domain.delivery import DeliveredFile, Delivery, LeftOutFile, time_in_folders
from budget_tui.domain.errors import SourceError
from budget_tui.sources.base import is_proven
from budget_tui.sources.files import (
    KNOWN,
    Kind,
    chunks,
    find_files,
    is_named_as_export,
    kind_of,
    reading,
    require_narrow,
)
from budget_tui.sources.reduction import Reduction

_MAX_MONTHS = 1200


@dataclass(frozen=True)
class Manifest:
    """The description of a delivery in a manifest: its files, its export, its time, its billing months.

    AWS Data Exports write ``…-Manifest.json`` with ``dataFiles``, Azure's exports ``manifest.json`` with ``blobs``
    and ``runInfo``. Each part may be missing.
    """

    path: Path
    names: tuple[str, ...]
    export: str
    written_at: datetime | None
    months: frozenset[date]


@dataclass(frozen=True)
class Found:
    """The exports that patterns matched, the files left out, and the manifests."""

    paths: tuple[Path, ...]
    left_out: tuple[LeftOutFile, ...]
    manifests: tuple[Manifest, ...]
    folders: Mapping[Path, tuple[str, ...]]  # of each export, from the named path down to the file

    def deliveries(self, reduction: Reduction) -> list[Delivery]:
        """Return the deliveries that the files form, each with the cells that ``reduction`` found in it."""
        # A single file can be neither a duplicate nor in conflict with another.
        cells, contents = (reduction.cells(), _contents(reduction)) if len(reduction.files) > 1 else ({}, {})
        files = {
            file.path: DeliveredFile(file.path, frozenset(cells.get(number, ())), contents.get(number, ""))
            for number, file in enumerate(reduction.files)
        }
        claims = _claims(self.manifests, self.paths)
        found = []
        by_folder: defaultdict[Path, list[Path]] = defaultdict(list)
        claimed = {path for paths in claims.values() for path in paths.values()}
        for path in self.paths:
            if path not in claimed:
                by_folder[path.parent].append(path)
        beside = {}  # manifests without file names describe their folder
        for manifest in self.manifests:
            if not manifest.names:
                beside[manifest.path.parent] = manifest
                continue
            named = claims[manifest.path]
            found.append(
                Delivery(
                    str(manifest.path),
                    [files[path] for path in dict.fromkeys(named.values())],
                    manifest.written_at or time_in_folders(manifest.path.parent.parts[-3:]),
                    manifest.export,
                    manifest.path,
                    tuple(name for name in manifest.names if name not in named),
                    frozenset((manifest.export, month) for month in manifest.months),
                )
            )
        for folder, paths in by_folder.items():
            said = beside.get(folder)
            found.append(
                Delivery(
                    str(folder),
                    [files[path] for path in paths],
                    (said and said.written_at) or time_in_folders(self.folders[paths[0]]),
                    said.export if said else "",
                )
            )
        return found


def find_deliveries(patterns: Sequence[str | Path]) -> Found:
    """Find the exports that ``patterns`` name: files, folders with everything below them, or globs (``**`` too).

    Other files in a folder are left out. Raises `SourceError` for a pattern that matches nothing, or no export.
    """
    for pattern in patterns:
        if not str(pattern).strip():
            raise SourceError("no file was named", "name a file, a folder or a pattern such as exports/*.csv")
    try:
        return _find(patterns)
    except (OSError, RuntimeError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)[-200:]
        raise SourceError(
            f"{', '.join(map(str, patterns))[:200]} cannot be read ({why})", "check it and its permissions"
        ) from None


def _find(patterns: Sequence[str | Path]) -> Found:
    paths: dict[Path, Path] = {}  # by resolved path, so that each file occurs once
    folders: dict[Path, tuple[str, ...]] = {}
    left_out: list[LeftOutFile] = []
    manifests: dict[Path, Manifest] = {}
    # A manifest stands for the folder that it describes.
    named_files = [named.parent if _is_manifest(named) else named for named in find_files(patterns)]
    for named in named_files:
        if named.is_dir():
            require_narrow(named)
    for named in named_files:
        if not named.is_dir():
            if paths.setdefault(named.resolve(), named) is named:
                folders[named] = (named.resolve().parent.name,)
            continue
        exports = 0
        for file in _below(named, left_out):
            if (manifest := _manifest(file)) is not None:
                manifests.setdefault(file.resolve(), manifest)
            elif why := _why_left_out(file):
                left_out.append(LeftOutFile(str(file), why))
            else:
                exports += 1
                if paths.setdefault(file.resolve(), file) is file:
                    folders[file] = (named.resolve().name, *file.relative_to(named).parts[:-1])
        if not exports and not any(manifest.names for manifest in manifests.values()):
            raise SourceError(f"there is no export in {named}", KNOWN)
    return Found(tuple(paths.values()), tuple(left_out), tuple(manifests.values()), folders)


def _is_manifest(path: Path) -> bool:
    return not path.is_dir() and _manifest(path) is not None


def _below(folder: Path, left_out: list[LeftOutFile]) -> list[Path]:
    """Return every file below ``folder``, sorted by name; hidden ones are skipped, links to folders are not followed.

    Folders that cannot be read are added to ``left_out``; those that vanish meanwhile are nobody's loss.
    """

    def name_unreadable(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            left_out.append(LeftOutFile(str(error.filename), f"it cannot be read ({error.strerror})"))

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=name_unreadable):
        links = [name for name in folders if Path(place, name).is_symlink()]
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in (*files, *links) if not name.startswith(".")]
    return sorted(found)


def _why_left_out(path: Path) -> str:
    """Return why a file in a folder is not an export; '' for one that is read."""
    if path.is_dir():
        return "it is a link to a folder, which is not followed"
    if not path.is_file():
        return "it is not a regular file"
    try:
        if not path.stat().st_size:  # those of the system that never end have no size either
            return "is empty"
        kind_of(path)
        return "" if is_named_as_export(path) or is_proven(path) else "it is no export of costs"
    except SourceError as error:
        return str(error).removeprefix(f"{path} ")


def _manifest(path: Path) -> Manifest | None:
    """Parse ``path`` if it is a manifest; otherwise return None."""
    name = path.name.casefold()
    if not (name == "manifest.json" or name.endswith("-manifest.json")) or not path.is_file():
        return None
    try:
        with reading(path):
            text = path.read_text(encoding="utf-8-sig")
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise SourceError(f"{path} is not JSON", "copy the whole delivery") from None
    if not isinstance(said, dict):
        return None
    run, config = _object(said.get("runInfo")), _object(said.get("exportConfig"))
    billing = _object(said.get("billingPeriod"))
    files = (
        said.get("dataFiles")
        or said.get("reportKeys")
        or [_object(b).get("blobName") for b in _list(said.get("blobs"))]
    )
    export = _first(
        config.get("resourceId"),
        config.get("exportName"),
        said.get("exportArn"),
        said.get("exportName"),
        said.get("reportName"),
    )
    written = _first(run.get("submittedTime"), said.get("createdAt"), said.get("creationTime"), said.get("lastUpdated"))
    start, end = _first(run.get("startDate"), billing.get("start")), _first(run.get("endDate"), billing.get("end"))
    return Manifest(
        path,
        tuple(dict.fromkeys(text for text in _list(files) if isinstance(text, str) and text)),
        export.casefold(),
        _moment(written) or time_in_folders(path.parent.parts[-3:]),
        _months(_day(start), _day(end)) or _months_in_name(path.parent),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _first(*values: Any) -> str:
    return next((value for value in values if isinstance(value, str) and value.strip()), "").strip()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> date | None:
    found = re.match(r"(\d{4})-?(\d\d)-?(\d\d)", text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _months(first: date | None, last: date | None) -> frozenset[date]:
    if first is None:
        return frozenset()
    months: set[date] = set()
    month, end = first.replace(day=1), last or first
    while (month <= end.replace(day=1) and len(months) < _MAX_MONTHS) or not months:
        months.add(month)
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    if last and last.day == 1 and len(months) > 1:
        months.discard(last)  # an end on the first of the next month is exclusive
    return frozenset(months)


def _months_in_name(folder: Path) -> frozenset[date]:
    """Return the months in the names of a run's folders: ``20240901-20240930``, ``BILLING_PERIOD=2024-09``."""
    for name in reversed(folder.parts[-3:]):
        if found := re.search(r"(?<!\d)(\d{8})[-_](\d{8})(?!\d)", name):
            return _months(_day(found[1]), _day(found[2]))
        if found := re.search(r"BILLING_PERIOD=(\d{4}-\d\d)", name, re.IGNORECASE):
            return _months(_day(f"{found[1]}-01"), None)
    return frozenset()


def _claims(manifests: Sequence[Manifest], paths: Sequence[Path]) -> dict[Path, dict[str, Path]]:
    """Match files to the names in manifests: to each name the file whose path has the longest common end.

    Each file is used once. If only the file's own name matches, it must be beside the manifest.
    """
    by_name: defaultdict[str, list[Path]] = defaultdict(list)
    for path in paths:
        by_name[path.name].append(path)
    candidates = []
    for manifest in manifests:
        for name in manifest.names:
            segments = [segment for segment in re.split(r"[/\\]+", name) if segment]
            for path in by_name.get(segments[-1], ()) if segments else ():
                tail = _common_tail(segments, path.resolve().parts)
                is_beside = path.parent == manifest.path.parent
                if tail > 1 or is_beside or len(by_name[segments[-1]]) == len(manifests) == 1:
                    candidates.append((tail, is_beside, manifest.path, name, path))
    claims: dict[Path, dict[str, Path]] = {manifest.path: {} for manifest in manifests}
    taken: set[Path] = set()
    for _, _, manifest_path, name, path in sorted(candidates, key=lambda each: each[:2], reverse=True):
        if name not in claims[manifest_path] and path not in taken:
            claims[manifest_path][name] = path
            taken.add(path)
    return claims


def _common_tail(one: Sequence[str], other: Sequence[str]) -> int:
    length = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        length += 1
    return length


def _contents(reduction: Reduction) -> dict[int, str]:
    """Return a key for the content of each file; files with the same data, compressed or not, have the same."""
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for number, sums in reduction.sums_by_file().items():
        alike[sums].append(number)
    found: dict[int, str] = {}
    for sums, numbers in alike.items():
        if len(numbers) < 2:
            continue
        paths = [reduction.files[number].path for number in numbers]
        kinds = [kind_of(path) for path in paths]
        if len({kind is Kind.PARQUET for kind in kinds}) > 1:
            found |= dict.fromkeys(numbers, sums)  # the same rows once as text and once as Parquet
            continue
        for number, path, kind in zip(numbers, paths, kinds, strict=True):
            digest = hashlib.sha256()
            for chunk in chunks(path, kind):
                digest.update(chunk)
            found[number] = digest.hexdigest()
    return found
