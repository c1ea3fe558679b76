"""Former parents of entities on closed days"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "former_parent",
        sa.Column("entity_key", sa.Integer(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("parent_key", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["entity_key"], ["entity.entity_key"]),
        sa.ForeignKeyConstraint(["parent_key"], ["entity.entity_key"]),
        sa.PrimaryKeyConstraint("entity_key", "through"),
    )
