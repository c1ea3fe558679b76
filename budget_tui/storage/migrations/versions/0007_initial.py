"""The whole schema, as a new database gets it; in a SQLite file of an earlier version, only what is still missing.

The migrations before this one are for SQLite alone: they bring old files to this point.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")  # sorted by its bytes
# Append-only tables, each with the condition for the row that an insert could replace.
APPEND_ONLY = {
    "audit": "audit_key = NEW.audit_key",
    "transfer": "transfer_id = NEW.transfer_id",
    "period_close": "close_key = NEW.close_key OR (org_key = NEW.org_key AND period_start = NEW.period_start)",
    "period_close_line": "close_key = NEW.close_key AND entity_key = NEW.entity_key",
}
CHANNEL = "budget_tui"


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("organization"):
        op.create_index("idempotency_by_age", "idempotency", ["created_at"])
        return
    _make_tables()
    if op.get_bind().dialect.name == "sqlite":
        _guard_in_sqlite()
    else:
        _guard_in_postgresql()
        _notify()


def _guard_in_sqlite() -> None:
    # INSERT OR REPLACE would delete an existing row without firing the trigger against deleting.
    for table, known in APPEND_ONLY.items():
        for name, event in (
            ("update", f"BEFORE UPDATE ON {table}"),
            ("delete", f"BEFORE DELETE ON {table}"),
            ("replace", f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {known})"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_no_{name} {event} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _guard_in_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _notify() -> None:
    """Let every statement that changes something notify the readers of the database, whoever made it."""
    op.execute(
        "CREATE FUNCTION notify_change() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM pg_notify('{CHANNEL}', ''); RETURN NULL; END $$"
    )
    for table in sa.inspect(op.get_bind()).get_table_names():
        if table != "alembic_version":
            op.execute(
                f"CREATE TRIGGER {table}_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION notify_change()"
            )


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _make_tables() -> None:
    op.create_table(
        "organization",
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("slug", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("time_zone", TEXT, nullable=False),
        sa.Column("period_kind", TEXT, nullable=False),
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
        "api_key",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'write')", name="scope"),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_index("ix_api_key_org_key", "api_key", ["org_key"], unique=False)
    op.create_table(
        "audit",
        sa.Column("audit_key", KEY, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("before", TEXT, nullable=True),
        sa.Column("after", TEXT, nullable=True),
        sa.Column("change", KEY, server_default=sa.text("0"), nullable=False),
        sa.Column("reverses", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("audit_key"),
    )
    op.create_index("audit_by_org", "audit", ["org_key", "audit_key"], unique=False)
    op.create_index("audit_reverses", "audit", ["reverses"], unique=False, **_where("reverses IS NOT NULL"))
    op.create_table(
        "cost_rule",
        sa.Column("rule_key", KEY, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
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
        sa.Column("dataset_key", KEY, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("billing_account_id", TEXT, nullable=False),
        sa.Column("billing_period_start", sa.Date(), nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("imported_at", sa.DateTime(), nullable=False),
        sa.Column("part", TEXT, server_default=sa.text("('')"), nullable=False),
        sa.Column("delivered_at", sa.DateTime(), nullable=True),
        sa.Column("export", TEXT, server_default=sa.text("('')"), nullable=False),
        sa.Column("cost_basis", TEXT, server_default=sa.text("'BilledCost'"), nullable=False),
        sa.Column("rows_refused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("stored_rows", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("checksum", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("dataset_key"),
    )
    op.create_index("dataset_of_period", "dataset", ["org_key", "billing_period_start", "source"], unique=False)
    op.create_table(
        "entity",
        sa.Column("entity_key", KEY, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("entity_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("level_code", TEXT, nullable=False),
        sa.Column("parent_key", KEY, nullable=True),
        sa.Column("path", TEXT, nullable=False),
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
        "fx_rate",
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("base", TEXT, nullable=False),
        sa.Column("quote", TEXT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate", TEXT, nullable=False),
        sa.CheckConstraint("base <> quote", name="two_currencies"),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("org_key", "base", "quote", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "idempotency",
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("command", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("org_key", "command", "key"),
    )
    op.create_index("idempotency_by_age", "idempotency", ["created_at"], unique=False)
    op.create_table(
        "level",
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("level_code", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("org_key", "level_code"),
    )
    op.create_table(
        "period_close",
        sa.Column("close_key", KEY, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("monthly_budget", sa.BigInteger(), nullable=False),
        sa.Column("allocated", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("closed_by", TEXT, nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.Column("data_through", sa.Date(), nullable=True),
        sa.CheckConstraint("period_start <= period_end", name="period"),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("close_key"),
    )
    op.create_index("period_close_once", "period_close", ["org_key", "period_start"], unique=True)
    op.create_table(
        "source",
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("billing_account_id", TEXT, nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("replaces_always", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("org_key", "name", "billing_account_id"),
    )
    op.create_table(
        "token_price",
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('input', 'output', 'cached')", name="kind"),
        sa.CheckConstraint("amount_nanos BETWEEN 0 AND 9000000000000000000", name="amount"),
        sa.ForeignKeyConstraint(
            ["org_key"],
            ["organization.org_key"],
        ),
        sa.PrimaryKeyConstraint("org_key", "model", "kind", "starts_on"),
    )
    op.create_table(
        "agent",
        sa.Column("entity_key", KEY, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_key"],
            ["entity.entity_key"],
        ),
        sa.PrimaryKeyConstraint("entity_key"),
    )
    op.create_table(
        "budget",
        sa.Column("budget_id", TEXT, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("entity_key", KEY, nullable=False),
        sa.Column("category", TEXT, nullable=False),
        sa.Column("budget_type", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("period_kind", TEXT, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("notes", TEXT, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_by", TEXT, nullable=True),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.Column("in_cycle", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("carry", TEXT, server_default=sa.text("'none'"), nullable=False),
        sa.Column("carry_cap", sa.BigInteger(), nullable=True),
        sa.Column("carried", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("base", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("used", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("budget_type IN ('monetary', 'token', 'seat')", name="budget_type"),
        sa.CheckConstraint("carry IN ('none', 'unspent', 'deficit', 'both')", name="carry"),
        sa.CheckConstraint("category IN ('cloud', 'genai', 'subscription', 'total')", name="category"),
        sa.CheckConstraint("period_kind IN ('monthly', 'quarterly', 'yearly', 'custom')", name="period_kind"),
        sa.CheckConstraint("amount BETWEEN 0 AND 9000000000000000000", name="amount"),
        sa.CheckConstraint("carry_cap >= 0", name="carry_cap"),
        sa.CheckConstraint("period_start <= period_end", name="period"),
        sa.CheckConstraint("reserved >= 0 AND used + reserved <= amount", name="never_overdrawn"),
        sa.CheckConstraint("used >= 0", name="used"),
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
        **_where("is_active"),
    )
    op.create_index("ix_budget_entity_key", "budget", ["entity_key"], unique=False)
    op.create_table(
        "cost_origin",
        sa.Column("origin_key", KEY, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("provider_name", TEXT, nullable=False),
        sa.Column("service", TEXT, nullable=False),
        sa.Column("service_category", TEXT, nullable=False),
        sa.Column("service_subcategory", TEXT, nullable=False),
        sa.Column("sub_account_id", TEXT, nullable=False),
        sa.Column("sub_account_name", TEXT, nullable=False),
        sa.Column("entity_hint", TEXT, nullable=False),
        sa.Column("path_hint", TEXT, nullable=False),
        sa.Column("category_hint", TEXT, nullable=False),
        sa.Column("tags", TEXT, nullable=False),
        sa.Column("entity_key", KEY, nullable=True),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("category", TEXT, nullable=False),
        sa.Column("billing_account_id", TEXT, server_default=sa.text("('')"), nullable=False),
        sa.Column("charge_category", TEXT, server_default=sa.text("'usage'"), nullable=False),
        sa.CheckConstraint("category IN ('cloud', 'genai', 'subscription', 'total')", name="category"),
        sa.CheckConstraint(
            "charge_category IN ('usage', 'purchase', 'credit', 'tax', 'adjustment', 'correction', 'one-off')",
            name="charge_category",
        ),
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
            "billing_account_id",
            "charge_category",
        ],
        unique=True,
    )
    op.create_index("ix_cost_origin_entity_key", "cost_origin", ["entity_key"], unique=False)
    op.create_table(
        "dataset_replacement",
        sa.Column("dataset_key", KEY, nullable=False),
        sa.Column("replaced_by", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_key"],
            ["dataset.dataset_key"],
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by"],
            ["dataset.dataset_key"],
        ),
        sa.PrimaryKeyConstraint("dataset_key", "replaced_by"),
    )
    op.create_table(
        "former_parent",
        sa.Column("entity_key", KEY, nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("parent_key", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_key"],
            ["entity.entity_key"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_key"],
            ["entity.entity_key"],
        ),
        sa.PrimaryKeyConstraint("entity_key", "through"),
    )
    op.create_table(
        "period_close_line",
        sa.Column("close_key", KEY, nullable=False),
        sa.Column("entity_key", KEY, nullable=False),
        sa.Column("allocation", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("unit", TEXT, server_default=sa.text("'monetary'"), nullable=False),
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
        "seat",
        sa.Column("entity_key", KEY, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("seats", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("seats >= 0", name="seats"),
        sa.ForeignKeyConstraint(
            ["entity_key"],
            ["entity.entity_key"],
        ),
        sa.PrimaryKeyConstraint("entity_key", "provider", "starts_on"),
    )
    op.create_table(
        "token_use",
        sa.Column("entity_key", KEY, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('input', 'output', 'cached')", name="kind"),
        sa.CheckConstraint("tokens >= 1", name="tokens"),
        sa.ForeignKeyConstraint(
            ["entity_key"],
            ["entity.entity_key"],
        ),
        sa.PrimaryKeyConstraint("entity_key", "day", "hour", "model", "kind"),
        sqlite_with_rowid=False,
    )
    op.create_index("token_use_by_hour", "token_use", ["entity_key", "hour"], unique=False)
    op.create_table(
        "allocation",
        sa.Column("allocation_id", TEXT, nullable=False),
        sa.Column("parent_budget_id", TEXT, nullable=False),
        sa.Column("child_budget_id", TEXT, nullable=False),
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
        sa.Column("cost_key", KEY, nullable=False),
        sa.Column("origin_key", KEY, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=True),
        sa.Column("charges", sa.Integer(), nullable=False),
        sa.Column("dataset_key", KEY, nullable=True),
        sa.Column("seats", sa.BigInteger(), nullable=True),
        sa.Column("cell_day", sa.Integer(), nullable=True),
        sa.CheckConstraint("amount_nanos BETWEEN -9000000000000000000 AND 9000000000000000000", name="amount"),
        sa.CheckConstraint("charges >= 1", name="charges"),
        sa.CheckConstraint("day BETWEEN 10101 AND 99991231", name="day"),
        sa.CheckConstraint("seats >= 0", name="seats"),
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
    op.create_index("cost_by_dataset", "cost", ["dataset_key"], unique=False, **_where("dataset_key IS NOT NULL"))
    op.create_index("cost_of_day", "cost", ["day", "origin_key", "amount_nanos"], unique=False)
    op.create_index("cost_of_origin", "cost", ["origin_key", "day", "amount_nanos", "charges"], unique=False)
    op.create_index(
        "cost_with_seats", "cost", ["day", "origin_key", "seats"], unique=False, **_where("seats IS NOT NULL")
    )
    op.create_index(
        "cost_with_tokens", "cost", ["origin_key", "day", "tokens"], unique=False, **_where("tokens IS NOT NULL")
    )
    op.create_table(
        "former_cost",
        sa.Column("former_key", KEY, nullable=False),
        sa.Column("dataset_key", KEY, nullable=False),
        sa.Column("replaced_by", KEY, nullable=False),
        sa.Column("origin_key", KEY, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("cell_day", sa.Integer(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=True),
        sa.Column("seats", sa.BigInteger(), nullable=True),
        sa.Column("charges", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_key"],
            ["dataset.dataset_key"],
        ),
        sa.ForeignKeyConstraint(
            ["origin_key"],
            ["cost_origin.origin_key"],
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by"],
            ["dataset.dataset_key"],
        ),
        sa.PrimaryKeyConstraint("former_key"),
    )
    op.create_index("ix_former_cost_dataset_key", "former_cost", ["dataset_key"], unique=False)
    op.create_index("ix_former_cost_replaced_by", "former_cost", ["replaced_by"], unique=False)
    op.create_table(
        "reservation",
        sa.Column("reservation_id", TEXT, nullable=False),
        sa.Column("budget_id", TEXT, nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("settled_tokens", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("state IN ('held', 'settled', 'released', 'expired')", name="state"),
        sa.CheckConstraint("tokens >= 1", name="tokens"),
        sa.ForeignKeyConstraint(
            ["budget_id"],
            ["budget.budget_id"],
        ),
        sa.PrimaryKeyConstraint("reservation_id"),
    )
    op.create_index(
        "reservation_held", "reservation", ["budget_id", "expires_at"], unique=False, **_where("state = 'held'")
    )
    op.create_table(
        "transfer",
        sa.Column("transfer_id", TEXT, nullable=False),
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("from_budget_id", TEXT, nullable=True),
        sa.Column("to_budget_id", TEXT, nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("amount BETWEEN 1 AND 9000000000000000000", name="amount"),
        sa.CheckConstraint("from_budget_id IS DISTINCT FROM to_budget_id", name="not_to_itself").ddl_if(
            dialect="postgresql"
        ),
        sa.CheckConstraint("from_budget_id IS NOT to_budget_id", name="not_to_itself").ddl_if(dialect="sqlite"),
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
