"""Bringing events into the database: all of them, once, in order, or none."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event

from ledger.core.journal import trial_balance
from ledger.core.types import Log
from ledger.errors import (
    InconsistentNode,
    LoanbookError,
    LogMissing,
    LogRefused,
    OtherBook,
    StoreBusy,
    StoreError,
    WrongChain,
)
from ledger.mirror import Mirror, SyncResult
from ledger.store import batch as batch_module
from ledger.store import open_store
from tests.fake_node import FakeNode, deployment_of
from tests.replayed import entries_of, replay
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


@pytest.mark.parametrize("batch", [1, 2, 7, 1000])
def test_sync__batches_of_any_size__give_the_book_of_the_events(tmp_path: Path, batch: int) -> None:
    chain = small_chain()
    book, steps = replay(chain.logs)
    with new_store(tmp_path) as store:
        result = mirror_of(FakeNode(chain), store, batch=batch).sync()
        with store.read() as view:
            standing = view.standing()
            assert standing is not None
            assert standing.journal_root == book.journal.root
            assert standing.book_head == book.rules.book_head
            assert (standing.events, standing.entries) == (len(steps), book.journal.count)
            assert view.trial_balance() == trial_balance(entries_of(steps))
            assert view.rules() == book.rules
            # Where an event stands names its block, which the node made anew.
            for loan in book.loans.values():
                stored = view.loan(loan.loan_id)
                assert stored is not None
                same = replace(stored.loan, opened=loan.opened, last=loan.last)
                assert same == loan
        assert (result.events, result.entries) == (len(steps), book.journal.count)


def test_sync__batch_sizes__leave_the_same_database(tmp_path: Path) -> None:
    node = FakeNode(small_chain())
    dumps = []
    for size in (1, 7, 1000):
        with new_store(tmp_path, f"{size}.db") as store:
            mirror_of(node, store, batch=size).sync()
            dumps.append(dump(store))
    assert dumps[0] == dumps[1] == dumps[2]


def test_sync__again_and_again__goes_on_where_it_stopped(tmp_path: Path) -> None:
    chain = small_chain()
    node = FakeNode(chain)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store)
        mirror.sync()
        first = chain.number
        assert mirror.sync().blocks == 0
        grow(chain)
        node.serve(chain)
        assert mirror.sync().blocks == chain.number - first
        assert node.asked[-1] == (first + 1, chain.number)
        once = dump(store)
    with new_store(tmp_path, "other.db") as other:
        mirror_of(node, other).sync()
        assert dump(other) == once


def test_sync__reports_progress__to_the_last_block(tmp_path: Path) -> None:
    chain = small_chain()
    seen: list[tuple[int, int]] = []
    with new_store(tmp_path) as store:
        mirror_of(FakeNode(chain), store, batch=5).sync(lambda *step: seen.append(step))
    assert seen[-1] == (chain.number, chain.number)
    assert seen == sorted(seen)


# ---------------------------------------------------------------- a lying node

Logs = list[Log]


def flipped(log: Log, bit: int) -> Log:
    """Return the log with one bit of its data changed."""
    data = bytearray(log.data)
    data[bit // 8] ^= 1 << bit % 8
    return replace(log, data=bytes(data))


def every_change(logs: Logs) -> list[Callable[[Logs], Logs]]:
    """Return one lie of each kind about every log inside the heads."""
    inside = [log for log in logs if log.address == REGISTRY or len(log.topics) < 4]
    lies: list[Callable[[Logs], Logs]] = []
    for log in inside:
        bit = 8 * len(log.data) - 1
        lies += [
            lambda told, log=log: [other for other in told if other != log],
            lambda told, log=log: [*told, replace(log, index=99)] if log in told else told,
            lambda told, log=log, bit=bit: [
                flipped(other, bit) if other == log else other for other in told
            ],
        ]
    for first, second in pairwise(inside):
        if first.address == second.address:
            lies.append(lambda told, a=first, b=second: swapped(told, a, b))
    return lies


def swapped(told: Logs, a: Log, b: Log) -> Logs:
    """Return logs in which two have changed their places."""
    place = {
        a: replace(b, block=a.block, index=a.index, tx_hash=a.tx_hash),
        b: replace(a, block=b.block, index=b.index, tx_hash=b.tx_hash),
    }
    return [place.get(log, log) for log in told]


def test_sync__any_log_dropped_doubled_forged_or_swapped__is_refused_and_nothing_stays(
    tmp_path: Path,
) -> None:
    node = FakeNode(small_chain(2))
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store, batch=20)
        node.cut(0)
        mirror.sync()
        before = dump(store)
        node.serve(small_chain(2))
        lies = every_change(node.logs(0, node.head().number, (BOOK, REGISTRY)))
        assert len(lies) > 100
        for lie in lies:
            node.lie = lie
            with pytest.raises((LogRefused, LogMissing)):
                Mirror(node, store, deployment_of(node)).sync()
            assert dump(store) == before
        node.lie = list
        mirror.sync()
        assert dump(store) != before


def test_sync__unknown_topic_of_our_contract__is_an_error_not_a_skip(tmp_path: Path) -> None:
    node = FakeNode(small_chain(1))
    node.lie = lambda logs: [*logs[:-1], replace(logs[-1], topics=(b"\x07" * 32,))]
    with new_store(tmp_path) as store:
        with pytest.raises(LogRefused, match="has no such event") as caught:
            mirror_of(node, store).sync()
        assert caught.value.code == "decode"


def test_sync__tail_of_a_loan_dropped__is_missing_from_its_head(tmp_path: Path) -> None:
    node = FakeNode(small_chain(1))
    node.lie = lambda logs: logs[:-2]
    with new_store(tmp_path) as store:
        with pytest.raises(LogMissing, match="the node dropped or forged a log") as caught:
            mirror_of(node, store).sync()
        assert caught.value.head.startswith("loan 0x")
        with store.read() as view:
            assert view.standing() is None


# ---------------------------------------------------------------- crashes, locks, wrong places

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

        def meanwhile(logs: Logs) -> Logs:
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


# ---------------------------------------------------------------- following


def test_follow__trouble_that_passes__is_waited_out(tmp_path: Path) -> None:
    node = FakeNode(small_chain())
    told: list[LoanbookError] = []
    done: list[SyncResult] = []
    stop = threading.Event()

    def trouble(logs: Logs) -> Logs:
        node.lie = list
        raise InconsistentNode("for a moment")

    def on_sync(result: SyncResult) -> None:
        done.append(result)
        stop.set()

    node.lie = trouble
    with new_store(tmp_path) as store:
        mirror_of(node, store).follow(stop, interval=0.01, on_sync=on_sync, on_retry=told.append)
    assert [str(error) for error in told] == ["for a moment"]
    assert done[0].blocks == node.head().number


def test_follow__a_forged_log__is_raised(tmp_path: Path) -> None:
    node = FakeNode(small_chain())
    node.lie = lambda logs: [flipped(log, 8 * 31) for log in logs]
    with new_store(tmp_path) as store, pytest.raises(LogRefused):
        mirror_of(node, store).follow(threading.Event(), interval=0.01)
