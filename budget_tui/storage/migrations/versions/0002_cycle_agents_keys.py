"""Carrying over, changes that can be undone, agents and their tokens, keys of the HTTP API"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_KINDS = "kind IN ('input', 'output', 'cached')"
_WRITTEN_ONCE = {
    "audit": "audit_key = NEW.audit_key",
    "transfer": "transfer_id = NEW.transfer_id",
    "period_close": "close_key = NEW.close_key OR (org_key = NEW.org_key AND period_start = NEW.period_start)",
    "period_close_line": "close_key = NEW.close_key AND entity_key = NEW.entity_key",
}
"""The append-only tables, each with the condition for the row that an insert could replace."""


def upgrade() -> None:
    _budgets()
    _changes()
    _agents()
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'write')", name="scope"),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_index("ix_api_key_org_key", "api_key", ["org_key"], unique=False)


def _budgets() -> None:
    for definition in (
        "in_cycle BOOLEAN NOT NULL DEFAULT 0",
        "carry VARCHAR NOT NULL DEFAULT 'none'"
        " CONSTRAINT carry CHECK (carry IN ('none', 'unspent', 'deficit', 'both'))",
        "carry_cap BIGINT CONSTRAINT carry_cap CHECK (carry_cap >= 0)",
        "carried BIGINT NOT NULL DEFAULT 0",
        "base BIGINT NOT NULL DEFAULT 0",
        "used BIGINT NOT NULL DEFAULT 0 CONSTRAINT used CHECK (used >= 0)",
        "reserved BIGINT NOT NULL DEFAULT 0"
        " CONSTRAINT never_overdrawn CHECK (reserved >= 0 AND used + reserved <= amount)",
    ):
        op.execute(f"ALTER TABLE budget ADD COLUMN {definition}")
    op.execute("UPDATE budget SET in_cycle = 1, base = amount")
    op.execute("ALTER TABLE period_close_line ADD COLUMN unit VARCHAR NOT NULL DEFAULT 'monetary'")


def _changes() -> None:
    op.execute("ALTER TABLE audit ADD COLUMN change INTEGER NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE audit ADD COLUMN reverses INTEGER")
    op.execute("CREATE INDEX audit_reverses ON audit (reverses) WHERE reverses IS NOT NULL")
    op.execute("DROP TRIGGER audit_no_update")
    # The lines of one command have the same time; the close of a period that it caused is a change of its own.
    op.execute(
        "UPDATE audit SET change = first.change FROM (SELECT audit_key, min(audit_key) OVER"
        " (PARTITION BY org_key, at, actor, action = 'period.close') AS change FROM audit) AS first"
        " WHERE first.audit_key = audit.audit_key"
    )
    op.execute(
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
    )
    # INSERT OR REPLACE would delete an existing row without firing the trigger against deleting.
    for table, known in _WRITTEN_ONCE.items():
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {known})"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    op.create_table(
        "former_cost",
        sa.Column("former_key", sa.Integer(), nullable=False),
        sa.Column("dataset_key", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin_key", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=True),
        sa.Column("charges", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_key"], ["dataset.dataset_key"]),
        sa.ForeignKeyConstraint(["origin_key"], ["cost_origin.origin_key"]),
        sa.PrimaryKeyConstraint("former_key"),
    )
    op.create_index("ix_former_cost_dataset_key", "former_cost", ["dataset_key"], unique=False)


def _agents() -> None:
    op.create_table(
        "agent",
        sa.Column("entity_key", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["entity_key"], ["entity.entity_key"]),
        sa.PrimaryKeyConstraint("entity_key"),
    )
    op.create_table(
        "reservation",
        sa.Column("reservation_id", sa.String(), nullable=False),
        sa.Column("budget_id", sa.String(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_tokens", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("tokens >= 1", name="tokens"),
        sa.CheckConstraint("state IN ('held', 'settled', 'released', 'expired')", name="state"),
        sa.ForeignKeyConstraint(["budget_id"], ["budget.budget_id"]),
        sa.PrimaryKeyConstraint("reservation_id"),
    )
    op.create_index(
        "reservation_held",
        "reservation",
        ["budget_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "token_use",
        sa.Column("entity_key", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(_KINDS, name="kind"),
        sa.CheckConstraint("tokens >= 1", name="tokens"),
        sa.ForeignKeyConstraint(["entity_key"], ["entity.entity_key"]),
        sa.PrimaryKeyConstraint("entity_key", "day", "hour", "model", "kind"),
        sqlite_with_rowid=False,  # each use of tokens is written to one page, without an index to look it up in first
    )
    op.create_index("token_use_by_hour", "token_use", ["entity_key", "hour"], unique=False)
    op.create_table(
        "token_price",
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(_KINDS, name="kind"),
        sa.CheckConstraint("amount_nanos BETWEEN 0 AND 9000000000000000000", name="amount"),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("org_key", "model", "kind", "starts_on"),
    )
