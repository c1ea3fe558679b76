"""What the newest change was, noted beside the database: by this a check sees that the write-ahead log was lost.

The note is an extended attribute of the database's file. To write it, nobody opens the file, which nobody but SQLite
may; it goes where the file is moved, and a copy or a backup put in the file's place has none. It is written after the
change is on the disk, so a database is never behind it but by a loss. Tokens, of which thousands are granted in a
second, are noted once in that time. Where a file system or a system has no such attributes, nothing is noted, and
nothing told.
"""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

_NAME = "user.budget-tui.newest"
_AUDIT = "audit"
_SECONDS_BETWEEN = 1.0


class Newest:
    """Of one transaction: the line of the audit trail that was written last, else how many tokens a budget has used."""

    __slots__ = ("_due", "_number", "_of")

    def __init__(self) -> None:
        self._due = 0.0
        self.forget()

    def forget(self) -> None:
        """Begin with another transaction."""
        self._of, self._number = "", 0

    def audited(self, line: int) -> None:
        self._of, self._number = _AUDIT, line

    def used(self, budget_id: str, tokens: int) -> None:
        if self._of != _AUDIT:
            self._of, self._number = budget_id, tokens

    def note(self, path: Path) -> None:
        """Write it down; what was noted of the same, and is more, stays."""
        if not self._of:
            return
        if self._of != _AUDIT:
            if time.monotonic() < self._due:
                return
            self._due = time.monotonic() + _SECONDS_BETWEEN
        of, number = noted(path)
        if of != self._of or number < self._number:
            with suppress(OSError, AttributeError):
                os.setxattr(path, _NAME, f"{self._of} {self._number}".encode())


def noted(path: Path) -> tuple[str, int]:
    """What the newest change concerned and how far that was; ('', 0) where nothing is noted."""
    try:
        of, _, number = os.getxattr(path, _NAME).decode().partition(" ")
        return of, int(number)
    except (OSError, AttributeError, ValueError):
        return "", 0


def forget(path: Path) -> None:
    """Note nothing any more: what is to be there is older."""
    with suppress(OSError, AttributeError):
        os.removexattr(path, _NAME)


def missing(connection: sqlite3.Connection, newest: tuple[str, int]) -> str:
    """What of ``newest``, noted before the connection began to read, is not there; '' for nothing."""
    of, number = newest
    if of == _AUDIT:
        (stored,) = connection.execute("SELECT coalesce(max(audit_key), 0) FROM audit").fetchone()
        what = f"the audit trail went on to line {number}, and ends with line {stored}"
    else:
        found = connection.execute("SELECT used FROM budget WHERE budget_id = ?", (of,)).fetchone()
        stored = found[0] if found else 0
        what = f"{number:,} tokens of budget {of} were used, and {stored:,} are on record"
    return what if of and stored < number else ""
