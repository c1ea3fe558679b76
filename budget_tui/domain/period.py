"""Budget periods: both ends inclusive when stored and shown, half-open in queries.

A recurring period is always computed from its anchor, never from the period before it: an anchor on the last day of the
month does not drift from Jan 31 to Feb 28 to Mar 28.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from dateutil.relativedelta import relativedelta

from budget_tui.domain.errors import Refused

ONE_DAY = timedelta(days=1)
LAST_DAY = 0
"""The anchor day that stands for the last day of each month."""

# Outside these years, a neighbouring period, or the week before one, could exceed the range of `date`.
_FIRST_YEAR, _LAST_YEAR = 1900, 2999


class PeriodKind(StrEnum):
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"
    CUSTOM = "custom"


_MONTHS = {PeriodKind.MONTHLY: 1, PeriodKind.QUARTERLY: 3, PeriodKind.YEARLY: 12}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from ``start`` to ``end``, both included.

    ``fiscal_start`` is the first month of the organization's fiscal year; it only affects the period's name.
    """

    start: date
    end: date
    fiscal_start: int = field(default=1, compare=False)

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise Refused(f"a period cannot end ({self.end}) before it starts ({self.start})")

    @property
    def half_open(self) -> tuple[date, date]:
        """``[start, end + 1 day)``, the only form in which a period is queried."""
        return self.start, self.end + ONE_DAY

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def through(self, day: date) -> "Period":
        """Return the days of the period up to ``day``, which must not be before it."""
        return self if day >= self.end else Period(self.start, day, self.fiscal_start)

    def contains(self, day: date) -> bool:
        return self.start <= day <= self.end

    def covers(self, other: "Period") -> bool:
        """Return whether all days of ``other`` are in this period."""
        return self.start <= other.start and other.end <= self.end

    def day_number(self, today: date) -> int:
        """Return the number of ``today`` in the period: 1 on the first day, 0 before it, `days` at most."""
        return min(max((today - self.start).days + 1, 0), self.days)

    def days_left(self, today: date) -> int:
        """Return ``max(1, end − today)`` in days: on January 13, in January, 18."""
        return max(1, (self.end - today).days)

    def days_to_come(self, today: date) -> int:
        """Return the number of days after ``today`` up to the period's end, the end included."""
        return max(0, (self.end - max(today, self.start - ONE_DAY)).days)


@dataclass(frozen=True, slots=True)
class PeriodRule:
    """A rule by which periods recur.

    ``anchor_day`` is the day of the month that a period starts on, 1 to 28 or `LAST_DAY`. Quarters and years are
    counted from ``fiscal_start_month`` (1 to 12). A custom period does not recur and has no rule.
    """

    kind: PeriodKind = PeriodKind.MONTHLY
    anchor_day: int = 1
    fiscal_start_month: int = 1

    def __post_init__(self) -> None:
        if self.kind is PeriodKind.CUSTOM:
            raise Refused("a custom period does not recur", "give its first and last day")
        if not (self.anchor_day == LAST_DAY or 1 <= self.anchor_day <= 28):
            raise Refused(f"periods cannot start on day {self.anchor_day}", "choose 1 to 28, or 'last'")
        if not 1 <= self.fiscal_start_month <= 12:
            raise Refused(f"{self.fiscal_start_month} is not a month", "choose 1 to 12")

    def containing(self, day: date) -> Period:
        """Return the period of this rule that ``day`` is in."""
        months = _MONTHS[self.kind]
        month_index = day.year * 12 + day.month - 1
        if day < self._anchor(month_index):
            month_index -= 1
        start_index = month_index - (month_index - (self.fiscal_start_month - 1)) % months
        end = self._anchor(start_index + months) - ONE_DAY
        return Period(self._anchor(start_index), end, self.fiscal_start_month)

    def after(self, period: Period) -> Period:
        """Return the period of this rule that follows ``period``, or the rest of the one that ``period`` ended in."""
        start = period.end + ONE_DAY
        return Period(start, self.containing(start).end, self.fiscal_start_month)

    def _anchor(self, month_index: int) -> date:
        year, month = divmod(month_index, 12)
        day = 31 if self.anchor_day == LAST_DAY else self.anchor_day
        # relativedelta clips day 31 to the month's own last day
        return date(year, month + 1, 1) + relativedelta(day=day)


def parse_rule(kind: str, anchor: str, fiscal_start: str) -> PeriodRule:
    """Parse a kind such as ``monthly``, an anchor such as ``15`` or ``last``, and the fiscal year's first month
    (1–12)."""
    return PeriodRule(parse_kind(kind), parse_anchor(anchor), parse_month(fiscal_start))


def parse_kind(text: str) -> PeriodKind:
    """Parse ``monthly``, ``quarterly`` or ``yearly``."""
    word = text.strip().casefold()
    if word not in list(_MONTHS):
        raise Refused(f"'{text.strip()}' is not a kind of period", "there are monthly, quarterly, yearly")
    return PeriodKind(word)


def parse_anchor(text: str) -> int:
    """Parse the day of the month that periods start on: 1 to 28, or ``last``."""
    if text.strip().casefold() == "last":
        return LAST_DAY
    day = two_digits(text)
    if not 1 <= day <= 28:
        raise Refused(f"periods cannot start on day {text.strip()}", "choose 1 to 28, or 'last'")
    return day


def parse_month(text: str) -> int:
    """Parse the month that the fiscal year starts in, from 1 to 12."""
    month = two_digits(text)
    if not 1 <= month <= 12:
        raise Refused(f"'{text.strip()}' is not a month", "choose 1 to 12")
    return month


def two_digits(text: str) -> int:
    """Return the number that one or two digits are; 0 for anything else."""
    digits = text.strip()
    return int(digits) if len(digits) <= 2 and digits.isascii() and digits.isdigit() else 0


def parse_day(text: str) -> date:
    """Parse a date such as ``2026-01-13``; `Refused` for anything else, and for years out of range."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = None
    if day is None or day.isoformat() != text.strip():
        raise Refused(f"'{text}' is not a date", "write it as 2026-01-13")
    return checked_day(day)


def checked_day(day: date) -> date:
    """Return ``day``; `Refused` when its year is out of range."""
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise Refused(f"{day} is out of range", f"years go from {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def around(periods: Iterable[Period]) -> Period | None:
    """Return the period from the first day of ``periods`` to the last; None without any."""
    known = list(periods)
    if not known:
        return None
    return replace(known[0], start=min(each.start for each in known), end=max(each.end for each in known))


def together(periods: Iterable[Period]) -> list[Period]:
    """Sort ``periods`` and join those that overlap or adjoin."""
    return joined(sorted(periods))


def joined(periods: Iterable[Period]) -> list[Period]:
    """Join those of ``periods`` that overlap or adjoin; they must be sorted."""
    found: list[tuple[Period, date]] = []
    for period in periods:
        if found and period.start <= found[-1][1] + ONE_DAY:
            first, end = found[-1]
            found[-1] = first, max(end, period.end)
        else:
            found.append((period, period.end))
    return [first if first.end == end else Period(first.start, end, first.fiscal_start) for first, end in found]
