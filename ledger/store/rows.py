"""What one event makes of the mirrored tables: rows by column name, as pure functions.

The mirror writes these rows; a full reconciliation expects them.
"""

from typing import Any, TypeAlias

from ledger.core.book import Applied, Book
from ledger.core.codec import canonical
from ledger.core.journal import Entry
from ledger.core.loan import Loan
from ledger.core.types import Address, BlockRef, Log, Subject
from ledger.store.models import (
    BookStateRow,
    LoanStateRow,
    PartyStateRow,
    SubjectStateRow,
)
from ledger.store.pages import Deployment
from ledger.store.versions import StateModel

Row: TypeAlias = dict[str, Any]
StateKey: TypeAlias = tuple[StateModel, Any]
"""A state table and the key of a record in it."""

ONLY_ROW = 1
"""Key of the row of a table that has one."""

RULES = "rules"
JOURNAL = "journal"


def deployment_row(deployment: Deployment) -> Row:
    """Return the columns that bind a database to a book."""
    return {
        "id": ONLY_ROW,
        "chain_id": deployment.chain_id,
        "book_address": deployment.book,
        "registry_address": deployment.registry,
        "deployed_block": deployment.block,
        "genesis": deployment.genesis,
    }


def block_row(block: BlockRef) -> Row:
    """Return the columns of a block."""
    return {
        "number": block.number,
        "hash": block.hash,
        "parent_hash": block.parent_hash,
        "timestamp": block.timestamp,
    }


def log_row(applied: Applied) -> Row:
    """Return the raw log with what identifies its event."""
    return {
        **raw_log_row(applied.log),
        "event": type(applied.event).__name__,
        "loan_id": applied.loan_id,
        "seq": applied.event.seq,
        "head": _head_after(applied),
    }


def raw_log_row(log: Log) -> Row:
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


def _head_after(applied: Applied) -> bytes:
    """Return the hash chain that the event belongs to, after it."""
    if applied.after is not None:
        return applied.after.head
    rules = applied.rules_after
    moved = rules.book_head != applied.rules_before.book_head
    return rules.book_head if moved else rules.registry_head


def changed_states(applied: Applied) -> list[StateKey]:
    """Return the records that an event changed."""
    keys: list[StateKey] = []
    if applied.after is not None:
        keys.append((LoanStateRow, applied.after.loan_id))
    if applied.party is not None:
        keys.append((PartyStateRow, applied.party[0]))
    if applied.subject is not None:
        keys.append((SubjectStateRow, applied.subject[0]))
    if applied.rules_after is not applied.rules_before:
        keys.append((BookStateRow, RULES))
    if applied.entry is not None:
        keys.append((BookStateRow, JOURNAL))
    return keys


def state_row(book: Book, ordinals: dict[Any, int], model: StateModel, key: Any) -> Row:
    """Return a record's columns as the book has it, but for block and mark."""
    if model is LoanStateRow:
        return _loan_row(book.loans[key], ordinals[key])
    if model is PartyStateRow:
        return {"wallet": key, "state": canonical(book.parties[Address(key)])}
    if model is SubjectStateRow:
        return {"subject": key, "state": book.subjects[Subject(key)]}
    return {"part": key, "state": canonical(book.rules if key == RULES else book.journal)}


def _loan_row(loan: Loan, ordinal: int) -> Row:
    return {
        "loan_id": loan.loan_id,
        "ordinal": ordinal,
        "status": int(loan.status),
        "borrower": loan.agreement.borrower,
        "product": loan.agreement.product,
        "state": canonical(loan),
    }


def holder_rows(applied: Applied, ordinal: int) -> list[Row]:
    """Return a row for each wallet that holds notes of the loan for the first time."""
    loan = applied.after
    if loan is None:
        return []
    known = applied.before.holders if applied.before else {}
    return [
        {
            "holder": holder,
            "ordinal": ordinal,
            "loan_id": loan.loan_id,
            "block_number": applied.log.block.number,
        }
        for holder in loan.holders
        if holder not in known
    ]


def entry_row(entry: Entry) -> Row:
    """Return the columns of a journal entry."""
    return {
        "number": entry.number,
        "block_number": entry.block,
        "log_index": entry.index,
        "loan_id": entry.loan_id,
        "seq": entry.seq,
        "event": entry.event,
        "effective": entry.effective,
        "unit": entry.unit,
        "holder": entry.holder,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def line_rows(entry: Entry) -> list[Row]:
    """Return the columns of an entry's lines."""
    return [
        {
            "entry": entry.number,
            "position": position,
            "account": line.account,
            "amount": line.amount,
        }
        for position, line in enumerate(entry.lines)
    ]
