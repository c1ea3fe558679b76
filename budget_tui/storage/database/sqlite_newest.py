"""A note of the newest change beside the database, by which a check sees that the write-ahead log was lost.

The note is an extended attribute of the database's file. Writing it opens no file, which only SQLite may; it moves with
the file, and a copy or a backup put in the file's place has none. It is written after the change is on the disk, so a
database is behind its note only after a loss. Tokens, of which thousands may be granted in a second, are noted once a
second. Where the file system or the operating system has no such attributes, nothing is noted or reported.
"""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

_NAME = "user.budget-tui.newest"
_AUDIT = "audit"
_SECONDS_BETWEEN = 1.0


class NewestChange:
    """The newest change of a transaction: its last audit line, else the tokens that a budget has used."""

    __slots__ = ("_due", "_number", "_of")

    def __init__(self) -> None:
        self._due = 0.0
        self.forget()

    def forget(self) -> None:
        """Forget the change, for another transaction to begin."""
        self._of, self._number = "", 0

    def audited(self, line: int) -> None:
        self._of, self._number = _AUDIT, line

    def used(self, budget_id: str, tokens: int) -> None:
        if self._of != _AUDIT:
            self._of, self._number = budget_id, tokens

    def note(self, path: Path) -> None:
        """Write the note, unless a newer one of the same kind is there."""
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
    """Return the subject and the number of the newest change; ('', 0) where nothing is noted."""
    try:
        of, _, number = os.getxattr(path, _NAME).decode().partition(" ")
        return of, int(number)
    except (OSError, AttributeError, ValueError):
        return "", 0


def forget(path: Path) -> None:
    """Remove the note, because an older database is about to take the file's place."""
    with suppress(OSError, AttributeError):
        os.removexattr(path, _NAME)


def missing(connection: sqlite3.Connection, newest: tuple[str, int]) -> str:
    """Return what is missing of ``newest``, noted before the connection began to read, in words; '' for nothing."""
    of, number = newest
    if of == _AUDIT:
        (stored,) = connection.execute("SELECT coalesce(max(audit_key), 0) FROM audit").fetchone()
        what = f"the audit trail went on to line {number}, and ends with line {stored}"
    else:
        found = connection.execute("SELECT used FROM budget WHERE budget_id = ?", (of,)).fetchone()
        stored = found[0] if found else 0
        what = f"{number:,} tokens of budget {of} were used, and {stored:,} are on record"
    return what if of and stored < number else ""
