"""The entry points until disbursement, called with what usually is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from ledger.core.agreement import Cancellation, Commitment
from ledger.core.types import MinorUnits, Policy, Timestamp
from tests.contract.agreed import Draft
from tests.contract.chain import Key, Sent
from tests.contract.evm import ANY, DAY, REF, Stage

FAR = DAY * 365 * 60
"""Seconds until the deadlines that no test wants to meet."""


class Opening(Stage):
    """A stage on which loans can be opened, funded and disbursed. All raise ``Reverted``."""

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
        return struct(draft.agreement), draft.words, first, second

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
        return struct(document), signature, self._count(draft, expected), REF

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
        return self.act(sender or self.originator, "cancel", struct(document), signature)

    def expire(self, draft: Draft, *, sender: Key | None = None) -> Sent:
        return self.act(sender or self.stranger, "expire", draft.loan_id)

    def refund(
        self, draft: Draft, lender: Key, *, sender: Key | None = None, expected: int | None = None
    ) -> Sent:
        sender = sender or (self.custodian if draft.bank else self.stranger)
        count = self._count(draft, expected)
        return self.act(sender, "refund", draft.loan_id, lender.address, count, REF)

    def act(self, sender: Key, function: str, *arguments: Any) -> Sent:
        """Send a call of the book."""
        return self.transact(sender, self.book, function, *arguments)

    def set_policy(self, policy: Policy) -> Sent:
        return self.act(self.admin, "setPolicy", astuple(policy))


def struct(document: Any) -> tuple[Any, ...]:
    """Return a document's members, as the ABI takes a struct."""
    return tuple(getattr(document, name) for name in document.__slots__)
