"""The tables: the only description of columns. Rows do not leave this package.

Tables validate nothing by themselves: the domain does, and CHECK constraints hold the line. Amounts are 64-bit
integers: nanos of a currency, tokens or seats. Days are ISO dates, or numbers such as 20260113 where many are compared;
times are UTC.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlmodel import Field, SQLModel

from budget_tui.domain.access import Scope
from budget_tui.domain.alerts import AlertKind, Phase
from budget_tui.domain.amount import LIMIT_NANOS
from budget_tui.domain.budget import BudgetType
from budget_tui.domain.carry import CarryPolicy
from budget_tui.domain.cost import Category, ChargeCategory
from budget_tui.domain.period import PeriodKind
from budget_tui.domain.recurring import Every
from budget_tui.domain.tokens import USED_KINDS, TokenKind
from budget_tui.storage.fast_paths import day_number, day_of

KEY = BigInteger().with_variant(Integer, "sqlite")  # SQLite's INTEGER has 64 bits anyway, and a key must be one


def _once(convert: Any) -> Any:
    """Return ``convert``, the conversion of a stored value, for values that thousands of rows have in common."""
    return lru_cache(maxsize=4096)(convert)


class UtcTime(TypeDecorator[datetime]):
    """A time, stored in UTC without its zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _once(super().result_processor(dialect, coltype))


class DayNumber(TypeDecorator[date]):
    """A day as the number 20260113: a month of two thousand projects is summed in two thirds of the time of text."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: date | int | None, dialect: Dialect) -> int | None:
        return day_number(value) if isinstance(value, date) else value

    def process_result_value(self, value: int | None, dialect: Dialect) -> date | None:
        return day_of(value) if value is not None else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _once(super().result_processor(dialect, coltype))


class _OwnTable:
    def __get__(self, _: object, row: type[SQLModel]) -> Table:
        return row.metadata.tables[str(row.__tablename__)]


class _OwnColumns:
    def __get__(self, _: object, row: type[SQLModel]) -> ReadOnlyColumnCollection[str, Column[Any]]:
        return row.metadata.tables[str(row.__tablename__)].columns


class Row(SQLModel):
    """A row of ``table``, whose columns are ``c``, for statements: ``select(BudgetRow.c.amount)``."""

    model_config = {"defer_build": True}  # validators that nothing uses take a tenth of loading the tables
    table: ClassVar[_OwnTable] = _OwnTable()
    c: ClassVar[_OwnColumns] = _OwnColumns()


class PartialIndex(Index):
    """An index of the rows that satisfy the condition ``where``.

    ``sqlite_where`` and ``postgresql_where`` would say the same, and load the dialect of an engine that is not used.
    """

    def __init__(self, name: str, *columns: str, where: str, unique: bool = False) -> None:
        super().__init__(name, *columns, unique=unique)
        self._condition = text(where)

    @cached_property
    def dialect_options(self) -> Any:
        options = super().dialect_options
        defaults = options.creator

        def with_condition(dialect: str) -> Any:
            found = defaults(dialect)
            found["where"] = self._condition
            return found

        options.creator = with_condition
        return options


def one_of(column: str, values: Iterable[StrEnum]) -> str:
    """Return the SQL condition that a column holds one of ``values``."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


def key() -> Column[int]:
    """Return a column for a table's own key."""
    return Column(KEY, primary_key=True)


def count_column() -> Column[int]:
    """Return a column of whole numbers with the default 0: it was added when its table had rows already."""
    return Column(BigInteger, nullable=False, server_default=text("0"))


