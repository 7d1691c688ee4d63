"""Writing one batch of the mirror: everything it changes, in one transaction, cursor last."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypeAlias

from sqlmodel import Session

from ledger.core.book import Applied, Book
from ledger.core.codec import canonical
from ledger.core.journal import Entry
from ledger.core.types import Address, BlockRef, LoanId, Log, Subject
from ledger.store.models import (
    BookStateRow,
    LoanHolderRow,
    LoanStateRow,
    LogRow,
    PartyStateRow,
    SubjectStateRow,
)
from ledger.store.pages import Deployment
from ledger.store.stored_book import JOURNAL, RULES, StoredBook
from ledger.store.tables import (
    forget_blocks,
    insert_rows,
    keep_blocks,
    post,
    read_cursor,
    write_cursor,
)
from ledger.store.versions import StateModel, forget_superseded, supersede

Row: TypeAlias = dict[str, Any]


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
        self._dirty: dict[tuple[StateModel, Any], int] = {}
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

    def add(self, applied: Applied) -> None:
        """Take in one event that was applied to the book."""
        block = applied.log.block.number
        if block > self._final and block != self._block:
            self._seal()
        self._block = block
        self._logs.append(_log_row(applied))
        if applied.after is not None:
            self._add_loan(applied)
        if applied.party is not None:
            self._dirty[PartyStateRow, applied.party[0]] = block
        if applied.subject is not None:
            self._dirty[SubjectStateRow, applied.subject[0]] = block
        if applied.rules_after is not applied.rules_before:
            self._dirty[BookStateRow, RULES] = block
        if applied.entry is not None:
            self._dirty[BookStateRow, JOURNAL] = block
            self._entries.append(applied.entry)

    def _add_loan(self, applied: Applied) -> None:
        loan = applied.after
        assert loan is not None
        if applied.before is None:
            self._stored.loan_count += 1
            self._stored.ordinals[loan.loan_id] = self._stored.loan_count
        self._dirty[LoanStateRow, loan.loan_id] = applied.log.block.number
        known = applied.before.holders if applied.before else {}
        self._holders.extend(
            {
                "holder": holder,
                "ordinal": self._stored.ordinals[loan.loan_id],
                "loan_id": loan.loan_id,
                "block_number": applied.log.block.number,
            }
            for holder in loan.holders
            if holder not in known
        )

    def _seal(self) -> None:
        """Keep what changed as versions of the block that changed it last."""
        for (model, key), block in self._dirty.items():
            row = {"block_number": block, **self._state_row(model, key)}
            self._versions[model][key].append(row)
        self._dirty.clear()

    def _state_row(self, model: StateModel, key: Any) -> Row:
        if model is LoanStateRow:
            return loan_row(self._stored, key)
        if model is PartyStateRow:
            return {"wallet": key, "state": canonical(self.book.parties[Address(key)])}
        if model is SubjectStateRow:
            return {"subject": key, "state": self.book.subjects[Subject(key)]}
        part = self.book.rules if key == RULES else self.book.journal
        return {"part": key, "state": canonical(part)}

    def finish(self, blocks: Iterable[BlockRef], end: BlockRef, final: int) -> None:
        """Write the batch: ``blocks`` to keep, all that changed, and last the cursor at ``end``."""
        self._seal()
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
        write_cursor(self._session, end.number, final, self.events)


def loan_row(stored: StoredBook, loan_id: LoanId) -> Row:
    """Return the columns of a loan's state, but for block and mark."""
    loan = stored.book.loans[loan_id]
    return {
        "loan_id": loan_id,
        "ordinal": stored.ordinals[loan_id],
        "status": int(loan.status),
        "borrower": loan.agreement.borrower,
        "product": loan.agreement.product,
        "state": canonical(loan),
    }


def _log_row(applied: Applied) -> Row:
    return {
        **log_columns(applied.log),
        "event": type(applied.event).__name__,
        "loan_id": applied.loan_id,
        "seq": applied.event.seq,
        "head": head_after(applied),
    }


def log_columns(log: Log) -> Row:
    """Return the columns that hold the raw log."""
    return {
        "block_number": log.block.number,
        "log_index": log.index,
        "tx_hash": log.tx_hash,
        "tx_index": log.tx_index,
        "address": log.address,
        "topics": b"".join(log.topics),
        "data": log.data,
    }


def head_after(applied: Applied) -> bytes:
    """Return the hash chain that the event belongs to, after it."""
    if applied.after is not None:
        return applied.after.head
    rules = applied.rules_after
    moved = rules.book_head != applied.rules_before.book_head
    return rules.book_head if moved else rules.registry_head
