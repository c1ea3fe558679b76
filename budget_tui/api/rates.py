"""How often somebody may ask: token buckets."""

import time
from collections import OrderedDict
from collections.abc import Callable

_MOST_KNOWN = 10_000


class Buckets:
    """One bucket per name, holding ``burst`` tokens and refilled with ``per_second``.

    The names asked for longest ago are forgotten first, so that inventing names fills no memory.
    """

    def __init__(self, per_second: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> bool:
        """Whether ``name`` still had a token, which is taken."""
        now = self._clock()
        level, then = self._levels.pop(name, (self._burst, now))
        level = min(self._burst, level + (now - then) * self._per_second)
        allowed = level >= 1
        self._levels[name] = (level - 1 if allowed else level, now)
        if len(self._levels) > _MOST_KNOWN:
            self._levels.popitem(last=False)
        return allowed
