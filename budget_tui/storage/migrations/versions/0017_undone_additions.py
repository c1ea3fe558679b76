"""Entities whose addition was undone, which costs no longer find."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("entity", sa.Column("is_undone", sa.Boolean(), server_default=sa.false(), nullable=False))
