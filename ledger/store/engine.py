"""Opening the database, and its two kinds of transaction.

SQLite runs in WAL mode: readers see one snapshot and never wait for the writer. A writer takes
the lock when it begins, so it cannot fail half-way for want of it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import Session, create_engine

from ledger.errors import ConfigError, StoreBusy, StoreError

SETTING = "database_url"
DRIVERS = frozenset({"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"})
"""What is installed with Loanbook and does not need an event loop."""
USABLE = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"

SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL = 5, 6, 13
POSTGRES_BUSY = frozenset({"40001", "40P01", "55P03"})
"""Serialisation failure, deadlock, lock not available."""


def read_url(url: str) -> URL:
    """Return the parsed database URL. Raises ``ConfigError`` for one that cannot be used."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # What the parser says may quote the password.
        raise ConfigError(SETTING, f"it is no database URL: use {USABLE}") from None
    if parsed.drivername not in DRIVERS:
        raise ConfigError(SETTING, f"database {parsed.drivername} is not supported: use {USABLE}")
    if parsed.get_backend_name() == "sqlite":
        _check_file(parsed)
    return parsed


def _check_file(url: URL) -> None:
    if url.host or url.query or "\0" in (url.database or ""):
        problem = "expected sqlite:///FILE, with three slashes and nothing after the file"
        raise ConfigError(SETTING, problem)
    if url.database in (None, "", ":memory:"):
        raise ConfigError(SETTING, "an in-memory database cannot be shared: use sqlite:///FILE")
    folder = Path(str(url.database)).resolve().parent
    if not folder.is_dir():
        problem = f"folder {folder} of database {url.database} does not exist: make it"
        raise ConfigError(SETTING, problem)


def make_engine(url: URL, busy_timeout: float) -> Engine:
    """Return an engine whose connections wait ``busy_timeout`` seconds for a lock."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url, isolation_level="REPEATABLE READ")
    engine = create_engine(url, connect_args={"timeout": busy_timeout})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # Transactions are begun by _begin_sqlite, not by the driver's own rules.
    connection.isolation_level = None
    # A damaged text must come back as a value that differs, not as an error without a row.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    connection.execute("PRAGMA journal_mode = WAL")
    # Signed bytes are broadcast right after the commit: it has to be on the disk.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("loanbook_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def explained(database: str) -> Iterator[None]:
    """Turn the driver's errors into ``StoreError`` and ``StoreBusy``."""
    try:
        yield
    except DBAPIError as error:
        raise _explain(error, database) from error
    except sqlite3.Error as error:
        raise _explain_driver(error, database) from error


def _explain(error: DBAPIError, database: str) -> StoreError:
    driver: Any = error.orig
    if getattr(driver, "sqlstate", None) in POSTGRES_BUSY:
        return StoreBusy(f"database {database} is busy ({driver}): try again")
    return _explain_driver(driver, database)


def _explain_driver(driver: Any, database: str) -> StoreError:
    code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
    if code in (SQLITE_BUSY, SQLITE_LOCKED):
        return StoreBusy(
            f"database {database} is locked by another process: try again when it has finished"
        )
    if code == SQLITE_FULL:
        return StoreError(f"no space left for database {database}: free some and run again")
    return StoreError(f"database {database} cannot be used: {driver}")


class Sessions:
    """Hands out the two kinds of transaction of one database."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._writer = engine.execution_options(loanbook_writes=True)
        self.name = name

    @property
    def file(self) -> Path | None:
        """The database's file; ``None`` for a server."""
        url = self._engine.url
        return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Yield a connection within one write transaction."""
        with explained(self.name), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def autocommitting(self) -> Iterator[Connection]:
        """Yield a connection outside any transaction; what it locks ends with it."""
        with explained(self.name), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session on one consistent snapshot; whatever it changes is rolled back."""
        with (
            explained(self.name),
            self._engine.connect() as connection,
            Session(connection) as session,
        ):
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session in one transaction: committed on normal exit, else rolled back."""
        with self.connection() as connection, Session(connection) as session:
            yield session
            session.flush()

    def dispose(self) -> None:
        """Close every connection."""
        self._engine.dispose()
