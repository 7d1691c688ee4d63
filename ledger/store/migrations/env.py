"""Alembic's entry: runs the migrations on the connection that the store hands over."""

from alembic import context
from sqlmodel import SQLModel

# The transaction is the caller's: schema and version change together, or not at all.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
)
context.run_migrations()
