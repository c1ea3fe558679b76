"""Levels of the hierarchy, seats, rates of exchange"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

LEVELS = (
    ("organization", "Organization", 0),
    ("department", "Department", 10),
    ("project", "Project", 20),
    ("team", "Team", 30),
    ("agent", "Agent", 90),
)


def upgrade() -> None:
    op.create_table(
        "level",
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("level_code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("org_key", "level_code"),
    )
    for code, name, rank in LEVELS:
        op.execute(f"INSERT INTO level SELECT org_key, '{code}', '{name}', {rank} FROM organization")
    op.execute("ALTER TABLE cost ADD COLUMN seats BIGINT CONSTRAINT seats CHECK (seats >= 0)")
    op.execute("ALTER TABLE former_cost ADD COLUMN seats BIGINT")
    columns = ["origin_key", "day", "tokens"]
    op.create_index("cost_with_tokens", "cost", columns, sqlite_where=sa.text("tokens IS NOT NULL"))
    # Few costs have seats, and these are queried by day.
    columns = ["day", "origin_key", "seats"]
    op.create_index("cost_with_seats", "cost", columns, sqlite_where=sa.text("seats IS NOT NULL"))
    op.create_table(
        "seat",
        sa.Column("entity_key", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("seats", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("seats >= 0", name="seats"),
        sa.ForeignKeyConstraint(["entity_key"], ["entity.entity_key"]),
        sa.PrimaryKeyConstraint("entity_key", "provider", "starts_on"),
    )
    op.create_table(
        "fx_rate",
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("quote", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate", sa.String(), nullable=False),
        sa.CheckConstraint("base <> quote", name="two_currencies"),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("org_key", "base", "quote", "day"),
        sqlite_with_rowid=False,  # decades of rates: stored once, not once more in an index
    )
