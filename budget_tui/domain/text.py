"""Text from outside: what a name may contain, the choice of a word, and what must be escaped for a terminal."""

import re
import unicodedata
from enum import StrEnum
from typing import TypeVar

from budget_tui.domain.errors import Refused

Choice = TypeVar("Choice", bound=StrEnum)

_HARMFUL = frozenset(
    map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)))
)
"""Control characters, and those that change a line's direction or start another line."""
_IN_JSON = {ord(sign): f"\\u{ord(sign):04x}" for sign in _HARMFUL if sign >= "\x7f"}
# Joiners of Persian letters and of emoji, and the letters of a flag such as Scotland's.
_JOINED = re.compile("(?<=[^\x00-\x7f])[\u200c\u200d]|(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f")
_REFUSED_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def escaped(text: str) -> str:
    """Return ``text`` with each harmful character as its escape, such as ``\\x1b``."""
    if text.isprintable():
        return text
    return "".join(ascii(sign)[1:-1] if sign in _HARMFUL else sign for sign in text)


def escaped_lines(text: str) -> str:
    """Return ``text`` with the harmful characters of each line escaped."""
    return "\n".join(map(escaped, text.split("\n")))


def escaped_json(document: str) -> str:
    """Return a JSON document with the harmful characters that JSON allows escaped."""
    return document if document.isascii() and "\x7f" not in document else document.translate(_IN_JSON)


def without_harm(text: str) -> str:
    """Return ``text`` without its harmful characters, none of which takes up space on a screen."""
    if text.isprintable():
        return text
    return "".join(sign for sign in text if sign not in _HARMFUL)


def is_written(text: str) -> bool:
    """Return whether ``text`` has neither control characters nor invisible ones, other than joiners in their place."""
    if text.isprintable():
        return True
    return not any(unicodedata.category(sign) in _REFUSED_CATEGORIES for sign in _JOINED.sub("", text))


def is_visible(text: str) -> bool:
    """Return whether ``text`` shows anything: not only blanks and characters that join or mark a letter."""
    return any(unicodedata.category(sign)[0] not in "MZ" and unicodedata.category(sign) != "Cf" for sign in text)


def one_line(text: str) -> str:
    """Return ``text`` for a single row: line breaks, control and invisible characters become single blanks."""
    if text.isprintable() or is_written(text):
        return text
    kept = {found.start() + at for found in _JOINED.finditer(text) for at in range(len(found[0]))}
    signs = (sign if at in kept or is_written(sign) else " " for at, sign in enumerate(text))
    return " ".join("".join(signs).split())


def parse_choice(text: str, choices: type[Choice], noun: str) -> Choice:
    """Return the member of ``choices`` that was typed, in any case; raises `Refused` if there is none."""
    try:
        return choices(text.strip().casefold())
    except ValueError:
        raise Refused(f"'{text}' is not a {noun}", f"choose {', '.join(choices)}") from None
