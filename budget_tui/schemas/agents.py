"""Agents' token budgets."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from budget_tui.domain import tokens as domain
from budget_tui.domain.amount import to_decimal
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.pacing import Status
from budget_tui.domain.tokens import HOLD_SECONDS, LONGEST_RESERVATION_SECONDS, TokenKind
from budget_tui.schemas.base import (
    EntityId,
    Moment,
    NonNegativeTokens,
    Number,
    Request,
    Schema,
    Settling,
    Text,
    Tokens,
    count_from_json,
)
from budget_tui.services.token_prices import ModelPrice, PriceOutcome, PriceUpdate, TokenPrice


class _Balance(Schema):
    agent_id: str
    allocated_tokens: int
    used_tokens: int
    reserved_tokens: int
    available_tokens: int


class TokenBalance(Settling, _Balance):
    """An agent's budget after tokens were taken from it or added to it."""

    @classmethod
    def from_domain(cls, balance: domain.TokenBalance) -> "TokenBalance":
        return TokenBalance(**balance._asdict(), available_tokens=balance.available_tokens)


class AgentBudget(Schema):
    """An agent's budget in the current period, with its rate."""

    agent_id: str
    name: str
    project_id: str
    model: str
    allocated_tokens: int
    used_tokens: int
    reserved_tokens: int
    available_tokens: int
    rate_per_hour: int
    runs_out_at: Moment | None
    status: Status
    data_through: date = Field(description="The last day whose use is known: always today.")
    enforced: bool = Field(description="True if the money of its project bounds its tokens.")

    @classmethod
    def from_domain(cls, budget: domain.AgentBudget) -> "AgentBudget":
        return AgentBudget(**budget._asdict())


class Agents(Schema):
    agents: list[AgentBudget]


class TokenSums(Schema):
    """The budgets of a project's agents together."""

    agents: int
    allocated_tokens: int
    used_tokens: int
    reserved_tokens: int
    available_tokens: int

    @classmethod
    def from_domain(cls, sums: domain.TokenSums) -> "TokenSums":
        return TokenSums(**sums._asdict(), available_tokens=sums.available_tokens)


class Reservation(Schema):
    reservation_id: str
    agent_id: str
    tokens: int
    expires_at: Moment
    available_tokens: int

    @classmethod
    def from_domain(cls, reservation: domain.Reservation) -> "Reservation":
        return Reservation(**reservation._asdict())


class AgentCarry(Schema):
    agent_id: str
    carry: CarryPolicy
    carry_cap_tokens: int | None


class ArchivedAgent(Schema):
    agent_id: str
    archived: bool


class PriceChange(Schema):
    """The prices set, of the given kinds only, and their effect on costs."""

    model: str
    from_: date = Field(serialization_alias="from")
    input_usd: Number = Decimal(0)
    output_usd: Number = Decimal(0)
    cached_usd: Number = Decimal(0)
    cache_write_usd: Number = Decimal(0)
    cache_write_1h_usd: Number = Decimal(0)
    days_changed: int
    changed_usd: Number
    currency: str

    @classmethod
    def from_domain(cls, outcome: PriceOutcome, prices: dict[TokenKind, int], currency: str) -> "PriceChange":
        return PriceChange(
            model=outcome.model,
            from_=outcome.starts_on,
            days_changed=outcome.days,
            changed_usd=to_decimal(outcome.changed_nanos),
            currency=currency,
            **{f"{kind.replace('-', '_')}_usd": to_decimal(nanos) for kind, nanos in prices.items()},
        )


class UpdatedPrices(Schema):
    """The prices of a file, how many of them are new or changed, and their effect on costs."""

    file: str
    prices: int
    changed: int
    models: list[str]
    days_changed: int
    changed_usd: Number
    currency: str

    @classmethod
    def from_domain(cls, update: PriceUpdate, file: str) -> "UpdatedPrices":
        return UpdatedPrices(
            file=file,
            prices=update.prices,
            changed=update.changed,
            models=list(update.models),
            days_changed=update.days,
            changed_usd=to_decimal(update.changed_nanos),
            currency=update.currency,
        )


class Price(Schema):
    """The price of a million tokens of a kind."""

    model: str
    kind: TokenKind
    from_: date = Field(serialization_alias="from")
    amount_usd: Number
    currency: str

    @classmethod
    def from_domain(cls, price: TokenPrice, currency: str) -> "Price":
        return Price(
            model=price.model,
            kind=price.kind,
            from_=price.starts_on,
            amount_usd=to_decimal(price.amount_nanos),
            currency=currency,
        )


class Grade(Schema):
    """Prices of a million tokens, which apply to all of a message that reads more than ``beyond_tokens``."""

    beyond_tokens: int
    input_usd: Number
    cache_read_usd: Number
    cache_write_usd: Number
    cache_write_1h_usd: Number
    output_usd: Number


class LogPrice(Schema):
    """The price of a model's messages in logs on a day."""

    model: str
    on: date
    own: bool
    currency: str
    grades: list[Grade]

    @classmethod
    def from_domain(cls, price: ModelPrice) -> "LogPrice":
        return LogPrice(
            model=price.model,
            on=price.on,
            own=price.is_own,
            currency=price.rates.currency,
            grades=[
                Grade(
                    beyond_tokens=beyond,
                    **{f"{kind}_usd": to_decimal(nanos) for kind, nanos in rates._asdict().items()},
                )
                for beyond, rates in price.rates.grades
            ],
        )


# Requests


class NewAgent(Request):
    agent_id: EntityId = Field(description="Short and permanent; used in requests.", examples=["reviewer"])
    project_id: EntityId = Field(description="The project that it belongs to, or another entity.", examples=["pcc"])
    name: Text = Field("", description="Name to display. Default: its id.")
    model: Text = Field("", description="The model that it runs on, used for pricing.")
    tokens: NonNegativeTokens = Field(0, description="Its token budget per period.", examples=[1_000_000])


class TokenAllocation(Request):
    tokens: NonNegativeTokens = Field(examples=[1_000_000])


class TokenAmount(Request):
    tokens: Tokens = Field(examples=[25_000])


class TokenUse(TokenAmount):
    output: NonNegativeTokens = Field(0, description="How many of the tokens are output.")
    cached: NonNegativeTokens = Field(0, description="How many of the tokens were cached.")


class SettledUse(Request):
    tokens: NonNegativeTokens = Field(examples=[18_000])
    output: NonNegativeTokens = Field(0, description="How many of the tokens are output.")
    cached: NonNegativeTokens = Field(0, description="How many of the tokens were cached.")


class NewReservation(TokenAmount):
    seconds: Annotated[int, Field(ge=1, le=LONGEST_RESERVATION_SECONDS), BeforeValidator(count_from_json)] = Field(
        HOLD_SECONDS, description="How long they are reserved at most."
    )
