"""Recurring fees: costs that come by themselves, until the bill for them is imported.

A fee is due on one day of each month, quarter or year. Each day on which it is due has a charge of its own: it is
booked as a cost, or, where a cost that was imported is the bill for it, that one stands in its place.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from budget_tui.domain.errors import Refused
from budget_tui.domain.period import PeriodRule, two_digits

RECURRING_SOURCE = "recurring"
DAYS_APART = range(-3, 4)
"""Between the day of a fee and that of its bill."""
_PERCENT_APART = 5


class Every(StrEnum):
    """The interval at which a fee is due, counted from the month that it starts in."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MONTHS = {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}


class RecurringFee(NamedTuple):
    """A fee of ``amount`` nanos in the organization's currency; ``path`` is that of the entity that bears it.

    ``on_day`` is the day of the month that it is due on, or the month's last day if that is earlier. It is due from
    ``starts_on`` to ``ended_on``, both included, and its charges are known through ``booked_through``.
    """

    fee_key: int
    entity_key: int
    entity_id: str
    path: str
    name: str
    amount: int
    provider: str
    category: str
    every: Every
    on_day: int
    starts_on: date
    ended_on: date | None
    booked_through: date
    is_archived: bool

    @property
    def has_ended(self) -> bool:
        """True if no day is left on which it will be due."""
        return self.ended_on is not None and _due_after(self, self.booked_through) > self.ended_on

    @property
    def next_on(self) -> date | None:
        """The next day on which it is due and not booked yet; None if it has ended, or while its entity is archived."""
        return None if self.has_ended or self.is_archived else _due_after(self, self.booked_through)

    def due(self, through: date) -> list[date]:
        """Return the days through ``through`` on which it is due and not booked yet."""
        last = through if self.ended_on is None else min(through, self.ended_on)
        found, day = [], _due_after(self, self.booked_through)
        while day <= last:
            found.append(day)
            day = _due_after(self, day)
        return found


def _due_after(fee: RecurringFee, known: date) -> date:
    """Return the first day after ``known`` on which a fee is due."""
    start = fee.starts_on
    month = start.year * 12 + start.month - 1
    step = _MONTHS[fee.every]
    # From the step that ``known`` is in; the days of a fee are never more than a step apart.
    month += max(0, (known.year * 12 + known.month - 1 - month) // step - 1) * step
    while True:
        year, number = divmod(month, 12)
        day = date(year, number + 1, min(fee.on_day, monthrange(year, number + 1)[1]))
        if day >= start and day > known:
            return day
        month += step


class ImportedCost(NamedTuple):
    """The imported cost of one origin on a day, in nanos of the organization's currency."""

    origin_key: int
    entity_key: int | None
    provider: str
    service: str
    day: date
    amount: int


class Bill(NamedTuple):
    """The imported cost that stands in the place of a charge."""

    origin_key: int
    day: date
    amount: int


class Charge(NamedTuple):
    """A fee of ``amount`` nanos on a day that it was due: booked as the cost ``cost_key``, or billed."""

    fee_key: int
    day: date
    amount: int
    cost_key: int | None
    bill: Bill | None


class FeeReport(NamedTuple):
    """A fee with its latest charge, if it had any, in nanos of ``currency``."""

    fee: RecurringFee
    latest: Charge | None
    currency: str


class Settlement(NamedTuple):
    """A charge to store: newly booked or billed, or in place of ``before``, which is how it is stored now."""

    fee: RecurringFee
    before: Charge | None
    charge: Charge


def newly_due(fees: Iterable[RecurringFee], through: date) -> list[Charge]:
    """Return the charges of ``fees`` that are due through a day and not known yet; an archived entity bears none."""
    return [
        Charge(fee.fee_key, day, fee.amount, None, None)
        for fee in fees
        if not fee.is_archived
        for day in fee.due(through)
    ]


def settlements(
    known: Iterable[Charge],
    due: Iterable[Charge],
    fees: Mapping[int, RecurringFee],
    costs: Iterable[ImportedCost],
    rule: PeriodRule,
) -> list[Settlement]:
    """Return what has to be done about ``known`` charges and newly ``due`` ones, by what was imported."""
    before = {(charge.fee_key, charge.day): charge for charge in known}
    charges = [*before.values(), *due]
    bills = bills_for(charges, fees, costs, rule)
    found = []
    for charge in charges:
        key = charge.fee_key, charge.day
        bill = bills.get(key)
        if (key not in before or bill != charge.bill) and not fees[charge.fee_key].is_archived:
            found.append(Settlement(fees[charge.fee_key], before.get(key), charge._replace(cost_key=None, bill=bill)))
    return found


def bills_for(
    charges: Sequence[Charge], fees: Mapping[int, RecurringFee], costs: Iterable[ImportedCost], rule: PeriodRule
) -> dict[tuple[int, date], Bill]:
    """Return the bill for each of ``charges`` that has one, by fee and day; each cost is the bill for one at most.

    A cost is the bill for a fee of the same entity if it comes from the same provider or its service names the fee, at
    most 3 days and 5% away, in the same period. The nearest amount goes first, then the nearest day.
    """
    by_day: dict[date, list[ImportedCost]] = {}
    for cost in costs:
        by_day.setdefault(cost.day, []).append(cost)
    pairs = sorted(
        (abs(cost.amount - charge.amount), abs(apart), charge.day, charge.fee_key, cost)
        for charge in charges
        for apart in DAYS_APART
        for cost in by_day.get(charge.day + timedelta(days=apart), ())
        if _is_bill(cost, charge, fees[charge.fee_key], rule)
    )
    found: dict[tuple[int, date], Bill] = {}
    taken: set[tuple[int, date]] = set()
    for _, _, day, fee_key, cost in pairs:
        if (fee_key, day) not in found and (cost.origin_key, cost.day) not in taken:
            found[fee_key, day] = Bill(cost.origin_key, cost.day, cost.amount)
            taken.add((cost.origin_key, cost.day))
    return found


def _is_bill(cost: ImportedCost, charge: Charge, fee: RecurringFee, rule: PeriodRule) -> bool:
    is_same_provider = bool(fee.provider) and cost.provider.casefold() == fee.provider.casefold()
    return (
        cost.entity_key == fee.entity_key
        and (is_same_provider or fee.name.casefold() in cost.service.casefold())
        and abs(cost.amount - charge.amount) * 100 <= charge.amount * _PERCENT_APART
        and rule.containing(cost.day) == rule.containing(charge.day)
    )


def parse_every(text: str) -> Every:
    """Parse ``month``, ``quarter`` or ``year``."""
    try:
        return Every(text.strip().casefold())
    except ValueError:
        raise Refused(f"a fee cannot recur every '{text.strip()}'", "there are month, quarter, year") from None


def parse_day_of_month(text: str) -> int:
    """Parse the day of the month that a fee is due on: 1 to 31, or ``last``."""
    if text.strip().casefold() == "last":
        return 31
    day = two_digits(text)
    if not 1 <= day <= 31:
        raise Refused(f"'{text.strip()}' is not a day of the month", "choose 1 to 31, or last")
    return day
