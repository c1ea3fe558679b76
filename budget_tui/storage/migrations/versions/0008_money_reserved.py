"""Reservations of money, and entities whose money is enforced."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_SOMETHING = "tokens >= 0 AND amount_nanos >= 0 AND tokens + amount_nanos >= 1"
_KEPT = "reservation_id, budget_id, tokens, state, settled_tokens, expires_at, created_by, created_at"


def upgrade() -> None:
    op.add_column("entity", sa.Column("enforced", sa.Boolean(), server_default=sa.false(), nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        _make_again()
        return
    op.add_column(
        "reservation", sa.Column("amount_nanos", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("reservation", sa.Column("settled_nanos", sa.BigInteger(), nullable=True))
    op.drop_constraint("tokens", "reservation", type_="check")
    op.create_check_constraint("something", "reservation", _SOMETHING)


def _make_again() -> None:
    """Replace the table: SQLite cannot change a constraint."""
    op.drop_index("reservation_held", "reservation")
    op.rename_table("reservation", "former_reservation")
    op.create_table(
        "reservation",
        sa.Column("reservation_id", sa.String(), nullable=False),
        sa.Column("budget_id", sa.String(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_tokens", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("settled_nanos", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('held', 'settled', 'released', 'expired')", name="state"),
        sa.CheckConstraint(_SOMETHING, name="something"),
        sa.ForeignKeyConstraint(["budget_id"], ["budget.budget_id"]),
        sa.PrimaryKeyConstraint("reservation_id"),
    )
    op.execute(f"INSERT INTO reservation ({_KEPT}) SELECT {_KEPT} FROM former_reservation")
    op.drop_table("former_reservation")
    op.create_index(
        "reservation_held", "reservation", ["budget_id", "expires_at"], sqlite_where=sa.text("state = 'held'")
    )
