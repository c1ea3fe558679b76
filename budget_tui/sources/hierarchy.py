"""The hierarchy as a file: a list of entities with id, name, level and parent, in YAML or CSV.

Every value is text. A YAML loader would not keep it so: it would turn the ids ``007``, ``no`` and ``2026-01-01``
into a number, a boolean and a date.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from budget_tui.domain.errors import Refused, SourceError
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.tree import Placement

FIELDS = ("id", "name", "level", "parent")


class Format(StrEnum):
    """A format of a hierarchy file."""

    YAML = "yaml"
    CSV = "csv"


_FORMATS = {".yaml": Format.YAML, ".yml": Format.YAML, ".csv": Format.CSV}


def format_of(name: str, path: Path | None = None) -> Format:
    """Return the format of that name, otherwise the one of the suffix of ``path``, otherwise YAML."""
    if name and name.casefold() not in list(Format):
        raise Refused(f"'{name}' is not a format", "there are yaml and csv")
    if name or path is None:
        return Format(name.casefold() or Format.YAML)
    if path.suffix.casefold() not in _FORMATS:
        raise Refused(f"{path} ends in neither .yaml nor .csv", "rename it")
    return _FORMATS[path.suffix.casefold()]


def written(entities: Iterable[Entity], form: Format) -> str:
    """Format the entities below the root as a file."""
    rows = [
        dict(zip(FIELDS, (known.entity_id, known.name, known.level_code, known.parent_id), strict=True))
        for known in entities
        if known.parent_id
    ]
    if form is Format.YAML:
        import yaml

        return str(yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=1000))
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read(path: Path) -> list[Placement]:
    """Read the entities of a file. Raises `SourceError` or `Refused` if it does not describe a hierarchy."""
    form = format_of("", path)
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start:,})", "save it as UTF-8") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {(error.strerror or '').lower()}") from None
    rows = _yaml_rows(path, text) if form is Format.YAML else _csv_rows(path, text)
    return [_placement(where, row) for where, row in rows]


def _yaml_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Read the parser's events: loading objects would recurse as deep as the file nests, and crash."""
    import yaml

    depth, cells, first = 0, list[str](), 0
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)):
            match depth, type(event).__name__:
                case 0, "StreamStartEvent" | "DocumentStartEvent" | "DocumentEndEvent" | "StreamEndEvent":
                    pass
                case (0, "SequenceStartEvent") | (1, "MappingStartEvent"):
                    depth, cells, first = depth + 1, [], event.start_mark.line + 1
                case (1, "SequenceEndEvent") | (2, "MappingEndEvent"):
                    depth -= 1
                    if depth:
                        yield f"{path}:{first}", _cells(f"{path}:{first}", cells)
                case 2, "ScalarEvent":
                    cells.append(event.value)
                case _:
                    raise _no_list(path, event.start_mark.line)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark and _open_brackets(text[: mark.index]) > 2:  # the parser gives up before it emits the events for these
            raise _no_list(path, mark.line) from None
        what = getattr(error, "problem", None) or "it holds control characters"
        raise SourceError(f"{path}{f':{mark.line + 1}' if mark else ''} is not YAML: {what}") from None


def _no_list(path: Path, line: int) -> SourceError:
    return SourceError(f"{path}:{line + 1} is not a list of entities", "write each as '- id: DEPT-ENG'")


def _open_brackets(text: str) -> int:
    return sum(map(text.count, "[{")) - sum(map(text.count, "]}"))


def _cells(where: str, words: Sequence[str]) -> dict[str, str]:
    names = words[::2]
    for position, name in enumerate(names):
        if name in names[:position]:
            raise SourceError(f"{where} says '{name}' twice", "name it once")
    return dict(zip(names, words[1::2], strict=True))


def _csv_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _require_known(f"{path}:1", reader.fieldnames or ())
        for row in reader:
            where = f"{path}:{reader.line_num}"
            if None in row:
                raise SourceError(f"{where} has more cells than the header", "put quotes around a comma in a name")
            yield where, {name: value or "" for name, value in row.items()}
    except csv.Error as error:
        raise SourceError(f"{path}:{reader.line_num} is not CSV: {error}") from None


def _require_known(where: str, names: Iterable[str]) -> None:
    for name in names:
        if name.strip().casefold() not in FIELDS:
            raise SourceError(f"{where} has '{name}'", f"there are {', '.join(FIELDS)}")


def _placement(where: str, row: Mapping[str, str]) -> Placement:
    cells = {name.strip().casefold(): value.strip() for name, value in row.items()}
    _require_known(where, cells)
    if not cells.get("id"):
        raise SourceError(f"{where} has no id", f"give {', '.join(FIELDS)}")
    return Placement(cells["id"], cells.get("name", ""), cells.get("level", ""), cells.get("parent", ""))
