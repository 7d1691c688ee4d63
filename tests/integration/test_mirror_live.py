"""The mirror on real chains: reorganisations made by the node itself, chains wound back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.chain.client import Client, connect
from ledger.chain.embedded import embedded_client
from ledger.errors import FinalityViolated, NodeUnreachable, OtherBook
from ledger.mirror import Mirror
from ledger.reconcile import reconcile
from ledger.replay import replay
from ledger.store import Store
from tests.live_book import LENDERS, LiveBook
from tests.live_fixtures import GENESIS, place_of
from tests.nodes import anvil, free_port
from tests.stores import dump, new_store

DEPTH = 64


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with anvil() as url:
        yield url


@pytest.fixture
def live(url: str) -> LiveBook:
    book = LiveBook(connect(url))
    book.portfolio()
    return book


def mirror_of(client: Client, store: Store, live: LiveBook) -> Mirror:
    return Mirror(client, store, place_of(live.deployment))


def assert_true(client: Client, store: Store, live: LiveBook, folder: Path) -> None:
    """The database is what a fresh mirror, a replay and a full reconciliation say."""
    with new_store(folder, "fresh.db") as fresh:
        mirror_of(client, fresh, live).sync()
        assert dump(fresh) == dump(store)
    with store.read() as view:
        standing = view.standing()
        assert standing is not None
        assert replay(client, live.book.address).journal_root == standing.journal_root
    result = reconcile(client, store, full=True)
    assert result.ok, result.findings


@pytest.mark.node
@pytest.mark.parametrize("depth", [1, 6, 25])
def test_sync__anvil_reorganises__the_lost_events_leave_no_trace(
    url: str, live: LiveBook, tmp_path: Path, depth: int
) -> None:
    client = connect(url, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror = mirror_of(client, store, live)
        mirror.sync()
        assert reconcile(client, store).ok
        lost = client.head()
        client.transport.request("anvil_reorg", [depth, []])
        assert client.block(lost.number).hash != lost.hash
        result = mirror.sync()
        assert (result.removed > 0) == (depth > 1)  # the last block moved tokens alone
        again = reconcile(client, store)
        assert again.ok, again.findings
        assert_true(client, store, live, tmp_path)
        # Life goes on, on the new branch.
        if depth == 6:
            live.node.travel_to(live.node.now() + 3600)
            live.repay(live.loans[5], 500)
            live.pay_out(live.loans[0], LENDERS[0])
            assert mirror.sync().events == 2
            with new_store(tmp_path, "again.db") as fresh:
                mirror_of(client, fresh, live).sync()
                assert dump(fresh) == dump(store)


@pytest.mark.node
def test_sync__anvil_reorganises_what_is_final__halts(
    url: str, live: LiveBook, tmp_path: Path
) -> None:
    client = connect(url, finality=2)
    with new_store(tmp_path) as store:
        mirror = mirror_of(client, store, live)
        mirror.sync()
        before = dump(store)
        client.transport.request("anvil_reorg", [5, []])
        with pytest.raises(FinalityViolated):
            mirror.sync()
        assert dump(store) == before
        result = reconcile(client, store)
        assert not result.ok
        assert [item.code for item in result.findings] == ["branch"]


@pytest.mark.parametrize("finality", [DEPTH, 0])
def test_sync__embedded_chain_wound_back__follows_only_what_is_not_final(
    tmp_path: Path, finality: int
) -> None:
    live = LiveBook(embedded_client(genesis_time=GENESIS, finality=finality))
    loan = live.open()
    live.commit(loan, LENDERS[0], 60_000)
    snapshot = live.node.snapshot()
    live.commit(loan, LENDERS[1], 60_000)
    with new_store(tmp_path) as store:
        mirror = mirror_of(live.client, store, live)
        mirror.sync()
        before = dump(store)
        live.node.revert(snapshot)
        live.node.travel_to(live.node.now() + 100)
        live.commit(loan, LENDERS[2], 1_000)
        if finality:
            assert mirror.sync().removed == 1
            assert_true(live.client, store, live, tmp_path)
        else:
            with pytest.raises(FinalityViolated):
                mirror.sync()
            assert dump(store) == before


@pytest.mark.node
def test_sync__node_is_gone_and_comes_back_empty__nothing_changes(tmp_path: Path) -> None:
    port = free_port()
    with anvil(port=port) as url:
        live = LiveBook(connect(url))
        client = connect(url, attempts=1)
        store = new_store(tmp_path)
        mirror_of(client, store, live).sync()
        before = dump(store)
    with pytest.raises(NodeUnreachable):
        mirror_of(client, store, live).sync()
    with anvil("--timestamp", "1700000000", port=port), pytest.raises(OtherBook):
        mirror_of(client, store, live).sync()
    assert dump(store) == before
    store.close()
