"""The book rebuilt from logs: one life of each kind, checked by hand and by the simulation."""

import pytest
from eth_account import Account

from ledger.core.agreement import Domain, loan_id
from ledger.core.book import Book, apply, book_digest
from ledger.core.hashchain import EMPTY_HEAD, next_loans_head
from ledger.core.loan import Consent, Holding, claimable
from ledger.core.packing import Row
from ledger.core.rules import Fees, Party, Settlement
from ledger.core.types import ZERO_ADDRESS, Address, Kind, Status, Subject
from tests.replayed import assert_same, new_book, replay
from tests.simulated_logs import (
    ADMIN,
    BANK,
    BOOK,
    BORROWER,
    CHAIN_ID,
    DAY,
    FEES,
    LENDERS,
    POLICY,
    SHOP,
    START,
    TOKEN,
    ZERO,
    agreement,
    rows_of,
)
from tests.simulation import SimulatedChain, SimulatedLoan

ROWS = rows_of((31, 39_603, 1_200, 0), (59, 39_999, 804, 0), (90, 40_398, 404, 0))
"""1,200.00 at 12% in three annuity rows."""


@pytest.fixture
def chain() -> SimulatedChain:
    chain = SimulatedChain()
    chain.create()
    return chain


def open_funded(
    chain: SimulatedChain, rows: tuple[Row, ...] = ROWS, *amounts: int, bank: bool = False
) -> SimulatedLoan:
    loan = chain.open(agreement(rows, settlement=BANK if bank else TOKEN), rows)
    chain.fund(loan, *amounts)
    return loan


def replayed(chain: SimulatedChain) -> Book:
    book, _ = replay(chain.logs)
    assert_same(book, chain)
    return book


def test_apply__new_book__holds_rules_and_parties(chain: SimulatedChain) -> None:
    book = replayed(chain)
    assert book.rules.policy == POLICY
    assert book.rules.settlements == (Settlement(*TOKEN, True), Settlement(*BANK, True))
    assert book.rules.roles == book.rules.registry_roles == {(ZERO, ADMIN)}
    assert book.parties[BORROWER] == Party(Subject(bytes(15) + b"\1"), Kind.PERSON, False)
    assert not book.rules.paused


def test_apply__opened__loan_is_funding_and_enters_both_heads(chain: SimulatedChain) -> None:
    before = replayed(chain).rules.book_head
    loan = chain.open(agreement(ROWS), ROWS)
    book = replayed(chain)
    opened = book.loans[loan.id]
    assert loan.id == loan_id(loan.signed, Domain(CHAIN_ID, BOOK))
    assert (opened.status, opened.outstanding, opened.rows) == (Status.FUNDING, 0, ROWS)
    assert book.rules.book_head != before
    subject = book.parties[BORROWER].subject
    assert book.subjects == {subject: next_loans_head(EMPTY_HEAD, loan.id)}


def test_apply__two_loans_of_a_borrower__chained_into_one_record(chain: SimulatedChain) -> None:
    first, second = (chain.open(agreement(ROWS, salt=salt), ROWS) for salt in (1, 2))
    head = next_loans_head(next_loans_head(EMPTY_HEAD, first.id), second.id)
    assert list(replayed(chain).subjects.values()) == [head]


def test_apply__opened_with_a_plain_key__consent_by_key(chain: SimulatedChain) -> None:
    key = Account.from_key(b"\x11" * 32)
    chain.register(Address(key.address), 99, Kind.PERSON)
    signed = agreement(ROWS, borrower=key.address, guarantor=LENDERS[3])
    digest = loan_id(signed, Domain(CHAIN_ID, BOOK))
    loan = chain.open(signed, ROWS, bytes(key.unsafe_sign_hash(digest).signature))
    opened = replayed(chain).loans[loan.id]
    assert (opened.consent, opened.guarantor_consent) == (Consent.KEY, Consent.CONTRACT)


def test_apply__opened_with_other_bytes__consent_by_contract(chain: SimulatedChain) -> None:
    loan = chain.open(agreement(ROWS), ROWS, b"judged by a contract wallet")
    opened = replayed(chain).loans[loan.id]
    assert (opened.consent, opened.guarantor_consent) == (Consent.CONTRACT, None)


