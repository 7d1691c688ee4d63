"""Replays the logs of a simulated chain and compares every number with the simulation's own."""

from collections.abc import Iterable

from ledger.core import accounts
from ledger.core.book import Applied, Book, apply
from ledger.core.journal import Entry, trial_balance
from ledger.core.loan import Loan, claimable
from ledger.core.types import Log, Status
from tests.simulated_logs import BANK, BOOK, CHAIN_ID, FEES, REGISTRY, TOKEN
from tests.simulation import SimulatedChain, SimulatedLoan


def new_book() -> Book:
    return Book(CHAIN_ID, BOOK, REGISTRY)


def replay(logs: Iterable[Log], book: Book | None = None) -> tuple[Book, list[Applied]]:
    """Apply all logs; return the book and what each event changed."""
    book = new_book() if book is None else book
    return book, [applied for applied in (apply(book, log) for log in logs) if applied]


def entries_of(steps: Iterable[Applied]) -> list[Entry]:
    return [step.entry for step in steps if step.entry]


def assert_same(book: Book, chain: SimulatedChain) -> None:
    """Compare rules and loans with the simulation."""
    rules = book.rules
    assert (rules.book_head, rules.book_seq) == (chain.book_head, chain.book_seq)
    assert (rules.registry_head, rules.registry_seq) == (chain.registry_head, chain.registry_seq)
    assert book.loans.keys() == {loan.id for loan in chain.loans}
    for index in (0, 1):
        fees = rules.fees_of(index, FEES)
        assert fees.credited - fees.withdrawn == chain.fees[index]
    for simulated in chain.loans:
        assert_same_loan(book.loans[simulated.id], simulated)


def assert_same_loan(loan: Loan, simulated: SimulatedLoan) -> None:
    assert loan.head == simulated.head
    assert (loan.seq, loan.status) == (simulated.seq, simulated.status)
    assert loan.attestations == simulated.attestations
    assert (loan.position, loan.accepted) == (simulated.position, simulated.accepted)
    assert {holder: held.units for holder, held in loan.holders.items()} == simulated.units
    for holder in simulated.units:
        assert claimable(loan, holder) == simulated.claimable(holder)
    assert_whole(loan)


def assert_whole(loan: Loan) -> None:
    """Check what must hold of a loan whatever happened to it."""
    principal = loan.agreement.principal
    notes = sum(holding.units for holding in loan.holders.values())
    funding = loan.status in (Status.FUNDING, Status.CANCELLED)
    assert notes == (loan.outstanding if funding else principal)
    paid = sum(holding.paid_out for holding in loan.holders.values())
    rest = loan.accepted - paid - sum(claimable(loan, holder) for holder in loan.holders)
    assert 0 <= rest < max(1, len(loan.holders))
    if loan.status is Status.ACTIVE:
        owed = principal_of_rows(loan)
        assert loan.outstanding == owed


def principal_of_rows(loan: Loan) -> int:
    """Return the principal of the rows not yet paid, less what was paid of the current one."""
    position = loan.position
    rest = max(0, sum(row.principal for row in loan.rows[position.row :]) - position.early)
    current = loan.rows[position.row]
    before = sum(row.principal for row in loan.rows[position.row :])
    interest = current.interest * max(0, before - position.early) // before
    fee = current.fee if before > position.early else 0
    return rest - max(0, position.row_paid - fee - interest)


def assert_money(chain: SimulatedChain, entries: list[Entry]) -> None:
    """Compare the journal's accounts with the simulation's money, loans and entitlements."""
    balances = trial_balance(entries)
    assert sum(balances.values()) == 0
    for index, (token, currency) in enumerate((TOKEN, BANK)):
        unit = currency.decode() if (token, currency) == BANK else token
        assert balances.get(accounts.custody(unit), 0) == chain.money[token]
        assert balances.get(accounts.fees(unit, FEES), 0) == -chain.fees[index]
    for loan in chain.loans:
        _assert_accounts(loan, balances)


def _assert_accounts(loan: SimulatedLoan, balances: dict[str, int]) -> None:
    unit = "CNY" if loan.bank else loan.signed.asset
    own = {name: amount for name, amount in balances.items() if f"0x{loan.id.hex()}" in name}
    payable = own.pop(accounts.payable(unit, loan.id), 0)
    assert -payable == loan.accepted - sum(loan.paid_out.values())
    expected = {}
    outstanding = loan.position.outstanding
    if loan.status in (Status.ACTIVE, Status.DEFAULTED):
        expected[accounts.receivable(unit, loan.id)] = outstanding
        expected[accounts.claims(unit, loan.id)] = -outstanding
    elif loan.status in (Status.FUNDING, Status.CANCELLED):
        for lender, units in loan.units.items():
            if units:
                expected[accounts.escrow(unit, loan.id, lender)] = -units
    assert own == expected
