"""Replay: the whole book from the chain alone, for a reader who trusts nothing but a block hash.

Needs a node and the book's address. It reads every event since the contracts were created,
rebuilds book and journal, and compares them with what the contracts store.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from ledger.chain.client import Client
from ledger.chain.discovery import FoundBook, find_book
from ledger.chain.state import ContractState
from ledger.core.book import Book, apply
from ledger.core.checks import CHECKS, Run
from ledger.core.findings import Finding, all_well, shown
from ledger.core.journal import Balances
from ledger.core.types import Address, BlockRef, LoanId, Log
from ledger.errors import BookError, DecodeError, ProofError

SPAN = 1000
"""Blocks in one question for logs."""

LOAN_TOPICS = 2
"""An event of a loan has two topics: the event and the loan."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with blocks done and blocks to do."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The book at ``block`` as the chain tells it, and what is wrong with it."""

    chain_id: int
    book: Address
    block: BlockRef
    loans: int
    events: int
    book_head: bytes
    entries: int
    journal_root: bytes
    trial_balance: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether no finding is an error."""
        return all_well(self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``replay --json`` prints."""
        return {
            "chain_id": self.chain_id,
            "book": self.book,
            "block": {"number": self.block.number, "hash": shown(self.block.hash)},
            "loans": self.loans,
            "events": self.events,
            "book_head": shown(self.book_head),
            "journal": {"entries": self.entries, "root": shown(self.journal_root)},
            "trial_balance": {name: str(sum_) for name, sum_ in self.trial_balance.items()},
            "findings": [finding.to_json() for finding in self.findings],
            "ok": self.ok,
        }


def replay(
    client: Client, book: Address, at: int | None = None, progress: Progress | None = None
) -> ReplayResult:
    """Rebuild the book at an address up to block ``at`` (the head without it), and check it.

    Raises ``NoContract`` and ``NotABook`` for an address without a book, and the client's errors
    for a node that does not answer; what contradicts the chain is a finding.
    """
    block = client.head() if at is None else client.block(at)
    found = find_book(client, book, block)
    rebuilt = Book(client.chain_id, found.book, found.registry)
    balances = Balances()
    events = 0
    findings: list[Finding] = []
    for log in read_logs(client, found, block, progress):
        try:
            applied = apply(rebuilt, log)
        except (BookError, DecodeError) as error:
            # Nothing after a log that does not fit can be judged.
            findings.append(refusal(error, log))
            break
        events += applied is not None
        if applied is not None and applied.entry is not None:
            balances.post(applied.entry)
    accounts = dict(sorted(balances.items()))
    if not findings:
        findings += _check(client, rebuilt, accounts, block)
    return ReplayResult(
        chain_id=client.chain_id,
        book=book,
        block=block,
        loans=len(rebuilt.loans),
        events=events,
        book_head=rebuilt.rules.book_head,
        entries=rebuilt.journal.count,
        journal_root=rebuilt.journal.root,
        trial_balance=accounts,
        findings=tuple(findings),
    )


def read_logs(
    client: Client, found: FoundBook, last: BlockRef, progress: Progress | None = None
) -> Iterator[Log]:
    """Yield every log of the book and its registry up to block ``last``, in order."""
    total = last.number - found.first_block + 1
    for first in range(found.first_block, last.number + 1, SPAN):
        end = min(first + SPAN - 1, last.number)
        yield from client.logs(first, end, (found.book, found.registry))
        if progress:
            progress(end - found.first_block + 1, total)


def refusal(error: BookError | DecodeError, log: Log) -> Finding:
    """Return the finding for a log that does not fit."""
    where = f"block {log.block.number}, log {log.index}"
    loan_id = LoanId(log.topics[1]) if len(log.topics) == LOAN_TOPICS else None
    if isinstance(error, BookError):
        return Finding(error.code, where, error.expected, error.found, loan_id)
    return Finding("decode", where, "an event of our contracts", str(error), loan_id)


def _check(
    client: Client, book: Book, balances: dict[str, int], block: BlockRef
) -> Iterator[Finding]:
    try:
        run = Run(
            block=block.number,
            rules=book.rules,
            loans=book.loans.values,
            parties=book.parties,
            subjects=book.subjects,
            balances=balances,
            state=ContractState(client, book.address, book.registry, block),
        )
        for check in CHECKS.values():
            yield from check(run).findings
    except ProofError as error:
        yield Finding("proof", f"block {block.number}", "a proof that holds", str(error))
