"""Amounts as integers: money in nanos (10⁻⁹ of the currency's unit), tokens and seats in ones.

Between a file and a screen, only the width of a forecast's range is calculated in binary floats. Input is text or
``Decimal``; calculations are in ``int`` or ``Fraction``; rounding is half-even, and happens once.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from budget_tui.domain.errors import NotAnAmount, Refused

NANOS = 1_000_000_000
LIMIT_UNITS = 9_000_000_000
LIMIT_NANOS = LIMIT_UNITS * NANOS

LIMIT_COUNT = LIMIT_NANOS
"""Tokens and seats are stored in the same 64 bits as nanos."""

_LIMIT_DIGITS = len(str(LIMIT_COUNT))
_NANO = Decimal("1e-9")
_EXACT = Context(prec=60)  # more digits than any amount near the limit has

# ISO 4217 currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)

_CURRENCY_SIGN = re.compile(r"([+-]?)\s*[$€£¥₹]\s*")
_NUMBER = re.compile(r"[+-]?((\d{1,3}(,\d{3})+|\d+)(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


def minor_digits(currency: str) -> int:
    """Return the number of decimals that ``currency`` (ISO 4217) is written with: USD 2, JPY 0."""
    return _MINOR_DIGITS.get(currency, 2)


def minor_unit(currency: str) -> int:
    """Return the smallest coin of ``currency`` in nanos: USD 10,000,000."""
    return int(10 ** (9 - minor_digits(currency)))


def _out_of_range(amount: str) -> Refused:
    return Refused(f"an amount of {amount} is out of range", f"the limit is ±{LIMIT_UNITS:,} units")


def within_limit(nanos: int) -> int:
    """Return ``nanos``; `Refused` when it is beyond ±9,000,000,000 units."""
    if -LIMIT_NANOS <= nanos <= LIMIT_NANOS:
        return nanos
    raise _out_of_range(f"{to_decimal(nanos):,}")


def nanos_of(value: Decimal) -> int:
    """Return the nanos of ``value`` units, rounded half-even; `Refused` when not finite or out of range."""
    if not value.is_finite():
        raise Refused(f"'{value}' is not an amount", "give a number such as 12.50")
    if value and value.adjusted() > 12:  # far out of range: do not build the huge integer
        raise _out_of_range(f"{value:.3E}")
    rounded = value.quantize(_NANO, rounding=ROUND_HALF_EVEN, context=_EXACT)
    return within_limit(int(rounded.scaleb(9, context=_EXACT)))


def parse_amount(text: str) -> int:
    """Parse an amount to nanos: ``12``, ``12.50``, ``1,234.5``, ``$12``, ``-3``, ``-$3``, ``1e-7``.

    Raises `Refused` when the text is no number, has more than 9 significant decimals, or is out of range.
    """
    cleaned = text.strip().replace("_", "").replace("−", "-")
    if sign := _CURRENCY_SIGN.match(cleaned):
        cleaned = sign[1] + cleaned[sign.end() :]
    if not _NUMBER.fullmatch(cleaned):
        raise NotAnAmount(f"'{text.strip()}' is not an amount", "give a number such as 12.50")
    return exact_nanos(Decimal(cleaned.replace(",", "")))


def parse_whole(text: str) -> int:
    """Parse an amount that replaces the one before; `Refused` for ``+20``, which elsewhere adds to it."""
    if text.strip().startswith("+"):
        raise Refused(f"'{text.strip()}' is a change, not an amount", "give the whole amount, such as 500")
    return parse_amount(text)


_COUNT = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]+))?([kmb]?)", re.IGNORECASE)
_ZEROS = {"k": 3, "m": 6, "b": 9}


def exact_nanos(value: Decimal) -> int:
    """Return the nanos of ``value`` units; `Refused` with more than 9 significant decimals, or out of range."""
    nanos = nanos_of(value)
    if Decimal(nanos).scaleb(-9) != value:
        shown = f"{value:f}" if value.adjusted() > -20 else f"{value}"
        raise Refused(f"'{shown:.40}' has more than 9 decimals", "round it to 9 or fewer")
    return nanos


def parse_count(text: str) -> int:
    """Parse a whole number of tokens or seats, 0 or more: ``25000000``, ``25,000,000``, ``25M``, ``1.5M``, ``50k``."""
    found = _COUNT.fullmatch(text.strip().replace("_", ""))
    digits, decimals, unit = found.groups("") if found else ("", "", "")
    zeros = _ZEROS.get(unit.lower(), 0) - len(decimals.rstrip("0"))
    if not digits or zeros < 0 or (decimals and not unit):
        raise NotAnAmount(f"'{text.strip()}' is not a whole number of 0 or more", "give one such as 12, 25000 or 1.5M")
    digits = (digits.replace(",", "") + decimals.rstrip("0") + "0" * zeros).lstrip("0") or "0"
    if len(digits) > _LIMIT_DIGITS or int(digits) > LIMIT_COUNT:
        raise Refused(f"a count of {text.strip()[:40]} is out of range", f"the limit is {LIMIT_COUNT:,}")
    return int(digits)


def checked_count(count: int) -> int:
    """Return ``count`` of tokens or seats; `Refused` when it is more than can be stored."""
    if count <= LIMIT_COUNT:
        return count
    raise Refused(f"a count of {count:,} is out of range", f"the limit is {LIMIT_COUNT:,}")


def to_decimal(nanos: int) -> Decimal:
    """Return nanos as units of the currency, exactly, with as few decimals as needed: 45, 2.5, 0.666666667."""
    whole, rest = divmod(abs(nanos), NANOS)
    sign = "-" if nanos < 0 else ""
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return Decimal(f"{sign}{whole}{fraction}")


def to_decimals(amounts: Mapping[str, int]) -> dict[str, Decimal]:
    """Return nanos by currency as units, in the order of the currencies."""
    return {currency: to_decimal(nanos) for currency, nanos in sorted(amounts.items())}


def divide(amount: int, divisor: int) -> int:
    """Return ``amount / divisor`` rounded half-even to a whole smallest unit; ``divisor`` is positive."""
    quotient, rest = divmod(amount, divisor)
    if 2 * rest > divisor or (2 * rest == divisor and quotient % 2):
        quotient += 1
    return quotient


def round_to(amount: int, unit: int) -> int:
    """Return ``amount`` rounded half-even to a multiple of ``unit``, such as the currency's smallest coin."""
    return divide(amount, unit) * unit


