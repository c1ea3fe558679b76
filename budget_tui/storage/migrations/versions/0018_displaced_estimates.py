"""Estimates whose bill names no project, so that they count in none."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column(
        "replaced_estimate", sa.Column("is_displaced", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    displaced = sa.text("is_displaced")
    op.create_index(
        "replaced_estimate_displaced",
        "replaced_estimate",
        ["cost_key"],
        unique=False,
        sqlite_where=displaced,
        postgresql_where=displaced,
    )
