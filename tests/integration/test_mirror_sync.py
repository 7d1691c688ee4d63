"""Bringing events into the database: all of them, once, in order, or none."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.core.journal import trial_balance
from ledger.core.types import Log
from ledger.errors import (
    InconsistentNode,
    LoanbookError,
)
from ledger.mirror import SyncResult
from tests.fake_node import FakeNode
from tests.replayed import entries_of, replay
from tests.stores import (
    dump,
    grow,
    mirror_of,
    new_store,
    small_chain,
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


# ---------------------------------------------------------------- following


def test_follow__trouble_that_passes__is_waited_out(tmp_path: Path) -> None:
    node = FakeNode(small_chain())
    told: list[LoanbookError] = []
    done: list[SyncResult] = []
    stop = threading.Event()

    def trouble(_: list[Log]) -> list[Log]:
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
