"""Reads of one chain over JSON-RPC, each at a block that the caller names."""

import itertools
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ledger.chain.abi import Call
from ledger.chain.logs import LogReader, block_numbers, checked_logs
from ledger.chain.signers import DEVELOPMENT_CHAIN_IDS
from ledger.chain.transport import HttpTransport, Question, Transport, ask_many
from ledger.chain.wire import (
    AccountProof,
    Fees,
    Receipt,
    at_block,
    block_question,
    block_ref,
    count,
    message_of,
    octets,
    proof_of,
    quantity,
    receipt_of,
    to_hex,
    word,
)
from ledger.core.types import Address, BlockRef, Log
from ledger.errors import (
    BlockUnknown,
    ChainError,
    InconsistentNode,
    MethodMissing,
    NoContract,
    Reverted,
    WrongChain,
)

BATCH = 200
"""Questions sent in one batch at most."""

DEFAULT_TIP = 10**9
"""Wei per gas, for nodes that do not suggest a priority fee."""


class Client:
    """One node. ``finality`` is a depth in blocks; ``None`` follows the chain.

    A development chain mines on demand and never reorganises by itself, so its head is final;
    anywhere else the node's ``finalized`` tag says what is.
    """

    def __init__(self, transport: Transport, *, finality: int | None = None) -> None:
        self.transport = transport
        self._finality = finality
        self._logs = LogReader(transport)

    # ---------------------------------------------------------------- the chain

    @cached_property
    def chain_id(self) -> int:
        """The chain that the node is on."""
        return count(self._ask("eth_chainId"))

    @cached_property
    def version(self) -> str:
        """How the node calls itself."""
        return str(self._ask("web3_clientVersion"))

    @property
    def is_development(self) -> bool:
        """Whether this is a chain for development alone."""
        return self.chain_id in DEVELOPMENT_CHAIN_IDS

    def require_chain(self, expected: int) -> None:
        """Raise ``WrongChain`` unless the node is on the expected chain."""
        if self.chain_id != expected:
            raise WrongChain(expected, self.chain_id)

    # ---------------------------------------------------------------- blocks

    def head(self) -> BlockRef:
        """Return the newest block that the node has."""
        return self._tagged("latest")

    def final(self) -> BlockRef:
        """Return the newest block that cannot be reorganised away any more."""
        depth = 0 if self._finality is None and self.is_development else self._finality
        if depth is None:
            return self._tagged("finalized")
        head = self.head()
        return head if depth == 0 else self.block(max(0, head.number - depth))

    def block(self, which: int | bytes) -> BlockRef:
        """Return a block by number or hash. Raises ``BlockUnknown``."""
        return block_ref(self.raw_block(which))

    def blocks(self, first: int, last: int) -> list[BlockRef]:
        """Return every block from ``first`` to ``last``.

        Raises ``BlockUnknown`` if one is missing, ``InconsistentNode`` unless each names the
        one before it as its parent.
        """
        refs = self._headers(range(first, last + 1))
        for parent, child in itertools.pairwise(refs):
            if child.parent_hash != parent.hash:
                raise InconsistentNode(
                    f"block {child.number} (0x{child.hash.hex()}) does not follow "
                    f"block {parent.number} (0x{parent.hash.hex()})"
                )
        return refs

    def headers(self, numbers: Sequence[int]) -> dict[int, BlockRef]:
        """Return the blocks of these numbers, each asked for once. Raises ``BlockUnknown``."""
        wanted = sorted(set(numbers))
        return dict(zip(wanted, self._headers(wanted), strict=True))

    def logs(
        self,
        first: int,
        last: int,
        addresses: Sequence[Address],
        headers: Mapping[int, BlockRef] | None = None,
    ) -> list[Log]:
        """Return the logs of ``addresses`` in blocks ``first`` to ``last``, in chain order.

        ``headers`` are blocks that the caller has read already; others are asked for. Raises
        ``BlockUnknown`` if the node does not have ``last`` yet, and as ``LogReader``.
        """
        if self.head().number < last:
            raise BlockUnknown(last)
        items = self._logs.raw_logs(first, last, addresses)
        known = dict(headers or {})
        known |= self.headers([number for number in block_numbers(items) if number not in known])
        return checked_logs(items, range(first, last + 1), addresses, known)

    def raw_logs(self, first: int, last: int, addresses: Sequence[Address]) -> list[dict[str, Any]]:
        """Return the node's JSON logs of a range, unchecked and in the node's order."""
        return self._logs.raw_logs(first, last, addresses)

    def raw_block(self, which: int | bytes) -> dict[str, Any]:
        """Return the node's JSON of a block, transactions by hash. Raises ``BlockUnknown``."""
        return self._known(which, self.transport.request(*block_question(which)))

    def _headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        answers = self._ask_many([block_question(number) for number in numbers])
        refs = []
        for number, answer in zip(numbers, answers, strict=True):
            ref = block_ref(self._known(number, answer))
            if ref.number != number:
                raise InconsistentNode(f"asked for block {number}, got {ref.number}")
            refs.append(ref)
        return refs

    def _tagged(self, tag: str) -> BlockRef:
        answer = self._ask("eth_getBlockByNumber", tag, False)
        return block_ref(self._known(tag, answer))

    @staticmethod
    def _known(which: int | bytes | str, answer: Any) -> dict[str, Any]:
        if answer is None:
            raise BlockUnknown(which)
        if not isinstance(answer, dict):
            raise InconsistentNode(f"the node answered {answer!r} for block {which!r}")
        return answer

    # ---------------------------------------------------------------- state at a block

    def call(
        self, to: Address, data: bytes, block: BlockRef, *, sender: Address | None = None
    ) -> bytes:
        """Return what a contract answers at ``block``. Raises ``Reverted``."""
        return octets(self._ask("eth_call", message_of(Call(to, data), sender), at_block(block)))

    def call_many(self, calls: Sequence[Call], block: BlockRef) -> list[bytes | Reverted]:
        """Return many answers at one block; a refusal stands in its place."""
        answers = self._ask_many(
            [("eth_call", [message_of(call, None), at_block(block)]) for call in calls], (Reverted,)
        )
        return [item if isinstance(item, Reverted) else octets(item) for item in answers]

    def code(self, address: Address, block: BlockRef) -> bytes:
        """Return the code at an address; empty if it is not a contract."""
        return octets(self._ask("eth_getCode", address, at_block(block)))

    def require_contract(self, address: Address, block: BlockRef) -> None:
        """Raise ``NoContract`` unless there is code at the address."""
        if not self.code(address, block):
            raise NoContract(address, self.chain_id, block.number)

    def storage(self, address: Address, slot: int, block: BlockRef) -> bytes:
        """Return one 32-byte storage word."""
        return word(self._ask("eth_getStorageAt", address, to_hex(slot), at_block(block)))

    def proof(self, address: Address, slots: Sequence[int], block: BlockRef) -> AccountProof:
        """Return the EIP-1186 proof of an account and slots. Raises ``MethodMissing``."""
        keys = [to_hex(slot.to_bytes(32, "big")) for slot in slots]
        return proof_of(self._ask("eth_getProof", address, keys, at_block(block)))

    def balance(self, address: Address, block: BlockRef) -> int:
        """Return an account's wei."""
        return quantity(self._ask("eth_getBalance", address, at_block(block)))

    def nonce(self, address: Address, block: BlockRef) -> int:
        """Return how many transactions an account had sent."""
        return count(self._ask("eth_getTransactionCount", address, at_block(block)))

    # ---------------------------------------------------------------- transactions

    def simulate(self, call: Call, sender: Address) -> int:
        """Return the gas that a call would need on top of what is pending.

        Raises ``Reverted`` with the contract's reason if it would be refused.
        """
        return quantity(self._ask("eth_estimateGas", message_of(call, sender), "pending"))

    def why_reverted(self, call: Call, sender: Address, block: BlockRef) -> Reverted | None:
        """Return the refusal of a call on the state after ``block``, ``None`` if it passes."""
        try:
            self._ask("eth_call", message_of(call, sender), at_block(block))
        except Reverted as refusal:
            return refusal
        return None

    def fees(self) -> Fees:
        """Return fees that get into one of the next blocks: twice the base fee and a tip."""
        header = self._known("latest", self._ask("eth_getBlockByNumber", "latest", False))
        base = quantity(header.get("baseFeePerGas") or "0x0")
        try:
            tip = quantity(self._ask("eth_maxPriorityFeePerGas"))
        except MethodMissing:
            tip = DEFAULT_TIP
        return Fees(max_fee_per_gas=2 * base + tip, max_priority_fee_per_gas=tip)

    def send_raw(self, raws: Sequence[bytes]) -> list[bytes | ChainError]:
        """Broadcast signed transactions in order; each has its hash or the node's refusal."""
        answers = self._ask_many(
            [("eth_sendRawTransaction", [to_hex(raw)]) for raw in raws], (ChainError,)
        )
        return [item if isinstance(item, ChainError) else octets(item, 32) for item in answers]

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """Return what became of a transaction; ``None`` while it is in no block."""
        return self.receipts([tx_hash])[0]

    def receipts(self, tx_hashes: Sequence[bytes]) -> list[Receipt | None]:
        """Return many receipts, ``None`` for each that is in no block."""
        answers = self._ask_many(
            [("eth_getTransactionReceipt", [to_hex(tx_hash)]) for tx_hash in tx_hashes]
        )
        return [None if answer is None else receipt_of(answer) for answer in answers]

    def block_receipts(self, block: BlockRef) -> list[Receipt]:
        """Return all receipts of a block in order, one by one where the node has no list."""
        try:
            answer = self._ask("eth_getBlockReceipts", to_hex(block.number))
            receipts = [receipt_of(item) for item in answer or []]
        except MethodMissing:
            hashes = [octets(item, 32) for item in self.raw_block(block.hash)["transactions"]]
            receipts = [item for item in self.receipts(hashes) if item is not None]
        if any(receipt.block_hash != block.hash for receipt in receipts):
            raise InconsistentNode(f"receipts of another block than 0x{block.hash.hex()}")
        return receipts

    # ---------------------------------------------------------------- asking

    def _ask(self, method: str, *params: Any) -> Any:
        return self.transport.request(method, params)

    def _ask_many(
        self, questions: Sequence[Question], accepted: tuple[type[ChainError], ...] = ()
    ) -> list[Any]:
        """Ask in batches; raise the first refusal that is not of an accepted type."""
        answers: list[Any] = []
        for start in range(0, len(questions), BATCH):
            answers += ask_many(self.transport, questions[start : start + BATCH])
        for answer in answers:
            if isinstance(answer, ChainError) and not isinstance(answer, accepted):
                raise answer
        return answers


def connect(
    url: str,
    *,
    chain_id: int | None = None,
    finality: int | None = None,
    timeout: float = 30.0,
    attempts: int = 5,
) -> Client:
    """Return a client for the node at ``url``, which is asked for its chain at once.

    Raises ``NodeUnreachable``, and ``WrongChain`` if ``chain_id`` is given and another.
    """
    client = Client(HttpTransport(url, timeout=timeout, attempts=attempts), finality=finality)
    client.require_chain(client.chain_id if chain_id is None else chain_id)
    return client
