"""Frozen answers to "why does this show that?", for every face."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from budget_tui.domain.explain import Explanation, Unit
from budget_tui.domain.period import Period


class Kind(StrEnum):
    """What is explained."""

    GLOBAL = "global"
    PROJECT = "project"
    PLANNED = "planned"
    USAGE = "usage"
    SUM = "sum"
    AGENT = "agent"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why costs do not count, or nothing does; in the order in which they are worth looking at."""

    NOT_BEGUN = "not_begun"
    ARCHIVED = "archived"
    NO_COSTS = "no_costs"
    LOOKS_ALIKE = "looks_alike"
    CATEGORY = "category"
    PROVIDER = "provider"
    CURRENCY = "currency"
    NO_TOKENS = "no_tokens"
    NO_SEATS = "no_seats"
    SCHEDULED = "scheduled"
    DATES = "dates"
    DATA_ENDS = "data_ends"
    UNMAPPED = "unmapped"
    MOVED = "moved"
    ABOVE = "above"
    ELSEWHERE = "elsewhere"
    NOTHING_MAPPED = "nothing_mapped"


class Finding(NamedTuple):
    """Costs that do not count, or another reason for a 0, and what to do about it ('' where that is as it should
    be). ``amount`` is in nanos of ``currency``; None where none is meant, or several currencies are."""

    reason: Reason
    text: str
    do: str = ""
    amount: int | None = None
    currency: str = ""
    costs: int = 0


class CostGroup(NamedTuple):
    """Costs that count, of one source, provider, service and category. ``amount`` counts in the budget's unit;
    ``stated`` is what the source says, in ``currency``."""

    source: str
    provider: str
    service: str
    category: str
    currency: str
    amount: int
    stated: int
    costs: int
    days: int
    first_day: date
    last_day: date


class SummedBudget(NamedTuple):
    """A budget of a sum. ``within`` names the one that it is left out for, '' where it is added."""

    name: str
    amount: int
    actual: int | None
    within: str = ""


class SourceState(NamedTuple):
    """How fresh a source is. A live one reaches today."""

    source: str
    is_live: bool
    latest_day: date | None
    imported_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explained:
    """The values of one budget with what they are made of; ``causes`` only where nothing counts. Costs are known
    through ``data_through``."""

    kind: Kind
    subject: str
    name: str
    currency: str
    unit: Unit
    time_zone: str
    as_of: date
    data_through: date
    period: Period
    values: tuple[Explanation, ...]
    counting: tuple[CostGroup, ...] = ()
    left_out: tuple[Finding, ...] = ()
    causes: tuple[Finding, ...] = ()
    sources: tuple[SourceState, ...] = ()
    rules: tuple[str, ...] = ()
    budgets: tuple[SummedBudget, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """What its values are called."""
        return [value.key for value in self.values]
