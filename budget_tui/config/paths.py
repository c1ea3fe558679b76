"""Locations of files: the database, the settings, the log, the styles, the manual."""

import os
from pathlib import Path

from budget_tui.domain.errors import StorageError

APP_NAME = "budget-tui"
PACKAGE = Path(__file__).parents[1]


def default_database() -> Path:
    """Return the path of the SQLite file in the user's data directory."""
    from platformdirs import user_data_path

    return user_data_path(APP_NAME, appauthor=False) / "budget.db"


def default_settings_file() -> Path:
    """Return the path of the settings in the user's configuration directory; the file need not exist."""
    from platformdirs import user_config_path

    return user_config_path(APP_NAME, appauthor=False) / "settings.toml"


def default_log_file() -> Path:
    """Return the path of the log in the user's state directory."""
    from platformdirs import user_state_path

    return user_state_path(APP_NAME, appauthor=False) / f"{APP_NAME}.log"


def default_state_folder() -> Path:
    """Return the folder of what is kept from one start to the next, such as the theme last chosen."""
    from platformdirs import user_state_path

    return user_state_path(APP_NAME, appauthor=False)


def read_kept(path: Path) -> str:
    """Return the text that was kept in ``path``; '' if there is none."""
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        return ""


def keep(path: Path, text: str) -> None:
    """Keep ``text`` in ``path``; raises `StorageError` if it cannot be written."""
    make_folder(path.parent)
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"the file {path} cannot be written", (error.strerror or "").lower()) from None


def host_name() -> str:
    """Return this machine's name, without its domain."""
    import socket

    return socket.gethostname().partition(".")[0].casefold() or "localhost"


def styles_dir() -> Path:
    """Return the folder of the style sheets: inside the package when installed, beside it in a checkout."""
    inside = PACKAGE / "styles"
    return inside if inside.is_dir() else PACKAGE.parent / "styles"


def manual_dir() -> Path:
    """Return the folder of the manual's pages."""
    return PACKAGE / "manual"


def from_home(path: str | Path) -> Path:
    """Return ``path`` with a leading ``~`` as that user's home folder, or as it stands where there is no such home."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 – pathlib's raises where there is none


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents, accessible only to their owner."""
    try:
        if not folder.is_dir():
            make_folder(folder.parent)
            folder.mkdir(0o700, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the folder {folder} cannot be made", (error.strerror or "").lower()) from None
