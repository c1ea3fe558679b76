"""The protocol of logs, the registry of programs whose logs can be read, and what their readers share.

A program is one module and one line in `PROGRAMS`. Nothing here writes: programs delete their logs by themselves.
"""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from budget_tui.domain.agent_logs import Message
from budget_tui.domain.cost import FIRST_DAY, LAST_DAY
from budget_tui.domain.errors import Refused
from budget_tui.domain.estimates import CLAUDE_CODE, CODEX

PROGRAMS: Mapping[str, str] = {
    CLAUDE_CODE: "budget_tui.sources.agent_logs.claude_code:ClaudeCode",
    CODEX: "budget_tui.sources.agent_logs.codex:Codex",
}
"""The reader of each program's logs by the program's name."""
MOST_TOKENS = 10**9
"""Most tokens of one kind in a message: more is no number of tokens, and its cost might not fit the database."""
_MOST_TOKENS_OF_SESSION = 10**12
_LONGEST_TEXT = 4096
_INSIDE_THE_REPOSITORY = (".git", ".bare")
"""Names of git's own folder in the folder of a repository; of a bare one, both are the same folder."""


class LogReader(Protocol):
    """A reader of a program's logs. ``title`` is what its users call the program."""

    title: str

    def folders(self) -> list[Path]:
        """Return the folders that the program logs to; they need not exist."""

    def read(self, path: Path, lines: "LogLines") -> Iterator[Message]:
        """Yield the messages of one file in order; lines that cannot be understood are reported to ``lines``."""


class LogFile(NamedTuple):
    """A log as found; that it did not change is known by ``size`` in bytes and ``changed_ns``."""

    path: Path
    size: int
    changed_ns: int

    @property
    def name(self) -> str:
        """The path as text that can be stored, whatever bytes it has."""
        return str(self.path).encode("utf-8", "backslashreplace").decode()


def reader_named(name: str) -> LogReader:
    """Return the reader of the program called ``name``; `Refused` if there is none."""
    if name.casefold() not in PROGRAMS:
        raise Refused(f"there is no program '{name}' whose logs can be read", f"choose {' or '.join(PROGRAMS)}")
    module, _, class_name = PROGRAMS[name.casefold()].partition(":")
    made: LogReader = getattr(import_module(module), class_name)()
    return made


def log_files(reader: LogReader) -> Iterator[LogFile]:
    """Yield the logs of a program, each once; folders that do not exist or cannot be read have none."""
    seen: set[Path] = set()
    # Unlike Path.resolve, realpath also takes links that lead in a circle.
    for folder in dict.fromkeys(map(os.path.realpath, reader.folders())):
        for root, folders, names in os.walk(folder):
            folders.sort()
            for path in (Path(root, name) for name in sorted(names) if name.endswith(".jsonl")):
                try:
                    found = path.stat()
                except OSError:
                    continue
                if stat.S_ISREG(found.st_mode) and path not in seen:
                    seen.add(path)
                    yield LogFile(path, found.st_size, found.st_mtime_ns)


class LogLines:
    """The lines of a file, as objects of JSON; ``unreadable`` counts those that are none.

    Only lines with one of ``marks`` are parsed: most of a log is the conversation. The last line may be half written;
    it is read again when the file has changed.
    """

    def __init__(self) -> None:
        self.unreadable = 0

    def of(self, path: Path, *marks: bytes) -> Iterator[Mapping[str, Any]]:
        """Yield the objects of the lines with one of ``marks``."""
        with path.open("rb") as file:
            for line in file:
                stripped = line.strip()
                if not stripped:
                    continue
                is_whole = stripped.startswith(b"{") and stripped.endswith(b"}")
                if is_whole and not any(mark in stripped for mark in marks):
                    continue
                try:
                    found = json.loads(stripped) if is_whole else None
                except (ValueError, RecursionError):
                    found = None
                if isinstance(found, dict):
                    yield found
                elif line.endswith(b"\n"):
                    self.unreadable += 1


def mapping(value: object) -> Mapping[str, Any]:
    """Return ``value`` if it is an object of JSON, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Return ``value`` if it is text that may be stored and no longer than a path can be, else ''."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or "\0" in value:
        return ""
    return "" if any("\ud800" <= sign <= "\udfff" for sign in value) else value


def tokens(usage: Mapping[str, Any], name: str, most: int = MOST_TOKENS) -> int:
    """Return a number of tokens, 0 if it is not stated; `ValueError` if it is none, or more than ``most``."""
    value = usage.get(name)
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(name)
    return value


def tokens_of_session(usage: Mapping[str, Any], name: str) -> int:
    """Return a session's number of tokens so far, as `tokens` does."""
    return tokens(usage, name, _MOST_TOKENS_OF_SESSION)


def moment(value: object) -> datetime:
    """Return the time of a line; `ValueError` if it has none, or one that no cost can be of."""
    at = datetime.fromisoformat(text(value))
    if at.tzinfo is None or not FIRST_DAY < at.date() < LAST_DAY:  # in any time zone
        raise ValueError("no time of a message")
    return at


class Place(NamedTuple):
    """A directory, and a name to find its project by. Of a worktree, both are of its repository."""

    directory: str
    name: str


def place_of(directory: str) -> Place:
    """Return the place that a directory's costs belong to, as far as this machine still knows it."""
    cleaned = directory.rstrip("/\\") or directory
    name = cleaned.replace("\\", "/").rpartition("/")[2]
    path = Path(cleaned)
    if not path.is_absolute():
        return Place(cleaned, name)
    for root in (path, *path.parents):
        git = root / ".git"
        try:
            if git.is_dir():
                return Place(cleaned, root.name)
            if git.is_file():
                repository = _repository(root, git.read_text("utf-8"))
                if repository is None:
                    return Place(cleaned, root.name)
                return Place(str(repository / path.relative_to(root)), repository.name.removesuffix(".git"))
        except (OSError, UnicodeDecodeError):
            continue
    return Place(cleaned, name)


def _repository(root: Path, link: str) -> Path | None:
    """Return the repository of the worktree ``root``, whose file ``.git`` holds ``link``; None if it is no worktree."""
    of_worktree = Path(os.path.normpath(root / link.removeprefix("gitdir:").strip()))
    database = of_worktree.parent.parent
    # Git marks the folder of a worktree with this file; once the repository is gone, only its name tells.
    is_worktree = database.name.endswith(".git") or (of_worktree / "commondir").is_file()
    if of_worktree.parent.name != "worktrees" or not is_worktree:
        return None
    return database.parent if database.name in _INSIDE_THE_REPOSITORY else database
