"""The one printer of the command line: answers on standard output, all else on standard error. Nothing else prints.

Names in an export or of a file may hold anything: what would move a terminal's cursor stands as its escape.
"""

import os
import sys
from typing import TextIO

from budget_tui.domain.errors import Refused
from budget_tui.domain.text import escaped_lines


def say(*lines: str) -> None:
    """Answer, on standard output."""
    try:
        print(escaped_lines("\n".join(lines)), flush=True)  # noqa: T201
    except OSError as error:
        raise not_written(error) or SystemExit(0) from None


def not_written(error: OSError) -> Refused | None:
    """The error to end with when standard output takes no more; None where its reader has seen enough."""
    _give_up(sys.stdout)
    if isinstance(error, BrokenPipeError):
        return None
    what = f"standard output cannot be written ({(error.strerror or str(error)).lower()})"
    return Refused(what, "make room and ask again; a change that was asked for is made")


def _give_up(stream: TextIO) -> None:
    """Write to nowhere from now on: Python would complain of what it cannot flush at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def report(*lines: str, end: str = "\n") -> None:
    """Say on standard error what is no answer, so that a script's input stays clean."""
    try:
        print(escaped_lines("\n".join(lines)), end=end, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:  # nobody can be told, which is no reason to end in another way
        _give_up(sys.stderr)


def draw(text: str) -> None:
    """Write over the line that the cursor is on, on standard error; ``text`` is the program's own."""
    print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)  # noqa: T201


def told(message: str, hint: str, code: int) -> int:
    """Say what went wrong; returns ``code``."""
    line = f"{message}; {hint}" if hint else message
    report(f"error: {' '.join(line.split())}")
    return code
