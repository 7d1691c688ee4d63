"""What the chain alone can show of a book: checks that return findings.

``CHECKS`` is the list; each takes a ``Run`` and yields nothing when all is well. Reading the
chain is the caller's: a check sees words of storage and token balances of one block.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeAlias

from ledger.core import accounts
from ledger.core.findings import Finding, Severity, all_well, shown
from ledger.core.layout import Layout, Place
from ledger.core.loan import Loan, earned_to
from ledger.core.places import (
    book_places,
    loan_places,
    party_fields,
    party_places,
    registry_places,
    subject_places,
)
from ledger.core.rules import Party, Rules
from ledger.core.storage import Fields, loan_fields, rules_fields
from ledger.core.types import ZERO_ADDRESS, Address, LoanId, Status, Subject

LOANS_AT_ONCE = 50
"""Loans whose storage is read in one question."""


class ChainState(Protocol):
    """The contracts at one block, read by whoever runs the checks."""

    @property
    def proven(self) -> bool:
        """Whether words rest on proofs against the block's hash, not on the node's word."""

    @property
    def book_layout(self) -> Layout:
        """Where the book keeps its variables."""

    @property
    def registry_layout(self) -> Layout:
        """Where the registry keeps its variables."""

    def book(self, places: Mapping[str, Place]) -> Fields:
        """Return values that the book stores."""

    def registry(self, places: Mapping[str, Place]) -> Fields:
        """Return values that the registry stores."""

    def tokens(self, token: Address) -> int:
        """Return the tokens that the book holds."""


@dataclass(frozen=True, slots=True)
class Run:
    """A book at block ``block`` and the chain's state at the same block.

    ``loans`` gives the loans to check, as often as it is called; ``parties`` and ``subjects`` hold
    those to check. ``balances`` are the journal's, by account.
    """

    block: int
    rules: Rules
    loans: Callable[[], Iterable[Loan]]
    parties: Mapping[Address, Party]
    subjects: Mapping[Subject, bytes]
    balances: Mapping[str, int]
    state: ChainState


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check looked at, counted, and what it found."""

    checked: int
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no finding is an error."""
        return all_well(self.findings)


Check: TypeAlias = Callable[[Run], Outcome]


def completeness(run: Run) -> Outcome:
    """Recomputed heads are those that the contracts hold: no event is missing or made up."""
    known = rules_fields(run.rules)
    state = run.state
    book = book_places(state.book_layout, run.rules)
    registry = registry_places(state.registry_layout, run.rules)
    comparison = _Comparison(run.block, "head")
    comparison.add(known, state.book({"book_head": book["book_head"]}))
    comparison.add(known, state.registry({"registry.head": registry["registry.head"]}))
    places: dict[str, Place] = {}
    heads: Fields = {}
    for subject, head in run.subjects.items():
        places |= subject_places(state.book_layout, subject)
        heads[f"loans_head.0x{subject.hex()}"] = head
    comparison.add(heads, state.book(places))
    for loans in _in_groups(run.loans()):
        read = state.book({shown(loan.loan_id): _head(state, loan) for loan in loans})
        for loan in loans:
            found = {"head": read[shown(loan.loan_id)]}
            comparison.add({"head": loan.head}, found, loan.loan_id)
    if not state.proven:
        comparison.findings.append(_unproven(run.block))
    return comparison.outcome()


def _head(state: ChainState, loan: Loan) -> Place:
    return state.book_layout.places("_loans", loan.loan_id, "head")[""]


def _unproven(block: int) -> Finding:
    return Finding(
        code="unproven",
        where=f"block {block}",
        expected="storage proofs (eth_getProof)",
        found="the node has none: storage was read by call and rests on the node's word",
        severity=Severity.INFO,
    )


def state_fields(run: Run) -> Outcome:
    """Every field that the contracts store is what the events give."""
    state = run.state
    known = rules_fields(run.rules)
    comparison = _Comparison(run.block, "state")
    comparison.add(known, state.book(book_places(state.book_layout, run.rules)))
    registry = registry_places(state.registry_layout, run.rules)
    for wallet, party in run.parties.items():
        known |= party_fields(wallet, party)
        registry |= party_places(state.registry_layout, wallet)
    comparison.add(known, state.registry(registry))
    for loans in _in_groups(run.loans()):
        places = {
            (loan.loan_id, name): place
            for loan in loans
            for name, place in loan_places(state.book_layout, loan).items()
        }
        read = state.book({f"{shown(key[0])}/{key[1]}": place for key, place in places.items()})
        for loan in loans:
            fields = loan_fields(loan)
            found = {name: read[f"{shown(loan.loan_id)}/{name}"] for name in fields}
            comparison.add(fields, found, loan.loan_id)
    return comparison.outcome()


def money(run: Run) -> Outcome:
    """Tokens held cover what is owed; the journal's accounts say what the loans say."""
    findings: list[Finding] = []
    checked = 0
    for settlement in run.rules.settlements:
        if settlement.token == ZERO_ADDRESS:
            continue
        checked += 1
        findings += _custody(run, settlement.unit, run.state.tokens(settlement.token))
    for loan in run.loans():
        expected = loan_accounts(loan)
        checked += len(expected)
        findings += [
            Finding("account", name, str(amount), str(run.balances.get(name, 0)), loan.loan_id)
            for name, amount in expected.items()
            if run.balances.get(name, 0) != amount
        ]
    for (index, receiver), fees in run.rules.fees.items():
        checked += 1
        account = accounts.fees(run.rules.settlements[index].unit, receiver)
        owed, found = fees.withdrawn - fees.credited, run.balances.get(account, 0)
        if owed != found:
            findings.append(Finding("account", account, str(owed), str(found)))
    return Outcome(checked, tuple(findings))


