"""Lines on standard output, and what went wrong on standard error. Loads nothing."""

import os
import sys


def say(*lines: str) -> None:
    try:
        print("\n".join(lines), flush=True)  # noqa: T201
    except BrokenPipeError:
        # The reader of a pipe has seen enough. Python would complain when it flushes standard output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def told(message: str, hint: str, code: int) -> int:
    """Say what went wrong; returns ``code``."""
    line = f"{message}; {hint}" if hint else message
    print(f"error: {' '.join(line.split())}", file=sys.stderr, flush=True)  # noqa: T201
    return code


def printable(text: str) -> str:
    """``text`` without what would move a terminal's cursor: names in an export may hold anything."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "�" for sign in text)
