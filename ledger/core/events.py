"""One immutable record per event of LoanBook and PartyRegistry, fields as in Solidity.

``seq`` counts from 1 within the loan, the book or the registry; ``at`` is the block's time.
Amounts are minor units; ``ref`` is 32 bytes. ``at`` is when the chain learnt of it,
``paid_at`` when the money moved.
"""

from dataclasses import dataclass
from typing import TypeAlias

from ledger.core.agreement import Agreement
from ledger.core.types import Address, Day, Kind, LoanId, MinorUnits, Policy, Subject, Timestamp


@dataclass(frozen=True, slots=True)
class Opened:
    """A signed agreement was registered; ``rows`` are the packed 32-byte words."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    agreement: Agreement
    rows: tuple[bytes, ...]
    borrower_signature: bytes
    guarantor_signature: bytes


@dataclass(frozen=True, slots=True)
class Committed:
    """A lender's money was escrowed for the loan."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    lender: Address
    amount: MinorUnits
    deadline: Timestamp
    salt: int
    signature: bytes
    ref: bytes


@dataclass(frozen=True, slots=True)
class Disbursed:
    """The whole principal went to the payee."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    payee: Address
    amount: MinorUnits
    ref: bytes


@dataclass(frozen=True, slots=True)
class Repaid:
    """A payment on due rows, by bucket."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    paid_at: Timestamp
    payer: Address
    fee: MinorUnits
    penalty: MinorUnits
    interest: MinorUnits
    principal: MinorUnits
    ref: bytes


@dataclass(frozen=True, slots=True)
class Prepaid:
    """Principal repaid early; ``signed_amount`` is what the borrower ordered."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    paid_at: Timestamp
    fee: MinorUnits
    interest: MinorUnits
    principal: MinorUnits
    signed_amount: MinorUnits
    deadline: Timestamp
    salt: int
    signature: bytes
    ref: bytes


@dataclass(frozen=True, slots=True)
class PaidOut:
    """A holder was paid what it was entitled to."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    holder: Address
    amount: MinorUnits
    ref: bytes


@dataclass(frozen=True, slots=True)
class Transferred:
    """Notes moved between wallets."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    from_: Address
    to: Address
    units: MinorUnits


@dataclass(frozen=True, slots=True)
class Assigned:
    """Notes were sold for a price under both parties' signatures."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    seller: Address
    buyer: Address
    units: MinorUnits
    price: MinorUnits
    deadline: Timestamp
    salt: int
    seller_signature: bytes
    buyer_signature: bytes
    ref: bytes


@dataclass(frozen=True, slots=True)
class Defaulted:
    """Everything became due at once on ``day``: the sums, by bucket."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    day: Day
    fee: MinorUnits
    penalty: MinorUnits
    interest: MinorUnits
    principal: MinorUnits


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A loan still funding was cancelled with the borrower's consent."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    deadline: Timestamp
    signature: bytes


@dataclass(frozen=True, slots=True)
class FundingExpired:
    """A loan was cancelled because its funding deadline had passed."""

    loan_id: LoanId
    seq: int
    at: Timestamp


@dataclass(frozen=True, slots=True)
class Refunded:
    """A lender of a cancelled loan got its escrow back."""

    loan_id: LoanId
    seq: int
    at: Timestamp
    lender: Address
    amount: MinorUnits
    ref: bytes


@dataclass(frozen=True, slots=True)
class BookCreated:
    """The first event of every book."""

    seq: int
    at: Timestamp
    registry: Address
    admin: Address


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A role of the book was granted or revoked; ``role`` is 32 bytes."""

    seq: int
    at: Timestamp
    role: bytes
    account: Address
    granted: bool


@dataclass(frozen=True, slots=True)
class PauseChanged:
    """Open, commit and disburse were stopped or allowed again."""

    seq: int
    at: Timestamp
    paused: bool


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """New limits for agreements opened from here on."""

    seq: int
    at: Timestamp
    policy: Policy


@dataclass(frozen=True, slots=True)
class SettlementChanged:
    """An asset and currency was listed, or opened or closed for new loans."""

    seq: int
    at: Timestamp
    settlement: int
    token: Address
    currency: bytes
    open: bool


@dataclass(frozen=True, slots=True)
class FeesWithdrawn:
    """A fee receiver was paid fees credited to it."""

    seq: int
    at: Timestamp
    settlement: int
    receiver: Address
    amount: MinorUnits
    ref: bytes


@dataclass(frozen=True, slots=True)
class PartyRegistered:
    """A wallet was bound to a subject."""

    seq: int
    at: Timestamp
    wallet: Address
    subject: Subject
    kind: Kind
    related: bool


@dataclass(frozen=True, slots=True)
class PartyUpdated:
    """A wallet's kind or related flag changed; its subject never does."""

    seq: int
    at: Timestamp
    wallet: Address
    kind: Kind
    related: bool


@dataclass(frozen=True, slots=True)
class RegistryRoleChanged:
    """A role of the registry was granted or revoked; ``role`` is 32 bytes."""

    seq: int
    at: Timestamp
    role: bytes
    account: Address
    granted: bool


LoanEvent: TypeAlias = (
    Opened
    | Committed
    | Disbursed
    | Repaid
    | Prepaid
    | PaidOut
    | Transferred
    | Assigned
    | Defaulted
    | Cancelled
    | FundingExpired
    | Refunded
)
BookEvent: TypeAlias = (
    BookCreated | RoleChanged | PauseChanged | PolicyChanged | SettlementChanged | FeesWithdrawn
)
RegistryEvent: TypeAlias = PartyRegistered | PartyUpdated | RegistryRoleChanged
Event: TypeAlias = LoanEvent | BookEvent | RegistryEvent