def reference(target: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    """Return a column for the key of a row in another table."""
    return Column(KEY, ForeignKey(target), nullable=nullable, index=index)


class OrganizationRow(Row, table=True):
    __tablename__ = "organization"
    __table_args__ = (
        CheckConstraint("anchor_day BETWEEN 0 AND 28", name="anchor_day"),
        CheckConstraint("fiscal_start_month BETWEEN 1 AND 12", name="fiscal_start_month"),
        CheckConstraint(one_of("period_kind", PeriodKind), name="period_kind"),
    )

    org_key: int | None = Field(default=None, sa_column=key())
    slug: str = Field(unique=True)
    name: str
    currency: str
    time_zone: str
    period_kind: str = PeriodKind.MONTHLY
    anchor_day: int = 1
    fiscal_start_month: int = 1
    created_at: datetime = Field(sa_type=UtcTime)


class EntityRow(Row, table=True):
    __tablename__ = "entity"
    __table_args__ = (
        Index("entity_by_id", "org_key", "entity_id", unique=True),
        Index("entity_by_path", "org_key", "path", unique=True),
        CheckConstraint("path LIKE '/%/' AND entity_id NOT LIKE '%/%'", name="entity_path"),
    )

    entity_key: int | None = Field(default=None, sa_column=key())
    org_key: int = Field(sa_column=reference("organization.org_key"))
    entity_id: str
    name: str
    level_code: str
    parent_key: int | None = Field(default=None, sa_column=reference("entity.entity_key", nullable=True))
    path: str
    archived_at: datetime | None = Field(default=None, sa_type=UtcTime)
    created_at: datetime = Field(sa_type=UtcTime)
    # Its money bounds what is held and used below it.
    enforced: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    # Its addition was undone: as long as nobody adds it again, it does not exist for anybody.
    is_undone: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


class LevelRow(Row, table=True):
    """A level of an organization's hierarchy; an entity's children are of levels with a higher ``rank``."""

    __tablename__ = "level"

    org_key: int = Field(sa_column=Column(KEY, ForeignKey("organization.org_key"), primary_key=True))
    level_code: str = Field(primary_key=True)
    name: str
    rank: int


class FormerParentRow(Row, table=True):
    """The parent that an entity had before it was moved, on closed days up to ``through``."""

    __tablename__ = "former_parent"

    entity_key: int = Field(sa_column=Column(KEY, ForeignKey("entity.entity_key"), primary_key=True))
    through: date = Field(sa_column=Column(Date, primary_key=True))
    parent_key: int = Field(sa_column=reference("entity.entity_key"))


class BudgetRow(Row, table=True):
    __tablename__ = "budget"
    __table_args__ = (
        PartialIndex(
            "budget_active_once",
            "org_key",
            "entity_key",
            "category",
            "budget_type",
            "provider",
            "period_start",
            "period_end",
            where="is_active",
            unique=True,
        ),
        CheckConstraint(one_of("category", Category), name="category"),
        CheckConstraint(one_of("budget_type", BudgetType), name="budget_type"),
        CheckConstraint(one_of("period_kind", PeriodKind), name="period_kind"),
        CheckConstraint("period_start <= period_end", name="period"),
        CheckConstraint(f"amount BETWEEN 0 AND {LIMIT_NANOS}", name="amount"),
        CheckConstraint(one_of("carry", CarryPolicy), name="carry"),
        CheckConstraint("carry_cap >= 0", name="carry_cap"),
        CheckConstraint("used >= 0", name="used"),
        CheckConstraint("reserved >= 0 AND used + reserved <= amount", name="never_overdrawn"),
    )

    budget_id: str = Field(sa_column=Column(String, primary_key=True))
    org_key: int = Field(sa_column=reference("organization.org_key"))
    entity_key: int = Field(sa_column=reference("entity.entity_key", index=True))
    category: str
    budget_type: str
    currency: str
    provider: str = ""
    period_kind: str
    period_start: date = Field(sa_column=Column(Date, nullable=False))
    period_end: date = Field(sa_column=Column(Date, nullable=False))
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))
    notes: str = ""
    is_active: bool = True
    # In the organization's cycle: the global budget and all that is allocated from it. These open again when a
    # period closes; a planned budget has its own dates.
    in_cycle: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    # The policy and the limit by which an amount is carried over into the next period.
    carry: str = Field(default="none", sa_column=Column(String, nullable=False, server_default=text("'none'")))
    carry_cap: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    # The amount carried over from the previous period: positive unspent, negative overspent. `base` is the rest,
    # which recurs; if the two add up to less than 0, the amount is 0 and the debt stays in them.
    carried: int = Field(default=0, sa_column=count_column())
    base: int = Field(default=0, sa_column=count_column())
    # Tokens of an agent; money is never counted here but summed from its costs.
    used: int = Field(default=0, sa_column=count_column())
    reserved: int = Field(default=0, sa_column=count_column())
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)
    updated_by: str | None = None
    updated_at: datetime | None = Field(default=None, sa_type=UtcTime)


