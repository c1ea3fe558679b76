"""The console: the only printer of the command line. Results go to standard output, all else to standard error.

Names in exports or of files may contain anything: characters that move a terminal's cursor are escaped.
"""

import codecs
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from errno import EDQUOT, EFBIG, EIO, ENOSPC, EPIPE
from itertools import zip_longest
from typing import TYPE_CHECKING, TextIO, TypeVar
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
_GAP = "  "
_MIN_TEXT = 10
"""Cells that a text keeps where nothing else is declared."""
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


@contextmanager
def reading_progress() -> Iterator[Callable[[int], None] | None]:
    """Show a progress bar while reading, on a terminal only; it is erased afterwards."""
    if not sys.stderr.isatty():
        yield None
        return

    from fractions import Fraction

    from budget_tui.presentation.formatting import bar

    def show(percent: int) -> None:
        redraw(f"reading {bar(Fraction(percent, 100), 30)} {percent:3}%")

    try:
        yield show
    finally:
        redraw("")


def report_error(error: BudgetError, code: int = EXIT_REFUSED) -> int:
    """Print an error as one line on standard error and return ``code``."""
    report(f"error: {' '.join(error.at_terminal.split())}")
    return code


def print_json(result: "Json") -> None:
    """Print a result as JSON."""
    print_lines(schemas.plain.dumps(result))


def warn(warnings: Sequence[str]) -> None:
    """Print warnings on standard error."""
    report(*prose([f"warning: {warning}" for warning in warnings], sys.stderr))


def table(
    columns: "Sequence[Column[Row]]",
    rows: Sequence[Row],
    rewrite: Callable[[Sequence[str]], Sequence[str]] = lambda texts: texts,
) -> list[str]:
    """Format a header and the rows, aligned; no wider than the terminal, if standard output is one.

    ``rewrite`` changes the texts of right-aligned columns before they are padded. Where there is no room, columns with
    a ``drop_order`` are dropped, and texts are shortened or, in a column that ``wraps``, continued on further lines.
    """
    from budget_tui.presentation.columns import Fitting

    columns = [
        replace(column, shrinks_to=_MIN_TEXT) if column.align == "left" and not column.shrinks_to else column
        for column in columns
    ]
    texts = {column.key: _texts(column, rows, rewrite) for column in columns}
    widths = {key: max(map(_width, each)) for key, each in texts.items()}
    fitting = Fitting(columns, widths, room=_room() or sys.maxsize, gap=len(_GAP))
    fitting.drop()
    fitting.shrink()
    shown, widths = fitting.shown, fitting.widths
    is_coloured = _is_coloured()
    lines: list[str] = []
    for number, row in enumerate((None, *rows)):
        cells = [_lines_of(texts[column.key][number], column, widths[column.key]) for column in shown]
        for pieces in zip_longest(*cells, fillvalue=""):
            padded = [_padded(piece, column, widths[column.key]) for piece, column in zip(pieces, shown, strict=True)]
            if not is_coloured:
                lines.append(_GAP.join(padded).rstrip())
            elif row is None:
                lines.append(_Drawn(_coloured(_GAP.join(padded).rstrip(), "muted")))
            else:
                styled = (_coloured(text, column.style_of(row)) for text, column in zip(padded, shown, strict=True))
                lines.append(_Drawn(_GAP.join(styled).rstrip()))
    return lines


def prose(lines: Sequence[str], stream: TextIO | None = None) -> list[str]:
    """Continue lines that are wider than the terminal on further ones, indented, rather than within a word.

    ``stream`` is where they are printed, standard output by default.
    """
    room = _room(stream)
    if room is None:
        return [*lines]
    from textwrap import wrap

    return [piece for line in lines for piece in wrap(line, room, subsequent_indent="  ") or [""]]


def listing(lines: Sequence[str]) -> list[str]:
    """Cut the beginning of paths in lines that are wider than the terminal: it is their ends that differ."""
    from budget_tui.presentation.formatting import is_path

    room = _room()
    return [
        f"{line[: -len(text)]}{_end(text, room - _width(line) + _width(text))}"
        if room is not None and _width(line) > room and is_path(text := line.lstrip())
        else line
        for line in lines
    ]


