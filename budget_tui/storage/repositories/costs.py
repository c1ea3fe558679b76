"""Costs as entered or imported: their origins with their owners, and their sources."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
    and_,
    delete,
    func,
    insert,
    literal,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.sql.expression import bindparam

from budget_tui.domain.cost import CostOrigin
from budget_tui.domain.estimates import LOG_PREFIXES
from budget_tui.domain.period import Period
from budget_tui.domain.records import (
    CostRecord,
    CostSum,
    DailyCosts,
    DayCost,
    KnownOrigin,
    RecordedCosts,
    Resolution,
    UnmappedOrigin,
    UsageOrigin,
)
from budget_tui.storage.engine import in_a_list, is_one_of
from budget_tui.storage.fast_paths import day_number
from budget_tui.storage.log_conditions import MESSAGE_IS_UNPRICED
from budget_tui.storage.repositories.base import IS_MONEY, Repository, read_first, total
from budget_tui.storage.tables import (
    CostOriginRow,
    CostRow,
    DatasetRow,
    EntityRow,
    FormerCostRow,
    LogMessageRow,
    ReplacedEstimateRow,
    SourceRow,
)

_c, _o, _e, _s, _d, _f = CostRow.c, CostOriginRow.c, EntityRow.c, SourceRow.c, DatasetRow.c, FormerCostRow.c
_r = ReplacedEstimateRow.c


class CostRepository(Repository):
    # Origins

    def origins(self, org: int) -> list[KnownOrigin]:
        """Return every origin of costs."""
        rows = self._rows(select(CostOriginRow.table).where(_o.org_key == org).order_by(_o.origin_key))
        return [_known(row) for row in rows]

    def origin(self, org: int, origin_key: int) -> KnownOrigin | None:
        """Return one origin of costs; None if there is none of that key."""
        row = self._row(select(CostOriginRow.table).where(_o.org_key == org, _o.origin_key == origin_key))
        return _known(row) if row is not None else None

    def unmapped(self, org: int) -> list[UnmappedOrigin]:
        """Return the costs of all periods that have no entity, the largest amounts first."""
        kinds = (_o.source, _o.currency, _o.provider, _o.service, _o.sub_account_id, _o.sub_account_name, _o.tags)
        amount = total(_c.amount_nanos)
        rows = self._rows(
            select(
                *kinds,
                amount.label("amount"),
                total(_c.charges).label("costs"),
                func.min(_c.day).label("first_day"),
                func.max(_c.day).label("last_day"),
            )
            .join_from(CostOriginRow, CostRow, _c.origin_key == read_first(_o.origin_key))
            .where(_o.org_key == org, _o.entity_key.is_(None))
            .group_by(*kinds)
            .order_by(func.abs(amount).desc(), *kinds)
        )
        messages = LogMessageRow.c
        of_unpriced = select(messages.origin_key).where(
            messages.org_key == org, literal_column(MESSAGE_IS_UNPRICED, Boolean)
        )
        unpriced = [tuple(row) for row in self._rows(select(*kinds).where(_o.origin_key.in_(of_unpriced)))]
        return [
            UnmappedOrigin(
                **{**row._mapping, "tags": read_tags(row.tags)},
                is_unpriced=not row.amount and tuple(row)[: len(kinds)] in unpriced,
            )
            for row in rows
        ]

    def sums_of(self, origin_keys: Iterable[int]) -> dict[str, CostSum]:
        """Return the sums of the given origins' costs, by currency."""
        sums: dict[str, CostSum] = {}
        for key in origin_keys:
            rows = self._rows(
                select(_o.currency, total(_c.amount_nanos).label("amount"), total(_c.charges).label("costs"))
                .join_from(CostOriginRow, CostRow, _c.origin_key == _o.origin_key)
                .where(_o.origin_key == key)
                .group_by(_o.currency)
            )
            for row in rows:
                before = sums.get(row.currency, CostSum(0, 0))
                sums[row.currency] = CostSum(before.amount + row.amount, before.costs + row.costs)
        return sums

    def add_origins(self, org: int, origins: Mapping[CostOrigin, Resolution]) -> dict[CostOrigin, int]:
        """Store new origins; return the key of each."""
        if not origins:
            return {}
        added = self._connection.execute(
            insert(CostOriginRow).returning(_o.origin_key, sort_by_parameter_order=True),
            [
                {
                    "org_key": org,
                    **resolution._asdict(),
                    "source": origin.source,
                    "live": origin.live,
                    "currency": origin.currency,
                    "provider_name": origin.provider_name,
                    "service": origin.service,
                    "service_category": origin.service_category,
                    "service_subcategory": origin.service_subcategory,
                    "sub_account_id": origin.sub_account_id,
                    "sub_account_name": origin.sub_account_name,
                    "entity_hint": origin.entity_hint,
                    "path_hint": origin.path_hint,
                    "category_hint": origin.category_hint,
                    "tags": json.dumps(dict(origin.tags)) if origin.tags else "{}",
                    "billing_account_id": origin.billing_account_id,
                    "charge_category": origin.charge_category,
                }
                for origin, resolution in origins.items()
            ],
        )
        return dict(zip(origins, added.scalars(), strict=True))

    def resolve_again(self, resolutions: Mapping[int, Resolution]) -> None:
        """Set new owners for the costs of the given origins, past ones included."""
        self._change(
            update(CostOriginRow)
            .where(_o.origin_key == bindparam("key"))
            .values({name: bindparam(f"new_{name}") for name in Resolution._fields}),
            [
                {"key": key, **{f"new_{name}": value for name, value in resolution._asdict().items()}}
                for key, resolution in resolutions.items()
            ],
        )

    # Costs that are entered

    def add(self, costs: Sequence[DayCost], keys: Mapping[CostOrigin, int]) -> list[CostRecord]:
        """Store entered costs, whose origins are known; return them as stored."""
        return self._store(
            [
                {
                    "origin_key": keys[cost.origin],
                    "day": cost.day,
                    "amount_nanos": cost.amount_nanos,
                    "tokens": cost.tokens,
                    "charges": cost.charges,
                }
                for cost in costs
            ]
        )

    def put_back(self, records: Iterable[CostRecord]) -> list[CostRecord]:
        """Store removed costs again; they get new keys."""
        named = (record._asdict() for record in records)
        return self._store([{name: value for name, value in row.items() if name != "key"} for row in named])

    def _store(self, rows: Sequence[Mapping[str, Any]]) -> list[CostRecord]:
        if not rows:
            return []
        stored = self._connection.execute(
            insert(CostRow).returning(
                _c.cost_key.label("key"),
                _c.origin_key,
                type_coerce(_c.day, Integer).label("day"),
                _c.amount_nanos,
                _c.tokens,
                _c.charges,
                sort_by_parameter_order=True,
            ),
            rows,
        )
        return [CostRecord(**row._mapping) for row in stored]

    def remove(self, records: Iterable[CostRecord]) -> int:
        """Remove costs that are still as given; return how many."""
        return sum(
            self._change(
                delete(CostRow).where(
                    _c.cost_key == record.key,
                    _c.origin_key == record.origin_key,
                    _c.day == record.day,
                    _c.amount_nanos == record.amount_nanos,
                    _c.tokens.is_not_distinct_from(record.tokens),
                    _c.charges == record.charges,
                    _c.dataset_key.is_(None),
                )
            )
            for record in records
        )

    # Sums

    def once_in(self, org: int, currency: str, days: Period, path: str) -> dict[str, int]:
        """Return the one-off costs on ``days`` at and below ``path`` ('' for everything), in nanos by kind of
        charge."""
        start, after = days.half_open
        below = select(_e.entity_key).where(func.substr(_e.path, 1, len(path)) == path)
        rows = self._rows(
            select(_o.charge_category, total(_c.amount_nanos).label("amount"))
            .join_from(CostOriginRow, CostRow, _c.origin_key == read_first(_o.origin_key))
            .where(_c.day >= start, _c.day < after, _o.org_key == org, _o.currency == currency)
            .where(_o.charge_category != "usage", or_(literal(path) == "", _o.entity_key.in_(below)))
            .group_by(_o.charge_category)
            .order_by(_o.charge_category)
        )
        return {row.charge_category: row.amount for row in rows}

    def daily(
        self, org: int, days: Period, origins: Mapping[int, UsageOrigin], *, tokens: bool = False
    ) -> list[DailyCosts]:
        """Return what each of ``origins`` cost on each of ``days``, if it cost anything on any of them or before.

        With ``tokens``, return the tokens that costs state, except agents': those are counted as they are used.
        """
        start, after = days.half_open
        value, of_cost, of_kind = _c.amount_nanos, [_c.day >= start, _c.day < after], [IS_MONEY]
        if tokens:
            value, of_kind = _c.tokens, []
            of_cost.append(value.is_not(None))
            origins = {key: origin for key, origin in origins.items() if not origin.is_agents}
        rows = self._many(
            select(
                _o.origin_key,
                _first_day(*of_kind).label("first_day"),
                in_a_list(self._connection, type_coerce(_c.day, Integer)).label("days"),
                in_a_list(self._connection, value).label("amounts"),
            )
            .join_from(
                CostOriginRow,
                CostRow,
                and_(_c.origin_key == read_first(_o.origin_key), *of_cost),
                isouter=not tokens,
            )
            # The sum keeps SQLite from using an index: in the order of keys, grouping needs no sorting.
            .where(_o.org_key + 0 == org, is_one_of(self._connection, _o.origin_key, origins))
            .group_by(_o.origin_key)
        )
        paths, lists = self._paths(org), _ByDay(days)
        return [
            _daily(key, origins[key], paths, first, *lists.read(on, amounts))
            for key, first, on, amounts in rows
            if first and (on != _ByDay.NOTHING or first < start)
        ]

    def recorded(
        self, org: int, days: Period, origins: Mapping[int, UsageOrigin], without: Collection[int]
    ) -> list[RecordedCosts]:
        """Return what each of ``origins`` cost on each of ``days``, by when it was imported; what was replaced since,
        too, and estimates as long as there was no bill. What plans with a flat fee pay for was never a cost.

        ``without`` are the keys of costs to leave out.
        """
        start, after = days.half_open
        paths, first_days, lists = self._paths(org), self._first_days(org, IS_MONEY), _ByDay(days)
        replacing = DatasetRow.table.alias("replacing")
        found = []
        by = replacing.c
        for table, amount, until in (
            (CostRow, _c.amount_nanos, None),
            (CostRow, _r.amount_nanos, _r.replaced_at),
            (FormerCostRow, _f.amount_nanos, by.imported_at),
        ):
            replaced_by = (by.source, by.billing_account_id) if table is FormerCostRow else ()
            c = table.c
            statement = (
                select(
                    _o.origin_key,
                    in_a_list(self._connection, type_coerce(c.day, Integer)).label("days"),
                    in_a_list(self._connection, amount).label("amounts"),
                    _o.source,
                    _o.billing_account_id,
                    _d.imported_at,
                    (literal(None) if until is None else until).label("until"),
                    *replaced_by,
                )
                .join_from(CostOriginRow, table, c.origin_key == read_first(_o.origin_key))
                .outerjoin(DatasetRow, _d.dataset_key == c.dataset_key)
                .where(c.day >= start, c.day < after, _o.org_key + 0 == org)
                .group_by(
                    _o.origin_key, c.dataset_key, _d.imported_at, *replaced_by, *(() if until is None else (until,))
                )
            )
            if table is CostRow:
                statement = statement.where(not_(is_one_of(self._connection, _c.cost_key, without)))
                if until is not None:
                    statement = statement.join(ReplacedEstimateRow, _r.cost_key == _c.cost_key)
                    statement = statement.where(_o.source.not_in(self.flat_fees(org)))
            else:
                statement = statement.join(replacing, replacing.c.dataset_key == _f.replaced_by).where(
                    _f.replaced_by != _f.dataset_key  # of an undone import
                )
            for key, on, amounts, source, billing_account_id, at, gone, *replacement in self._many(statement):
                costs = _daily(key, origins[key], paths, first_days[key], *lists.read(on, amounts))
                costs = _of_money(costs, source, days)
                account = None if at is None else (source, billing_account_id)
                if costs.positions:
                    found.append(RecordedCosts(costs, source, account, at, gone, (*replacement,) or None))
        return found

    def without_amounts(self, org: int, origins: Mapping[int, UsageOrigin]) -> dict[int, DailyCosts]:
        """Return what is known of the daily costs of each of ``origins``, by its key, without any amounts."""
        paths, first_days = self._paths(org), self._first_days(org)
        return {key: _daily(key, origin, paths, first_days[key], (), ()) for key, origin in origins.items()}

    def _paths(self, org: int) -> dict[int | None, str]:
        """Return the path of each entity, by its key: joined to origins, it would be read for each of them."""
        rows = self._rows(select(_e.entity_key, _e.path).where(_e.org_key == org))
        return {row.entity_key: row.path for row in rows}

    def _first_days(self, org: int, *of: ColumnElement[bool]) -> dict[int, date]:
        """Return the first day ever with any cost of each origin, ``of`` a kind, by its key."""
        rows = self._many(select(_o.origin_key, _first_day(*of).label("first_day")).where(_o.org_key == org))
        return {row.origin_key: row.first_day for row in rows}

    # Sources

    def live_sources(self, org: int, today: date) -> list[tuple[str, date]]:
        """Return the sources of costs entered as they happen, each with its latest day with costs by ``today``."""
        rows = self._rows(
            select(_o.source, func.max(_c.day).label("last"))
            .join_from(CostOriginRow, CostRow, _c.origin_key == read_first(_o.origin_key))
            .where(_o.org_key == org, _o.live, _c.day <= today)
            .group_by(_o.source)
            .order_by(_o.source)
        )
        return [(row.source, row.last) for row in rows]

    def ended_on(self, org: int, source: str, account: str) -> date | None:
        """Return the day on which exactly this source, or account of it, was ended by hand."""
        day: date | None = self._value(
            select(_s.ended_on).where(_s.org_key == org, _s.name == source, _s.billing_account_id == account)
        )
        return day

    def replaces_always(self, org: int, source: str) -> bool:
        """Return whether a source replaces what its imports touch, whatever is stored."""
        return bool(
            self._value(
                select(_s.replaces_always).where(_s.org_key == org, _s.name == source, _s.billing_account_id == "")
            )
        )

    def flat_fees(self, org: int) -> set[str]:
        """Return the sources that a plan with a flat fee pays for."""
        return {row.name for row in self._rows(select(_s.name).where(_s.org_key == org, _s.flat_fee))}

    def set_flat_fee(self, org: int, source: str, flat_fee: bool) -> None:
        """Set whether a plan with a flat fee pays for a source."""
        self._decide(org, source, "", flat_fee=flat_fee)

    def set_replaces_always(self, org: int, source: str, always: bool) -> None:
        """Set whether a source replaces what its imports touch, whatever is stored."""
        self._decide(org, source, "", replaces_always=always)

    def set_ended(self, org: int, source: str, account: str, ended_on: date | None) -> None:
        """Set the day on which a source, or one of its billing accounts, ended; None: it goes on."""
        self._decide(org, source, account, ended_on=ended_on)

    def _decide(self, org: int, source: str, account: str, **decision: Any) -> None:
        statement = self._insert(SourceRow).values(org_key=org, name=source, billing_account_id=account, **decision)
        self._change(
            statement.on_conflict_do_update(index_elements=[_s.org_key, _s.name, _s.billing_account_id], set_=decision)
        )


