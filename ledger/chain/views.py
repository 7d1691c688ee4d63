"""What the contracts store, as their views give it: Solidity's structs in snake_case."""

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from ledger.chain.wire import address_of
from ledger.core.storage import Fields
from ledger.core.types import Address, Kind, Status, Subject


@dataclass(frozen=True, slots=True)
class LoanState:
    """``State``: what changes as a loan lives."""

    status: Status
    version: int
    bank: bool
    early: bool
    row: int
    last_day: int
    settlement: int
    seq: int
    attestations: int
    outstanding: int
    late: bool


@dataclass(frozen=True, slots=True)
class Paid:
    """``Paid``: R, and what was paid on the current row; minor units."""

    accepted: int
    row_paid: int


@dataclass(frozen=True, slots=True)
class StoredTerms:
    """``Terms``: what servicing needs of the agreement."""

    principal: int
    value_date: int
    daily_rate: int
    penalty_rate: int
    grace_days: int
    prepayment_fee_bps: int
    default_after_days: int
    write_off_after_days: int
    attestation_lag: int


@dataclass(frozen=True, slots=True)
class Penalty:
    """``Penalty``: of the current row, a numerator and minor units."""

    numerator: int
    settled: int


@dataclass(frozen=True, slots=True)
class Wallets:
    """``Wallets``; the payee is 0 where the borrower itself is paid."""

    borrower: Address
    funding_deadline: int
    payee: Address
    fee_receiver: Address
    guarantor: Address


@dataclass(frozen=True, slots=True)
class Acceleration:
    """``Acceleration``: what default made due at once, minor units."""

    fee: int
    interest: int
    penalty: int


@dataclass(frozen=True, slots=True)
class LoanView:
    """``LoanView``: everything stored about a loan but its holders."""

    head: bytes
    state: LoanState
    paid: Paid
    terms: StoredTerms
    schedule_hash: bytes
    penalty: Penalty
    wallets: Wallets
    acceleration: Acceleration
    early_principal: int

    def fields(self) -> Fields:
        """Return every stored field by name, ``state.status`` and so on."""
        return flatten(self)


@dataclass(frozen=True, slots=True)
class HoldingView:
    """``Holding``: a holder's account in one loan; ``earned`` is over the principal."""

    earned: int
    seen: int
    paid_out: int


@dataclass(frozen=True, slots=True)
class FeesView:
    """``Fees`` of one receiver in one settlement, minor units."""

    credited: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class SettlementView:
    """``Settlement``: an asset and currency; the token is 0 at the bank."""

    token: Address
    currency: bytes
    open: bool


@dataclass(frozen=True, slots=True)
class PartyView:
    """``Party``: one wallet's entry in the registry."""

    subject: Subject
    kind: Kind
    related: bool


def loan_view(value: tuple[Any, ...]) -> LoanView:
    """Return the decoded ``LoanView`` struct as a record."""
    head, state, paid, terms, schedule_hash, penalty, wallets, acceleration, early = value
    borrower, funding_deadline, *others = wallets
    return LoanView(
        head=head,
        state=LoanState(Status(state[0]), *state[1:]),
        paid=Paid(*paid),
        terms=StoredTerms(*terms),
        schedule_hash=schedule_hash,
        penalty=Penalty(*penalty),
        wallets=Wallets(
            address_of(borrower), funding_deadline, *(address_of(other) for other in others)
        ),
        acceleration=Acceleration(*acceleration),
        early_principal=early,
    )


def flatten(record: Any, prefix: str = "") -> Fields:
    """Return a record's fields by dotted name; enumerations as integers."""
    found: Fields = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if is_dataclass(value):
            found |= flatten(value, f"{prefix}{field.name}.")
        else:
            found[prefix + field.name] = int(value) if isinstance(value, Status) else value
    return found
