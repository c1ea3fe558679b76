"""Booking of recurring fees inside a transaction: on their day, unless the bill for them is there."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from budget_tui.domain.audit import written
from budget_tui.domain.cost import ChargeCategory, CostOrigin
from budget_tui.domain.records import DayCost, Resolution
from budget_tui.domain.recurring import DAYS_APART, RECURRING_SOURCE, Bill, Charge, RecurringFee, bills_for
from budget_tui.services.work import Work

BOOKED_BY = "budget-tui"
"""The actor of what happens by itself: a user's undo does not reverse it."""
_COMPARED_WITHIN = timedelta(days=62)
"""So far back charges are compared with their bills when no imported cost has changed: those due now may be near."""


def settle_fees(work: Work, through: date) -> None:
    """Book the fees that were due through a day, and let the bills that are there by now stand in their place.

    It depends on nothing but what is stored: repeated, it changes nothing, and a bill that goes brings the fee back.
    """
    org = work.organization.org_key
    if not work.unit.fast.has_recurring_fees(org):
        return
    fees = {fee.fee_key: fee for fee in work.unit.fast.recurring_fees(org)}
    known = work.unit.recurring.charges(org, date.min if work.touches_costs else through - _COMPARED_WITHIN)
    charges = [*known, *_newly_due(work, fees.values(), through)]
    if not charges:
        return
    days = {charge.day + timedelta(days=apart) for charge in charges for apart in DAYS_APART}
    entities = {fees[charge.fee_key].entity_key for charge in charges}
    costs = work.unit.recurring.imported(entities, work.organization.currency, days)
    bills = bills_for(charges, fees, costs, work.organization.period_rule)
    for charge in charges:
        bill, fee = bills.get((charge.fee_key, charge.day)), fees[charge.fee_key]
        is_new = charge.cost_key is None and charge.bill is None
        if (is_new or bill != charge.bill) and not fee.is_archived:
            _settle(work, fee, charge, bill, is_new=is_new)


def _newly_due(work: Work, fees: Iterable[RecurringFee], through: date) -> Iterator[Charge]:
    for fee in fees:
        due = fee.due(through)
        if due:
            work.unit.recurring.set_booked_through(fee.fee_key, due[-1])
        if not fee.is_archived:
            yield from (Charge(fee.fee_key, day, fee.amount, None, None) for day in due)


def _settle(work: Work, fee: RecurringFee, charge: Charge, bill: Bill | None, *, is_new: bool) -> None:
    """Book a charge as a cost, or let its bill stand in its place."""
    if not is_new:
        work.unit.recurring.remove_charge(charge)
    cost_key = None if bill is not None else _book(work, fee, charge)
    work.unit.recurring.put(charge._replace(cost_key=cost_key, bill=bill))
    before, after = ({"billed": written(each.amount)} if each else {} for each in (charge.bill, bill))
    facts: dict[str, object] = {"amount": written(charge.amount), "on": charge.day.isoformat()}
    difference = {"difference": written(bill.amount - charge.amount)} if bill else {}
    work.record_separately(
        "recurring.bill" if bill else "recurring.book",
        f"{fee.entity_id}: {fee.name}",
        before,
        {**facts, **after, **difference},
        BOOKED_BY,
    )


def _book(work: Work, fee: RecurringFee, charge: Charge) -> int:
    """Store a charge as a cost; return its key."""
    origin = CostOrigin(
        source=RECURRING_SOURCE,
        live=True,
        currency=work.organization.currency,
        provider_name=fee.provider,
        service=fee.name,
        entity_hint=fee.entity_id,
        category_hint=fee.category,
        charge_category=ChargeCategory.ONE_OFF,
    )
    org, costs = work.organization.org_key, work.unit.costs
    keys = {known.origin: known.origin_key for known in costs.origins(org) if known.origin == origin}
    if not keys:
        keys = costs.add_origins(org, {origin: Resolution(fee.entity_key, fee.provider, fee.category)})
    [stored] = costs.add([DayCost(origin, charge.day, charge.amount, None, 1)], keys)
    return stored.key
