"""Units that quantities come in, in the spellings of exports: which of them are tokens, which are seats.

Amazon Bedrock writes ``1K tokens``, others ``Tokens``, ``1M tokens``, ``Input Tokens`` or ``per 1K tokens``. Seats are
``Seats``, ``Users``, ``Licenses``, or any of these by the month (`BY_MONTH`). What a unit counts at a rate
(``Tokens/Minute``) or is merely about (``User requests``) is neither.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Counted(StrEnum):
    """A kind of thing that a consumed quantity counts."""

    TOKENS = "tokens"
    SEATS = "seats"


class Unit(NamedTuple):
    """The thing that a unit counts, and how many of it are in one."""

    counted: Counted
    size: int


LIKELY = "tok|seat|user|licen|member"
"""A pattern that every unit known here fits, in whatever case; most that fit it are known."""

BY_MONTH = "mo(s|nths?)?[^a-z]*$"
"""A pattern that fits those units of seats known here that are by the month, and no unit of tokens."""

_MAGNITUDES = {"": 1, "k": 10**3, "thousand": 10**3, "m": 10**6, "mn": 10**6, "million": 10**6, "b": 10**9}
_MAGNITUDES |= {"bn": 10**9, "billion": 10**9}
_SIZE = r"(?:(?P<number>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,10}) ?)?(?P<magnitude>k|thousand|mn?|million|bn?|billion)?"
_OF_TOKENS = (
    "ai|audio|batch|cached?|completion|creation|embedding|generated|image|inference|input|llm|model|output|processed"
    "|prompt|read|reasoning|request|response|text|thinking|total|training|video|write"
)
_OF_SEATS = "active|assigned|licensed|named|paid"
_TOKENS = re.compile(rf"(?:per )?(?:(?:{_OF_TOKENS}) )*{_SIZE} ?(?:(?:{_OF_TOKENS}) )*tok(?:en)?s?")
_SEATS = re.compile(
    rf"(?:per )?{_SIZE} ?(?:(?:{_OF_SEATS}) )*(?:seat|user|licen[cs]e|member)s?(?: ?/ ?| per | )?(?:mo|mos|months?)?"
)


@lru_cache(maxsize=4096)
def unit_of(text: str) -> Unit | None:
    """Read the unit ``text``; None for one that is neither tokens nor seats."""
    folded = " ".join(re.sub(r"[-_()]", " ", text.casefold()).split())
    for counted, pattern in ((Counted.TOKENS, _TOKENS), (Counted.SEATS, _SEATS)):
        if found := pattern.fullmatch(folded):
            number = int((found["number"] or "1").replace(",", ""))
            return Unit(counted, number * _MAGNITUDES[found["magnitude"] or ""]) if number else None
    return None
