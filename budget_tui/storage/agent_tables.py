"""The tables of agents and their tokens; see `tables`."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    text,
)
from sqlmodel import Field, SQLModel

from budget_tui.domain.amount import LIMIT_NANOS


class AgentRow(SQLModel, table=True):
    """What is known of an agent beside its entity: the model whose prices its tokens have."""

    __tablename__ = "agent"

    entity_key: int = Field(sa_column=Column(Integer, ForeignKey("entity.entity_key"), primary_key=True))
    model: str = ""


class ReservationRow(SQLModel, table=True):
    """Tokens of a budget that are held until they are settled, released, or their time is up."""

    __tablename__ = "reservation"
    __table_args__ = (
        Index("reservation_held", "budget_id", "expires_at", sqlite_where=text("state = 'held'")),
        CheckConstraint("tokens >= 1", name="tokens"),
        CheckConstraint("state IN ('held', 'settled', 'released', 'expired')", name="state"),
    )

    reservation_id: str = Field(sa_column=Column(String, primary_key=True))
    budget_id: str = Field(foreign_key="budget.budget_id")
    tokens: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str = "held"
    settled_tokens: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    expires_at: datetime = Field(sa_type=DateTime)
    created_by: str
    created_at: datetime = Field(sa_type=DateTime)


class TokenUseRow(SQLModel, table=True):
    """Tokens that an agent used within one hour (counted from 1970 in UTC), of one kind, at one model's prices.

    ``day`` is the hour's day in the organization's time zone, by which the tokens' cost is dated.
    """

    __tablename__ = "token_use"
    __table_args__ = (
        Index("token_use_by_hour", "entity_key", "hour"),
        CheckConstraint("kind IN ('input', 'output', 'cached')", name="kind"),
        CheckConstraint("tokens >= 1", name="tokens"),
        {"sqlite_with_rowid": False},
    )

    entity_key: int = Field(sa_column=Column(Integer, ForeignKey("entity.entity_key"), primary_key=True))
    day: int = Field(sa_column=Column(Integer, primary_key=True))
    hour: int = Field(sa_column=Column(Integer, primary_key=True))
    model: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    tokens: int = Field(sa_column=Column(BigInteger, nullable=False))


class TokenPriceRow(SQLModel, table=True):
    """What a million tokens of a model cost from a day on, in nanos of the organization's currency."""

    __tablename__ = "token_price"
    __table_args__ = (
        CheckConstraint("kind IN ('input', 'output', 'cached')", name="kind"),
        CheckConstraint(f"amount_nanos BETWEEN 0 AND {LIMIT_NANOS}", name="amount"),
    )

    org_key: int = Field(sa_column=Column(Integer, ForeignKey("organization.org_key"), primary_key=True))
    model: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    starts_on: date = Field(sa_column=Column(Date, primary_key=True))
    amount_nanos: int = Field(sa_column=Column(BigInteger, nullable=False))
