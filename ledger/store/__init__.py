"""The database: what the mirror brings from the chain, and what the chain cannot give back."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from sqlmodel import Session

from ledger.store.engine import Sessions, make_engine, read_url
from ledger.store.migrate import upgrade
from ledger.store.outbox_repo import OutboxRepo
from ledger.store.read import ReadView

BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process's lock."""


class Store:
    """One open database. Use it from as many threads as you like; close it at the end."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.outbox = OutboxRepo(sessions)

    @contextmanager
    def read(self) -> Iterator[ReadView]:
        """Yield a view of one consistent snapshot: all reads of one answer belong in one."""
        with self.sessions.read() as session:
            yield ReadView(session)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session in one write transaction: all of it happens, or nothing."""
        with self.sessions.write() as session:
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.sessions.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> Store:
    """Open the database at ``url`` and bring it to this version's schema.

    ``busy_timeout`` is in seconds. Raises ``ConfigError`` for a URL that cannot be used,
    ``StoreBusy`` (try again) when another process holds the lock, ``SchemaTooNew`` for a database
    of a later version, ``StoreError`` for one that is not reachable or not Loanbook's.
    """
    parsed = read_url(url)
    sessions = Sessions(
        make_engine(parsed, busy_timeout), parsed.render_as_string(hide_password=True)
    )
    try:
        with sessions.connection() as connection:
            upgrade(connection, sessions.name)
    except BaseException:
        sessions.dispose()
        raise
    return Store(sessions)
