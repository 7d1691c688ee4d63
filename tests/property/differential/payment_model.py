"""The model's payments and default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from ledger.core import allocation, events
from ledger.core.agreement import Prepayment
from ledger.core.types import Address, Day, MinorUnits, Status
from ledger.core.types import Timestamp as At
from ledger.errors import AllocationError
from tests.contract.evm import ALL_PRINCIPAL, DAY, REF
from tests.property.differential.model_loan import ALL, ModelLoan
from tests.property.differential.opening_model import OpeningModel, RawEvent, Signature
from tests.property.differential.refusal import refuse
from tests.property.differential.schedules import day as calendar_day

OWING = Status.ACTIVE, Status.DEFAULTED


@dataclass(slots=True)
class PaymentModel(OpeningModel):
    """From the disbursed loan to the last payment."""

    def repay(
        self,
        sender: Address,
        loan: ModelLoan,
        words: Sequence[bytes],
        amount: int,
        paid_at: int,
        expected: int,
    ) -> list[RawEvent]:
        self.require_custodian_of_bank(loan, sender)
        self.require_status(loan, *OWING)
        self.require_count(loan, expected)
        if not amount:
            refuse("ZeroAmount")
        self._require_rows(loan, words)
        day = self._value_day(loan, paid_at)
        budget = None if amount == ALL else amount
        position, split = allocation.pay(loan.terms, loan.position, loan.draft.rows, day, budget)
        if not split.total:
            refuse("NothingDue", loanId=loan.draft.loan_id)
        if amount not in (ALL, split.total):
            refuse("ExceedsDue", due=split.total, amount=amount)
        if not loan.bank:
            self.require_money(sender, split.total)
        loan.principal_paid += split.principal
        self._store(loan, position, split.holders)
        self._take(loan, sender, split.fee, split.holders)
        return [self._record_repaid(loan, paid_at, sender, split)]

    def _record_repaid(
        self, loan: ModelLoan, paid_at: int, payer: Address, split: allocation.Split
    ) -> RawEvent:
        loan.attestations += 1
        return loan.record(
            events.Repaid(
                loan.draft.loan_id,
                loan.seq + 1,
                At(self.now),
                At(paid_at if loan.bank else self.now),
                payer,
                MinorUnits(split.fee),
                MinorUnits(split.penalty),
                MinorUnits(split.interest),
                MinorUnits(split.principal),
                REF,
            )
        )

    def prepay(
        self,
        sender: Address,
        loan: ModelLoan,
        order: Prepayment,
        digest: bytes,
        signature: Signature,
        words: Sequence[bytes],
        paid_at: int,
        expected: int,
    ) -> list[RawEvent]:
        self.require_operator(loan, sender)
        self.require_unused(digest)
        self.require_status(loan, Status.ACTIVE)
        self.require_count(loan, expected)
        if not order.amount:
            refuse("ZeroAmount")
        self.require_in_time(order.deadline)
        borrower = loan.draft.agreement.borrower
        self.require_consent(borrower, digest, signature)
        self._require_rows(loan, words)
        day = self._value_day(loan, paid_at)
        left = loan.position.outstanding - loan.due(day).principal
        amount = left if order.amount == ALL_PRINCIPAL else order.amount
        if not left or amount > left:
            refuse("ExceedsOutstanding", outstanding=left, amount=order.amount)
        position, due, early = allocation.prepay(
            loan.terms, loan.position, loan.draft.rows, day, amount
        )
        holders = due.holders + early.interest + early.principal
        fee = due.fee + early.fee
        if not loan.bank:
            self.require_money(borrower, fee + holders)
        self.used.add(digest)
        loan.principal_paid += due.principal + early.principal
        self._store(loan, position, holders)
        self._take(loan, borrower, fee, holders)
        logs = [self._record_repaid(loan, paid_at, borrower, due)] if due.total else []
        loan.attestations += 1
        prepaid = events.Prepaid(
            loan.draft.loan_id,
            loan.seq + 1,
            At(self.now),
            At(paid_at if loan.bank else self.now),
            MinorUnits(early.fee),
            MinorUnits(early.interest),
            MinorUnits(early.principal),
            order.amount,
            order.deadline,
            order.salt,
            signature.raw,
            REF,
        )
        return [*logs, loan.record(prepaid)]

    def declare_default(self, loan: ModelLoan, words: Sequence[bytes]) -> list[RawEvent]:
        self.require_status(loan, Status.ACTIVE)
        self._require_rows(loan, words)
        day = loan.day(self.now)
        if loan.bank:
            day = max(day - loan.attestation_lag, loan.position.last_day)
        terms, rows = loan.terms, loan.draft.rows
        try:
            position, claim = allocation.accelerate(terms, loan.position, rows, day)
        except AllocationError:
            late = allocation.days_past_due(terms, loan.position, rows, day)
            refuse("NotYetInDefault", daysLate=late, required=terms.default_after_days + 1)
        loan.status, loan.position = Status.DEFAULTED, position
        defaulted = events.Defaulted(
            loan.draft.loan_id,
            loan.seq + 1,
            At(self.now),
            Day(day),
            MinorUnits(claim.fee),
            MinorUnits(claim.penalty),
            MinorUnits(claim.interest),
            MinorUnits(position.outstanding),
        )
        return [loan.record(defaulted)]

    def _require_rows(self, loan: ModelLoan, words: Sequence[bytes]) -> None:
        found, expected = keccak(b"".join(words)), loan.draft.agreement.schedule_hash
        if found != expected:
            refuse("WrongScheduleHash", expected=expected, found=found)

    def _value_day(self, loan: ModelLoan, paid_at: int) -> int:
        if not loan.bank:
            if paid_at:
                refuse("ValueDateInTokenMode", paidAt=paid_at)
            return loan.day(self.now)
        # Calendar days since 1970, each beginning when the loan's days begin.
        begins = loan.draft.agreement.value_date % DAY
        today, valued = calendar_day(begins, self.now), calendar_day(begins, paid_at)
        if valued > today:
            refuse("ValueDateInFuture", day=valued, today=today)
        found = loan.day(paid_at)
        if found < loan.position.last_day:
            refuse("ValueDateBeforeLast", day=found, lastDay=loan.position.last_day)
        if valued < today - loan.attestation_lag:
            refuse("ValueDateTooOld", day=valued, oldest=today - loan.attestation_lag)
        return found

    def _store(self, loan: ModelLoan, position: allocation.Position, accepted: int) -> None:
        loan.position = position
        loan.accepted += accepted
        if not position.outstanding:
            loan.status = Status.REPAID

    def _take(self, loan: ModelLoan, payer: Address, fee: int, holders: int) -> None:
        self.fees[loan.settlement, loan.draft.agreement.fee_receiver][0] += fee
        self.move(loan, payer, self.book, fee + holders)
