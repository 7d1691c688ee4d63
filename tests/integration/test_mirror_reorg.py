"""Reorganisations: what they took is gone without a trace, what is final stays or it halts."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from ledger.errors import BlockUnknown, FinalityViolated, InconsistentNode, LogMissing
from ledger.store import tables
from tests.fake_node import FakeNode
from tests.simulated_logs import LENDERS
from tests.simulation import SimulatedChain
from tests.stores import dump, fresh_dump, grow, mirror_of, new_store, small_chain

DEPTH = 64


def two_branches() -> tuple[SimulatedChain, SimulatedChain, int]:
    """Return two chains that are the same up to a block, and that block's number."""
    trunk = small_chain()
    parted = trunk.number
    one, other = deepcopy(trunk), deepcopy(trunk)
    grow(one)
    for lender in LENDERS[1:3]:
        other.advance(500)
        other.pay_out(other.loans[2], lender)
    grow(other, days=40)
    return one, other, parted


@pytest.mark.parametrize("batch", [2, 1000])
def test_sync__other_branch__equals_a_fresh_mirror_of_it(tmp_path: Path, batch: int) -> None:
    one, other, parted = two_branches()
    node = FakeNode(one, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store, batch=batch)
        mirror.sync()
        node.serve(other, branch="other", fork=parted + 1)
        result = mirror.sync()
        assert result.removed > 0
        assert dump(store) == fresh_dump(node, tmp_path)


@pytest.mark.parametrize("depth", range(1, 37))
def test_sync__reorganisation_of_any_depth__equals_a_fresh_mirror(
    tmp_path: Path, depth: int
) -> None:
    chain = small_chain()
    grow(chain)
    node = FakeNode(chain, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror_of(node, store).sync()
        # The same transactions in other blocks: every event moves, none may come twice.
        node.serve(chain, branch="other", fork=chain.number - depth + 1)
        mirror_of(node, store).sync()
        assert dump(store) == fresh_dump(node, tmp_path)


def test_sync__reorganised_below_the_deployment__starts_again(tmp_path: Path) -> None:
    chain = small_chain()
    node = FakeNode(chain, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror_of(node, store).sync()
        node.serve(chain, branch="other", fork=1)
        mirror_of(node, store).sync()
        assert dump(store) == fresh_dump(node, tmp_path)


def test_sync__shorter_branch__takes_back_what_it_lacks(tmp_path: Path) -> None:
    one, other, parted = two_branches()
    node = FakeNode(one, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store)
        mirror.sync()
        node.serve(other, branch="other", fork=parted + 1)
        node.cut(parted + 2)
        assert mirror.sync().block.number == parted + 2
        assert dump(store) == fresh_dump(node, tmp_path)


def test_sync__branch_that_ends_where_they_parted__is_a_lagging_node(tmp_path: Path) -> None:
    one, _, parted = two_branches()
    node = FakeNode(one, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store)
        mirror.sync()
        before = dump(store)
        node.cut(parted)
        assert mirror.sync().removed == 0
        assert dump(store) == before


def test_sync__there_and_back_again__equals_the_first(tmp_path: Path) -> None:
    one, other, parted = two_branches()
    node = FakeNode(one, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store)
        mirror.sync()
        before = dump(store)
        node.serve(other, branch="other", fork=parted + 1)
        mirror.sync()
        assert dump(store) != before
        node.serve(one)
        mirror.sync()
        assert dump(store) == before


@pytest.mark.parametrize("finality", [0, 3])
def test_sync__deeper_than_finality__halts_and_changes_nothing(
    tmp_path: Path, finality: int
) -> None:
    one, other, parted = two_branches()
    node = FakeNode(one, finality=finality)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store)
        mirror.sync()
        before = dump(store)
        node.serve(other, branch="other", fork=parted + 1)
        with pytest.raises(FinalityViolated, match=r"nothing was changed") as caught:
            mirror.sync()
        assert not caught.value.retry
        assert dump(store) == before
        node.serve(one)
        mirror.sync()


def test_sync__head_falls_back_on_the_same_chain__nothing_is_rolled_back(tmp_path: Path) -> None:
    chain = small_chain()
    node = FakeNode(chain, finality=10)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store)
        mirror.sync()
        before = dump(store)
        for back in (1, 5, 10, 20, chain.number):
            node.serve(chain)
            node.cut(chain.number - back)
            assert mirror.sync().blocks == 0
            assert dump(store) == before
        node.serve(chain)
        assert mirror.sync().blocks == 0


def test_sync__node_has_nothing_of_the_book_yet__can_be_tried_again(tmp_path: Path) -> None:
    node = FakeNode(small_chain())
    mirror_place = node.block(0)
    node.cut(0)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store)
        assert mirror.sync().block == mirror_place
        with store.read() as view:
            assert view.standing() is None


def test_sync__finality_moves_on__versions_that_are_final_are_forgotten(tmp_path: Path) -> None:
    chain = small_chain()
    node = FakeNode(chain, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror_of(node, store).sync()
        many = len(dump(store)["loan_state"])
        node.finality = 0
        grow(chain)
        node.serve(chain)
        mirror_of(node, store).sync()
        assert many > len(dump(store)["loan_state"]) == len(chain.loans)
        assert dump(store) == fresh_dump(node, tmp_path)


def test_sync__crash_while_taking_back__leaves_the_old_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, parted = two_branches()
    node = FakeNode(one, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store)
        mirror.sync()
        before = dump(store)
        node.serve(other, branch="other", fork=parted + 1)
        real = tables.rewind

        def crash(*arguments: object) -> None:
            real(*arguments)  # type: ignore[arg-type]
            raise KeyboardInterrupt

        monkeypatch.setattr(tables, "rewind", crash)
        with pytest.raises(KeyboardInterrupt):
            mirror.sync()
        assert dump(store) == before
        monkeypatch.undo()
        mirror.sync()
        assert dump(store) == fresh_dump(node, tmp_path)


def test_sync__forged_new_branch__leaves_the_old_one(tmp_path: Path) -> None:
    one, other, parted = two_branches()
    node = FakeNode(one, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store)
        mirror.sync()
        before = dump(store)
        node.serve(other, branch="other", fork=parted + 1)
        node.lie = lambda logs: logs[:-1]
        with pytest.raises(LogMissing):
            mirror.sync()
        assert dump(store) == before


def test_sync__branch_changes_while_it_is_read__can_be_tried_again(tmp_path: Path) -> None:
    one, other, parted = two_branches()
    node = FakeNode(one, finality=DEPTH)
    with new_store(tmp_path) as store:
        mirror = mirror_of(node, store, batch=5)

        def change(logs: list) -> list:  # type: ignore[type-arg]
            if logs and logs[-1].block.number > parted:
                node.lie = list
                node.serve(other, branch="other", fork=parted - 3)
            return logs

        node.lie = change
        with pytest.raises((InconsistentNode, BlockUnknown, LogMissing)):
            mirror.sync()
        mirror.sync()
        assert dump(store) == fresh_dump(node, tmp_path)
