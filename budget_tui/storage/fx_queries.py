"""Questions about rates of exchange, and about costs in other currencies than the organization's."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from budget_tui.domain.currency import ForeignCost, Rate
from budget_tui.domain.period import Period
from budget_tui.storage.asking import Asking
from budget_tui.storage.cost_queries import day_number, day_of


class PairOnFile(NamedTuple):
    """The latest rate of a pair of currencies, and how many there are since when."""

    latest: Rate
    first_day: date
    days: int


class FxQueries(Asking):
    """The part of `Queries` that is about other currencies."""

    def foreign_currencies(self, org: int, currency: str) -> list[str]:
        """The other currencies in which there are costs, ever."""
        return [
            code
            for (code,) in self._rows(
                "SELECT DISTINCT currency FROM cost_origin WHERE org_key = ? AND currency <> ? ORDER BY currency",
                org,
                currency,
            )
        ]

    def foreign_costs(self, org: int, currency: str, days: Period) -> list[ForeignCost]:
        """What each origin in another currency cost on each of ``days``."""
        start, end = map(day_number, days.half_open)
        rows = self._rows(
            "SELECT e.path, o.currency, c.day, sum(c.amount_nanos), sum(c.charges), o.charge_category <> 'usage'"
            # In the order of the keys, so that nothing need be sorted to be grouped.
            " FROM cost_origin o NOT INDEXED CROSS JOIN cost c LEFT JOIN entity e ON e.entity_key = o.entity_key"
            " WHERE c.origin_key = o.origin_key AND c.day >= ? AND c.day < ? AND o.org_key = ? AND o.currency <> ?"
            " GROUP BY o.origin_key, c.day",
            start,
            end,
            org,
            currency,
        )
        return [
            ForeignCost(path, code, day_of(day), amount, charges, bool(is_once))
            for path, code, day, amount, charges, is_once in rows
        ]

    def first_costs(self, org: int, currency: str, since: date) -> dict[str | None, date]:
        """The first day from ``since`` on with a cost in ``currency``, by the entity's path (None: unmapped)."""
        rows = self._rows(
            "SELECT e.path, min((SELECT min(day) FROM cost c WHERE c.origin_key = o.origin_key AND c.day >= ?))"
            " FROM cost_origin o LEFT JOIN entity e ON e.entity_key = o.entity_key"
            " WHERE o.org_key = ? AND o.currency = ? GROUP BY o.entity_key",
            day_number(since),
            org,
            currency,
        )
        return {path: day_of(first) for path, first in rows if first is not None}

    def rate_pairs(self, org: int) -> list[tuple[str, str]]:
        """The pairs of currencies that have rates. Skips from pair to pair: there may be 7,000 days of each."""
        following = (
            "(SELECT base || quote FROM fx_rate WHERE org_key = ?1"
            " AND (base, quote) > (substr(pair.code, 1, 3), substr(pair.code, 4)) ORDER BY base, quote LIMIT 1)"
        )
        rows = self._rows(
            "WITH RECURSIVE pair(code) AS (VALUES ('')"
            f" UNION ALL SELECT {following} FROM pair WHERE code IS NOT NULL)"
            " SELECT code FROM pair WHERE code <> ''",
            org,
        )
        return [(code[:3], code[3:]) for (code,) in rows]

    def rates(self, org: int, pairs: Sequence[tuple[str, str]], days: Period) -> list[Rate]:
        """The rates of ``pairs`` that hold on ``days``: those of these days, and the one before them."""
        found = []
        for base, quote in pairs:
            rows = self._rows(
                "SELECT day, rate FROM fx_rate WHERE org_key = ?1 AND base = ?2 AND quote = ?3 AND day <= ?5"
                " AND day >= coalesce((SELECT max(day) FROM fx_rate WHERE org_key = ?1 AND base = ?2 AND quote = ?3"
                "  AND day <= ?4), ?4)",
                org,
                base,
                quote,
                days.start.isoformat(),
                days.end.isoformat(),
            )
            found += [Rate(base, quote, date.fromisoformat(day), Decimal(rate)) for day, rate in rows]
        return found

    def first_rates(self, org: int, pairs: Sequence[tuple[str, str]]) -> list[Rate]:
        """The earliest rate of each of ``pairs``."""
        found = []
        for base, quote in pairs:
            rows = self._rows(
                "SELECT day, rate FROM fx_rate WHERE org_key = ? AND base = ? AND quote = ? ORDER BY day LIMIT 1",
                org,
                base,
                quote,
            )
            found += [Rate(base, quote, date.fromisoformat(day), Decimal(rate)) for day, rate in rows]
        return found

    def rate_on(self, org: int, base: str, quote: str, day: date) -> Decimal | None:
        """The rate stored for exactly that pair and day."""
        row = self._row(
            "SELECT rate FROM fx_rate WHERE org_key = ? AND base = ? AND quote = ? AND day = ?",
            org,
            base,
            quote,
            day.isoformat(),
        )
        return Decimal(row[0]) if row else None

    def pairs_on_file(self, org: int) -> list[PairOnFile]:
        """Each pair with its latest rate, by name."""
        rows = self._rows(
            # SQLite takes the other columns from the row of the one maximum.
            "SELECT base, quote, max(day), rate, count(*) FROM fx_rate WHERE org_key = ?"
            " GROUP BY base, quote ORDER BY base, quote",
            org,
        )
        firsts = {
            (base, quote): date.fromisoformat(day)
            for base, quote, day in self._rows(
                "SELECT base, quote, min(day) FROM fx_rate WHERE org_key = ? GROUP BY base, quote", org
            )
        }
        return [
            PairOnFile(Rate(base, quote, date.fromisoformat(day), Decimal(rate)), firsts[base, quote], days)
            for base, quote, day, rate, days in rows
        ]
