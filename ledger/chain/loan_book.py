"""The loan book, typed: one builder per entry point, one read per view."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Final

from eth_utils.crypto import keccak

from ledger.chain.abi import Call
from ledger.chain.contract import Contract
from ledger.chain.views import (
    FeesView,
    HoldingView,
    LoanView,
    SettlementView,
    loan_view,
)
from ledger.chain.wire import address_of
from ledger.core.agreement import Agreement, Assignment, Cancellation, Commitment, Prepayment
from ledger.core.allocation import Split
from ledger.core.packing import Row, pack_rows
from ledger.core.types import Address, BlockRef, LoanId, Policy, Subject

ORIGINATOR_ROLE: Final = keccak(text="ORIGINATOR")
CUSTODIAN_ROLE: Final = keccak(text="CUSTODIAN")
GUARDIAN_ROLE: Final = keccak(text="GUARDIAN")

ANY_COUNT: Final = 2**32 - 1
"""As ``expected`` in token mode: whatever was attested so far."""

ALL: Final = 2**256 - 1
"""As ``amount`` of a repayment or a payout: all that is due, all that is claimable; as
``expected`` of a fee withdrawal in token mode: whatever was withdrawn so far."""

ALL_PRINCIPAL: Final = 2**128 - 1
"""As ``amount`` of a prepayment: all that is outstanding."""

NO_REF: Final = bytes(32)


class LoanBook(Contract):
    """A deployed LoanBook. References are 32 bytes, amounts minor units, times Unix seconds."""

    ARTIFACT = "LoanBook"

    # ---------------------------------------------------------------- life of a loan

    def open(
        self,
        agreement: Agreement,
        rows: Sequence[Row],
        borrower_signature: bytes,
        guarantor_signature: bytes = b"",
    ) -> Call:
        """Build the registration of a signed agreement. Originator."""
        return self.build(
            "open", astuple(agreement), pack_rows(rows), borrower_signature, guarantor_signature
        )

    def commit(
        self,
        commitment: Commitment,
        signature: bytes,
        expected: int = ANY_COUNT,
        ref: bytes = NO_REF,
    ) -> Call:
        """Build the escrow of one lender's money. Originator or custodian."""
        return self.build("commit", astuple(commitment), signature, expected, ref)

    def disburse(self, loan_id: LoanId, expected: int = ANY_COUNT, ref: bytes = NO_REF) -> Call:
        """Build the payment of the whole principal to the payee. Originator or custodian."""
        return self.build("disburse", loan_id, expected, ref)

    def repay(
        self,
        loan_id: LoanId,
        rows: Sequence[Row],
        amount: int = ALL,
        paid_at: int = 0,
        expected: int = ANY_COUNT,
        ref: bytes = NO_REF,
    ) -> Call:
        """Build a payment on due rows. Token: anyone, ``paid_at`` 0. Bank: custodian."""
        return self.build("repay", loan_id, pack_rows(rows), amount, paid_at, expected, ref)

    def prepay(
        self,
        prepayment: Prepayment,
        signature: bytes,
        rows: Sequence[Row],
        paid_at: int = 0,
        expected: int = ANY_COUNT,
        ref: bytes = NO_REF,
    ) -> Call:
        """Build an early repayment. Originator or custodian."""
        return self.build(
            "prepay", astuple(prepayment), signature, pack_rows(rows), paid_at, expected, ref
        )

    def pay_out(
        self,
        loan_id: LoanId,
        holder: Address,
        amount: int = ALL,
        expected: int = ANY_COUNT,
        ref: bytes = NO_REF,
    ) -> Call:
        """Build a payout to a holder. Token: anyone, all of it. Bank: custodian."""
        return self.build("payOut", loan_id, holder, amount, expected, ref)

    def assign(
        self,
        assignment: Assignment,
        seller_signature: bytes,
        buyer_signature: bytes,
        expected: int = ANY_COUNT,
        ref: bytes = NO_REF,
    ) -> Call:
        """Build a sale of notes. Token: anyone. Bank: custodian."""
        return self.build(
            "assign", astuple(assignment), seller_signature, buyer_signature, expected, ref
        )

    def declare_default(self, loan_id: LoanId, rows: Sequence[Row]) -> Call:
        """Build the acceleration of a loan that is late enough. Anyone."""
        return self.build("declareDefault", loan_id, pack_rows(rows))

    def cancel(self, cancellation: Cancellation, signature: bytes) -> Call:
        """Build the cancellation of a loan that is funding. Originator."""
        return self.build("cancel", astuple(cancellation), signature)

    def expire(self, loan_id: LoanId) -> Call:
        """Build the cancellation of a loan whose funding deadline has passed. Anyone."""
        return self.build("expire", loan_id)

    def refund(
        self,
        loan_id: LoanId,
        lender: Address,
        expected: int = ANY_COUNT,
        ref: bytes = NO_REF,
    ) -> Call:
        """Build the return of a lender's escrow. Token: anyone. Bank: custodian."""
        return self.build("refund", loan_id, lender, expected, ref)

    def transfer(self, loan_id: LoanId, receiver: Address, units: int) -> Call:
        """Build a transfer of the sender's own notes without a price."""
        return self.build("transfer", receiver, int.from_bytes(loan_id, "big"), units)

    def withdraw_fees(
        self,
        settlement: int,
        receiver: Address,
        amount: int,
        expected: int = ALL,
        ref: bytes = NO_REF,
    ) -> Call:
        """Build a payout of credited fees. Token: the receiver. Bank: custodian."""
        return self.build("withdrawFees", settlement, receiver, amount, expected, ref)

    def multicall(self, calls: Sequence[Call]) -> Call:
        """Build one transaction of several calls of this book by one sender, all or nothing."""
        return self.build("multicall", [call.data for call in calls])

    # ---------------------------------------------------------------- rules of the book

    def set_policy(self, policy: Policy) -> Call:
        """Build a change of the limits for new agreements. Admin."""
        return self.build("setPolicy", astuple(policy))

    def set_settlement(self, token: Address, currency: bytes, open_: bool) -> Call:
        """Build the listing, opening or closing of an asset and currency. Admin."""
        return self.build("setSettlement", token, currency, open_)

    def set_paused(self, paused: bool) -> Call:
        """Build the stop or resumption of open, commit and disburse. Guardian."""
        return self.build("setPaused", paused)

    # ---------------------------------------------------------------- one loan

    def head(self, loan_id: LoanId, block: BlockRef) -> bytes:
        """Return the hash chain over the loan's events."""
        return bytes(self.read("head", block, loan_id))

    def loan_of(self, loan_id: LoanId, block: BlockRef) -> LoanView:
        """Return everything stored about a loan but its holders."""
        return loan_view(self.read("loanOf", block, loan_id))

    def loans_of(self, loan_ids: Sequence[LoanId], block: BlockRef) -> list[LoanView]:
        """Return many loans at one block, in batches."""
        answers = self.read_many("loanOf", block, [(loan_id,) for loan_id in loan_ids])
        return [loan_view(answer) for answer in answers]

    def holdings_of(
        self, places: Sequence[tuple[LoanId, Address]], block: BlockRef
    ) -> list[HoldingView]:
        """Return the accounts of many holders at one block, in batches."""
        return [HoldingView(*answer) for answer in self.read_many("holdingOf", block, places)]

    def units_of(self, places: Sequence[tuple[LoanId, Address]], block: BlockRef) -> list[int]:
        """Return the notes of many holders at one block, in batches."""
        arguments = [(holder, int.from_bytes(loan_id, "big")) for loan_id, holder in places]
        return [int(units) for units in self.read_many("balanceOf", block, arguments)]

    def claimable(self, loan_id: LoanId, holder: Address, block: BlockRef) -> int:
        """Return what could be paid out to a holder."""
        return int(self.read("claimable", block, loan_id, holder))

    def due_at(self, loan_id: LoanId, rows: Sequence[Row], at: int, block: BlockRef) -> Split:
        """Return what would be due at ``at``, and how it would be split."""
        return Split(*self.read("amountsDue", block, loan_id, pack_rows(rows), at))

    # ---------------------------------------------------------------- the book

    def book_head(self, block: BlockRef) -> bytes:
        """Return the hash chain over openings and the book's own events."""
        return bytes(self.read("bookHead", block))

    def book_seq(self, block: BlockRef) -> int:
        """Return how many events of its own the book has written."""
        return int(self.read("bookSeq", block))

    def loans_head(self, subject: Subject, block: BlockRef) -> bytes:
        """Return the hash chain over a borrower's loans."""
        return bytes(self.read("loansHead", block, subject))

    def registry(self, block: BlockRef) -> Address:
        """Return the registry that the book asks for parties."""
        return address_of(self.read("registry", block))

    def policy(self, block: BlockRef) -> Policy:
        """Return the limits for new agreements."""
        return Policy(*self.read("policy", block))

    def paused(self, block: BlockRef) -> bool:
        """Return whether open, commit and disburse are stopped."""
        return bool(self.read("paused", block))

    def settlements(self, block: BlockRef) -> list[SettlementView]:
        """Return every listed asset and currency, by index."""
        count = int(self.read("settlementCount", block))
        answers = self.read_many("settlementAt", block, [(index,) for index in range(count)])
        return [
            SettlementView(address_of(token), currency, is_open)
            for token, currency, is_open in answers
        ]

    def fees_of(self, places: Sequence[tuple[int, Address]], block: BlockRef) -> list[FeesView]:
        """Return the fees of (settlement, receiver) pairs at one block, in batches."""
        return [FeesView(*answer) for answer in self.read_many("feesOf", block, places)]

    def digest_used(self, digest: bytes, block: BlockRef) -> bool:
        """Return whether a prepayment or an assignment was carried out already."""
        return bool(self.read("digestUsed", block, digest))
