"""One outbox for every key that sends, opened when it first does."""

from contextlib import ExitStack
from types import TracebackType

from ledger.chain.abi import Call
from ledger.chain.client import Client
from ledger.chain.signers import Signer
from ledger.chain.wire import Receipt
from ledger.core.types import Address, BlockRef
from ledger.outbox import Outbox, OutboxStore


class Senders:
    """Sends for several keys from one database; use it as a context manager: it holds their locks.

    A key whose count on the chain is ahead, since the database was restored from a backup, sends
    again once ``caught_up`` was told that the mirror knows what the key did in between.
    ``transactions`` counts what was sent and mined.
    """

    def __init__(self, client: Client, store: OutboxStore) -> None:
        self._client = client
        self._store = store
        self._held = ExitStack()
        self._outboxes: dict[Address, Outbox] = {}
        self._through: BlockRef | None = None
        self.transactions = 0

    def __enter__(self) -> "Senders":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def outbox(self, signer: Signer) -> Outbox:
        """Return the signer's outbox. Raises as entering one."""
        if signer.address not in self._outboxes:
            outbox = Outbox(self._store, self._client, signer)
            self._outboxes[signer.address] = self._held.enter_context(outbox)
            if self._through is not None:
                outbox.adopt_nonce(self._through)
        return self._outboxes[signer.address]

    def caught_up(self, through: BlockRef) -> None:
        """Take over the chain's counts: the mirror has every block up to ``through``.

        For callers alone that choose what to send by what is on the chain. Raises
        ``OutboxBehind`` while something else sends with a key.
        """
        self._through = through
        for outbox in self._outboxes.values():
            outbox.adopt_nonce(through)

    def send(self, signer: Signer, request_id: str, call: Call, gas: int | None = None) -> Receipt:
        """Send one transaction; return its receipt once it is mined. Raises as ``Outbox.send``.

        With ``gas`` given it is not simulated first.
        """
        outbox = self.outbox(signer)
        if gas is not None:
            outbox.submit(request_id, call, gas=gas)
        receipt = outbox.send(request_id, call)
        self.transactions += 1
        return receipt
