"""What the contracts store at one block: proven against its hash where the node has proofs."""

from collections.abc import Iterable, Mapping
from functools import cache

from ledger.chain.artifacts import load
from ledger.chain.client import Client
from ledger.chain.custody_token import CustodyToken
from ledger.core.layout import Layout, Place
from ledger.core.proofs import Account, proven_account, proven_slots, proven_state_root
from ledger.core.storage import Fields
from ledger.core.types import Address, BlockRef
from ledger.errors import ArtifactError, MethodMissing

SLOTS_AT_ONCE = 200
"""Slots in one ``eth_getProof``."""


@cache
def layout(name: str) -> Layout:
    """Return a compiled contract's storage layout. Raises ``ArtifactError`` if it has none."""
    document = load(name).storage_layout
    if document is None:
        raise ArtifactError(name, "has no storage layout; run `make contracts`")
    return Layout(document)


class ContractState:
    """Storage of a book and its registry at ``block``: a ``ChainState`` for the checks.

    Reads raise ``ProofError`` for a node whose proofs do not hold.
    """

    def __init__(self, client: Client, book: Address, registry: Address, block: BlockRef) -> None:
        self._client = client
        self._book = book
        self._registry = registry
        self.block = block
        self.book_layout = layout("LoanBook")
        self.registry_layout = layout("PartyRegistry")
        self._state_root = self._proven_root()

    @property
    def proven(self) -> bool:
        """Whether words rest on proofs, not on the node's word."""
        return self._state_root is not None

    def book(self, places: Mapping[str, Place]) -> Fields:
        """Return values that the book stores."""
        return self._read(self._book, places)

    def registry(self, places: Mapping[str, Place]) -> Fields:
        """Return values that the registry stores."""
        return self._read(self._registry, places)

    def tokens(self, token: Address) -> int:
        """Return the tokens that the book holds, as the token says."""
        return CustodyToken(self._client, token).balance_of(self._book, self.block)

    def _proven_root(self) -> bytes | None:
        try:
            self._client.proof(self._book, [], self.block)
        except MethodMissing:
            return None
        return proven_state_root(self._client.raw_block(self.block.hash), self.block.hash)

    def _read(self, address: Address, places: Mapping[str, Place]) -> Fields:
        words = self.words(address, (place.slot for place in places.values()))
        return {name: place.read(words[place.slot]) for name, place in places.items()}

    def words(self, address: Address, slots: Iterable[int]) -> dict[int, bytes]:
        """Return the 32-byte words of a contract's slots."""
        wanted = sorted(set(slots))
        if self._state_root is None:
            return {slot: self._client.storage(address, slot, self.block) for slot in wanted}
        words: dict[int, bytes] = {}
        for start in range(0, len(wanted), SLOTS_AT_ONCE):
            some = wanted[start : start + SLOTS_AT_ONCE]
            words |= self._proven_words(self._state_root, address, some)
        return words

    def _proven_words(
        self, state_root: bytes, address: Address, slots: list[int]
    ) -> dict[int, bytes]:
        proof = self._client.proof(address, slots, self.block)
        account = proven_account(state_root, address, proof.nodes)
        if account is None:
            return dict.fromkeys(slots, bytes(32))
        nodes = (node for item in proof.slots for node in item.nodes)
        return proven_slots(account.storage_root, slots, nodes)

    def account(self, address: Address) -> Account | None:
        """Return the proven account of a contract; ``None`` without proofs."""
        if self._state_root is None:
            return None
        proof = self._client.proof(address, [], self.block)
        return proven_account(self._state_root, address, proof.nodes)
