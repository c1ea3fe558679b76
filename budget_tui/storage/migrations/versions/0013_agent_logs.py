"""Messages in the logs of agents' programs, each known by its id for ever, and the files that they were read from."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")  # sorted by its bytes
COUNTS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens")


def upgrade() -> None:
    op.create_table(
        "log_message",
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("program", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("copy_of", TEXT, nullable=False),
        sa.Column("origin_key", KEY, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("tier", TEXT, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        sa.Column("amount_picos", sa.BigInteger(), nullable=True),
        sa.Column("sync_id", TEXT, nullable=False),
        sa.Column("is_undone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.ForeignKeyConstraint(["origin_key"], ["cost_origin.origin_key"]),
        sa.PrimaryKeyConstraint("org_key", "program", "message_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("log_message_of_day", "log_message", ["origin_key", "day"], unique=False)
    op.create_index("log_message_of_sync", "log_message", ["sync_id"], unique=False)
    copies = sa.text("copy_of <> ''")
    op.create_index(
        "log_message_copies",
        "log_message",
        ["org_key", "program", "copy_of"],
        unique=False,
        sqlite_where=copies,
        postgresql_where=copies,
    )
    op.create_table(
        "log_file",
        sa.Column("org_key", KEY, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org_key"], ["organization.org_key"]),
        sa.PrimaryKeyConstraint("org_key", "source", "path"),
    )
    for table in ("log_message", "log_file") if op.get_bind().dialect.name == "postgresql" else ():
        op.execute(
            f"CREATE TRIGGER {table}_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION notify_change()"
        )
