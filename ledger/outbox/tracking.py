"""What becomes of signed transactions: mined, final, refused, reorganised away, stuck."""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace

from ledger.chain.abi import Call
from ledger.chain.client import Client
from ledger.chain.wire import Receipt
from ledger.core.intents import Attempt, Intent, IntentState
from ledger.core.types import Address
from ledger.errors import ChainError, NodeUnreachable
from ledger.outbox.conflicts import Conflicts, Sign
from ledger.outbox.fees import FeePolicy
from ledger.outbox.port import OutboxStore

log = logging.getLogger(__name__)

_KNOWN = re.compile(r"already ?(known|imported)|known transaction", re.I)
_USED = re.compile(r"nonce too low", re.I)


class Tracker:
    """Follows one sender's unfinished intents."""

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
        self._conflicts = Conflicts(store, client, sender, policy, sign)
        self._sent_at: dict[bytes, int] = {}
        """Transaction hash to the head at which this process broadcast it last."""

    def poll(self) -> list[Intent]:
        """Look once what became of everything unfinished; return the intents that changed."""
        with self._store.transaction() as tables:
            unfinished = tables.unfinished(self._client.chain_id, self._sender)
            attempts = tables.attempts([intent.request_id for intent in unfinished])
        if not unfinished:
            return []
        final = self._client.final().number
        mined = self._receipts(attempts)
        seen = [self._seen(intent, mined.get(intent.request_id), final) for intent in unfinished]
        changed = [after for before, after in zip(unfinished, seen, strict=True) if after != before]
        if changed:
            with self._store.transaction() as tables:
                tables.update(changed)
        pending = [intent for intent in seen if intent.state == IntentState.PENDING]
        if pending:
            changed += self._push(pending, attempts)
        return changed

    def broadcast(self, attempts: Sequence[Attempt], head: int) -> None:
        """Send signed bytes. A failure is only logged: they are stored, and sent again."""
        try:
            outcomes = self._client.send_raw([attempt.raw for attempt in attempts])
        except ChainError as error:
            log.warning("%d transactions wait for the node: %s", len(attempts), error)
            return
        for attempt, outcome in zip(attempts, outcomes, strict=True):
            if isinstance(outcome, ChainError) and not _KNOWN.search(str(outcome)):
                # Mined since the last look, as a rule: the next look finds its receipt.
                level = logging.INFO if _USED.search(str(outcome)) else logging.WARNING
                log.log(level, "%s was not taken: %s", attempt.request_id, outcome)
            else:
                self._sent_at[attempt.tx_hash] = head

    # ---------------------------------------------------------------- inside

    def _receipts(self, attempts: dict[str, list[Attempt]]) -> dict[str, Receipt]:
        """Return the receipt of whichever attempt of each request was mined."""
        tried = [attempt for several in attempts.values() for attempt in several]
        receipts = self._client.receipts([attempt.tx_hash for attempt in tried])
        return {
            attempt.request_id: receipt
            for attempt, receipt in zip(tried, receipts, strict=True)
            if receipt is not None
        }

    def _seen(self, intent: Intent, receipt: Receipt | None, final: int) -> Intent:
        if receipt is None:
            if intent.state == IntentState.PENDING:
                return intent
            log.warning("%s was reorganised away and waits again", intent.request_id)
            self._sent_at.clear()
            return replace(
                intent,
                state=IntentState.PENDING,
                tx_hash=None,
                block_number=None,
                block_hash=None,
                succeeded=None,
                reason=None,
            )
        state = IntentState.MINED
        if receipt.block_number <= final:
            state = IntentState.CONFIRMED if receipt.succeeded else IntentState.REVERTED
        same = intent.block_hash == receipt.block_hash and intent.tx_hash == receipt.tx_hash
        return replace(
            intent,
            state=state,
            tx_hash=receipt.tx_hash,
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            succeeded=receipt.succeeded,
            reason=intent.reason if same else self._reason(intent, receipt),
        )

    def _reason(self, intent: Intent, receipt: Receipt) -> str | None:
        """Return why a mined transaction did nothing, as far as the node can tell."""
        if receipt.succeeded:
            return intent.reason if intent.state == IntentState.PENDING else None
        if receipt.gas_used >= intent.gas:
            return f"ran out of gas at its limit of {intent.gas}"
        try:
            parent = self._client.block(receipt.block_number - 1)
            refusal = self._client.why_reverted(Call(intent.to, intent.data), self._sender, parent)
        except NodeUnreachable:
            raise
        except ChainError as error:
            return f"refused; the node no longer has the state that would say why ({error})"
        if refusal is None:
            return "refused because of a transaction before it in its block"
        return str(refusal)

    def _push(self, pending: Sequence[Intent], attempts: dict[str, list[Attempt]]) -> list[Intent]:
        """Broadcast what waits, once per head; offer more for the one that blocks the others.

        Returns the intents whose nonces were lost to transactions from elsewhere.
        """
        head = self._client.head()
        count = self._client.nonce(self._sender, head)
        used = [intent for intent in pending if intent.nonce < count]
        settled, again = self._conflicts.settle(used, attempts, head)
        lost = {intent.request_id for intent in settled}
        for intent in pending:
            if intent.request_id in lost:
                continue
            last = attempts[intent.request_id][-1]
            if intent.nonce == count:
                last = self._bumped(intent, last, head.number)
            if self._sent_at.get(last.tx_hash, -1) < head.number:
                again.append(last)
        if again:
            self.broadcast(again, head.number)
        return settled

    def _bumped(self, intent: Intent, last: Attempt, head: int) -> Attempt:
        fees = self._policy.bumped(last, self._client.fees(), head)
        if fees is None:
            return last
        attempt = self._sign(intent, last.number + 1, fees, head)
        with self._store.transaction() as tables:
            tables.add_attempt(attempt)
        log.info("%s offers %d wei per gas now", intent.request_id, fees.max_fee_per_gas)
        return attempt
