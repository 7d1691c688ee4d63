"""Crashes, full disks, locks and wrong places: all of a batch, or nothing."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from ledger.core.types import Log
from ledger.errors import (
    OtherBook,
    StoreBusy,
    StoreError,
    WrongChain,
)
from ledger.mirror import Mirror
from ledger.store import batch as batch_module
from ledger.store import open_store
from tests.fake_node import FakeNode, deployment_of
from tests.simulated_logs import BOOK, REGISTRY
from tests.stores import (
    dump,
    fresh_dump,
    grow,
    mirror_of,
    new_store,
    open_today,
    small_chain,
    url_of,
)

STEPS = (
    "keep_blocks",
    "insert_rows",
    "supersede",
    "post",
    "forget_superseded",
    "forget_blocks",
    "write_cursor",
)


class Crash(Exception):
    pass


@pytest.mark.parametrize("step", STEPS)
def test_sync__crash_after_any_step__leaves_the_batch_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    chain = small_chain()
    node = FakeNode(chain)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store)
        mirror.sync()
        before = dump(store)
        grow(chain)
        node.serve(chain)
        real = getattr(batch_module, step)

        def crash(*arguments: object) -> None:
            real(*arguments)
            raise Crash(step)

        monkeypatch.setattr(batch_module, step, crash)
        with pytest.raises(Crash):
            mirror.sync()
        assert dump(store) == before
        monkeypatch.undo()
        mirror.sync()
        after = dump(store)
    with new_store(tmp_path, "other.db") as other:
        mirror_of(node, other).sync()
        assert dump(other) == after


KILLED = """
import os, signal, sys
from ledger.store import batch, open_store
from tests.fake_node import FakeNode
from tests.stores import mirror_of, small_chain
batch.write_cursor = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
mirror_of(FakeNode(small_chain()), open_store(sys.argv[1])).sync()
"""


def test_sync__killed_before_the_commit__leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, url_of(tmp_path / "book.db")]
    ran = subprocess.run(command, check=False)
    assert ran.returncode == -signal.SIGKILL
    node = FakeNode(small_chain())
    with new_store(tmp_path) as store:
        with store.read() as view:
            assert view.standing() is None
        mirror_of(node, store).sync()
        assert dump(store) == fresh_dump(node, tmp_path)


def test_sync__disk_full__stops_cleanly_and_goes_on(tmp_path: Path) -> None:
    chain = small_chain()
    node = FakeNode(chain)
    with new_store(tmp_path) as store:
        mirror_of(node, store).sync()
        before = dump(store)
    for _ in range(30):
        open_today(chain)
    node.serve(chain)
    with new_store(tmp_path) as store:
        full = threading.Event()
        full.set()

        def limit(connection: sqlite3.Connection, *_: object) -> None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages if full.is_set() else 2**31}")

        event.listen(store.sessions._engine, "connect", limit)
        store.sessions.dispose()
        with pytest.raises(StoreError, match="no space left"):
            mirror_of(node, store).sync()
        assert dump(store) == before
        full.clear()
        store.sessions.dispose()
        mirror_of(node, store).sync()
        assert dump(store) == fresh_dump(node, tmp_path)


def test_sync__database_locked__is_busy_and_changes_nothing(tmp_path: Path) -> None:
    node = FakeNode(small_chain())
    with open_store(url_of(tmp_path / "book.db"), busy_timeout=0.05) as store:
        mirror = mirror_of(node, store)
        node.cut(3)
        mirror.sync()
        before = dump(store)
        node.serve(small_chain())
        with store.write(), pytest.raises(StoreBusy):
            mirror.sync()
        assert dump(store) == before
        mirror.sync()


def test_sync__another_mirror_was_faster__is_busy(tmp_path: Path) -> None:
    node = FakeNode(small_chain())
    with new_store(tmp_path) as store:
        mirror, other = mirror_of(node, store), mirror_of(node, store)
        tell = node.lie

        def meanwhile(logs: list[Log]) -> list[Log]:
            node.lie = tell
            other.sync()
            return logs

        node.lie = meanwhile
        with pytest.raises(StoreBusy, match="another mirror"):
            mirror.sync()
        assert mirror.sync().blocks == 0


def test_sync__node_of_another_chain__is_refused(tmp_path: Path) -> None:
    chain = small_chain()
    with new_store(tmp_path) as store, pytest.raises(WrongChain, match="expected chain id 31337"):
        mirror_of(FakeNode(chain, chain_id=1), store).sync()


def test_sync__same_chain_id_but_another_genesis__is_refused(tmp_path: Path) -> None:
    node = FakeNode(small_chain())
    place = replace(deployment_of(node), genesis=b"\x01" * 32)
    with new_store(tmp_path) as store, pytest.raises(OtherBook, match="another chain"):
        Mirror(node, store, place).sync()


def test_sync__database_of_another_book__is_refused_and_unchanged(tmp_path: Path) -> None:
    node = FakeNode(small_chain())
    with new_store(tmp_path) as store:
        mirror_of(node, store).sync()
        before = dump(store)
        other = replace(deployment_of(node), book=REGISTRY)
        with pytest.raises(OtherBook, match=f"mirrors book {BOOK}"):
            Mirror(node, store, other).sync()
        assert dump(store) == before
