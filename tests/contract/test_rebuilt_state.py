"""The book rebuilt from the real contract's logs equals the contract's storage, field by field."""

from __future__ import annotations

import pytest

from ledger.core import accounts
from ledger.core.book import Book, apply
from ledger.core.journal import Balances
from ledger.core.loan import Loan, claimable
from ledger.core.storage import loan_fields
from ledger.core.types import BlockRef, Log, Status, Timestamp
from tests.contract.agreed import Draft
from tests.contract.evm import BANK_CNY, TOKEN_CNY
from tests.contract.views import FeesView, HoldingView, LoanView
from tests.contract.world import World

ZERO = bytes(32)
GROUPED = {
    "head": "head",
    "schedule_hash": "schedule_hash",
    "accepted": "paid.accepted",
    "row_paid": "paid.row_paid",
    "numerator": "penalty.numerator",
    "settled": "penalty.settled",
    "claim_fee": "acceleration.fee",
    "claim_interest": "acceleration.interest",
    "claim_penalty": "acceleration.penalty",
    "early_principal": "early_principal",
}
"""Members of the view whose group their name does not tell."""


def rebuilt(world: World) -> tuple[Book, Balances]:
    """Apply every log of book and registry, one block each."""
    book = Book(world.domain.chain_id, world.book, world.registry)
    balances = Balances()
    for number, (at, raw) in enumerate(world.history):
        if raw.address in (world.book, world.registry):
            block = BlockRef(number, ZERO, ZERO, Timestamp(at))
            applied = apply(book, Log(block, ZERO, 0, 0, raw.address, raw.topics, raw.data))
            if applied and applied.entry:
                balances.post(applied.entry)
    return book, balances


def assert_equals_storage(world: World) -> Book:
    book, balances = rebuilt(world)
    rules = book.rules
    assert rules.book_head == world.ask(world.book, "bookHead")
    assert rules.book_seq == world.ask(world.book, "bookSeq")
    assert rules.registry_head == world.ask(world.registry, "head")
    for subject, head in book.subjects.items():
        assert head == world.ask(world.book, "loansHead", subject)
    for (index, receiver), fees in rules.fees.items():
        stored = FeesView.of(world.raw("feesOf", index, receiver))
        assert (stored.credited, stored.withdrawn) == (fees.credited, fees.withdrawn)
    for loan in book.loans.values():
        assert_loan_equals_storage(world, loan)
    assert balances.of(accounts.custody(world.token)) == world.balance(world.book)
    return book


def assert_loan_equals_storage(world: World, loan: Loan) -> None:
    fields = loan_fields(loan)
    stored = LoanView.of(world.raw("loanOf", loan.loan_id))
    for member in LoanView.__slots__:
        groups = ("state", "terms", "wallets")
        names = [GROUPED.get(member, ""), *(f"{group}.{member}" for group in groups)]
        (name,) = (name for name in names if name in fields)
        assert as_word(fields[name]) == getattr(stored, member), name
    for holder, holding in loan.holders.items():
        found = HoldingView.of(world.raw("holdingOf", loan.loan_id, holder))
        kept = holding.earned, holding.seen, holding.paid_out
        assert (found.earned, found.seen, found.paid_out) == kept
        notes = world.ask(world.book, "balanceOf", holder, as_word(loan.loan_id))
        assert notes == holding.units
        assert claimable(loan, holder) == world.ask(world.book, "claimable", loan.loan_id, holder)


def as_word(value: int | bytes | str) -> int:
    if isinstance(value, bytes):
        return int.from_bytes(value, "big")
    return int(value, 16) if isinstance(value, str) else int(value)


def troubled(world: World, *, bank: bool) -> Draft:
    """Live through late and early payments, sales, default and recovery."""
    draft = world.active((world.ann, 50_001), (world.ben, 69_999), bank=bank)
    world.travel_days(36)
    world.repay(draft, 1_234)
    world.assign(draft, world.ann, world.ben, 777, 700)
    world.transfer(draft, world.ben, world.cay, 5_000)
    world.travel_days(3)
    world.prepay(draft, 10_000)
    world.pay_out(draft, world.ann)
    world.travel_days(120)
    world.declare_default(draft)
    world.travel_days(4)
    world.repay(draft, 5_000)
    return draft


@pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])
def test_apply__troubled_loan__equals_storage_before_and_after_recovery(bank: bool) -> None:
    world = World()
    draft = troubled(world, bank=bank)
    assert assert_equals_storage(world).loans[draft.loan_id].status is Status.DEFAULTED
    world.repay(draft)
    for holder in (world.ann, world.ben, world.cay):
        world.pay_out(draft, holder)
    world.withdraw_fees(BANK_CNY if bank else TOKEN_CNY, 7)
    assert assert_equals_storage(world).loans[draft.loan_id].status is Status.REPAID


@pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])
def test_apply__early_in_full_and_cancelled__equals_storage(bank: bool) -> None:
    world = World()
    early = world.active(bank=bank)
    world.travel_days(33)
    world.prepay(early)
    cancelled = world.draft(bank=bank)
    world.open(cancelled)
    world.commit(cancelled, world.ann, 500)
    world.cancel(cancelled)
    book = assert_equals_storage(world)
    assert book.loans[cancelled.loan_id].outstanding == 500
    world.refund(cancelled, world.ann)
    book = assert_equals_storage(world)
    assert book.loans[early.loan_id].status is Status.REPAID
    assert book.loans[cancelled.loan_id].outstanding == 0
