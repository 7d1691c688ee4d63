"""The journal: every event that moves value becomes one balanced entry.

The accounts are those of ``ledger.core.accounts``.

| event              | debit                | credit                             |
|--------------------|----------------------|------------------------------------|
| Committed          | custody              | escrow                             |
| Refunded           | escrow               | custody                            |
| Disbursed          | escrow of each       | custody                            |
| and                | receivable           | claims                             |
| Repaid, Prepaid    | custody              | payable, fees                      |
| and, principal     | claims               | receivable                         |
| PaidOut            | payable              | custody (sub-ledger: ``holder``)   |
| FeesWithdrawn      | fees                 | custody                            |

Other events move no value of the book: a sale's price goes from lender to lender outside custody.
An entry links to the one before it by hash; ``Tail.root`` is the RFC 6962 tree head over the
canonical bytes of all entries.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ledger.core import accounts
from ledger.core.codec import canonical
from ledger.core.events import (
    Committed,
    Disbursed,
    Event,
    FeesWithdrawn,
    PaidOut,
    Prepaid,
    Refunded,
    Repaid,
)
from ledger.core.loan import Loan
from ledger.core.merkle import Frontier, leaf_hash
from ledger.core.rules import Rules
from ledger.core.types import Address, LoanId, MinorUnits, Timestamp
from ledger.errors import JournalError

_Line: TypeAlias = tuple[str, int]

FIRST_LINK = bytes(32)
"""What the first entry links to."""


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry, minor units: ``amount`` is a debit above zero, a credit below."""

    account: str
    amount: MinorUnits


