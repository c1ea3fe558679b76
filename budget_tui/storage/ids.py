"""Ids of rows that are made up here. What makes them is loaded by its first use, for an import needs none."""

import time
from threading import Lock

_turn = Lock()
_last = 0


def new_id() -> str:
    """An id that nobody else makes up."""
    from uuid import uuid4

    return str(uuid4())


def ordered_id() -> str:
    """An id that nobody else makes up, and that sorts behind those that this process made before (a UUID of
    version 7)."""
    from random import getrandbits
    from uuid import UUID

    global _last
    with _turn:
        # 48 bits of milliseconds and 12 bits of a part of one
        _last = max((time.time_ns() // 1_000_000 << 12) | (time.time_ns() % 1_000_000 * 4096 // 1_000_000), _last + 1)
        stamp = _last
    return str(UUID(int=(stamp >> 12) << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | 2 << 62 | getrandbits(62)))
