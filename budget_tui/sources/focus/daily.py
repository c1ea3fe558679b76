"""Adds the sums of several files up to daily costs, and rounds each of them once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from budget_tui.domain.amount import checked_count, divide, within_limit
from budget_tui.domain.cost import CostOrigin, DailyCost
from budget_tui.domain.text import one_line
from budget_tui.sources.focus.columns import DIMENSIONS
from budget_tui.sources.focus.units import Counted, unit_of

# The dimensions, in the roll-up's order, that say where a cost comes from.
_FIELDS = [name for name in DIMENSIONS if name not in ("billing_account_id", "billing_period", "currency")]
_PER_NANO = 10**9  # sums come in units of 10⁻¹⁸ of the currency
_PER_COUNT = 10**12

_Origin = tuple[str, tuple[str, ...]]
_When = tuple[str, date, date]


class DailySums:
    """Sums by everything that tells costs apart, exact to 10⁻¹⁸ of the currency's unit."""

    def __init__(self, source: str, tag_keys: Sequence[str]) -> None:
        self._source = source
        self._tag_keys = tag_keys
        # By what makes an origin, and in it by account, billing period and day: few origins have many days.
        self._sums: dict[_Origin, dict[_When, tuple[int, int]]] = {}
        # Tokens and seats in units of 10⁻¹², of the few that have them.
        self._counts: dict[Counted, dict[_Origin, dict[_When, int]]] = {counted: {} for counted in Counted}

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Takes rows as `rollup_sql` gives them; what was refused is passed over."""
        for period, currency, account, *texts, unit, days, _, _ in rows:
            if not days:
                continue
            if not "".join((account, *texts)).isprintable():
                account, *texts = map(one_line, (account, *texts))
            origin = (currency, tuple(texts))
            sums = self._sums.setdefault(origin, {})
            for day, amount_text, used, quantity in days:
                when = (account, period, day)
                amount, before = int(amount_text.replace(".", "")), sums.get(when)
                sums[when] = (amount + before[0], used + before[1]) if before else (amount, used)
                if unit and quantity:
                    self._count(origin, when, unit, quantity)

    def _count(self, origin: _Origin, when: _When, unit: str, quantity: str) -> None:
        known = unit_of(unit)
        if known is not None:
            counts = self._counts[known.counted].setdefault(origin, {})
            counts[when] = counts.get(when, 0) + int(quantity.replace(".", "")) * known.size

    def daily(self) -> tuple[DailyCost, ...]:
        """The daily costs, each rounded half-even to nanos, those of one origin together.

        Raises `Refused` when a day's costs are beyond what can be stored.
        """
        costs = []
        for key, sums in self._sums.items():
            origin = self._origin(*key)
            tokens, seats = (counts.get(key, {}) for counts in self._counts.values())
            for when, (amount, used) in sums.items():
                nanos = within_limit(divide(amount, _PER_NANO))
                counted = (_whole(tokens, when), _whole(seats, when)) if tokens or seats else ()
                costs.append(DailyCost(origin, *when, nanos, used, *counted))
        return tuple(costs)

    def totals(self) -> dict[str, Decimal]:
        """The exact sum of all rows used, per currency."""
        totals: dict[str, int] = {}
        for (currency, _), sums in self._sums.items():
            totals[currency] = totals.get(currency, 0) + sum(amount for amount, _ in sums.values())
        return {currency: _decimal(amount) for currency, amount in sorted(totals.items())}

    def _origin(self, currency: str, texts: Sequence[str]) -> CostOrigin:
        fields = dict(zip(_FIELDS, texts, strict=False))
        tags = zip(self._tag_keys, texts[len(_FIELDS) :], strict=True)
        kept = tuple(sorted((key, value) for key, value in tags if value))
        return CostOrigin(self._source, False, currency, tags=kept, **fields)


def _whole(counts: Mapping[_When, int], when: _When) -> int | None:
    """The count rounded half-even; what corrections take below nothing is nothing. `Refused` when out of range."""
    count = counts.get(when)
    return None if count is None else checked_count(max(0, divide(count, _PER_COUNT)))


def _decimal(amount: int) -> Decimal:
    """``amount`` in units of 10⁻¹⁸ as a Decimal, exactly, with as few decimals as needed."""
    whole, rest = divmod(abs(amount), 10**18)
    fraction = f".{rest:018d}".rstrip("0") if rest else ""
    return Decimal(f"{'-' if amount < 0 else ''}{whole}{fraction}")