class AllocationRow(Row, table=True):
    __tablename__ = "allocation"
    __table_args__ = (
        CheckConstraint(f"amount BETWEEN 0 AND {LIMIT_NANOS}", name="amount"),
        CheckConstraint("parent_budget_id <> child_budget_id", name="not_to_itself"),
    )

    allocation_id: str = Field(sa_column=Column(String, primary_key=True))
    parent_budget_id: str = Field(foreign_key="budget.budget_id", index=True)
    child_budget_id: str = Field(foreign_key="budget.budget_id", unique=True)
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime | None = Field(default=None, sa_type=UtcTime)


class TransferRow(Row, table=True):
    """A transfer; NULL on one side stands for the pool. Append-only, enforced by triggers."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint(f"amount BETWEEN 1 AND {LIMIT_NANOS}", name="amount"),
        CheckConstraint("from_budget_id IS NOT to_budget_id", name="not_to_itself").ddl_if(dialect="sqlite"),
        CheckConstraint("from_budget_id IS DISTINCT FROM to_budget_id", name="not_to_itself").ddl_if(
            dialect="postgresql"
        ),
    )

    transfer_id: str = Field(sa_column=Column(String, primary_key=True))
    org_key: int = Field(sa_column=reference("organization.org_key", index=True))
    from_budget_id: str | None = Field(default=None, foreign_key="budget.budget_id")
    to_budget_id: str | None = Field(default=None, foreign_key="budget.budget_id")
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))
    forced: bool = False
    reason: str = ""
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)


class CostOriginRow(Row, table=True):
    """Everything that distinguishes costs except day and amount, with their owner by today's rules."""

    __tablename__ = "cost_origin"
    __table_args__ = (
        Index(
            "cost_origin_once",
            "org_key",
            "source",
            "currency",
            "provider_name",
            "service",
            "service_category",
            "service_subcategory",
            "sub_account_id",
            "sub_account_name",
            "entity_hint",
            "path_hint",
            "category_hint",
            "tags",
            "billing_account_id",
            "charge_category",
            unique=True,
        ),
        CheckConstraint(one_of("category", Category), name="category"),
        CheckConstraint(one_of("charge_category", ChargeCategory), name="charge_category"),
    )

    origin_key: int | None = Field(default=None, sa_column=key())
    org_key: int = Field(sa_column=reference("organization.org_key"))
    source: str
    live: bool
    currency: str
    provider_name: str = ""
    service: str = ""
    service_category: str = ""
    service_subcategory: str = ""
    sub_account_id: str = ""
    sub_account_name: str = ""
    entity_hint: str = ""
    path_hint: str = ""
    category_hint: str = ""
    tags: str = "{}"
    entity_key: int | None = Field(default=None, sa_column=reference("entity.entity_key", nullable=True, index=True))
    provider: str
    category: str
    billing_account_id: str = Field(default="", sa_column=Column(String, nullable=False, server_default=text("''")))
    charge_category: str = Field(
        default=ChargeCategory.USAGE, sa_column=Column(String, nullable=False, server_default=text("'usage'"))
    )


class DatasetRow(Row, table=True):
    """A part: one delivery's rows of one billing account in one billing period, as stored.

    The record stays when another part replaces it, so that data that was stored before is recognized. ``checksum`` is
    `budget_tui.storage.repositories.datasets.CHECKSUM` over its ``stored_rows``.
    """

    __tablename__ = "dataset"
    __table_args__ = (Index("dataset_of_period", "org_key", "billing_period_start", "source"),)

    dataset_key: int | None = Field(default=None, sa_column=key())
    org_key: int = Field(sa_column=reference("organization.org_key"))
    source: str
    billing_account_id: str
    billing_period_start: date = Field(sa_column=Column(Date, nullable=False))
    fingerprint: str
    imported_at: datetime = Field(sa_type=UtcTime)
    # The name that distinguishes it from other parts stored beside it; '' for the export's own part.
    part: str = Field(default="", sa_column=Column(String, nullable=False, server_default=text("''")))
    delivered_at: datetime | None = Field(default=None, sa_type=UtcTime)
    export: str = Field(default="", sa_column=Column(String, nullable=False, server_default=text("''")))
    cost_basis: str = Field(
        default="BilledCost", sa_column=Column(String, nullable=False, server_default=text("'BilledCost'"))
    )
    rows_refused: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    stored_rows: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    checksum: int = Field(default=0, sa_column=count_column())


