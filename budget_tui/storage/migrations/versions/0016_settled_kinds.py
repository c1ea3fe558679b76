"""The output and the cached ones of the tokens that a reservation was settled with, which tell a repeat."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("reservation", sa.Column("settled_output", sa.BigInteger(), nullable=True))
    op.add_column("reservation", sa.Column("settled_cached", sa.BigInteger(), nullable=True))
