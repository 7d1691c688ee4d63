"""One request, one effect: when something else sends with the same key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.chain.abi import Call
from ledger.chain.client import Client, connect
from ledger.chain.custody_token import CustodyToken
from ledger.chain.development import DevelopmentNode
from ledger.chain.signers import DevelopmentSigner
from ledger.core.intents import Intent, IntentState
from ledger.errors import BlockUnknown, NonceConflict, OutboxBehind
from ledger.outbox import Outbox
from ledger.store import Store
from tests.integration.conftest import HOLDER, count, deploy_token, held, send_plainly
from tests.mishaps import Mishaps

pytestmark = pytest.mark.node

FINALITY = 3


@pytest.fixture(scope="session")
def chain(anvil_url: str) -> Client:
    """Anvil alone: a conflict needs a chain that more than one process sends to."""
    return connect(anvil_url)


@pytest.fixture(scope="session")
def shared_token(chain: Client) -> CustodyToken:
    return deploy_token(chain, lambda call: send_plainly(chain, call))


@pytest.fixture
def outbox(line: Mishaps, store: Store) -> Iterator[Outbox]:
    """The first development account's outbox; three blocks pass before one is final."""
    client = Client(line, finality=FINALITY)
    with Outbox(store.outbox, client, DevelopmentSigner(0, client.chain_id)) as opened:
        yield opened


def _lose(outbox: Outbox, line: Mishaps, request_id: str, call: Call) -> Intent:
    line.lose_broadcasts = True
    intent = outbox.submit(request_id, call, gas=200_000)
    line.lose_broadcasts = False
    return intent


def _finish(client: Client) -> None:
    for _ in range(FINALITY):
        DevelopmentNode(client).mine()


def _known(outbox: Outbox, request_id: str) -> Intent:
    intent = outbox.intent(request_id)
    assert intent is not None
    return intent


def test_poll__key_used_elsewhere__signed_again_once_that_is_final(
    outbox: Outbox, token: CustodyToken, line: Mishaps, client: Client
) -> None:
    lost = _lose(outbox, line, "mint", token.mint(HOLDER, 5))
    foreign = send_plainly(client, token.mint(HOLDER, 100))
    outbox.send("other", token.mint(HOLDER, 10))
    assert outbox.poll() == []
    assert _known(outbox, "mint") == lost

    _finish(client)
    outbox.poll()
    again = _known(outbox, "mint")
    outbox.wait(["mint"])
    _finish(client)
    outbox.poll()

    assert again.nonce == lost.nonce + 2
    assert again.reason is not None
    assert foreign.tx_hash.hex() in again.reason
    assert _known(outbox, "mint").state == IntentState.CONFIRMED
    assert _known(outbox, "mint").reason == again.reason
    assert held(token) == 115


def test_poll__killed_after_signing_again__next_one_sends_the_same(
    outbox: Outbox, token: CustodyToken, line: Mishaps, client: Client
) -> None:
    _lose(outbox, line, "mint", token.mint(HOLDER, 5))
    send_plainly(client, token.mint(HOLDER, 100))
    _finish(client)
    line.lose_broadcasts = True
    outbox.poll()
    before = count(client)
    line.lose_broadcasts = False
    outbox.poll()
    outbox.wait(["mint"])

    assert count(client) == before + 1
    assert held(token) == 105


def test_send__used_elsewhere_and_refused_now__ends_and_others_go_on(
    outbox: Outbox, token: CustodyToken, line: Mishaps, client: Client
) -> None:
    outbox.send("funds", token.mint(outbox.sender, 5))
    burn = token.burn(5)
    _lose(outbox, line, "burn", burn)
    send_plainly(client, token.burn(3))
    _finish(client)
    outbox.poll()
    outbox.send("mint", token.mint(HOLDER, 1))

    assert _known(outbox, "burn").state == IntentState.REPLACED
    with pytest.raises(NonceConflict, match=r"burn was not sent: nonce .* now refused by"):
        outbox.send("burn", burn)
    assert held(token) == 1
    assert token.balance_of(outbox.sender, client.head()) == 2


def test_poll__our_own_attempt_that_the_database_lost__not_sent_again(
    outbox: Outbox, token: CustodyToken, line: Mishaps, client: Client
) -> None:
    _lose(outbox, line, "mint", token.mint(HOLDER, 5))
    mined = send_plainly(client, token.mint(HOLDER, 5))
    _finish(client)
    outbox.poll()

    assert _known(outbox, "mint").state == IntentState.CONFIRMED
    assert _known(outbox, "mint").tx_hash == mined.tx_hash
    assert outbox.send("mint", token.mint(HOLDER, 5)) == mined
    assert held(token) == 5


def test_poll__database_is_behind_too__not_signed_again(
    outbox: Outbox, token: CustodyToken, line: Mishaps, client: Client
) -> None:
    _lose(outbox, line, "mint", token.mint(HOLDER, 5))
    send_plainly(client, token.mint(HOLDER, 100))
    send_plainly(client, token.mint(HOLDER, 5))
    _finish(client)
    outbox.poll()

    assert _known(outbox, "mint").state == IntentState.REPLACED
    assert "the chain counts" in str(_known(outbox, "mint").reason)
    assert held(token) == 105


def test_poll__node_cannot_show_what_used_it__not_signed_again(
    outbox: Outbox,
    token: CustodyToken,
    line: Mishaps,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _lose(outbox, line, "mint", token.mint(HOLDER, 5))
    send_plainly(client, token.mint(HOLDER, 100))
    _finish(client)

    def pruned(_client: Client, which: int | bytes) -> None:
        raise BlockUnknown(which)

    monkeypatch.setattr(Client, "raw_block", pruned)
    monkeypatch.setattr(Client, "final", Client.head)
    outbox.poll()

    assert _known(outbox, "mint").state == IntentState.REPLACED
    assert "could not be found" in str(_known(outbox, "mint").reason)
    assert held(token) == 100


def test_adopt_nonce__a_request_lost_its_nonce__only_once_that_is_final(
    outbox: Outbox, token: CustodyToken, line: Mishaps, client: Client
) -> None:
    _lose(outbox, line, "mint", token.mint(HOLDER, 5))
    send_plainly(client, token.mint(HOLDER, 100))
    send_plainly(client, token.mint(HOLDER, 5))
    with pytest.raises(OutboxBehind):
        outbox.adopt_nonce(client.head())
    _finish(client)
    outbox.adopt_nonce(client.head())
    outbox.send("new", token.mint(HOLDER, 1000))

    assert _known(outbox, "mint").state == IntentState.REPLACED
    assert held(token) == 1105
