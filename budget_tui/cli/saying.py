"""What the command line prints: answers on standard output, all else on standard error. Nothing else prints.

Names in an export or of a file may hold anything: what would move a terminal's cursor stands as its escape.
"""

import os
import sys

from budget_tui.domain.text import escaped_lines


def say(*lines: str) -> None:
    """Answer, on standard output."""
    try:
        print(escaped_lines("\n".join(lines)), flush=True)  # noqa: T201
    except BrokenPipeError:
        # The reader of a pipe has seen enough. Python would complain when it flushes standard output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def report(*lines: str, end: str = "\n") -> None:
    """Say on standard error what is no answer, so that a script's input stays clean."""
    print(escaped_lines("\n".join(lines)), end=end, file=sys.stderr, flush=True)  # noqa: T201


def draw(text: str) -> None:
    """Write over the line that the cursor is on, on standard error; ``text`` is the program's own."""
    print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)  # noqa: T201


def told(message: str, hint: str, code: int) -> int:
    """Say what went wrong; returns ``code``."""
    line = f"{message}; {hint}" if hint else message
    report(f"error: {' '.join(line.split())}")
    return code
