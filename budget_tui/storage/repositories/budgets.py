"""Budgets, planned or in the cycle; allocations between them, and transfers."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache, lru_cache
from sys import intern
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    Update,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import and_ as all_of
from sqlalchemy import not_ as no

from budget_tui.domain.budget import Budget, BudgetType
from budget_tui.domain.carry import NO_CARRY, Carry, CarryPolicy, Opening
from budget_tui.domain.cost import Category
from budget_tui.domain.hierarchy import ROOT_ID
from budget_tui.domain.period import Period, PeriodKind
from budget_tui.domain.plan import Allocation, BudgetPlan, PlanFilter, PlannedBudget
from budget_tui.domain.records import Successor
from budget_tui.storage.engine import Insert, is_one_of
from budget_tui.storage.ids import new_id, ordered_id
from budget_tui.storage.repositories.base import Repository
from budget_tui.storage.tables import AllocationRow, BudgetRow, EntityRow, OrganizationRow, TransferRow

_b, _a, _e = BudgetRow.c, AllocationRow.c, EntityRow.c
_parents = BudgetRow.table.alias("parent")
_FISCAL_START = OrganizationRow.c.fiscal_start_month.label("fiscal_start")


def _is_planned(budget: Any) -> ColumnElement[bool]:
    """Return the condition that a budget is more than an empty one that the cycle opened by itself."""
    return all_of(budget.is_active, no(all_of(budget.in_cycle, budget.amount == 0)))


_BUDGET = (
    select(
        _b.budget_id, _b.entity_key, _b.category, _b.budget_type, _b.currency, _b.provider, _b.period_kind,
        _b.period_start, _b.period_end, _b.amount, _a.parent_budget_id, _b.carry, _b.carry_cap, _b.carried,
        _FISCAL_START,
    )
    .join_from(BudgetRow, OrganizationRow, OrganizationRow.c.org_key == _b.org_key)
    .outerjoin(AllocationRow, _a.child_budget_id == _b.budget_id)
)  # fmt: skip
_PLANNED = (
    select(
        _b.budget_id, _b.entity_key, _e.entity_id, _e.name, _e.path, _e.level_code, _b.category, _b.budget_type,
        _b.amount, _b.currency, _b.period_kind, _b.period_start, _b.period_end, _b.provider, _b.notes, _b.is_active,
        _b.in_cycle, case((_is_planned(_parents.c), _a.parent_budget_id)).label("parent_id"), _b.created_by,
        _b.created_at, _b.updated_by, _b.updated_at, _FISCAL_START,
    )
    .join_from(BudgetRow, EntityRow, _e.entity_key == _b.entity_key)
    .join(OrganizationRow, OrganizationRow.c.org_key == _b.org_key)
    .outerjoin(AllocationRow, _a.child_budget_id == _b.budget_id)
    .outerjoin(_parents, _parents.c.budget_id == _a.parent_budget_id)
)  # fmt: skip
_ORDER = (
    _e.path, _b.period_start, _b.period_end.desc(), _b.category, _b.budget_type, _b.provider, _b.budget_id
)  # fmt: skip

_CHILD = _BUDGET.where(_a.parent_budget_id == bindparam("parent"), _b.is_active, _b.entity_key == bindparam("entity"))
_NEW, _NEW_TRANSFER = insert(BudgetRow), insert(TransferRow)
_CHANGED = update(BudgetRow).where(_b.budget_id == bindparam("of"))
_REBASED = _CHANGED.values(base=_b.base - _b.amount + bindparam("new"))  # the difference first: a sum might not fit
_REALLOCATED = (
    update(AllocationRow)
    .where(_a.child_budget_id == bindparam("of"), _a.amount != bindparam("new"))
    .values(amount=bindparam("new"))
)


class BudgetRepository(Repository):
    # Reading

    def first_global(self, org: int) -> Budget | None:
        """Return the earliest global budget."""
        row = self._row(_BUDGET.where(*_is_global(org)).order_by(_b.period_start).limit(1))
        return _budget(row) if row else None

    def child(self, parent_id: str, entity_key: int) -> Budget | None:
        """Return the active budget of an entity that was allocated from the budget ``parent_id``."""
        row = self._row(_CHILD, parent=parent_id, entity=entity_key)
        return _budget(row) if row else None

    def is_to_open(self, org: int, day: date) -> bool:
        """Return whether the period of ``day`` has yet to be opened, and will have any budgets."""
        return self._value(_to_open(), org=org, day=day) is not None

    def carries_over(self, org: int, period_start: date) -> bool:
        """Return whether any budget of the cycle has a carry-over policy in the period that started then."""
        return (
            self._row(
                select(_b.budget_id)
                .where(_b.org_key == org, _b.period_start == period_start, _b.in_cycle, _b.is_active)
                .where(_b.carry != CarryPolicy.NONE)
                .limit(1)
            )
            is not None
        )

    def carry_of(self, budget_id: str) -> Carry:
        """Return how a budget is carried over."""
        row = self._row(select(_b.carry, _b.carry_cap, _b.carried).where(_b.budget_id == budget_id))
        return _carry(row) if row else NO_CARRY

    def planned(
        self,
        org: int,
        wanted: PlanFilter | None = None,
        today: date | None = None,
        entity_keys: Collection[int] | None = None,
    ) -> list[PlannedBudget]:
        """Return the budgets of an organization that match ``wanted``, entity by entity.

        Without ``wanted`` these are all active ones; its status and search are not applied. ``entity_keys`` limits them
        to some entities. Empty budgets that the cycle opened by itself are left out.
        """
        statement = _PLANNED.where(_b.org_key == org, no(all_of(_b.in_cycle, _b.amount == 0)))
        if entity_keys is not None:
            statement = statement.where(is_one_of(self._connection, _b.entity_key, entity_keys))
        return self._planned(statement.where(*_where(wanted, today)).order_by(*_ORDER))

    def beside_snapshot(self, org: int, since: date, today: date) -> list[PlannedBudget]:
        """Return the budgets that ran on any day from ``since`` to ``today`` and are in no snapshot of today.

        The snapshot has the cycle's totals of the running period, of the organization and its projects.
        """
        in_snapshot = all_of(
            _b.in_cycle,
            _b.period_end >= today,
            _b.budget_type == BudgetType.MONETARY,
            _b.category == Category.TOTAL,
            _b.provider == "",
            (_e.entity_id == ROOT_ID) | (_e.level_code == "project"),
        )
        return self._planned(
            _PLANNED.where(_b.org_key == org, _is_planned(_b), no(in_snapshot))
            .where(_b.period_start <= today, _b.period_end >= since)
            .order_by(*_ORDER)
        )

    def called(self, org: int, budget_id: str) -> list[PlannedBudget]:
        """Return the budget with that id, else those whose ids begin with it."""
        of_org = _PLANNED.where(_b.org_key == org)
        return self._planned(of_org.where(_b.budget_id == budget_id)) or self._planned(
            of_org.where(func.substr(_b.budget_id, 1, len(budget_id)) == budget_id).order_by(*_ORDER)
        )

    def same(
        self, org: int, entity_key: int, category: str, budget_type: str, provider: str, period: Period
    ) -> PlannedBudget | None:
        """Return the active budget of exactly this scope and period, in the cycle or not."""
        found = self._planned(
            _PLANNED.where(
                _b.org_key == org,
                _b.entity_key == entity_key,
                _b.category == category,
                _b.budget_type == budget_type,
                _b.provider == provider,
                _b.period_start == period.start,
                _b.period_end == period.end,
                _b.is_active,
            )
        )
        return found[0] if found else None

    def allocated_from(self, budget_id: str) -> str | None:
        """Return the id of the budget that another was allocated from, deleted or not."""
        found = self._value(select(_a.parent_budget_id).where(_a.child_budget_id == budget_id))
        return None if found is None else str(found)

    def children_of(self, budget_id: str) -> list[PlannedBudget]:
        """Return the active budgets that were allocated from a budget."""
        return self._planned(_PLANNED.where(_a.parent_budget_id == budget_id, _b.is_active).order_by(*_ORDER))

    def allocations(self, org: int) -> list[Allocation]:
        """Return the records of allocations between budgets that are not deleted."""
        rows = self._rows(
            select(
                _a.allocation_id,
                _a.parent_budget_id,
                _a.child_budget_id,
                _a.amount,
                _parents.c.amount.label("parent_amount"),
            )
            .join_from(AllocationRow, BudgetRow, _b.budget_id == _a.child_budget_id)
            .join(_parents, _parents.c.budget_id == _a.parent_budget_id)
            .where(_b.org_key == org, _is_planned(_b), _is_planned(_parents.c))
            .order_by(_a.created_at, _a.allocation_id)
        )
        return [
            Allocation(row.allocation_id, row.parent_budget_id, row.child_budget_id, row.amount, row.parent_amount)
            for row in rows
        ]

    def _planned(self, statement: Select[Any]) -> list[PlannedBudget]:
        return list(self._many(statement, _planned))

    # Writing

    def add(self, org: int, entity_key: int, plan: BudgetPlan, actor: str, now: datetime) -> str:
        """Add a planned budget; return its id."""
        return self._add_budget(
            org_key=org,
            entity_key=entity_key,
            category=plan.category,
            budget_type=plan.budget_type,
            currency=plan.currency,
            provider=plan.provider,
            period_kind=plan.period_kind,
            period_start=plan.period.start,
            period_end=plan.period.end,
            amount=plan.amount,
            base=plan.amount,
            notes=plan.notes,
            created_by=actor,
            created_at=now,
        )

    def add_total(
        self,
        org: int,
        entity_key: int,
        currency: str,
        kind: PeriodKind,
        period: Period,
        amount: int,
        parent: Budget | None,
        actor: str,
        now: datetime,
    ) -> Budget:
        """Add a monetary budget of the cycle over all categories, allocated from ``parent`` where there is one."""
        budget_id = self._add_budget(
            org_key=org,
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
        parent_id = parent.budget_id if parent else None
        if parent_id is not None:
            self.allocate(parent_id, budget_id, amount, now)
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
            parent_id,
        )

    def add_tokens(
        self, org: int, entity_key: int, kind: PeriodKind, period: Period, actor: str, now: datetime
    ) -> None:
        """Add an agent's budget of 0 tokens for the period, or restore the one that it had before it was archived."""
        former = self._value(
            select(_b.budget_id)
            .where(
                _b.org_key == org,
                _b.entity_key == entity_key,
                _b.category == Category.GENAI,
                _b.budget_type == BudgetType.TOKEN,
                _b.provider == "",
                _b.period_start == period.start,
                _b.period_end == period.end,
                _b.in_cycle,
            )
            .order_by(_b.updated_at.desc())
            .limit(1)
        )
        if former is not None:
            self.activate(former, actor, now)
            return
        self._add_budget(
            org_key=org,
            entity_key=entity_key,
            category=Category.GENAI,
            budget_type=BudgetType.TOKEN,
            currency="",
            period_kind=kind,
            period_start=period.start,
            period_end=period.end,
            amount=0,
            in_cycle=True,
            created_by=actor,
            created_at=now,
        )

    def _add_budget(self, **values: Any) -> str:
        budget_id = new_id()
        self._change(_NEW, {"budget_id": budget_id, **values})
        return budget_id

    def allocate(self, parent_id: str, child_id: str, amount: int, now: datetime) -> str:
        """Record that the child was allocated ``amount`` of the parent; return the record's id."""
        allocation_id = self._value(
            _allocated(self._insert(AllocationRow)),
            allocation_id=ordered_id(),
            parent_budget_id=parent_id,
            child_budget_id=child_id,
            amount=amount,
            created_at=now,
        )
        return str(allocation_id)

    def withdraw(self, child_id: str) -> None:
        """Delete the record that a budget was allocated from another one."""
        self._change(delete(AllocationRow).where(_a.child_budget_id == child_id))

    def change(self, budget_id: str, plan: BudgetPlan, actor: str, now: datetime) -> None:
        """Change a budget to ``plan``, and its allocation from its parent to the new amount."""
        self._update(
            budget_id,
            actor,
            now,
            _REBASED,
            new=plan.amount,
            amount=plan.amount,
            provider=plan.provider,
            period_kind=plan.period_kind,
            period_start=plan.period.start,
            period_end=plan.period.end,
            notes=plan.notes,
        )
        self._set_allocated(budget_id, plan.amount, now)

    def set_amount(self, budget: Budget, amount: int, actor: str, now: datetime) -> Budget:
        """Change a budget's amount and, with it, its allocation from its parent."""
        self._update(budget.budget_id, actor, now, _REBASED, amount=amount, new=amount)
        self._set_allocated(budget.budget_id, amount, now)
        return replace(budget, amount=amount)

    def set_tokens(self, budget_id: str, tokens: int, actor: str, now: datetime) -> None:
        """Allocate ``tokens`` to an agent, from now on in every period."""
        base = case((_b.in_cycle, _b.base - _b.amount), else_=0) + tokens
        self._update(budget_id, actor, now, _CHANGED.values(base=base), amount=tokens, in_cycle=True)

    def settle(self, budget_id: str, opening: Opening, actor: str, now: datetime) -> None:
        """Change what was carried into a budget, and with it its amount."""
        self._update(budget_id, actor, now, carried=opening.carried, amount=opening.amount)
        self._set_allocated(budget_id, opening.amount, now)

    def set_carry(self, budget_id: str, policy: CarryPolicy, cap: int | None, actor: str, now: datetime) -> None:
        """Set what is carried over when the budget's period closes."""
        self._update(budget_id, actor, now, carry=policy, carry_cap=cap)

    def deactivate(self, budget_id: str, actor: str, now: datetime) -> None:
        """Deactivate a budget; it stays on record, and so do its allocations."""
        self._update(budget_id, actor, now, is_active=False)

    def activate(self, budget_id: str, actor: str, now: datetime) -> None:
        """Restore a budget that was deactivated, as it was."""
        self._update(budget_id, actor, now, is_active=True)

    def add_to_cycle(self, budget_id: str, actor: str, now: datetime) -> None:
        """Let a budget recur from now on."""
        self._update(budget_id, actor, now, _CHANGED.values(base=_b.amount), in_cycle=True)

    def _update(self, budget_id: str, actor: str, now: datetime, how: Update = _CHANGED, **values: Any) -> None:
        self._change(how, {"of": budget_id, "updated_by": actor, "updated_at": now, **values})

    def _set_allocated(self, child_id: str, amount: int, now: datetime) -> None:
        self._change(_REALLOCATED, {"of": child_id, "new": amount, "updated_at": now})

    # The cycle

    def end_early(self, org: int, period: Period, last_day: date, actor: str, now: datetime) -> None:
        """Let the budgets of ``period`` end on ``last_day``."""
        self._change(
            update(BudgetRow)
            .where(_b.org_key == org, _b.period_start == period.start, _b.in_cycle)
            .values(period_end=last_day, updated_by=actor, updated_at=now)
        )

    def open_period(
        self,
        org: int,
        period: Period,
        kind: PeriodKind,
        successors: Sequence[Successor],
        actor: str,
        now: datetime,
    ) -> dict[str, str]:
        """Open ``period``; return each new budget's id by that of its predecessor. No token is used in it yet.

        A budget that was planned beforehand for that scope and period becomes the successor.
        """
        statement = self._insert(BudgetRow)
        new = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=[
                _b.org_key,
                _b.entity_key,
                _b.category,
                _b.budget_type,
                _b.provider,
                _b.period_start,
                _b.period_end,
            ],
            index_where=_b.is_active,
            set_={
                "in_cycle": new.in_cycle,
                "carry": new.carry,
                "carry_cap": new.carry_cap,
                "carried": new.carried,
                "base": new.base,
                "amount": new.amount,
                "updated_by": new.created_by,
                "updated_at": new.created_at,
            },
        )
        self._change(
            statement,
            [
                {
                    "budget_id": new_id(),
                    "org_key": org,
                    "entity_key": ended.entity_key,
                    "category": ended.category,
                    "budget_type": ended.budget_type,
                    "currency": ended.currency,
                    "provider": ended.provider,
                    "period_kind": kind,
                    "period_start": period.start,
                    "period_end": period.end,
                    "amount": opening.amount,
                    "notes": ended.notes,
                    "in_cycle": True,
                    "carry": ended.carry.policy,
                    "carry_cap": ended.carry.cap,
                    "carried": opening.carried,
                    "base": opening.base,
                    "created_by": actor,
                    "created_at": now,
                }
                for ended, opening in successors
            ],
        )
        opened = {
            (row.entity_key, row.category, row.budget_type, row.provider): row
            for row in self._rows(
                select(_b.budget_id, _b.entity_key, _b.category, _b.budget_type, _b.provider, _b.amount).where(
                    _b.org_key == org,
                    _b.period_start == period.start,
                    _b.period_end == period.end,
                    _b.in_cycle,
                    _b.is_active,
                )
            )
        }
        successor_of = {ended.budget_id: opened[ended.cycle_key] for ended, _ in successors}
        ids = {budget_id: row.budget_id for budget_id, row in successor_of.items()}
        self._change(
            _in_its_place(self._insert(AllocationRow)),
            [
                {
                    "allocation_id": ordered_id(),
                    "parent_budget_id": ids.get(ended.parent_id, ended.parent_id),
                    "child_budget_id": ids[ended.budget_id],
                    "amount": successor_of[ended.budget_id].amount,
                    "created_at": now,
                }
                for ended, _ in successors
                if ended.parent_id is not None
            ],
        )
        return ids

    # Transfers

    def add_transfer(
        self,
        org: int,
        giver: Budget | None,
        taker: Budget | None,
        amount: int,
        forced: bool,
        reason: str,
        actor: str,
        now: datetime,
    ) -> str:
        """Record a transfer, in which None is the pool; return its id."""
        transfer_id = new_id()
        self._change(
            _NEW_TRANSFER,
            {
                "transfer_id": transfer_id,
                "org_key": org,
                "from_budget_id": giver.budget_id if giver else None,
                "to_budget_id": taker.budget_id if taker else None,
                "amount": amount,
                "forced": forced,
                "reason": reason,
                "created_by": actor,
                "created_at": now,
            },
        )
        return transfer_id