def _custody(run: Run, unit: str, tokens: int) -> Iterator[Finding]:
    """Compare tokens held with client money; money that nobody is owed is only reported."""
    account = accounts.custody(unit)
    custody = run.balances.get(account, 0)
    owed = -sum(
        balance
        for name, balance in run.balances.items()
        if name.split(":")[:2] in (["escrow", unit], ["payable", unit], ["fees", unit])
    )
    if custody != owed:
        yield Finding("solvency", account, f"{owed} owed to lenders and receivers", str(custody))
    if tokens < custody:
        yield Finding("custody", account, f"at least {custody} tokens", str(tokens))
    if tokens > custody:
        surplus = f"{tokens}, {tokens - custody} of them nobody's"
        yield Finding("surplus", account, str(custody), surplus, severity=Severity.INFO)


def loan_accounts(loan: Loan) -> dict[str, int]:
    """Return the balances that a loan's own state gives its accounts, debit above zero.

    What holders are owed is rounded up: R less what was paid out, the remainder below one unit
    a holder included.
    """
    waiting = loan.status in (Status.FUNDING, Status.CANCELLED)
    principal = 0 if waiting else loan.outstanding
    entitled = sum(earned_to(holding, loan.accepted) for holding in loan.holders.values())
    paid_out = sum(holding.paid_out for holding in loan.holders.values())
    owed = -(-entitled // loan.agreement.principal) - paid_out
    unit, loan_id = loan.unit, loan.loan_id
    escrows = {
        accounts.escrow(unit, loan_id, holder): -holding.units if waiting else 0
        for holder, holding in loan.holders.items()
    }
    return {
        **escrows,
        accounts.receivable(unit, loan_id): principal,
        accounts.claims(unit, loan_id): -principal,
        accounts.payable(unit, loan_id): -owed,
    }


CHECKS: Mapping[str, Check] = {
    "completeness": completeness,
    "state": state_fields,
    "money": money,
}


class _Comparison:
    """Collects differences between what is known and what was read."""

    def __init__(self, block: int, code: str) -> None:
        self._block = block
        self._code = code
        self._checked = 0
        self.findings: list[Finding] = []

    def add(self, known: Fields, read: Fields, loan_id: LoanId | None = None) -> None:
        """Compare every value that was read with the known one of its name."""
        self._checked += len(read)
        self.findings += [
            Finding(
                self._code,
                f"{name} at block {self._block}",
                shown(known[name]),
                shown(value),
                loan_id,
            )
            for name, value in read.items()
            if known[name] != value
        ]

    def outcome(self) -> Outcome:
        """Return what was compared and found."""
        return Outcome(self._checked, tuple(self.findings))


def _in_groups(loans: Iterable[Loan]) -> Iterator[Sequence[Loan]]:
    remaining = iter(loans)
    while group := list(islice(remaining, LOANS_AT_ONCE)):
        yield group
