"""Adds the sums of several files up to daily costs, and rounds each of them once."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from budget_tui.domain.amount import divide, within_limit
from budget_tui.domain.cost import CostOrigin, DailyCost
from budget_tui.sources.focus.columns import DIMENSIONS

# The dimensions, in the roll-up's order, that say where a cost comes from.
_FIELDS = [name for name in DIMENSIONS if name not in ("billing_account_id", "billing_period", "currency")]
_PER_NANO = 10**9  # sums come in units of 10⁻¹⁸ of the currency


class DailySums:
    """Sums by everything that tells costs apart, exact to 10⁻¹⁸ of the currency's unit."""

    def __init__(self, source: str, tag_keys: Sequence[str]) -> None:
        self._source = source
        self._tag_keys = tag_keys
        self._sums: dict[tuple[Any, ...], tuple[int, int]] = {}

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Takes rows as `rollup_sql` gives them; what was refused is passed over."""
        for row in rows:
            key, used = row[:-3], row[-2]
            if key[0] is None or not used:
                continue
            amount, before = int(row[-3].replace(".", "")), self._sums.get(key)
            self._sums[key] = (amount + before[0], used + before[1]) if before else (amount, used)

    def daily(self) -> tuple[DailyCost, ...]:
        """The daily costs, each rounded half-even to nanos.

        Raises `Refused` when a day's costs are beyond what can be stored.
        """
        origins: dict[tuple[Any, ...], CostOrigin] = {}
        costs = []
        for (day, period, currency, account, *texts), (amount, used) in self._sums.items():
            told_apart = (currency, *texts)
            if (origin := origins.get(told_apart)) is None:
                origin = origins[told_apart] = self._origin(currency, texts)
            nanos = within_limit(divide(amount, _PER_NANO))
            costs.append(DailyCost(origin, account, period, day, nanos, used))
        return tuple(costs)

    def totals(self) -> dict[str, Decimal]:
        """The exact sum of all rows used, per currency."""
        sums: dict[str, int] = {}
        for key, (amount, _) in self._sums.items():
            sums[key[2]] = sums.get(key[2], 0) + amount
        return {currency: _decimal(amount) for currency, amount in sorted(sums.items())}

    def _origin(self, currency: str, texts: Sequence[str]) -> CostOrigin:
        fields = dict(zip(_FIELDS, texts, strict=False))
        tags = zip(self._tag_keys, texts[len(_FIELDS) :], strict=True)
        kept = tuple(sorted((key, value) for key, value in tags if value))
        return CostOrigin(self._source, False, currency, tags=kept, **fields)


def _decimal(amount: int) -> Decimal:
    """``amount`` in units of 10⁻¹⁸ as a Decimal, exactly, with as few decimals as needed."""
    whole, rest = divmod(abs(amount), 10**18)
    fraction = f".{rest:018d}".rstrip("0") if rest else ""
    return Decimal(f"{'-' if amount < 0 else ''}{whole}{fraction}")
