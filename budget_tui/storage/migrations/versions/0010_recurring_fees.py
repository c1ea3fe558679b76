"""Recurring fees, and what became of each day that one was due."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")  # sorted by its bytes


def upgrade() -> None:
    op.create_table(
        "recurring_fee",
        sa.Column("fee_key", KEY, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("entity_key", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("category", TEXT, nullable=False),
        sa.Column("every", TEXT, nullable=False),
        sa.Column("on_day", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("booked_through", sa.Date(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("amount_nanos BETWEEN 1 AND 9000000000000000000", name="amount"),
        sa.CheckConstraint("category IN ('cloud', 'genai', 'subscription', 'total')", name="category"),
        sa.CheckConstraint("every IN ('month', 'quarter', 'year')", name="every"),
        sa.CheckConstraint("on_day BETWEEN 1 AND 31", name="on_day"),
        sa.ForeignKeyConstraint(["entity_key"], ["entity.entity_key"]),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("fee_key"),
    )
    op.create_index("ix_recurring_fee_org_key", "recurring_fee", ["org_key"], unique=False)
    running = sa.text("ended_on IS NULL")
    op.create_index(
        "recurring_fee_once",
        "recurring_fee",
        ["org_key", "name"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_table(
        "recurring_charge",
        sa.Column("fee_key", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cost_key", KEY, nullable=True),
        sa.Column("billed_origin", KEY, nullable=True),
        sa.Column("billed_day", sa.Date(), nullable=True),
        sa.Column("billed_nanos", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(cost_key IS NULL) <> (billed_origin IS NULL)", name="booked_or_billed"),
        sa.ForeignKeyConstraint(["billed_origin"], ["cost_origin.origin_key"]),
        sa.ForeignKeyConstraint(["cost_key"], ["cost.cost_key"]),
        sa.ForeignKeyConstraint(["fee_key"], ["recurring_fee.fee_key"]),
        sa.PrimaryKeyConstraint("fee_key", "day"),
    )
    op.create_index("ix_recurring_charge_cost_key", "recurring_charge", ["cost_key"], unique=False)
    for table in ("recurring_fee", "recurring_charge") if op.get_bind().dialect.name == "postgresql" else ():
        op.execute(
            f"CREATE TRIGGER {table}_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION notify_change()"
        )
