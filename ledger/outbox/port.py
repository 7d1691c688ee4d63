"""What the outbox asks of a database, and what its callers ask of it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ledger.chain.abi import Call
from ledger.core.intents import Attempt, Intent
from ledger.core.types import Address
from ledger.errors import InputError

LONGEST_REQUEST_ID = 200

LEAST_GAS = 21_000
"""What any transaction costs at least: no node takes one with less."""


@dataclass(frozen=True, slots=True)
class Request:
    """A change of the chain under an id of the caller's choice.

    ``gas`` is the limit; without it the call is simulated first, and a refusal costs nothing.
    Raises ``InputError`` for an id or a limit that cannot be used.
    """

    request_id: str
    call: Call
    gas: int | None = None

    def __post_init__(self) -> None:
        length = len(self.request_id)
        if not 0 < length <= LONGEST_REQUEST_ID:
            raise InputError(f"request id of {length} characters: 1 to 200 are allowed")
        if not self.request_id.isprintable():
            raise InputError(f"request id {self.request_id!a}: use characters that can be printed")
        if self.gas is not None and self.gas < LEAST_GAS:
            raise InputError(
                f"{self.request_id}: gas limit {self.gas} is below {LEAST_GAS}, which every "
                "transaction needs"
            )


class OutboxTransaction(Protocol):
    """The outbox's tables within one write transaction."""

    def find(self, request_id: str) -> Intent | None:
        """Return the intent of a request."""

    def next_nonce(self, chain_id: int, sender: Address) -> int | None:
        """Return the next nonce of a key; ``None`` if it never sent from this database."""

    def set_next_nonce(self, chain_id: int, sender: Address, nonce: int) -> None:
        """Remember the next nonce of a key."""

    def add(self, intents: Sequence[Intent], attempts: Sequence[Attempt]) -> None:
        """Store new intents with their first attempts."""

    def add_attempt(self, attempt: Attempt) -> None:
        """Store one more attempt of a stored intent."""

    def attempts(self, request_ids: Sequence[str]) -> dict[str, list[Attempt]]:
        """Return the attempts of each request, oldest first."""

    def unfinished(self, chain_id: int, sender: Address) -> list[Intent]:
        """Return the sender's intents that are not final yet, by nonce."""

    def update(self, intents: Sequence[Intent]) -> None:
        """Store what the chain said about intents."""


class OutboxStore(Protocol):
    """A database that holds an outbox."""

    def transaction(self) -> AbstractContextManager[OutboxTransaction]:
        """Yield the tables in one write transaction, which is durable when it ends."""

    def lock_sender(self, chain_id: int, sender: Address) -> AbstractContextManager[None]:
        """Hold a key's lock; raises ``SenderBusy`` when somebody else holds it."""
