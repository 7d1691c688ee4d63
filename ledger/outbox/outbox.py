"""One key's transactions, each sent exactly once whatever breaks in between.

A request becomes an intent, a nonce and signed bytes in one database transaction; only then
are the bytes broadcast, and again until they are in a block. The local database owns the nonces.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType

from ledger.chain.abi import Call
from ledger.chain.client import Client
from ledger.chain.signers import Signer, Transaction
from ledger.chain.wire import Fees, Receipt
from ledger.core.intents import Attempt, Intent, IntentState
from ledger.core.types import Address, BlockRef
from ledger.errors import (
    InputError,
    InsufficientFunds,
    NonceConflict,
    NotMined,
    OutboxAhead,
    OutboxBehind,
    RequestConflict,
    SenderBusy,
    TransactionReverted,
)
from ledger.outbox.fees import FeePolicy
from ledger.outbox.port import OutboxStore, Request
from ledger.outbox.tracking import Tracker

GAS_MARGIN_PERCENT = 25
"""Added to simulated gas: the state may have moved by the time that it is mined."""
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.5
"""Seconds between two polls: doubling, since development nodes mine within milliseconds."""


class Outbox:
    """The one sender of one key from one database; use it as a context manager.

    Entering takes the key's lock (``SenderBusy``) and raises ``OutboxAhead`` if the chain lost
    transactions that were final. Safe to share between threads.
    """

    def __init__(
        self,
        store: OutboxStore,
        client: Client,
        signer: Signer,
        *,
        policy: FeePolicy | None = None,
    ) -> None:
        self._store = store
        self._client = client
        self._signer = signer
        self._policy = policy or FeePolicy()
        self._mutex = threading.RLock()
        self._held = ExitStack()
        self._tracker = Tracker(store, client, signer.address, self._policy, self._sign)

    @property
    def sender(self) -> Address:
        """The account that everything is sent from."""
        return self._signer.address

    def __enter__(self) -> "Outbox":
        self._held.enter_context(self._store.lock_sender(self._client.chain_id, self.sender))
        try:
            self._require_chain_kept_up()
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    # ---------------------------------------------------------------- sending

    def submit(self, request_id: str, call: Call, *, gas: int | None = None) -> Intent:
        """Sign, store and broadcast one request; a repeated one gives the first one's intent.

        Raises ``Reverted`` if the contract would refuse it, ``RequestConflict`` if the id was
        used for something else, ``InputError``, ``InsufficientFunds``, ``OutboxBehind``,
        ``NodeUnreachable``: in each case nothing was stored and no nonce used.
        """
        return self.submit_many([Request(request_id, call, gas)])[0]

    def submit_many(self, requests: Sequence[Request]) -> list[Intent]:
        """Submit requests with consecutive nonces: one database transaction, one broadcast.

        Requests that build on each other need their gas given, since each is simulated on what
        the node knows before any of them is sent. Raises as ``submit``.
        """
        with self._mutex:
            known = self._known(requests)
            fresh = {
                request.request_id: request
                for request in requests
                if request.request_id not in known
            }
            if fresh:
                known |= self._send_new(list(fresh.values()))
            return [known[request.request_id] for request in requests]

    def send(self, request_id: str, call: Call, timeout: float = 120.0) -> Receipt:
        """Submit one request and return its receipt once it is mined.

        Raises as ``submit``, ``NotMined``, ``TransactionReverted`` if the contract refused it
        after all, and ``NonceConflict`` if its nonce was used elsewhere and it is not sent again.
        """
        self.submit(request_id, call)
        (intent,) = self.wait([request_id], timeout)
        if intent.state == IntentState.REPLACED:
            raise NonceConflict(self.sender, request_id, intent.reason or "unknown")
        receipt = None if intent.tx_hash is None else self._client.receipt(intent.tx_hash)
        if receipt is None:
            raise NotMined([request_id], timeout)
        if not receipt.succeeded:
            raise TransactionReverted(request_id, receipt.tx_hash, intent.reason or "unknown")
        return receipt

    # ---------------------------------------------------------------- following

    def poll(self) -> list[Intent]:
        """Look once what became of everything unfinished; return the intents that changed.

        Broadcasts what is in no block again. What lost its nonce to a final transaction from
        elsewhere is signed again with a new one, or ends as ``REPLACED``.
        """
        with self._mutex:
            return self._tracker.poll()

    def wait(
        self, request_ids: Sequence[str] | None = None, timeout: float = 120.0
    ) -> list[Intent]:
        """Poll until these requests (all unfinished ones without ids) are in a block.

        Raises ``NotMined`` after ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        pause = FIRST_PAUSE
        if request_ids is None:
            with self._store.transaction() as tables:
                unfinished = tables.unfinished(self._client.chain_id, self.sender)
            request_ids = [intent.request_id for intent in unfinished]
        while True:
            self.poll()
            intents = self._required(request_ids)
            waiting = [
                intent.request_id for intent in intents if intent.state == IntentState.PENDING
            ]
            if not waiting:
                return intents
            if time.monotonic() >= deadline:
                raise NotMined(waiting, timeout)
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(2 * pause, LONGEST_PAUSE)

    def intent(self, request_id: str) -> Intent | None:
        """Return what is known of a request."""
        with self._store.transaction() as tables:
            return tables.find(request_id)

    def adopt_nonce(self, through: BlockRef) -> int:
        """Take over the chain's count after a restore, and return the next nonce.

        ``through`` is the mirror's block: raises ``OutboxBehind`` if the chain counts transactions
        beyond it, or while a request that waits here lost its nonce to one that is not final.
        """
        with self._mutex:
            seen = self._client.nonce(self.sender, through)
            count = self._client.nonce(self.sender, self._client.head())
            if count > seen:
                raise OutboxBehind(self.sender, seen, count)
            # What lost its nonce ends while the gap shows: later it would be signed again.
            self._tracker.poll()
            with self._store.transaction() as tables:
                local = tables.next_nonce(self._client.chain_id, self.sender)
                waiting = tables.unfinished(self._client.chain_id, self.sender)
                nonce = max(count, local or 0)
                if nonce != local and any(i.state == IntentState.PENDING for i in waiting):
                    raise OutboxBehind(self.sender, local or 0, count)
                tables.set_next_nonce(self._client.chain_id, self.sender, nonce)
            return nonce

    # ---------------------------------------------------------------- inside

    def _known(self, requests: Sequence[Request]) -> dict[str, Intent]:
        calls: dict[str, Call] = {}
        known: dict[str, Intent] = {}
        with self._store.transaction() as tables:
            for request in requests:
                name = request.request_id
                if calls.setdefault(name, request.call) != request.call:
                    raise RequestConflict(name)
                intent = tables.find(name)
                if intent is None:
                    continue
                same_key = (intent.chain_id, intent.sender) == (self._client.chain_id, self.sender)
                if not same_key or Call(intent.to, intent.data) != request.call:
                    raise RequestConflict(name)
                known[name] = intent
        return known

    def _send_new(self, requests: Sequence[Request]) -> dict[str, Intent]:
        gas = [
            self._simulated(request.call) if request.gas is None else request.gas
            for request in requests
        ]
        fees = self._policy.first(self._client.fees())
        head = self._client.head()
        self._require_funds(sum(gas) * fees.max_fee_per_gas, head)
        with self._store.transaction() as tables:
            first = self._nonce(tables.next_nonce(self._client.chain_id, self.sender), head)
        intents = [
            Intent(
                request_id=request.request_id,
                chain_id=self._client.chain_id,
                sender=self.sender,
                nonce=first + index,
                to=request.call.to,
                data=request.call.data,
                gas=gas[index],
            )
            for index, request in enumerate(requests)
        ]
        attempts = [self._sign(intent, 1, fees, head.number) for intent in intents]
        with self._store.transaction() as tables:
            if tables.next_nonce(self._client.chain_id, self.sender) not in {None, first}:
                raise SenderBusy(self._client.chain_id, self.sender)
            tables.add(intents, attempts)
            tables.set_next_nonce(self._client.chain_id, self.sender, first + len(intents))
        self._tracker.broadcast(attempts, head.number)
        return {intent.request_id: intent for intent in intents}

    def _sign(self, intent: Intent, number: int, fees: Fees, head: int) -> Attempt:
        signed = self._signer.sign_transaction(
            Transaction(
                chain_id=intent.chain_id,
                nonce=intent.nonce,
                to=intent.to,
                data=intent.data,
                gas=intent.gas,
                max_fee_per_gas=fees.max_fee_per_gas,
                max_priority_fee_per_gas=fees.max_priority_fee_per_gas,
            )
        )
        return Attempt(
            tx_hash=signed.hash,
            request_id=intent.request_id,
            number=number,
            raw=signed.raw,
            max_fee_per_gas=fees.max_fee_per_gas,
            max_priority_fee_per_gas=fees.max_priority_fee_per_gas,
            signed_at_block=head,
        )

    def _simulated(self, call: Call) -> int:
        return self._client.simulate(call, self.sender) * (100 + GAS_MARGIN_PERCENT) // 100

    def _nonce(self, local: int | None, head: BlockRef) -> int:
        """Return the next nonce: our own count, once it is known not to lag behind."""
        count = self._client.nonce(self.sender, head)
        if local is not None and count > local:
            raise OutboxBehind(self.sender, local, count)
        return count if local is None else local

    def _require_funds(self, needed: int, head: BlockRef) -> None:
        balance = self._client.balance(self.sender, head)
        if balance < needed:
            raise InsufficientFunds(self.sender, balance, needed)

    def _require_chain_kept_up(self) -> None:
        with self._store.transaction() as tables:
            local = tables.next_nonce(self._client.chain_id, self.sender)
            unfinished = tables.unfinished(self._client.chain_id, self.sender)
        if local is None:
            return
        final = min((intent.nonce for intent in unfinished), default=local)
        count = self._client.nonce(self.sender, self._client.head())
        if count < final:
            raise OutboxAhead(self.sender, final, count)

    def _required(self, request_ids: Sequence[str]) -> list[Intent]:
        intents = []
        with self._store.transaction() as tables:
            for request_id in request_ids:
                intent = tables.find(request_id)
                if intent is None:
                    raise InputError(f"request {request_id} was never submitted")
                intents.append(intent)
        return intents
