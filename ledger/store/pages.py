"""What a reader gets: immutable records, and pages of them by keyset cursor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ledger.core.events import Event
from ledger.core.journal import Line
from ledger.core.loan import Holding, Loan
from ledger.core.types import Address, BlockRef, LoanId, Timestamp
from ledger.errors import CursorError

T = TypeVar("T")

MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page; ``next`` is the cursor of the page after it, ``None`` on the last."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """The one book that the database mirrors; ``genesis`` is the hash of the chain's block 0."""

    chain_id: int
    book: Address
    registry: Address
    block: int
    genesis: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """The block that answers stand on, and what the book holds there."""

    block: BlockRef
    final: int
    loans: int
    events: int
    entries: int
    journal_root: bytes
    book_head: bytes
    registry_head: bytes

    @property
    def is_final(self) -> bool:
        """Whether no reorganisation can take this block back."""
        return self.block.number <= self.final


@dataclass(frozen=True, slots=True)
class LoanView:
    """A loan as it stands; ``block`` is the number of the block that changed it last."""

    ordinal: int
    block: int
    loan: Loan


@dataclass(frozen=True, slots=True)
class EventView:
    """One event with its raw log; ``head`` is the hash chain it belongs to, after it."""

    block: BlockRef
    tx_hash: bytes
    tx_index: int
    log_index: int
    address: Address
    name: str
    loan_id: LoanId | None
    seq: int
    head: bytes
    topics: tuple[bytes, ...]
    data: bytes
    event: Event


@dataclass(frozen=True, slots=True)
class HolderView:
    """A holder's account in one loan; ``claimable`` could be paid out now, minor units."""

    holder: Address
    holding: Holding
    claimable: int


@dataclass(frozen=True, slots=True)
class PositionView:
    """One holder's account beside the loan that it is in."""

    loan: LoanView
    holder: HolderView


@dataclass(frozen=True, slots=True)
class EntryView:
    """One journal entry with its lines."""

    number: int
    loan_id: LoanId | None
    seq: int
    event: str
    block: BlockRef
    log_index: int
    effective: Timestamp
    unit: str
    holder: Address | None
    hash: bytes
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ReconciliationView:
    """The result of a reconciliation, as ``reconcile --json`` prints it."""

    block: int
    block_hash: bytes
    full: bool
    ok: bool
    result: dict[str, Any]


def read_cursor(after: str | None, parts: int) -> tuple[int, ...] | None:
    """Return the numbers in a cursor. Raises ``CursorError`` unless there are ``parts`` of them."""
    if after is None:
        return None
    numbers = after.split("-")
    if len(numbers) != parts or not all(_is_number(number) for number in numbers):
        raise CursorError(f"cursor {after[:60]!r} is not one that a page of this list gave")
    return tuple(int(number) for number in numbers)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def page_of(
    rows: Sequence[Any], limit: int, view: Callable[[Any], T], key: Callable[[Any], tuple[int, ...]]
) -> Page[T]:
    """Return the page of the first ``limit`` of ``rows``, which holds one more if there is more."""
    shown = rows[:limit]
    following = "-".join(map(str, key(shown[-1]))) if len(rows) > limit else None
    return Page(tuple(view(row) for row in shown), following)


def checked(limit: int) -> int:
    """Return a page's size. Raises ``CursorError`` unless it is 1 to 1000."""
    if not 0 < limit <= MAX_LIMIT:
        raise CursorError(f"a page holds 1 to {MAX_LIMIT} items, asked for {limit}")
    return limit
