"""The log: a file in the user's state directory and, with ``--verbose``, standard error.

The program logs to ``budget_tui``; this module adds the handlers. Files are opened only when there is something to
write, so that reading leaves none.
"""

import errno
import fcntl
import logging
import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from budget_tui.config.paths import make_folder
from budget_tui.domain.errors import StorageError
from budget_tui.domain.text import escaped

MAX_BYTES = 1_000_000
KEPT_FILES = 3
_FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"


def log_to(path: Path, level: str, *, verbose: bool) -> None:
    """Log to ``path`` from ``level`` on (a name of `logging`, or ``off``), and if ``verbose`` all to standard error."""
    logger = logging.getLogger("budget_tui")
    for old in [each for each in logger.handlers if isinstance(each, _LogFile | _StandardError)]:
        logger.removeHandler(old)
    file = _LogFile(path)
    file.setLevel(logging.CRITICAL + 1 if level == "off" else level.upper())
    logger.addHandler(file)
    logger.setLevel(file.level)
    if verbose:
        logger.addHandler(_StandardError())
        logger.setLevel(logging.DEBUG)


class _OneLine(logging.Formatter):
    """Formats each record as one line, in which names cannot move a terminal's cursor or start a new line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 – logging's name
        return escaped(" ".join(super().formatMessage(record).splitlines()))


class _StandardError(logging.StreamHandler[TextIO]):
    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(_OneLine("%(levelname)s %(name)s: %(message)s"))


class _LogFile(logging.Handler):
    """Appends one line at a time under a lock, so that programs can share the file and only one of them rotates it.

    A log that cannot be written must not stop the program: it is disabled, unless only file descriptors were missing,
    which is temporary.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        formatter = _OneLine(_FORMAT, "%Y-%m-%dT%H:%M:%SZ")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)
        self._path = path
        self._is_enabled = True

    def emit(self, record: logging.LogRecord) -> None:
        if not self._is_enabled:
            return
        try:
            self._append(f"{self.format(record)}\n".encode(errors="backslashreplace"))
        except (OSError, StorageError) as error:
            self._is_enabled = getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE)

    def _append(self, line: bytes) -> None:
        make_folder(self._path.parent)
        while True:
            with open(self._path, "ab", opener=_open_private) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                stat = os.fstat(file.fileno())
                if not os.path.samestat(stat, self._path.stat()):
                    continue  # another process rotated it meanwhile
                if stat.st_size < MAX_BYTES:
                    file.write(line)
                    return
                self._rotate()

    def _rotate(self) -> None:
        """Rotate: rename ``log`` to ``log.1`` and that to ``log.2``, deleting the oldest."""
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{n}") for n in range(1, KEPT_FILES))]
        for younger, older in reversed(list(pairwise(names))):
            if younger.exists():
                younger.replace(older)
        self._path.touch(0o600)


def _open_private(path: str, flags: int) -> int:
    """Open a file that only its owner can read: it contains names and amounts."""
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor
