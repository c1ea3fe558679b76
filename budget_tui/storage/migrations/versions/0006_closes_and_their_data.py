"""Reach of the data at the close of a period"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("period_close", sa.Column("data_through", sa.Date(), nullable=True))
