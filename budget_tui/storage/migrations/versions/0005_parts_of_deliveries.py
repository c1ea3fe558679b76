"""Parts of deliveries: cells, kinds of charges, and facts about sources"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ORIGIN = (
    "org_key, source, live, currency, provider_name, service, service_category, service_subcategory, sub_account_id,"
    " sub_account_name, entity_hint, path_hint, category_hint, tags, entity_key, provider, category"
)


def upgrade() -> None:
    _origins()
    _parts()
    op.create_table(
        "source",
        sa.Column("org_key", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("billing_account_id", sa.String(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("replaces_always", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("org_key", "name", "billing_account_id"),
    )


def _origins() -> None:
    op.execute("ALTER TABLE cost_origin ADD COLUMN billing_account_id VARCHAR NOT NULL DEFAULT ''")
    op.execute(
        "ALTER TABLE cost_origin ADD COLUMN charge_category VARCHAR NOT NULL DEFAULT 'usage' CONSTRAINT charge_category"
        " CHECK (charge_category IN ('usage', 'purchase', 'credit', 'tax', 'adjustment', 'correction', 'one-off'))"
    )
    op.drop_index("cost_origin_once", "cost_origin")
    # Until now an origin could have costs of several billing accounts: each account gets its own origin.
    used = op.get_bind().execute(
        sa.text(
            "SELECT DISTINCT c.origin_key, d.billing_account_id FROM"
            " (SELECT origin_key, dataset_key FROM cost WHERE dataset_key IS NOT NULL"
            " UNION SELECT origin_key, dataset_key FROM former_cost) c JOIN dataset d USING (dataset_key)"
            " WHERE d.billing_account_id <> '' ORDER BY 1, 2"
        )
    )
    told_apart = set()
    for origin_key, account in used.all():
        bound = {"origin": origin_key, "account": account}
        if origin_key not in told_apart:
            told_apart.add(origin_key)
            _execute("UPDATE cost_origin SET billing_account_id = :account WHERE origin_key = :origin", bound)
            continue
        _execute(
            f"INSERT INTO cost_origin (billing_account_id, {_ORIGIN})"
            f" SELECT :account, {_ORIGIN} FROM cost_origin WHERE origin_key = :origin",
            bound,
        )
        _execute(
            "UPDATE cost SET origin_key = (SELECT max(origin_key) FROM cost_origin) WHERE origin_key = :origin"
            " AND dataset_key IN (SELECT dataset_key FROM dataset WHERE billing_account_id = :account)",
            bound,
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


def _parts() -> None:
    for column in (
        "part VARCHAR NOT NULL DEFAULT ''",
        "delivered_at DATETIME",
        "export VARCHAR NOT NULL DEFAULT ''",
        "cost_basis VARCHAR NOT NULL DEFAULT 'BilledCost'",
        "rows_refused INTEGER NOT NULL DEFAULT 0",
        "stored_rows INTEGER NOT NULL DEFAULT 0",
        "checksum BIGINT NOT NULL DEFAULT 0",
    ):
        op.execute(f"ALTER TABLE dataset ADD COLUMN {column}")
    op.drop_index("dataset_once", "dataset")
    op.create_index("dataset_of_period", "dataset", ["org_key", "billing_period_start", "source"])
    op.create_table(
        "dataset_replacement",
        sa.Column("dataset_key", sa.Integer(), nullable=False),
        sa.Column("replaced_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_key"], ["dataset.dataset_key"]),
        sa.ForeignKeyConstraint(["replaced_by"], ["dataset.dataset_key"]),
        sa.PrimaryKeyConstraint("dataset_key", "replaced_by"),
    )
    op.execute("ALTER TABLE cost ADD COLUMN cell_day INTEGER")
    op.execute("UPDATE cost SET cell_day = day WHERE dataset_key IS NOT NULL")
    # The rows stored here had neither their cells nor what replaced them.
    op.drop_table("former_cost")
    op.create_table(
        "former_cost",
        sa.Column("former_key", sa.Integer(), nullable=False),
        sa.Column("dataset_key", sa.Integer(), nullable=False),
        sa.Column("replaced_by", sa.Integer(), nullable=False),
        sa.Column("origin_key", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("cell_day", sa.Integer(), nullable=False),
        sa.Column("amount_nanos", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=True),
        sa.Column("seats", sa.BigInteger(), nullable=True),
        sa.Column("charges", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_key"], ["dataset.dataset_key"]),
        sa.ForeignKeyConstraint(["replaced_by"], ["dataset.dataset_key"]),
        sa.ForeignKeyConstraint(["origin_key"], ["cost_origin.origin_key"]),
        sa.PrimaryKeyConstraint("former_key"),
    )
    op.create_index("ix_former_cost_dataset_key", "former_cost", ["dataset_key"])
    op.create_index("ix_former_cost_replaced_by", "former_cost", ["replaced_by"])
    op.execute(
        "UPDATE dataset SET stored_rows = s.stored_rows, checksum = s.checksum FROM (SELECT dataset_key,"
        " count(*) AS stored_rows, sum(amount_nanos % 1000000007 + 3 * day + 5 * cell_day"
        " + 7 * coalesce(tokens % 1000000007, -1) + 11 * coalesce(seats % 1000000007, -1) + 13 * charges"
        " + 17 * origin_key) AS checksum FROM cost WHERE dataset_key IS NOT NULL GROUP BY dataset_key) AS s"
        " WHERE s.dataset_key = dataset.dataset_key"
    )


def _execute(statement: str, bound: dict[str, object]) -> None:
    op.get_bind().execute(sa.text(statement), bound)
