"""Questions about where costs came from, origin by origin: what counts, what does not, how fresh it is."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from budget_tui.domain.period import Period
from budget_tui.storage.asking import Asking
from budget_tui.storage.cost_queries import day_bounds, day_number, day_of, read_tags


class OriginInPeriod(NamedTuple):
    """An origin and what it cost in a period: in nanos of its currency, in so many charges on so many days.

    ``before`` and ``after`` are its nearest days with costs outside the period, ``latest`` the last one of all.
    """

    origin_key: int
    source: str
    live: bool
    currency: str
    provider_name: str
    provider: str
    service: str
    category: str
    sub_account_id: str
    sub_account_name: str
    entity_hint: str
    path_hint: str
    tags: tuple[tuple[str, str], ...]
    entity_key: int | None
    entity_id: str
    archived: bool
    before: date | None
    after: date | None
    latest: date | None
    amount: int
    costs: int
    days: int
    first_day: date | None
    last_day: date | None


class CostOfDay(NamedTuple):
    """What one origin cost on one day."""

    origin_key: int
    day: date
    amount: int
    costs: int


class ExplainQueries(Asking):
    """The part of `Queries` that tells costs apart by their origin."""

    def origins_in(self, org: int, period: Period, through: date) -> list[OriginInPeriod]:
        """Every origin that ever had costs, with what it cost in ``period`` up to the day ``through``."""
        start, end = map(day_number, period.half_open)
        of_period = {
            key: (amount, costs, days, day_of(first), day_of(last))
            for key, amount, costs, days, first, last in self._rows(
                # In the order of the keys, within a covering index: nothing need be sorted to be grouped.
                "SELECT o.origin_key, sum(c.amount_nanos), sum(c.charges), count(DISTINCT c.day),"
                " min(c.day), max(c.day)"
                " FROM cost_origin o NOT INDEXED CROSS JOIN cost c WHERE c.origin_key = o.origin_key"
                " AND c.day >= ? AND c.day < ? AND o.org_key = ? GROUP BY o.origin_key",
                *day_bounds(period, through),
                org,
            )
        }
        rows = self._rows(
            "SELECT o.origin_key, o.source, o.live, o.currency, o.provider_name, o.provider, o.service, o.category,"
            " o.sub_account_id, o.sub_account_name, o.entity_hint, o.path_hint, o.tags, o.entity_key,"
            " coalesce(e.entity_id, ''), e.archived_at IS NOT NULL,"
            " (SELECT max(day) FROM cost c WHERE c.origin_key = o.origin_key AND c.day < ?),"
            " (SELECT min(day) FROM cost c WHERE c.origin_key = o.origin_key AND c.day >= ?),"
            " (SELECT max(day) FROM cost c WHERE c.origin_key = o.origin_key)"
            " FROM cost_origin o LEFT JOIN entity e ON e.entity_key = o.entity_key WHERE o.org_key = ?"
            " ORDER BY o.origin_key",
            start,
            end,
            org,
        )
        return [_origin(row, of_period.get(row[0], _NOTHING)) for row in rows if row[18]]

    def days_of_origins(self, origin_keys: Sequence[int], period: Period, through: date) -> list[CostOfDay]:
        """What each of the origins cost on each day of ``period`` up to ``through``."""
        start, end = day_bounds(period, through)
        return [
            CostOfDay(key, day_of(day), amount, costs)
            for key in origin_keys
            for day, amount, costs in self._rows(
                "SELECT day, sum(amount_nanos), sum(charges) FROM cost"
                " WHERE origin_key = ? AND day >= ? AND day < ? GROUP BY day",
                key,
                start,
                end,
            )
        ]

    def tokens_of_origins(self, org: int, period: Period, through: date) -> dict[int, int]:
        """The tokens that costs of ``period`` up to ``through`` are of, by origin; those without any are not among
        them."""
        start, end = day_bounds(period, through)
        return dict(
            self._rows(
                "SELECT o.origin_key, sum(c.tokens) FROM cost_origin o NOT INDEXED CROSS JOIN cost c"
                " WHERE c.origin_key = o.origin_key AND c.tokens IS NOT NULL AND c.day >= ? AND c.day < ?"
                " AND o.org_key = ? GROUP BY o.origin_key",
                start,
                end,
                org,
            )  # type: ignore[arg-type]
        )

    def last_imports(self, org: int) -> dict[str, datetime]:
        """When something of each source was last imported."""
        return {
            source: datetime.fromisoformat(at).replace(tzinfo=UTC)
            for source, at in self._rows(
                "SELECT source, max(imported_at) FROM dataset WHERE org_key = ? GROUP BY source", org
            )
        }


_OfPeriod = tuple[int, int, int, date | None, date | None]
_NOTHING: _OfPeriod = (0, 0, 0, None, None)


def _origin(row: Sequence[Any], of_period: _OfPeriod) -> OriginInPeriod:
    before, after, latest = (day_of(day) if day else None for day in row[16:])
    return OriginInPeriod._make(
        (
            *row[:2], bool(row[2]), *row[3:12], read_tags(row[12]), *row[13:15], bool(row[15]), before, after, latest,
            *of_period,
        )
    )  # fmt: skip
