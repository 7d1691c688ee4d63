"""What every typed contract shares: calls built apart from sending, reads at a block, roles."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from ledger.chain.abi import Call, Interface, interface
from ledger.chain.client import Client
from ledger.core.types import Address, BlockRef
from ledger.errors import Reverted

DEFAULT_ADMIN_ROLE = bytes(32)


class Contract:
    """One deployed contract. Methods without a block build a ``Call`` and ask nobody."""

    ARTIFACT: ClassVar[str]

    def __init__(self, client: Client, address: Address) -> None:
        self.client = client
        self.address = address

    @property
    def interface(self) -> Interface:
        """The contract's functions by name."""
        return interface(self.ARTIFACT)

    def build(self, name: str, *arguments: Any) -> Call:
        """Return the call of any function. Raises ``InputError`` for what does not fit."""
        return Call(self.address, self.interface[name].encode(*arguments))

    def read(self, name: str, block: BlockRef, *arguments: Any) -> Any:
        """Return the one value that a view gives at ``block``. Raises ``Reverted``."""
        function = self.interface[name]
        return function.decode(self.client.call(self.address, function.encode(*arguments), block))[
            0
        ]

    def read_many(
        self, name: str, block: BlockRef, arguments: Iterable[Sequence[Any]]
    ) -> list[Any]:
        """Return what a view gives for many arguments, in batches. Raises ``Reverted``."""
        function = self.interface[name]
        calls = [Call(self.address, function.encode(*each)) for each in arguments]
        values = []
        for answer in self.client.call_many(calls, block):
            if isinstance(answer, Reverted):
                raise answer
            values.append(function.decode(answer)[0])
        return values

    # ---------------------------------------------------------------- roles

    def grant_role(self, role: bytes, account: Address) -> Call:
        """Build the grant of a role. Admin."""
        return self.build("grantRole", role, account)

    def revoke_role(self, role: bytes, account: Address) -> Call:
        """Build the revocation of a role. Admin."""
        return self.build("revokeRole", role, account)

    def has_role(self, role: bytes, account: Address, block: BlockRef) -> bool:
        """Return whether an account holds a role."""
        return bool(self.read("hasRole", block, role, account))
