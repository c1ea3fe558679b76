"""Recurring fees in words, and the columns of their tables."""

from collections.abc import Sequence

from budget_tui.domain.recurring import Charge, FeeReport, RecurringFee
from budget_tui.presentation.columns import Column
from budget_tui.presentation.formatting import long_day, money, number, short_day

FEE_COLUMNS: Sequence[Column[FeeReport]] = (
    Column("name", "Name", lambda report: report.fee.name, shrinks_to=10),
    Column("of", "Of", lambda report: report.fee.entity_id, shrinks_to=8),
    Column("amount", "Amount", lambda report: number(report.fee.amount, report.currency), "right"),
    Column("every", "Every", lambda report: report.fee.every),
    Column(
        "latest", "Latest", lambda report: latest_words(report.latest, report.currency), drop_order=1, yields_late=True
    ),
    Column("next", "Next", lambda report: next_words(report.fee)),
)


def next_words(fee: RecurringFee) -> str:
    """Say when a fee is due next: ``next on Feb 4, 2026``, ``ended Jan 31, 2026``, or ``web is archived``."""
    if fee.next_on is not None:
        return f"next on {long_day(fee.next_on)}"
    if fee.ended_on is not None and fee.has_ended:
        return f"ended {long_day(fee.ended_on)}"
    return f"{fee.entity_id} is archived"


def latest_words(charge: Charge | None, currency: str) -> str:
    """Say what became of a charge: ``booked Jan 4``, ``billed Jan 5, $0.30 more``."""
    if charge is None:
        return ""
    if charge.bill is None:
        return f"booked {short_day(charge.day)}"
    difference = charge.bill.amount - charge.amount
    words = f", {money(abs(difference), currency)} {'more' if difference > 0 else 'less'}" if difference else ""
    return f"billed {short_day(charge.bill.day)}{words}"


def added_words(report: FeeReport) -> list[str]:
    """Say what a fee is, and what adding it booked at once, where it starts in the past."""
    fee, charge = report.fee, report.latest
    each = f"{money(fee.amount, report.currency)} every {fee.every}"
    words = [f"{fee.name}: {each} for {fee.entity_id}, {next_words(fee)}"]
    if charge is not None and charge.bill is None:
        words.append(f"booked {money(charge.amount, report.currency)} for {short_day(charge.day)}")
    elif charge is not None and charge.bill is not None:
        words.append(f"{short_day(charge.day)} is billed already: {money(charge.bill.amount, report.currency)}")
    return words


def ended_words(fee: RecurringFee) -> str:
    """Say when a fee that has an end ends."""
    assert fee.ended_on is not None
    return f"{fee.name} ends on {long_day(fee.ended_on)}"
