"""A node that serves logs written by hand, and the lies that such a node can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from eth_hash.auto import keccak

from ledger.chain.abi import Call, interface
from ledger.core.types import Address, BlockRef, Log, Timestamp
from ledger.errors import BlockUnknown, WrongChain
from ledger.store.pages import Deployment
from tests.simulated_logs import BOOK, CHAIN_ID, REGISTRY, ZERO, LogWriter

FUNCTIONS = interface("ILoanBook")
Lie = Callable[[list[Log]], list[Log]]


class FakeNode:
    """Serves the blocks of a writer. From block ``fork`` on hashes carry the branch's name.

    ``lie`` changes the logs that it hands out; heads are always those of the true logs.
    """

    def __init__(self, writer: LogWriter, *, finality: int = 0, chain_id: int = CHAIN_ID) -> None:
        self.chain_id = chain_id
        self.finality = finality
        self.lie: Lie = list
        self.asked: list[tuple[int, int]] = []
        self._true: list[Log] = []
        self._blocks: list[BlockRef] = []
        self.serve(writer)

    def serve(self, writer: LogWriter, *, branch: str = "main", fork: int = 0) -> None:
        """Serve another writer's chain; blocks below ``fork`` keep their hashes."""
        times = {log.block.number: log.block.timestamp for log in writer.logs}
        blocks: list[BlockRef] = []
        time = 1
        for number in range(writer.number + 1):
            time = times.get(number, time)
            name = "main" if number < fork else branch
            parent = blocks[-1].hash if blocks else ZERO
            digest = keccak(f"{name} {number} {time}".encode() + parent)
            blocks.append(BlockRef(number, digest, parent, Timestamp(time)))
        self._blocks = blocks
        self._true = [replace(log, block=blocks[log.block.number]) for log in writer.logs]

    def cut(self, number: int) -> None:
        """Forget every block above ``number``: a node that lags, or a shorter branch."""
        del self._blocks[number + 1 :]
        self._true = [log for log in self._true if log.block.number <= number]

    # ------------------------------------------------------------ what the mirror asks

    def require_chain(self, expected: int) -> None:
        if expected != self.chain_id:
            raise WrongChain(expected, self.chain_id)

    def head(self) -> BlockRef:
        return self._blocks[-1]

    def final(self) -> BlockRef:
        return self._blocks[max(0, len(self._blocks) - 1 - self.finality)]

    def block(self, number: int) -> BlockRef:
        if number >= len(self._blocks):
            raise BlockUnknown(number)
        return self._blocks[number]

    def blocks(self, first: int, last: int) -> list[BlockRef]:
        return [self.block(number) for number in range(first, last + 1)]

    def logs(
        self,
        first: int,
        last: int,
        addresses: Sequence[Address],
        headers: Mapping[int, BlockRef] | None = None,  # noqa: ARG002
    ) -> list[Log]:
        self.block(last)
        self.asked.append((first, last))
        logs = [log for log in self._true if first <= log.block.number <= last]
        return self.lie([log for log in logs if log.address in addresses])

    def call_many(self, calls: Sequence[Call], block: BlockRef) -> list[bytes]:
        return [self._head(call, block.number) for call in calls]

    def _head(self, call: Call, number: int) -> bytes:
        logs = [log for log in self._true if log.block.number <= number]
        if call.to == REGISTRY:
            return chained(log for log in logs if log.address == REGISTRY)
        logs = [log for log in logs if log.address == BOOK]
        if call.data == FUNCTIONS["bookHead"].encode():
            return chained(log for log in logs if len(log.topics) == 1 or _opens(log))
        loan = call.data[4:]
        return chained(log for log in logs if len(log.topics) == 2 and log.topics[1] == loan)


def _opens(log: Log) -> bool:
    # An opening is the first event of its loan: data begins with its sequence number.
    return len(log.topics) == 2 and int.from_bytes(log.data[:32], "big") == 1


def chained(logs: Iterable[Log]) -> bytes:
    """Return the head over logs, written out as the contract computes it."""
    head = ZERO
    for log in logs:
        head = keccak(head + keccak(b"".join(log.topics) + keccak(log.data)))
    return head


def deployment_of(node: FakeNode) -> Deployment:
    """Return where the writer's book is."""
    return Deployment(CHAIN_ID, BOOK, REGISTRY, 1, node.block(0).hash)
