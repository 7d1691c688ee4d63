"""Units and small records that the whole core speaks in. Integers and bytes, never floats."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NewType

LoanId = NewType("LoanId", bytes)
"""32 bytes: the EIP-712 digest of the agreement."""

Address = NewType("Address", str)
"""EIP-55 checksummed ``0x`` address; ``ZERO_ADDRESS`` where the contract uses 0 for none."""

Subject = NewType("Subject", bytes)
"""16 random bytes: the person or company behind one or more wallets."""

MinorUnits = NewType("MinorUnits", int)
"""Money or notes, in the asset's or currency's minor unit."""

Timestamp = NewType("Timestamp", int)
"""Unix seconds."""

Day = NewType("Day", int)
"""Days since the loan's value date, as ``allocation.day_of`` counts them."""

ZERO_ADDRESS = Address("0x" + "00" * 20)


class Status(IntEnum):
    """Where a loan stands; numbered as the contract's ``Status``."""

    NONE = 0
    FUNDING = 1
    ACTIVE = 2
    REPAID = 3
    DEFAULTED = 4
    WRITTEN_OFF = 5
    CANCELLED = 6


class Kind(IntEnum):
    """What a subject (主体) is; numbered as the registry's ``Kind``."""

    NONE = 0
    PERSON = 1
    COMPANY = 2
    BANK = 3
    GUARANTOR = 4
    PLATFORM = 5


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits that the book enforces on new agreements.

    ``legal_annual_rate`` 1e-6 a year, ``max_penalty_rate`` 1e-6 a day, fee in basis points,
    lag in days.
    """

    legal_annual_rate: int
    max_penalty_rate: int
    max_prepayment_fee_bps: int
    max_attestation_lag: int


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One block of one branch; every historical read names one. Hashes are 32 bytes."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: Timestamp


@dataclass(frozen=True, slots=True)
class Log:
    """One raw log in its block.

    ``index`` counts within the block; (chain id, ``block.hash``, ``index``) identifies the
    event. Topics are 32 bytes each.
    """

    block: BlockRef
    tx_hash: bytes
    tx_index: int
    index: int
    address: Address
    topics: tuple[bytes, ...]
    data: bytes
