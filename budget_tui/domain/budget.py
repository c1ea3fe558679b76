"""Budgets, the allocation of a parent's budget to its children, and transfers between siblings."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from budget_tui.domain.amount import divide, minor_unit, parse_amount, split, to_decimal, within_limit
from budget_tui.domain.carry import NO_CARRY, Carry
from budget_tui.domain.cost import Category
from budget_tui.domain.errors import InsufficientBudget, NotAnAmount, Outdated, Refused
from budget_tui.domain.period import Period, PeriodKind, PeriodRule


class BudgetType(StrEnum):
    """Type of a budget: money (nanos of ``currency``), tokens or seats (ones)."""

    MONETARY = "monetary"
    TOKEN = "token"
    SEAT = "seat"


def plain_amount(amount: int, budget_type: BudgetType) -> Decimal:
    """Return a budget's amount in units of its currency, in tokens or in seats."""
    return to_decimal(amount) if budget_type is BudgetType.MONETARY else Decimal(amount)


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant: everything else belongs to exactly one."""

    org_key: int
    slug: str
    name: str
    currency: str
    time_zone: str
    period_rule: PeriodRule = PeriodRule()


@dataclass(frozen=True, slots=True)
class Budget:
    """The amount that one entity may use, of one category, type and period, optionally of one provider ('' = any)."""

    budget_id: str
    entity_key: int
    category: Category
    budget_type: BudgetType
    currency: str
    provider: str
    period_kind: PeriodKind
    period: Period
    amount: int
    parent_id: str | None = None
    carry: Carry = NO_CARRY


class MoneyBudget(NamedTuple):
    """An active budget of money of one entity, in nanos of ``currency``."""

    category: str
    provider: str
    amount: int
    currency: str
    period: Period
    in_cycle: bool


class ChangeKind(StrEnum):
    SET = "set"
    ADD = "add"
    PERCENT = "percent"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class AllocationChange:
    """A requested change of an allocation: a value, a delta, a share of the parent, or the rest.

    A delta stays a delta until it is added to the stored value, so that of two quick key presses none is lost.
    """

    kind: ChangeKind
    amount: int = 0
    percent: Fraction = Fraction(0)

    def applied_to(self, current: int, parent: int, unallocated: int, currency: str) -> int:
        """Return the new allocation in nanos; `Refused` when it would be negative, out of range, or nothing is left."""
        new = self._target(current, parent, unallocated, currency)
        if new < 0:
            raise Refused("an allocation cannot be negative", "take off at most what is allocated")
        return within_limit(new)

    def _target(self, current: int, parent: int, unallocated: int, currency: str) -> int:
        match self.kind:
            case ChangeKind.SET:
                return self.amount
            case ChangeKind.ADD:
                return current + self.amount
            case ChangeKind.PERCENT:
                exact = parent * self.percent
                unit = minor_unit(currency)
                return divide(exact.numerator, exact.denominator * unit) * unit
        if unallocated <= 0:
            raise Refused("nothing is unallocated", "there is no rest to give")
        return current + unallocated


def parse_change(text: str) -> AllocationChange:
    """Parse a change of an allocation: ``120`` or ``=120``, ``+20``, ``-15``, ``25%`` of the total, ``rest``."""
    cleaned = text.strip()
    is_set, cleaned = cleaned.startswith("="), cleaned.removeprefix("=").strip()
    if cleaned.casefold() == "rest":
        return AllocationChange(ChangeKind.REST)
    if cleaned.endswith("%"):
        return AllocationChange(ChangeKind.PERCENT, percent=parse_percent(cleaned[:-1]) / 100)
    try:
        change = None if is_set else _difference(cleaned, parse_amount)
        if change is not None:
            return AllocationChange(ChangeKind.ADD, change)
        return AllocationChange(ChangeKind.SET, parse_amount(cleaned))
    except NotAnAmount:
        raise Refused(f"'{cleaned or text.strip()}' is not an allocation", "type 120, +20, -15, 25% or rest") from None


def parse_over(text: str, before: int, parse: Callable[[str], int]) -> int:
    """Parse a value typed over ``before``: ``120`` or ``=120``, or ``+20`` and ``-15`` to change it by that."""
    change = _difference(text, parse)
    return parse(text.strip().removeprefix("=")) if change is None else before + change


def is_difference(text: str) -> bool:
    """Return whether what was typed is added to a value, or taken from it, rather than put in its place."""
    return _DIFFERENCE.fullmatch(text) is not None


_DIFFERENCE = re.compile(r"\s*([$€£¥₹]?)\s*([-+−])(.*)", re.DOTALL)


def _difference(text: str, parse: Callable[[str], int]) -> int | None:
    """Parse ``+20``, ``-15`` or ``-$15``; None if there is no sign, `NotAnAmount` if there are two, or no amount."""
    found = _DIFFERENCE.fullmatch(text)
    if found is None:
        return None
    currency, sign, amount = found.groups()
    try:
        change = parse(currency + amount)
    except NotAnAmount as error:
        raise NotAnAmount(f"'{text.strip()}' is not an amount", error.hint) from None
    if change < 0:
        raise NotAnAmount(f"'{text.strip()}' has two signs", "give one, such as +20 or -15")
    return change if sign == "+" else -change


def parse_percent(text: str) -> Fraction:
    """Parse a percentage such as ``25`` or ``12.5``, without its sign."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,9})?", text.strip()):
        raise Refused(f"'{text.strip()}%' is not a share", "type one such as 25% or 12.5%")
    return Fraction(text.strip())


def check_unchanged(seen: int | None, current: int, shown: str) -> None:
    """Raise `Outdated` when the value that was ``seen`` is no longer ``current``; ``shown`` is the latter as text."""
    if seen is not None and seen != current:
        raise Outdated(f"the allocation is {shown} by now", "someone else changed it; enter it again to overwrite that")


def unallocated(parent: int, children: Sequence[int]) -> int:
    """Return the pool: what the parent has beyond its children; negative when they were given more."""
    return parent - sum(children)


def split_by_percent(total: int, percents: Sequence[Fraction], unit: int) -> tuple[tuple[int, ...], int]:
    """Return the children's amounts and the margin that stays with the parent; they add up to ``total`` exactly.

    `Refused` when the percentages are negative or sum to more than 100.
    """
    margin = 100 - sum(percents, Fraction(0))
    if margin < 0 or any(percent < 0 for percent in percents):
        raise Refused("percentages are 0 or more and sum to at most 100", "lower them until they do")
    *children, rest = split(total, [*percents, margin], unit)
    return tuple(children), rest


def most_transferable(allocation: int, spent: int, reserved: int = 0) -> int:
    """Return the most that a budget can give away: what is neither spent nor reserved."""
    return max(0, allocation - max(0, spent) - reserved)


def check_transfer(amount: int, available: int, *, giver: str, shown_available: str, which: str = "unspent") -> None:
    """Refuse a transfer that is not positive or more than ``available``, naming the maximum and why.

    ``which`` names what bounds it: what the giver has unspent and not held, unallocated (the pool), or allocated
    (forced).
    """
    if amount <= 0:
        raise Refused("a transfer needs a positive amount", "swap source and target to move it the other way")
    if amount > available:
        raise InsufficientBudget(
            f"{shown_available} is all that {giver} has {which}",
            "transfer at most that",
            available=available,
        )
