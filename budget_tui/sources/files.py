"""The files that a user names, and the kind of each."""

import codecs
import glob
import gzip
import shlex
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, StrEnum
from io import TextIOWrapper
from itertools import takewhile
from pathlib import Path
from typing import TextIO
from urllib.parse import unquote, urlsplit

from budget_tui.config.paths import from_home
from budget_tui.domain.delivery import EXPORT_SUFFIXES
from budget_tui.domain.errors import SourceError

_READ_AT_ONCE = 1 << 20
KNOWN = "give CSV, CSV.gz or Parquet files, or a folder that holds some"


class Kind(Enum):
    """The kind of a file, detected from its first bytes, as names may be wrong.

    The values of texts, such as CSV, are DuckDB's names of their compression.
    """

    TEXT = "none"
    TEXT_GZ = "gzip"
    PARQUET = "parquet"


def find_files(patterns: Sequence[str | Path]) -> tuple[Path, ...]:
    """Return the files and folders that ``patterns`` name, in order; globs may contain ``**``.

    Raises `SourceError` for a pattern that matches nothing.
    """
    return tuple(path for pattern in patterns for path in _expand(str(pattern)))


def _expand(pattern: str) -> list[Path]:
    """Try ``pattern`` as an exact name first, then with ``~`` and globs, then as names pasted from a terminal."""
    path = _at_home(pattern)
    if path.exists():
        return [_checked(path)]
    if "**" in path.parts:
        require_narrow(Path(*takewhile(lambda part: not glob.has_magic(part), path.parts)))
    matches = sorted(Path(name) for name in glob.glob(str(path), recursive=True))  # noqa: PTH207  (may be absolute)
    found = matches or _pasted(pattern)
    if not found:
        raise SourceError(f"there is no file {path}", KNOWN)
    return [_checked(match) for match in found]


def _at_home(name: str) -> Path:
    """Return ``name`` itself if such a file exists, otherwise with ``~`` expanded."""
    return Path(name) if Path(name).exists() else from_home(name)


def _pasted(text: str) -> list[Path]:
    """Parse ``text`` as a shell would, for files dropped on a terminal: quoted, escaped or as ``file://`` URLs."""
    try:
        paths = [_at_home(_path_of(word)) for word in shlex.split(text)]
    except ValueError:  # an unclosed quote
        return []
    return paths if all(path.exists() for path in paths) else []


def _path_of(name: str) -> str:
    """Return the path of a local ``file://`` URL; any other name unchanged."""
    url = urlsplit(name) if name.startswith("file://") else None
    return unquote(url.path) if url is not None and url.netloc in ("", "localhost") else name


def _checked(path: Path) -> Path:
    """Return ``path`` if it is a file or a folder. Raises `SourceError` for pipes and devices, which may never end."""
    mode = path.stat().st_mode
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
        raise SourceError(f"{path} is {kind}, not a file", "save what comes out of it as a file first")
    return path


def require_narrow(folder: Path) -> None:
    """Refuse to look through a whole disk, or everything that somebody has: that takes hours, and finds anything."""
    real = folder.resolve()
    home = from_home("~")
    if real == Path(real.anchor):
        raise SourceError(f"{real} is a whole disk", "name the folder that holds the exports")
    if home.is_absolute() and (real == home.resolve() or real in home.resolve().parents):
        raise SourceError(f"{real} holds your home folder and all in it", "name the folder that holds the exports")


def is_named_as_export(path: Path) -> bool:
    """Return whether the name of ``path`` has the suffix of an export."""
    return path.name.lower().endswith(EXPORT_SUFFIXES)


def kind_of(path: Path) -> Kind:
    """Return the kind of ``path``. Raises `SourceError` if it cannot be read, is empty or is an archive."""
    with reading(path), path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise SourceError(f"{path} is empty", KNOWN)
    if start == b"PK\x03\x04":
        raise SourceError(f"{path} is a zip archive or a spreadsheet", "unpack it, or save it as CSV, first")
    if start == b"PAR1":
        return Kind.PARQUET
    return Kind.TEXT_GZ if start[:2] == b"\x1f\x8b" else Kind.TEXT


class Encoding(StrEnum):
    """The encoding of a text; the values are Python's names, which leave out a byte-order mark."""

    UTF_8 = "utf-8-sig"
    UTF_16 = "utf-16"
    WINDOWS_1252 = "cp1252"


def open_text(path: Path, kind: Kind, encoding: Encoding | None = None) -> TextIO:
    """Open a text, decompressed, without its byte-order mark and with its line ends unchanged.

    Without an ``encoding`` it is UTF-16 if the mark says so, else UTF-8. Bytes that mean nothing in it become
    replacement characters.
    """
    file = gzip.open(path) if kind is Kind.TEXT_GZ else path.open("rb")  # noqa: SIM115  (the text closes it)
    try:
        is_marked = file.peek(2).startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    except BaseException:
        file.close()
        raise
    encoding = encoding or (Encoding.UTF_16 if is_marked else Encoding.UTF_8)
    return TextIOWrapper(file, encoding=encoding, errors="replace", newline="")


def encoding_of(path: Path, kind: Kind) -> Encoding:
    """Return the encoding of a text of any origin, which takes reading it through.

    Spreadsheets on Windows write its own where no sign needs more. A text with any sign that is valid UTF-8 is UTF-8,
    and what is not is damaged.
    """
    is_damaged = False
    with reading(path), open_text(path, kind) as file:
        if file.encoding == Encoding.UTF_16:
            return Encoding.UTF_16
        while text := file.read(_READ_AT_ONCE):
            if not text.isascii():
                if any(not sign.isascii() and sign != "\N{REPLACEMENT CHARACTER}" for sign in set(text)):
                    return Encoding.UTF_8
                is_damaged = True
    return Encoding.WINDOWS_1252 if is_damaged else Encoding.UTF_8


def percent_read(text: TextIO, path: Path) -> float:
    """Return the percentage of the file ``path``, compressed or not, that was read through its `open_text`."""
    buffer = text.buffer
    raw = buffer.fileobj if isinstance(buffer, gzip.GzipFile) else buffer
    return 100 * raw.tell() / path.stat().st_size


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Convert errors while reading ``path`` into a `SourceError` of one line."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{path} is damaged or cut short", "download it again") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror})", "check it and its permissions") from error


def chunks(path: Path, kind: Kind) -> Iterator[bytes]:
    """Yield the decompressed bytes of a text, a megabyte each; the last only if the whole file is intact."""
    with reading(path), gzip.open(path) if kind is Kind.TEXT_GZ else path.open("rb") as file:
        while chunk := file.read(_READ_AT_ONCE):
            yield chunk
