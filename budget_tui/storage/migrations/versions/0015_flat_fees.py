"""Sources of agents' logs that a plan with a flat fee pays for."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("source", sa.Column("flat_fee", sa.Boolean(), server_default=sa.false(), nullable=False))