@cache
def _to_open() -> Select[Any]:
    """Return the query of a budget to open on ``day``."""
    org: BindParameter[int] = bindparam("org")
    day: BindParameter[date] = bindparam("day")
    latest = (
        select(_b.period_start, _b.period_end)
        .where(*_is_global(org), _b.period_start <= day)
        .order_by(_b.period_start.desc())
        .limit(1)
        .subquery("latest")
    )
    table = BudgetRow.table.alias("turning")
    turning, planned = table.c, BudgetRow.table.alias("planned").c
    is_planned = exists().where(
        planned.org_key == turning.org_key,
        planned.entity_key == turning.entity_key,
        planned.category == turning.category,
        planned.budget_type == turning.budget_type,
        planned.provider == turning.provider,
        planned.period_start > latest.c.period_end,
        planned.is_active,
        no(planned.in_cycle),
    )
    return (
        select(turning.budget_id)
        .join_from(latest, table, turning.period_start == latest.c.period_start)
        .where(latest.c.period_end < day, turning.org_key == org, turning.in_cycle, turning.is_active)
        .where((turning.amount != 0) | (turning.carry != CarryPolicy.NONE) | is_planned)
        .limit(1)
    )


def _is_global(org: "int | BindParameter[int]") -> Sequence[ColumnElement[bool]]:
    # Look up the root first: else SQLite would read every budget of the organization.
    root = select(_e.entity_key).where(_e.org_key == org, _e.entity_id == ROOT_ID).scalar_subquery()
    return (
        _b.org_key == org,
        _b.entity_key == root,
        _b.category == Category.TOTAL,
        _b.budget_type == BudgetType.MONETARY,
        _b.provider == "",
        _b.in_cycle,
        _b.is_active,
    )


