"""Both trees against published vectors, and proofs of every shape up to 40 leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger.core.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    standard_leaf,
    standard_proof,
    standard_tree,
    tree_root,
    verify_consistency,
    verify_inclusion,
    verify_standard,
)
from ledger.errors import InputError

# The reference tree of the Certificate Transparency project: entries, and the root at each size.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# (leaf, size): audit path; leaves count from 0.
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
# (old size, new size): consistency proof.
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
MANY = [leaf_hash(bytes([i])) for i in range(40)]
MANY_ROOTS = [tree_root(MANY[:size]) for size in range(len(MANY) + 1)]


def unhex(items: list[str]) -> list[bytes]:
    return [bytes.fromhex(item.removeprefix("0x")) for item in items]


@pytest.mark.parametrize("size", range(9))
def test_root__reference_tree__is_the_published_one(size: int) -> None:
    frontier = Frontier()
    for entry in ENTRIES[:size]:
        frontier = frontier.append(entry)
    assert frontier.size == size
    assert frontier.root().hex() == tree_root(LEAVES[:size]).hex() == ROOTS[size]


def test_empty_root__is_the_hash_of_nothing() -> None:
    assert sha256(b"").digest() == EMPTY_ROOT == Frontier().root()


def test_frontier__every_size__has_the_tree_s_root_and_a_peak_per_bit() -> None:
    frontier = Frontier()
    for size in range(1, len(MANY) + 1):
        frontier = frontier.append(bytes([size - 1]))
        assert frontier.root() == MANY_ROOTS[size]
        assert len(frontier.peaks) == size.bit_count()


def test_hashes__leaf_and_node__are_of_different_domains() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize(("index", "size"), list(INCLUSION))
def test_inclusion_proof__reference_tree__is_the_published_one(index: int, size: int) -> None:
    proof = inclusion_proof(LEAVES[:size], index)
    assert proof == unhex(INCLUSION[index, size])
    assert verify_inclusion(LEAVES[index], index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("first", "second"), list(CONSISTENCY))
def test_consistency_proof__reference_tree__is_the_published_one(first: int, second: int) -> None:
    proof = consistency_proof(LEAVES[:second], first)
    assert proof == unhex(CONSISTENCY[first, second])
    old, new = bytes.fromhex(ROOTS[first]), bytes.fromhex(ROOTS[second])
    assert verify_consistency(first, second, old, new, proof)


def test_verify_inclusion__every_leaf_of_every_size__holds_for_it_alone() -> None:
    for size in range(1, len(MANY) + 1):
        root = MANY_ROOTS[size]
        for index in range(size):
            proof = inclusion_proof(MANY[:size], index)
            holding = [
                i
                for i in range(-1, size + 1)
                if verify_inclusion(MANY[index], i, size, proof, root)
            ]
            assert holding == [index]
            assert not verify_inclusion(MANY[index - 1], index, size, proof, root) or size == 1


def test_verify_consistency__every_pair_of_sizes__holds_for_their_roots_alone() -> None:
    for second in range(1, len(MANY) + 1):
        for first in range(1, second + 1):
            proof = consistency_proof(MANY[:second], first)
            old, new = MANY_ROOTS[first], MANY_ROOTS[second]
            assert verify_consistency(first, second, old, new, proof)
            assert not verify_consistency(first, second, MANY_ROOTS[first - 1], new, proof)
            assert not verify_consistency(first, second, old, MANY_ROOTS[second - 1], proof)


def flipped(value: bytes) -> bytes:
    return bytes([value[0] ^ 0x80]) + value[1:]


def damaged(proof: list[bytes]) -> list[list[bytes]]:
    """One proof with each node changed, missing, cut or doubled, and with one more."""
    changes = [[*proof, bytes(32)], [bytes(32), *proof]]
    for i, node in enumerate(proof):
        changes += [
            [*proof[:i], flipped(node), *proof[i + 1 :]],
            [*proof[:i], node[:31], *proof[i + 1 :]],
            [*proof[:i], *proof[i + 1 :]],
            [*proof[: i + 1], *proof[i:]],
        ]
    return changes


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 8), (6, 7), (4, 5), (3, 6), (36, 37)])
def test_verify_inclusion__damaged_proof__is_false(index: int, size: int) -> None:
    proof = inclusion_proof(MANY[:size], index)
    for other in damaged(proof):
        assert not verify_inclusion(MANY[index], index, size, other, MANY_ROOTS[size])
    assert not verify_inclusion(MANY[index], index, size, proof, flipped(MANY_ROOTS[size]))


@pytest.mark.parametrize(("first", "second"), [(1, 2), (3, 7), (4, 7), (6, 8), (8, 8), (33, 40)])
def test_verify_consistency__damaged_proof__is_false(first: int, second: int) -> None:
    proof = consistency_proof(MANY[:second], first)
    old, new = MANY_ROOTS[first], MANY_ROOTS[second]
    for other in damaged(proof):
        assert not verify_consistency(first, second, old, new, other)
    assert not verify_consistency(first, second, flipped(old), new, proof)
    assert not verify_consistency(first, second, old, flipped(new), proof)


def test_verify_consistency__impossible_sizes__is_false() -> None:
    assert not verify_consistency(0, 2, EMPTY_ROOT, MANY_ROOTS[2], [])
    assert not verify_consistency(3, 2, MANY_ROOTS[3], MANY_ROOTS[2], [])
    assert not verify_consistency(3, 7, MANY_ROOTS[3], MANY_ROOTS[7], [])


def test_verify_inclusion__tree_said_to_be_smaller__is_false() -> None:
    assert verify_inclusion(MANY[1], 1, 2, [MANY[0]], MANY_ROOTS[2])
    assert not verify_inclusion(MANY[1], 0, 1, [MANY[0]], MANY_ROOTS[2])


def test_verify_consistency__trees_said_to_be_smaller_or_larger__is_false() -> None:
    proof = consistency_proof(MANY[:8], 7)
    assert verify_consistency(7, 8, MANY_ROOTS[7], MANY_ROOTS[8], proof)
    assert not verify_consistency(3, 4, MANY_ROOTS[7], MANY_ROOTS[8], proof)
    proof = consistency_proof(MANY[:4], 2)
    assert verify_consistency(2, 4, MANY_ROOTS[2], MANY_ROOTS[4], proof)
    assert not verify_consistency(2, 8, MANY_ROOTS[2], MANY_ROOTS[4], proof)


def moved(left: bytes, right: bytes) -> tuple[bytes, bytes]:
    """The same bytes side by side, divided one byte later: not two hashes any more."""
    return left + right[:1], right[1:]


def test_verify__bytes_moved_between_nodes__is_false() -> None:
    leaf, step = moved(MANY[0], MANY[1])
    assert node_hash(leaf, step) == MANY_ROOTS[2]
    assert not verify_inclusion(leaf, 0, 2, [step], MANY_ROOTS[2])
    assert not verify_consistency(1, 2, leaf, MANY_ROOTS[2], [step])
    low, high = b"\x01" * 32, b"\x02" * 32
    root = standard_tree([low, high])[0]
    leaf, step = moved(low, high)
    assert verify_standard(root, low, [high])
    assert not verify_standard(root, leaf, [step])


@pytest.mark.parametrize("index", [-1, 8])
def test_inclusion_proof__no_such_leaf__is_refused(index: int) -> None:
    with pytest.raises(InputError, match="no leaf"):
        inclusion_proof(LEAVES, index)


@pytest.mark.parametrize("first", [-1, 0, 9])
def test_consistency_proof__no_such_tree__is_refused(first: int) -> None:
    with pytest.raises(InputError, match="no tree"):
        consistency_proof(LEAVES, first)


# ---------------------------------------------------------------- documents

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "openzeppelin_merkle.json").read_text())
each_tree = pytest.mark.parametrize("tree", GOLDEN["trees"])


def leaves_of(tree: dict[str, Any]) -> list[bytes]:
    return [standard_leaf(tree["leafEncoding"], native(tree, row)) for row in tree["values"]]


def native(tree: dict[str, Any], row: list[str]) -> list[Any]:
    kinds: dict[str, Callable[[str], Any]] = {
        "uint256": int,
        "bytes32": lambda text: bytes.fromhex(text[2:]),
    }
    return [
        kinds.get(kind, str)(text) for kind, text in zip(tree["leafEncoding"], row, strict=True)
    ]


@each_tree
def test_standard_tree__golden_values__are_openzeppelins_nodes(tree: dict[str, Any]) -> None:
    leaves = leaves_of(tree)
    assert leaves == unhex(tree["leaves"])
    nodes = standard_tree(leaves)
    assert nodes == unhex(tree["tree"])
    assert nodes[0].hex() == tree["root"][2:]
    assert standard_tree(leaves[::-1]) == nodes


@each_tree
def test_standard_proof__golden_values__are_openzeppelins_proofs(tree: dict[str, Any]) -> None:
    leaves = leaves_of(tree)
    nodes = standard_tree(leaves)
    proofs = [standard_proof(nodes, leaf) for leaf in leaves]
    assert proofs == [unhex(proof) for proof in tree["proofs"]]
    for leaf, proof in zip(leaves, proofs, strict=True):
        assert verify_standard(nodes[0], leaf, proof)
        assert not verify_standard(flipped(nodes[0]), leaf, proof)
        assert not verify_standard(nodes[0], flipped(leaf), proof)
        assert not any(verify_standard(nodes[0], leaf, other) for other in damaged(proof))


def test_standard_proof__inner_node__is_refused() -> None:
    nodes = standard_tree(leaves_of(GOLDEN["trees"][6]))
    for node in (nodes[0], nodes[1], bytes(32)):
        with pytest.raises(InputError, match="no leaf"):
            standard_proof(nodes, node)


def test_standard_tree__no_leaves__is_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        standard_tree([])
