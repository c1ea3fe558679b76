"""The hierarchy as a file: a list of entities with id, name, level and parent, in YAML or CSV."""

import csv
import io
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from budget_tui.domain.errors import Refused, SourceError
from budget_tui.domain.hierarchy import Entity
from budget_tui.domain.tree import Placement
from budget_tui.sources.rows import RowKind, read_rows

FIELDS = ("id", "name", "level", "parent")
_ENTITIES = RowKind(FIELDS, "entities", "id: DEPT-ENG")


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
    return [_placement(where, row) for where, row in read_rows(path, _ENTITIES)]


def _placement(where: str, cells: Mapping[str, str]) -> Placement:
    if not cells.get("id"):
        raise SourceError(f"{where} has no id", f"give {', '.join(FIELDS)}")
    return Placement(cells["id"], cells.get("name", ""), cells.get("level", ""), cells.get("parent", ""))
