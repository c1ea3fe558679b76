"""What SQLite's errors mean for a person: one line that says what, and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from budget_tui.domain.errors import BudgetError, Refused, StorageError

_FULL = "database or disk is full"
_OF_A_FULL_DISK_TOO = ("disk I/O error", "unable to open database")
"""What SQLite says of a full disk where it finds no room for the files beside the database."""
_OF_STRANGE_VALUES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_DAMAGED = ("{path} is damaged", "restore a backup", "restore a backup: budget-tui db restore FILE")
# The beginning of SQLite's message, what it means, what to do about it, and by which command.
_MEANINGS = (
    ("database is locked", "{path} is locked by another program", "try again in a moment; nothing was changed", ""),
    (
        "database table is locked",
        "{path} is locked by another program",
        "try again in a moment; nothing was changed",
        "",
    ),
    (_FULL, "the disk of {path} is full", "free some space; nothing was changed", ""),
    ("disk I/O error", "{path} cannot be read or written", "check the disk and the permissions of its folder", ""),
    (
        "attempt to write a readonly",
        "{path} may not be written",
        "check the permissions of the file and its folder",
        "",
    ),
    ("unable to open database", "{path} cannot be opened", "check that its folder exists and may be written", ""),
    (
        "file is not a database",
        "{path} is not a SQLite database",
        "choose another file",
        "choose another file with --db",
    ),
    ("Could not decode to UTF-8", *_DAMAGED),
    ("unsupported file format", *_DAMAGED),
)


def storage_error(path: Path, error: BaseException) -> BudgetError | None:
    """The error to show for ``error`` of sqlite3 or SQLAlchemy; None when it is none that a user can mend."""
    cause = getattr(error, "orig", None) or error
    if not isinstance(cause, sqlite3.Error):
        return _of_damaged_rows(path, cause)
    if getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
        return _storage_error(path, *_DAMAGED)
    text = str(cause)
    if text.startswith("integer overflow"):
        return Refused("a sum of costs is out of range", "amounts beyond ±9,000,000,000 units cannot be added up")
    if text.startswith(_OF_A_FULL_DISK_TOO) and _has_no_room(path.parent):
        text = _FULL
    for beginning, what, hint, command in _MEANINGS:
        if text.startswith(beginning):
            return _storage_error(path, what, hint, command)
    return None


def _storage_error(path: Path, what: str, hint: str, command: str) -> StorageError:
    return StorageError(what.format(path=path), hint, command=command)


def _of_damaged_rows(path: Path, cause: BaseException) -> StorageError | None:
    """Of an error that nobody thought of: whether rows are to blame that no version of this program wrote."""
    if not isinstance(cause, _OF_STRANGE_VALUES):
        return None
    from budget_tui.storage.checking import is_damaged  # loads SQLAlchemy

    return _storage_error(path, *_DAMAGED) if is_damaged(path) else None


def _has_no_room(folder: Path) -> bool:
    from shutil import disk_usage  # it imports what no other command needs

    try:
        return disk_usage(folder).free == 0
    except OSError:
        return False


@contextmanager
def told_plainly(path: Path) -> Iterator[None]:
    """Turns what SQLite raises about ``path`` into a `StorageError`; lets everything else pass."""
    try:
        yield
    except Exception as error:
        told = storage_error(path, error)
        if told is None:
            raise
        raise told from error