def test_apply__funded_and_disbursed__notes_are_the_escrow(chain: SimulatedChain) -> None:
    loan = open_funded(chain, ROWS, 20_000, 30_000)
    active = replayed(chain).loans[loan.id]
    assert active.status is Status.ACTIVE
    assert active.holders == {
        LENDERS[0]: Holding(70_000),
        LENDERS[1]: Holding(20_000),
        LENDERS[2]: Holding(30_000),
    }


def test_apply__smallest_amounts__accepted(chain: SimulatedChain) -> None:
    loan = open_funded(chain, ROWS, 1)
    chain.transfer(loan, LENDERS[0], LENDERS[1], 1)
    chain.travel(31)
    assert chain.repay(loan, 1).total == 1
    book = replayed(chain)
    assert book.loans[loan.id].holding(LENDERS[1]).units == 2
    assert book.loans[loan.id].accepted == 1


def test_apply__paid_on_time__repaid_and_paid_out_to_the_last_unit(chain: SimulatedChain) -> None:
    loan = open_funded(chain, ROWS, 60_000)
    for day in (31, 59, 90):
        chain.travel(day)
        chain.repay(loan, None)
    for holder in LENDERS[:2]:
        chain.pay_out(loan, holder)
    repaid = replayed(chain).loans[loan.id]
    assert (repaid.status, repaid.outstanding, repaid.accepted) == (Status.REPAID, 0, 122_408)
    assert [repaid.holding(holder).paid_out for holder in LENDERS[:2]] == [61_204, 61_204]


def test_apply__late_then_early__splits_as_worked_by_hand(chain: SimulatedChain) -> None:
    loan = open_funded(chain)
    chain.travel(31 + 5)
    assert chain.repay(loan, 20_000).penalty == 102
    chain.travel(31 + 10)
    assert chain.repay(loan, None).total == 20_957
    chain.travel(31 + 12)
    chain.prepay(loan, 30_000)
    active = replayed(chain).loans[loan.id]
    assert active.position.early == 30_000
    assert active.accepted == 20_000 + 20_957 + 30_000 + 129
    chain.travel(59)
    assert chain.repay(loan, None).interest == 503
    chain.travel(90)
    assert chain.repay(loan, None).total == 10_398 + 103
    book = replayed(chain)
    assert book.loans[loan.id].status is Status.REPAID
    assert book.rules.fees == {(0, FEES): Fees(300, 0)}


def test_apply__prepaid_with_something_due__two_attestations(chain: SimulatedChain) -> None:
    loan = open_funded(chain)
    chain.travel(33)
    chain.prepay(loan, None)
    repaid = replayed(chain).loans[loan.id]
    assert (repaid.status, repaid.attestations, repaid.seq) == (Status.REPAID, 2, 5)


def test_apply__prepaid_with_nothing_due__one_attestation(chain: SimulatedChain) -> None:
    loan = open_funded(chain)
    chain.travel(30)
    chain.prepay(loan, None)
    assert replayed(chain).loans[loan.id].attestations == 1


