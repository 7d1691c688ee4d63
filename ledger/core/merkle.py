"""Two Merkle trees, each the format that its readers verify.

The journal's root is the Merkle Tree Hash of RFC 6962 (2.1; verification as in RFC 9162, 2.1.3
and 2.1.4): append-only, SHA-256, consistency between two days can be proven. ``documents`` is a
tree of the JavaScript package ``@openzeppelin/merkle-tree`` ("standard-v1"): keccak256, leaves
in any order, one field opened by one proof.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

from ledger.errors import InputError

EMPTY_ROOT = sha256(b"").digest()
"""Root of the journal before its first entry."""


def leaf_hash(entry: bytes) -> bytes:
    """Return RFC 6962's hash of one entry: ``SHA-256(0x00 ‖ entry)``."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return RFC 6962's hash of one inner node: ``SHA-256(0x01 ‖ left ‖ right)``."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of an append-only tree: all that is needed to append and to give the root.

    ``peaks`` are the 32-byte roots of the perfect subtrees, largest first: one for each bit
    set in ``size``.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, entry: bytes) -> "Frontier":
        """Return the tree with one more entry; costs one hash in the mean."""
        peaks, node, size = list(self.peaks), leaf_hash(entry), self.size
        while size & 1:
            node = node_hash(peaks.pop(), node)
            size >>= 1
        return Frontier(self.size + 1, (*peaks, node))

    def root(self) -> bytes:
        """Return the 32-byte Merkle Tree Hash."""
        if not self.peaks:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.peaks))


def _split(size: int) -> int:
    """Return the largest power of two below ``size``: the leaves of the left subtree."""
    return 1 << (size - 1).bit_length() - 1


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle Tree Hash over leaf hashes (not entries)."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return node_hash(tree_root(leaves[:split]), tree_root(leaves[split:]))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of leaf ``index``, from the leaf up. Raises ``InputError``."""
    if not 0 <= index < len(leaves):
        raise InputError(f"no leaf {index} in a tree of {len(leaves)}: count from 0")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), tree_root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), tree_root(leaves[:split])]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Prove that the tree over ``leaves`` extends the one over the first ``first`` of them.

    Raises ``InputError`` unless ``0 < first <= len(leaves)``: every tree extends the empty one.
    """
    if not 0 < first <= len(leaves):
        raise InputError(f"no tree of {first} leaves to compare with one of {len(leaves)}")
    return _subproof(leaves, first, whole=True)


def _subproof(leaves: Sequence[bytes], first: int, *, whole: bool) -> list[bytes]:
    """RFC 6962, 2.1.2; ``whole`` while the old tree's root is known to the verifier."""
    if first == len(leaves):
        return [] if whole else [tree_root(leaves)]
    split = _split(len(leaves))
    if first <= split:
        return [*_subproof(leaves[:split], first, whole=whole), tree_root(leaves[split:])]
    return [*_subproof(leaves[split:], first - split, whole=False), tree_root(leaves[:split])]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``leaf`` (a leaf hash) is entry ``index`` of the tree of ``size`` with ``root``."""
    if not 0 <= index < size or not _are_hashes((leaf, root, *proof)):
        return False
    node, position, last = leaf, index, size - 1
    for step in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(step, node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, step)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of ``second`` entries begins with the tree of ``first`` entries."""
    if not 0 < first <= second or not _are_hashes((first_root, second_root, *proof)):
        return False
    if first == second:
        return not proof and first_root == second_root
    # An old tree that is perfect is the proof's first node itself.
    path = [first_root, *proof] if first & first - 1 == 0 else list(proof)
    if not path:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, step)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == 32 for value in values)


# ---------------------------------------------------------------- documents


def standard_leaf(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """Return ``keccak256(keccak256(abi.encode(values)))``: hashed twice, never an inner node."""
    return keccak(keccak(encode(types, values)))


def _pair(a: bytes, b: bytes) -> bytes:
    return keccak(min(a, b) + max(a, b))


def standard_tree(leaves: Iterable[bytes]) -> list[bytes]:
    """Return the nodes of the tree over 32-byte ``leaves``, root first: ``2n - 1`` of them.

    Leaves are sorted, as the package does by default: the root does not tell their order.
    Raises ``InputError`` for none.
    """
    ordered = sorted(leaves)
    if not ordered:
        raise InputError("a tree of documents needs at least one leaf")
    nodes = [b""] * (len(ordered) - 1) + ordered[::-1]
    for i in range(len(ordered) - 2, -1, -1):
        nodes[i] = _pair(nodes[2 * i + 1], nodes[2 * i + 2])
    return nodes


def standard_proof(nodes: Sequence[bytes], leaf: bytes) -> list[bytes]:
    """Return the siblings of ``leaf`` from the leaf up. Raises ``InputError`` if it is not in."""
    first = len(nodes) // 2
    if leaf not in nodes[first:]:
        raise InputError(f"0x{leaf.hex()} is no leaf of the tree 0x{nodes[0].hex()}")
    index, proof = nodes.index(leaf, first), []
    while index:
        proof.append(nodes[index + 1 if index & 1 else index - 1])
        index = (index - 1) // 2
    return proof


def verify_standard(root: bytes, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` leads from ``leaf`` to ``root``."""
    return _are_hashes((root, leaf, *proof)) and reduce(_pair, proof, leaf) == root
