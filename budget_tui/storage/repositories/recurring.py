"""Recurring fees. Their charges are written by `budget_tui.storage.fast_paths.FeeBook`."""

from datetime import date, datetime

from sqlalchemy import delete, select, update

from budget_tui.domain.recurring import RecurringFee
from budget_tui.storage.engine import is_one_of
from budget_tui.storage.repositories.base import Repository
from budget_tui.storage.tables import CostRow, RecurringChargeRow, RecurringFeeRow

_f, _r, _c = RecurringFeeRow.c, RecurringChargeRow.c, CostRow.c


class RecurringRepository(Repository):
    def add(self, org: int, fee: RecurringFee, actor: str, now: datetime) -> int:
        """Store a fee; return its key, which is a new one if the fee has 0."""
        return self._add(
            RecurringFeeRow,
            {
                **({"fee_key": fee.fee_key} if fee.fee_key else {}),
                "org_key": org,
                "entity_key": fee.entity_key,
                "name": fee.name,
                "amount_nanos": fee.amount,
                "provider": fee.provider,
                "category": fee.category,
                "every": fee.every,
                "on_day": fee.on_day,
                "starts_on": fee.starts_on,
                "ended_on": fee.ended_on,
                "booked_through": fee.booked_through,
                "created_by": actor,
                "created_at": now,
            },
        )

    def end(self, fee_key: int, ended_on: date | None) -> None:
        """Let a fee be due no longer than through ``ended_on``; None: for good."""
        self._change(update(RecurringFeeRow).where(_f.fee_key == fee_key).values(ended_on=ended_on))

    def remove(self, fee_key: int) -> None:
        """Remove a fee and all its charges, with the costs that they were booked as."""
        of_fee = select(_r.cost_key).where(_r.fee_key == fee_key, _r.cost_key.is_not(None))
        costs = [row.cost_key for row in self._rows(of_fee)]
        self._change(delete(RecurringChargeRow).where(_r.fee_key == fee_key))
        self._change(delete(CostRow).where(is_one_of(self._connection, _c.cost_key, costs)))
        self._change(delete(RecurringFeeRow).where(_f.fee_key == fee_key))
