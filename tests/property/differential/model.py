"""The model's notes, fees and rules: with them it is whole."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.core import events
from ledger.core.agreement import Assignment
from ledger.core.decode import encode
from ledger.core.types import ZERO_ADDRESS, Address, MinorUnits, Policy
from ledger.core.types import Timestamp as At
from tests.contract.evm import REF
from tests.property.differential.model_loan import ALL, ModelLoan
from tests.property.differential.opening_model import RawEvent, Signature
from tests.property.differential.payment_model import OWING, PaymentModel
from tests.property.differential.refusal import refuse


@dataclass(slots=True)
class Model(PaymentModel):
    """The whole book."""

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
        self.require_unused(digest)
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

    def set_settlement(self, index: int, is_open: bool) -> list[RawEvent]:
        self.closed = self.closed - {index} if is_open else self.closed | {index}
        self.book_seq += 1
        token, currency = self.settlements[index]
        event = events.SettlementChanged(
            self.book_seq, At(self.now), index, token, currency, is_open
        )
        return [self._record_book(event)]

    def set_policy(self, policy: Policy) -> list[RawEvent]:
        self.policy = policy
        self.book_seq += 1
        event = events.PolicyChanged(self.book_seq, At(self.now), self.policy)
        return [self._record_book(event)]

    def _record_book(self, event: events.BookEvent) -> RawEvent:
        raw = encode(event)
        self.chain_book(raw)
        return raw
