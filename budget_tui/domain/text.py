"""Text that others wrote: what belongs to a name, and what must not reach a terminal as it is."""

import re
import unicodedata

_HARMFUL = frozenset(
    map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)))
)
"""Control characters, and those that turn a line's direction or begin another line."""
_IN_JSON = {ord(sign): f"\\u{ord(sign):04x}" for sign in _HARMFUL if sign >= "\x7f"}
# What joins letters of Persian and signs of an emoji, and the letters of a flag such as Scotland's.
_JOINED = re.compile("(?<=[^\x00-\x7f])[\u200c\u200d]|(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f")
_REFUSED_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def escaped(text: str) -> str:
    """``text`` with each harmful character as its escape, such as ``\\x1b``."""
    if text.isprintable():
        return text
    return "".join(ascii(sign)[1:-1] if sign in _HARMFUL else sign for sign in text)


def escaped_lines(text: str) -> str:
    """`escaped`, line by line."""
    return "\n".join(map(escaped, text.split("\n")))


def escaped_json(document: str) -> str:
    """A JSON document with each harmful character that JSON lets stand as its escape."""
    return document if document.isascii() and "\x7f" not in document else document.translate(_IN_JSON)


def without_harm(text: str) -> str:
    """``text`` without its harmful characters, none of which takes room on a screen."""
    if text.isprintable():
        return text
    return "".join(sign for sign in text if sign not in _HARMFUL)


def is_written(text: str) -> bool:
    """Whether ``text`` has neither control characters nor invisible ones, save those that join what is written."""
    if text.isprintable():
        return True
    return not any(unicodedata.category(sign) in _REFUSED_CATEGORIES for sign in _JOINED.sub("", text))


def is_visible(text: str) -> bool:
    """Whether there is something to see in ``text``, not only blanks and what joins or marks a letter."""
    return any(unicodedata.category(sign)[0] not in "MZ" and unicodedata.category(sign) != "Cf" for sign in text)


def one_line(text: str) -> str:
    """``text`` as it can stand in a row: line breaks, control and invisible characters are blanks, and runs one."""
    if text.isprintable() or is_written(text):
        return text
    kept = {found.start() + at for found in _JOINED.finditer(text) for at in range(len(found[0]))}
    signs = (sign if at in kept or is_written(sign) else " " for at, sign in enumerate(text))
    return " ".join("".join(signs).split())