def _known(row: Row[Any]) -> KnownOrigin:
    return KnownOrigin(
        row.origin_key,
        row.entity_key,
        row.provider,
        row.category,
        CostOrigin(
            source=row.source,
            live=row.live,
            currency=row.currency,
            provider_name=row.provider_name,
            service=row.service,
            service_category=row.service_category,
            service_subcategory=row.service_subcategory,
            sub_account_id=row.sub_account_id,
            sub_account_name=row.sub_account_name,
            entity_hint=row.entity_hint,
            path_hint=row.path_hint,
            category_hint=row.category_hint,
            tags=read_tags(row.tags),
            billing_account_id=row.billing_account_id,
            charge_category=row.charge_category,
        ),
    )


@lru_cache(maxsize=4096)  # an entity that is added makes all origins be read again, and most have the same few tags
def read_tags(text: str) -> tuple[tuple[str, str], ...]:
    """Return the tags of an origin from their stored text."""
    return tuple(json.loads(text).items()) if text != "{}" else ()


@lru_cache(maxsize=4096)  # from one evaluation of alerts to the next, few of thousands change: a tenth of its time
def _numbers(listed: str) -> tuple[int, ...]:
    return tuple(_parse(listed)[0])


_parse = json.JSONDecoder().raw_decode  # `json.loads` looks for space around, too, which takes as long again


