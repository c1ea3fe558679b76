"""Budgets, allocations and transfers."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, insert, update

from budget_tui.domain.budget import Budget, BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.storage.ids import new_id
from budget_tui.storage.tables import AllocationRow, BudgetRow, TransferRow


class BudgetRepository:
    """``actor`` is who changes them, ``now`` when."""

    def __init__(self, connection: Connection) -> None:
        self._sql = connection

    def add_total(
        self,
        org_key: int,
        entity_key: int,
        currency: str,
        kind: PeriodKind,
        period: Period,
        amount: int,
        parent: Budget | None,
        actor: str,
        now: datetime,
    ) -> Budget:
        """A new monetary budget over all categories, allocated from ``parent`` where there is one."""
        budget_id = new_id()
        self._sql.execute(
            insert(BudgetRow).values(
                budget_id=budget_id,
                org_key=org_key,
                entity_key=entity_key,
                category=Category.TOTAL,
                budget_type=BudgetType.MONETARY,
                currency=currency,
                period_kind=kind,
                period_start=period.start,
                period_end=period.end,
                amount=amount,
                base=amount,
                in_cycle=True,
                created_by=actor,
                created_at=now,
            )
        )
        if parent is not None:
            self._sql.execute(
                insert(AllocationRow).values(
                    allocation_id=new_id(),
                    parent_budget_id=parent.budget_id,
                    child_budget_id=budget_id,
                    amount=amount,
                    created_at=now,
                )
            )
        return Budget(
            budget_id,
            entity_key,
            Category.TOTAL,
            BudgetType.MONETARY,
            currency,
            "",
            kind,
            period,
            amount,
            parent.budget_id if parent else None,
        )

    def set_amount(self, budget: Budget, amount: int, actor: str, now: datetime) -> Budget:
        """Change a budget and, with it, what its parent allocated to it."""
        c = BudgetRow.c
        self._sql.execute(
            update(BudgetRow)
            .where(c.budget_id == budget.budget_id)
            .values(base=c.base + amount - c.amount, amount=amount, updated_by=actor, updated_at=now)
        )
        self._sql.execute(
            update(AllocationRow)
            .where(AllocationRow.c.child_budget_id == budget.budget_id)
            .values(amount=amount, updated_at=now)
        )
        return replace(budget, amount=amount)

    def deactivate(self, budget: Budget, actor: str, now: datetime) -> None:
        self._set_active(budget.budget_id, False, actor, now)

    def activate(self, budget_id: str, actor: str, now: datetime) -> None:
        """Bring back a budget that was deactivated, as it was."""
        self._set_active(budget_id, True, actor, now)

    def _set_active(self, budget_id: str, is_active: bool, actor: str, now: datetime) -> None:
        self._sql.execute(
            update(BudgetRow)
            .where(BudgetRow.c.budget_id == budget_id)
            .values(is_active=is_active, updated_by=actor, updated_at=now)
        )

    def add_transfer(
        self,
        org_key: int,
        giver: Budget | None,
        taker: Budget | None,
        amount: int,
        forced: bool,
        reason: str,
        actor: str,
        now: datetime,
    ) -> str:
        """Record a transfer; None is the pool. Returns its id."""
        transfer_id = new_id()
        self._sql.execute(
            insert(TransferRow).values(
                transfer_id=transfer_id,
                org_key=org_key,
                from_budget_id=giver.budget_id if giver else None,
                to_budget_id=taker.budget_id if taker else None,
                amount=amount,
                forced=forced,
                reason=reason,
                created_by=actor,
                created_at=now,
            )
        )
        return transfer_id
