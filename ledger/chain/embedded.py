"""A whole chain inside this process: eth-tester's py-evm backend behind the same questions.

It lives as long as the process, mines each transaction into a block of its own, and its clock
moves by one second a block unless it is told to travel: nothing depends on the wall clock.
Importing this module takes about a second, so only what runs an embedded chain does.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from eth.abc import BlockHeaderAPI, ComputationAPI, SignedTransactionAPI, VirtualMachineAPI
from eth.vm.spoof import SpoofTransaction
from eth_tester import PyEVMBackend  # type: ignore[import-untyped]
from eth_typing import Address
from eth_utils.exceptions import ValidationError

from ledger.chain.client import Client
from ledger.chain.embedded_json import block_json, receipts_json
from ledger.chain.reverts import decode_revert
from ledger.chain.signers import DEVELOPMENT_ACCOUNTS, DEVELOPMENT_MNEMONIC, DEVELOPMENT_PATH
from ledger.chain.transport import Question
from ledger.chain.wire import octets, quantity, to_hex
from ledger.errors import BlockUnknown, ChainError, MethodMissing, NodeRefused

CHAIN_ID: Final = 131277322940537
GAS_LIMIT = 10**9
"""Of a block: room for some thousands of transactions mined at once."""

CALL_GAS = 10**8
TIP = 10**9
MIX_HASH = bytes(32)
SERVER_ERROR = -32000
INVALID_PARAMS = -32602

_Answer = Callable[..., Any]


def embedded_client(*, genesis_time: int | None = None, finality: int | None = None) -> Client:
    """Return a client of a new chain whose first block is of ``genesis_time`` (Unix seconds).

    Its accounts are those of Anvil and the Hardhat node, with a million ether each.
    """
    return Client(EmbeddedTransport(genesis_time), finality=finality)


class EmbeddedTransport:
    """Answers JSON-RPC from a py-evm chain. Safe to share between threads."""

    def __init__(self, genesis_time: int | None = None) -> None:
        times = {} if genesis_time is None else {"timestamp": genesis_time}
        self._backend = PyEVMBackend.from_mnemonic(
            DEVELOPMENT_MNEMONIC,
            num_accounts=DEVELOPMENT_ACCOUNTS,
            hd_path=DEVELOPMENT_PATH,
            genesis_parameters=PyEVMBackend.generate_genesis_params(
                {"gas_limit": GAS_LIMIT, **times}
            ),
        )
        genesis = self._backend.chain.get_canonical_block_header_by_number(0)
        self._headers: list[BlockHeaderAPI] = [genesis]
        self._receipts: dict[bytes, list[dict[str, Any]]] = {genesis.hash: []}
        self._places: dict[bytes, int] = {}
        """Transaction hash to the number of the block that it was last mined in."""
        self._waiting: dict[bytes, SignedTransactionAPI] = {}
        self._automine = True
        self._next_time: int | None = None
        self._lock = threading.RLock()
        self._answers = self._methods()

    @property
    def name(self) -> str:
        """What errors call it."""
        return "embedded chain"

    def request(self, method: str, params: Sequence[Any]) -> Any:
        """Ask one question. Raises a ``ChainError``."""
        answer = self._answers.get(method)
        if answer is None:
            raise MethodMissing(method, -32601, "the embedded chain does not have it")
        with self._lock:
            return answer(*params)

    def batch(self, questions: Sequence[Question]) -> list[Any]:
        """Ask many; a question that was refused has its ``ChainError`` as answer."""
        answers: list[Any] = []
        for method, params in questions:
            try:
                answers.append(self.request(method, params))
            except ChainError as error:
                answers.append(error)
        return answers

    def _methods(self) -> Mapping[str, _Answer]:
        return {
            "web3_clientVersion": lambda: f"EthereumTester/{version('eth-tester')}",
            "eth_chainId": lambda: hex(CHAIN_ID),
            "eth_maxPriorityFeePerGas": lambda: hex(TIP),
            "eth_getBlockByNumber": lambda tag, _: self._block(self._numbered(tag)),
            "eth_getBlockByHash": lambda block_hash, _: self._block(self._hashed(block_hash)),
            "eth_getLogs": self._logs,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getBlockReceipts": lambda tag: self._receipts[self._required(tag).hash],
            "eth_getCode": lambda who, at: to_hex(self._state(at).get_code(octets(who, 20))),
            "eth_getBalance": lambda who, at: hex(self._state(at).get_balance(octets(who, 20))),
            "eth_getTransactionCount": lambda who, at: hex(
                self._state(at).get_nonce(octets(who, 20))
            ),
            "eth_getStorageAt": lambda who, slot, at: hex(
                self._state(at).get_storage(octets(who, 20), quantity(slot))
            ),
            "eth_call": self._call,
            "eth_estimateGas": self._estimate,
            "eth_sendRawTransaction": self._send,
            "evm_mine": self._mine,
            "evm_setAutomine": self._set_automine,
            "evm_setNextBlockTimestamp": self._set_next_time,
            "evm_snapshot": lambda: to_hex(self._headers[-1].hash),
            "evm_revert": self._revert,
        }

    # ---------------------------------------------------------------- blocks and logs

    def _numbered(self, tag: str) -> BlockHeaderAPI | None:
        if tag in {"latest", "safe", "finalized", "pending"}:
            return self._headers[-1]
        number = 0 if tag == "earliest" else quantity(tag)
        return self._headers[number] if number < len(self._headers) else None

    def _hashed(self, block_hash: str) -> BlockHeaderAPI | None:
        wanted = octets(block_hash, 32)
        if wanted not in self._receipts:
            return None
        header = self._backend.chain.get_block_header_by_hash(wanted)
        canonical = self._numbered(hex(header.block_number))
        return header if canonical is not None and canonical.hash == wanted else None

    def _required(self, at: Any) -> BlockHeaderAPI:
        by_hash = isinstance(at, Mapping)
        header = self._hashed(at["blockHash"]) if by_hash else self._numbered(at)
        if header is None:
            raise BlockUnknown(at["blockHash"] if by_hash else at)
        return header

    def _block(self, header: BlockHeaderAPI | None) -> dict[str, Any] | None:
        if header is None:
            return None
        return block_json(header, [item["transactionHash"] for item in self._receipts[header.hash]])

    def _logs(self, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted = {address.lower() for address in question["address"]}
        first = self._required(question["fromBlock"]).block_number
        last = self._required(question["toBlock"]).block_number
        return [
            log
            for header in self._headers[first : last + 1]
            for receipt in self._receipts[header.hash]
            for log in receipt["logs"]
            if log["address"] in wanted
        ]

    def _receipt(self, tx_hash: str) -> dict[str, Any] | None:
        number = self._places.get(octets(tx_hash, 32), len(self._headers))
        if number >= len(self._headers):
            return None
        mined = self._receipts[self._headers[number].hash]
        return next((item for item in mined if item["transactionHash"] == tx_hash), None)

    # ---------------------------------------------------------------- calls

    def _state(self, at: Any) -> Any:
        return self._backend.chain.get_vm(at_header=self._required(at)).state

    def _call(self, message: Mapping[str, str], at: Any) -> str:
        header = self._pending_header() if at == "pending" else self._required(at)
        return to_hex(self._execute(message, header, at == "pending")[0].output)

    def _estimate(self, message: Mapping[str, str], at: str) -> str:
        header = self._pending_header() if at == "pending" else self._required(at)
        _, used, floor = self._execute(message, header, at == "pending")
        # One run instead of a search: inner calls keep back 1/64 of what is left, and gas costs
        # nothing here.
        return hex(max(used * 3 // 2, floor))

    def _execute(
        self, message: Mapping[str, str], header: BlockHeaderAPI, pending: bool
    ) -> tuple[ComputationAPI, int, int]:
        """Run a message on the state of ``header``; return it, its gas and EIP-7623's floor."""
        vm = self._free_vm(header)
        if pending and self._waiting:
            vm.apply_all_transactions(list(self._waiting.values()), vm.get_header())
        sender = Address(octets(message["from"], 20))
        data = octets(message["data"])
        builder: Any = vm.get_transaction_builder()
        unsigned = builder.new_unsigned_dynamic_fee_transaction(
            chain_id=CHAIN_ID,
            nonce=vm.state.get_nonce(sender),
            max_priority_fee_per_gas=0,
            max_fee_per_gas=0,
            gas=CALL_GAS,
            to=octets(message["to"], 20) if "to" in message else b"",
            value=0,
            data=data,
            access_list=(),
        )
        spoofed: Any = SpoofTransaction(unsigned, from_=sender)
        computation = vm.state.apply_transaction(spoofed)
        if computation.is_error:
            raise decode_revert(computation.output, repr(computation.error))
        floor = 21_000 + 10 * (4 * len(data) - 3 * data.count(0))
        return computation, CALL_GAS - computation.get_gas_remaining(), floor

    def _free_vm(self, header: BlockHeaderAPI) -> VirtualMachineAPI:
        """Return a machine in the context of ``header`` in which gas is free."""
        free: VirtualMachineAPI = self._backend.chain.get_vm(
            at_header=header.copy(base_fee_per_gas=0)
        )
        return free

    # ---------------------------------------------------------------- transactions and time

    def _send(self, raw: str) -> str:
        builder = self._backend.chain.get_vm().get_transaction_builder()
        try:
            transaction = builder.decode(octets(raw))
        except Exception as error:
            # py-evm lets whatever its decoders raise through.
            raise _refused("eth_sendRawTransaction", f"cannot be decoded: {error}") from error
        tx_hash = to_hex(transaction.hash)
        if transaction.hash in self._waiting or self._receipt(tx_hash) is not None:
            raise _refused("eth_sendRawTransaction", "already known")
        queued = sum(item.sender == transaction.sender for item in self._waiting.values())
        expected = self._state("latest").get_nonce(transaction.sender) + queued
        if transaction.nonce != expected:
            direction = "low" if transaction.nonce < expected else "high"
            raise _refused(
                "eth_sendRawTransaction",
                f"nonce too {direction}: {transaction.nonce}, expected {expected}",
            )
        if self._automine:
            self._seal([transaction])
        else:
            self._waiting[transaction.hash] = transaction
        return tx_hash

    def _mine(self, *_: Any) -> str:
        waiting, self._waiting = self._waiting, {}
        self._seal(list(waiting.values()))
        return "0x0"

    def _seal(self, transactions: Sequence[SignedTransactionAPI]) -> None:
        """Mine one block of these transactions."""
        chain = self._backend.chain
        chain.header = self._pending_header()
        try:
            result, receipts, _ = chain.mine_all(transactions, mix_hash=MIX_HASH, blob_gas_used=0)
        except ValidationError as error:
            raise _refused("eth_sendRawTransaction", str(error)) from error
        header = result.imported_block.header
        self._next_time = None
        self._headers.append(header)
        self._receipts[header.hash] = receipts_json(header, transactions, receipts)
        for transaction in transactions:
            self._places[transaction.hash] = header.block_number

    def _pending_header(self) -> BlockHeaderAPI:
        time = self._next_time or self._headers[-1].timestamp + 1
        header: BlockHeaderAPI = self._backend.chain.header
        return header.copy(timestamp=time)

    def _set_automine(self, automine: bool) -> None:
        self._automine = automine

    def _set_next_time(self, time: str) -> None:
        if quantity(time) <= self._headers[-1].timestamp:
            raise NodeRefused(
                "evm_setNextBlockTimestamp",
                INVALID_PARAMS,
                f"{quantity(time)} is not later than the last block, {self._headers[-1].timestamp}",
            )
        self._next_time = quantity(time)

    def _revert(self, snapshot: str) -> bool:
        header = self._hashed(snapshot)
        if header is None:
            return False
        self._backend.revert_to_snapshot(header.hash)
        self._waiting = {}
        self._next_time = None
        del self._headers[header.block_number + 1 :]
        return True


def _refused(method: str, message: str) -> NodeRefused:
    return NodeRefused(method, SERVER_ERROR, message)
