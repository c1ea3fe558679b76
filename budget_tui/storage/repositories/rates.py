"""Exchange rates, by pair and day."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from sqlalchemy import delete, func, select

from budget_tui.domain.currency import Rate
from budget_tui.domain.records import StoredPair
from budget_tui.storage.repositories.base import Repository
from budget_tui.storage.tables import FxRateRow

_r = FxRateRow.c


class RateRepository(Repository):
    def on(self, org: int, base: str, quote: str, day: date) -> Decimal | None:
        """Return the rate stored for exactly that pair and day."""
        rate = self._value(select(_r.rate).where(_r.org_key == org, _r.base == base, _r.quote == quote, _r.day == day))
        return None if rate is None else Decimal(rate)

    def stored_pairs(self, org: int) -> list[StoredPair]:
        """Return each pair with its latest rate, by name."""
        pairs = (
            select(_r.base, _r.quote, func.min(_r.day).label("first"), func.max(_r.day).label("last"))
            .add_columns(func.count().label("days"))
            .where(_r.org_key == org)
            .group_by(_r.base, _r.quote)
            .subquery()
        )
        rows = self._rows(
            select(pairs.c.base, pairs.c.quote, pairs.c.first, pairs.c.last, pairs.c.days, _r.rate)
            .join(FxRateRow, (_r.base == pairs.c.base) & (_r.quote == pairs.c.quote) & (_r.day == pairs.c.last))
            .where(_r.org_key == org)
            .order_by(pairs.c.base, pairs.c.quote)
        )
        return [StoredPair(Rate(row.base, row.quote, row.last, Decimal(row.rate)), row.first, row.days) for row in rows]

    def set_rates(self, org: int, rates: Iterable[Rate]) -> int:
        """Store ``rates`` in place of those for the same pair and day; return how many are new or different."""
        statement = self._insert(FxRateRow)
        statement = statement.on_conflict_do_update(
            index_elements=[_r.org_key, _r.base, _r.quote, _r.day],
            set_={"rate": statement.excluded.rate},
            where=_r.rate != statement.excluded.rate,
        )
        return self._change(
            statement,
            [
                {"org_key": org, "base": rate.base, "quote": rate.quote, "day": rate.day, "rate": f"{rate.rate:f}"}
                for rate in rates
            ],
        )

    def remove(self, org: int, base: str, quote: str, day: date) -> None:
        self._change(delete(FxRateRow).where(_r.org_key == org, _r.base == base, _r.quote == quote, _r.day == day))