class DatasetReplacementRow(Row, table=True):
    """The record that the part ``replaced_by`` took rows of the part ``dataset_key``."""

    __tablename__ = "dataset_replacement"

    dataset_key: int = Field(sa_column=Column(KEY, ForeignKey("dataset.dataset_key"), primary_key=True))
    replaced_by: int = Field(sa_column=Column(KEY, ForeignKey("dataset.dataset_key"), primary_key=True))


class SourceRow(Row, table=True):
    """Decisions about a source of costs, or about one of its billing accounts ('' for all of them)."""

    __tablename__ = "source"

    org_key: int = Field(sa_column=Column(KEY, ForeignKey("organization.org_key"), primary_key=True))
    name: str = Field(primary_key=True)
    billing_account_id: str = Field(default="", primary_key=True)
    ended_on: date | None = Field(default=None, sa_column=Column(Date, nullable=True))
    replaces_always: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    # A plan with a flat fee pays for what its logs say: that is no cost, whatever it would come to.
    flat_fee: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


class FormerCostRow(Row, table=True):
    """A row of the part ``dataset_key`` that ``replaced_by`` replaced; if both are the same, of an undone part.

    It is stored so that imports can be undone and redone; of large parts only until the replacement is replaced itself.
    """

    __tablename__ = "former_cost"

    former_key: int | None = Field(default=None, sa_column=key())
    dataset_key: int = Field(sa_column=reference("dataset.dataset_key", index=True))
    replaced_by: int = Field(sa_column=reference("dataset.dataset_key", index=True))
    origin_key: int = Field(sa_column=reference("cost_origin.origin_key"))
    day: date = Field(sa_column=Column(DayNumber, nullable=False))
    cell_day: date = Field(sa_column=Column(DayNumber, nullable=False))
    amount_nanos: int = Field(sa_column=Column(BigInteger, nullable=False))
    tokens: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    seats: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    charges: int


class CostRow(Row, table=True):
    """The cost of one origin on one day: a roll-up of an export's rows, or one cost entered by hand."""

    __tablename__ = "cost"
    __table_args__ = (
        # These cover the sums of an origin and of a day: the snapshot reads them and never the table.
        Index("cost_of_origin", "origin_key", "day", "amount_nanos", "charges"),
        Index("cost_of_day", "day", "origin_key", "amount_nanos"),
        PartialIndex("cost_with_tokens", "origin_key", "day", "tokens", where="tokens IS NOT NULL"),
        PartialIndex("cost_with_seats", "day", "origin_key", "seats", where="seats IS NOT NULL"),
        PartialIndex("cost_by_dataset", "dataset_key", where="dataset_key IS NOT NULL"),
        CheckConstraint(f"amount_nanos BETWEEN -{LIMIT_NANOS} AND {LIMIT_NANOS}", name="amount"),
        CheckConstraint("tokens >= 0", name="tokens"),
        CheckConstraint("seats >= 0", name="seats"),
        CheckConstraint("charges >= 1", name="charges"),
        CheckConstraint("day BETWEEN 10101 AND 99991231", name="day"),
    )

    cost_key: int | None = Field(default=None, sa_column=key())
    origin_key: int = Field(sa_column=reference("cost_origin.origin_key"))
    day: date = Field(sa_column=Column(DayNumber, nullable=False))
    amount_nanos: int = Field(sa_column=Column(BigInteger, nullable=False))
    tokens: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    seats: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    charges: int = 1
    dataset_key: int | None = Field(default=None, sa_column=reference("dataset.dataset_key", nullable=True))
    # The UTC day of an imported cost: with the sub account it is the cell that another delivery replaces, whatever day
    # the cost has in the organization's time zone.
    cell_day: date | None = Field(default=None, sa_column=Column(DayNumber, nullable=True))


