"""Tokens of estimates that do not count, because the bill for them states its own; and prices set after messages."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")  # sorted by its bytes


def upgrade() -> None:
    op.add_column("replaced_estimate", sa.Column("tokens", sa.BigInteger(), nullable=True))
    op.add_column("log_message", sa.Column("priced_id", TEXT, server_default=sa.text("''"), nullable=False))
    unpriced = sa.text("amount_picos IS NULL")
    op.create_index(
        "log_message_unpriced",
        "log_message",
        ["org_key", "program"],
        unique=False,
        sqlite_where=unpriced,
        postgresql_where=unpriced,
    )
