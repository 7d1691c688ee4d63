"""Every kind of chain answers alike."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from ledger.chain.abi import Call
from ledger.chain.client import Client, connect
from ledger.chain.custody_token import CustodyToken
from ledger.chain.development import DevelopmentNode
from ledger.chain.loan_book import LoanBook
from ledger.chain.signers import DevelopmentSigner
from ledger.core.types import Address, BlockRef, Timestamp
from ledger.errors import (
    BlockUnknown,
    InconsistentNode,
    InputError,
    MethodMissing,
    NoContract,
    NodeUnreachable,
    Reverted,
    WrongChain,
)
from tests.integration.conftest import send_plainly
from tests.nodes import free_port

NOBODY = Address("0x" + "12" * 20)
# CustodyToken's balances are its first state variable: OpenZeppelin's ERC20 puts them at slot 0.
BALANCES = 0


def wallet(client: Client, index: int) -> Address:
    return DevelopmentSigner(index, client.chain_id).address


def test_call__at_an_older_block__older_state(client: Client, token: CustodyToken) -> None:
    before = client.head()
    send_plainly(client, token.mint(NOBODY, 5))
    between = client.head()
    send_plainly(client, token.mint(NOBODY, 7))

    seen = [token.balance_of(NOBODY, block) for block in (before, between, client.head())]

    assert seen == [0, 5, 12]


def test_account_reads__at_an_older_block__older_state(client: Client, token: CustodyToken) -> None:
    sender = wallet(client, 0)
    before = client.head()
    receipt = send_plainly(client, token.mint(NOBODY, 5))
    after = client.head()

    assert client.nonce(sender, after) == client.nonce(sender, before) + 1
    assert client.balance(sender, after) < client.balance(sender, before)
    slot = int.from_bytes(keccak(bytes(12) + bytes.fromhex(NOBODY[2:]) + bytes(32)), "big")
    assert client.storage(token.address, slot + BALANCES, before) == bytes(32)
    assert client.storage(token.address, slot + BALANCES, after) == (5).to_bytes(32, "big")
    assert receipt.gas_used > 21_000


def test_call__refused__custom_error_with_its_values(client: Client, token: CustodyToken) -> None:
    stranger = wallet(client, 3)
    call = token.mint(NOBODY, 5)

    with pytest.raises(Reverted) as called:
        client.call(token.address, call.data, client.head(), sender=stranger)
    with pytest.raises(Reverted) as simulated:
        client.simulate(call, stranger)

    assert called.value.name == "AccessControlUnauthorizedAccount"
    assert called.value.values["account"] == stranger
    assert simulated.value.values == called.value.values


def test_call_many__one_refused__in_its_place(client: Client, token: CustodyToken) -> None:
    supply = Call(token.address, token.interface["totalSupply"].encode())

    first, second, third = client.call_many([supply, token.mint(NOBODY, 5), supply], client.head())

    assert isinstance(second, Reverted)
    assert first == third == bytes(32)


def test_call__block_that_is_not_there__unknown(client: Client, token: CustodyToken) -> None:
    invented = BlockRef(1, b"\x12" * 32, bytes(32), Timestamp(0))

    with pytest.raises(BlockUnknown):
        token.total_supply(invented)


def test_block__by_number_and_hash__same_block(client: Client) -> None:
    head = client.head()

    assert client.block(head.number) == head
    assert client.block(head.hash) == head
    assert client.blocks(0, head.number)[-1] == head
    with pytest.raises(BlockUnknown):
        client.block(head.number + 1)
    with pytest.raises(BlockUnknown):
        client.block(b"\x12" * 32)


def test_require_contract__wallet__no_contract(client: Client, token: CustodyToken) -> None:
    client.require_contract(token.address, client.head())

    with pytest.raises(NoContract, match=NOBODY):
        client.require_contract(NOBODY, client.head())


def test_read__no_contract_there__clear_error(client: Client) -> None:
    with pytest.raises(InconsistentNode, match="is another contract at this address"):
        LoanBook(client, NOBODY).policy(client.head())


def test_logs__two_mints__with_block_and_transaction(client: Client, token: CustodyToken) -> None:
    first = client.head().number + 1
    receipts = [send_plainly(client, token.mint(NOBODY, amount)) for amount in (5, 7)]

    logs = client.logs(first, client.head().number, [token.address])

    assert [log.tx_hash for log in logs] == [receipt.tx_hash for receipt in receipts]
    assert [log.block.hash for log in logs] == [receipt.block_hash for receipt in receipts]
    assert [int.from_bytes(log.data, "big") for log in logs] == [5, 7]
    assert logs[0].topics[0] == keccak(text="Transfer(address,address,uint256)")
    assert client.logs(first, client.head().number, [NOBODY]) == []


def test_block_receipts__with_or_without_the_method__same_receipts(
    client: Client, token: CustodyToken
) -> None:
    receipt = send_plainly(client, token.mint(NOBODY, 5))

    assert client.block_receipts(client.head()) == [receipt]


def test_proof__where_the_node_has_it__value_of_the_slot(
    client: Client, token: CustodyToken
) -> None:
    send_plainly(client, token.mint(NOBODY, 5))
    slot = int.from_bytes(keccak(bytes(12) + bytes.fromhex(NOBODY[2:]) + bytes(32)), "big")
    head = client.head()

    if client.version.startswith("EthereumTester"):
        with pytest.raises(MethodMissing):
            client.proof(token.address, [slot], head)
        return
    proof = client.proof(token.address, [slot, slot + 1], head)

    root = bytes.fromhex(client.raw_block(head.hash)["stateRoot"][2:])
    assert keccak(proof.nodes[0]) == root
    assert keccak(proof.slots[0].nodes[0]) == proof.storage_hash
    assert [int.from_bytes(item.value, "big") for item in proof.slots] == [5, 0]
    assert proof.slots[0].slot == slot.to_bytes(32, "big")
    assert proof.code_hash == keccak(client.code(token.address, head))


def test_travel_to__months_later__next_call_sees_it(client: Client) -> None:
    node = DevelopmentNode(client)
    later = node.now() + 90 * 86_400

    block = node.travel_to(later)

    assert (block.timestamp, node.now()) == (later, later)
    with pytest.raises(InputError, match="only forward"):
        node.travel_to(later)


def test_set_next_timestamp__transaction__mined_exactly_then(
    client: Client, token: CustodyToken
) -> None:
    node = DevelopmentNode(client)
    node.set_next_timestamp(node.now() + 5_000)
    expected = node.now() + 5_000

    receipt = send_plainly(client, token.mint(NOBODY, 5))

    assert client.block(receipt.block_hash).timestamp == expected


def test_fund__empty_wallets__hold_ether(client: Client) -> None:
    wallets = [wallet(client, 40), wallet(client, 41)]

    DevelopmentNode(client).fund(wallets, 10**18)

    assert [client.balance(each, client.head()) for each in wallets] == [10**18, 10**18]


def test_final__development_chain__the_head(client: Client) -> None:
    assert client.final() == client.head()


# -------------------------------------------------------------------------- connecting


@pytest.mark.node
def test_connect__wrong_chain_id__refused(anvil_url: str) -> None:
    with pytest.raises(WrongChain, match="expected chain id 1, the node is on 31337"):
        connect(anvil_url, chain_id=1)


def test_connect__nothing_listens__unreachable() -> None:
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(NodeUnreachable, match=f"node {url} is not reachable"):
        connect(url, attempts=2)