class CostRuleRow(Row, table=True):
    """A user's rule: costs whose ``field`` equals ``value`` belong to ``target``.

    The target is an entity, a provider's short name, or a category, as ``kind`` says.
    """

    __tablename__ = "cost_rule"
    __table_args__ = (
        Index("cost_rule_once", "org_key", "kind", "field", "value", unique=True),
        CheckConstraint("kind IN ('entity', 'provider', 'category')", name="kind"),
    )

    rule_key: int | None = Field(default=None, sa_column=key())
    org_key: int = Field(sa_column=reference("organization.org_key"))
    kind: str
    field: str
    value: str
    target: str
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)


class PeriodCloseRow(Row, table=True):
    """A period that has ended, with its figures as they stood when it was closed. Append-only."""

    __tablename__ = "period_close"
    __table_args__ = (
        Index("period_close_once", "org_key", "period_start", unique=True),
        CheckConstraint("period_start <= period_end", name="period"),
    )

    close_key: int | None = Field(default=None, sa_column=key())
    org_key: int = Field(sa_column=reference("organization.org_key"))
    period_start: date = Field(sa_column=Column(Date, nullable=False))
    period_end: date = Field(sa_column=Column(Date, nullable=False))
    currency: str
    monthly_budget: int = Field(sa_column=Column(BigInteger, nullable=False))
    allocated: int = Field(sa_column=Column(BigInteger, nullable=False))
    spent: int = Field(sa_column=Column(BigInteger, nullable=False))
    closed_by: str
    closed_at: datetime = Field(sa_type=UtcTime)
    data_through: date | None = Field(default=None, sa_column=Column(Date))  # None: closed before this was stored


class PeriodCloseLineRow(Row, table=True):
    """The figures of a project, or of an agent in tokens, in a closed period. Append-only."""

    __tablename__ = "period_close_line"

    close_key: int = Field(sa_column=Column(KEY, ForeignKey("period_close.close_key"), primary_key=True))
    entity_key: int = Field(sa_column=Column(KEY, ForeignKey("entity.entity_key"), primary_key=True))
    allocation: int = Field(sa_column=Column(BigInteger, nullable=False))
    spent: int = Field(sa_column=Column(BigInteger, nullable=False))
    status: str
    unit: str = Field(
        default=BudgetType.MONETARY, sa_column=Column(String, nullable=False, server_default=text("'monetary'"))
    )


class AuditRow(Row, table=True):
    """An audit entry: who changed what, when, from what to what. Append-only, enforced by triggers."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_by_org", "org_key", "audit_key"),
        PartialIndex("audit_reverses", "reverses", where="reverses IS NOT NULL"),
    )

    audit_key: int | None = Field(default=None, sa_column=key())
    org_key: int = Field(sa_column=reference("organization.org_key"))
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    action: str
    subject: str
    before: str | None = None
    after: str | None = None
    # The entries of one command share the number of its first one; `reverses` is the change that it undoes.
    change: int = Field(sa_column=Column(KEY, nullable=False, server_default=text("0")))
    reverses: int | None = Field(default=None, sa_column=Column(KEY, nullable=True))


class IdempotencyRow(Row, table=True):
    """A request that was answered under a key, so that the same request again changes nothing."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("idempotency_by_age", "created_at"),)

    org_key: int = Field(sa_column=Column(KEY, ForeignKey("organization.org_key"), primary_key=True))
    command: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request: str
    answer: str
    created_at: datetime = Field(sa_type=UtcTime)


class ApiKeyRow(Row, table=True):
    """A key to the HTTP API, of which only a hash is stored; ``key_id`` is the public part that identifies it."""

    __tablename__ = "api_key"
    __table_args__ = (CheckConstraint(one_of("scope", Scope), name="scope"),)

    key_id: str = Field(sa_column=Column(String, primary_key=True))
    org_key: int = Field(sa_column=reference("organization.org_key", index=True))
    name: str
    scope: str
    hash: str
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcTime)


class SeatRow(Row, table=True):
    """The seats that an entity has with a provider from a day on, as registered by hand."""

    __tablename__ = "seat"
    __table_args__ = (CheckConstraint("seats >= 0", name="seats"),)

    entity_key: int = Field(sa_column=Column(KEY, ForeignKey("entity.entity_key"), primary_key=True))
    provider: str = Field(primary_key=True)
    starts_on: date = Field(sa_column=Column(Date, primary_key=True))
    seats: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)


