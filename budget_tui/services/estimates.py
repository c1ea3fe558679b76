"""Estimates inside a transaction: the bill for them counts in their place while it is there. And queries on them."""

from collections.abc import Iterator
from datetime import timedelta

from budget_tui.domain.audit import written
from budget_tui.domain.estimates import ReplacedEstimate, bills_of, to_change
from budget_tui.domain.period import Period
from budget_tui.services.fee_booking import BOOKED_BY
from budget_tui.services.work import Work
from budget_tui.storage.session import Session

_BILLED_WITHIN = timedelta(days=62)
"""So long after an estimate a bill for it is looked for: exports of a month are refreshed in the next."""


def settle_estimates(work: Work) -> None:
    """Let the bills that are there by now count in the place of estimates, and estimates whose bill is gone count
    again.

    It depends on nothing but what is stored: repeated, it changes nothing.
    """
    org, estimates = work.organization.org_key, work.unit.estimates
    if not work.unit.fast.has_estimates(org):
        return
    spenders = {each.origin_key: each for each in estimates.spenders(org)}
    days = estimates.days([key for key, each in spenders.items() if each.provider], work.today - _BILLED_WITHIN)
    if not days:
        return
    bills = bills_of(spenders.values(), estimates.billing(org))
    keys = {key for of_estimate in bills.values() for key in of_estimate}
    billed = estimates.billed(keys, Period(days[0].day, days[-1].day)) if keys else {}
    for each, is_billed in to_change(days, bills, billed):
        if not is_billed:
            amount = estimates.bring_back(each.origin_key, each.day)
        else:
            amount = estimates.replace(each.origin_key, each.day, work.now)
        spender = spenders[each.origin_key]
        work.record_separately(
            "estimate.bill" if is_billed else "estimate.count",
            f"{(spender.path or '').strip('/').rpartition('/')[2]}: {spender.provider}",
            {},
            {"amount": written(amount), "on": each.day.isoformat()},
            BOOKED_BY,
        )


def replaced_estimates(session: Session, org: int, days: Period) -> Iterator[ReplacedEstimate]:
    """Yield the estimates on ``days`` that do not count, each with what was billed instead."""
    if not session.fast.has_estimates(org):
        return
    estimates = session.estimates
    replaced = estimates.replaced(org, days)
    if not replaced:
        return
    bills = {each.origin_key: each for each in estimates.billing(org)}
    of_estimates = bills_of(estimates.spenders(org), bills.values())
    currencies = session.usage.origins(org)
    keys = {key for of_estimate in of_estimates.values() for key in of_estimate}
    billed = estimates.billed(keys, days)
    for row in replaced:
        amounts = {
            (key, currencies[key].currency): billed[key][row.day]
            for key in of_estimates.get(row.origin_key, ())
            if row.day in billed.get(key, {})
        }
        yield ReplacedEstimate(row.entity_key, row.provider, row.category, row.day, row.currency, row.amount, amounts)
