"""The console: the only printer of the command line. Results go to standard output, all else to standard error.

Names in exports or of files may contain anything: characters that move a terminal's cursor are escaped.
"""

import codecs
import io
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from errno import EDQUOT, EFBIG, EIO, ENOSPC, EPIPE
from typing import TYPE_CHECKING, TypeVar
from unicodedata import category, east_asian_width

from budget_tui import schemas
from budget_tui.config.streams import discard_output
from budget_tui.domain.errors import BudgetError, Conflict, DatabaseNotFound, InsufficientBudget, NotFound, Refused
from budget_tui.domain.text import escaped, escaped_lines

if TYPE_CHECKING:
    from budget_tui.presentation.columns import Column
    from budget_tui.schemas.base import Json

Row = TypeVar("Row")
DEBUG_VARIABLE = "BUDGET_TUI_DEBUG"

EXIT_UNEXPECTED = 1
EXIT_REFUSED = 2
EXIT_NOT_ENOUGH = 3
EXIT_INTERRUPTED = 130
EXIT_CODES: tuple[tuple[type[BudgetError], int], ...] = (
    (InsufficientBudget, EXIT_NOT_ENOUGH),
    (NotFound, 4),
    (DatabaseNotFound, 4),
    (Conflict, 5),
)
_COLOURS = {
    "muted": "2",
    "healthy": "32",
    "under": "32",
    "warning": "33",
    "approaching": "33",
    "critical": "1;31",
    "exhausted": "1;31",
    "over": "1;31",
    "negative": "1;31",
}
"""The colours of a terminal for the styles of columns."""
_OUTPUT_ERRORS = (EPIPE, ENOSPC, EDQUOT, EFBIG, EIO)
"""Errors of standard output that other printers, such as the help, run into."""


class _Drawn(str):
    """A line of a table whose texts are escaped, with the sequences of its colours."""

    __slots__ = ()


def print_lines(*lines: str) -> None:
    """Print a result on standard output."""
    shown = (line if isinstance(line, _Drawn) else escaped_lines(line) for line in lines)
    try:
        print("\n".join(shown), flush=True)  # noqa: T201
    except OSError as error:
        raise not_written(error) or SystemExit(0) from None


def not_written(error: OSError) -> Refused | None:
    """Return the error to exit with when standard output fails; None if the reader closed it: that is no error."""
    discard_output(sys.stdout)
    if isinstance(error, BrokenPipeError):
        return None
    what = f"standard output cannot be written ({(error.strerror or str(error)).lower()})"
    return Refused(what, "make room and try again; changes that were requested are saved")


def report(*lines: str, end: str = "\n") -> None:
    """Print messages on standard error: standard output is for results alone."""
    if not lines:
        return
    try:
        print(escaped_lines("\n".join(lines)), end=end, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:  # the message is lost, but the exit code stays
        discard_output(sys.stderr)


def redraw(text: str) -> None:
    """Overwrite the current line on standard error; ``text`` must be the program's own."""
    print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)  # noqa: T201


def report_error(message: str, hint: str, code: int) -> int:
    """Print an error as one line on standard error and return ``code``."""
    line = f"{message}; {hint}" if hint else message
    report(f"error: {' '.join(line.split())}")
    return code


def print_json(result: "Json") -> None:
    """Print a result as JSON."""
    print_lines(schemas.plain.dumps(result))


def warn(warnings: Sequence[str]) -> None:
    """Print warnings on standard error."""
    report(*(f"warning: {warning}" for warning in warnings))


def terminal_width() -> int:
    """Return the width of the terminal, or what COLUMNS says; 80 without either."""
    return shutil.get_terminal_size().columns


def table(
    columns: "Sequence[Column[Row]]",
    rows: Sequence[Row],
    rewrite: Callable[[Sequence[str]], Sequence[str]] = lambda texts: texts,
    room: int | None = None,
) -> list[str]:
    """Format a header and a line per row, aligned.

    ``rewrite`` changes the texts of right-aligned columns before they are padded. Within ``room`` columns of the
    terminal, columns with a ``drop_order`` are dropped where they do not fit, 1 first.
    """
    cells = {column.key: _cells(column, rows, rewrite) for column in columns}
    if room is not None:
        from budget_tui.presentation.columns import droppable

        for column in droppable(columns):
            if sum(_width(texts[0]) + 2 for texts in cells.values()) - 2 > room:
                del cells[column.key]

    shown = [column for column in columns if column.key in cells]
    lines = list(zip(*cells.values(), strict=True))
    if not _is_coloured():
        return ["  ".join(texts).rstrip() for texts in lines]

    def drawn(row: Row, texts: Sequence[str]) -> str:
        styled = (_coloured(text, column.style_of(row)) for column, text in zip(shown, texts, strict=True))
        return _Drawn("  ".join(styled).rstrip())

    return [_Drawn(_coloured("  ".join(lines[0]).rstrip(), "muted")), *map(drawn, rows, lines[1:])]


