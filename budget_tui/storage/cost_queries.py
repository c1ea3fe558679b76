"""Questions about costs: how far they are known, what was spent by whom and when, what found nobody."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from budget_tui.domain.cost import Category, CostOrigin, MappingRule
from budget_tui.domain.freshness import ImportedAccount
from budget_tui.domain.pacing import burn_window
from budget_tui.domain.period import Period
from budget_tui.domain.replacement import CellRow, PartFacts
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


class StoredPart(NamedTuple):
    """A part as it is on record, with how many rows are left of it."""

    key: int
    facts: PartFacts
    row_count: int


CHECKSUM = (
    "sum(amount_nanos % 1000000007 + 3 * day + 5 * cell_day + 7 * coalesce(tokens % 1000000007, -1)"
    " + 11 * coalesce(seats % 1000000007, -1) + 13 * charges + 17 * origin_key)"
)
"""Changes with any number of any row of a part: what was damaged since it was stored is noticed."""


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


def read_time(text: str | None) -> datetime | None:
    """A time as `stored_time` wrote it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


@lru_cache(maxsize=4096)
def day_of(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


class CostQueries(Asking):
    """The part of `Queries` that is about costs."""

    def imported_accounts(self, org: int, today: date) -> list[ImportedAccount]:
        """Each billing account of each imported source that had costs by ``today``, by name."""
        ended: dict[tuple[str, str], date] = {
            (name, account): date.fromisoformat(day)
            for name, account, day in self._rows(
                "SELECT name, billing_account_id, ended_on FROM source WHERE org_key = ? AND ended_on IS NOT NULL", org
            )
        }
        rows = self._rows(
            "SELECT source, account, max(last), max(CASE WHEN charge_category = 'usage' THEN latest END)"
            " FROM (SELECT o.source, o.billing_account_id AS account, o.charge_category,"
            " (SELECT max(day) FROM cost c WHERE c.origin_key = o.origin_key AND c.day <= ?) AS last,"
            " (SELECT max(day) FROM cost c WHERE c.origin_key = o.origin_key) AS latest"
            " FROM cost_origin o WHERE o.org_key = ? AND NOT o.live) GROUP BY source, account ORDER BY source, account",
            day_number(today),
            org,
        )
        return [
            ImportedAccount(
                source,
                account,
                day_of(last),
                None if usage is None else min(today, day_of(usage)),
                min(filter(None, (ended.get((source, "")), ended.get((source, account)))), default=None),
            )
            for source, account, last, usage in rows
            if last is not None
        ]

    def live_sources(self, org: int, today: date) -> list[tuple[str, date]]:
        """The sources of costs that are entered as they happen, each with its latest day with costs by ``today``."""
        rows = self._rows(
            "SELECT o.source, max((SELECT max(day) FROM cost c WHERE c.origin_key = o.origin_key AND c.day <= ?))"
            " FROM cost_origin o WHERE o.org_key = ? AND o.live GROUP BY o.source",
            day_number(today),
            org,
        )
        return [(source, day_of(last)) for source, last in rows if last is not None]

    def ended_on(self, org: int, source: str, account: str) -> date | None:
        """When exactly this source, or account of it, was ended by hand."""
        row = self._row(
            "SELECT ended_on FROM source WHERE org_key = ? AND name = ? AND billing_account_id = ?",
            org,
            source,
            account,
        )
        return date.fromisoformat(row[0]) if row and row[0] else None

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
            "SELECT e.path, sum(o.spent), sum(o.today), sum(o.burnt), min(o.first), sum(o.today * o.is_once)"
            " FROM (SELECT o.entity_key, o.charge_category <> 'usage' AS is_once,"
            f" ({_SUM_OF_ORIGIN} AND day >= ? AND day < ?) AS spent,"
            f" ({_SUM_OF_ORIGIN} AND day = ?) AS today,"
            f" CASE WHEN o.charge_category = 'usage' THEN ({_SUM_OF_ORIGIN} AND day BETWEEN ? AND ?) END AS burnt,"
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
            path: Spend(
                spent or 0,
                on_day or 0,
                burnt or 0,
                day_of(first) if first else None,
                scheduled.get(path, 0),
                once or 0,
            )
            for path, spent, on_day, burnt, first, once in rows
        }
        return {path: spend for path, spend in spends.items() if path is not None}, spends.get(None, Spend())

    def once_in(self, org: int, currency: str, days: Period, path: str) -> dict[str, int]:
        """What came once on ``days`` at ``path`` ('' for everything) and below it, by its kind of charge."""
        start, end = map(day_number, days.half_open)
        return dict(
            self._rows(
                "SELECT o.charge_category, sum(c.amount_nanos)"
                f" {_COSTS_OF_ORIGINS} AND o.org_key = ? AND o.currency = ? AND o.charge_category <> 'usage'"
                " AND (? = '' OR o.entity_key IN (SELECT entity_key FROM entity WHERE substr(path, 1, length(?)) = ?))"
                " GROUP BY o.charge_category ORDER BY o.charge_category",
                start,
                end,
                org,
                currency,
                path,
                path,
                path,
            )  # type: ignore[arg-type]
        )

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
            " category_hint, tags, billing_account_id, charge_category FROM cost_origin WHERE org_key = ?",
            org,
        )
        return [
            KnownOrigin(*row[:4], CostOrigin(row[4], bool(row[5]), *row[6:16], read_tags(row[16]), *row[17:]))  # type: ignore[call-arg]
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

    def parts(self, org: int, period_start: date) -> list[StoredPart]:
        """Every part of that billing period that has rows, whatever its source and account."""
        return [
            StoredPart(
                key,
                PartFacts(
                    source, account, period_start, name, read_time(delivered_at), export, cost_basis, int(rows_refused)
                ),
                int(stored_rows),
            )
            for key, source, account, name, delivered_at, export, cost_basis, rows_refused, stored_rows in self._rows(
                "SELECT dataset_key, source, billing_account_id, part, delivered_at, export, cost_basis, rows_refused,"
                " stored_rows FROM dataset WHERE org_key = ? AND billing_period_start = ? AND stored_rows > 0"
                " ORDER BY dataset_key",
                org,
                period_start.isoformat(),
            )
        ]

    def cells(self, dataset_key: int) -> list[CellRow]:
        """The sums of a part, by cell, currency and kind of charge."""
        return [
            CellRow(*row)
            for row in self._rows(
                "SELECT o.sub_account_id, c.cell_day, o.currency, o.charge_category, sum(c.amount_nanos),"
                " sum(max(c.amount_nanos, 0)), coalesce(sum(c.tokens), 0), coalesce(sum(c.seats), 0)"
                " FROM cost c JOIN cost_origin o ON o.origin_key = c.origin_key WHERE c.dataset_key = ?"
                " GROUP BY 1, 2, 3, 4",
                dataset_key,
            )
        ]

    def part_rows(self, dataset_keys: Iterable[int], first_day: int, last_day: int) -> Iterator[Sequence[int | None]]:
        """Rows of parts in cells of these days: origin, day, UTC day, nanos, tokens, seats, charges; in this order."""
        listed = ", ".join(map(str, dataset_keys))
        yield from self._execute(
            "SELECT origin_key, day, cell_day, amount_nanos, tokens, seats, charges FROM cost"
            f" WHERE dataset_key IN ({listed}) AND cell_day BETWEEN ? AND ? ORDER BY origin_key, day, cell_day",
            (first_day, last_day),
        )

    def replaced_fingerprints(self, org: int, source: str, period_start: date) -> dict[str, str]:
        """The fingerprints of what was stored of a source and period and replaced since, with their accounts."""
        return {
            str(fingerprint): str(account)
            for fingerprint, account in self._rows(
                "SELECT fingerprint, billing_account_id FROM dataset d WHERE org_key = ? AND billing_period_start = ?"
                " AND source = ? AND EXISTS (SELECT 1 FROM dataset_replacement r WHERE r.dataset_key = d.dataset_key)",
                org,
                period_start.isoformat(),
                source,
            )
        }

    def replaces_always(self, org: int, source: str) -> bool:
        """Whether a source was told to replace what it brings, whatever is stored."""
        return bool(
            self._row(
                "SELECT 1 FROM source WHERE org_key = ? AND name = ? AND billing_account_id = '' AND replaces_always",
                org,
                source,
            )
        )


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
