"""Recurring fees: on which days they are due, and which imported cost is the bill for one."""

from datetime import date

import pytest

from budget_tui.domain.amount import parse_amount
from budget_tui.domain.errors import Refused
from budget_tui.domain.period import PeriodRule
from budget_tui.domain.recurring import (
    Charge,
    Every,
    ImportedCost,
    RecurringFee,
    bills_for,
    parse_day_of_month,
)

START = date(2025, 11, 30)
FEE = RecurringFee(
    1, 7, "web", "/ORG/web/", "Figma", parse_amount("100"), "figma", "subscription", Every.MONTH, 31, START, None,
    date(2025, 11, 29), False,
)  # fmt: skip
JANUARY = Charge(1, date(2026, 1, 4), FEE.amount, 5, None)


@pytest.mark.parametrize(
    ("every", "on_day", "days"),
    [
        (Every.MONTH, 31, ["2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28"]),
        (Every.MONTH, 4, ["2025-12-04", "2026-01-04", "2026-02-04"]),
        (Every.QUARTER, 31, ["2025-11-30", "2026-02-28"]),
        (Every.YEAR, 30, ["2025-11-30"]),
    ],
)
def test_the_days_on_which_a_fee_is_due(every: Every, on_day: int, days: list[str]) -> None:
    fee = FEE._replace(every=every, on_day=on_day)
    due = fee.due(date(2026, 2, 28))
    assert [day.isoformat() for day in due] == days
    assert fee._replace(booked_through=due[0]).due(date(2026, 2, 28)) == due[1:], "what is booked is not due again"
    assert fee._replace(ended_on=due[-1]).next_on == due[0]
    assert fee._replace(ended_on=due[-1], booked_through=due[-1]).next_on is None


def cost(amount: str = "100", day: str = "2026-01-04", **of: object) -> ImportedCost:
    known = {"origin_key": 3, "entity_key": 7, "provider": "figma", "service": ""} | of
    return ImportedCost(**known, day=date.fromisoformat(day), amount=parse_amount(amount))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bill",
    [
        cost(),
        cost("105"),
        cost("95", "2026-01-07"),
        cost(day="2026-01-01"),
        cost(provider="Figma"),
        cost(provider="stripe", service="Figma Organization"),
    ],
)
def test_what_is_the_bill_for_a_fee(bill: ImportedCost) -> None:
    found = bills_for([JANUARY], {1: FEE}, [bill], PeriodRule())
    assert found[1, JANUARY.day][1:] == (bill.day, bill.amount)


@pytest.mark.parametrize(
    "other",
    [
        cost("105.01"),
        cost("94.99"),
        cost(day="2026-01-08"),
        cost(day="2025-12-31"),  # in another period
        cost(entity_key=8),
        cost(provider="stripe"),
    ],
)
def test_what_is_not(other: ImportedCost) -> None:
    charge = JANUARY if other.day.year == 2026 else JANUARY._replace(day=date(2026, 1, 2))
    assert bills_for([charge], {1: FEE}, [other], PeriodRule()) == {}


def test_one_cost_is_the_bill_for_one_fee() -> None:
    other = FEE._replace(fee_key=2, name="Figma 2")
    charges = [JANUARY, JANUARY._replace(fee_key=2)]
    one = bills_for(charges, {1: FEE, 2: other}, [cost("99"), cost("120")], PeriodRule())
    assert [*one] == [(1, JANUARY.day)]
    both = bills_for(charges, {1: FEE, 2: other}, [cost("99"), cost("100", "2026-01-05")], PeriodRule())
    assert {key: bill.amount for key, bill in both.items()} == {
        (1, JANUARY.day): parse_amount("100"),
        (2, JANUARY.day): parse_amount("99"),
    }


def test_days_of_the_month() -> None:
    assert [parse_day_of_month(text) for text in ("1", " 31 ", "last")] == [1, 31, 31]
    for text in ("0", "32", "4th", ""):
        with pytest.raises(Refused):
            parse_day_of_month(text)
