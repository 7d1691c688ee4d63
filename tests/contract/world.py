"""The entry points of the book, called with what usually is right; every part can be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.core.agreement import Assignment, Prepayment
from ledger.core.types import ZERO_ADDRESS, MinorUnits, Timestamp
from tests.contract.agreed import Draft
from tests.contract.chain import Key, Sent
from tests.contract.evm import ALL, ALL_PRINCIPAL, REF
from tests.contract.opening import Opening, struct


class World(Opening):
    """A book whose entry points can all be called. All raise ``Reverted``."""

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
            struct(document),
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
            struct(document),
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
