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
    """``as_of`` fixes today for every computation, so that a past or a coming day can be looked at."""

    as_of: date | None = None

    def today(self, time_zone: str) -> date:
        """The date in ``time_zone`` (an IANA name)."""
        return self.as_of or datetime.now(zone(time_zone)).date()

    def now(self) -> datetime:
        """This moment in UTC, also when ``as_of`` is set: it says when something was really done."""
        return datetime.now(UTC)


@lru_cache(maxsize=64)
def zone(name: str) -> "ZoneInfo":
    """The time zone of an IANA name; `Refused` when there is none of that name."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused(f"'{name}' is not a time zone", "give one such as Europe/Berlin") from None