def split(total: int, weights: Sequence[int | Fraction], unit: int = 1) -> tuple[int, ...]:
    """Split ``total`` into parts proportional to ``weights``, each a multiple of ``unit``, that add up to it exactly.

    Method of the largest remainder (Hamilton); equal remainders go to the earlier part. What ``total`` has beyond a
    multiple of ``unit`` goes to the next part in that order, so that no part is a whole ``unit`` off its exact share
    and a weight of 0 gets nothing. ``weights`` are non-negative with a positive sum.
    """
    if total < 0 or not weights or min(weights) < 0 or sum(weights) <= 0:
        raise Refused("a split needs a non-negative total and weights with a positive sum")
    coins, odd = divmod(total, unit)
    exact = [Fraction(total, unit) * Fraction(weight) / Fraction(sum(weights)) for weight in weights]
    parts = [share.numerator // share.denominator for share in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: parts[i] - exact[i])
    left_over = coins - sum(parts)
    amounts = [part * unit for part in parts]
    for i in by_remainder[:left_over]:
        amounts[i] += unit
    if odd:
        amounts[by_remainder[left_over]] += odd
    return tuple(amounts)


def share(part: int, whole: int) -> Fraction:
    """Return ``part / whole`` exactly; of a ``whole`` of 0, 0 when ``part`` is 0, too, else 1."""
    if whole <= 0:
        return Fraction(1 if part > 0 else 0)
    return Fraction(part, whole)
