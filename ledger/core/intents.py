"""What the outbox remembers of a transaction that it was asked to send."""

from dataclasses import dataclass
from enum import StrEnum

from ledger.core.types import Address


class IntentState(StrEnum):
    """Where a transaction stands. Only a reorganisation moves it back, to ``PENDING``."""

    PENDING = "pending"
    """Signed and stored; in no block that is known."""
    MINED = "mined"
    """In a block that is not final; ``Intent.succeeded`` says how it went there."""
    CONFIRMED = "confirmed"
    """Final and successful."""
    REVERTED = "reverted"
    """Final and refused by the contract; ``Intent.reason`` says why."""
    REPLACED = "replaced"
    """Final: another transaction used its nonce, it was not signed again; see ``reason``."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One request to change the chain, with the nonce that it owns.

    ``to`` is ``None`` for the creation of a contract. ``gas`` is the limit. The last five
    members are what the chain said about it; ``reason`` also tells of a nonce that was lost to
    a transaction from elsewhere.
    """

    request_id: str
    chain_id: int
    sender: Address
    nonce: int
    to: Address | None
    data: bytes
    gas: int
    state: IntentState = IntentState.PENDING
    tx_hash: bytes | None = None
    block_number: int | None = None
    block_hash: bytes | None = None
    succeeded: bool | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """Signed bytes of an intent (fees in wei per gas).

    A later attempt offers more, or has another nonce where the first one was provably lost.
    """

    tx_hash: bytes
    request_id: str
    number: int
    raw: bytes
    max_fee_per_gas: int
    max_priority_fee_per_gas: int
    signed_at_block: int
