"""One request, one effect: while fees rise and branches change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ledger.chain.client import Client, connect
from ledger.chain.custody_token import CustodyToken
from ledger.chain.development import DevelopmentNode
from ledger.chain.signers import DevelopmentSigner
from ledger.core.intents import Intent, IntentState
from ledger.outbox import FeePolicy, Outbox
from ledger.store import Store
from tests.integration.conftest import HOLDER, deploy_token, held
from tests.mishaps import Mishaps
from tests.nodes import anvil


def _stuck(line: Mishaps, store: Store, policy: FeePolicy) -> Outbox:
    """Return an outbox whose first broadcast of ``mint`` never arrives."""
    client = Client(line)
    line.lose_broadcasts = True
    return Outbox(store.outbox, client, DevelopmentSigner(0, client.chain_id), policy=policy)


def test_poll__stuck_for_some_blocks__offers_more_and_mines_once(
    line: Mishaps, client: Client, token: CustodyToken, store: Store
) -> None:
    node = DevelopmentNode(client)
    with _stuck(line, store, FeePolicy(stuck_after=3)) as outbox:
        outbox.submit("mint", token.mint(HOLDER, 5))
        for _ in range(3):
            node.mine()
        line.lose_broadcasts = False
        (intent,) = outbox.wait(["mint"])

        with store.outbox.transaction() as tables:
            first, second = tables.attempts(["mint"])["mint"]
    assert second.max_fee_per_gas * 10 >= first.max_fee_per_gas * 11
    assert second.max_priority_fee_per_gas * 10 >= first.max_priority_fee_per_gas * 11
    assert intent.tx_hash == second.tx_hash
    assert held(token) == 5


def test_poll__old_attempt_mines_after_the_bump__recorded_once(
    line: Mishaps, client: Client, token: CustodyToken, store: Store
) -> None:
    node = DevelopmentNode(client)
    with _stuck(line, store, FeePolicy(stuck_after=1)) as outbox:
        outbox.submit("mint", token.mint(HOLDER, 5))
        node.mine()
        outbox.poll()
        with store.outbox.transaction() as tables:
            first, second = tables.attempts(["mint"])["mint"]
        client.send_raw([first.raw])
        line.lose_broadcasts = False
        (intent,) = outbox.wait(["mint"])

    assert first.tx_hash != second.tx_hash
    assert intent.tx_hash == first.tx_hash
    assert held(token) == 5


def test_poll__cap_reached__offers_no_more(
    line: Mishaps, client: Client, token: CustodyToken, store: Store
) -> None:
    node = DevelopmentNode(client)
    fees = client.fees()
    with _stuck(line, store, FeePolicy(cap=fees.max_fee_per_gas, stuck_after=1)) as outbox:
        outbox.submit("mint", token.mint(HOLDER, 5))
        node.mine()
        outbox.poll()

        with store.outbox.transaction() as tables:
            attempts = tables.attempts(["mint"])["mint"]

    assert len(attempts) == 1


@pytest.fixture
def forking(store: Store) -> Iterator[tuple[Client, CustodyToken, Outbox]]:
    """An Anvil of its own, on which five blocks have to pass before one is final."""
    with anvil() as url:
        client = connect(url, finality=5)
        signer = DevelopmentSigner(0, client.chain_id)
        with Outbox(store.outbox, client, signer) as outbox:
            steps = iter(("token", "role"))
            token = deploy_token(client, lambda call: outbox.send(next(steps), call))
            for _ in range(6):
                DevelopmentNode(client).mine()
            outbox.poll()
            yield client, token, outbox


def _known(outbox: Outbox, request_id: str) -> Intent:
    intent = outbox.intent(request_id)
    assert intent is not None
    return intent


@pytest.mark.node
@pytest.mark.parametrize("change", [("anvil_reorg", [2, []]), ("anvil_rollback", [2])])
def test_poll__mined_then_reorganised__same_bytes_mined_again(
    forking: tuple[Client, CustodyToken, Outbox], change: tuple[str, list[Any]]
) -> None:
    client, token, outbox = forking
    receipt = outbox.send("mint", token.mint(HOLDER, 5))
    assert _known(outbox, "mint").state == IntentState.MINED

    client.transport.request(*change)
    assert client.receipt(receipt.tx_hash) is None
    (lost,) = outbox.poll()
    (again,) = outbox.wait(["mint"])

    assert (lost.state, lost.block_hash, lost.succeeded) == (IntentState.PENDING, None, None)
    assert again.tx_hash == receipt.tx_hash
    assert again.block_hash != receipt.block_hash
    assert held(token) == 5


@pytest.mark.node
def test_poll__enough_blocks_on_top__confirmed(
    forking: tuple[Client, CustodyToken, Outbox],
) -> None:
    client, token, outbox = forking
    outbox.send("mint", token.mint(HOLDER, 5))
    states = []
    for _ in range(6):
        outbox.poll()
        states.append(_known(outbox, "mint").state)
        DevelopmentNode(client).mine()

    assert states == [IntentState.MINED] * 5 + [IntentState.CONFIRMED]