def test_apply__default__everything_due_and_recoverable(chain: SimulatedChain) -> None:
    loan = open_funded(chain)
    chain.travel(31 + 31)
    assert chain.default(loan)
    defaulted = replayed(chain).loans[loan.id]
    claim = defaulted.position.accelerated
    assert claim is not None
    # Penalty: row 1 for 31 days, row 2 for 3 days, whose grace default ends. Interest: row 3's by
    # 3 of 31.
    assert claim.penalty == 40_803 * 31 * 500 // 10**6 + 40_803 * 3 * 500 // 10**6
    assert claim.interest == 1_200 + 804 + -(-404 * 3 // 31)
    assert defaulted.outstanding == 120_000
    chain.travel(100)
    chain.repay(loan, 50_000)
    chain.repay(loan, None)
    assert replayed(chain).loans[loan.id].status is Status.REPAID


def test_apply__bank_mode__value_dates_and_attestations(chain: SimulatedChain) -> None:
    loan = open_funded(chain, ROWS, 20_000, bank=True)
    chain.travel(31 + 8)
    chain.repay(loan, None, days_ago=8)
    chain.pay_out(loan, LENDERS[0], 1_000)
    chain.assign(loan, LENDERS[0], LENDERS[2], 5_000)
    chain.transfer(loan, LENDERS[2], LENDERS[1], 1)
    bank = replayed(chain).loans[loan.id]
    assert bank.bank
    assert bank.position.last_day == 31
    # Two commitments, disbursement, repayment, payout, assignment; a transfer does not count.
    assert bank.attestations == 6
    assert bank.holding(LENDERS[0]).paid_out == 1_000


def test_apply__notes_sold_between_payments__cash_earned_stays(chain: SimulatedChain) -> None:
    loan = open_funded(chain)
    chain.travel(31)
    chain.repay(loan, None)
    chain.assign(loan, LENDERS[0], LENDERS[1], 120_000)
    chain.travel(59)
    chain.repay(loan, None)
    sold = replayed(chain).loans[loan.id]
    assert claimable(sold, LENDERS[0]) == 40_803
    assert claimable(sold, LENDERS[1]) == 40_803
    assert sold.holding(LENDERS[1]).seen == 40_803


def test_apply__transfer_to_oneself__changes_nothing_but_seen(chain: SimulatedChain) -> None:
    loan = open_funded(chain)
    chain.travel(31)
    chain.repay(loan, None)
    chain.transfer(loan, LENDERS[0], LENDERS[0], 7)
    assert replayed(chain).loans[loan.id].holding(LENDERS[0]) == Holding(
        units=120_000, earned=120_000 * 40_803, seen=40_803
    )


@pytest.mark.parametrize("how", ["cancel", "expire"])
def test_apply__cancelled__every_lender_gets_back_what_it_brought(
    chain: SimulatedChain, how: str
) -> None:
    loan = chain.open(agreement(ROWS), ROWS)
    chain.commit(loan, LENDERS[0], 50_000)
    chain.commit(loan, LENDERS[1], 20_000)
    getattr(chain, how)(loan)
    chain.refund(loan, LENDERS[0])
    book = replayed(chain)
    assert (book.loans[loan.id].status, book.loans[loan.id].outstanding) == (
        Status.CANCELLED,
        20_000,
    )
    chain.refund(loan, LENDERS[1])
    assert replayed(chain).loans[loan.id].outstanding == 0


def test_apply__rules_change__later_loans_follow_them(chain: SimulatedChain) -> None:
    chain.pause(True)
    assert replayed(chain).rules.paused
    chain.pause(False)
    chain.list_settlement(0, *TOKEN, open_=False)
    book = replayed(chain)
    assert not book.rules.paused
    assert [listed.open for listed in book.rules.settlements] == [False, True]


def test_apply__fees_withdrawn__counted_apart_from_credited(chain: SimulatedChain) -> None:
    rows = rows_of((31, 1_000, 10, 50))
    loan = open_funded(chain, rows)
    chain.travel(31)
    chain.repay(loan, None)
    chain.withdraw_fees(0, 20)
    assert replayed(chain).rules.fees_of(0, FEES) == Fees(credited=50, withdrawn=20)


def test_apply__event_outside_the_heads__is_passed_over(chain: SimulatedChain) -> None:
    book, _ = replay(chain.logs)
    before = book_digest(book)
    chain.outside()
    assert apply(book, chain.logs[-1]) is None
    assert book_digest(book) == before


def test_apply__payee_is_the_borrower__disbursed_to_it(chain: SimulatedChain) -> None:
    loan = chain.open(agreement(ROWS, payee=BORROWER), ROWS)
    chain.fund(loan)
    assert replayed(chain).loans[loan.id].status is Status.ACTIVE


def test_book_digest__other_state__other_digest(chain: SimulatedChain) -> None:
    digests = {book_digest(replay(chain.logs[:count])[0]) for count in range(len(chain.logs) + 1)}
    assert len(digests) == len(chain.logs) + 1
    assert book_digest(replay(chain.logs)[0]) == book_digest(replay(chain.logs)[0])
    assert book_digest(new_book()) != book_digest(Book(CHAIN_ID + 1, BOOK, SHOP))


def test_apply__applied__says_what_changed(chain: SimulatedChain) -> None:
    chain.open(agreement(ROWS), ROWS)
    book, steps = replay(chain.logs)
    opened = steps[-1]
    assert opened.before is None
    assert opened.after is book.loans[chain.loans[0].id]
    assert opened.subject == next(iter(book.subjects.items()))
    assert opened.rules_after is book.rules
    assert opened.entry is None
    registered = steps[-2]
    assert registered.party == (LENDERS[3], book.parties[LENDERS[3]])
    assert (registered.loan_id, registered.after) == (None, None)
    assert opened.after.opened.at == chain.now < START - DAY
    assert opened.after.agreement.guarantor == ZERO_ADDRESS
