"""Estimates that do not count, because the bill for them is there."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "replaced_estimate",
        sa.Column("cost_key", KEY, nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["cost_key"], ["cost.cost_key"]),
        sa.PrimaryKeyConstraint("cost_key"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER replaced_estimate_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON replaced_estimate"
            " FOR EACH STATEMENT EXECUTE FUNCTION notify_change()"
        )
