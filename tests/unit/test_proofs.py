"""Proofs: a header, an account and its slots follow from a block hash, or are refused."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
import rlp
from eth_hash.auto import keccak
from trie.hexary import HexaryTrie

from ledger.core.proofs import (
    header_rlp,
    proven_account,
    proven_slots,
    proven_state_root,
)
from ledger.errors import ProofError

EMPTY_TRIE = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
EMPTY_LIST = "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
STATE_ROOT = "d7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544"

# Block 0 of Ethereum's main network, whose hash everybody knows.
GENESIS = {
    "parentHash": "0x" + "00" * 32,
    "sha3Uncles": "0x" + EMPTY_LIST,
    "miner": "0x" + "00" * 20,
    "stateRoot": "0x" + STATE_ROOT,
    "transactionsRoot": "0x" + EMPTY_TRIE,
    "receiptsRoot": "0x" + EMPTY_TRIE,
    "logsBloom": "0x" + "00" * 256,
    "difficulty": "0x400000000",
    "number": "0x0",
    "gasLimit": "0x1388",
    "gasUsed": "0x0",
    "timestamp": "0x0",
    "extraData": "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
    "mixHash": "0x" + "00" * 32,
    "nonce": "0x0000000000000042",
}
GENESIS_HASH = bytes.fromhex("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3")

ADDRESS = "0x5FC8d32690cc91D4c39d9d3abcBD16989F875707"


def nodes_of(trie: HexaryTrie, key: bytes) -> list[bytes]:
    return [rlp.encode(node) for node in trie.get_proof(keccak(key))]


def slot_key(slot: int) -> bytes:
    return slot.to_bytes(32, "big")


@pytest.fixture(scope="module")
def storage() -> tuple[HexaryTrie, dict[int, int]]:
    chance = random.Random(7)
    values = {chance.randrange(2**256): chance.randrange(1, 2**256) for _ in range(200)}
    values[0] = 1
    trie = HexaryTrie({})
    for slot, value in values.items():
        word = value.to_bytes(32, "big").lstrip(b"\0")
        trie.set(keccak(slot_key(slot)), rlp.encode(word))
    return trie, values


@pytest.fixture(scope="module")
def state(storage: tuple[HexaryTrie, dict[int, int]]) -> HexaryTrie:
    trie = HexaryTrie({})
    for number in range(100):
        account = [b"", b"\x07", bytes(32), bytes(32)]
        trie.set(keccak(number.to_bytes(20, "big")), rlp.encode(account))
    account = [b"\x01", b"", storage[0].root_hash, b"\x22" * 32]
    trie.set(keccak(bytes.fromhex(ADDRESS[2:])), rlp.encode(account))
    return trie


def all_nodes(trie: HexaryTrie, slots: Iterable[int]) -> list[bytes]:
    return [node for slot in slots for node in nodes_of(trie, slot_key(slot))]


def test_header_rlp__main_networks_first_block__has_the_known_hash() -> None:
    assert keccak(header_rlp(GENESIS)) == GENESIS_HASH
    assert proven_state_root(GENESIS, GENESIS_HASH).hex() == STATE_ROOT


@pytest.mark.parametrize("name", GENESIS)
def test_proven_state_root__any_field_changed__is_refused(name: str) -> None:
    value = GENESIS[name]
    changed = {**GENESIS, name: value[:-1] + ("0" if value[-1] != "0" else "1")}
    with pytest.raises(ProofError, match="hashes to"):
        proven_state_root(changed, GENESIS_HASH)


@pytest.mark.parametrize("value", [None, "0xzz", "xyz", 7])
def test_header_rlp__malformed_field__is_refused(value: object) -> None:
    with pytest.raises(ProofError, match="garbles a field"):
        header_rlp({**GENESIS, "stateRoot": value})
    with pytest.raises(ProofError):
        header_rlp({})


def test_proven_account__there__gives_its_members(state: HexaryTrie) -> None:
    account = proven_account(state.root_hash, ADDRESS, nodes_of(state, bytes.fromhex(ADDRESS[2:])))
    assert account is not None
    assert (account.nonce, account.balance, account.code_hash) == (1, 0, b"\x22" * 32)


def test_proven_account__not_there__is_proven_absent(state: HexaryTrie) -> None:
    nobody = "0x" + "99" * 20
    nodes = nodes_of(state, bytes.fromhex(nobody[2:]))
    assert proven_account(state.root_hash, nobody, nodes) is None
    with pytest.raises(ProofError, match="do not lead there"):
        proven_account(state.root_hash, nobody, [])


def test_proven_slots__stored_and_empty__are_told_apart(
    storage: tuple[HexaryTrie, dict[int, int]],
) -> None:
    trie, values = storage
    wanted = [*values, 1, 2, 2**256 - 1]
    words = proven_slots(trie.root_hash, wanted, all_nodes(trie, wanted))
    assert {slot: int.from_bytes(word, "big") for slot, word in words.items()} == {
        slot: values.get(slot, 0) for slot in wanted
    }
    assert {len(word) for word in words.values()} == {32}


def test_proven_slots__nothing_is_stored__all_are_zero() -> None:
    assert proven_slots(bytes.fromhex(EMPTY_TRIE), [1, 2], []) == {1: bytes(32), 2: bytes(32)}


def test_proven_slots__any_node_missing_or_changed__is_refused(
    storage: tuple[HexaryTrie, dict[int, int]],
) -> None:
    trie, values = storage
    slot = next(iter(values))
    nodes = nodes_of(trie, slot_key(slot))
    for place, node in enumerate(nodes):
        without = nodes[:place] + nodes[place + 1 :]
        with pytest.raises(ProofError):
            proven_slots(trie.root_hash, [slot], without)
        for bit in range(0, 8 * len(node), 61):
            forged = bytearray(node)
            forged[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ProofError):
                proven_slots(trie.root_hash, [slot], [*without, bytes(forged)])


def test_proven_slots__of_another_root__is_refused(
    storage: tuple[HexaryTrie, dict[int, int]],
) -> None:
    trie, values = storage
    slot = next(iter(values))
    with pytest.raises(ProofError, match="do not lead there"):
        proven_slots(keccak(b"another"), [slot], nodes_of(trie, slot_key(slot)))
