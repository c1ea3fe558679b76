"""Units of quantities as exports spell them, and those among them that are tokens or seats.

Amazon Bedrock writes ``1K tokens``, others ``Tokens``, ``1M tokens``, ``Input Tokens`` or ``per 1K tokens``. Seats are
``Seats``, ``Users``, ``Licenses``, or any of these per month (`BY_MONTH`). Rates (``Tokens/Minute``) and units that
only mention these (``User requests``) are neither.
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
    """The thing that a unit counts, and the number of these per unit."""

    counted: Counted
    size: int


LIKELY = "tok|seat|user|licen|member"
"""A pattern that matches every unit known here, in any case; most units that match are known."""

BY_MONTH = "mo(s|nths?)?[^a-z]*$"
"""A pattern for the known units of seats per month; no unit of tokens matches."""

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
    """Parse the unit ``text``; None if it is neither tokens nor seats."""
    folded = " ".join(re.sub(r"[-_()]", " ", text.casefold()).split())
    for counted, pattern in ((Counted.TOKENS, _TOKENS), (Counted.SEATS, _SEATS)):
        if found := pattern.fullmatch(folded):
            number = int((found["number"] or "1").replace(",", ""))
            return Unit(counted, number * _MAGNITUDES[found["magnitude"] or ""]) if number else None
    return None
