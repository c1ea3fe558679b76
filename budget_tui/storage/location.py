"""Where a database is, from what a user wrote: a path, or ``sqlite:///path``."""

from collections.abc import Iterable
from errno import ENAMETOOLONG
from os import stat_result
from os.path import samestat
from pathlib import Path
from stat import S_ISREG

from budget_tui.domain.errors import Refused, StorageError

SIDECARS = ("-wal", "-shm", "-journal")
"""What SQLite adds to a database's name for the files that it keeps beside it."""
_SCHEME = "sqlite:///"


def database_path(location: str) -> Path:
    """The file that ``location`` means; `Refused` for what can be none, such as the URL of anything but SQLite."""
    if location.startswith(_SCHEME):
        location = location[len(_SCHEME) :]
    elif "://" in location:
        raise Refused(f"'{location}' is no SQLite database", "give a path or sqlite:///path")
    if not location or location == ":memory:":
        raise Refused("a database needs a file", "give a path or sqlite:///path")
    try:
        path = Path(location).expanduser().absolute()
    except RuntimeError:
        raise Refused(f"'{location}' names nobody's home", "write the folder out") from None
    try:
        path.stat()
    except OSError as error:  # what else may be wrong is told by who opens it
        if error.errno == ENAMETOOLONG:
            raise Refused(f"a path of {len(str(path)):,} characters is too long", "choose a shorter one") from None
    return path


def is_there(path: Path) -> bool:
    """Whether there is a file with anything in it at ``path``, whatever that is."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError:  # told by who opens it
        return True


def require_other_files(database: Path, paths: Iterable[Path]) -> None:
    """Refuse to read or write one of ``paths`` as something else when it is the database or a file of SQLite's beside
    it: closing it again would take away the locks that this process holds on it.
    """
    own = [stat for suffix in ("", *SIDECARS) if (stat := _stat(database.with_name(database.name + suffix)))]
    for path in paths:
        stat = _stat(path)
        if stat is not None and any(samestat(stat, each) for each in own):
            raise Refused(f"{path} is the database itself", "name another file")


def require_one_name(path: Path, stat: stat_result | None = None) -> None:
    """Refuse a database with several hard links: SQLite keeps what was written last beside one name, where whoever
    uses another one does not look."""
    stat = stat or _stat(path)
    if stat is not None and stat.st_nlink > 1 and S_ISREG(stat.st_mode):
        raise StorageError(
            f"{path} has {stat.st_nlink} names (hard links), and writers under one would not see those under another",
            "remove the others",
        )


def _stat(path: Path) -> stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):  # what cannot even be looked for is told by who opens it
        return None
