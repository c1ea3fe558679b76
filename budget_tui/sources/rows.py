"""Small files of rows with the same fields, in YAML, JSON or CSV: each row with the line that it begins on.

Every value is text. A YAML loader would not keep it so: it would turn the ids ``007``, ``no`` and ``2026-01-01``
into a number, a boolean and a date, and make floats of amounts.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from budget_tui.domain.errors import SourceError

_YAML, _CSV = (".yaml", ".yml", ".json"), (".csv",)
Row = tuple[str, Mapping[str, str]]
"""The place of a row, ``entities.yaml:3``, and its cells by the name of their field."""


class RowKind(NamedTuple):
    """The fields that rows may have, what they are called together, and the beginning of one as an example."""

    fields: Sequence[str]
    noun: str
    example: str


def read_rows(path: Path, kind: RowKind) -> Iterator[Row]:
    """Yield the rows of a file; raises `SourceError` if it has none such."""
    suffix = path.suffix.casefold()
    if suffix not in (*_YAML, *_CSV):
        raise SourceError(f"{path} ends in neither .csv, .yaml nor .json", "rename it")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start:,})", "save it as UTF-8") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {(error.strerror or '').lower()}") from None
    rows = _yaml_rows(path, text, kind) if suffix in _YAML else _csv_rows(path, text, kind)
    for where, row in rows:
        cells = {name.strip().casefold(): value.strip() for name, value in row.items()}
        _require_known(where, cells, kind)
        yield where, cells


def _yaml_rows(path: Path, text: str, kind: RowKind) -> Iterator[Row]:
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
                    raise _no_list(path, event.start_mark.line, kind)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark and _open_brackets(text[: mark.index]) > 2:  # the parser gives up before it emits the events for these
            raise _no_list(path, mark.line, kind) from None
        what = getattr(error, "problem", None) or "it holds control characters"
        raise SourceError(f"{path}{f':{mark.line + 1}' if mark else ''} is not YAML: {what}") from None


def _no_list(path: Path, line: int, kind: RowKind) -> SourceError:
    return SourceError(f"{path}:{line + 1} is not a list of {kind.noun}", f"write each as '- {kind.example}'")


def _open_brackets(text: str) -> int:
    return sum(map(text.count, "[{")) - sum(map(text.count, "]}"))


def _cells(where: str, words: Sequence[str]) -> dict[str, str]:
    names = words[::2]
    for position, name in enumerate(names):
        if name in names[:position]:
            raise SourceError(f"{where} says '{name}' twice", "name it once")
    return dict(zip(names, words[1::2], strict=True))


def _csv_rows(path: Path, text: str, kind: RowKind) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _require_known(f"{path}:1", reader.fieldnames or (), kind)
        for row in reader:
            where = f"{path}:{reader.line_num}"
            if None in row:
                raise SourceError(f"{where} has more cells than the header", "put quotes around a comma in a name")
            yield where, {name: value or "" for name, value in row.items()}
    except csv.Error as error:
        raise SourceError(f"{path}:{reader.line_num} is not CSV: {error}") from None


def _require_known(where: str, names: Iterable[str], kind: RowKind) -> None:
    for name in names:
        if name.strip().casefold() not in kind.fields:
            raise SourceError(f"{where} has '{name}'", f"there are {', '.join(kind.fields)}")
