"""One request, one effect: through lost messages, kills, old backups and foreign senders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ledger.chain.client import Client
from ledger.chain.custody_token import CustodyToken
from ledger.chain.development import DevelopmentNode
from ledger.chain.signers import DevelopmentSigner
from ledger.chain.transport import Question
from ledger.core.intents import IntentState
from ledger.core.types import ZERO_ADDRESS
from ledger.errors import (
    BlockUnknown,
    NodeRefused,
    NodeUnreachable,
    NotMined,
    OutboxAhead,
    OutboxBehind,
)
from ledger.outbox import Outbox, Request
from ledger.senders import Senders
from ledger.store import Store, open_store
from tests.integration.conftest import HOLDER, count, held, send_plainly, settled
from tests.mishaps import SEND, Mishaps


def test_submit__node_unreachable__nothing_stored(
    outbox: Outbox, token: CustodyToken, line: Mishaps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(method: str, _params: Sequence[Any]) -> Any:
        raise NodeUnreachable("node", f"asked for {method}")

    monkeypatch.setattr(line, "request", unreachable)

    with pytest.raises(NodeUnreachable):
        outbox.submit("mint", token.mint(HOLDER, 5))

    monkeypatch.undo()
    assert outbox.intent("mint") is None
    assert line.broadcast == []


def test_submit__broadcast_lost__same_bytes_sent_later(
    outbox: Outbox, token: CustodyToken, line: Mishaps
) -> None:
    line.lose_broadcasts = True
    outbox.submit("mint", token.mint(HOLDER, 5))
    with pytest.raises(NotMined, match="1 transactions not mined"):
        outbox.wait(["mint"], timeout=0.05)
    line.lose_broadcasts = False

    outbox.wait(["mint"])

    assert len(set(line.broadcast)) == 1
    assert held(token) == 5


def test_submit__reply_lost__found_by_its_hash(
    outbox: Outbox, token: CustodyToken, line: Mishaps, client: Client
) -> None:
    before = count(client)
    line.lose_replies = True
    outbox.submit("mint", token.mint(HOLDER, 5))
    line.lose_replies = False

    outbox.wait(["mint"])

    assert len(set(line.broadcast)) == 1
    assert count(client) == before + 1
    assert held(token) == 5


def test_outbox__killed_between_commit_and_broadcast__next_one_sends_it(
    client: Client, token: CustodyToken, store: Store
) -> None:
    class Killed(BaseException):
        pass

    class Dies(Mishaps):
        def batch(self, questions: Sequence[Question]) -> list[Any]:
            if questions[0][0] == SEND:
                raise Killed
            return super().batch(questions)

    signer = DevelopmentSigner(0, client.chain_id)
    with pytest.raises(Killed), Outbox(store.outbox, Client(Dies(client.transport)), signer) as old:
        old.submit("mint", token.mint(HOLDER, 5))

    with Outbox(store.outbox, client, signer) as outbox:
        waiting = outbox.intent("mint")
        outbox.submit("mint", token.mint(HOLDER, 5))
        outbox.wait()

    assert waiting is not None
    assert waiting.state == IntentState.PENDING
    assert held(token) == 5


def test_submit__old_backup_restored__refused_until_caught_up(
    client: Client, token: CustodyToken, tmp_path: Path
) -> None:
    signer = DevelopmentSigner(0, client.chain_id)
    with (
        open_store(f"sqlite:///{tmp_path}/now.db") as now,
        Outbox(now.outbox, client, signer) as old,
    ):
        old.send("first", token.mint(HOLDER, 1))
        backup = open_store(f"sqlite:///{tmp_path}/backup.db")
        with backup.outbox.transaction() as tables:
            tables.set_next_nonce(client.chain_id, signer.address, count(client))
        caught_up = client.head()
        old.send("lost", token.mint(HOLDER, 10))

    with backup, Outbox(backup.outbox, client, signer) as restored:
        with pytest.raises(OutboxBehind, match="restored from a backup"):
            restored.submit("new", token.mint(HOLDER, 100))
        with pytest.raises(OutboxBehind):
            restored.adopt_nonce(caught_up)
        assert restored.adopt_nonce(client.head()) == count(client)
        restored.send("new", token.mint(HOLDER, 100))

    assert held(token) == 111


def test_outbox__chain_was_reset__refused(
    client: Client, token: CustodyToken, store: Store
) -> None:
    node = DevelopmentNode(client)
    signer = DevelopmentSigner(0, client.chain_id)
    snapshot = node.snapshot()
    with Outbox(store.outbox, client, signer) as outbox:
        outbox.send("mint", token.mint(HOLDER, 5))
    node.revert(snapshot)

    with pytest.raises(OutboxAhead, match="it was reset"), Outbox(store.outbox, client, signer):
        pass


def test_poll__reverted_and_the_node_is_pruned__recorded_and_others_go_on(
    outbox: Outbox, token: CustodyToken, line: Mishaps, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = line.request

    def pruned(method: str, params: Sequence[Any]) -> Any:
        if method == "eth_call":
            raise BlockUnknown("missing trie node")
        return ask(method, params)

    monkeypatch.setattr(line, "request", pruned)
    outbox.submit("bad", token.mint(ZERO_ADDRESS, 5), gas=200_000)
    outbox.submit("good", token.mint(HOLDER, 5))
    bad, good = settled(outbox, "bad", "good")

    assert (bad.state, good.state) == (IntentState.REVERTED, IntentState.CONFIRMED)
    assert "no longer has the state" in str(bad.reason)


def test_submit__node_answers_nonsense__kept_and_mined(
    outbox: Outbox, token: CustodyToken, line: Mishaps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nonsense(questions: Sequence[Question]) -> list[Any]:
        return [None for _ in questions]

    monkeypatch.setattr(line, "batch", nonsense)
    intent = outbox.submit("mint", token.mint(HOLDER, 5))
    monkeypatch.undo()
    outbox.wait(["mint"])

    assert intent.state == IntentState.PENDING
    assert held(token) == 5


def test_submit_many__node_takes_no_batches__sent_one_by_one(
    outbox: Outbox, token: CustodyToken, line: Mishaps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_questions: Sequence[Question]) -> list[Any]:
        raise NodeRefused("a batch", -32600, "batch requests are not supported")

    monkeypatch.setattr(line, "batch", refused)
    outbox.submit_many([Request(name, token.mint(HOLDER, 5), 200_000) for name in ("a", "b")])
    outbox.wait(["a", "b"])

    assert held(token) == 10


def test_senders__old_backup_and_the_mirror_caught_up__goes_on_from_the_chains_count(
    client: Client, token: CustodyToken, store: Store
) -> None:
    signer, late = DevelopmentSigner(0, client.chain_id), DevelopmentSigner(1, client.chain_id)
    with store.outbox.transaction() as tables:
        for key in (signer, late):
            tables.set_next_nonce(
                client.chain_id, key.address, client.nonce(key.address, client.head())
            )
    before = client.head()
    send_plainly(client, token.mint(HOLDER, 10))
    send_plainly(client, token.burn(0), 1)

    with Senders(client, store.outbox) as senders:
        with pytest.raises(OutboxBehind, match="run loanbook tape import"):
            senders.send(signer, "new", token.mint(HOLDER, 100))
        with pytest.raises(OutboxBehind):
            senders.caught_up(before)
        senders.caught_up(client.head())
        senders.send(signer, "new", token.mint(HOLDER, 100))
        senders.send(late, "late", token.burn(0))

    assert held(token) == 110
