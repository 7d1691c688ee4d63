"""One loan as the events tell it: the same numbers that the contract stores.

Every record is immutable; a change makes a new one. Entitlement is exact: see ``claimable``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ledger.core.agreement import Agreement, terms_of
from ledger.core.allocation import Position, Terms
from ledger.core.packing import Row
from ledger.core.types import ZERO_ADDRESS, Address, LoanId, Log, Status, Timestamp


class Consent(StrEnum):
    """How a signature was accepted: by the key it recovers to, or by a contract wallet.

    ``CONTRACT`` is what the chain alone could judge (ERC-1271).
    """

    KEY = "key"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class EventRef:
    """Where an event stands on the chain. Hashes are 32 bytes."""

    block: int
    block_hash: bytes
    tx_hash: bytes
    index: int
    at: Timestamp

    @classmethod
    def of(cls, log: Log) -> "EventRef":
        """Return the place of ``log``."""
        return cls(log.block.number, log.block.hash, log.tx_hash, log.index, log.block.timestamp)


@dataclass(frozen=True, slots=True)
class Holding:
    """A holder's account in one loan.

    ``units`` of principal held; ``earned`` a numerator over the loan's principal, complete up to
    ``seen``, the value of R when the units last changed; ``paid_out`` minor units.
    """

    units: int = 0
    earned: int = 0
    seen: int = 0
    paid_out: int = 0


@dataclass(frozen=True, slots=True)
class Loan:
    """One loan. ``accepted`` is R: all that was ever accepted for the holders.

    ``settlement`` is the index of asset and currency in the book's list; ``attestations`` counts
    the bank's movements, or in token mode the borrower's payments; ``attestation_lag`` is the
    book's maximum when the loan opened, days; ``head`` chains every event.
    """

    loan_id: LoanId
    agreement: Agreement
    rows: tuple[Row, ...]
    consent: Consent
    guarantor_consent: Consent | None
    status: Status
    settlement: int
    position: Position
    head: bytes
    opened: EventRef
    last: EventRef
    holders: Mapping[Address, Holding]
    attestation_lag: int
    version: int = 0
    accepted: int = 0
    seq: int = 0
    attestations: int = 0

    @property
    def terms(self) -> Terms:
        """What servicing needs of the agreement."""
        return terms_of(self.agreement)

    @property
    def bank(self) -> bool:
        """True when money moves at the custodian bank."""
        return self.agreement.asset == ZERO_ADDRESS

    @property
    def unit(self) -> str:
        """What amounts are counted in: the currency at the bank, else the token's address."""
        return unit_of(self.agreement.asset, self.agreement.currency)

    @property
    def outstanding(self) -> int:
        """Principal that lenders brought in and that has not been given back."""
        return self.position.outstanding

    def holding(self, holder: Address) -> Holding:
        """Return the account of ``holder``; empty if it never held notes."""
        return self.holders.get(holder, Holding())


def unit_of(asset: Address, currency: bytes) -> str:
    """Return what amounts are counted in: the currency at the bank, else the token's address."""
    return currency.decode("latin-1") if asset == ZERO_ADDRESS else asset


def earned_to(holding: Holding, accepted: int) -> int:
    """Return the holder's entitlement when R is ``accepted``, times the loan's principal."""
    return holding.earned + holding.units * (accepted - holding.seen)


def claimable(loan: Loan, holder: Address) -> int:
    """Return what could be paid out to ``holder``, minor units.

    ``floor((earned + units * (R - seen)) / principal) - paidOut``: rounded once, down, whatever
    transfers happened in between.
    """
    holding = loan.holding(holder)
    return earned_to(holding, loan.accepted) // loan.agreement.principal - holding.paid_out


def with_units(loan: Loan, holder: Address, change: int) -> Loan:
    """Settle ``holder`` up to R, then change its units: cash already earned stays where it is."""
    before = loan.holding(holder)
    after = replace(
        before,
        units=before.units + change,
        earned=earned_to(before, loan.accepted),
        seen=loan.accepted,
    )
    return with_holding(loan, holder, after)


def with_holding(loan: Loan, holder: Address, holding: Holding) -> Loan:
    """Return the loan with one holder's account replaced."""
    return replace(loan, holders={**loan.holders, holder: holding})
