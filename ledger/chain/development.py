"""What only a development node can do: move its clock, mine on demand, undo."""

import contextlib
from collections.abc import Iterator, Sequence

from ledger.chain.client import Client
from ledger.chain.signers import DEVELOPMENT_CHAIN_IDS, DevelopmentSigner, Transaction
from ledger.chain.wire import to_hex
from ledger.core.types import Address, BlockRef
from ledger.errors import ChainError, InputError, NotADevelopmentChain

NODES = ("anvil/", "HardhatNetwork/", "EthereumTester/")
"""How the nodes that this works on call themselves."""

TRANSFER_GAS = 21_000
FAUCET = 9
"""Account that gives ether to others: the last that Anvil funds by itself."""


class DevelopmentNode:
    """Anvil, the Hardhat node or the embedded chain.

    Raises ``NotADevelopmentChain`` on anything else: there time passes by itself.
    """

    def __init__(self, client: Client) -> None:
        if client.chain_id not in DEVELOPMENT_CHAIN_IDS or not client.version.startswith(NODES):
            raise NotADevelopmentChain(
                f"chain {client.chain_id} ({client.version})", "moving the clock"
            )
        self._client = client
        self._ask = client.transport.request

    def now(self) -> int:
        """Return the time of the newest block, Unix seconds."""
        return self._client.head().timestamp

    def set_next_timestamp(self, timestamp: int) -> None:
        """Give the next block exactly this time.

        Raises ``InputError`` unless it is later than the newest block's.
        """
        now = self.now()
        if timestamp <= now:
            raise InputError(f"chain time is {now}: it cannot go to {timestamp}, only forward")
        self._ask("evm_setNextBlockTimestamp", [to_hex(timestamp)])

    def travel_to(self, timestamp: int) -> BlockRef:
        """Mine one block of exactly this time and return it. Raises ``InputError``."""
        self.set_next_timestamp(timestamp)
        return self.mine()

    def mine(self) -> BlockRef:
        """Mine one block of what is waiting and return it."""
        self._ask("evm_mine", [])
        return self._client.head()

    def snapshot(self) -> str:
        """Return a name for the state as it is now, good for one ``revert``."""
        return str(self._ask("evm_snapshot", []))

    def revert(self, snapshot: str) -> None:
        """Undo everything since the snapshot. Raises ``InputError`` if it is not known."""
        if not self._ask("evm_revert", [snapshot]):
            raise InputError(f"the node has no snapshot {snapshot}; each is good for one revert")

    @contextlib.contextmanager
    def bulk(self) -> Iterator[None]:
        """Mine nothing while the block runs, and all that waits at its end."""
        self._ask("evm_setAutomine", [False])
        try:
            yield
        finally:
            # Not everything need fit into one block.
            while self._client.raw_block(self.mine().hash)["transactions"]:
                pass
            self._ask("evm_setAutomine", [True])

    def fund(self, wallets: Sequence[Address], wei: int) -> None:
        """Send ether to wallets from the faucet's account."""
        faucet = DevelopmentSigner(FAUCET, self._client.chain_id)
        nonce = self._client.nonce(faucet.address, self._client.head())
        fees = self._client.fees()
        raws = [
            faucet.sign_transaction(
                Transaction(
                    chain_id=self._client.chain_id,
                    nonce=nonce + index,
                    to=wallet,
                    data=b"",
                    gas=TRANSFER_GAS,
                    max_fee_per_gas=fees.max_fee_per_gas,
                    max_priority_fee_per_gas=fees.max_priority_fee_per_gas,
                    value=wei,
                )
            ).raw
            for index, wallet in enumerate(wallets)
        ]
        for outcome in self._client.send_raw(raws):
            if isinstance(outcome, ChainError):
                raise outcome
        # Anvil answers a moment before it has mined.
        self.mine()
