"""A small portfolio on a real development chain: every event that exists, in both modes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ledger.chain.abi import Call
from ledger.chain.client import Client
from ledger.chain.custody_token import CustodyToken
from ledger.chain.deploy import Deployer, Deployment, Plan, Roles, TokenSpec
from ledger.chain.development import DevelopmentNode
from ledger.chain.loan_book import ALL, ALL_PRINCIPAL, ANY_COUNT, LoanBook
from ledger.chain.party_registry import PartyRegistry
from ledger.chain.signers import DevelopmentSigner, Transaction
from ledger.chain.wire import Receipt
from ledger.core.agreement import (
    Agreement,
    Assignment,
    Cancellation,
    Commitment,
    Document,
    Domain,
    Prepayment,
    digest,
    loan_id,
)
from ledger.core.packing import Row, schedule_hash
from ledger.core.types import ZERO_ADDRESS, Address, Kind, LoanId, Policy, Subject

DAY = 86_400
ZERO = bytes(32)
GAS = 6_000_000
ADMIN, ORIGINATOR, CUSTODIAN, GUARDIAN, REGISTRAR, BORROWER, FEES = range(7)
LENDERS = (7, 8, 9)


@dataclass
class LiveLoan:
    """A loan that was opened on the chain."""

    id: LoanId
    signed: Agreement
    rows: tuple[Row, ...]

    @property
    def bank(self) -> bool:
        return self.signed.asset == ZERO_ADDRESS


@dataclass
class LiveBook:
    """Deploys a book and acts for everybody with the development keys."""

    client: Client
    deployment: Deployment = field(init=False)
    loans: list[LiveLoan] = field(default_factory=list)

    def __post_init__(self) -> None:
        chain_id = self.client.chain_id
        self.node = DevelopmentNode(self.client)
        self.keys = [DevelopmentSigner(index, chain_id) for index in range(10)]
        self.deployment = Deployer(self.client, lambda _id, call: self.send(ADMIN, call)).deploy(
            Plan(
                admin=self.wallet(ADMIN),
                roles=Roles(
                    *(self.wallet(i) for i in (ORIGINATOR, CUSTODIAN, GUARDIAN, REGISTRAR))
                ),
                policy=Policy(360_000, 1_000, 500, 5),
                tokens=(TokenSpec("Custody CNY", "cCNY", "CNY", 2),),
                bank_currencies=("CNY",),
            )
        )
        self.book = LoanBook(self.client, self.deployment.book.address)
        self.registry = PartyRegistry(self.client, self.deployment.registry.address)
        self.token = CustodyToken(self.client, self.deployment.tokens["CNY"].address)
        self.domain = Domain(chain_id, self.book.address)
        for index in (BORROWER, *LENDERS):
            subject = Subject(index.to_bytes(16, "big"))
            self.send(REGISTRAR, self.registry.register(self.wallet(index), subject, Kind.PERSON))
            self.send(CUSTODIAN, self.token.mint(self.wallet(index), 10_000_000))
            self.send(index, self.token.approve(self.book.address, 10**12))

    def wallet(self, index: int) -> Address:
        return self.keys[index].address

    def send(self, index: int, call: Call) -> Receipt:
        """Send a call from one of the keys; it must succeed."""
        key, head = self.keys[index], self.client.head()
        nonce = self.client.nonce(key.address, head)
        fees = self.client.fees()
        transaction = Transaction(
            self.client.chain_id, nonce, call.to, call.data, GAS, *_fees(fees)
        )
        signed = key.sign_transaction(transaction)
        (answer,) = self.client.send_raw([signed.raw])
        if isinstance(answer, Exception):
            raise answer
        receipt = self.client.receipt(signed.hash)
        while receipt is None:
            # Anvil answers before it has mined.
            time.sleep(0.005)
            receipt = self.client.receipt(signed.hash)
        if not receipt.succeeded:
            raise AssertionError(self.client.why_reverted(call, key.address, head))
        return receipt

    def sign(self, index: int, document: Document) -> bytes:
        return self.keys[index].sign_digest(digest(document, self.domain))

    # ------------------------------------------------------------ life of a loan

    def open(self, *, bank: bool = False, salt: int = 0) -> LiveLoan:
        """Open a loan of 120,000 in three rows of 30 days from tomorrow."""
        start = (self.node.now() // DAY + 1) * DAY
        rows = tuple(
            Row(start + n * 30 * DAY, 40_000, interest, 10)
            for n, interest in ((1, 1200), (2, 800), (3, 400))
        )
        signed = Agreement(
            borrower=self.wallet(BORROWER), payee=self.wallet(BORROWER), guarantor=ZERO_ADDRESS,
            fee_receiver=self.wallet(FEES),
            asset=ZERO_ADDRESS if bank else self.token.address, currency=b"CNY",
            principal=120_000, schedule_hash=schedule_hash(rows), daily_rate=0, penalty_rate=500,
            grace_days=3, prepayment_fee_bps=100, default_after_days=30, write_off_after_days=90,
            value_date=start, funding_deadline=start + DAY, line=ZERO, product=ZERO, purpose=ZERO,
            documents=ZERO, salt=salt,
        )  # fmt: skip
        loan = LiveLoan(loan_id(signed, self.domain), signed, rows)
        self.send(ORIGINATOR, self.book.open(signed, rows, self.sign(BORROWER, signed)))
        self.loans.append(loan)
        return loan

    def count(self, loan: LiveLoan) -> int:
        """Return what a call has to expect: the bank's attestations."""
        state = self.book.loan_of(loan.id, self.client.head()).state
        return state.attestations if loan.bank else ANY_COUNT

    def commit(self, loan: LiveLoan, lender: int, amount: int) -> None:
        document = Commitment(loan.id, self.wallet(lender), amount, loan.signed.funding_deadline, 0)
        call = self.book.commit(document, self.sign(lender, document), self.count(loan))
        self.send(CUSTODIAN if loan.bank else ORIGINATOR, call)

    def fund(self, loan: LiveLoan) -> None:
        for lender, amount in zip(LENDERS, (100_000, 15_000, 5_000), strict=True):
            self.commit(loan, lender, amount)
        call = self.book.disburse(loan.id, self.count(loan))
        self.send(CUSTODIAN if loan.bank else ORIGINATOR, call)

    def repay(self, loan: LiveLoan, amount: int = ALL) -> None:
        paid_at = self.node.now() // DAY * DAY if loan.bank else 0
        call = self.book.repay(loan.id, loan.rows, amount, paid_at, self.count(loan))
        self.send(CUSTODIAN if loan.bank else BORROWER, call)

    def prepay(self, loan: LiveLoan, amount: int = ALL_PRINCIPAL) -> None:
        document = Prepayment(loan.id, amount, self.node.now() + DAY, 0)
        signature = self.sign(BORROWER, document)
        paid_at = self.node.now() // DAY * DAY if loan.bank else 0
        call = self.book.prepay(document, signature, loan.rows, paid_at, self.count(loan))
        self.send(CUSTODIAN if loan.bank else ORIGINATOR, call)

    def pay_out(self, loan: LiveLoan, lender: int) -> None:
        holder = self.wallet(lender)
        amount = ALL
        if loan.bank:
            amount = self.book.claimable(loan.id, holder, self.client.head())
        call = self.book.pay_out(loan.id, holder, amount, self.count(loan))
        self.send(CUSTODIAN if loan.bank else lender, call)

    def assign(self, loan: LiveLoan, seller: int, buyer: int, units: int) -> None:
        document = Assignment(
            loan.id, self.wallet(seller), self.wallet(buyer), units, units, self.node.now() + DAY, 0
        )
        call = self.book.assign(
            document, self.sign(seller, document), self.sign(buyer, document), self.count(loan)
        )
        self.send(CUSTODIAN if loan.bank else buyer, call)

    def cancel(self, loan: LiveLoan) -> None:
        document = Cancellation(loan.id, self.node.now() + DAY)
        self.send(ORIGINATOR, self.book.cancel(document, self.sign(BORROWER, document)))

    def refund(self, loan: LiveLoan, lender: int) -> None:
        call = self.book.refund(loan.id, self.wallet(lender), self.count(loan))
        self.send(CUSTODIAN if loan.bank else lender, call)

    def travel(self, days: int) -> None:
        self.node.travel_to(self.node.now() + days * DAY)

    # ------------------------------------------------------------ a portfolio

    def portfolio(self) -> None:
        """Live through three months: good, late, early, cancelled, expired, defaulted, bank."""
        good, late, early, cancelled, expired, lost, bank = (
            self.open(salt=n, bank=n == 6) for n in range(7)
        )
        for loan in (good, late, early, lost, bank):
            self.fund(loan)
        self.commit(cancelled, LENDERS[0], 60_000)
        self.commit(expired, LENDERS[1], 5_000)
        self.cancel(cancelled)
        self.refund(cancelled, LENDERS[0])
        self.travel(31)
        self.send(ORIGINATOR, self.book.expire(expired.id))
        for loan in (good, bank, early):
            self.repay(loan)
        self.prepay(early, 20_000)
        self.assign(good, LENDERS[0], LENDERS[1], 33_333)
        self.assign(bank, LENDERS[0], LENDERS[2], 10_000)
        self.send(LENDERS[0], self.book.transfer(late.id, self.wallet(LENDERS[2]), 7))
        self.travel(8)
        self.repay(late, 20_000)
        for lender in LENDERS:
            self.pay_out(good, lender)
            self.pay_out(bank, lender)
        self.travel(30)
        self.repay(good)
        self.repay(late)
        self.prepay(early)
        self.send(LENDERS[0], self.book.declare_default(lost.id, lost.rows))
        self.repay(lost, 1_000)
        self.send(FEES, self.book.withdraw_fees(0, self.wallet(FEES), 15))
        self.send(GUARDIAN, self.book.set_paused(True))
        self.send(LENDERS[0], self.token.transfer(self.book.address, 77))


def _fees(fees: object) -> tuple[int, int]:
    return fees.max_fee_per_gas, fees.max_priority_fee_per_gas  # type: ignore[attr-defined]
