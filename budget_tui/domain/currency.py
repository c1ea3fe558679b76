"""Currencies: their codes, dated rates between them, and conversion.

A rate is an exact decimal number, a cross rate a ``Fraction``. An amount is rounded once, when it is converted: the
cost of one origin on one day, as one amount. No displayed sum splits such an amount, so projects, categories, providers
and days all add up to the same total. Amounts without a usable rate are left out and named, never just added.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from budget_tui.domain.amount import LIMIT_NANOS, divide
from budget_tui.domain.errors import Refused

CODES = frozenset(  # of ISO 4217, without those for metals, tests and no currency at all
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF"
    " CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF"
    " GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD"
    " LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP"
    " PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP"
    " TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XCD XCG XDR XOF XPF YER ZAR ZMW ZWG"
    # Withdrawn currencies, which are in older files.
    " BYR CUC CYP EEK HRK LTL LVL MRO MTL ROL SIT SKK SLL STD TRL VEF ZWL".split()
)


def is_currency(code: str) -> bool:
    """Return whether ``code`` is a currency's code, in upper case."""
    return code in CODES


def checked_currency(text: str) -> str:
    """Return ``text`` as a currency's code in upper case; `Refused` when it is none."""
    code = text.strip().upper()
    if not is_currency(code):
        raise Refused(f"'{text}' is not a currency", "give a code of ISO 4217 such as USD")
    return code


PREFERRED_BASE = "EUR"
"""The currency preferred for cross rates when several would do: that of the European Central Bank's rates."""

MAX_DIGITS = 12
LIMIT = 1_000_000_000
"""The most that one unit of a currency can be worth in another, in either direction."""
_NUMBER = re.compile(r"[0-9]{1,10}(\.[0-9]{1,15})?|\.[0-9]{1,15}")


class Rate(NamedTuple):
    """A rate between two currencies: one unit of ``base`` is worth ``rate`` of ``quote``, from ``day`` on."""

    base: str
    quote: str
    day: date
    rate: Decimal


class _Ratio(NamedTuple):
    numerator: int
    denominator: int
    day: date


class Factor(NamedTuple):
    """A factor to convert an amount by; ``day`` is the date of its rate, of two rates the older one's."""

    value: Fraction
    day: date


def parse_rate(text: str) -> Decimal:
    """Parse a positive number of at most 12 significant digits; `Refused` for anything else, or out of range."""
    cleaned = text.strip()
    if not _NUMBER.fullmatch(cleaned) or not Decimal(cleaned):
        raise Refused(f"'{cleaned[:40]}' is not a rate", "give a positive number such as 1.0321")
    rate = Decimal(cleaned).normalize()
    if len(rate.as_tuple().digits) > MAX_DIGITS:
        raise Refused(f"'{cleaned}' has more digits than a rate needs", f"round it to {MAX_DIGITS}")
    return checked_rate(rate)


def checked_rate(rate: Decimal) -> Decimal:
    """Return ``rate``; `Refused` when one unit of either currency would be worth more than `LIMIT` of the other."""
    if not Decimal(1) / LIMIT <= rate <= LIMIT:
        raise Refused(
            f"a rate of {rate:f} is out of range: the limits are {Decimal(1) / LIMIT:f} and {LIMIT:,}",
            "check the order of the currencies",
        )
    return rate


def convert(amount: int, factor: "Fraction | _Ratio") -> int | None:
    """Return ``amount`` times ``factor``, rounded half-even once; None when that is out of range: no usable rate."""
    nanos = divide(amount * factor.numerator, factor.denominator)
    return nanos if -LIMIT_NANOS <= nanos <= LIMIT_NANOS else None


