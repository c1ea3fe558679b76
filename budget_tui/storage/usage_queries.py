"""Questions about what was used: costs, tokens and seats, by origin and segment, and by day where details matter."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from budget_tui.domain.period import Period
from budget_tui.storage.asking import Asking
from budget_tui.storage.cost_queries import day_bounds, day_number, day_of, read_tags

if TYPE_CHECKING:
    from budget_tui.domain.coverage import Segments, UsageLine
    from budget_tui.domain.seats import Seats

AGENT_SOURCE = "agents"

# Columns of one statement; SQLite has 2,000.
_SEGMENTS_AT_ONCE = 200


Owner = tuple[int | None, str, str]
"""Whose something is: entity, category and provider."""


class UsageOrigin(NamedTuple):
    """Whose an origin's costs are. ``is_agents``: made of what an agent used."""

    owner: Owner
    currency: str
    is_agents: bool


class DatedCost(NamedTuple):
    """What one origin cost on one day: ``amount`` in nanos of its currency, in so many charges."""

    origin_key: int
    day: date
    amount: int
    charges: int


class Stretch(NamedTuple):
    """The costs of one origin on the days of a period. No two of one origin share a day."""

    origin_key: int
    period: Period


class DaySum(NamedTuple):
    """How many origins have costs on a day, and what they are, in nanos of ``currency`` and in tokens."""

    day: date
    currency: str
    lines: int
    amount: int
    tokens: int


class StoredCost(NamedTuple):
    """What one origin cost on one day."""

    day: date
    origin_key: int
    entity_id: str
    entity_name: str
    provider: str
    service: str
    currency: str
    amount: int
    tokens: int | None


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


