"""Amounts in other currencies: dated rates, which of them holds on a day, and what an amount is worth by it.

A rate is an exact decimal number. What comes of several of them is a ``Fraction``, and an amount is rounded
once, when it is converted.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from budget_tui.domain.amount import LIMIT_NANOS, divide
from budget_tui.domain.errors import Refused

PREFERRED_BASE = "EUR"
"""What two currencies are compared by when several others would do: the European Central Bank's own."""

MAX_DIGITS = 12
LIMIT = 1_000_000_000
"""What one unit of a currency can be worth in another at most, either way round."""
_NUMBER = re.compile(r"[0-9]{1,10}(\.[0-9]{1,15})?|\.[0-9]{1,15}")


class Rate(NamedTuple):
    """What one unit of ``base`` was worth in ``quote`` from ``day`` on, until a later rate says otherwise."""

    base: str
    quote: str
    day: date
    rate: Decimal


class Factor(NamedTuple):
    """What an amount is multiplied by; ``day`` is that of the rate, of two the older one."""

    value: Fraction
    day: date


def parse_rate(text: str) -> Decimal:
    """The rate a person or a file wrote: a positive number of at most 12 digits that matter."""
    cleaned = text.strip()
    if not _NUMBER.fullmatch(cleaned) or not Decimal(cleaned):
        raise Refused(f"'{cleaned[:40]}' is not a rate", "give a positive number such as 1.0321")
    rate = Decimal(cleaned).normalize()
    if len(rate.as_tuple().digits) > MAX_DIGITS:
        raise Refused(f"'{cleaned}' has more digits than a rate needs", f"round it to {MAX_DIGITS}")
    return checked_rate(rate)


def checked_rate(rate: Decimal) -> Decimal:
    """``rate`` itself, or `Refused` when one unit of a currency would be worth more than `LIMIT` of the other."""
    if not Decimal(1) / LIMIT <= rate <= LIMIT:
        raise Refused(
            f"a rate of {rate:f} is out of range: the limits are {Decimal(1) / LIMIT:f} and {LIMIT:,}",
            "look whether the currencies are the other way round",
        )
    return rate


def convert(amount: int, factor: Fraction) -> int | None:
    """``amount`` times ``factor``, rounded half-even once; None where that is out of range: no rate to be used."""
    nanos = divide(amount * factor.numerator, factor.denominator)
    return nanos if abs(nanos) <= LIMIT_NANOS else None


class Rates:
    """The rates on file, to be asked which one holds on a day.

    The latest on or before the day does, however old it is; a younger one is better than a more direct one. Of
    equally young ones: the pair itself, then the pair the other way round, then two rates that share a third
    currency, the euro before others by name.
    """

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._days: dict[tuple[str, str], list[date]] = {}
        self._values: dict[tuple[str, str], list[Decimal]] = {}
        self._neighbours: dict[str, set[str]] = {}
        for rate in sorted(rates):
            pair = rate.base, rate.quote
            self._days.setdefault(pair, []).append(rate.day)
            self._values.setdefault(pair, []).append(rate.rate)
            self._neighbours.setdefault(rate.base, set()).add(rate.quote)
            self._neighbours.setdefault(rate.quote, set()).add(rate.base)
        self._found: dict[tuple[str, str, date], Factor | None] = {}
        self._legs: dict[tuple[str, str, date], Factor | None] = {}

    def factor(self, base: str, quote: str, day: date) -> Factor | None:
        """What an amount in ``base`` is multiplied by on ``day`` to be one in ``quote``; None without a rate."""
        asked = base, quote, day
        if asked not in self._found:
            self._found[asked] = self._factor(base, quote, day)
        return self._found[asked]

    def _factor(self, base: str, quote: str, day: date) -> Factor | None:
        if base == quote:
            return Factor(Fraction(1), day)
        best, legs = self._leg(base, quote, day), None
        for via in self._between(base, quote):
            one, other = self._leg(base, via, day), self._leg(via, quote, day)
            if one and other and (best is None or min(one.day, other.day) > best.day):
                best, legs = Factor(Fraction(1), min(one.day, other.day)), (one.value, other.value)
        return best if best is None or legs is None else best._replace(value=legs[0] * legs[1])

    def first_day(self, base: str, quote: str) -> date | None:
        """The first day on which `factor` has an answer."""
        found = [self._first(base, quote)]
        for via in self._between(base, quote):
            one, other = self._first(base, via), self._first(via, quote)
            found.append(max(one, other) if one and other else None)
        return min((day for day in found if day is not None), default=None)

    def _direct(self, base: str, quote: str, day: date) -> Factor | None:
        days = self._days.get((base, quote), [])
        position = bisect_right(days, day)
        if not position:
            return None
        return Factor(Fraction(self._values[base, quote][position - 1]), days[position - 1])

    def _inverse(self, base: str, quote: str, day: date) -> Factor | None:
        found = self._direct(quote, base, day)
        return Factor(1 / found.value, found.day) if found else None

    def _leg(self, base: str, quote: str, day: date) -> Factor | None:
        """The younger of the pair itself and the pair the other way round."""
        asked = base, quote, day
        if asked not in self._legs:
            found = [self._direct(base, quote, day), self._inverse(base, quote, day)]
            known = [factor for factor in found if factor is not None]
            self._legs[asked] = max(known, key=lambda factor: factor.day, default=None)  # the first of the latest
        return self._legs[asked]

    def _between(self, base: str, quote: str) -> list[str]:
        shared = self._neighbours.get(base, set()) & self._neighbours.get(quote, set())
        return sorted(shared, key=lambda currency: (currency != PREFERRED_BASE, currency))

    def _first(self, base: str, quote: str) -> date | None:
        days = [self._days[pair][0] for pair in ((base, quote), (quote, base)) if pair in self._days]
        return min(days, default=None)


def pairs_between(pairs: Sequence[tuple[str, str]], foreign: Iterable[str], own: str) -> list[tuple[str, str]]:
    """Those of ``pairs`` that can take an amount from one of ``foreign`` to ``own``, across one other at most."""
    known = {frozenset(pair) for pair in pairs}
    useful: set[frozenset[str]] = set()
    for currency in foreign:
        useful.add(frozenset((currency, own)))
        others = {other for pair in known if currency in pair for other in pair - {currency}}
        for via in others:
            if frozenset((via, own)) in known:
                useful |= {frozenset((currency, via)), frozenset((via, own))}
    return [pair for pair in pairs if frozenset(pair) in useful]
