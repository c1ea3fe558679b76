"""On which line of a CSV file a row stands."""

import csv
from collections.abc import Sequence
from pathlib import Path

from budget_tui.sources.focus.files import Kind, chunks, open_text, reading


def lines_of(path: Path, kind: Kind, rows: Sequence[int], row_count: int) -> list[int]:
    """The lines on which these ``rows`` begin (both counted from 1; the header is line 1), in ascending order.

    ``row_count`` is how many rows the file has. Only when there are more lines than that, from blank ones or
    line breaks inside of fields, must the text be taken apart.
    """
    if _line_count(path, kind) == row_count + 1:
        return [row + 1 for row in rows]
    return _lines_by_reading(path, kind, rows)


def _line_count(path: Path, kind: Kind) -> int:
    count, last = 0, b"\n"
    for chunk in chunks(path, kind):
        count += chunk.count(b"\n")
        last = chunk[-1:]
    return count + (last != b"\n")


def _lines_by_reading(path: Path, kind: Kind, rows: Sequence[int]) -> list[int]:
    found: list[int] = []
    with reading(path), open_text(path, kind) as file:
        reader = csv.reader(file)
        line, row = 1, -1  # the header is row 0
        for fields in reader:
            row += bool(fields)
            if fields and row == rows[len(found)]:
                found.append(line)
                if len(found) == len(rows):
                    break
            line = reader.line_num + 1
    return found