class UsageQueries(Asking):
    """The part of `Queries` that is about what was used."""

    def usage_origins(self, org: int) -> dict[int, UsageOrigin]:
        """All origins, by their keys."""
        return {
            key: UsageOrigin((entity, category, provider.casefold()), currency, source == AGENT_SOURCE)
            for key, entity, category, provider, currency, source in self._rows(
                "SELECT origin_key, entity_key, category, provider, currency, source FROM cost_origin"
                " WHERE org_key = ?",
                org,
            )
        }

    # Sums by segment

    def costs_by_segment(
        self, org: int, segments: "Segments", through: date, without: Collection[int] = ()
    ) -> "list[UsageLine]":
        """What each entity itself cost up to the day ``through``, in nanos; ``without`` some origins."""
        of_origin = " AND o.origin_key NOT IN (SELECT value FROM json_each(?))" if without else ""
        known = (_keys(without),) if without else ()
        return self._by_segment("o.currency", "c.amount_nanos", of_origin, known, "", org, segments, through)

    def tokens_by_segment(self, org: int, segments: "Segments", through: date) -> "list[UsageLine]":
        """Tokens that costs are of. Those of agents are counted where they are used: not every one has a price."""
        of_origin, of_cost = " AND o.source <> ?", " AND c.tokens IS NOT NULL"
        return self._by_segment("''", "c.tokens", of_origin, (AGENT_SOURCE,), of_cost, org, segments, through)

    def _by_segment(
        self,
        currency: str,
        value: str,
        of_origin: str,
        parameters: Sequence[object],
        of_cost: str,
        org: int,
        segments: "Segments",
        through: date,
    ) -> "list[UsageLine]":
        """The sums of what each origin has in each segment: read day by day where that is less to look at than one
        range of an index per origin and segment."""
        keys = f"SELECT o.entity_key, o.category, o.provider, {currency}"
        origins, known = f" FROM cost_origin o WHERE o.org_key = ?{of_origin}", (org, *parameters)
        costs = (
            f" FROM cost_origin o CROSS JOIN cost c WHERE o.org_key = ?{of_origin} AND c.origin_key = o.origin_key"
            f" AND c.day >= ? AND c.day < ?{of_cost}"
        )
        of_costs = *known, *day_bounds(segments.days, through)
        [(ranges,)] = self._rows(f"SELECT count(*) * ?{origins}", len(segments.periods), *known)
        [(rows,)] = self._rows(f"SELECT count(*) FROM (SELECT 1{costs} LIMIT ?)", *of_costs, ranges)
        if rows < ranges:
            return _in_segments(self._rows(f"{keys}, c.day, {value}{costs}", *of_costs), segments)
        of_segment = (
            f"SELECT sum({value}) FROM cost c WHERE c.origin_key = o.origin_key AND day >= ? AND day < ?{of_cost}"
        )
        return self._in_ranges(keys, of_segment, origins, known, segments.periods, through)

    def _in_ranges(
        self,
        keys: str,
        value: str,
        origins: str,
        parameters: Sequence[object],
        segments: Sequence[Period],
        through: date,
    ) -> "list[UsageLine]":
        """One row per origin, with the sum of each segment as a column of its own."""
        from budget_tui.domain.coverage import UsageLine

        lines: list[UsageLine] = []
        for first in range(0, len(segments), _SEGMENTS_AT_ONCE):
            part = segments[first : first + _SEGMENTS_AT_ONCE]
            bounds = [day for segment in part for day in day_bounds(segment, through)]
            columns = ", ".join([f"({value})"] * len(part))
            for entity, category, provider, currency, *sums in self._rows(
                f"{keys}, {columns}{origins}", *bounds, *parameters
            ):
                values = {segment: found for segment, found in enumerate(sums, first) if found is not None}
                if values:
                    lines.append(UsageLine(entity, category, provider.casefold(), currency, values))
        return lines

    # Days

    def costs_by_day(self, org: int, origin_keys: Collection[int], days: Period, through: date) -> list[DatedCost]:
        """What each of the origins cost on each of ``days`` up to ``through``."""
        return [
            DatedCost(key, day_of(day), amount, charges)
            for key, day, amount, charges in self._rows(
                "SELECT c.origin_key, c.day, sum(c.amount_nanos), sum(c.charges)"
                " FROM cost_origin o NOT INDEXED CROSS JOIN cost c"
                " WHERE o.org_key = ? AND o.origin_key IN (SELECT value FROM json_each(?))"
                " AND c.origin_key = o.origin_key AND c.day >= ? AND c.day < ? GROUP BY o.origin_key, c.day",
                org,
                _keys(origin_keys),
                *day_bounds(days, through),
            )
        ]

    def tokens_of_agents(self, org: int, days: Period, through: date) -> list[tuple[int, str, date, int]]:
        """What each agent used of each model on each day up to ``through``."""
        rows = self._rows(
            "SELECT u.entity_key, u.model, u.day, sum(u.tokens) FROM entity e JOIN token_use u"
            " ON u.entity_key = e.entity_key WHERE e.org_key = ? AND u.day >= ? AND u.day < ? GROUP BY 1, 2, 3",
            org,
            *day_bounds(days, through),
        )
        return [(entity_key, model, day_of(day), tokens) for entity_key, model, day, tokens in rows]

    def sums_by_day(self, stretches: Sequence[Stretch], *, with_tokens: bool = False) -> list[DaySum]:
        """What ``stretches`` add up to on each day and in each currency, the latest day first."""
        return [
            DaySum(day_of(day), currency, lines, amount, tokens or 0)
            for day, currency, lines, amount, tokens in self._rows(
                "SELECT c.day, o.currency, count(DISTINCT c.origin_key), sum(c.amount_nanos),"
                f" {'sum(c.tokens)' if with_tokens else '0'}{_STRETCHES}{_TOKENS if with_tokens else ''}"
                " GROUP BY c.day, o.currency ORDER BY c.day DESC",
                _json(stretches),
            )
        ]

    def costs_of_days(self, stretches: Sequence[Stretch], *, with_tokens: bool = False) -> list[StoredCost]:
        """Each origin's costs on each day, the latest day and the largest amount first."""
        return [
            StoredCost(day_of(day), key, entity_id or "", name or "", provider, service, currency, amount, tokens)
            for day, key, entity_id, name, provider, service, currency, amount, tokens in self._rows(
                "SELECT c.day, c.origin_key, e.entity_id, e.name, o.provider, o.service, o.currency,"
                f" sum(c.amount_nanos) AS amount, sum(c.tokens){_STRETCHES}{_TOKENS if with_tokens else ''}"
                " GROUP BY c.day, c.origin_key ORDER BY c.day DESC, amount DESC, c.origin_key",
                _json(stretches),
            )
        ]

    # Seats

    def seats_by_hand(self, org: int) -> "list[Seats]":
        """What was registered, by entity, provider and day."""
        from budget_tui.domain.seats import Seats

        rows = self._rows(
            "SELECT s.entity_key, s.provider, s.starts_on, s.seats FROM seat s JOIN entity e"
            " ON e.entity_key = s.entity_key WHERE e.org_key = ?",
            org,
        )
        return [Seats(key, provider.casefold(), date.fromisoformat(day), seats) for key, provider, day, seats in rows]

    def seats_charged(self, org: int, days: Period) -> "list[Seats]":
        """What costs of ``days`` say, by entity (None: unmapped), provider and day."""
        from budget_tui.domain.seats import Seats

        return [
            Seats(entity_key, provider.casefold(), day_of(day), seats)
            for entity_key, provider, day, seats in self._rows(
                # The day range finds the few costs that have seats in an index of theirs.
                "SELECT o.entity_key, o.provider, c.day, sum(c.seats) FROM cost c CROSS JOIN cost_origin o"
                " WHERE c.seats IS NOT NULL AND c.day >= ? AND c.day < ? AND o.origin_key = c.origin_key"
                " AND o.org_key = ? GROUP BY o.entity_key, o.provider, c.day",
                *map(day_number, days.half_open),
                org,
            )
        ]

    # Origins

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


_STRETCHES = (
    " FROM json_each(?) w CROSS JOIN cost c ON c.origin_key = json_extract(w.value, '$[0]')"
    " AND c.day >= json_extract(w.value, '$[1]') AND c.day < json_extract(w.value, '$[2]')"
    " CROSS JOIN cost_origin o ON o.origin_key = c.origin_key LEFT JOIN entity e ON e.entity_key = o.entity_key"
)
_TOKENS = " WHERE c.tokens IS NOT NULL"


def _json(stretches: Sequence[Stretch]) -> str:
    return json.dumps([[key, *map(day_number, period.half_open)] for key, period in stretches])


def _keys(origin_keys: Iterable[int]) -> str:
    return json.dumps([*origin_keys])


def _in_segments(rows: Iterable[Sequence[Any]], segments: "Segments") -> "list[UsageLine]":
    """Entity, category, provider, currency, day and value of each row, added up in each segment."""
    from budget_tui.domain.coverage import UsageLine

    holding: dict[int, int | None] = {}
    sums: dict[tuple[int | None, str, str, str], dict[int, int]] = {}
    for entity, category, provider, currency, day, value in rows:
        if day not in holding:
            holding[day] = segments.holding(day_of(day))
        segment = holding[day]
        if segment is not None:
            values = sums.setdefault((entity, category, provider, currency), {})
            values[segment] = values.get(segment, 0) + value
    return [
        UsageLine(entity, category, provider.casefold(), currency, values)
        for (entity, category, provider, currency), values in sums.items()
    ]
