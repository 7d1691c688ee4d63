"""A mirrored portfolio whose database tests may copy and damage."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.mirror import Mirror
from tests.live_book import LiveBook
from tests.live_fixtures import live_portfolio, place_of
from tests.stores import new_store


@dataclass(frozen=True)
class Mirrored:
    """A chain, and the file of a database that mirrors it."""

    live: LiveBook
    file: Path

    def copied_to(self, folder: Path) -> Path:
        """Copy the database into a folder, and return the folder."""
        shutil.copy(self.file, folder / "book.db")
        return folder


@contextmanager
def mirrored_portfolio(kind: str, folder: Path) -> Iterator[Mirrored]:
    """Run the portfolio on a chain of this kind and mirror it into the folder."""
    with live_portfolio(kind) as live:
        with new_store(folder) as store:
            Mirror(live.client, store, place_of(live.deployment)).sync()
        with sqlite3.connect(folder / "book.db") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield Mirrored(live, folder / "book.db")