def _room(stream: TextIO | None = None) -> int | None:
    """Return the width of the terminal, or what COLUMNS says; None where ``stream``, standard output by default, is
    none: nothing is cut."""
    return shutil.get_terminal_size().columns if (stream or sys.stdout).isatty() else None


def _texts(column: "Column[Row]", rows: Sequence[Row], rewrite: Callable[[Sequence[str]], Sequence[str]]) -> list[str]:
    """Return the header and the texts of a column."""
    texts: Sequence[str] = [escaped(column.text(row)) for row in rows]
    return [column.label.upper(), *(texts if column.align == "left" else rewrite(texts))]


def _lines_of(text: str, column: "Column[Row]", width: int) -> list[str]:
    """Return ``text`` in lines of at most ``width`` cells."""
    if _width(text) <= width:
        return [text]
    if not column.wraps:
        return [_end(text, width) if column.keeps_end(text) else _shortened(text, width)]
    lines: list[str] = []
    for word in text.split():
        if lines and _width(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
            continue
        rest = word
        while _width(rest) > width:
            lines.append(_beginning(rest, width))
            rest = rest[len(lines[-1]) :]
        lines.append(rest)
    return lines


def _shortened(text: str, width: int) -> str:
    """Cut ``text`` to at most ``width`` cells, between two words if one ends in the second half."""
    cut = _beginning(text, width - 1)
    words, _, _ = f"{cut}{text[len(cut)]}".rpartition(" ")
    return f"{(words if _width(words) >= width // 2 else cut).rstrip()}…"


def _end(text: str, width: int) -> str:
    """Cut the beginning of ``text`` so that at most ``width`` cells are left, but one character at least."""
    start = 0
    while start < len(text) - 1 and _width(text[start:]) > width - 1:
        start += 1
    return f"…{text[start:]}"


def _beginning(text: str, width: int) -> str:
    """Return as much of ``text`` as fits into ``width`` cells, but one character at least."""
    end = len(text)
    while end > 1 and _width(text[:end]) > width:
        end -= 1
    return text[:end]


def _padded(text: str, column: "Column[Row]", width: int) -> str:
    gap = " " * (width - _width(text))
    return text + gap if column.align == "left" else gap + text


def _is_coloured() -> bool:
    """Return whether tables have colours: on a terminal that has some, unless NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _coloured(text: str, style: str) -> str:
    """Colour what is written in a cell, but not the blanks beside it."""
    written = text.strip()
    code = _COLOURS.get(style)
    return text.replace(written, f"\x1b[{code}m{written}\x1b[0m", 1) if code and written else text


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
        return report_error(error, _exit_code(error))
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except SystemExit as end:  # raised by completion, and when nobody reads the output any more
        code = end.code
    except UnicodeEncodeError as error:
        sign = ascii(error.object[error.start : error.end])
        return report_error(Refused(f"{sign} is no text in UTF-8", "type it again, or check the terminal's encoding"))
    except OSError as error:
        if error.filename is not None and error.strerror:  # named by the user, or it would be caught elsewhere
            what = f"{str(error.filename)[:200]} cannot be used ({error.strerror.lower()})"
            return report_error(Refused(what, "check it, and its permissions"))
        if error.errno not in _OUTPUT_ERRORS:
            return _unexpected(error)
        refused = not_written(error)
        return report_error(refused) if refused else 0
    except Exception as error:
        return _unexpected(error)
    if code == EXIT_INTERRUPTED:
        return report_error(Refused("interrupted", "nothing was left half done"), EXIT_INTERRUPTED)
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
    said = BudgetError(
        f"unexpected {type(error).__name__}: {error}", f"{DEBUG_VARIABLE}=1 shows where; please report it"
    )
    return report_error(said, EXIT_UNEXPECTED)


def _exit_code(error: BudgetError) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), EXIT_REFUSED)
