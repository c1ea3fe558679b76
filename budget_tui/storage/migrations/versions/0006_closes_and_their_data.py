"""How far the data reached when a period was closed"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("period_close", sa.Column("data_through", sa.Date(), nullable=True))
