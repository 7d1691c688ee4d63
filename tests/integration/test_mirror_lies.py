"""A node that lies about logs: every lie is refused, and nothing of it stays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from ledger.core.types import Log
from ledger.errors import (
    LogMissing,
    LogRefused,
)
from ledger.mirror import Mirror
from tests.fake_node import FakeNode, deployment_of
from tests.simulated_logs import BOOK, REGISTRY
from tests.stores import (
    dump,
    mirror_of,
    new_store,
    small_chain,
)

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


OPERATOR_SET = keccak(b"OperatorSet(address,address,bool)")


def test_sync__standard_event_with_the_topics_of_a_loans__is_refused(tmp_path: Path) -> None:
    node = FakeNode(small_chain(1))
    node.lie = lambda logs: [
        *logs[:-1],
        replace(logs[-1], address=BOOK, topics=(OPERATOR_SET, b"\x11" * 32), data=b""),
    ]
    with new_store(tmp_path) as store, pytest.raises(LogRefused, match="a standard event has"):
        mirror_of(node, store).sync()


def test_follow__a_forged_log__is_raised(tmp_path: Path) -> None:
    node = FakeNode(small_chain())
    node.lie = lambda logs: [flipped(log, 8 * 31) for log in logs]
    with new_store(tmp_path) as store, pytest.raises(LogRefused):
        mirror_of(node, store).follow(threading.Event(), interval=0.01)
