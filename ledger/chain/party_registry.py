"""The registry of parties, typed."""

from typing import Final

from eth_utils.crypto import keccak

from ledger.chain.abi import Call
from ledger.chain.contract import Contract
from ledger.chain.views import PartyView
from ledger.core.types import Address, BlockRef, Kind, Subject

REGISTRAR_ROLE: Final = keccak(text="REGISTRAR")


class PartyRegistry(Contract):
    """A deployed PartyRegistry."""

    ARTIFACT = "PartyRegistry"

    def register(
        self, wallet: Address, subject: Subject, kind: Kind, related: bool = False
    ) -> Call:
        """Build the binding of a wallet to a subject. Registrar."""
        return self.build("register", wallet, (subject, kind, related))

    def update(self, wallet: Address, kind: Kind, related: bool) -> Call:
        """Build a change of a bound wallet's kind and flag. Registrar."""
        return self.build("update", wallet, kind, related)

    def party_of(self, wallet: Address, block: BlockRef) -> PartyView:
        """Return a wallet's entry. Raises ``Reverted`` (UnregisteredParty)."""
        subject, kind, related = self.read("partyOf", block, wallet)
        return PartyView(Subject(subject), Kind(kind), related)

    def head(self, block: BlockRef) -> bytes:
        """Return the hash chain over the registry's events."""
        return bytes(self.read("head", block))

    def seq(self, block: BlockRef) -> int:
        """Return how many events the registry has written."""
        return int(self.read("seq", block))
