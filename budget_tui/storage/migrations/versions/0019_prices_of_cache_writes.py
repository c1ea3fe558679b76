"""Prices of tokens that are written to a cache."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_KINDS = "kind IN ('input', 'output', 'cached', 'cache-write', 'cache-write-1h')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_again()
        return
    op.drop_constraint("kind", "token_price", type_="check")
    op.create_check_constraint("kind", "token_price", _KINDS)


def _make_again() -> None:
    """Replace the table: SQLite cannot change a constraint."""
    op.rename_table("token_price", "former_token_price")
    op.create_table(
        "token_price",
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(_KINDS, name="kind"),
        sa.CheckConstraint("amount_nanos BETWEEN 0 AND 9000000000000000000", name="amount"),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("org_key", "model", "kind", "starts_on"),
    )
    op.execute("INSERT INTO token_price SELECT * FROM former_token_price")
    op.drop_table("former_token_price")
