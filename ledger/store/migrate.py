"""Bringing a database to this version's schema, in one transaction."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from ledger.errors import SchemaTooNew, StoreError

VERSION_TABLE = "alembic_version"


def configuration() -> Config:
    """Return Alembic's configuration of the migrations that come with this package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(connection: Connection, name: str) -> None:
    """Create or upgrade the schema of the database that errors call ``name``.

    Raises ``SchemaTooNew`` for a schema of a later version and ``StoreError`` for a database
    that holds something else. An interrupted upgrade leaves the schema as it was.
    """
    config = configuration()
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    revision = MigrationContext.configure(connection).get_current_revision()
    tables = set(inspect(connection).get_table_names()) - {VERSION_TABLE}
    if revision is None and tables:
        raise StoreError(
            f"database {name} is not Loanbook's: it holds {', '.join(sorted(tables)[:5])}; "
            "give another database"
        )
    if revision is not None and revision not in known:
        raise SchemaTooNew(
            f"database {name} has schema {revision}, this version of Loanbook knows "
            f"{scripts.get_current_head()}: upgrade Loanbook"
        )
    if revision != scripts.get_current_head():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
