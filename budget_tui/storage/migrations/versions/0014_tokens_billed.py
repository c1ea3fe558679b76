"""Tokens of estimates that do not count, because the bill for them states its own."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("replaced_estimate", sa.Column("tokens", sa.BigInteger(), nullable=True))