class _ByDay:
    """The reader of lists of days and amounts, as `in_a_list` returns them."""

    NOTHING = "[null]"
    """The list of an outer join without a match."""

    def __init__(self, days: Period) -> None:
        self._position = {day_number(days.start + timedelta(days=ahead)): ahead for ahead in range(days.days)}
        self._positions: dict[str, Sequence[int]] = {self.NOTHING: ()}  # most origins have costs on the same days

    def read(self, on: str, listed: str) -> tuple[Sequence[int], Sequence[int]]:
        """Return the positions of the days, ascending, and the amount of each."""
        if on not in self._positions:
            found = [self._position[day] for day in _parse(on)[0]]
            in_a_row = range(found[0], found[0] + len(found))
            self._positions[on] = in_a_row if found == [*in_a_row] else found
        positions = self._positions[on]
        if not positions:
            return (), ()
        given = _numbers(listed)
        if isinstance(positions, range):
            return positions, given
        sums: dict[int, int] = {}
        for at, amount in zip(positions, given, strict=True):
            sums[at] = sums.get(at, 0) + amount
        on_days = sorted(sums)
        return on_days, [sums[at] for at in on_days]


def _of_money(costs: DailyCosts, source: str, days: Period) -> DailyCosts:
    """Return ``costs`` without those of a log that are 0, as `is_money` decides, and with the first day of the rest:
    of what was replaced, it may be that of no cost stored."""
    if source.startswith(LOG_PREFIXES):
        rest = {position: amount for position, amount in zip(costs.positions, costs.amounts, strict=True) if amount}
        costs = costs._replace(positions=[*rest], amounts=[*rest.values()])
    if not costs.positions:
        return costs
    first = days.start + timedelta(days=min(costs.positions))
    return costs._replace(first_day=min(costs.first_day or first, first))


def _daily(
    key: int,
    origin: UsageOrigin,
    paths: Mapping[int | None, str],
    first_day: date,
    positions: Sequence[int],
    amounts: Sequence[int],
) -> DailyCosts:
    (entity_key, category, provider), _, currency, _, is_once = origin
    of = category, provider, currency, is_once
    return DailyCosts(key, paths.get(entity_key), *of, first_day, positions, amounts)


def _first_day(*of: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Return the first day ever with any cost of an origin, ``of`` a kind."""
    earliest = select(func.min(_c.day)).where(_c.origin_key == _o.origin_key, *of)
    return earliest.correlate(CostOriginRow.table).scalar_subquery()
