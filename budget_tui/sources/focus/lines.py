"""On which line of a CSV file a row stands."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from budget_tui.sources.focus.dialect import Dialect, long_fields
from budget_tui.sources.focus.files import Kind, chunks, open_text, reading


def lines_of(path: Path, kind: Kind, dialect: Dialect, rows: Sequence[int], row_count: int) -> list[int]:
    """The lines on which these ``rows`` begin (both counted from 1; the header is no row), in ascending order.

    ``row_count`` is how many rows the file has. Only when there are more lines than that, from blank ones or
    line breaks inside of fields, must the text be taken apart.
    """
    if _line_count(path, kind) == row_count + dialect.header_end:
        return [row + dialect.header_end for row in rows]
    return _lines_by_reading(path, kind, dialect, rows)


def _line_count(path: Path, kind: Kind) -> int:
    count, last = 0, b"\n"
    for chunk in chunks(path, kind):
        count += chunk.count(b"\n")
        last = chunk[-1:]
    return count + (last != b"\n")


def _lines_by_reading(path: Path, kind: Kind, dialect: Dialect, rows: Sequence[int]) -> list[int]:
    found: list[int] = []
    with reading(path), long_fields(), open_text(path, kind) as file:
        reader = dialect.rows(islice(file, dialect.header_end, None))
        line, row = dialect.header_end + 1, 0
        for fields in reader:
            row += bool(fields)
            if fields and row == rows[len(found)]:
                found.append(line)
                if len(found) == len(rows):
                    break
            line = dialect.header_end + reader.line_num + 1
    return found
