"""Real chains for tests: each node starts once a run, and each test gets its changes undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.chain.abi import Call, interface
from ledger.chain.artifacts import load
from ledger.chain.client import Client, connect
from ledger.chain.custody_token import CustodyToken
from ledger.chain.development import DevelopmentNode
from ledger.chain.embedded import embedded_client
from ledger.chain.loan_book import CUSTODIAN_ROLE
from ledger.chain.signers import DevelopmentSigner, Transaction
from ledger.chain.wire import Receipt
from ledger.core.intents import Intent
from ledger.core.types import Address
from ledger.outbox import Outbox
from ledger.store import Store, open_store
from tests.mishaps import Mishaps
from tests.nodes import anvil, hardhat_node

CHAINS = [
    "embedded",
    pytest.param("anvil", marks=pytest.mark.node),
    pytest.param("hardhat", marks=pytest.mark.node),
]
GENESIS = 1_700_000_000


@pytest.fixture(scope="session")
def anvil_url() -> Iterator[str]:
    with anvil() as url:
        yield url


@pytest.fixture(scope="session")
def hardhat_url() -> Iterator[str]:
    with hardhat_node() as url:
        yield url


@pytest.fixture(scope="session", params=CHAINS)
def chain(request: pytest.FixtureRequest) -> Client:
    """Each kind of chain, once with and once without a real node; its state is shared."""
    if request.param == "embedded":
        return embedded_client(genesis_time=GENESIS)
    return connect(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="session")
def shared_token(chain: Client) -> CustodyToken:
    """A deposit token whose admin and custodian is the first development account."""
    return deploy_token(chain, lambda call: send_plainly(chain, call))


@pytest.fixture
def client(chain: Client, shared_token: CustodyToken) -> Iterator[Client]:
    """A client of a chain on which there is the token; the test's changes are undone."""
    node = DevelopmentNode(chain)
    before = node.snapshot()
    yield chain
    node.revert(before)


@pytest.fixture
def token(client: Client, shared_token: CustodyToken) -> CustodyToken:
    return shared_token


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/book.db") as opened:
        yield opened


@pytest.fixture
def line(client: Client) -> Mishaps:
    """The way to the node, which can be told to fail."""
    return Mishaps(client.transport)


@pytest.fixture
def outbox(line: Mishaps, store: Store) -> Iterator[Outbox]:
    """The first development account's outbox."""
    client = Client(line)
    with Outbox(store.outbox, client, DevelopmentSigner(0, client.chain_id)) as opened:
        yield opened


HOLDER = Address("0x" + "34" * 20)


def held(token: CustodyToken) -> int:
    """Return what ``HOLDER`` has now."""
    return token.balance_of(HOLDER, token.client.head())


def settled(outbox: Outbox, *request_ids: str) -> list[Intent]:
    """Wait until these requests are mined, and look once more.

    The outbox asks for the final block before it asks for receipts: what a node mines between the
    two is final at the next look only.
    """
    outbox.wait(request_ids)
    outbox.poll()
    return outbox.wait(request_ids)


def count(client: Client) -> int:
    """Return how many transactions the first development account has sent."""
    return client.nonce(DevelopmentSigner(0, client.chain_id).address, client.head())


def send_plainly(client: Client, call: Call, index: int = 0) -> Receipt:
    """Send a call from a development account without an outbox, and see it mined."""
    signer = DevelopmentSigner(index, client.chain_id)
    fees = client.fees()
    signed = signer.sign_transaction(
        Transaction(
            chain_id=client.chain_id,
            nonce=client.nonce(signer.address, client.head()),
            to=call.to,
            data=call.data,
            gas=client.simulate(call, signer.address) * 2,
            max_fee_per_gas=fees.max_fee_per_gas,
            max_priority_fee_per_gas=fees.max_priority_fee_per_gas,
        )
    )
    assert client.send_raw([signed.raw]) == [signed.hash]
    while (receipt := client.receipt(signed.hash)) is None:
        # Anvil answers a moment before it has mined.
        pass
    return receipt


def deploy_token(client: Client, send: Callable[[Call], Receipt]) -> CustodyToken:
    """Deploy a deposit token whose admin and custodian is the first development account."""
    admin = DevelopmentSigner(0, client.chain_id)
    code = load("CustodyToken").linked({}) + interface("CustodyToken").constructor(
        "Deposit", "dCNY", b"CNY", 2, admin.address
    )
    created = send(Call(None, code))
    assert created.contract is not None
    token = CustodyToken(client, created.contract)
    send(token.grant_role(CUSTODIAN_ROLE, admin.address))
    return token
