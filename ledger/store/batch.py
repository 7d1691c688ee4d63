"""Writing one batch of the mirror: everything it changes, in one transaction, cursor last."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlmodel import Session

from ledger.core.book import Applied, Book
from ledger.core.journal import Entry
from ledger.core.types import BlockRef
from ledger.store.models import LoanHolderRow, LogRow
from ledger.store.pages import Deployment
from ledger.store.rows import Row, StateKey, changed_states, holder_rows, log_row, state_row
from ledger.store.stored_book import StoredBook
from ledger.store.tables import (
    forget_blocks,
    insert_rows,
    keep_blocks,
    post,
    read_cursor,
    write_cursor,
)
from ledger.store.versions import StateModel, forget_superseded, supersede


class Batch:
    """Collects what events changed and writes it when the batch ends.

    Blocks above ``final`` keep a version of what they changed each, so that a reorganisation can
    take one of them back.
    """

    def __init__(self, session: Session, deployment: Deployment, final: int) -> None:
        self._session = session
        self._final = final
        self._stored = StoredBook(session, deployment)
        self._block = 0
        self._changed: dict[StateKey, int] = {}
        self._versions: dict[StateModel, dict[Any, list[Row]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._logs: list[Row] = []
        self._holders: list[Row] = []
        self._entries: list[Entry] = []

    @property
    def book(self) -> Book:
        """The book to apply events to."""
        return self._stored.book

    @property
    def events(self) -> int:
        """Events added so far."""
        return len(self._logs)

    @property
    def entries(self) -> int:
        """Journal entries added so far."""
        return len(self._entries)

    def enter(self, block: int) -> None:
        """Say which block the next log is of, before it is applied to the book."""
        if block > self._final and block != self._block:
            self._keep_versions()
        self._block = block

    def add(self, applied: Applied) -> None:
        """Take in one event, right after it was applied to the book."""
        if applied.after is not None:
            ordinal = self._stored.ordinal(applied.after.loan_id)
            self._holders += holder_rows(applied, ordinal)
        if applied.entry is not None:
            self._entries.append(applied.entry)
        self._logs.append(log_row(applied))
        self._changed |= dict.fromkeys(changed_states(applied), self._block)

    def _keep_versions(self) -> None:
        """Keep what changed as versions of the block that changed it last."""
        for (model, key), block in self._changed.items():
            row = state_row(self.book, self._stored.ordinals, model, key)
            self._versions[model][key].append({**row, "block_number": block})
        self._changed.clear()

    def finish(self, blocks: Iterable[BlockRef], end: BlockRef, final: int) -> None:
        """Write the batch: ``blocks`` to keep, all that changed, and last the cursor at ``end``."""
        self._keep_versions()
        keep_blocks(self._session, blocks)
        insert_rows(self._session, LogRow, self._logs)
        for model, versions in self._versions.items():
            supersede(self._session, model, versions)
        insert_rows(self._session, LoanHolderRow, self._holders)
        post(self._session, self._entries)
        cursor = read_cursor(self._session)
        since = 0
        if cursor is not None:
            since = min(cursor.final_number, cursor.block_number)
            final = max(final, cursor.final_number)
        forget_superseded(self._session, final)
        forget_blocks(self._session, since, min(final, end.number))
        write_cursor(self._session, end.number, min(final, end.number), self.events)
