"""The custodian's deposit token, typed."""

from collections.abc import Sequence

from ledger.chain.abi import Call
from ledger.chain.contract import Contract
from ledger.core.types import Address, BlockRef


class CustodyToken(Contract):
    """A deployed CustodyToken (存管凭证), or any ERC-20 for what they share. Minor units."""

    ARTIFACT = "CustodyToken"

    def mint(self, to: Address, amount: int) -> Call:
        """Build the entry of a deposit. Custodian."""
        return self.build("mint", to, amount)

    def burn(self, amount: int) -> Call:
        """Build the exit of the sender's own money."""
        return self.build("burn", amount)

    def approve(self, spender: Address, amount: int) -> Call:
        """Build an allowance of the sender's money."""
        return self.build("approve", spender, amount)

    def transfer(self, to: Address, amount: int) -> Call:
        """Build a transfer of the sender's money."""
        return self.build("transfer", to, amount)

    def balance_of(self, account: Address, block: BlockRef) -> int:
        """Return what an account holds."""
        return int(self.read("balanceOf", block, account))

    def balances_of(self, accounts: Sequence[Address], block: BlockRef) -> list[int]:
        """Return what many accounts hold at one block, in batches."""
        answers = self.read_many("balanceOf", block, [(account,) for account in accounts])
        return [int(answer) for answer in answers]

    def allowance(self, owner: Address, spender: Address, block: BlockRef) -> int:
        """Return how much of the owner's money the spender may move."""
        return int(self.read("allowance", block, owner, spender))

    def total_supply(self, block: BlockRef) -> int:
        """Return all that the bank holds against this token."""
        return int(self.read("totalSupply", block))

    def decimals(self, block: BlockRef) -> int:
        """Return how many decimals one minor unit stands for."""
        return int(self.read("decimals", block))

    def currency(self, block: BlockRef) -> bytes:
        """Return the three bytes of the ISO 4217 code."""
        return bytes(self.read("currency", block))
