"""The embedded chain: deterministic, undoable, and as strict as a node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.chain.abi import Call
from ledger.chain.client import Client
from ledger.chain.development import DevelopmentNode
from ledger.chain.embedded import CHAIN_ID, embedded_client
from ledger.chain.signers import DevelopmentSigner, SignedTransaction, Transaction
from ledger.errors import (
    BlockUnknown,
    InputError,
    MethodMissing,
    NodeRefused,
    NotADevelopmentChain,
    Reverted,
)

GENESIS = 1_700_000_000
ETHER = 10**18
# PUSH1 42 PUSH1 0 SSTORE PUSH1 1 PUSH1 0 PUSH1 0 LOG0... as little code as shows each thing:
# stores the call data's first word at slot 0, logs it, returns it.
STORE = bytes.fromhex("600035600055600060005260003560005260206000a060206000f3")
INIT = bytes.fromhex(f"60{len(STORE):02x}80600b6000396000f3") + STORE


@pytest.fixture(scope="module")
def chain() -> Client:
    return embedded_client(genesis_time=GENESIS)


@pytest.fixture
def client(chain: Client) -> Iterator[Client]:
    node = DevelopmentNode(chain)
    before = node.snapshot()
    yield chain
    node.revert(before)


def _signed(
    client: Client, call: Call, nonce: int | None = None, index: int = 0
) -> SignedTransaction:
    signer = DevelopmentSigner(index, CHAIN_ID)
    if nonce is None:
        nonce = client.nonce(signer.address, client.head())
    fees = client.fees()
    return signer.sign_transaction(
        Transaction(
            CHAIN_ID,
            nonce,
            call.to,
            call.data,
            200_000,
            fees.max_fee_per_gas,
            fees.max_priority_fee_per_gas,
        )
    )


def _sent(client: Client, call: Call) -> SignedTransaction:
    signed = _signed(client, call)
    assert client.send_raw([signed.raw]) == [signed.hash]
    return signed


def test_embedded_client__same_calls__same_block_hashes() -> None:
    heads = set()
    for _ in range(2):
        client = embedded_client(genesis_time=GENESIS)
        _sent(client, Call(None, INIT))
        DevelopmentNode(client).travel_to(GENESIS + 90)
        heads.add(client.head().hash)

    assert len(heads) == 1


def test_send__creation_and_call__state_receipt_and_log(client: Client) -> None:
    created = client.receipt(_sent(client, Call(None, INIT)).hash)
    assert created is not None
    assert created.contract is not None
    word = (7).to_bytes(32, "big")

    receipt = client.receipt(_sent(client, Call(created.contract, word)).hash)

    head = client.head()
    assert receipt is not None
    assert receipt.succeeded
    assert client.code(created.contract, head) == STORE
    assert client.storage(created.contract, 0, head) == word
    assert client.storage(created.contract, 0, client.block(head.number - 1)) == bytes(32)
    (log,) = client.logs(0, head.number, [created.contract])
    assert (log.block, log.tx_hash, log.index) == (head, receipt.tx_hash, 0)
    assert [entry.address for entry in receipt.logs] == [created.contract]
    assert client.block_receipts(head) == [receipt]


def test_block_time__without_travel__one_second_a_block(client: Client) -> None:
    before = client.head()

    _sent(client, Call(None, INIT))

    assert client.head().timestamp == before.timestamp + 1


def test_travel_to__later__exactly_then(client: Client) -> None:
    node = DevelopmentNode(client)

    block = node.travel_to(GENESIS + 1_000_000)
    _sent(client, Call(None, INIT))

    assert block.timestamp == GENESIS + 1_000_000
    assert client.head().timestamp == GENESIS + 1_000_001


def test_travel_to__not_later__refused_and_unchanged(client: Client) -> None:
    before = client.head()

    with pytest.raises(InputError, match="only forward"):
        DevelopmentNode(client).travel_to(before.timestamp)

    assert client.head() == before


def test_revert__after_changes__all_of_it_gone(client: Client) -> None:
    node = DevelopmentNode(client)
    before = client.head()
    snapshot = node.snapshot()
    signed = _sent(client, Call(None, INIT))
    undone = client.head()

    node.revert(snapshot)

    assert client.head() == before
    assert client.receipt(signed.hash) is None
    with pytest.raises(BlockUnknown):
        client.balance(DevelopmentSigner(0, CHAIN_ID).address, undone)
    assert client.send_raw([signed.raw]) == [signed.hash]
    assert client.receipt(signed.hash) is not None


def test_revert__unknown_snapshot__refused(client: Client) -> None:
    with pytest.raises(InputError, match="no snapshot 0x"):
        DevelopmentNode(client).revert("0x" + "12" * 32)


def test_bulk__several_transactions__one_block(client: Client) -> None:
    node = DevelopmentNode(client)
    first = client.nonce(DevelopmentSigner(0, CHAIN_ID).address, client.head())
    with node.bulk():
        signed = [_signed(client, Call(None, INIT), first + index) for index in range(3)]
        client.send_raw([each.raw for each in signed])
        assert client.receipts([each.hash for each in signed]) == [None, None, None]

    receipts = [receipt for receipt in client.receipts([each.hash for each in signed]) if receipt]

    assert [receipt.tx_index for receipt in receipts] == [0, 1, 2]
    assert len({receipt.block_hash for receipt in receipts}) == 1
    assert receipts[2].cumulative_gas_used == sum(receipt.gas_used for receipt in receipts)


def test_simulate__with_transactions_waiting__sees_them(client: Client) -> None:
    signer = DevelopmentSigner(0, CHAIN_ID)
    created = client.receipt(_sent(client, Call(None, INIT)).hash)
    assert created is not None
    change = Call(created.contract, (9).to_bytes(32, "big"))
    cold = client.simulate(change, signer.address)
    with DevelopmentNode(client).bulk():
        client.send_raw([_signed(client, change).raw])

        warm = client.simulate(change, signer.address)

    assert warm < cold


@pytest.mark.parametrize(
    ("nonce", "problem"), [(-1, "nonce too low"), (1, "nonce too high"), (0, "already known")]
)
def test_send__wrong_nonce_or_twice__refused(client: Client, nonce: int, problem: str) -> None:
    signer = DevelopmentSigner(0, CHAIN_ID)
    signed = _sent(client, Call(None, INIT))
    if nonce:
        count = client.nonce(signer.address, client.head())
        signed = _signed(client, Call(None, STORE), count + nonce)

    (outcome,) = client.send_raw([signed.raw])

    assert isinstance(outcome, NodeRefused)
    assert problem in str(outcome)


def test_send__garbage__refused(client: Client) -> None:
    (outcome,) = client.send_raw([b"\x02garbage"])

    assert isinstance(outcome, NodeRefused)


def test_send__no_ether__refused_and_unchanged(client: Client) -> None:
    before = client.head()

    (outcome,) = client.send_raw([_signed(client, Call(None, INIT), 0, index=40).raw])

    assert isinstance(outcome, NodeRefused)
    assert client.head() == before


def test_fund__new_wallets__hold_ether(client: Client) -> None:
    wallets = [DevelopmentSigner(index, CHAIN_ID).address for index in (30, 31)]

    DevelopmentNode(client).fund(wallets, ETHER)

    assert [client.balance(wallet, client.head()) for wallet in wallets] == [ETHER, ETHER]


def test_simulate__refused__reverted(client: Client) -> None:
    fails = bytes.fromhex("60006000fd")

    with pytest.raises(Reverted):
        client.simulate(Call(None, fails), DevelopmentSigner(0, CHAIN_ID).address)


def test_proof__not_there__says_so(client: Client) -> None:
    with pytest.raises(MethodMissing, match="the embedded chain does not have it"):
        client.proof(DevelopmentSigner(0, CHAIN_ID).address, [0], client.head())


@pytest.mark.parametrize(
    ("chain_id", "version"), [(1, "anvil/v1.7.1"), (31337, "Geth/v1.15"), (56, "HardhatNetwork/3")]
)
def test_development_node__production_node__refused(chain_id: int, version: str) -> None:
    class Production:
        name = "production"

        def request(self, method: str, _params: object) -> str:
            return hex(chain_id) if method == "eth_chainId" else version

        def batch(self, _questions: object) -> list[object]:
            return []

    with pytest.raises(NotADevelopmentChain, match="moving the clock"):
        DevelopmentNode(Client(Production()))
