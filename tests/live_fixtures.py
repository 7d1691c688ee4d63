"""A portfolio that was lived through once on each kind of chain, for the tests that read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from ledger.chain.client import Client, connect
from ledger.chain.deploy import Deployment as Deployed
from ledger.chain.embedded import embedded_client
from ledger.core.types import Log
from ledger.store.pages import Deployment
from tests.live_book import LiveBook
from tests.nodes import anvil, hardhat_node

GENESIS = 1_767_225_600


def place_of(deployed: Deployed) -> Deployment:
    """Return what the mirror needs to know of a deployed book."""
    return Deployment(
        chain_id=deployed.chain_id,
        book=deployed.book.address,
        registry=deployed.registry.address,
        block=deployed.first_block,
        genesis=bytes.fromhex(deployed.genesis.removeprefix("0x")),
    )


@contextmanager
def live_portfolio(kind: str) -> Iterator[LiveBook]:
    """Live through the portfolio on a chain of its own: embedded, anvil or hardhat."""
    with ExitStack() as stack:
        nodes: dict[str, Callable[[], Client]] = {
            "embedded": partial(embedded_client, genesis_time=GENESIS),
            "anvil": lambda: connect(stack.enter_context(anvil())),
            "hardhat": lambda: connect(stack.enter_context(hardhat_node())),
        }
        book = LiveBook(nodes[kind]())
        book.portfolio()
        yield book


class LyingClient(Client):
    """The same node with its logs changed on the way."""

    def __init__(self, honest: Client, lie: Callable[[list[Log]], list[Log]]) -> None:
        super().__init__(honest.transport)
        self._lie = lie

    def logs(self, *arguments: object, **options: object) -> list[Log]:
        return self._lie(super().logs(*arguments, **options))  # type: ignore[arg-type]