class Rates:
    """The rates on file.

    The rate for a day is the latest one on or before it, however old; a newer rate is better than a more direct one. Of
    equally new ones: the pair itself, then the inverse pair, then a cross rate through a third currency, the euro
    before others by name.
    """

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._days: dict[tuple[str, str], list[date]] = {}
        self._values: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self._neighbours: dict[str, set[str]] = {}
        for rate in sorted(rates):
            pair = rate.base, rate.quote
            self._days.setdefault(pair, []).append(rate.day)
            self._values.setdefault(pair, []).append(rate.rate.as_integer_ratio())
            self._neighbours.setdefault(rate.base, set()).add(rate.quote)
            self._neighbours.setdefault(rate.quote, set()).add(rate.base)
        self._found: dict[tuple[str, str, date], _Ratio | None] = {}
        self._legs: dict[tuple[str, str, date], _Ratio | None] = {}
        self._shared: dict[tuple[str, str], list[str]] = {}

    def factor(self, base: str, quote: str, day: date) -> Factor | None:
        """Return the factor that converts an amount in ``base`` on ``day`` to ``quote``; None without a rate."""
        found = self.ratio(base, quote, day)
        return Factor(Fraction(found.numerator, found.denominator), found.day) if found else None

    def ratio(self, base: str, quote: str, day: date) -> "_Ratio | None":
        """Return the same factor unreduced, because reducing thousands of fractions is slow."""
        key = base, quote, day
        if key not in self._found:
            self._found[key] = self._ratio(base, quote, day)
        return self._found[key]

    def _ratio(self, base: str, quote: str, day: date) -> "_Ratio | None":
        if base == quote:
            return _Ratio(1, 1, day)
        best = self._leg(base, quote, day)
        for via in self._intermediates(base, quote):
            one, other = self._leg(base, via, day), self._leg(via, quote, day)
            if one and other and (best is None or min(one.day, other.day) > best.day):
                best = _Ratio(
                    one.numerator * other.numerator, one.denominator * other.denominator, min(one.day, other.day)
                )
        return best

    def first_day(self, base: str, quote: str) -> date | None:
        """Return the first day on which `factor` finds a rate; None if there is none."""
        found = [self._first(base, quote)]
        for via in self._intermediates(base, quote):
            one, other = self._first(base, via), self._first(via, quote)
            found.append(max(one, other) if one and other else None)
        return min((day for day in found if day is not None), default=None)

    def _direct(self, base: str, quote: str, day: date) -> "_Ratio | None":
        days = self._days.get((base, quote), [])
        position = bisect_right(days, day)
        if not position:
            return None
        return _Ratio(*self._values[base, quote][position - 1], days[position - 1])

    def _leg(self, base: str, quote: str, day: date) -> "_Ratio | None":
        """Return the newer of the pair's own rate and the inverse of the opposite pair's."""
        key = base, quote, day
        if key not in self._legs:
            own, other = self._direct(base, quote, day), self._direct(quote, base, day)
            if other is not None and (own is None or other.day > own.day):
                own = _Ratio(other.denominator, other.numerator, other.day)
            self._legs[key] = own
        return self._legs[key]

    def _intermediates(self, base: str, quote: str) -> list[str]:
        if (base, quote) not in self._shared:
            shared = self._neighbours.get(base, set()) & self._neighbours.get(quote, set())
            self._shared[base, quote] = sorted(shared, key=lambda currency: (currency != PREFERRED_BASE, currency))
        return self._shared[base, quote]

    def _first(self, base: str, quote: str) -> date | None:
        days = [self._days[pair][0] for pair in ((base, quote), (quote, base)) if pair in self._days]
        return min(days, default=None)


def pairs_between(pairs: Sequence[tuple[str, str]], currencies: Iterable[str], own: str) -> list[tuple[str, str]]:
    """Return the pairs needed to convert ``currencies`` to ``own``, directly or through one other currency."""
    known = {frozenset(pair) for pair in pairs}
    useful: set[frozenset[str]] = set()
    for currency in currencies:
        useful.add(frozenset((currency, own)))
        others = {other for pair in known if currency in pair for other in pair - {currency}}
        for via in others:
            if frozenset((via, own)) in known:
                useful |= {frozenset((currency, via)), frozenset((via, own))}
    return [pair for pair in pairs if frozenset(pair) in useful]


class ConvertedSpend(NamedTuple):
    """The sum of ``costs`` costs (or budgets) in another currency, and what it counts as: ``counted`` nanos of the main
    one.

    ``oldest_days`` is the age of the oldest rate used, on the day of its amount.
    """

    currency: str
    amount: int
    costs: int
    counted: int
    oldest_days: int


class LeftOut(NamedTuple):
    """Costs, or budgets, in a currency that could not be converted ``into`` that of the sums, which exclude them."""

    currency: str
    amount: int
    costs: int
    into: str
    budgets: int = 0


