"""What a play comes to: every loan as the books have it, and whether everybody agrees."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

from ledger.chain.client import Client
from ledger.chain.loan_book import LoanBook
from ledger.core.events import Event, Prepaid, Repaid
from ledger.core.findings import Finding, all_well, shown
from ledger.core.loan import Loan
from ledger.core.types import LoanId, Timestamp
from ledger.core.views import bucket, days_past_due
from ledger.demo.scenario import Played, Step
from ledger.deployments import mirrored
from ledger.mirror import Mirror
from ledger.reconcile import Reconciliation, reconcile
from ledger.replay import ReplayResult, replay
from ledger.store import Store
from ledger.store.pages import Standing
from ledger.store.read import ReadView

Show: TypeAlias = Callable[[str], AbstractContextManager[Step]]
"""Opens the progress of a piece of work by its name."""


@dataclass(frozen=True, slots=True)
class LoanOutcome:
    """One loan at the end. Amounts are minor units, ``dpd`` is days past due.

    ``paid`` is all that the borrower paid, ``penalty`` a part of it; ``holders`` hold notes now.
    """

    loan_id: LoanId
    story: str
    bank: bool
    currency: str
    principal: int
    outstanding: int
    paid: int
    penalty: int
    dpd: int
    status: str
    holders: int
    events: int

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as ``demo --json`` prints it."""
        return {
            "loan_id": shown(self.loan_id),
            "story": self.story,
            "mode": "bank" if self.bank else "token",
            "currency": self.currency,
            "principal": str(self.principal),
            "outstanding": str(self.outstanding),
            "paid": str(self.paid),
            "penalty": str(self.penalty),
            "days_past_due": self.dpd,
            "bucket": bucket(self.dpd),
            "status": self.status,
            "holders": self.holders,
            "events": self.events,
        }


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The end of a play: books, reconciliation and replay, beside what the chain says."""

    played: Played
    standing: Standing
    chain_head: bytes
    reconciliation: Reconciliation
    replayed: ReplayResult
    loans: tuple[LoanOutcome, ...]
    trial_balance: dict[str, int]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that reconcile and replay found, and where they differ from each other."""
        differences = [
            Finding("agreement", f"{name} of the {who}", shown(expected), shown(found))
            for name, who, expected, found in self._comparisons()
            if expected != found
        ]
        # Both look at the same chain: what both found is one finding.
        found = (*self.reconciliation.findings, *self.replayed.findings, *differences)
        return tuple(dict.fromkeys(found))

    def _comparisons(self) -> Iterator[tuple[str, str, object, object]]:
        books, replayed = self.standing, self.replayed
        yield "book head", "books", self.chain_head, books.book_head
        yield "book head", "replay", self.chain_head, replayed.book_head
        yield "block", "replay", books.block.hash, replayed.block.hash
        yield "journal root", "replay", books.journal_root, replayed.journal_root
        yield "journal entries", "replay", books.entries, replayed.entries
        yield "trial balance", "replay", self.trial_balance, replayed.trial_balance

    @property
    def ok(self) -> bool:
        """Whether chain, books and replay agree and no check failed."""
        return all_well(self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``demo --json`` prints."""
        block = self.standing.block
        return {
            "chain_id": self.replayed.chain_id,
            "book": self.replayed.book,
            "registry": self.played.deployment.registry.address,
            "block": {"number": block.number, "hash": shown(block.hash)},
            "transactions": self.played.transactions,
            "events": self.standing.events,
            "loans": [loan.to_json() for loan in self.loans],
            "book_head": shown(self.standing.book_head),
            "journal": {
                "entries": self.standing.entries,
                "root": shown(self.standing.journal_root),
            },
            "trial_balance": {name: str(sum_) for name, sum_ in self.trial_balance.items()},
            "reconcile": self.reconciliation.to_json(),
            "replay": {
                "events": self.replayed.events,
                "book_head": shown(self.replayed.book_head),
                "journal": {
                    "entries": self.replayed.entries,
                    "root": shown(self.replayed.journal_root),
                },
                "ok": self.replayed.ok,
            },
            "findings": [finding.to_json() for finding in self.findings],
            "ok": self.ok,
        }


def examine(client: Client, store: Store, played: Played, show: Show) -> Conclusion:
    """Mirror the play, reconcile all of it, replay it, and put the answers side by side."""
    with show("mirror") as step:
        Mirror(client, store, mirrored(played.deployment)).sync(step)
    with show("reconcile") as step:
        reconciliation = reconcile(client, store, full=True, progress=step)
    address = played.deployment.book.address
    with show("replay") as step:
        replayed = replay(client, address, reconciliation.block.number, step)
    with store.read() as view:
        standing = view.standing()
        assert standing is not None, "it was mirrored just now"
        loans = tuple(_outcomes(view, played, standing.block.timestamp))
        balances = view.trial_balance()
    return Conclusion(
        played=played,
        standing=standing,
        chain_head=LoanBook(client, address).book_head(standing.block),
        reconciliation=reconciliation,
        replayed=replayed,
        loans=loans,
        trial_balance=balances,
    )


def _outcomes(view: ReadView, played: Played, at: Timestamp) -> Iterator[LoanOutcome]:
    after = None
    while True:
        page = view.loans(after=after)
        for item in page.items:
            yield _outcome(view, item.loan, played.stories[item.loan.loan_id], at)
        after = page.next
        if after is None:
            return


def _outcome(view: ReadView, loan: Loan, story: str, at: Timestamp) -> LoanOutcome:
    fees = holders = penalty = 0
    for event in _events(view, loan.loan_id):
        if isinstance(event, Repaid | Prepaid):
            fees += event.fee
            holders += event.interest + event.principal
        if isinstance(event, Repaid):
            penalty += event.penalty
    return LoanOutcome(
        loan_id=loan.loan_id,
        story=story,
        bank=loan.bank,
        currency=loan.agreement.currency.decode("ascii"),
        principal=loan.agreement.principal,
        outstanding=loan.outstanding,
        paid=fees + holders + penalty,
        penalty=penalty,
        dpd=days_past_due(loan, at),
        status=loan.status.name.lower(),
        holders=sum(holding.units > 0 for holding in loan.holders.values()),
        events=loan.seq,
    )


def _events(view: ReadView, loan_id: LoanId) -> Iterator[Event]:
    after = None
    while True:
        page = view.history(loan_id, after=after)
        yield from (item.event for item in page.items)
        after = page.next
        if after is None:
            return
