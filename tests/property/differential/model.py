"""The model's payments, default and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from ledger.core import allocation, events
from ledger.core.agreement import Assignment, Prepayment
from ledger.core.decode import encode
from ledger.core.types import ZERO_ADDRESS, Address, Day, MinorUnits, Policy, Status
from ledger.core.types import Timestamp as At
from ledger.errors import AllocationError
from tests.contract.evm import ALL_PRINCIPAL, REF
from tests.property.differential.model_loan import ALL, ModelLoan
from tests.property.differential.opening_model import OpeningModel, RawEvent, Signature
from tests.property.differential.refusal import refuse

OWING = Status.ACTIVE, Status.DEFAULTED


@dataclass(slots=True)
class Model(OpeningModel):
    """The whole life of a loan."""

    # ------------------------------------------------------------------ payments

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
        self._require_unused(digest)
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
        today = loan.day(self.now)
        if not loan.bank:
            if paid_at:
                refuse("ValueDateInTokenMode", paidAt=paid_at)
            return today
        day, oldest = loan.day(paid_at), today - loan.attestation_lag
        if day > today:
            refuse("ValueDateInFuture", day=day, today=today)
        if day < loan.position.last_day:
            refuse("ValueDateBeforeLast", day=day, lastDay=loan.position.last_day)
        if day < oldest:
            refuse("ValueDateTooOld", day=day, oldest=oldest)
        return day

    def _store(self, loan: ModelLoan, position: allocation.Position, accepted: int) -> None:
        loan.position = position
        loan.accepted += accepted
        if not position.outstanding:
            loan.status = Status.REPAID

    def _take(self, loan: ModelLoan, payer: Address, fee: int, holders: int) -> None:
        self.fees[loan.settlement, loan.draft.agreement.fee_receiver][0] += fee
        self.move(loan, payer, self.book, fee + holders)

    # ------------------------------------------------------------------ holders

    def pay_out(
        self, sender: Address, loan: ModelLoan, holder: Address, amount: int, expected: int
    ) -> list[RawEvent]:
        self.require_custodian_of_bank(loan, sender)
        self.require_count(loan, expected)
        most = loan.claimable(holder)
        if not most:
            refuse("NothingClaimable", loanId=loan.draft.loan_id, holder=holder)
        if not amount:
            refuse("ZeroAmount")
        if loan.bank and amount > most:
            refuse("ExceedsEntitlement", claimable=most, amount=amount)
        if not loan.bank and amount != ALL:
            refuse("PayoutIsAll", amount=amount)
        paid = amount if loan.bank else most
        loan.account(holder).paid_out += paid
        loan.attestations += loan.bank
        self.move(loan, self.book, holder, paid)
        event = events.PaidOut(
            loan.draft.loan_id, loan.seq + 1, At(self.now), holder, MinorUnits(paid), REF
        )
        return [loan.record(event)]

    def transfer(
        self, loan: ModelLoan, seller: Address, buyer: Address, units: int
    ) -> list[RawEvent]:
        self._require_transferable(loan, seller, buyer, units)
        return [self._transferred(loan, seller, buyer, units)]

    def _require_transferable(
        self, loan: ModelLoan, seller: Address, buyer: Address, units: int
    ) -> None:
        self.require_participant(seller)
        self.require_participant(buyer)
        if loan.status not in OWING:
            refuse("NotTransferable", loanId=loan.draft.loan_id, status=int(loan.status))
        if not units:
            refuse("ZeroAmount")
        have = loan.account(seller).units
        if units > have:
            loan_id = int.from_bytes(loan.draft.loan_id, "big")
            refuse(
                "ERC6909InsufficientBalance",
                sender=seller,
                balance=have,
                needed=units,
                id=loan_id,
            )

    def _transferred(
        self, loan: ModelLoan, seller: Address, buyer: Address, units: int
    ) -> RawEvent:
        loan.settle(seller)
        loan.settle(buyer)
        loan.account(seller).units -= units
        loan.account(buyer).units += units
        event = events.Transferred(
            loan.draft.loan_id, loan.seq + 1, At(self.now), seller, buyer, MinorUnits(units)
        )
        return loan.record(event)

    def assign(
        self,
        sender: Address,
        loan: ModelLoan,
        sale: Assignment,
        digest: bytes,
        signatures: tuple[Signature, Signature],
        expected: int,
    ) -> list[RawEvent]:
        self.require_custodian_of_bank(loan, sender)
        self._require_unused(digest)
        self._require_transferable(loan, sale.seller, sale.buyer, sale.units)
        self.require_in_time(sale.deadline)
        self.require_consent(sale.seller, digest, signatures[0])
        self.require_consent(sale.buyer, digest, signatures[1])
        self.require_count(loan, expected)
        if not loan.bank:
            self.require_money(sale.buyer, sale.price)
            if sale.seller == sale.buyer and sale.price:
                refuse("InexactTransfer", token=self.token, expected=sale.price, received=0)
        self.used.add(digest)
        first = self._transferred(loan, sale.seller, sale.buyer, sale.units)
        loan.attestations += loan.bank
        self.move(loan, sale.buyer, sale.seller, sale.price)
        assigned = events.Assigned(
            loan.draft.loan_id,
            loan.seq + 1,
            At(self.now),
            sale.seller,
            sale.buyer,
            sale.units,
            sale.price,
            sale.deadline,
            sale.salt,
            signatures[0].raw,
            signatures[1].raw,
            REF,
        )
        return [first, loan.record(assigned)]

    def _require_unused(self, digest: bytes) -> None:
        if digest in self.used:
            refuse("DigestUsed", digest=digest)

    # ------------------------------------------------------------------ fees and rules

    def withdraw_fees(
        self, sender: Address, settlement: int, receiver: Address, amount: int, expected: int
    ) -> list[RawEvent]:
        bank = self.settlements[settlement][0] == ZERO_ADDRESS
        if bank:
            self.require_role("CUSTODIAN", sender)
        elif sender != receiver:
            refuse("NotReceiver", caller=sender, receiver=receiver)
        credited, withdrawn = self.fees[settlement, receiver]
        if expected != withdrawn and (bank or expected != ALL):
            refuse("StaleAttestation", expected=expected, found=withdrawn)
        if not amount:
            refuse("ZeroAmount")
        if amount > credited - withdrawn:
            refuse("ExceedsFees", credited=credited - withdrawn, amount=amount)
        self.fees[settlement, receiver][1] += amount
        if not bank:
            self.balances[self.book] -= amount
            self.balances[receiver] = self.balances.get(receiver, 0) + amount
        self.book_seq += 1
        event = events.FeesWithdrawn(
            self.book_seq, At(self.now), settlement, receiver, MinorUnits(amount), REF
        )
        return [self._record_book(event)]

    def set_paused(self, sender: Address, paused: bool) -> list[RawEvent]:
        self.require_role("GUARDIAN", sender)
        self.paused = paused
        self.book_seq += 1
        return [self._record_book(events.PauseChanged(self.book_seq, At(self.now), paused))]

    def set_policy(self, policy: Policy) -> list[RawEvent]:
        self.policy = policy
        self.book_seq += 1
        event = events.PolicyChanged(self.book_seq, At(self.now), self.policy)
        return [self._record_book(event)]

    def _record_book(self, event: events.BookEvent) -> RawEvent:
        raw = encode(event)
        self.chain_book(raw)
        return raw
