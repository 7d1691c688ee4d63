"""Exactly once: one request, one effect, on every kind of chain."""

from __future__ import annotations

import re

import pytest

from ledger.chain.client import Client
from ledger.chain.custody_token import CustodyToken
from ledger.chain.development import DevelopmentNode
from ledger.chain.signers import DevelopmentSigner
from ledger.core.intents import IntentState
from ledger.core.types import ZERO_ADDRESS
from ledger.errors import (
    InputError,
    InsufficientFunds,
    RequestConflict,
    Reverted,
    SenderBusy,
    TransactionReverted,
)
from ledger.outbox import Outbox, Request
from ledger.store import Store
from tests.integration.conftest import HOLDER, count, held, settled
from tests.mishaps import Mishaps

GAS = 120_000


def test_send__one_request__mined_and_confirmed(outbox: Outbox, token: CustodyToken) -> None:
    receipt = outbox.send("mint", token.mint(HOLDER, 5))

    (intent,) = settled(outbox, "mint")
    assert held(token) == 5
    assert intent.state == IntentState.CONFIRMED
    assert (intent.tx_hash, intent.block_hash) == (receipt.tx_hash, receipt.block_hash)
    assert intent.succeeded
    assert outbox.poll() == []


def test_submit__same_id_again__first_intent_and_one_effect(
    outbox: Outbox, token: CustodyToken, line: Mishaps
) -> None:
    first = outbox.submit("mint", token.mint(HOLDER, 5))
    settled(outbox, "mint")
    again = outbox.submit("mint", token.mint(HOLDER, 5))

    assert (again.nonce, again.request_id) == (first.nonce, first.request_id)
    assert again.state == IntentState.CONFIRMED
    assert len(set(line.broadcast)) == 1
    assert held(token) == 5


def test_submit__same_id_for_something_else__refused(outbox: Outbox, token: CustodyToken) -> None:
    outbox.send("mint", token.mint(HOLDER, 5))

    with pytest.raises(RequestConflict, match="mint was used before with other content"):
        outbox.submit("mint", token.mint(HOLDER, 6))
    with pytest.raises(RequestConflict):
        outbox.submit_many(
            [Request("twice", token.mint(HOLDER, 1)), Request("twice", token.mint(HOLDER, 2))]
        )

    assert held(token) == 5


@pytest.mark.parametrize("request_id", ["", "x" * 201])
def test_submit__unusable_id__refused(outbox: Outbox, token: CustodyToken, request_id: str) -> None:
    with pytest.raises(InputError, match="1 to 200"):
        outbox.submit(request_id, token.mint(HOLDER, 5))


@pytest.mark.parametrize("request_id", ["\ud800", "a\x00b"])
def test_submit__id_that_cannot_be_stored__refused(
    outbox: Outbox, token: CustodyToken, request_id: str
) -> None:
    with pytest.raises(InputError, match=re.escape(ascii(request_id))):
        outbox.submit(request_id, token.mint(HOLDER, 5))


@pytest.mark.parametrize("gas", [-1, 0, 20_999])
def test_submit__gas_that_no_transaction_can_have__refused(
    outbox: Outbox, token: CustodyToken, gas: int
) -> None:
    with pytest.raises(InputError, match=f"gas limit {gas} is below 21000"):
        outbox.submit("mint", token.mint(HOLDER, 5), gas=gas)

    assert outbox.intent("mint") is None


def test_submit__contract_would_refuse__no_nonce_and_no_trace(
    outbox: Outbox, token: CustodyToken, client: Client
) -> None:
    before = count(client)

    with pytest.raises(Reverted, match="ERC20InvalidReceiver"):
        outbox.submit("mint", token.mint(ZERO_ADDRESS, 5))
    outbox.send("other", token.mint(HOLDER, 1))

    assert outbox.intent("mint") is None
    assert count(client) == before + 1


def test_submit__reverts_on_chain__terminal_with_the_reason(
    outbox: Outbox, token: CustodyToken
) -> None:
    outbox.submit("bad", token.mint(ZERO_ADDRESS, 5), gas=GAS)
    (bad,) = outbox.wait(["bad"])
    outbox.send("good", token.mint(HOLDER, 1))

    assert bad.state == IntentState.REVERTED
    assert bad.reason is not None
    assert "ERC20InvalidReceiver" in bad.reason
    assert held(token) == 1
    with pytest.raises(TransactionReverted, match="ERC20InvalidReceiver"):
        outbox.send("bad", token.mint(ZERO_ADDRESS, 5))


def test_submit__too_little_gas__reason_says_so(outbox: Outbox, token: CustodyToken) -> None:
    outbox.submit("bad", token.mint(HOLDER, 5), gas=30_000)

    (bad,) = outbox.wait(["bad"])

    assert bad.reason == "ran out of gas at its limit of 30000"


def test_submit_many__in_bulk__every_one_once_in_order(
    outbox: Outbox, token: CustodyToken, client: Client
) -> None:
    first = count(client)
    with DevelopmentNode(client).bulk():
        intents = outbox.submit_many(
            [Request(f"mint {number}", token.mint(HOLDER, 1), GAS) for number in range(40)]
        )

    outbox.wait()
    mined = settled(outbox, *(intent.request_id for intent in intents))
    outbox.send("one more", token.mint(HOLDER, 1))

    assert [intent.nonce for intent in intents] == list(range(first, first + 40))
    assert {intent.state for intent in mined} == {IntentState.CONFIRMED}
    assert held(token) == 41


def test_submit_many__one_would_be_refused__none_is_sent(
    outbox: Outbox, token: CustodyToken
) -> None:
    with pytest.raises(Reverted):
        outbox.submit_many(
            [Request("good", token.mint(HOLDER, 1)), Request("bad", token.mint(ZERO_ADDRESS, 1))]
        )

    assert outbox.intent("good") is None
    assert held(token) == 0


def test_submit__gas_account_empty__refused_without_a_trace(
    client: Client, token: CustodyToken, store: Store
) -> None:
    with Outbox(store.outbox, client, DevelopmentSigner(50, client.chain_id)) as outbox:
        with pytest.raises(InsufficientFunds, match="holds 0 wei"):
            outbox.submit("burn", token.burn(0))

        assert outbox.intent("burn") is None


def test_outbox__second_sender_on_one_database__refused(
    outbox: Outbox, client: Client, store: Store
) -> None:
    other = Outbox(store.outbox, client, DevelopmentSigner(0, client.chain_id))

    with pytest.raises(SenderBusy), other:
        pass


def test_wait__unknown_request__says_so(outbox: Outbox) -> None:
    with pytest.raises(InputError, match="nobody was never submitted"):
        outbox.wait(["nobody"])
