"""Estimates: entered costs that do not count while the bill for them is there."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)

from budget_tui.domain.cost import ChargeCategory
from budget_tui.domain.estimates import ESTIMATED_SOURCES, EstimatedDay, Spender
from budget_tui.domain.period import Period
from budget_tui.storage.engine import is_one_of, listed
from budget_tui.storage.fast_paths import day_number
from budget_tui.storage.log_conditions import is_log
from budget_tui.storage.repositories.base import Repository, read_first, total
from budget_tui.storage.tables import CostOriginRow, CostRow, DatasetRow, EntityRow, ReplacedEstimateRow, SourceRow

_c, _o, _e, _r, _d = CostRow.c, CostOriginRow.c, EntityRow.c, ReplacedEstimateRow.c, DatasetRow.c
_IS_LOG: ColumnElement[bool] = literal_column(is_log("cost_origin.source"), Boolean)


class EstimateRepository(Repository):
    def spenders(self, org: int) -> list[Spender]:
        """Return the origins of estimates that a bill can replace: a plan with a flat fee has paid for others."""
        paid = select(SourceRow.c.name).where(SourceRow.c.org_key == org, SourceRow.c.flat_fee)
        is_estimate = or_(_o.source.in_(ESTIMATED_SOURCES), _IS_LOG)
        return self._spenders(_o.org_key == org, _o.live, is_estimate, _o.source.not_in(paid))

    def billed_kinds(self, org: int) -> Iterator[tuple[str, str]]:
        """Yield every provider and service of imported usage."""
        return self._many(select(_o.provider, _o.service).where(*_billing(org)).distinct(), lambda *kind: kind)

    def billing(self, org: int, kinds: Collection[tuple[str, str]]) -> list[Spender]:
        """Return the origins of imported usage of certain providers and services."""
        providers = {provider for provider, _ in kinds}
        found = self._spenders(*_billing(org), is_one_of(self._connection, _o.provider, providers))
        return [each for each in found if (each.provider, each.service) in kinds]

    def _spenders(self, *conditions: ColumnElement[bool]) -> list[Spender]:
        kept = (_o.origin_key, _e.path, _o.provider, _o.service, _o.entity_key, _o.category, _o.currency)
        rows = select(*kept).outerjoin_from(CostOriginRow, EntityRow, _e.entity_key == _o.entity_key)
        return list(self._many(rows.where(*conditions), Spender))

    def has_replaced(self) -> bool:
        """Return whether there are estimates that do not count, of any organization."""
        return self._row(select(_r.cost_key).limit(1)) is not None

    def days(self, origin_keys: Collection[int], on: Collection[date] | None) -> list[EstimatedDay]:
        """Return the days with estimates of certain origins, only those in ``on`` unless it is None."""
        wanted = listed(self._connection, ("origin_key",), [(key,) for key in origin_keys])
        logged = case((_IS_LOG, func.coalesce(_r.tokens, _c.tokens)))
        found = (
            select(
                _c.origin_key,
                _c.day,
                func.count().label("estimates"),
                func.count(_r.cost_key).label("replaced"),
                func.count(logged).label("logged"),
                func.count(_r.tokens).label("logged_replaced"),
                func.count(case((_r.is_displaced, _r.cost_key))).label("displaced"),
            )
            .join_from(wanted, CostRow, _c.origin_key == read_first(wanted.c.origin_key))
            .join(CostOriginRow, _o.origin_key == read_first(_c.origin_key))
            .outerjoin(ReplacedEstimateRow, _r.cost_key == _c.cost_key)
            .group_by(_c.origin_key, _c.day)
            .order_by(_c.day, _c.origin_key)
        )
        return list(self._many(found if on is None else found.where(self._is_on(on)), EstimatedDay))

    def billed(
        self, origin_keys: Collection[int], days: Collection[date]
    ) -> Iterator[tuple[int, date, datetime, int, int]]:
        """Yield what certain origins billed on certain days: the origin, the day, when it was imported, nanos, and
        tokens."""
        sums = total(_c.amount_nanos).label("amount"), func.coalesce(total(_c.tokens), 0).label("tokens")
        return self._billed(origin_keys, sums, self._is_on(days))

    def billed_tokens(self, origin_keys: Collection[int], days: Period) -> Iterator[tuple[int, date, datetime, int]]:
        """Yield the tokens that certain origins billed on ``days``: the origin, the day, when it was imported, and how
        many."""
        start, after = days.half_open
        is_on = and_(_c.tokens.is_not(None), _c.day >= start, _c.day < after)
        return self._billed(origin_keys, [total(_c.tokens).label("tokens")], is_on)

    def _billed(
        self, origin_keys: Collection[int], sums: Sequence[ColumnElement[int]], which: ColumnElement[bool]
    ) -> Iterator[Any]:
        wanted = listed(self._connection, ("origin_key",), [(key,) for key in origin_keys])
        of_import = (_c.origin_key, _c.day, _d.imported_at)
        return self._many(
            select(*of_import, *sums)
            .join_from(wanted, CostRow, _c.origin_key == read_first(wanted.c.origin_key))
            .join(DatasetRow, _d.dataset_key == read_first(_c.dataset_key))
            .where(which)
            .group_by(*of_import)
        )

    def _is_on(self, days: Collection[date]) -> ColumnElement[bool]:
        return is_one_of(self._connection, type_coerce(_c.day, Integer), map(day_number, days))

    def replaced(self, org: int, days: Period) -> list[Any]:
        """Return the estimates on ``days`` that do not count, by origin and day: ``origin_key``, ``entity_key``,
        ``provider``, ``category``, ``currency``, ``day`` and ``amount``, which was estimated."""
        start, after = days.half_open
        kinds = (_o.origin_key, _o.entity_key, _o.provider, _o.category, _o.currency, _c.day)
        return list(
            self._rows(
                select(*kinds, total(_r.amount_nanos).label("amount"))
                .join_from(ReplacedEstimateRow, CostRow, _c.cost_key == _r.cost_key)
                .join(CostOriginRow, _o.origin_key == _c.origin_key)
                .where(_o.org_key == org, _c.day >= start, _c.day < after)
                .group_by(*kinds)
                .order_by(_c.day, _o.origin_key)
            )
        )

    def replaced_among(self, days: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return those of some origins and days, as numbers, whose estimates do not count."""
        wanted = listed(self._connection, ("origin_key", "day"), sorted(days))
        of_day = and_(_c.origin_key == read_first(wanted.c.origin_key), type_coerce(_c.day, Integer) == wanted.c.day)
        found = select(wanted.c.origin_key, wanted.c.day).join_from(wanted, CostRow, of_day)
        return {(key, day) for key, day in self._many(found.join(ReplacedEstimateRow, _r.cost_key == _c.cost_key))}

    def replace(self, origin_key: int, day: date, now: datetime) -> int:
        """Let the estimates of an origin on a day not count; return what they come to, in nanos."""
        of_day = and_(_c.origin_key == origin_key, _c.day == day)
        amount = self._value(select(func.coalesce(total(_c.amount_nanos), 0)).where(of_day))  # replaced ones have 0
        self._replace(of_day, now)
        return int(amount)

    def replace_all(self, org: int, source: str, now: datetime) -> None:
        """Let no estimate of a source count, though their tokens do: a plan with a flat fee pays for them."""
        self._replace(_c.cost_key.in_(_of_source(org, source)), now)

    def _replace(self, which: ColumnElement[bool], now: datetime) -> None:
        """Keep the amounts of the costs that are not replaced yet, and set them to 0."""
        rows = (
            select(_c.cost_key, _c.amount_nanos, literal(now, _r.replaced_at.type))
            .outerjoin_from(CostRow, ReplacedEstimateRow, _r.cost_key == _c.cost_key)
            .where(which, _r.cost_key.is_(None))
        )
        self._change(insert(ReplacedEstimateRow).from_select(["cost_key", "amount_nanos", "replaced_at"], rows))
        self._change(update(CostRow).where(which).values(amount_nanos=0))

    def displace(self, origin_key: int, day: date, is_displaced: bool) -> None:
        """Note of replaced estimates of an origin on a day whether their bill is unmapped."""
        of_day = _r.cost_key.in_(_of_day(origin_key, day))
        self._change(update(ReplacedEstimateRow).where(of_day).values(is_displaced=is_displaced))

    def replace_tokens(self, origin_key: int, day: date, tokens_billed: bool) -> None:
        """Let the tokens of replaced estimates of an origin on a day not count, or count."""
        of_day = _r.cost_key.in_(_of_day(origin_key, day))
        if tokens_billed:
            stated = select(_c.tokens).where(_c.cost_key == _r.cost_key).scalar_subquery()
            self._change(update(ReplacedEstimateRow).where(of_day, _r.tokens.is_(None)).values(tokens=stated))
            replaced = select(_r.cost_key).where(of_day)
            self._change(update(CostRow).where(_c.cost_key.in_(replaced)).values(tokens=None))
        else:
            self._restore_tokens(of_day)
            self._change(update(ReplacedEstimateRow).where(of_day).values(tokens=None))

    def _restore_tokens(self, which: ColumnElement[bool]) -> None:
        kept = select(_r.tokens).where(_r.cost_key == _c.cost_key).scalar_subquery()
        apart = select(_r.cost_key).where(which, _r.tokens.is_not(None))
        self._change(update(CostRow).where(_c.cost_key.in_(apart)).values(tokens=kept))

    def bring_back(self, origin_key: int, day: date) -> int:
        """Let the estimates of an origin on a day count again; return what they come to, in nanos."""
        of_day = _r.cost_key.in_(_of_day(origin_key, day))
        amount = self._value(select(func.coalesce(total(_r.amount_nanos), 0)).where(of_day))
        self._bring_back(of_day)
        return int(amount)

    def bring_back_all(self, org: int, source: str) -> None:
        """Let all estimates of a source count again, with their tokens."""
        self._bring_back(_r.cost_key.in_(_of_source(org, source)))

    def count_again(self, cost_keys: Iterable[int]) -> None:
        """Let those of some costs count that were estimates and did not."""
        self._bring_back(is_one_of(self._connection, _r.cost_key, cost_keys))

    def _bring_back(self, which: ColumnElement[bool]) -> None:
        self._restore_tokens(which)
        amount = select(_r.amount_nanos).where(_r.cost_key == _c.cost_key).scalar_subquery()
        replaced = select(_r.cost_key).where(which)
        self._change(update(CostRow).where(_c.cost_key.in_(replaced)).values(amount_nanos=amount))
        self._change(delete(ReplacedEstimateRow).where(which))

    def paid(self, org: int) -> dict[str, dict[str, int]]:
        """Return what sources would have cost that plans with a flat fee pay for, in nanos by currency."""
        rows = self._rows(
            select(_o.source, _o.currency, total(_r.amount_nanos).label("amount"))
            .join_from(SourceRow, CostOriginRow, and_(_o.org_key == SourceRow.c.org_key, _o.source == SourceRow.c.name))
            .join(CostRow, _c.origin_key == _o.origin_key)
            .join(ReplacedEstimateRow, _r.cost_key == _c.cost_key)
            .where(SourceRow.c.org_key == org, SourceRow.c.flat_fee)
            .group_by(_o.source, _o.currency)
        )
        found: dict[str, dict[str, int]] = {}
        for row in rows:
            found.setdefault(row.source, {})[row.currency] = row.amount
        return found

    def not_counting(self, org: int, source: str) -> dict[str, int]:
        """Return what the estimates of a source come to that do not count, in nanos by currency."""
        rows = self._rows(
            select(_o.currency, total(_r.amount_nanos).label("amount"))
            .join_from(CostOriginRow, CostRow, _c.origin_key == _o.origin_key)
            .join(ReplacedEstimateRow, _r.cost_key == _c.cost_key)
            .where(_o.org_key == org, _o.source == source)
            .group_by(_o.currency)
        )
        return {row.currency: row.amount for row in rows}

    def replaced_at(self, org: int) -> dict[int, datetime]:
        """Return since when estimates do not count, by the cost's key."""
        rows = self._rows(
            select(_r.cost_key, _r.replaced_at)
            .join_from(ReplacedEstimateRow, CostRow, _c.cost_key == _r.cost_key)
            .join(CostOriginRow, _o.origin_key == _c.origin_key)
            .where(_o.org_key == org)
        )
        return {row.cost_key: row.replaced_at for row in rows}


def _billing(org: int) -> tuple[ColumnElement[bool], ...]:
    return _o.org_key == org, ~_o.live, _o.charge_category == ChargeCategory.USAGE


def _of_day(origin_key: int, day: date) -> Select[Any]:
    """Return a query of the keys of an origin's costs on a day."""
    return select(_c.cost_key).where(_c.origin_key == origin_key, _c.day == day).correlate(None)


def _of_source(org: int, source: str) -> Select[Any]:
    """Return a query of the keys of a source's costs."""
    of_source = (_o.org_key == org, _o.source == source, _o.live)
    return select(_c.cost_key).join(CostOriginRow, _o.origin_key == _c.origin_key).where(*of_source)
