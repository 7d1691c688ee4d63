"""The documents that parties sign."""

from dataclasses import dataclass

from ledger.core.types import Address, LoanId, MinorUnits, Timestamp


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement (借款合同), signed by borrower and guarantor; its digest is the loan's id.

    ``currency`` 3 bytes of ISO 4217; ``principal`` in minor units; ``daily_rate`` 1e-12 a day,
    0 when interest is as in the rows; ``penalty_rate`` 1e-6 a day; ``guarantor`` and ``asset``
    are the zero address for none and for money at the bank; ``schedule_hash``, ``line``,
    ``product``, ``purpose`` and ``documents`` are 32 bytes.
    """

    borrower: Address
    payee: Address
    guarantor: Address
    fee_receiver: Address
    asset: Address
    currency: bytes
    principal: MinorUnits
    schedule_hash: bytes
    daily_rate: int
    penalty_rate: int
    grace_days: int
    prepayment_fee_bps: int
    default_after_days: int
    write_off_after_days: int
    value_date: Timestamp
    funding_deadline: Timestamp
    line: bytes
    product: bytes
    purpose: bytes
    documents: bytes
    salt: int


@dataclass(frozen=True, slots=True)
class Commitment:
    """A lender's promise (出借承诺) to fund ``amount`` of one loan."""

    loan_id: LoanId
    lender: Address
    amount: MinorUnits
    deadline: Timestamp
    salt: int


@dataclass(frozen=True, slots=True)
class Prepayment:
    """A borrower's order to repay ``amount`` of principal early; 2**128 - 1 means all."""

    loan_id: LoanId
    amount: MinorUnits
    deadline: Timestamp
    salt: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """A transfer of notes (债权转让) for a price, signed by seller and buyer."""

    loan_id: LoanId
    seller: Address
    buyer: Address
    units: MinorUnits
    price: MinorUnits
    deadline: Timestamp
    salt: int


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A borrower's consent to cancel a loan that is still funding."""

    loan_id: LoanId
    deadline: Timestamp
