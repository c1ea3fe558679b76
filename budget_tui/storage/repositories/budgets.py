"""Budgets, allocations and transfers."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, select

from budget_tui.domain.budget import Budget, BudgetType
from budget_tui.domain.cost import Category
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.storage.identity import new_id
from budget_tui.storage.tables import AllocationRow, BudgetRow, TransferRow


class BudgetRepository:
    """``actor`` is who changes them, ``now`` when."""

    def __init__(self, session: Session) -> None:
        self._session = session

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
        row = BudgetRow(
            budget_id=new_id(),
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
        self._session.add(row)
        self._session.flush()
        if parent is not None:
            self._session.add(
                AllocationRow(
                    allocation_id=new_id(),
                    parent_budget_id=parent.budget_id,
                    child_budget_id=row.budget_id,
                    amount=amount,
                    created_at=now,
                )
            )
            self._session.flush()
        return Budget(
            row.budget_id,
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
        row = self._session.get_one(BudgetRow, budget.budget_id)
        row.base += amount - row.amount
        row.amount, row.updated_by, row.updated_at = amount, actor, now
        allocation = self._session.exec(
            select(AllocationRow).where(AllocationRow.child_budget_id == budget.budget_id)
        ).one_or_none()
        if allocation is not None:
            allocation.amount, allocation.updated_at = amount, now
        self._session.flush()
        return replace(budget, amount=amount)

    def deactivate(self, budget: Budget, actor: str, now: datetime) -> None:
        row = self._session.get_one(BudgetRow, budget.budget_id)
        row.is_active, row.updated_by, row.updated_at = False, actor, now
        self._session.flush()

    def activate(self, budget_id: str, actor: str, now: datetime) -> None:
        """Bring back a budget that was deactivated, as it was."""
        row = self._session.get_one(BudgetRow, budget_id)
        row.is_active, row.updated_by, row.updated_at = True, actor, now
        self._session.flush()

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
        row = TransferRow(
            transfer_id=new_id(),
            org_key=org_key,
            from_budget_id=giver.budget_id if giver else None,
            to_budget_id=taker.budget_id if taker else None,
            amount=amount,
            forced=forced,
            reason=reason,
            created_by=actor,
            created_at=now,
        )
        self._session.add(row)
        self._session.flush()
        return row.transfer_id