class FxRateRow(Row, table=True):
    """The rate of one unit of ``base`` in ``quote`` on a day, as a decimal number in text."""

    __tablename__ = "fx_rate"
    __table_args__ = (CheckConstraint("base <> quote", name="two_currencies"), {"sqlite_with_rowid": False})

    org_key: int = Field(sa_column=Column(KEY, ForeignKey("organization.org_key"), primary_key=True))
    base: str = Field(primary_key=True)
    quote: str = Field(primary_key=True)
    day: date = Field(sa_column=Column(Date, primary_key=True))
    rate: str


class AgentRow(Row, table=True):
    """The facts about an agent beside its entity: the model whose prices apply to its tokens."""

    __tablename__ = "agent"

    entity_key: int = Field(sa_column=Column(KEY, ForeignKey("entity.entity_key"), primary_key=True))
    model: str = ""


class ReservationRow(Row, table=True):
    """Tokens or money of a budget that are reserved until they are settled, released, or expired.

    ``amount_nanos`` is money. It is counted here alone: a budget's ``reserved`` are tokens.
    """

    __tablename__ = "reservation"
    __table_args__ = (
        PartialIndex("reservation_held", "budget_id", "expires_at", where="state = 'held'"),
        CheckConstraint("tokens >= 0 AND amount_nanos >= 0 AND tokens + amount_nanos >= 1", name="something"),
        CheckConstraint("state IN ('held', 'settled', 'released', 'expired')", name="state"),
    )

    reservation_id: str = Field(sa_column=Column(String, primary_key=True))
    budget_id: str = Field(foreign_key="budget.budget_id")
    tokens: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str = "held"
    settled_tokens: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    expires_at: datetime = Field(sa_type=UtcTime)
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)
    amount_nanos: int = Field(default=0, sa_column=count_column())
    settled_nanos: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    # Of the tokens settled; None also where it was settled before these were stored.
    settled_output: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    settled_cached: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))


class TokenUseRow(Row, table=True):
    """Tokens that an agent used within one hour (counted from 1970 in UTC), of one kind, at one model's prices.

    ``day`` is the hour's day in the organization's time zone; the tokens' cost is dated by it.
    """

    __tablename__ = "token_use"
    __table_args__ = (
        Index("token_use_by_hour", "entity_key", "hour"),
        CheckConstraint(one_of("kind", USED_KINDS), name="kind"),
        CheckConstraint("tokens >= 1", name="tokens"),
        {"sqlite_with_rowid": False},
    )

    entity_key: int = Field(sa_column=Column(KEY, ForeignKey("entity.entity_key"), primary_key=True))
    day: date = Field(sa_column=Column(DayNumber, primary_key=True))
    hour: int = Field(sa_column=Column(Integer, primary_key=True))
    model: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    tokens: int = Field(sa_column=Column(BigInteger, nullable=False))


class TokenPriceRow(Row, table=True):
    """The price of a million tokens of a model from a day on, in nanos of the organization's currency."""

    __tablename__ = "token_price"
    __table_args__ = (
        CheckConstraint(one_of("kind", TokenKind), name="kind"),
        CheckConstraint(f"amount_nanos BETWEEN 0 AND {LIMIT_NANOS}", name="amount"),
    )

    org_key: int = Field(sa_column=Column(KEY, ForeignKey("organization.org_key"), primary_key=True))
    model: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    starts_on: date = Field(sa_column=Column(Date, primary_key=True))
    amount_nanos: int = Field(sa_column=Column(BigInteger, nullable=False))


class AlertRuleRow(Row, table=True):
    """A rule that watches one number of an entity's budgets, or of each project on its own (no entity).

    Lists are JSON: ``thresholds`` in the unit of ``kind``, ``channels`` by name, ``seeded`` as in the domain's rule.
    """

    __tablename__ = "alert_rule"
    __table_args__ = (
        CheckConstraint(one_of("kind", AlertKind), name="kind"),
        CheckConstraint(one_of("budget_type", BudgetType), name="budget_type"),
        {"sqlite_autoincrement": True},  # messages and the audit log refer to rules that were removed
    )

    rule_key: int | None = Field(default=None, sa_column=key())
    org_key: int = Field(sa_column=reference("organization.org_key", index=True))
    kind: str
    thresholds: str
    entity_key: int | None = Field(default=None, sa_column=reference("entity.entity_key", nullable=True))
    category: str = ""
    budget_type: str = BudgetType.MONETARY
    provider: str = ""
    source: str = ""
    channels: str = "[]"
    fails: bool = False
    muted_until: datetime | None = Field(default=None, sa_type=UtcTime)
    seeded: str = "[]"
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)


