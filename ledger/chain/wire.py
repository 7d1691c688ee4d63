"""JSON-RPC's JSON to and from typed records; a malformed answer is an ``InconsistentNode``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from eth_utils.address import to_checksum_address

from ledger.chain.abi import Call
from ledger.core.types import ZERO_ADDRESS, Address, BlockRef, Log, Timestamp
from ledger.errors import InconsistentNode

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers, wei per gas (EIP-1559)."""

    max_fee_per_gas: int
    max_priority_fee_per_gas: int


@dataclass(frozen=True, slots=True)
class ReceiptLog:
    """One log of a receipt; ``index`` counts within the block."""

    index: int
    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one transaction. Gas in units, ``contract`` for a creation."""

    tx_hash: bytes
    tx_index: int
    tx_type: int
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    cumulative_gas_used: int
    contract: Address | None
    logs: tuple[ReceiptLog, ...]


@dataclass(frozen=True, slots=True)
class SlotProof:
    """A storage slot with its Merkle proof; ``value`` is the 32-byte word."""

    slot: bytes
    value: bytes
    nodes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AccountProof:
    """EIP-1186: an account and some of its slots, with Merkle proofs from the state root."""

    address: Address
    balance: int
    nonce: int
    code_hash: bytes
    storage_hash: bytes
    nodes: tuple[bytes, ...]
    slots: tuple[SlotProof, ...]


def to_hex(value: int | bytes) -> str:
    """Return a JSON-RPC quantity or byte string."""
    return hex(value) if isinstance(value, int) else "0x" + value.hex()


def quantity(value: Any) -> int:
    """Return a JSON-RPC quantity. Raises ``InconsistentNode``."""
    return _parsed(lambda: int(value, 16), "a quantity", value)


def count(value: Any) -> int:
    """Return a quantity that counts blocks, logs or seconds: at most 63 bits.

    Raises ``InconsistentNode``.
    """
    return _parsed(lambda: _count(value), "a count", value)


def octets(value: Any, length: int | None = None) -> bytes:
    """Return a JSON-RPC byte string, of ``length`` where given. Raises ``InconsistentNode``."""
    result = _parsed(lambda: bytes.fromhex(value.removeprefix("0x")), "bytes", value)
    if length is not None and len(result) != length:
        raise InconsistentNode(f"the node answered {value!r} where {length} bytes belong")
    return result


def word(value: Any) -> bytes:
    """Return a 32-byte word; nodes differ in whether they pad it."""
    text = _parsed(lambda: value.removeprefix("0x").rjust(64, "0"), "a word", value)
    return octets(text, 32)


def block_ref(header: Mapping[str, Any]) -> BlockRef:
    """Return what a JSON header says of its place in the chain."""
    return _parsed(
        lambda: BlockRef(
            number=_count(header["number"]),
            hash=octets(header["hash"], 32),
            parent_hash=octets(header["parentHash"], 32),
            timestamp=Timestamp(_count(header["timestamp"])),
        ),
        "a block",
        header,
    )


def log_of(item: Mapping[str, Any], block: BlockRef, address: Address) -> Log:
    """Return a JSON log as part of its block."""
    return _parsed(
        lambda: Log(
            block=block,
            tx_hash=octets(item["transactionHash"], 32),
            tx_index=_count(item["transactionIndex"]),
            index=_count(item["logIndex"]),
            address=address,
            topics=tuple(octets(topic, 32) for topic in item["topics"]),
            data=octets(item["data"]),
        ),
        "a log",
        item,
    )


def receipt_of(item: Mapping[str, Any]) -> Receipt:
    """Return a JSON receipt."""
    created = item.get("contractAddress")
    return _parsed(
        lambda: Receipt(
            tx_hash=octets(item["transactionHash"], 32),
            tx_index=_count(item["transactionIndex"]),
            tx_type=int(item.get("type") or "0x0", 16),
            block_number=_count(item["blockNumber"]),
            block_hash=octets(item["blockHash"], 32),
            succeeded=int(item["status"], 16) == 1,
            gas_used=_count(item["gasUsed"]),
            cumulative_gas_used=_count(item["cumulativeGasUsed"]),
            contract=address_of(created) if created else None,
            logs=tuple(_receipt_log(log) for log in item["logs"]),
        ),
        "a receipt",
        item,
    )


def proof_of(item: Mapping[str, Any]) -> AccountProof:
    """Return the JSON answer of ``eth_getProof``."""
    return _parsed(
        lambda: AccountProof(
            address=address_of(item["address"]),
            balance=int(item["balance"], 16),
            nonce=int(item["nonce"], 16),
            code_hash=octets(item["codeHash"], 32),
            storage_hash=octets(item["storageHash"], 32),
            nodes=tuple(octets(node) for node in item["accountProof"]),
            slots=tuple(
                SlotProof(
                    slot=word(slot["key"]),
                    value=word(slot["value"]),
                    nodes=tuple(octets(node) for node in slot["proof"]),
                )
                for slot in item["storageProof"]
            ),
        ),
        "a proof",
        item,
    )


def address_of(value: str) -> Address:
    """Return the checksummed address. Raises ``ValueError``."""
    return Address(to_checksum_address(value))


def _count(value: str) -> int:
    # No chain gets there, and databases hold no larger integer.
    number = int(value, 16)
    if not 0 <= number < 1 << 63:
        raise ValueError("it is not between 0 and 2^63 - 1")
    return number


def _receipt_log(item: Mapping[str, Any]) -> ReceiptLog:
    return ReceiptLog(
        index=_count(item["logIndex"]),
        address=address_of(item["address"]),
        topics=tuple(octets(topic, 32) for topic in item["topics"]),
        data=octets(item["data"]),
    )


def _parsed(parse: Callable[[], T], what: str, value: Any) -> T:
    try:
        return parse()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        shown = repr(value)
        raise InconsistentNode(
            f"the node answered {shown[:200]} where {what} belongs ({error!r})"
        ) from error


def block_question(which: int | bytes) -> tuple[str, Sequence[Any]]:
    """Return the question for a block by number or hash, transactions by hash."""
    kind = "Hash" if isinstance(which, bytes) else "Number"
    return f"eth_getBlockBy{kind}", [to_hex(which), False]


def at_block(block: BlockRef) -> Mapping[str, str]:
    """Return the parameter that names a block for a read of its state."""
    # EIP-1898: the very block that is meant, not another branch's of the same number.
    return {"blockHash": to_hex(block.hash)}


def message_of(call: Call, sender: Address | None) -> Mapping[str, str]:
    """Return a call as a JSON-RPC transaction object."""
    # Without a sender nodes choose one, each its own.
    message = {"from": sender or ZERO_ADDRESS, "data": to_hex(call.data)}
    if call.to is not None:
        message["to"] = call.to
    return message
