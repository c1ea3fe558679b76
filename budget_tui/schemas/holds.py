"""Holds: money reserved for work in flight, and the requests that hold and settle it."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field, StrictBool

from budget_tui.domain.amount import to_decimal
from budget_tui.domain.cost import Category
from budget_tui.domain.records import StoredHold
from budget_tui.domain.tokens import HOLD_SECONDS, LONGEST_RESERVATION_SECONDS
from budget_tui.schemas.base import (
    CostCategory,
    Moment,
    NonNegativeAmount,
    Number,
    PositiveAmount,
    Request,
    Schema,
    Text,
    count_from_json,
)
from budget_tui.services import holds as holds_service
from budget_tui.services.holds import Settlement


class _Hold(Schema):
    hold_id: str
    project_id: str = Field(examples=["pcc"])
    amount_usd: Number = Field(description="What is held.")


class Hold(_Hold):
    expires_at: Moment = Field(description="When it is released automatically.")
    available_usd: Number = Field(description="What could be held beside it: what is left and not held.")
    currency: str

    @classmethod
    def from_domain(cls, hold: holds_service.Hold) -> "Hold":
        return Hold(
            hold_id=hold.hold_id,
            project_id=hold.project_id,
            amount_usd=to_decimal(hold.amount),
            expires_at=hold.expires_at,
            available_usd=to_decimal(hold.available),
            currency=hold.currency,
        )


class EndedHold(_Hold):
    """A hold that is over."""

    settled_usd: Number | None = Field(description="The cost that was recorded; null if it was released.")
    currency: str

    @classmethod
    def from_domain(cls, ended: holds_service.EndedHold) -> "EndedHold":
        return EndedHold(
            hold_id=ended.hold_id,
            project_id=ended.project_id,
            amount_usd=to_decimal(ended.amount),
            settled_usd=None if ended.settled is None else to_decimal(ended.settled),
            currency=ended.currency,
        )


class OpenHold(_Hold):
    last_day: date = Field(description="The last day of the period that it counts in.")
    expires_at: Moment = Field(description="When it is released automatically.")
    created_by: str

    @classmethod
    def from_domain(cls, hold: StoredHold) -> "OpenHold":
        return OpenHold(
            hold_id=hold.hold_id,
            project_id=hold.project_id,
            amount_usd=to_decimal(hold.amount),
            last_day=hold.last_day,
            expires_at=hold.expires_at,
            created_by=hold.created_by,
        )


class OpenHolds(Schema):
    """The holds whose time is not up, the first to end first."""

    holds: list[OpenHold]

    @classmethod
    def from_domain(cls, holds: Sequence[StoredHold]) -> "OpenHolds":
        return OpenHolds(holds=[OpenHold.from_domain(hold) for hold in holds])


# Requests


class NewHold(Request):
    amount_usd: PositiveAmount = Field(examples=[2.5])
    seconds: Annotated[int, Field(ge=1, le=LONGEST_RESERVATION_SECONDS), BeforeValidator(count_from_json)] = Field(
        HOLD_SECONDS, description="How long it is held at most."
    )
    today: StrictBool = Field(False, description="Also refuse more than today's share.")


class SettledHold(Request):
    amount_usd: NonNegativeAmount = Field(description="The full cost, more or less than was held.", examples=[1.87])
    category: CostCategory | None = Field(None, description="What was paid for. By default derived.")
    provider: Text = Field("", description="Who is paid.")

    def to_domain(self) -> Settlement:
        return Settlement(self.amount_usd, Category(self.category) if self.category else None, self.provider)
