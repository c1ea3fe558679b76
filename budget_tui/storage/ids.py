"""New ids for rows. The modules that make them are loaded by the first use, because an import needs none."""

import time
from threading import Lock

_turn = Lock()
_last = 0


def new_id() -> str:
    """Return a new, globally unique id."""
    from uuid import uuid4

    return str(uuid4())


def ordered_id() -> str:
    """Return a unique id that sorts after those that this process made before (a UUID of version 7)."""
    global _last
    from random import getrandbits
    from uuid import UUID

    with _turn:
        # 48 bits of milliseconds and 12 bits of a part of one
        _last = max((time.time_ns() // 1_000_000 << 12) | (time.time_ns() % 1_000_000 * 4096 // 1_000_000), _last + 1)
        stamp = _last
    return str(UUID(int=(stamp >> 12) << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | 2 << 62 | getrandbits(62)))
