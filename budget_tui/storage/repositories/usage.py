"""Usage: costs, tokens and seats, by origin and segment, and by day where details matter."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, func, literal, not_, select, true, type_coerce

from budget_tui.domain.cost import ChargeCategory
from budget_tui.domain.coverage import Segments, UsageLine
from budget_tui.domain.estimates import AGENT_SOURCE
from budget_tui.domain.period import ONE_DAY, Period
from budget_tui.domain.records import (
    DatedCost,
    OriginInPeriod,
    Owner,
    ServiceDay,
    StoredCharge,
    StoredCost,
    Stretch,
    UsageOrigin,
)
from budget_tui.domain.seats import Seats
from budget_tui.storage.engine import is_one_of, listed
from budget_tui.storage.fast_paths import day_number, day_of
from budget_tui.storage.repositories.base import IS_MONEY, Repository, read_first, total
from budget_tui.storage.repositories.costs import read_tags
from budget_tui.storage.tables import CostOriginRow, CostRow, DatasetRow, EntityRow, ReplacedEstimateRow, SeatRow

_SEGMENTS_AT_ONCE = 200
"""The segments per statement, each of which is a column; SQLite allows 2,000."""

_c, _o, _e, _s, _r = CostRow.c, CostOriginRow.c, EntityRow.c, SeatRow.c, ReplacedEstimateRow.c
_OWNER = (_o.entity_key, _o.category, _o.provider)
_day = type_coerce(_c.day, Integer)
_MONEY, _TOKENS = _c.amount_nanos, _c.tokens
_IS_NOT_REPLACED = _c.cost_key.not_in(select(_r.cost_key))
"""The condition that a cost counts: an estimate does not while its bill is there."""


class UsageRepository(Repository):
    def origins(self, org: int, entity_keys: Iterable[int] | None = None) -> dict[int, UsageOrigin]:
        """Return the origins, by their keys; of certain entities or, None, all."""
        is_once = (_o.charge_category != ChargeCategory.USAGE).label("is_once")
        columns = (
            _o.origin_key,
            *_OWNER,
            _o.service,
            _o.currency,
            (_o.source == AGENT_SOURCE).label("is_agents"),
            is_once,
        )
        statement = select(*columns).where(_o.org_key == org)
        if entity_keys is not None:
            statement = statement.where(is_one_of(self._connection, _o.entity_key, entity_keys))
        owners: dict[Owner, Owner] = {}  # thousands of origins have the same few

        def origin(key: int, entity_key: int | None, category: str, provider: str, *of: Any) -> tuple[int, UsageOrigin]:
            owner = entity_key, category, provider.casefold()
            return key, UsageOrigin(owners.setdefault(owner, owner), *of)

        return dict(self._many(statement, origin))

    # Sums by segment

    def costs_by_segment(
        self, org: int, segments: Segments, through: date, without: Collection[int] = ()
    ) -> list[UsageLine]:
        """Return the costs of each entity itself through ``through``, in nanos, except those of the origins
        ``without``."""
        which = [_o.org_key == org]
        if without:
            which.append(not_(is_one_of(self._connection, _o.origin_key, without)))
        return self._by_segment(_o.currency, _MONEY, which, [], segments, through)

    def tokens_by_segment(self, org: int, segments: Segments, through: date) -> list[UsageLine]:
        """Return the tokens that costs state, except agents': those are counted as they are used, with a price or
        without."""
        which = [_o.org_key == org, _o.source != AGENT_SOURCE]
        return self._by_segment(literal(""), _TOKENS, which, [_TOKENS.is_not(None)], segments, through)

    def _by_segment(
        self,
        currency: ColumnElement[str],
        value: ColumnElement[int],
        of_origin: Sequence[ColumnElement[bool]],
        of_cost: Sequence[ColumnElement[bool]],
        segments: Segments,
        through: date,
    ) -> list[UsageLine]:
        """Return the sums of each origin in each segment.

        Costs are read day by day if these are fewer rows than one range of an index per origin and segment.
        """
        ranges = len(segments.periods) * int(
            self._value(select(func.count()).select_from(CostOriginRow).where(*of_origin))
        )
        days = (
            select()
            .join_from(CostOriginRow, CostRow, _c.origin_key == read_first(_o.origin_key))
            .where(*of_origin, *_on(segments.days, through), *of_cost)
        )
        first = days.add_columns(literal(1).label("one")).limit(ranges).subquery()
        if self._value(select(func.count()).select_from(first)) < ranges:
            by_day = days.add_columns(*_OWNER, currency.label("currency"), _day.label("day"), value.label("value"))
            return _in_segments(self._many(by_day), segments)
        lines: list[UsageLine] = []
        for start in range(0, len(segments.periods), _SEGMENTS_AT_ONCE):
            part = segments.periods[start : start + _SEGMENTS_AT_ONCE]
            sums = [
                select(total(value))
                .where(_c.origin_key == _o.origin_key, *_on(segment, through), *of_cost)
                .scalar_subquery()
                .label(f"segment_{number}")
                for number, segment in enumerate(part)
            ]
            # One row per origin, with the sum of each segment as a column of its own.
            for row in self._many(select(*_OWNER, currency.label("currency"), *sums).where(*of_origin)):
                of_segments = row[len(row) - len(sums) :]
                values = {number: found for number, found in enumerate(of_segments, start) if found is not None}
                if values:
                    lines.append(UsageLine(row.entity_key, row.category, row.provider.casefold(), row.currency, values))
        return lines

    # Days

    def costs_by_day(
        self, org: int, origin_keys: Collection[int] | None, days: Period, through: date
    ) -> list[DatedCost]:
        """Return the costs of each of the origins, or of all, on each of ``days`` up to ``through``."""
        statement = (
            select(_c.origin_key, _c.day, total(_MONEY).label("amount"), total(_c.charges).label("charges"))
            .join_from(CostOriginRow, CostRow, _c.origin_key == read_first(_o.origin_key))
            .where(_o.org_key == org, *_on(days, through))
            .group_by(_c.origin_key, _c.day)
        )
        if origin_keys is not None:
            statement = statement.where(is_one_of(self._connection, _o.origin_key, origin_keys))
        return list(self._many(statement, DatedCost))

    def sums_by_service_and_day(
        self, stretches: Sequence[Stretch], *, with_tokens: bool = False, with_replaced: bool = True
    ) -> list[ServiceDay]:
        """Return the sums of ``stretches`` by day, service and currency, the latest day first; with or without the
        lines of estimates that do not count."""
        kinds = (_c.day, _o.provider, _o.service, _o.currency)
        rows = self._rows(
            self._of_stretches(stretches, with_tokens=with_tokens)
            .add_columns(
                *kinds,
                func.count(_c.origin_key.distinct()).label("lines"),
                total(_MONEY).label("amount"),
                (total(_TOKENS) if with_tokens else literal(0)).label("tokens"),
            )
            .where(true() if with_replaced else _IS_NOT_REPLACED)
            .group_by(*kinds)
            .order_by(_c.day.desc(), *kinds[1:])
        )
        return [ServiceDay(**row._mapping) for row in rows]

    def costs_of_days(
        self, stretches: Sequence[Stretch], *, with_tokens: bool = False, not_in: str = ""
    ) -> list[StoredCost]:
        """Return each origin's costs on each day, the latest day and the largest amount first; with ``not_in``, only
        those in other currencies than that."""
        kept = (_e.entity_id, _e.name, _o.provider, _o.service, _o.currency, _o.source, _o.tags)
        amount = total(_MONEY)
        rows = self._rows(
            self._of_stretches(stretches, with_tokens=with_tokens)
            .outerjoin(ReplacedEstimateRow, _r.cost_key == _c.cost_key)
            .where(_o.currency != not_in)
            .add_columns(
                _c.day,
                _c.origin_key,
                *kept,
                amount.label("amount"),
                total(_TOKENS).label("tokens"),
                total(_r.amount_nanos).label("estimated"),
            )
            .group_by(_c.day, _c.origin_key, *kept)
            .order_by(_c.day.desc(), amount.desc(), _c.origin_key)
        )
        return [
            StoredCost(
                row.day,
                row.origin_key,
                row.entity_id or "",
                row.name or "",
                row.provider,
                row.service,
                row.currency,
                row.amount,
                row.tokens,
                row.source,
                read_tags(row.tags),
                row.estimated,
            )
            for row in rows
        ]

    def _of_stretches(self, stretches: Sequence[Stretch], *, with_tokens: bool) -> Select[Any]:
        names = ("origin_key", "start", "after")
        w = listed(self._connection, names, [(key, *map(day_number, period.half_open)) for key, period in stretches])
        found = (
            select()
            .join_from(w, CostRow, _c.origin_key == read_first(w.c.origin_key))
            .join(CostOriginRow, _o.origin_key == read_first(_c.origin_key))
            .outerjoin(EntityRow, _e.entity_key == _o.entity_key)
            .where(_c.day >= w.c.start, _c.day < w.c.after)
        )
        return found.where(_TOKENS.is_not(None)) if with_tokens else found

    def first_day(self, origin_keys: Collection[int]) -> date | None:
        """Return the first day on which any of the origins had costs of money; None if they never had."""
        w = listed(self._connection, ("origin_key",), [(key,) for key in origin_keys])
        # One look into an index for each: the least of all days would be looked for in all of them.
        first = select(func.min(_c.day).label("day")).where(_c.origin_key == _o.origin_key, IS_MONEY).scalar_subquery()
        day: date | None = self._value(
            select(func.min(first)).join_from(w, CostOriginRow, _o.origin_key == w.c.origin_key)
        )
        return day

    def charges(self, origin_key: int, day: date, at_most: int) -> list[StoredCharge]:
        """Return the costs of one origin on one day as they are stored, the largest amounts first."""
        rows = self._rows(
            select(
                _c.amount_nanos.label("amount"),
                _c.tokens,
                _c.charges,
                DatasetRow.c.imported_at,
                _r.amount_nanos.label("estimated"),
            )
            .outerjoin_from(CostRow, DatasetRow, DatasetRow.c.dataset_key == _c.dataset_key)
            .outerjoin(ReplacedEstimateRow, _r.cost_key == _c.cost_key)
            .where(_c.origin_key == origin_key, _c.day == day)
            .order_by(_c.amount_nanos.desc(), _c.cost_key)
            .limit(at_most)
        )
        return [StoredCharge(**row._mapping) for row in rows]

    # Seats

    def seats_by_hand(self, org: int) -> list[Seats]:
        """Return the registered seats, by entity, provider and day."""
        rows = self._rows(
            select(_s.entity_key, _s.provider, _s.starts_on, _s.seats)
            .join(EntityRow, _e.entity_key == _s.entity_key)
            .where(_e.org_key == org)
            .order_by(_s.entity_key, _s.provider, _s.starts_on)
        )
        return [Seats(row.entity_key, row.provider.casefold(), row.starts_on, row.seats) for row in rows]

    def seats_charged(self, org: int, days: Period) -> list[Seats]:
        """Return the seats in costs of ``days``, by entity (None: unmapped), provider and day."""
        start, after = days.half_open
        rows = self._many(
            select(_o.entity_key, _o.provider, _c.day, total(_c.seats).label("seats"))
            # The few costs that have seats are found by day in an index of their own.
            .join_from(CostRow, CostOriginRow, _o.origin_key == read_first(_c.origin_key))
            .where(_c.seats.is_not(None), _c.day >= start, _c.day < after, _o.org_key == org)
            .group_by(_o.entity_key, _o.provider, _c.day)
        )
        return [Seats(row.entity_key, row.provider.casefold(), row.day, row.seats) for row in rows]

    # Origins

    def origins_in(self, org: int, period: Period, through: date) -> list[OriginInPeriod]:
        """Return every origin that ever had costs, with its costs in ``period`` up to the day ``through``."""
        start, after = period.half_open
        of_period = {
            row.origin_key: row
            for row in self._rows(
                self._by_origin(org, period, through)
                .where(_IS_NOT_REPLACED)
                .add_columns(
                    total(_MONEY).label("amount"),
                    total(_c.charges).label("costs"),
                    func.count(_c.day.distinct()).label("days"),
                    func.min(_c.day).label("first_day"),
                    func.max(_c.day).label("last_day"),
                )
            )
        }
        of_origin = select().where(_c.origin_key == _o.origin_key)
        rows = self._rows(
            select(
                CostOriginRow.table,
                func.coalesce(_e.entity_id, "").label("entity_id"),
                _e.archived_at.is_not(None).label("archived"),
                of_origin.add_columns(func.max(_c.day)).where(_c.day < start).scalar_subquery().label("before"),
                of_origin.add_columns(func.min(_c.day)).where(_c.day >= after).scalar_subquery().label("after"),
                of_origin.add_columns(func.max(_c.day)).scalar_subquery().label("latest"),
            )
            .outerjoin_from(CostOriginRow, EntityRow, _e.entity_key == _o.entity_key)
            .where(_o.org_key == org)
            .order_by(_o.origin_key)
        )
        return [_origin(row, of_period.get(row.origin_key)) for row in rows if row.latest]

    def tokens_of_origins(self, org: int, period: Period, through: date) -> dict[int, int]:
        """Return the tokens that costs of ``period`` up to ``through`` state, by origin, for origins with any."""
        rows = self._rows(
            self._by_origin(org, period, through)
            .where(_TOKENS.is_not(None))
            .add_columns(total(_TOKENS).label("tokens"))
        )
        return {row.origin_key: row.tokens for row in rows}

    def _by_origin(self, org: int, period: Period, through: date) -> Select[Any]:
        # The sum keeps SQLite from using an index: in the order of keys, grouping needs no sorting.
        return (
            select(_o.origin_key)
            .join(CostRow, _c.origin_key == read_first(_o.origin_key))
            .where(_o.org_key + 0 == org, *_on(period, through))
            .group_by(_o.origin_key)
        )


def _on(days: Period, through: date) -> Sequence[ColumnElement[bool]]:
    """Return the condition that a cost is on one of ``days`` up to ``through``."""
    start, after = days.half_open
    return _c.day >= start, _c.day < (min(after, through + ONE_DAY) if through < date.max else after)


def _origin(row: Row[Any], found: Row[Any] | None) -> OriginInPeriod:
    return OriginInPeriod(
        origin_key=row.origin_key,
        source=row.source,
        live=row.live,
        currency=row.currency,
        provider_name=row.provider_name,
        provider=row.provider,
        service=row.service,
        category=row.category,
        is_once=row.charge_category != ChargeCategory.USAGE,
        sub_account_id=row.sub_account_id,
        sub_account_name=row.sub_account_name,
        entity_hint=row.entity_hint,
        path_hint=row.path_hint,
        tags=read_tags(row.tags),
        entity_key=row.entity_key,
        entity_id=row.entity_id,
        archived=bool(row.archived),
        before=row.before,
        after=row.after,
        latest=row.latest,
        amount=found.amount if found else 0,
        costs=found.costs if found else 0,
        days=found.days if found else 0,
        first_day=found.first_day if found else None,
        last_day=found.last_day if found else None,
    )


def _in_segments(rows: Iterable[Any], segments: Segments) -> list[UsageLine]:
    """Add up rows of days by segment."""
    index_by_day: dict[int, int | None] = {}
    sums: dict[tuple[int | None, str, str, str], dict[int, int]] = {}
    for row in rows:
        day = row.day
        if day not in index_by_day:
            index_by_day[day] = segments.index_of(day_of(day))
        segment = index_by_day[day]
        if segment is not None:
            values = sums.setdefault((row.entity_key, row.category, row.provider, row.currency), {})
            values[segment] = values.get(segment, 0) + row.value
    return [
        UsageLine(entity, category, provider.casefold(), currency, values)
        for (entity, category, provider, currency), values in sums.items()
    ]