def _is_coloured() -> bool:
    """Return whether tables have colours: on a terminal that has some, unless NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _coloured(text: str, style: str) -> str:
    """Colour what is written in a cell, but not the blanks beside it."""
    written = text.strip()
    code = _COLOURS.get(style)
    return text.replace(written, f"\x1b[{code}m{written}\x1b[0m", 1) if code and written else text


def _cells(column: "Column[Row]", rows: Sequence[Row], rewrite: Callable[[Sequence[str]], Sequence[str]]) -> list[str]:
    """Return the header and the texts of a column, padded to the widest."""
    texts: Sequence[str] = [escaped(column.text(row)) for row in rows]
    is_left = column.align == "left"
    texts = [column.label.upper(), *(texts if is_left else rewrite(texts))]
    width = max(map(_width, texts))
    gaps = (" " * (width - _width(text)) for text in texts)
    return [text + gap if is_left else gap + text for text, gap in zip(texts, gaps, strict=True)]


def _width(text: str) -> int:
    """Return the terminal columns of ``text``: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    widths = {"Mn": 0, "Me": 0, "Cf": 0}
    return sum(widths.get(category(sign), 1 + (east_asian_width(sign) in "WF")) for sign in text)


def exit_code_of(carry_out: Callable[[], object]) -> int:
    """Run ``carry_out`` and return its exit code. Every error that a user can cause is one line on standard error."""
    _replace_what_cannot_be_encoded()
    try:
        code = carry_out()
    except BudgetError as error:
        return report_error(error.message, error.command or error.hint, _exit_code(error))
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except SystemExit as end:  # raised by completion, and when nobody reads the output any more
        code = end.code
    except UnicodeEncodeError as error:
        sign = ascii(error.object[error.start : error.end])
        return report_error(
            f"{sign} is no text in UTF-8", "type it again, or check the terminal's encoding", EXIT_REFUSED
        )
    except OSError as error:
        if error.filename is not None or error.errno not in _OUTPUT_ERRORS:
            return _unexpected(error)
        refused = not_written(error)
        return report_error(refused.message, refused.hint, EXIT_REFUSED) if refused else 0
    except Exception as error:
        return _unexpected(error)
    if code == EXIT_INTERRUPTED:
        return report_error("interrupted", "nothing was left half done", EXIT_INTERRUPTED)
    return code if isinstance(code, int) else 0


_PLAIN = {
    "●": "*",
    "▲": "!",
    "◆": "!",
    "✕": "x",
    "○": "-",
    "━": "=",
    "╾": "=",
    "─": "-",
    "╋": "|",
    "┼": "|",
    "▶": ">",
    "▒": "%",
    "–": "-",
    "…": ".",
    "→": ">",
    "≤": "<",
    "·": "-",
    "×": "x",
    "∞": "~",
    "⏎": "^",
}
"""Characters to print for those that the terminal's encoding may lack; each as wide, so that columns stay aligned."""


def _plain_or_escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace a character that cannot be encoded by a plain one, or else escape it."""
    if isinstance(error, UnicodeEncodeError) and (plain := _PLAIN.get(error.object[error.start])):
        return plain, error.start + 1
    return codecs.backslashreplace_errors(error)


def _replace_what_cannot_be_encoded() -> None:
    """Print plain characters for those that the terminal's encoding lacks, rather than fail."""
    codecs.register_error("plain", _plain_or_escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _unexpected(error: Exception) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        import traceback

        report(traceback.format_exc())
    return report_error(
        f"unexpected {type(error).__name__}: {error}",
        f"{DEBUG_VARIABLE}=1 shows where; please report it",
        EXIT_UNEXPECTED,
    )


def _exit_code(error: BudgetError) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), EXIT_REFUSED)
