"""What becomes of an intent whose nonce a transaction from elsewhere has used."""

import bisect
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ledger.chain.abi import Call
from ledger.chain.client import Client
from ledger.chain.transport import ask_many
from ledger.chain.wire import Fees, address_of, octets, quantity
from ledger.core.intents import Attempt, Intent, IntentState
from ledger.core.types import Address, BlockRef
from ledger.errors import ChainError, InconsistentNode, NodeUnreachable, Reverted
from ledger.outbox.fees import FeePolicy
from ledger.outbox.port import OutboxStore

log = logging.getLogger(__name__)

Sign: TypeAlias = Callable[[Intent, int, Fees, int], Attempt]
"""Intent, attempt number, fees and head number to signed bytes."""


@dataclass(frozen=True, slots=True)
class _Spender:
    """The final transaction that used a nonce."""

    tx_hash: bytes
    call: Call


class Conflicts:
    """Settles the conflicts of one sender.

    An intent is signed again only when the final transaction with its nonce was found and is
    something else: then no bytes that were ever signed for the intent can be mined any more.
    """

    def __init__(
        self,
        store: OutboxStore,
        client: Client,
        sender: Address,
        policy: FeePolicy,
        sign: Sign,
    ) -> None:
        self._store = store
        self._client = client
        self._sender = sender
        self._policy = policy
        self._sign = sign

    def settle(
        self, used: Sequence[Intent], attempts: dict[str, list[Attempt]], head: BlockRef
    ) -> tuple[list[Intent], list[Attempt]]:
        """Settle intents without a receipt whose nonces are used by final transactions.

        Returns the intents that changed, and new attempts to broadcast. ``head`` is the newest
        block; what is used but not final is left alone.
        """
        changed: list[Intent] = []
        fresh: list[Attempt] = []
        if not used:
            return changed, fresh
        final = self._client.final()
        settled = self._client.nonce(self._sender, final)
        for intent in used:
            if intent.nonce >= settled:
                continue
            tried = attempts[intent.request_id]
            after, attempt = self._settled(intent, tried, final, head)
            if after == intent:
                continue
            with self._store.transaction() as tables:
                tables.update([after])
                if attempt is not None:
                    tables.add_attempt(attempt)
                    tables.set_next_nonce(after.chain_id, after.sender, after.nonce + 1)
                    fresh.append(attempt)
            log.warning("%s: %s", intent.request_id, after.reason)
            changed.append(after)
        return changed, fresh

    def _settled(
        self, intent: Intent, tried: Sequence[Attempt], final: BlockRef, head: BlockRef
    ) -> tuple[Intent, Attempt | None]:
        try:
            spender = self._spender(intent.nonce, tried[0].signed_at_block, final.number)
        except NodeUnreachable:
            raise
        except ChainError as error:
            return _ended(
                intent, f"nonce {intent.nonce} is used, by what could not be found: {error}"
            ), None
        if spender.tx_hash in {attempt.tx_hash for attempt in tried}:
            return intent, None  # Mined since the receipts were read.
        if spender.call == Call(intent.to, intent.data):
            return self._mined(intent, spender), None
        told = f"nonce {intent.nonce} was used elsewhere, by 0x{spender.tx_hash.hex()}"
        with self._store.transaction() as tables:
            local = tables.next_nonce(intent.chain_id, intent.sender)
        count = self._client.nonce(self._sender, head)
        if local is None or count > local:
            # An old backup, perhaps: then the intent may be among what it does not know.
            return _ended(intent, f"{told}; the chain counts {count}, this database {local}"), None
        try:
            self._client.simulate(Call(intent.to, intent.data), self._sender)
        except Reverted as refusal:
            return _ended(intent, f"{told}; now {refusal}"), None
        except NodeUnreachable:
            raise
        except ChainError as error:
            log.warning("%s waits: %s, and %s", intent.request_id, told, error)
            return intent, None
        again = replace(intent, nonce=local, reason=f"{told}; signed again with nonce {local}")
        fees = self._policy.first(self._client.fees())
        return again, self._sign(again, tried[-1].number + 1, fees, head.number)

    def _mined(self, intent: Intent, spender: _Spender) -> Intent:
        """Return an intent whose mined attempt this database lost: an old backup of it."""
        receipt = self._client.receipt(spender.tx_hash)
        if receipt is None:
            return intent
        return replace(
            intent,
            state=IntentState.CONFIRMED if receipt.succeeded else IntentState.REVERTED,
            tx_hash=receipt.tx_hash,
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            succeeded=receipt.succeeded,
            reason=f"mined as 0x{receipt.tx_hash.hex()}, which was signed elsewhere",
        )

    def _spender(self, nonce: int, first: int, last: int) -> _Spender:
        """Return what used a nonce in blocks ``first`` to ``last``. Raises a ``ChainError``."""
        number = first + bisect.bisect_right(
            range(first, last + 1),
            nonce,
            key=lambda each: self._client.nonce(self._sender, self._client.block(each)),
        )
        hashes = self._client.raw_block(number)["transactions"]
        questions = [("eth_getTransactionByHash", [tx_hash]) for tx_hash in hashes]
        for answer in ask_many(self._client.transport, questions):
            if isinstance(answer, ChainError):
                raise answer
            if answer is None:
                raise NodeUnreachable(
                    self._client.transport.name, f"a transaction of block {number} is missing"
                )
            if address_of(answer["from"]) == self._sender and quantity(answer["nonce"]) == nonce:
                to = address_of(answer["to"]) if answer["to"] else None
                return _Spender(octets(answer["hash"], 32), Call(to, octets(answer["input"])))
        raise InconsistentNode(f"no transaction with nonce {nonce} in block {number}")


def _ended(intent: Intent, reason: str) -> Intent:
    return replace(intent, state=IntentState.REPLACED, reason=reason)
