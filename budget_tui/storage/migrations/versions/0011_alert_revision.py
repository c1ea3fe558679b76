"""A revision of the rules of alerts and their states, by which an evaluator knows that nobody else changed any."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")  # sorted by its bytes


def upgrade() -> None:
    op.add_column("alert_progress", sa.Column("revision", TEXT, server_default=sa.text("''"), nullable=False))
