"""Conditional requests.

A tag has two parts: the amount that a PUT would change, and a fingerprint of the whole answer. A reader compares
all of it. A writer's ``If-Match`` is held against the first part: the amount must be the one that was seen, while
a cost that was recorded meanwhile is no reason to refuse.
"""

import re
from collections.abc import Callable
from hashlib import sha256

from budget_tui.api.problems import Problem
from budget_tui.domain.errors import Outdated

_TAG = re.compile(r'(W/)?"([^"]*)"')
_OURS = re.compile(r"(\d{1,20})-[0-9a-f]{16}")


def tag_of(amount: int, answer: str) -> str:
    return f'"{amount}-{sha256(answer.encode()).hexdigest()[:16]}"'


def is_known(if_none_match: str, tag: str) -> bool:
    """Whether the reader has this answer already."""
    return if_none_match.strip() == "*" or tag in (f'"{text}"' for _, text in _TAG.findall(if_none_match))


def write_if_match(if_match: str | None, write: Callable[[int | None], object]) -> None:
    """Call ``write`` with the amount that the writer saw, None when any will do; 412 when none is the stored one.

    The service compares and writes in one transaction.
    """
    if if_match is None or if_match.strip() == "*":
        write(None)
        return
    for seen in _amounts(if_match):
        try:
            write(seen)
        except Outdated:
            continue
        return
    raise Problem(412, Outdated.code, "someone else has changed it since", "get it again, then repeat the change")


def _amounts(if_match: str) -> list[int]:
    """The amounts in the strong tags that are of our making."""
    ours = [_OURS.fullmatch(text) for weak, text in _TAG.findall(if_match) if not weak]
    return list(dict.fromkeys(int(found[1]) for found in ours if found))