class AlertStateRow(Row, table=True):
    """The state of a rule's threshold for one subject (a budget's id, or what else it watches) and period.

    No row means that it is armed. ``at`` is when it changed last; ``message_id`` is the message that it was reported
    with, if any.
    """

    __tablename__ = "alert_state"
    __table_args__ = (CheckConstraint(one_of("phase", Phase), name="phase"),)

    rule_key: int = Field(sa_column=Column(KEY, ForeignKey("alert_rule.rule_key"), primary_key=True))
    subject: str = Field(primary_key=True)
    period_start: date = Field(sa_column=Column(Date, primary_key=True))
    threshold: int = Field(sa_column=Column(BigInteger, primary_key=True))
    phase: str
    value: int = Field(sa_column=Column(BigInteger, nullable=False))
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))
    data_through: date = Field(sa_column=Column(Date, nullable=False))
    at: datetime = Field(sa_type=UtcTime)
    message_id: str | None = None


class AlertProgressRow(Row, table=True):
    """The day through which an organization's data reached at the latest evaluation of its rules.

    ``revision`` is another one as soon as a rule or state changes.
    """

    __tablename__ = "alert_progress"

    org_key: int = Field(sa_column=Column(KEY, ForeignKey("organization.org_key"), primary_key=True))
    data_through: date = Field(sa_column=Column(Date, nullable=False))
    revision: str = Field(default="", sa_column=Column(String, nullable=False, server_default=text("''")))


class AlertMessageRow(Row, table=True):
    """A message that a rule made when it fired: its ``body`` is JSON and never changes.

    ``rule_key`` refers to a rule that may have been removed since.
    """

    __tablename__ = "alert_message"
    __table_args__ = (Index("alert_message_by_time", "org_key", "created_at"),)

    message_id: str = Field(sa_column=Column(String, primary_key=True))
    org_key: int = Field(sa_column=reference("organization.org_key"))
    rule_key: int = Field(sa_column=Column(KEY, nullable=False))
    subject: str
    period_start: date = Field(sa_column=Column(Date, nullable=False))
    body: str
    created_at: datetime = Field(sa_type=UtcTime)


class AlertDeliveryRow(Row, table=True):
    """The delivery of a message through one channel, by the name that hosts define it under.

    A program that delivers it holds it until ``claimed_until``; then others may.
    """

    __tablename__ = "alert_delivery"
    __table_args__ = (
        PartialIndex("alert_delivery_due", "channel", "due_at", where="state = 'queued'"),
        CheckConstraint("state IN ('queued', 'sent', 'undelivered')", name="state"),
    )

    message_id: str = Field(sa_column=Column(String, ForeignKey("alert_message.message_id"), primary_key=True))
    channel: str = Field(primary_key=True)
    state: str = "queued"
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    due_at: datetime = Field(sa_type=UtcTime)
    claimed_until: datetime | None = Field(default=None, sa_type=UtcTime)
    error: str = ""
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)


class RecurringFeeRow(Row, table=True):
    """A fee that an entity bears every month, quarter or year; names of those that have not ended differ."""

    __tablename__ = "recurring_fee"
    __table_args__ = (
        PartialIndex("recurring_fee_once", "org_key", "name", where="ended_on IS NULL", unique=True),
        CheckConstraint(f"amount_nanos BETWEEN 1 AND {LIMIT_NANOS}", name="amount"),
        CheckConstraint(one_of("category", Category), name="category"),
        CheckConstraint(one_of("every", Every), name="every"),
        CheckConstraint("on_day BETWEEN 1 AND 31", name="on_day"),
    )

    fee_key: int | None = Field(default=None, sa_column=key())
    org_key: int = Field(sa_column=reference("organization.org_key", index=True))
    entity_key: int = Field(sa_column=reference("entity.entity_key"))
    name: str
    amount_nanos: int = Field(sa_column=Column(BigInteger, nullable=False))
    provider: str
    category: str
    every: str
    on_day: int
    starts_on: date = Field(sa_column=Column(Date, nullable=False))
    ended_on: date | None = Field(default=None, sa_column=Column(Date, nullable=True))
    booked_through: date = Field(sa_column=Column(Date, nullable=False))
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)


