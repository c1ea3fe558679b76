"""The only place that reads the clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from budget_tui.domain.errors import Refused

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock. ``as_of`` fixes today's date for every computation, to view past and future days."""

    as_of: date | None = None

    def today(self, time_zone: str) -> date:
        """Return the date in ``time_zone`` (an IANA name)."""
        return self.as_of or datetime.now(zone(time_zone)).date()

    def now(self) -> datetime:
        """Return the current moment in UTC, even if ``as_of`` is set: it records when something was really done."""
        return datetime.now(UTC)


@lru_cache(maxsize=64)
def zone(name: str) -> "ZoneInfo":
    """Return the time zone of an IANA name; raises `Refused` if there is none."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused(f"'{name}' is not a time zone", "give one such as Europe/Berlin") from None
