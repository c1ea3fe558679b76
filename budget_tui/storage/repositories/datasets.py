"""Parts of imports: their rows, and the rows that they replaced. Days are numbers here, as in reduced files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Table,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.schema import CreateTable

from budget_tui.domain.delivery import folded_account
from budget_tui.domain.records import StoredPart
from budget_tui.domain.replacement import CellRow, PartFacts, TakenRows
from budget_tui.storage.engine import insert_batches, is_one_of
from budget_tui.storage.repositories.base import Repository, total
from budget_tui.storage.tables import CostOriginRow, CostRow, DatasetReplacementRow, DatasetRow, FormerCostRow

_d, _c, _o, _f, _r = DatasetRow.c, CostRow.c, CostOriginRow.c, FormerCostRow.c, DatasetReplacementRow.c
_KEPT = ("dataset_key", "origin_key", "day", "cell_day", "amount_nanos", "tokens", "seats", "charges")
_day, _cell_day = type_coerce(_c.day, Integer), type_coerce(_c.cell_day, Integer)
_taken_cells = Table(
    "taken_cell", MetaData(), Column("origin_key", Integer), Column("cell_day", Integer), prefixes=["TEMPORARY"]
)

CHECKSUM: ColumnElement[int] = func.sum(
    _c.amount_nanos % 1000000007
    + 3 * _day
    + 5 * _cell_day
    + 7 * func.coalesce(_c.tokens % 1000000007, -1)
    + 11 * func.coalesce(_c.seats % 1000000007, -1)
    + 13 * _c.charges
    + 17 * _c.origin_key
)
"""A sum that changes with any number of any row of a part, so that later damage is noticed."""

ROWS_KEPT = 200_000
"""The replaced rows that are kept; beyond it, only those that the latest import of a source took, however many."""


class DatasetRepository(Repository):
    def parts(self, org: int, period_start: date) -> list[StoredPart]:
        """Return every part of that billing period that has rows, whatever its source and account."""
        rows = self._rows(
            select(DatasetRow.table)
            .where(_d.org_key == org, _d.billing_period_start == period_start, _d.stored_rows > 0)
            .order_by(_d.dataset_key)
        )
        return [
            StoredPart(
                row.dataset_key,
                PartFacts(
                    source=row.source,
                    account=row.billing_account_id,
                    period_start=period_start,
                    name=row.part,
                    delivered_at=row.delivered_at,
                    export=row.export,
                    cost_basis=row.cost_basis,
                    rows_refused=row.rows_refused,
                ),
                row.stored_rows,
                row.imported_at,
            )
            for row in rows
        ]

    def cells(self, dataset_key: int) -> list[CellRow]:
        """Return the sums of a part, by cell, currency and kind of charge."""
        kinds = (_o.sub_account_id, _c.cell_day, _o.currency, _o.charge_category)
        rows = self._rows(
            select(
                _o.sub_account_id.label("sub_account"),
                _cell_day.label("day"),
                _o.currency,
                _o.charge_category,
                total(_c.amount_nanos).label("amount"),
                total(case((_c.amount_nanos > 0, _c.amount_nanos), else_=0)).label("positive"),
                func.coalesce(total(_c.tokens), 0).label("tokens"),
                func.coalesce(total(_c.seats), 0).label("seats"),
            )
            .join_from(CostRow, CostOriginRow, _o.origin_key == _c.origin_key)
            .where(_c.dataset_key == dataset_key)
            .group_by(*kinds)
            .order_by(*kinds)
        )
        return [CellRow(**row._mapping) for row in rows]

    def rows(self, dataset_keys: Iterable[int], first_day: int, last_day: int) -> Iterator[Sequence[int | None]]:
        """Yield the rows of parts in cells of these days: origin, day, UTC day, nanos, tokens, seats, charges; in this
        order."""
        statement = (
            select(_c.origin_key, _day, _cell_day, _c.amount_nanos, _c.tokens, _c.seats, _c.charges)
            .where(is_one_of(self._connection, _c.dataset_key, dataset_keys), _c.cell_day.between(first_day, last_day))
            .order_by(_c.origin_key, _c.day, _c.cell_day)
            .execution_options(yield_per=10_000)
        )
        with self._connection.execute(statement) as found:
            for batch in found.partitions():
                yield from map(tuple, batch)

    def replaced_fingerprints(self, org: int, source: str, period_start: date) -> dict[str, str]:
        """Return the fingerprints of parts of a source and period that were replaced since, with their accounts."""
        rows = self._rows(
            select(_d.fingerprint, _d.billing_account_id).where(
                _d.org_key == org,
                _d.billing_period_start == period_start,
                _d.source == source,
                exists().where(_r.dataset_key == _d.dataset_key),
            )
        )
        return {row.fingerprint: row.billing_account_id for row in rows}

    def last_imports(self, org: int) -> dict[str, datetime]:
        """Return the time of each source's last import."""
        rows = self._rows(
            select(_d.source, func.max(_d.imported_at).label("last")).where(_d.org_key == org).group_by(_d.source)
        )
        return {row.source: row.last for row in rows}

    def add(self, org: int, facts: PartFacts, fingerprint: str, now: datetime) -> int:
        """Put a part on record, without rows; return its key."""
        return self._add(
            DatasetRow,
            {
                "org_key": org,
                "source": facts.source,
                "billing_account_id": facts.account,
                "billing_period_start": facts.period_start,
                "fingerprint": fingerprint,
                "imported_at": now,
                "part": facts.name,
                "delivered_at": facts.delivered_at,
                "export": facts.export,
                "cost_basis": facts.cost_basis,
                "rows_refused": facts.rows_refused,
            },
        )

    def add_rows(self, dataset_key: int, batches: Iterable[Sequence[tuple[int | None, ...]]]) -> int:
        """Store a part's rows: origin, day, UTC day, nanos, tokens, seats, charges. Return how many."""
        names = ("origin_key", "day", "cell_day", "amount_nanos", "tokens", "seats", "charges")
        added = insert_batches(self._connection, CostRow.table, names, batches, fixed={"dataset_key": dataset_key})
        self.count_rows(dataset_key)
        return added

    def count_rows(self, dataset_key: int) -> None:
        """Store how many rows a part has now, and their checksum."""
        found = self._row(
            select(func.count().label("rows"), func.coalesce(cast(CHECKSUM, BigInteger), 0).label("checksum")).where(
                _c.dataset_key == dataset_key
            )
        )
        assert found is not None
        self._change(
            update(DatasetRow)
            .where(_d.dataset_key == dataset_key)
            .values(stored_rows=found.rows, checksum=found.checksum)
        )

    # What was replaced, and can be undone

    def is_replaced(self, dataset_key: int) -> bool:
        """Return whether another part took rows of this one."""
        return self._row(select(_r.replaced_by).where(_r.dataset_key == dataset_key).limit(1)) is not None

    def take(self, taken: TakenRows, replaced_by: int, *, of_same_import: bool = False) -> int:
        """Move the rows that ``replaced_by`` takes from a part to the former costs; return how many.

        The rows that this part had taken itself may be deleted, unless both are ``of_same_import``: it is undone as
        one.
        """
        which = [_c.dataset_key == taken.key, _c.cell_day.between(taken.first_day, taken.last_day)]
        if taken.cells is not None:
            self._list_cells(taken)
            cells = select(_taken_cells.c.origin_key, _taken_cells.c.cell_day)
            which.append(tuple_(_c.origin_key, _cell_day).in_(cells))
        if taken.key != replaced_by:
            if not of_same_import:
                self._forget_beyond_limit(taken.key)
            self._change(insert(DatasetReplacementRow).values(dataset_key=taken.key, replaced_by=replaced_by))
        self._change(
            insert(FormerCostRow).from_select(
                ["replaced_by", *_KEPT],
                select(literal(replaced_by), *(_c[name] for name in _KEPT)).where(*which).order_by(_c.cost_key),
            )
        )
        return self._change(delete(CostRow).where(*which))

    def unchanged(self, replaced_by: int) -> int:
        """Count the rows of a part that equal a row that it took from another part."""
        same = and_(
            _f.replaced_by == replaced_by,
            _f.dataset_key != replaced_by,
            *(_f[name] == _c[name] for name in ("origin_key", "day", "cell_day", "amount_nanos", "charges")),
            *(_f[name].is_not_distinct_from(_c[name]) for name in ("tokens", "seats")),
        )
        of_part = select(_c.cost_key).where(_c.dataset_key == replaced_by, exists().where(same)).subquery()
        return int(self._value(select(func.count()).select_from(of_part)))

    def give_back(self, replaced_by: int) -> list[int] | None:
        """Store again the rows that a part had taken from others; return the keys of these.

        Its record stays, for `take_again`. None, with nothing done, when the rows were deleted in the meantime.
        """
        is_kept = exists().where(_f.dataset_key == _r.dataset_key, _f.replaced_by == _r.replaced_by)
        others = self._rows(
            select(_r.dataset_key, is_kept.label("is_kept"))
            .where(_r.replaced_by == replaced_by)
            .order_by(_r.dataset_key)
        )
        if not all(row.is_kept for row in others):
            return None
        for row in others:
            self._store(row.dataset_key, replaced_by)
        self._change(delete(DatasetReplacementRow).where(_r.replaced_by == replaced_by))
        return [row.dataset_key for row in others]

    def take_again(self, replaced_by: int) -> list[int] | None:
        """Take again from other parts the rows that `give_back` had stored; return the keys of these.

        None when any of them is not there as it was.
        """
        others = self._rows(
            select(_f.dataset_key, func.count().label("rows"))
            .where(_f.replaced_by == replaced_by, _f.dataset_key != replaced_by)
            .group_by(_f.dataset_key)
            .order_by(_f.dataset_key)
        )
        same = select(_c.cost_key).where(
            _f.replaced_by == replaced_by,
            _f.dataset_key != _f.replaced_by,
            _c.origin_key == _f.origin_key,
            _c.day == _f.day,
            _c.amount_nanos == _f.amount_nanos,
            _c.charges == _f.charges,
            _c.dataset_key + 0 == _f.dataset_key,  # keeps SQLite from the part's index: found by origin and day
            _c.cell_day == _f.cell_day,
            _c.tokens.is_not_distinct_from(_f.tokens),
            _c.seats.is_not_distinct_from(_f.seats),
        )
        taken = self._change(delete(CostRow).where(_c.cost_key.in_(same.correlate(None))))
        if taken != sum(row.rows for row in others):
            return None
        self._change(
            insert(DatasetReplacementRow),
            [{"dataset_key": row.dataset_key, "replaced_by": replaced_by} for row in others],
        )
        return [row.dataset_key for row in others]

    def store_again(self, dataset_key: int) -> int:
        """Store again the rows of a part that was undone; return how many."""
        rows = self._store(dataset_key, dataset_key)
        self._change(delete(FormerCostRow).where(_f.dataset_key == dataset_key, _f.replaced_by == dataset_key))
        return rows

    def forget_undone(self, org: int, source: str, period_start: date) -> None:
        """Delete the undone rows of a source and period: once something else is stored, they cannot be redone."""
        undone = (
            select(_d.dataset_key)
            .join(FormerCostRow, (_f.dataset_key == _d.dataset_key) & (_f.replaced_by == _f.dataset_key))
            .where(_d.org_key == org, _d.source == source, _d.billing_period_start == period_start)
        )
        self._change(delete(FormerCostRow).where(_f.replaced_by.in_(undone.correlate(None))))

    def _forget_beyond_limit(self, dataset_key: int) -> None:
        """Beyond `ROWS_KEPT`, delete the rows that a part had taken, those that its replaced parts had, and so on."""
        kept = self._row(select(func.count().label("rows")).select_from(FormerCostRow))
        if kept is None or kept.rows <= ROWS_KEPT:
            return
        gone = select(literal(dataset_key, BigInteger).label("key")).cte("gone", recursive=True)
        gone = gone.union(select(_r.dataset_key).where(_r.replaced_by == gone.c.key))
        self._change(delete(FormerCostRow).where(_f.replaced_by.in_(select(gone.c.key))))

    def _store(self, dataset_key: int, replaced_by: int) -> int:
        kept = (
            select(*(_f[name] for name in _KEPT))
            .where(_f.dataset_key == dataset_key, _f.replaced_by == replaced_by)
            .order_by(_f.former_key)
        )
        return self._change(insert(CostRow).from_select([*_KEPT], kept, include_defaults=False))

    def _list_cells(self, taken: TakenRows) -> None:
        """List the origins and days of the cells that are taken in a temporary table."""
        self._change(CreateTable(_taken_cells, if_not_exists=True))
        self._change(delete(_taken_cells))
        days: dict[str, list[int]] = {}
        for sub_account, day in taken.cells or ():
            days.setdefault(sub_account, []).append(day)
        origins = self._rows(
            select(_c.origin_key, _o.sub_account_id)
            .join_from(CostRow, CostOriginRow, _o.origin_key == _c.origin_key)
            .where(_c.dataset_key == taken.key)
            .distinct()
        )
        self._change(
            insert(_taken_cells),
            [
                {"origin_key": row.origin_key, "cell_day": day}
                for row in origins
                for day in days.get(folded_account(row.sub_account_id), ())
            ],
        )