@dataclass(frozen=True, slots=True)
class Entry:
    """One balanced entry; identified by chain, book, block number and log index.

    ``number`` counts from 0 and is its leaf in the tree. ``effective`` is the block's time, for a
    payment the time at which money moved. ``holder`` is who was paid out. ``previous`` is the
    hash of the entry before it.
    """

    number: int
    chain_id: int
    book: Address
    block: int
    index: int
    loan_id: LoanId | None
    seq: int
    event: str
    effective: Timestamp
    unit: str
    holder: Address | None
    lines: tuple[Line, ...]
    previous: bytes

    def canonical(self) -> bytes:
        """Return the bytes that are hashed: the decision alone, nothing of storage."""
        return canonical(self)

    @property
    def hash(self) -> bytes:
        """The RFC 6962 leaf hash, to which the next entry links."""
        return leaf_hash(self.canonical())


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of the journal: all that is needed to go on and to give the root."""

    hash: bytes = FIRST_LINK
    frontier: Frontier = field(default_factory=Frontier)

    @property
    def count(self) -> int:
        """Entries so far."""
        return self.frontier.size

    @property
    def root(self) -> bytes:
        """The journal's root: 32 bytes."""
        return self.frontier.root()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands, as entries name it."""

    chain_id: int
    book: Address
    block: int
    index: int


def append(tail: Tail, entry: Entry) -> Tail:
    """Return the journal's end after ``entry``.

    Raises ``JournalError`` for an entry that does not balance, has an empty line or does not
    follow the one before.
    """
    total = sum(line.amount for line in entry.lines)
    if total or not entry.lines or not all(line.amount for line in entry.lines):
        raise JournalError("balance", f"entry {entry.number} balances", 0, entry.lines)
    if (entry.number, entry.previous) != (tail.count, tail.hash):
        raise JournalError(
            "link",
            "entries follow each other",
            f"{tail.count} after 0x{tail.hash.hex()}",
            f"{entry.number} after 0x{entry.previous.hex()}",
        )
    data = entry.canonical()
    return Tail(leaf_hash(data), tail.frontier.append(data))


def post(tail: Tail, place: Place, event: Event, loan: Loan | None, rules: Rules) -> Entry | None:
    """Return the entry of ``event``, or ``None`` if it moves nothing.

    ``loan`` is the event's loan as it was before.
    """
    lines: Iterable[_Line]
    if isinstance(event, FeesWithdrawn):
        unit = rules.settlements[event.settlement].unit
        lines = _moved(accounts.fees(unit, event.receiver), accounts.custody(unit), event.amount)
    elif loan is not None and type(event) in _POSTINGS:
        unit, lines = loan.unit, _POSTINGS[type(event)](loan, event)
    else:
        return None
    return Entry(
        number=tail.count,
        chain_id=place.chain_id,
        book=place.book,
        block=place.block,
        index=place.index,
        loan_id=loan.loan_id if loan else None,
        seq=event.seq,
        event=type(event).__name__,
        effective=event.paid_at if isinstance(event, Repaid | Prepaid) else event.at,
        unit=unit,
        holder=event.holder if isinstance(event, PaidOut) else None,
        lines=tuple(Line(account, MinorUnits(amount)) for account, amount in lines if amount),
        previous=tail.hash,
    )


def _moved(debit: str, credit: str, amount: int) -> list[_Line]:
    return [(debit, amount), (credit, -amount)]


def _committed(loan: Loan, event: Committed) -> list[_Line]:
    account = accounts.escrow(loan.unit, loan.loan_id, event.lender)
    return _moved(accounts.custody(loan.unit), account, event.amount)


def _refunded(loan: Loan, event: Refunded) -> list[_Line]:
    account = accounts.escrow(loan.unit, loan.loan_id, event.lender)
    return _moved(account, accounts.custody(loan.unit), event.amount)


def _disbursed(loan: Loan, event: Disbursed) -> list[_Line]:
    unit, loan_id = loan.unit, loan.loan_id
    return [
        *(
            (accounts.escrow(unit, loan_id, lender), holding.units)
            for lender, holding in sorted(loan.holders.items())
        ),
        (accounts.custody(unit), -event.amount),
        (accounts.receivable(unit, loan_id), event.amount),
        (accounts.claims(unit, loan_id), -event.amount),
    ]


def _repaid(loan: Loan, event: Repaid) -> list[_Line]:
    return _paid(loan, event.penalty + event.interest, event.principal, event.fee)


def _prepaid(loan: Loan, event: Prepaid) -> list[_Line]:
    return _paid(loan, event.interest, event.principal, event.fee)


def _paid(loan: Loan, yield_: int, principal: int, fee: int) -> list[_Line]:
    """Money in, to the holders and the fee receiver; principal is owed and claimed no more."""
    unit, loan_id = loan.unit, loan.loan_id
    return [
        (accounts.custody(unit), yield_ + principal + fee),
        (accounts.payable(unit, loan_id), -yield_ - principal),
        (accounts.fees(unit, loan.agreement.fee_receiver), -fee),
        (accounts.claims(unit, loan_id), principal),
        (accounts.receivable(unit, loan_id), -principal),
    ]


def _paid_out(loan: Loan, event: PaidOut) -> list[_Line]:
    account = accounts.payable(loan.unit, loan.loan_id)
    return _moved(account, accounts.custody(loan.unit), event.amount)


_POSTINGS: Mapping[type[Event], Callable[[Loan, Any], list[_Line]]] = {
    Committed: _committed,
    Refunded: _refunded,
    Disbursed: _disbursed,
    Repaid: _repaid,
    Prepaid: _prepaid,
    PaidOut: _paid_out,
}


class Balances:
    """Running balances of all accounts, debit above zero; an account at zero takes no room."""

    def __init__(self, balances: Mapping[str, int] | None = None) -> None:
        self._balances: dict[str, int] = dict(balances or {})

    def post(self, entry: Entry) -> None:
        """Add the lines of ``entry``."""
        for line in entry.lines:
            balance = self._balances.pop(line.account, 0) + line.amount
            if balance:
                self._balances[line.account] = balance

    def of(self, account: str) -> int:
        """Return one account's balance, minor units."""
        return self._balances.get(account, 0)

    def items(self) -> Iterator[tuple[str, int]]:
        """Yield the accounts that are not at zero, in order."""
        yield from sorted(self._balances.items())


def trial_balance(entries: Iterable[Entry]) -> dict[str, int]:
    """Return every account that is not at zero; the values sum to zero."""
    balances = Balances()
    for entry in entries:
        balances.post(entry)
    return dict(balances.items())
