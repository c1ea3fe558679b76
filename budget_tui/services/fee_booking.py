"""Recurring fees on their day: booked by whatever writes, and foreseen by what only reads. Loads no SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING

from budget_tui.domain.audit import written
from budget_tui.domain.budget import Organization
from budget_tui.domain.cost import ChargeCategory, CostOrigin
from budget_tui.domain.recurring import (
    DAYS_APART,
    RECURRING_SOURCE,
    RecurringFee,
    Settlement,
    newly_due,
    settlements,
)
from budget_tui.services.closing import beyond_reach
from budget_tui.storage.session import Session
from budget_tui.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from budget_tui.services.work import Work

BOOKED_BY = "budget-tui"
"""The actor of what happens by itself: a user's undo does not reverse it."""
_PATIENCE_SECONDS = 0.25
"""The time that a read waits for whoever is writing: long enough for a change, too short for anybody to notice."""
_FORESEEN = 1 << 40
"""The keys of origins that are never stored come after this one, and those that are before it."""
_COMPARED_WITHIN = timedelta(days=62)
"""So far back charges are compared with their bills when no imported cost has changed: those due now may be near."""


def settle_fees(work: Work, through: date) -> None:
    """Book the fees that were due through a day, and let the bills that are there by now stand in their place.

    It depends on nothing but what is stored: repeated, it changes nothing, and a bill that goes brings the fee back.
    """
    of_command = work.consequences()
    for fee, before, charge in _settle(work.unit, work.organization, through, compare_all=work.touches_costs):
        billed_before, billed = (
            {"billed": written(bill.amount)} if bill else {} for bill in (before and before.bill, charge.bill)
        )
        facts: dict[str, object] = {"amount": written(charge.amount), "on": charge.day.isoformat()}
        difference = {"difference": written(charge.bill.amount - charge.amount)} if charge.bill else {}
        facts |= billed | difference
        subject = f"{fee.entity_id}: {fee.name}"
        of_act = of_command if before is not None else work.added("recurring.add", fee.name)
        if of_act is not None:
            name = "fees_billed" if charge.bill else "fees_booked"
            of_act.setdefault(name, []).append({"fee": subject, **facts})
            continue
        action = "recurring.bill" if charge.bill else "recurring.book"
        work.record_separately(action, subject, billed_before, facts, BOOKED_BY)


def is_fee_due(session: Session, org: int, today: date) -> bool:
    """Return whether a fee is due that nobody has booked yet, or dropped because its entity is archived."""
    latest = session.fast.global_budget(org, today)
    is_reached = latest is not None and not beyond_reach(latest.period, today)
    return is_reached and any(fee.due(today) for fee in session.fast.recurring_fees(org))


@contextmanager
def reading_with_fees_booked(unit: UnitOfWork, organization: Organization, today: date) -> Iterator[Session]:
    """Begin a read in which the fees that are due by ``today`` are booked. Nothing of it is ever stored.

    `StorageError` while somebody writes at length, who will book them.
    """
    unit.patience = _PATIENCE_SECONDS
    with unit, with_fees_booked(unit, organization, today):
        yield unit


@contextmanager
def with_fees_booked(unit: UnitOfWork, organization: Organization, today: date) -> Iterator[None]:
    """Read in an open transaction as if the fees that are due by ``today`` were booked; they are not when it ends."""
    unit.connection.change("SAVEPOINT fees")
    try:
        for _ in _settle(unit, organization, today, compare_all=False, is_foreseen=True):
            pass
        yield
    finally:
        unit.connection.change("ROLLBACK TO SAVEPOINT fees")
        unit.connection.change("RELEASE SAVEPOINT fees")


def _settle(
    unit: UnitOfWork, organization: Organization, through: date, *, compare_all: bool, is_foreseen: bool = False
) -> Iterator[Settlement]:
    """Store what became of each fee that was due, and yield it."""
    org = organization.org_key
    if not unit.fast.has_recurring_fees(org):
        return
    fees = {fee.fee_key: fee for fee in unit.fast.recurring_fees(org)}
    due = newly_due(fees.values(), through)
    for fee in fees.values():
        if days := fee.due(through):
            unit.fees.set_booked_through(fee.fee_key, days[-1])
    since = min((charge.day for charge in due), default=through) - _COMPARED_WITHIN
    known = unit.fast.recurring_charges(org, date.min if compare_all else since)
    charges = [*known, *due]
    if not charges:
        return
    days_near = {charge.day + timedelta(days=apart) for charge in charges for apart in DAYS_APART}
    entities = {fees[charge.fee_key].entity_key for charge in charges}
    costs = unit.fast.costs_imported(entities, organization.currency, days_near)
    for settlement in settlements(known, due, fees, costs, organization.period_rule):
        fee, before, charge = settlement
        if before is not None:
            unit.fees.remove(before)
        cost_key = None
        if not charge.bill:
            # Each read foresees a fee with the same key, by which the next one finds it again.
            key = _FORESEEN + fee.fee_key if is_foreseen else None
            cost_key = unit.fees.book(org, _origin(fee, organization), fee.entity_key, charge, key)
        unit.fees.put(charge._replace(cost_key=cost_key))
        yield settlement


def _origin(fee: RecurringFee, organization: Organization) -> CostOrigin:
    return CostOrigin(
        source=RECURRING_SOURCE,
        live=True,
        currency=organization.currency,
        provider_name=fee.provider,
        service=fee.name,
        entity_hint=fee.entity_id,
        category_hint=fee.category,
        charge_category=ChargeCategory.ONE_OFF,
    )
