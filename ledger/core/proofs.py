"""Proofs that a block hash alone decides: its header, an account, a storage slot.

Headers are hashed as in the Ethereum Yellow Paper with the fields that later forks appended;
accounts and slots are proven as in EIP-1186, against the header's state root.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak
from rlp.exceptions import DecodingError  # type: ignore[import-untyped]
from trie.exceptions import InvalidNode, MissingTrieNode
from trie.hexary import HexaryTrie

from ledger.errors import ProofError

_HEADER = (
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot",
    "logsBloom", "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData",
    "mixHash", "nonce",
)  # fmt: skip
_APPENDED = (
    "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot",
    "requestsHash",
)  # fmt: skip
_NUMBERS = frozenset(
    ("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed",
     "excessBlobGas")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """What the state holds of an address. ``storage_root`` and ``code_hash`` are 32 bytes."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


def header_rlp(header: Mapping[str, Any]) -> bytes:
    """Return the RLP of a block header given as JSON-RPC names and values.

    Raises ``ProofError`` for a member that is missing or no hex.
    """
    names = [*_HEADER, *(name for name in _APPENDED if header.get(name) is not None)]
    try:
        encoded: bytes = rlp.encode([_octets(name, header[name]) for name in names])
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ProofError(f"the header lacks or garbles a field: {error!r}") from error
    return encoded


def _octets(name: str, value: str) -> bytes:
    if name in _NUMBERS:
        number = int(value, 16)
        return number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes.fromhex(value.removeprefix("0x"))


def proven_state_root(header: Mapping[str, Any], block_hash: bytes) -> bytes:
    """Return the header's state root once the header hashes to ``block_hash``.

    Raises ``ProofError`` if it does not.
    """
    found = keccak(header_rlp(header))
    if found != block_hash:
        raise ProofError(
            f"the header given for block 0x{block_hash.hex()} hashes to 0x{found.hex()}"
        )
    return bytes.fromhex(header["stateRoot"].removeprefix("0x"))


def proven_account(state_root: bytes, address: str, nodes: Sequence[bytes]) -> Account | None:
    """Return the account that ``nodes`` prove; ``None`` if they prove that there is none.

    Raises ``ProofError`` if they prove nothing.
    """
    value = _value(_trie(state_root, nodes), bytes.fromhex(address.removeprefix("0x")))
    if not value:
        return None
    try:
        nonce, balance, storage_root, code_hash = rlp.decode(value)
    except (DecodingError, ValueError, TypeError) as error:
        raise ProofError(f"the state holds no account at {address}: {error}") from error
    numbers = int.from_bytes(nonce, "big"), int.from_bytes(balance, "big")
    return Account(*numbers, storage_root, code_hash)


def proven_slots(
    storage_root: bytes, slots: Iterable[int], nodes: Iterable[bytes]
) -> dict[int, bytes]:
    """Return the 32-byte words that ``nodes`` prove for slots; zero where nothing is stored.

    Raises ``ProofError`` if they do not prove all of them.
    """
    trie = _trie(storage_root, nodes)
    return {slot: _word(slot, _value(trie, slot.to_bytes(32, "big"))) for slot in slots}


def _word(slot: int, value: bytes) -> bytes:
    try:
        word = rlp.decode(value) if value else b""
    except DecodingError as error:
        raise ProofError(f"slot {slot:#x} holds no word: {error}") from error
    if not isinstance(word, bytes) or len(word) > 32:
        raise ProofError(f"slot {slot:#x} holds no word")
    return word.rjust(32, b"\0")


def _trie(root: bytes, nodes: Iterable[bytes]) -> HexaryTrie:
    """Return the part of the trie under ``root`` that the nodes are; others do no harm."""
    return HexaryTrie({keccak(node): node for node in set(nodes)}, root)


def _value(trie: HexaryTrie, key: bytes) -> bytes:
    """Return the value at ``keccak256(key)``; empty for none."""
    try:
        value: bytes = trie.get(keccak(key))
    except (MissingTrieNode, InvalidNode, DecodingError, ValueError, TypeError) as error:
        root = trie.root_hash.hex()
        raise ProofError(
            f"the nodes given for 0x{key.hex()} do not lead there from root 0x{root}"
        ) from error
    return value