@cache
def _in_its_place(statement: Insert) -> Any:
    """Return an INSERT of an allocation that replaces the child's previous one."""
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[_a.child_budget_id],
        set_={"parent_budget_id": new.parent_budget_id, "amount": new.amount, "updated_at": new.created_at},
    )


@cache
def _allocated(statement: Insert) -> Any:
    return _in_its_place(statement).returning(_a.allocation_id)


def _where(wanted: PlanFilter | None, today: date | None) -> list[ColumnElement[bool]]:
    if wanted is None:
        return [_b.is_active]
    found = [] if wanted.is_active is None else [_b.is_active if wanted.is_active else no(_b.is_active)]
    if today and wanted.is_running:
        found += [_b.period_start <= today, _b.period_end >= today]
    columns: dict[Any, object] = {
        _b.category: wanted.category,
        _b.budget_type: wanted.budget_type,
        _b.period_kind: wanted.period_kind,
        _b.period_start: wanted.period_start,
        _b.period_end: wanted.period_end,
        _e.entity_id: wanted.entity_id,
        _b.provider: wanted.provider,
        _b.currency: wanted.currency,
    }
    return found + [column == value for column, value in columns.items() if value not in (None, "")]


_CATEGORIES = {str(category): category for category in Category}
_TYPES = {str(budget_type): budget_type for budget_type in BudgetType}
_KINDS = {str(kind): kind for kind in PeriodKind}


