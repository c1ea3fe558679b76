"""Questions about costs: how far they are known, what was spent by whom and when, what found nobody."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from budget_tui.domain.cost import Category, CostOrigin, MappingRule
from budget_tui.domain.pacing import burn_window
from budget_tui.domain.period import Period
from budget_tui.domain.snapshot import Spend
from budget_tui.storage.asking import Asking

MOST_ROWS = 2**62
"""More than there can be, and no more than SQLite counts to."""


class UnmappedOrigin(NamedTuple):
    """Costs that found no entity, with what a mapping rule could go by."""

    source: str
    currency: str
    provider: str
    service: str
    sub_account_id: str
    sub_account_name: str
    tags: tuple[tuple[str, str], ...]
    amount: int
    costs: int
    first_day: date
    last_day: date


class KnownOrigin(NamedTuple):
    """An origin as stored, with whose it was found to be."""

    origin_key: int
    entity_key: int | None
    provider: str
    category: str
    origin: CostOrigin


def day_number(day: date) -> int:
    """The integer that costs are dated by: 20260113."""
    return day.year * 10_000 + day.month * 100 + day.day


def day_bounds(period: Period, through: date) -> tuple[int, int]:
    """The days of ``period`` up to ``through``, half-open, as costs are dated; none when it begins later."""
    start, after = period.half_open
    return day_number(start), min(day_number(after), day_number(through) + 1)


def stored_time(moment: datetime) -> str:
    """A time as the database keeps it: UTC, without its zone, as SQLAlchemy writes it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(maxsize=4096)
