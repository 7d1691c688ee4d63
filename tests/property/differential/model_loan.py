"""One loan of the model: the allocation twin around it, whole numbers, dictionaries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from eth_hash.auto import keccak

from ledger.core import allocation
from ledger.core.agreement import Agreement, terms_of
from ledger.core.allocation import Position, Terms
from ledger.core.decode import encode
from ledger.core.events import LoanEvent
from ledger.core.types import ZERO_ADDRESS, Address, Status
from tests.contract.agreed import Draft
from tests.contract.views import LoanView
from tests.property.differential.schedules import day

ANY_COUNT = 2**32 - 1
ALL = 2**256 - 1


@dataclass(slots=True)
class Account:
    """A holder's notes and what it is entitled to, as a numerator over the principal."""

    units: int = 0
    earned: int = 0
    seen: int = 0
    paid_out: int = 0


@dataclass(slots=True)
class ModelLoan:
    """What the contract should hold about one loan."""

    draft: Draft
    settlement: int
    attestation_lag: int
    status: Status = Status.FUNDING
    position: Position = field(default_factory=lambda: Position(outstanding=0))
    accepted: int = 0
    seq: int = 0
    attestations: int = 0
    head: bytes = bytes(32)
    accounts: dict[Address, Account] = field(default_factory=dict)
    principal_paid: int = 0

    @property
    def bank(self) -> bool:
        return self.draft.bank

    @property
    def terms(self) -> Terms:
        return terms_of(self.draft.agreement)

    def day(self, at: int) -> int:
        return day(self.draft.agreement.value_date, at)

    def account(self, holder: Address) -> Account:
        return self.accounts.setdefault(holder, Account())

    def claimable(self, holder: Address) -> int:
        account = self.accounts.get(holder, Account())
        earned = account.earned + account.units * (self.accepted - account.seen)
        return earned // self.draft.agreement.principal - account.paid_out

    def settle(self, holder: Address) -> Account:
        """Bring an account up to date before its units change."""
        account = self.account(holder)
        account.earned += account.units * (self.accepted - account.seen)
        account.seen = self.accepted
        return account

    def day_due(self, at: int) -> bool:
        """Return whether anything is due at an instant."""
        at_day = max(self.day(at), self.position.last_day)
        return self.status in (Status.ACTIVE, Status.DEFAULTED) and self.due(at_day).total > 0

    def due(self, at_day: int) -> allocation.Split:
        return allocation.due(self.terms, self.position, self.draft.rows, at_day)

    def record(self, event: LoanEvent) -> tuple[tuple[bytes, ...], bytes]:
        """Count an event of this loan; return its raw log."""
        self.seq += 1
        topics, data = encode(event)
        self.head = keccak(self.head + keccak(b"".join(topics) + keccak(data)))
        return topics, data

    def view(self) -> LoanView:
        """Return what ``loanOf`` should answer."""
        return view_of(self.draft.agreement, self)


class Stored(Protocol):
    """What a loan keeps beside its agreement: the model's, or the one rebuilt from events."""

    @property
    def status(self) -> Status: ...
    @property
    def settlement(self) -> int: ...
    @property
    def attestation_lag(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def attestations(self) -> int: ...
    @property
    def accepted(self) -> int: ...
    @property
    def head(self) -> bytes: ...
    @property
    def position(self) -> Position: ...


def view_of(agreed: Agreement, loan: Stored) -> LoanView:
    """Return what ``loanOf`` should answer, field by field."""
    position = loan.position
    claim = position.accelerated
    return LoanView(
        head=int.from_bytes(loan.head, "big"),
        status=int(loan.status),
        version=0,
        bank=int(agreed.asset == ZERO_ADDRESS),
        early=int(position.early > 0),
        late=int(position.numerator > 0 or position.settled > 0),
        row=position.row,
        last_day=position.last_day,
        settlement=loan.settlement,
        seq=loan.seq,
        attestations=loan.attestations,
        outstanding=position.outstanding,
        accepted=loan.accepted,
        row_paid=position.row_paid,
        principal=agreed.principal,
        value_date=agreed.value_date,
        daily_rate=0,
        penalty_rate=agreed.penalty_rate,
        grace_days=agreed.grace_days,
        prepayment_fee_bps=agreed.prepayment_fee_bps,
        default_after_days=agreed.default_after_days,
        write_off_after_days=agreed.write_off_after_days,
        attestation_lag=loan.attestation_lag,
        schedule_hash=int.from_bytes(agreed.schedule_hash, "big"),
        numerator=position.numerator,
        settled=position.settled,
        borrower=int(agreed.borrower, 16),
        funding_deadline=agreed.funding_deadline,
        payee=0 if agreed.payee == agreed.borrower else int(agreed.payee, 16),
        fee_receiver=int(agreed.fee_receiver, 16),
        guarantor=int(agreed.guarantor, 16),
        claim_fee=claim.fee if claim else 0,
        claim_interest=claim.interest if claim else 0,
        claim_penalty=claim.penalty if claim else 0,
        early_principal=position.early,
    )