class RecurringChargeRow(Row, table=True):
    """A fee on a day that it was due: booked as the cost ``cost_key``, or billed by an imported cost."""

    __tablename__ = "recurring_charge"
    __table_args__ = (CheckConstraint("(cost_key IS NULL) <> (billed_origin IS NULL)", name="booked_or_billed"),)

    fee_key: int = Field(sa_column=Column(KEY, ForeignKey("recurring_fee.fee_key"), primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    amount_nanos: int = Field(sa_column=Column(BigInteger, nullable=False))
    cost_key: int | None = Field(default=None, sa_column=reference("cost.cost_key", nullable=True, index=True))
    billed_origin: int | None = Field(default=None, sa_column=reference("cost_origin.origin_key", nullable=True))
    billed_day: date | None = Field(default=None, sa_column=Column(Date, nullable=True))
    billed_nanos: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))


class ReplacedEstimateRow(Row, table=True):
    """An estimate that does not count, because its bill is there or a plan pays for it: its cost is 0 meanwhile.

    ``tokens`` are those that do not count either, because the bill states its own; the cost has none meanwhile.
    ``is_displaced`` if the bill is unmapped, so that nothing counts in the estimate's project any more.
    """

    __tablename__ = "replaced_estimate"
    __table_args__ = (PartialIndex("replaced_estimate_displaced", "cost_key", where="is_displaced"),)

    cost_key: int = Field(sa_column=Column(KEY, ForeignKey("cost.cost_key"), primary_key=True))
    amount_nanos: int = Field(sa_column=Column(BigInteger, nullable=False))
    replaced_at: datetime = Field(sa_type=UtcTime)
    tokens: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    is_displaced: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


class LogMessageRow(Row, table=True):
    """A message in the log of an agent's program, known by its id for ever, also after the log is gone.

    ``amount_picos`` is NULL if its model has no price. It does not count while ``is_undone``, or while the message
    that it is a ``copy_of`` ('' for most) is known, or a copy of the same that goes before it. ``sync_id`` is the
    reading of the logs that it came with.
    """

    __tablename__ = "log_message"
    __table_args__ = (
        Index("log_message_of_day", "origin_key", "day"),
        Index("log_message_of_sync", "sync_id"),
        PartialIndex("log_message_unpriced", "org_key", "program", where="amount_picos IS NULL"),
        PartialIndex("log_message_copies", "org_key", "program", "copy_of", where="copy_of <> ''"),
        {"sqlite_with_rowid": False},
    )

    org_key: int = Field(sa_column=Column(KEY, ForeignKey("organization.org_key"), primary_key=True))
    program: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    copy_of: str
    origin_key: int = Field(sa_column=reference("cost_origin.origin_key"))
    day: date = Field(sa_column=Column(DayNumber, nullable=False))
    tier: str
    input_tokens: int = Field(sa_column=Column(BigInteger, nullable=False))
    cache_read_tokens: int = Field(sa_column=Column(BigInteger, nullable=False))
    cache_write_tokens: int = Field(sa_column=Column(BigInteger, nullable=False))
    cache_write_1h_tokens: int = Field(sa_column=Column(BigInteger, nullable=False))
    output_tokens: int = Field(sa_column=Column(BigInteger, nullable=False))
    amount_picos: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    # The price set later that it got; '' if it was priced when it was read, or has none.
    priced_id: str = Field(default="", sa_column=Column(String, nullable=False, server_default=text("''")))
    sync_id: str
    is_undone: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


class LogFileRow(Row, table=True):
    """A log that was read, as it was then: it is read again once its size or time differ."""

    __tablename__ = "log_file"

    org_key: int = Field(sa_column=Column(KEY, ForeignKey("organization.org_key"), primary_key=True))
    source: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    changed_ns: int = Field(sa_column=Column(BigInteger, nullable=False))


# Text sorts by its bytes, whatever the server's locale.
for table in SQLModel.metadata.tables.values():
    for column in table.columns:
        if isinstance(column.type, String):
            column.type = column.type.with_variant(String(collation="C"), "postgresql")
