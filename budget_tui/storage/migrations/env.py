"""Run by Alembic: migrates over the connection that `migrate` hands in."""

from alembic import context
from sqlmodel import SQLModel

from budget_tui.storage import tables  # noqa: F401  (it fills the metadata)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
