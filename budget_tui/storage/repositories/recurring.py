"""Recurring fees, and what became of each day that one was due."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from budget_tui.domain.recurring import Bill, Charge, ImportedCost, RecurringFee
from budget_tui.storage.repositories.base import Repository, read_first, total
from budget_tui.storage.tables import CostOriginRow, CostRow, RecurringChargeRow, RecurringFeeRow

_f, _r, _c, _o = RecurringFeeRow.c, RecurringChargeRow.c, CostRow.c, CostOriginRow.c


class RecurringRepository(Repository):
    def add(self, org: int, fee: RecurringFee, actor: str, now: datetime) -> int:
        """Store a fee; return its key, which is a new one if the fee has 0."""
        return self._add(
            insert(RecurringFeeRow).values(
                **({"fee_key": fee.fee_key} if fee.fee_key else {}),
                org_key=org,
                entity_key=fee.entity_key,
                name=fee.name,
                amount_nanos=fee.amount,
                provider=fee.provider,
                category=fee.category,
                every=fee.every,
                on_day=fee.on_day,
                starts_on=fee.starts_on,
                ended_on=fee.ended_on,
                booked_through=fee.booked_through,
                created_by=actor,
                created_at=now,
            )
        )

    def end(self, fee_key: int, ended_on: date | None) -> None:
        """Let a fee be due no longer than through ``ended_on``; None: for good."""
        self._change(update(RecurringFeeRow).where(_f.fee_key == fee_key).values(ended_on=ended_on))

    def set_booked_through(self, fee_key: int, day: date) -> None:
        self._change(update(RecurringFeeRow).where(_f.fee_key == fee_key).values(booked_through=day))

    def remove(self, fee_key: int) -> None:
        """Remove a fee and all its charges, with the costs that they were booked as."""
        for charge in self._rows(select(RecurringChargeRow.table).where(_r.fee_key == fee_key)):
            self.remove_charge(_charge(charge))
        self._change(delete(RecurringFeeRow).where(_f.fee_key == fee_key))

    # Charges

    def charges(self, org: int, since: date) -> list[Charge]:
        """Return the charges from ``since`` on, by day."""
        rows = self._rows(
            select(RecurringChargeRow.table)
            .join_from(RecurringFeeRow, RecurringChargeRow, _r.fee_key == _f.fee_key)
            .where(_f.org_key == org, _r.day >= since)
            .order_by(_r.day, _r.fee_key)
        )
        return [_charge(row) for row in rows]

    def put(self, charge: Charge) -> None:
        """Store a charge that is not stored."""
        bill = charge.bill
        self._change(
            insert(RecurringChargeRow).values(
                fee_key=charge.fee_key,
                day=charge.day,
                amount_nanos=charge.amount,
                cost_key=charge.cost_key,
                billed_origin=bill.origin_key if bill else None,
                billed_day=bill.day if bill else None,
                billed_nanos=bill.amount if bill else None,
            )
        )

    def remove_charge(self, charge: Charge) -> None:
        """Remove a charge, with the cost that it was booked as."""
        self._change(delete(RecurringChargeRow).where(_r.fee_key == charge.fee_key, _r.day == charge.day))
        if charge.cost_key is not None:
            self._change(delete(CostRow).where(_c.cost_key == charge.cost_key))

    def imported(self, entity_keys: Collection[int], currency: str, days: Collection[date]) -> list[ImportedCost]:
        """Return what was imported for certain entities on ``days``, by origin and day."""
        kinds = (_o.origin_key, _o.entity_key, _o.provider, _o.service, _c.day)
        rows = self._rows(
            select(*kinds, total(_c.amount_nanos).label("amount"))
            .join_from(CostOriginRow, CostRow, _c.origin_key == read_first(_o.origin_key))
            .where(_o.entity_key.in_(entity_keys), _o.currency == currency)
            .where(_c.day.in_(days), _c.dataset_key.is_not(None))
            .group_by(*kinds)
        )
        return [ImportedCost(**row._mapping) for row in rows]


def _charge(row: Row[Any]) -> Charge:
    bill = None if row.billed_origin is None else Bill(row.billed_origin, row.billed_day, row.billed_nanos)
    return Charge(row.fee_key, row.day, row.amount_nanos, row.cost_key, bill)