@dataclass(slots=True)
class CurrencySum:
    """The sums of what there was in one other currency.

    ``number`` costs or budgets had a usable rate and are ``worth`` that much; ``left_number`` had none.
    """

    amount: int = 0
    number: int = 0
    worth: int = 0
    oldest_days: int = 0
    left_amount: int = 0
    left_number: int = 0

    def count(self, amount: int, number: int, worth: int | None, rate_days: int = 0) -> None:
        """Add an amount; ``worth`` is None without a usable rate, ``rate_days`` the age of the rate."""
        if worth is None:
            self.left_amount += amount
            self.left_number += number
        else:
            self.amount += amount
            self.number += number
            self.worth += worth
            self.oldest_days = max(self.oldest_days, rate_days)

    def add(self, other: "CurrencySum") -> None:
        self.amount += other.amount
        self.number += other.number
        self.worth += other.worth
        self.oldest_days = max(self.oldest_days, other.oldest_days)
        self.left_amount += other.left_amount
        self.left_number += other.left_number

    def leave_out(self) -> None:
        """Count everything converted as left out, because the rate is implausible."""
        self.left_amount += self.amount
        self.left_number += self.number
        self.amount = self.number = self.worth = self.oldest_days = 0

    def converted(self, currency: str) -> ConvertedSpend | None:
        if not self.number:
            return None
        return ConvertedSpend(currency, self.amount, self.number, self.worth, self.oldest_days)

    def left_out(self, currency: str, into: str) -> LeftOut | None:
        return LeftOut(currency, self.left_amount, self.left_number, into) if self.left_number else None


class Converter:
    """Conversion of amounts in other currencies ``into`` one, at the rate of their day, rounded half-even once."""

    def __init__(self, rates: Rates, into: str) -> None:
        self._rates, self.into = rates, into

    def factor(self, currency: str, day: date) -> Factor | None:
        """Return the factor for an amount of ``day``; None without a rate."""
        return self._rates.factor(currency, self.into, day)

    def worth(self, amount: int, currency: str, day: date) -> int | None:
        """Return ``amount`` converted; None where there is no rate, or the result would be out of range."""
        ratio = self._rates.ratio(currency, self.into, day)
        return None if ratio is None else convert(amount, ratio)


STALE_DAYS = 10
"""A rate that is older than this on the day of a cost is reported as old. Daily rates pause for five days at most."""


class UnconvertedCost(NamedTuple):
    """The cost of one origin on one day, in nanos of a currency that is not the organization's.

    ``path`` is that of its entity, None if it is unmapped; ``costs`` is the number of charges. A one-off cost
    (``is_once``) is no part of the burn rate.
    """

    path: str | None
    currency: str
    day: date
    amount: int
    costs: int
    is_once: bool = False


@dataclass(frozen=True, slots=True)
class Converted:
    """``costs``, each with its worth; by currency, what was converted and what had to be left out."""

    costs: tuple[tuple[UnconvertedCost, int], ...] = ()
    spends: tuple[ConvertedSpend, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def converted(costs: Iterable[UnconvertedCost], converter: Converter, own: int = 0) -> Converted:
    """Convert ``costs``; ``own`` is the sum of the costs in the target currency itself.

    A currency that would put the sum out of range is left out entirely: its rate is implausible.
    """
    counted: list[tuple[UnconvertedCost, int]] = []
    sums: dict[str, CurrencySum] = {}
    weights: dict[str, int] = {}
    for cost in costs:
        code, day = cost.currency, cost.day
        factor, worth = converter.factor(code, day), converter.worth(cost.amount, code, day)
        sums.setdefault(code, CurrencySum()).count(
            cost.amount, cost.costs, worth, (day - factor.day).days if factor else 0
        )
        if worth is not None:
            counted.append((cost, worth))
            weights[code] = weights.get(code, 0) + abs(worth)
    room = LIMIT_NANOS - abs(own)
    implausible = set()
    for code in sorted(weights, key=lambda code: (weights[code], code)):
        room -= weights[code]
        if room < 0:
            sums[code].leave_out()
            implausible.add(code)
    return Converted(
        tuple(pair for pair in counted if pair[0].currency not in implausible),
        tuple(spend for code in sorted(sums) if (spend := sums[code].converted(code))),
        tuple(left for code in sorted(sums) if (left := sums[code].left_out(code, converter.into))),
    )
