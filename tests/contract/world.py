"""The entry points of the book, called with what usually is right; every part can be given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from ledger.core.agreement import Assignment, Cancellation, Commitment, Prepayment
from ledger.core.types import ZERO_ADDRESS, MinorUnits, Policy, Timestamp
from tests.contract.chain import Key, Sent
from tests.contract.evm import ALL, ALL_PRINCIPAL, ANY, DAY, REF, Draft, Stage

FAR = DAY * 365 * 60
"""Seconds until the deadlines that no test wants to meet."""


class World(Stage):
    """A stage whose entry points can be called. All raise ``Reverted``."""

    def operator(self, draft: Draft) -> Key:
        """Return who moves money at the start: originator, or custodian at the bank."""
        return self.custodian if draft.bank else self.originator

    def payer(self, draft: Draft) -> Key:
        """Return who calls for a borrower's payment."""
        return self.custodian if draft.bank else draft.borrower

    def expected(self, draft: Draft) -> int:
        """Return the attestation count to name: any in token mode, the true one at the bank."""
        return self.loan(draft).attestations if draft.bank else ANY

    def _count(self, draft: Draft, expected: int | None) -> int:
        return self.expected(draft) if expected is None else expected

    def _deadline(self) -> Timestamp:
        return Timestamp(self.chain.now + FAR)

    # ------------------------------------------------------------------ opening and funding

    def open(
        self,
        draft: Draft,
        *,
        sender: Key | None = None,
        words: Sequence[bytes] | None = None,
        signature: bytes | None = None,
        guarantor_signature: bytes | None = None,
    ) -> Sent:
        agreement, rows, first, second = self.open_arguments(draft)
        return self.act(
            sender or self.originator,
            "open",
            agreement,
            rows if words is None else words,
            first if signature is None else signature,
            second if guarantor_signature is None else guarantor_signature,
        )

    def open_arguments(self, draft: Draft) -> tuple[Any, list[bytes], bytes, bytes]:
        """Return what ``open`` takes when all is right."""
        second = draft.guarantor.sign(draft.loan_id) if draft.guarantor else b""
        first = draft.borrower.sign(draft.loan_id)
        return _struct(draft.agreement), draft.words, first, second

    def commitment(
        self, draft: Draft, lender: Key, amount: int | None = None, deadline: int | None = None
    ) -> Commitment:
        """Return a lender's promise; without an amount, of the whole principal."""
        return Commitment(
            loan_id=draft.loan_id,
            lender=lender.address,
            amount=MinorUnits(draft.agreement.principal if amount is None else amount),
            deadline=self._deadline() if deadline is None else Timestamp(deadline),
            salt=self.salt(),
        )

    def commit(
        self,
        draft: Draft,
        lender: Key,
        amount: int | None = None,
        *,
        document: Commitment | None = None,
        sender: Key | None = None,
        signature: bytes | None = None,
        expected: int | None = None,
        fund: bool = True,
    ) -> Sent:
        document = document or self.commitment(draft, lender, amount)
        if fund and not draft.bank and document.amount:
            self.fund(lender, document.amount)
        promise, first, count, ref = self.commit_arguments(draft, lender, document, expected)
        return self.act(
            sender or self.operator(draft),
            "commit",
            promise,
            first if signature is None else signature,
            count,
            ref,
        )

    def commit_arguments(
        self, draft: Draft, lender: Key, document: Commitment, expected: int | None = None
    ) -> tuple[Any, bytes, int, bytes]:
        """Return what ``commit`` takes when all is right."""
        signature = self.sign(lender, document)
        return _struct(document), signature, self._count(draft, expected), REF

    def disburse(
        self, draft: Draft, *, sender: Key | None = None, expected: int | None = None
    ) -> Sent:
        count = self._count(draft, expected)
        return self.act(sender or self.operator(draft), "disburse", draft.loan_id, count, REF)

    def cancel(
        self,
        draft: Draft,
        *,
        document: Cancellation | None = None,
        sender: Key | None = None,
        signature: bytes | None = None,
    ) -> Sent:
        document = document or Cancellation(draft.loan_id, self._deadline())
        signature = self.sign(draft.borrower, document) if signature is None else signature
        return self.act(sender or self.originator, "cancel", _struct(document), signature)

    def expire(self, draft: Draft, *, sender: Key | None = None) -> Sent:
        return self.act(sender or self.stranger, "expire", draft.loan_id)

    def refund(
        self, draft: Draft, lender: Key, *, sender: Key | None = None, expected: int | None = None
    ) -> Sent:
        sender = sender or (self.custodian if draft.bank else self.stranger)
        count = self._count(draft, expected)
        return self.act(sender, "refund", draft.loan_id, lender.address, count, REF)

    # ------------------------------------------------------------------ servicing

    def repay(
        self,
        draft: Draft,
        amount: int = ALL,
        *,
        paid_at: int | None = None,
        sender: Key | None = None,
        words: Sequence[bytes] | None = None,
        expected: int | None = None,
    ) -> Sent:
        if paid_at is None:
            paid_at = self.chain.now if draft.bank else 0
        return self.act(
            sender or self.payer(draft),
            "repay",
            draft.loan_id,
            draft.words if words is None else words,
            amount,
            paid_at,
            self._count(draft, expected),
            REF,
        )

    def order(self, draft: Draft, amount: int, deadline: int | None = None) -> Prepayment:
        """Return a borrower's order to repay principal early."""
        end = self._deadline() if deadline is None else Timestamp(deadline)
        return Prepayment(draft.loan_id, MinorUnits(amount), end, self.salt())

    def prepay(
        self,
        draft: Draft,
        amount: int = ALL_PRINCIPAL,
        *,
        document: Prepayment | None = None,
        paid_at: int | None = None,
        sender: Key | None = None,
        signature: bytes | None = None,
        words: Sequence[bytes] | None = None,
        expected: int | None = None,
    ) -> Sent:
        if paid_at is None:
            paid_at = self.chain.now if draft.bank else 0
        document = document or self.order(draft, amount)
        return self.act(
            sender or self.operator(draft),
            "prepay",
            _struct(document),
            self.sign(draft.borrower, document) if signature is None else signature,
            draft.words if words is None else words,
            paid_at,
            self._count(draft, expected),
            REF,
        )

    def declare_default(
        self, draft: Draft, *, sender: Key | None = None, words: Sequence[bytes] | None = None
    ) -> Sent:
        rows = draft.words if words is None else words
        return self.act(sender or self.stranger, "declareDefault", draft.loan_id, rows)

    # ------------------------------------------------------------------ holders

    def pay_out(
        self,
        draft: Draft,
        holder: Key,
        amount: int | None = None,
        *,
        sender: Key | None = None,
        expected: int | None = None,
    ) -> Sent:
        if amount is None:
            amount = self.claimable(draft, holder) if draft.bank else ALL
        sender = sender or (self.custodian if draft.bank else self.stranger)
        count = self._count(draft, expected)
        return self.act(sender, "payOut", draft.loan_id, holder.address, amount, count, REF)

    def sale(
        self,
        draft: Draft,
        seller: Key,
        buyer: Key,
        units: int,
        price: int,
        deadline: int | None = None,
    ) -> Assignment:
        """Return a sale of notes."""
        return Assignment(
            loan_id=draft.loan_id,
            seller=seller.address,
            buyer=buyer.address,
            units=MinorUnits(units),
            price=MinorUnits(price),
            deadline=self._deadline() if deadline is None else Timestamp(deadline),
            salt=self.salt(),
        )

    def assign(
        self,
        draft: Draft,
        seller: Key,
        buyer: Key,
        units: int = 1_000,
        price: int = 990,
        *,
        document: Assignment | None = None,
        sender: Key | None = None,
        signatures: tuple[bytes, bytes] | None = None,
        expected: int | None = None,
        fund: bool = True,
    ) -> Sent:
        document = document or self.sale(draft, seller, buyer, units, price)
        if fund and not draft.bank and document.price:
            self.fund(buyer, document.price)
        first, second = signatures or (self.sign(seller, document), self.sign(buyer, document))
        return self.act(
            sender or (self.custodian if draft.bank else self.stranger),
            "assign",
            _struct(document),
            first,
            second,
            self._count(draft, expected),
            REF,
        )

    def transfer(self, draft: Draft, seller: Key, buyer: Key, units: int) -> Sent:
        loan = int.from_bytes(draft.loan_id, "big")
        return self.act(seller, "transfer", buyer.address, loan, units)

    def withdraw_fees(
        self,
        settlement: int,
        amount: int,
        *,
        receiver: Key | None = None,
        sender: Key | None = None,
        expected: int | None = None,
    ) -> Sent:
        receiver = receiver or self.receiver
        bank = self.ask(self.book, "settlementAt", settlement)[0].lower() == ZERO_ADDRESS
        if expected is None:
            expected = self.fees(settlement, receiver).withdrawn if bank else ALL
        sender = sender or (self.custodian if bank else receiver)
        arguments = settlement, receiver.address, amount, expected, REF
        return self.act(sender, "withdrawFees", *arguments)

    def set_policy(self, policy: Policy) -> Sent:
        return self.act(self.admin, "setPolicy", astuple(policy))

    def act(self, sender: Key, function: str, *arguments: Any) -> Sent:
        """Send a call of the book."""
        return self.transact(sender, self.book, function, *arguments)

    # ------------------------------------------------------------------ whole ways

    def funded(self, *shares: tuple[Key, int], **terms: Any) -> Draft:
        """Return a loan that is open and funded, by ann alone unless shares are given."""
        draft = self.draft(**terms)
        self.open(draft)
        for lender, amount in shares or ((self.ann, draft.agreement.principal),):
            self.commit(draft, lender, amount)
        return draft

    def active(self, *shares: tuple[Key, int], **terms: Any) -> Draft:
        """Return a disbursed loan whose borrower can pay in tokens."""
        draft = self.funded(*shares, **terms)
        self.disburse(draft)
        if not draft.bank:
            self.fund(draft.borrower, 10 * draft.agreement.principal)
        return draft


def _struct(document: Any) -> tuple[Any, ...]:
    """Return a document's members, as the ABI takes a struct."""
    return tuple(getattr(document, name) for name in document.__slots__)