def day_of(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


class CostQueries(Asking):
    """The part of `Queries` that is about costs."""

    def data_through(self, org: int, period: Period, today: date) -> date:
        """How far costs are known: the earliest reach of the sources with costs in ``period``, at most ``today``.

        A live source reaches today, an imported one its latest charge day.
        """
        start, end = map(day_number, period.half_open)
        row = self._row(
            "SELECT min(reach) FROM (SELECT"
            " max((SELECT max(day) FROM cost c WHERE c.origin_key = o.origin_key)) AS reach,"
            " max(EXISTS (SELECT 1 FROM cost c WHERE c.origin_key = o.origin_key AND c.day >= ? AND c.day < ?)) AS used"
            " FROM cost_origin o WHERE o.org_key = ? AND NOT o.live GROUP BY o.source) WHERE used",
            start,
            end,
            org,
        )
        return min(today, day_of(row[0])) if row and row[0] else today

    def spend_by_path(
        self, org: int, currency: str, period: Period, today: date, data_through: date
    ) -> tuple[dict[str, Spend], Spend]:
        """What each entity itself spent through ``today``, which is in ``period``, and what is scheduled for later in
        it, by its path; and what found no entity."""
        start, after_today = map(day_number, period.through(today).half_open)
        scheduled = self._scheduled(org, currency, period, today)
        # The widest window: the one of a budget whose costs began long ago.
        window = burn_window(today, data_through, date.min)
        rows = self._rows(
            "SELECT e.path, sum(o.spent), sum(o.today), sum(o.burnt), min(o.first) FROM (SELECT o.entity_key,"
            f" ({_SUM_OF_ORIGIN} AND day >= ? AND day < ?) AS spent,"
            f" ({_SUM_OF_ORIGIN} AND day = ?) AS today,"
            f" ({_SUM_OF_ORIGIN} AND day BETWEEN ? AND ?) AS burnt,"
            " (SELECT min(day) FROM cost c WHERE c.origin_key = o.origin_key) AS first"
            " FROM cost_origin o WHERE o.org_key = ? AND o.currency = ?) o"
            " LEFT JOIN entity e ON e.entity_key = o.entity_key GROUP BY o.entity_key",
            start,
            after_today,
            day_number(today),
            day_number(window.start),
            day_number(window.end),
            org,
            currency,
        )
        spends = {
            path: Spend(spent or 0, on_day or 0, burnt or 0, day_of(first) if first else None, scheduled.get(path, 0))
            for path, spent, on_day, burnt, first in rows
        }
        return {path: spend for path, spend in spends.items() if path is not None}, spends.get(None, Spend())

    def _scheduled(self, org: int, currency: str, period: Period, today: date) -> dict[str | None, int]:
        """What is dated after ``today`` in ``period``, by the entity's path."""
        if today >= period.end:
            return {}
        return dict(
            self._rows(
                "SELECT e.path, sum(c.amount_nanos) FROM cost c CROSS JOIN cost_origin o"
                " LEFT JOIN entity e ON e.entity_key = o.entity_key"
                " WHERE c.day > ? AND c.day < ? AND o.origin_key = c.origin_key AND o.org_key = ? AND o.currency = ?"
                " GROUP BY o.entity_key",
                day_number(today),
                day_number(period.half_open[1]),
                org,
                currency,
            )  # type: ignore[arg-type]
        )

    def daily_spend(self, org: int, currency: str, period: Period) -> tuple[tuple[date, int], ...]:
        """What was spent on each day of ``period`` that has costs, unmapped ones included."""
        start, end = map(day_number, period.half_open)
        rows = self._rows(
            "SELECT c.day, sum(c.amount_nanos) FROM cost c CROSS JOIN cost_origin o"
            " WHERE c.day >= ? AND c.day < ? AND o.origin_key = c.origin_key AND o.org_key = ? AND o.currency = ?"
            " GROUP BY c.day ORDER BY c.day",
            start,
            end,
            org,
            currency,
        )
        return tuple((day_of(day), amount) for day, amount in rows)

    def unmapped_costs(self, org: int, currency: str, period: Period) -> int:
        """How many charges of ``period`` found no entity."""
        start, end = map(day_number, period.half_open)
        row = self._row(
            f"SELECT coalesce(sum(c.charges), 0) {_COSTS_OF_ORIGINS}"
            " AND o.org_key = ? AND o.currency = ? AND o.entity_key IS NULL",
            start,
            end,
            org,
            currency,
        )
        return int(row[0]) if row else 0

    def unmapped_origins(self, org: int) -> list[UnmappedOrigin]:
        """Everything that found no entity, of all periods, the largest amounts first."""
        rows = self._rows(
            "SELECT o.source, o.currency, o.provider, o.service, o.sub_account_id, o.sub_account_name, o.tags,"
            " sum(c.amount_nanos), sum(c.charges), min(c.day), max(c.day)"
            " FROM cost_origin o JOIN cost c ON c.origin_key = o.origin_key"
            " WHERE o.org_key = ? AND o.entity_key IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7"
            " ORDER BY abs(sum(c.amount_nanos)) DESC, 1, 2, 3, 4, 5, 6, 7",
            org,
        )
        return [
            UnmappedOrigin(
                source, currency, provider, service, account, name, read_tags(tags), amount, costs, day_of(a), day_of(b)
            )
            for source, currency, provider, service, account, name, tags, amount, costs, a, b in rows
        ]

    def costs_of(self, origin_keys: Iterable[int]) -> dict[str, int]:
        """What was ever spent by the given origins, in nanos of each currency."""
        sums: dict[str, int] = {}
        for key in origin_keys:
            for currency, amount in self._rows(
                f"SELECT o.currency, ({_SUM_OF_ORIGIN}) FROM cost_origin o WHERE o.origin_key = ?", key
            ):
                sums[currency] = sums.get(currency, 0) + (amount or 0)
        return sums

    def origins(self, org: int) -> list[KnownOrigin]:
        """Every origin that costs ever came from."""
        rows = self._rows(
            "SELECT origin_key, entity_key, provider, category, source, live, currency, provider_name, service,"
            " service_category, service_subcategory, sub_account_id, sub_account_name, entity_hint, path_hint,"
            " category_hint, tags FROM cost_origin WHERE org_key = ?",
            org,
        )
        return [
            KnownOrigin(*row[:4], CostOrigin(row[4], bool(row[5]), *row[6:16], read_tags(row[16])))  # type: ignore[call-arg]
            for row in rows
        ]

    def entity_rules(self, org: int) -> list[MappingRule]:
        """The user's rules for whose a cost is, the newest first."""
        return [
            MappingRule(*row)
            for row in self._rows(
                "SELECT field, value, target FROM cost_rule WHERE org_key = ? AND kind = 'entity'"
                " ORDER BY rule_key DESC",
                org,
            )
        ]

    def provider_aliases(self, org: int) -> dict[str, str]:
        """The user's own names of providers: as exported → short name."""
        return {str(value): str(target) for value, target in self._targets(org, "provider")}

    def category_overrides(self, org: int) -> dict[str, Category]:
        """Services and providers that the user put into a category."""
        return {str(value): Category(target) for value, target in self._targets(org, "category")}

    def _targets(self, org: int, kind: str) -> list[Sequence[Any]]:
        return self._rows("SELECT value, target FROM cost_rule WHERE org_key = ? AND kind = ?", org, kind)

    def fingerprint(self, org: int, source: str, billing_account_id: str, billing_period_start: date) -> str | None:
        """The digest of what is stored of one (billing account, billing period) of a source."""
        row = self._row(
            "SELECT fingerprint FROM dataset"
            " WHERE org_key = ? AND source = ? AND billing_account_id = ? AND billing_period_start = ?",
            org,
            source,
            billing_account_id,
            billing_period_start.isoformat(),
        )
        return str(row[0]) if row else None


# A cross join is carried out as it is written. Few origins are looked for here, so they come first; a day's sum
# is of all of them, so there the days do, for which there is an index.
_COSTS_OF_ORIGINS = (
    "FROM cost_origin o CROSS JOIN cost c WHERE c.origin_key = o.origin_key AND c.day >= ? AND c.day < ?"
)

# One short range of the covering index per origin: half the time of one wide range with conditional sums.
_SUM_OF_ORIGIN = "SELECT sum(amount_nanos) FROM cost c WHERE c.origin_key = o.origin_key"


def read_tags(text: str) -> tuple[tuple[str, str], ...]:
    """The tags of an origin as the database keeps them."""
    return tuple(json.loads(text).items()) if text != "{}" else ()
