"""Recurring fees."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.cost import Category
from budget_tui.domain.recurring import Charge, Every, FeeReport
from budget_tui.schemas.base import (
    CostCategory,
    Day,
    EntityId,
    Number,
    PositiveAmount,
    Request,
    Schema,
    Text,
    count_from_json,
)
from budget_tui.services.recurring import NewFee


class FeeCharge(Schema):
    """A fee on a day that it was due. ``billed``: an imported cost stands in its place."""

    on: date
    amount_usd: Number
    state: Literal["booked", "billed"]
    billed_on: date | None
    billed_usd: Number | None
    difference_usd: Number | None = Field(description="What was billed minus the fee.")

    @classmethod
    def from_domain(cls, charge: Charge) -> "FeeCharge":
        bill = charge.bill
        return FeeCharge(
            on=charge.day,
            amount_usd=to_decimal(charge.amount),
            state="booked" if bill is None else "billed",
            billed_on=None if bill is None else bill.day,
            billed_usd=None if bill is None else to_decimal(bill.amount),
            difference_usd=None if bill is None else to_decimal(bill.amount - charge.amount),
        )


class RecurringFee(Schema):
    name: str
    project_id: str = Field(description="The id of the project, or another entity, that bears it.")
    amount_usd: Number
    currency: str
    provider: str | None
    category: Category
    every: Every
    on: int = Field(description="The day of the month, or its last day if that is earlier.")
    starts_on: date
    ended_on: date | None = Field(description="The last day on which it can be due; null: none is set.")
    next_on: date | None
    latest: FeeCharge | None

    @classmethod
    def from_domain(cls, report: FeeReport) -> "RecurringFee":
        fee = report.fee
        return RecurringFee(
            name=fee.name,
            project_id=fee.entity_id,
            amount_usd=to_decimal(fee.amount),
            currency=report.currency,
            provider=fee.provider or None,
            category=Category(fee.category),
            every=fee.every,
            on=fee.on_day,
            starts_on=fee.starts_on,
            ended_on=fee.ended_on,
            next_on=fee.next_on,
            latest=None if report.latest is None else FeeCharge.from_domain(report.latest),
        )


class RecurringFees(Schema):
    fees: list[RecurringFee]

    @classmethod
    def from_domain(cls, reports: Sequence[FeeReport]) -> "RecurringFees":
        return RecurringFees(fees=[RecurringFee.from_domain(report) for report in reports])


# Requests


class FeeEnd(Request):
    ended_on: Day = Field(description="The last day on which it can be due; what was booked stays.")


class NewRecurringFee(Request):
    project_id: EntityId = Field(description="The project, or another entity, that bears it.", examples=["pcc"])
    amount_usd: PositiveAmount = Field(examples=[20])
    every: Every = Every.MONTH
    on: Annotated[int, Field(ge=1, le=31), BeforeValidator(count_from_json)] = Field(
        1, description="The day of the month, or its last day if that is earlier."
    )
    name: Text = Field("", description="Default: the provider.", examples=["Figma"])
    provider: Text = ""
    category: CostCategory | None = Field(None, description="Default: by provider.")
    starts_on: Day | None = Field(None, description="Default: today.")

    def to_domain(self) -> NewFee:
        return NewFee(
            self.project_id,
            self.amount_usd,
            self.every,
            self.on,
            self.name,
            self.provider,
            Category(self.category) if self.category else None,
            self.starts_on,
        )