@lru_cache(maxsize=4096)
def _period(start: date, end: date, fiscal_start: int) -> Period:
    return Period(start, end, fiscal_start)


def _planned(
    budget_id: str, entity_key: int, entity_id: str, name: str, path: str, level_code: str, category: str,
    budget_type: str, amount: int, currency: str, period_kind: str, start: date, end: date, provider: str, notes: str,
    is_active: bool, in_cycle: bool, parent_id: str | None, created_by: str, created_at: datetime,
    updated_by: str | None, updated_at: datetime | None, fiscal_start: int,
) -> PlannedBudget:  # fmt: skip
    """Return the budget of a row of `_PLANNED`. Each text is in memory once."""
    return PlannedBudget(
        budget_id,
        entity_key,
        intern(entity_id),
        intern(name),
        intern(path),
        intern(level_code),
        _CATEGORIES[category],
        _TYPES[budget_type],
        amount,
        intern(currency),
        _KINDS[period_kind],
        _period(start, end, fiscal_start),
        intern(provider),
        notes,
        is_active,
        in_cycle,
        parent_id,
        intern(created_by),
        created_at,
        updated_by,
        updated_at,
    )


def _budget(row: Row[Any]) -> Budget:
    return Budget(
        row.budget_id,
        row.entity_key,
        Category(row.category),
        BudgetType(row.budget_type),
        row.currency,
        row.provider,
        PeriodKind(row.period_kind),
        Period(row.period_start, row.period_end, row.fiscal_start),
        row.amount,
        row.parent_budget_id,
        _carry(row),
    )


def _carry(row: Row[Any]) -> Carry:
    if row.carry == CarryPolicy.NONE and not row.carried:
        return NO_CARRY  # most of thousands of budgets have none
    return Carry(CarryPolicy(row.carry), row.carry_cap, row.carried)
