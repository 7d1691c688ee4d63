"""What the book's views answer, decoded word by word: every member is static."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from eth_utils.address import to_checksum_address

from ledger.core.types import Address


def words(answer: bytes) -> list[int]:
    """Return the 32-byte words of an answer as integers."""
    return [int.from_bytes(answer[at : at + 32], "big") for at in range(0, len(answer), 32)]


@dataclass(frozen=True, slots=True)
class _Words:
    """A record whose members are the words of an answer, in order: no more, no fewer."""

    @classmethod
    def of(cls, answer: bytes) -> Self:
        return cls(*words(answer))


@dataclass(frozen=True, slots=True)
class LoanView(_Words):
    """``loanOf``: LoanView of ILoanBook, flat. Hashes and addresses are integers."""

    head: int
    status: int
    version: int
    bank: int
    early: int
    row: int
    last_day: int
    settlement: int
    seq: int
    attestations: int
    outstanding: int
    late: int
    accepted: int
    row_paid: int
    principal: int
    value_date: int
    daily_rate: int
    penalty_rate: int
    grace_days: int
    prepayment_fee_bps: int
    default_after_days: int
    write_off_after_days: int
    attestation_lag: int
    schedule_hash: int
    numerator: int
    settled: int
    borrower: int
    funding_deadline: int
    payee: int
    fee_receiver: int
    guarantor: int
    claim_fee: int
    claim_interest: int
    claim_penalty: int
    early_principal: int


@dataclass(frozen=True, slots=True)
class HoldingView(_Words):
    """``holdingOf``: a holder's account in one loan."""

    earned: int
    seen: int
    paid_out: int


@dataclass(frozen=True, slots=True)
class FeesView(_Words):
    """``feesOf``: fees of one receiver in one settlement."""

    credited: int
    withdrawn: int


def address_of(word: int) -> Address:
    """Return the address that a word holds."""
    return Address(to_checksum_address(word.to_bytes(20, "big")))
