"""The hash chains that make histories complete: per loan, of the book, of the registry.

    entryHash = keccak256(topics ‖ keccak256(data))
    head'     = keccak256(head ‖ entryHash)

Topics stand outside the inner hash so that they can be shown while data is withheld. A
borrower's credit record is chained likewise over the ids of its loans.
"""

from collections.abc import Sequence

from eth_hash.auto import keccak

from ledger.core.types import LoanId
from ledger.errors import DecodeError

EMPTY_HEAD = bytes(32)
"""Every chain starts here, as the contract's storage does."""


def entry_hash(topics: Sequence[bytes], data: bytes) -> bytes:
    """Return the 32-byte hash of one raw log. Raises ``DecodeError`` for malformed topics."""
    if not topics or any(len(topic) != 32 for topic in topics):
        # Other lengths could shift bytes between topics and data without changing the hash.
        first = topics[0] if topics else None
        raise DecodeError(first, f"topics are 32 bytes each, got {[t.hex() for t in topics]}")
    return keccak(b"".join(topics) + keccak(data))


def next_head(head: bytes, entry: bytes) -> bytes:
    """Return the 32-byte head after the event with hash ``entry``."""
    return keccak(head + entry)


def next_loans_head(head: bytes, loan_id: LoanId) -> bytes:
    """Return the 32-byte head of a subject's credit record after one more opened loan."""
    return keccak(head + loan_id)
