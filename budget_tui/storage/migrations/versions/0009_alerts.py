"""Rules of alerts, their states, and the messages that they queue."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")  # sorted by its bytes
TABLES = ("alert_rule", "alert_state", "alert_progress", "alert_message", "alert_delivery")


def upgrade() -> None:
    _make_tables()
    for table in TABLES if op.get_bind().dialect.name == "postgresql" else ():
        op.execute(
            f"CREATE TRIGGER {table}_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION notify_change()"
        )
    for kind, thresholds in (("share", "[800000, 1000000]"), ("forecast", "[50]")):
        op.execute(
            "INSERT INTO alert_rule (org_key, kind, thresholds, category, budget_type, provider, source, channels,"
            " fails, seeded, created_by, created_at)"
            f" SELECT org_key, '{kind}', '{thresholds}', '', 'monetary', '', '', '[]', false, '[]', '', created_at"
            " FROM organization"
        )


def _make_tables() -> None:
    op.create_table(
        "alert_rule",
        sa.Column("rule_key", KEY, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("thresholds", TEXT, nullable=False),
        sa.Column("entity_key", KEY, nullable=True),
        sa.Column("category", TEXT, nullable=False),
        sa.Column("budget_type", TEXT, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("channels", TEXT, nullable=False),
        sa.Column("fails", sa.Boolean(), nullable=False),
        sa.Column("muted_until", sa.DateTime(), nullable=True),
        sa.Column("seeded", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('share', 'left', 'pace', 'forecast', 'runway', 'spike', 'silent', 'unmapped')", name="kind"
        ),
        sa.CheckConstraint("budget_type IN ('monetary', 'token', 'seat')", name="budget_type"),
        sa.ForeignKeyConstraint(["entity_key"], ["entity.entity_key"]),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("rule_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_rule_org_key", "alert_rule", ["org_key"], unique=False)
    op.create_table(
        "alert_state",
        sa.Column("rule_key", KEY, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("phase", TEXT, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("data_through", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("message_id", TEXT, nullable=True),
        sa.CheckConstraint("phase IN ('armed', 'pending', 'fired')", name="phase"),
        sa.ForeignKeyConstraint(["rule_key"], ["alert_rule.rule_key"]),
        sa.PrimaryKeyConstraint("rule_key", "subject", "period_start", "threshold"),
    )
    op.create_table(
        "alert_progress",
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("data_through", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("org_key"),
    )
    op.create_table(
        "alert_message",
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("rule_key", KEY, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("alert_message_by_time", "alert_message", ["org_key", "created_at"], unique=False)
    op.create_table(
        "alert_delivery",
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(), nullable=True),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'sent', 'undelivered')", name="state"),
        sa.ForeignKeyConstraint(["message_id"], ["alert_message.message_id"]),
        sa.PrimaryKeyConstraint("message_id", "channel"),
    )
    queued = sa.text("state = 'queued'")
    op.create_index(
        "alert_delivery_due",
        "alert_delivery",
        ["channel", "due_at"],
        unique=False,
        sqlite_where=queued,
        postgresql_where=queued,
    )
