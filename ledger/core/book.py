"""The book as the events tell it: every log goes in, in order, or is refused.

``apply`` decodes, checks sequence and time, recomputes the head, applies the event and posts its
entry. It changes everything or nothing.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from ledger.core import codec
from ledger.core.agreement import Domain
from ledger.core.decode import decode_book, decode_registry
from ledger.core.events import (
    BookEvent,
    Event,
    LoanEvent,
    Opened,
    Prepaid,
    RegistryRoleChanged,
    Repaid,
)
from ledger.core.hashchain import EMPTY_HEAD, entry_hash, next_head, next_loans_head
from ledger.core.journal import Entry, Place, Tail, append, post
from ledger.core.loan import EventRef, Loan
from ledger.core.opening import Context
from ledger.core.refusal import ensure, ensure_equal
from ledger.core.rules import (
    Party,
    Rules,
    apply_book_event,
    apply_registry_event,
    credit_fee,
    participant,
)
from ledger.core.servicing import apply_loan
from ledger.core.types import Address, LoanId, Log, Subject
from ledger.errors import BookError


@dataclass(frozen=True, slots=True)
class Applied:
    """One event and all that it changed.

    ``before`` and ``after`` are its loan, both ``None`` for an event of the book or the registry.
    ``rules_after`` is ``rules_before`` itself where nothing changed. ``party`` and ``subject`` are
    the wallet's new entry and the subject's new ``loansHead``, where there is one. ``journal`` is
    the journal's end after ``entry``.
    """

    log: Log
    event: Event
    loan_id: LoanId | None
    before: Loan | None
    after: Loan | None
    rules_before: Rules
    rules_after: Rules
    party: tuple[Address, Party] | None
    subject: tuple[Subject, bytes] | None
    entry: Entry | None
    journal: Tail


@dataclass(slots=True)
class Book:
    """The whole state at one block.

    The mappings may be backed by a store. ``subjects`` has the ``loansHead`` of each borrower's
    subject. ``cursor`` is block number and index of the last log.
    """

    chain_id: int
    address: Address
    registry: Address
    loans: MutableMapping[LoanId, Loan] = field(default_factory=dict)
    parties: MutableMapping[Address, Party] = field(default_factory=dict)
    subjects: MutableMapping[Subject, bytes] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    journal: Tail = field(default_factory=Tail)
    cursor: tuple[int, int] = (-1, -1)

    @property
    def domain(self) -> Domain:
        """Where the signatures of this book count."""
        return Domain(self.chain_id, self.address)


def apply(book: Book, log: Log) -> Applied | None:
    """Apply one log of the book or the registry; ``None`` for one outside the heads.

    Logs come in the order of block and index, all of them. Raises ``BookError`` or
    ``DecodeError`` for a log that does not fit; the book is then unchanged.
    """
    event: Event | None = None
    try:
        event = _read(book, log)
        applied = _judge(book, log, event) if event else None
    except BookError as error:
        error.loan_id = getattr(event, "loan_id", None)
        error.where = f"block {log.block.number}, log {log.index}"
        raise
    book.cursor = (log.block.number, log.index)
    if applied:
        _write(book, applied)
    return applied


def book_digest(book: Book) -> bytes:
    """Return SHA-256 over the whole state: equal books have equal digests."""
    whole = sha256(codec.canonical((book.chain_id, book.address, book.registry)))
    whole.update(codec.digest((book.rules, book.journal)))
    tables: tuple[Mapping[Any, object], ...] = (book.parties, book.subjects, book.loans)
    for table in tables:
        whole.update(codec.digest(len(table)))
        for key in sorted(table):
            whole.update(codec.digest((key, table[key])))
    return whole.digest()


def _read(book: Book, log: Log) -> Event | None:
    """Return the decoded event once its place and sender fit."""
    place = (log.block.number, log.index)
    ensure(book.cursor < place, "order", "logs rise", f"after {book.cursor}", place)
    if log.address == book.address:
        return decode_book(log.topics, log.data)
    if log.address == book.registry:
        return decode_registry(log.topics, log.data)
    ours = f"{book.address} or {book.registry}"
    raise BookError("address", "a log of another contract", ours, log.address)


def _judge(book: Book, log: Log, event: Event) -> Applied:
    """Return all that ``event`` changes, and change nothing."""
    ensure_equal("time", "an event carries its block's time", log.block.timestamp, event.at)
    entry = entry_hash(log.topics, log.data)
    if isinstance(event, LoanEvent):
        return _judge_loan(book, log, event, entry)
    if isinstance(event, BookEvent):
        rules = apply_book_event(book.rules, event, book.registry, entry)
        return _applied(book, log, event, rules=rules)
    rules, party = apply_registry_event(book.rules, book.parties, event, entry)
    if isinstance(event, RegistryRoleChanged) or party is None:
        return _applied(book, log, event, rules=rules)
    return _applied(book, log, event, rules=rules, party=(event.wallet, party))


def _judge_loan(book: Book, log: Log, event: LoanEvent, entry: bytes) -> Applied:
    before = book.loans.get(event.loan_id)
    context = Context(
        domain=book.domain,
        rules=book.rules,
        parties=book.parties,
        ref=EventRef.of(log),
        entry=entry,
    )
    after = apply_loan(before, event, context)
    rules, subject = book.rules, None
    if isinstance(event, Opened):
        rules = replace(rules, book_head=next_head(rules.book_head, entry))
        owner = participant(book.parties, event.agreement.borrower).subject
        head = book.subjects.get(owner, EMPTY_HEAD)
        subject = (owner, next_loans_head(head, event.loan_id))
    elif isinstance(event, Repaid | Prepaid):
        rules = credit_fee(rules, after.settlement, after.agreement.fee_receiver, event.fee)
    return _applied(book, log, event, rules=rules, before=before, after=after, subject=subject)


def _applied(
    book: Book,
    log: Log,
    event: Event,
    *,
    rules: Rules,
    before: Loan | None = None,
    after: Loan | None = None,
    party: tuple[Address, Party] | None = None,
    subject: tuple[Subject, bytes] | None = None,
) -> Applied:
    place = Place(book.chain_id, book.address, log.block.number, log.index)
    entry = post(book.journal, place, event, before, rules)
    return Applied(
        log=log,
        event=event,
        loan_id=after.loan_id if after else None,
        before=before,
        after=after,
        rules_before=book.rules,
        rules_after=rules,
        party=party,
        subject=subject,
        entry=entry,
        journal=append(book.journal, entry) if entry else book.journal,
    )


def _write(book: Book, applied: Applied) -> None:
    if applied.after:
        book.loans[applied.after.loan_id] = applied.after
    if applied.party:
        wallet, party = applied.party
        book.parties[wallet] = party
    if applied.subject:
        subject, head = applied.subject
        book.subjects[subject] = head
    book.rules = applied.rules_after
    book.journal = applied.journal
