"""The database that is set; loads what the database needs, and nothing of the chain."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.config import Settings
from ledger.errors import ConfigError
from ledger.store import Store, open_store
from ledger.store.engine import read_url


@contextmanager
def database(settings: Settings) -> Iterator[Store]:
    """Open the database that is set and close it at the end."""
    with open_store(settings.database_url) as store:
        yield store


@contextmanager
def existing_database(settings: Settings) -> Iterator[Store]:
    """Open the database that is set for reading only what is there already.

    Raises ``ConfigError`` where there is none: opening it would make an empty one.
    """
    url = read_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        problem = f"there is no database {url.database}: run `loanbook mirror` first, or use --db"
        raise ConfigError("database_url", problem)
    with open_store(settings.database_url) as store:
        yield store


@contextmanager
def database_or_temporary(settings: Settings) -> Iterator[Store]:
    """Open the database that is set, else one that ends with the command."""
    if "database_url" in settings.model_fields_set:
        with open_store(settings.database_url) as store:
            yield store
        return
    with (
        tempfile.TemporaryDirectory(prefix="loanbook-") as folder,
        open_store(f"sqlite:///{Path(folder) / 'loanbook.db'}") as store,
    ):
        yield store
