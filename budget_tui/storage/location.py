"""Where a database is, from what a user wrote: a path, or ``sqlite:///path``."""

from errno import ENAMETOOLONG
from pathlib import Path

from budget_tui.domain.errors import Refused

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
