"""The first schema: organizations, budgets, costs, closes, audit trail"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

APPEND_ONLY = ("audit", "transfer", "period_close", "period_close_line")


def upgrade() -> None:
    op.create_table(
        "organization",
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("period_kind", sa.String(), nullable=False),
        sa.Column("anchor_day", sa.Integer(), nullable=False),
        sa.Column("fiscal_start_month", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("period_kind IN ('monthly', 'quarterly', 'yearly', 'custom')", name="period_kind"),
        sa.CheckConstraint("anchor_day BETWEEN 0 AND 28", name="anchor_day"),
        sa.CheckConstraint("fiscal_start_month BETWEEN 1 AND 12", name="fiscal_start_month"),
        sa.PrimaryKeyConstraint("org_key"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "audit",
        sa.Column("audit_key", sa.Integer(), nullable=False),
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("audit_key"),
    )
    op.create_index("audit_by_org", "audit", ["org_key", "audit_key"], unique=False)

    op.create_table(
        "cost_rule",
        sa.Column("rule_key", sa.Integer(), nullable=False),
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('entity', 'provider', 'category')", name="kind"),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("rule_key"),
    )
    op.create_index("cost_rule_once", "cost_rule", ["org_key", "kind", "field", "value"], unique=True)

    op.create_table(
        "dataset",
        sa.Column("dataset_key", sa.Integer(), nullable=False),
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("billing_account_id", sa.String(), nullable=False),
        sa.Column("billing_period_start", sa.Date(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("imported_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("dataset_key"),
    )
    op.create_index(
        "dataset_once", "dataset", ["org_key", "source", "billing_account_id", "billing_period_start"], unique=True
    )

    op.create_table(
        "entity",
        sa.Column("entity_key", sa.Integer(), nullable=False),
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("entity_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level_code", sa.String(), nullable=False),
        sa.Column("parent_key", sa.Integer(), nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("archived_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("path LIKE '/%/' AND entity_id NOT LIKE '%/%'", name="entity_path"),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_key"],
            ["entity.entity_key"],
        ),
        sa.PrimaryKeyConstraint("entity_key"),
    )
    op.create_index("entity_by_id", "entity", ["org_key", "entity_id"], unique=True)
    op.create_index("entity_by_path", "entity", ["org_key", "path"], unique=True)

    op.create_table(
        "idempotency",
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("org_key", "command", "key"),
    )
    op.create_table(
        "period_close",
        sa.Column("close_key", sa.Integer(), nullable=False),
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("monthly_budget", sa.BigInteger(), nullable=False),
        sa.Column("allocated", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("period_start <= period_end", name="period"),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("close_key"),
    )
    op.create_index("period_close_once", "period_close", ["org_key", "period_start"], unique=True)

    op.create_table(
        "budget",
        sa.Column("budget_id", sa.String(), nullable=False),
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("entity_key", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("budget_type", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("period_kind", sa.String(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=True),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("budget_type IN ('monetary', 'token', 'seat')", name="budget_type"),
        sa.CheckConstraint("category IN ('cloud', 'genai', 'subscription', 'total')", name="category"),
        sa.CheckConstraint("period_kind IN ('monthly', 'quarterly', 'yearly', 'custom')", name="period_kind"),
        sa.CheckConstraint("amount BETWEEN 0 AND 9000000000000000000", name="amount"),
        sa.CheckConstraint("period_start <= period_end", name="period"),
        sa.ForeignKeyConstraint(
            ["entity_key"],
            ["entity.entity_key"],
        ),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("budget_id"),
    )
    op.create_index(
        "budget_active_once",
        "budget",
        ["org_key", "entity_key", "category", "budget_type", "provider", "period_start", "period_end"],
        unique=True,
        sqlite_where=sa.text("is_active"),
    )
    op.create_index("ix_budget_entity_key", "budget", ["entity_key"], unique=False)

    op.create_table(
        "cost_origin",
        sa.Column("origin_key", sa.Integer(), nullable=False),
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("provider_name", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("service_category", sa.String(), nullable=False),
        sa.Column("service_subcategory", sa.String(), nullable=False),
        sa.Column("sub_account_id", sa.String(), nullable=False),
        sa.Column("sub_account_name", sa.String(), nullable=False),
        sa.Column("entity_hint", sa.String(), nullable=False),
        sa.Column("path_hint", sa.String(), nullable=False),
        sa.Column("category_hint", sa.String(), nullable=False),
        sa.Column("tags", sa.String(), nullable=False),
        sa.Column("entity_key", sa.Integer(), nullable=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.CheckConstraint("category IN ('cloud', 'genai', 'subscription', 'total')", name="category"),
        sa.ForeignKeyConstraint(
            ["entity_key"],
            ["entity.entity_key"],
        ),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("origin_key"),
    )
    op.create_index(
        "cost_origin_once",
        "cost_origin",
        [
            "org_key",
            "source",
            "currency",
            "provider_name",
            "service",
            "service_category",
            "service_subcategory",
            "sub_account_id",
            "sub_account_name",
            "entity_hint",
            "path_hint",
            "category_hint",
            "tags",
        ],
        unique=True,
    )
    op.create_index("ix_cost_origin_entity_key", "cost_origin", ["entity_key"], unique=False)

    op.create_table(
        "period_close_line",
        sa.Column("close_key", sa.Integer(), nullable=False),
        sa.Column("entity_key", sa.Integer(), nullable=False),
        sa.Column("allocation", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["close_key"],
            ["period_close.close_key"],
        ),
        sa.ForeignKeyConstraint(
            ["entity_key"],
            ["entity.entity_key"],
        ),
        sa.PrimaryKeyConstraint("close_key", "entity_key"),
    )
    op.create_table(
        "allocation",
        sa.Column("allocation_id", sa.String(), nullable=False),
        sa.Column("parent_budget_id", sa.String(), nullable=False),
        sa.Column("child_budget_id", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("amount BETWEEN 0 AND 9000000000000000000", name="amount"),
        sa.CheckConstraint("parent_budget_id <> child_budget_id", name="not_to_itself"),
        sa.ForeignKeyConstraint(
            ["child_budget_id"],
            ["budget.budget_id"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_budget_id"],
            ["budget.budget_id"],
        ),
        sa.PrimaryKeyConstraint("allocation_id"),
        sa.UniqueConstraint("child_budget_id"),
    )
    op.create_index("ix_allocation_parent_budget_id", "allocation", ["parent_budget_id"], unique=False)

    op.create_table(
        "cost",
        sa.Column("cost_key", sa.Integer(), nullable=False),
        sa.Column("origin_key", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=True),
        sa.Column("charges", sa.Integer(), nullable=False),
        sa.Column("dataset_key", sa.Integer(), nullable=True),
        sa.CheckConstraint("amount_nanos BETWEEN -9000000000000000000 AND 9000000000000000000", name="amount"),
        sa.CheckConstraint("charges >= 1", name="charges"),
        sa.CheckConstraint("day BETWEEN 10101 AND 99991231", name="day"),
        sa.CheckConstraint("tokens >= 0", name="tokens"),
        sa.ForeignKeyConstraint(
            ["dataset_key"],
            ["dataset.dataset_key"],
        ),
        sa.ForeignKeyConstraint(
            ["origin_key"],
            ["cost_origin.origin_key"],
        ),
        sa.PrimaryKeyConstraint("cost_key"),
    )
    op.create_index(
        "cost_by_dataset", "cost", ["dataset_key"], unique=False, sqlite_where=sa.text("dataset_key IS NOT NULL")
    )
    op.create_index("cost_of_day", "cost", ["day", "origin_key", "amount_nanos"], unique=False)
    op.create_index("cost_of_origin", "cost", ["origin_key", "day", "amount_nanos", "charges"], unique=False)

    op.create_table(
        "transfer",
        sa.Column("transfer_id", sa.String(), nullable=False),
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("from_budget_id", sa.String(), nullable=True),
        sa.Column("to_budget_id", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("amount BETWEEN 1 AND 9000000000000000000", name="amount"),
        sa.CheckConstraint("from_budget_id IS NOT to_budget_id", name="not_to_itself"),
        sa.ForeignKeyConstraint(
            ["from_budget_id"],
            ["budget.budget_id"],
        ),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.ForeignKeyConstraint(
            ["to_budget_id"],
            ["budget.budget_id"],
        ),
        sa.PrimaryKeyConstraint("transfer_id"),
    )
    op.create_index("ix_transfer_org_key", "transfer", ["org_key"], unique=False)

    for table in APPEND_ONLY:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
