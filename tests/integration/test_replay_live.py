"""Replay and reconcile on real chains: they agree with the mirror, and with nothing else."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.core.decode import decode_book, decode_registry
from ledger.core.types import Address, Log
from ledger.errors import BlockUnknown, NoContract, NotABook
from ledger.mirror import Mirror
from ledger.reconcile import reconcile
from ledger.replay import replay
from tests.live_book import LiveBook
from tests.live_fixtures import LyingClient, live_portfolio, place_of
from tests.stores import new_store

CHAINS = [
    "embedded",
    pytest.param("anvil", marks=pytest.mark.node),
    pytest.param("hardhat", marks=pytest.mark.node),
]


@pytest.fixture(scope="module", params=CHAINS)
def live(request: pytest.FixtureRequest) -> Iterator[LiveBook]:
    with live_portfolio(request.param) as book:
        yield book


def test_replay__a_whole_portfolio__agrees_with_mirror_and_reconciliation(
    live: LiveBook, tmp_path: Path
) -> None:
    replayed = replay(live.client, live.book.address)
    assert replayed.ok, replayed.findings
    assert (replayed.loans, replayed.events) == (7, 70)
    with new_store(tmp_path) as store:
        Mirror(live.client, store, place_of(live.deployment)).sync()
        for full in (False, True):
            result = reconcile(live.client, store, full=full)
            assert result.ok, result.findings
            assert all(check.ok for check in result.checks.values())
            assert {check.through_block for check in result.checks.values()} == {
                replayed.block.number
            }
        with store.read() as view:
            standing = view.standing()
            assert standing is not None
            assert standing.block == replayed.block
            assert standing.journal_root == replayed.journal_root
            assert standing.entries == replayed.entries
            assert view.trial_balance() == replayed.trial_balance
            latest = view.reconciliation()
            assert latest is not None
            assert latest.result == result.to_json()


def test_replay__json__has_the_promised_members(live: LiveBook) -> None:
    document = replay(live.client, live.book.address).to_json()
    assert set(document) == {
        "chain_id", "book", "block", "loans", "events", "book_head", "journal", "trial_balance",
        "findings", "ok",
    }  # fmt: skip
    assert set(document["block"]) == {"number", "hash"}
    assert set(document["journal"]) == {"entries", "root"}
    assert sum(map(int, document["trial_balance"].values())) == 0
    surplus = [item for item in document["findings"] if item["code"] == "surplus"]
    assert [item["severity"] for item in surplus] == ["info"]
    assert "77 of them nobody's" in surplus[0]["found"]


def test_replay__at_every_earlier_block__is_sound(live: LiveBook) -> None:
    head = live.client.head().number
    first = live.deployment.first_block
    roots = set()
    for number in range(live.deployment.book.block, head, 9):
        result = replay(live.client, live.book.address, at=number)
        assert result.ok, (number, result.findings)
        assert result.block.number == number
        roots.add(result.journal_root)
    assert len(roots) > (head - first) // 20


def test_replay__no_database__is_ever_imported() -> None:
    code = (
        "import sys, ledger.replay; "
        "print([name for name in sys.modules if name.startswith(('sqlalchemy', 'ledger.store'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_replay__no_contract_there__says_so(live: LiveBook) -> None:
    nobody = Address("0x00000000000000000000000000000000000000Aa")
    with pytest.raises(NoContract, match="no contract at"):
        replay(live.client, nobody)


def test_replay__another_contract__is_not_a_book(live: LiveBook) -> None:
    for other in (live.token, live.registry):
        with pytest.raises(NotABook, match="did not begin as a loan book"):
            replay(live.client, other.address)


def test_replay__block_that_is_not_there__says_so(live: LiveBook) -> None:
    with pytest.raises(BlockUnknown):
        replay(live.client, live.book.address, at=10**6)


def test_replay__any_log_dropped__is_found(live: LiveBook) -> None:
    addresses = (live.book.address, live.registry.address)
    logs = live.client.logs(0, live.client.head().number, addresses)
    decoders = dict(zip(addresses, (decode_book, decode_registry), strict=True))
    inside = [log for log in logs if decoders[log.address](log.topics, log.data) is not None]
    for log in inside[::3]:
        liar = LyingClient(live.client, lambda told, log=log: [x for x in told if x != log])
        try:
            result = replay(liar, live.book.address)
        except NotABook:
            continue  # BookCreated itself was dropped
        assert not result.ok, log


def test_replay__any_bit_of_a_log_forged__is_found(live: LiveBook) -> None:
    logs = live.client.logs(0, live.client.head().number, (live.book.address,))
    own = [log for log in logs if len(log.topics) == 2]
    for place, log in enumerate(own[::4]):
        forged = flipped(log, place * 37)
        liar = LyingClient(
            live.client, lambda told, a=log, b=forged: [b if x == a else x for x in told]
        )
        result = replay(liar, live.book.address)
        assert not result.ok
        finding = result.findings[0]
        assert finding.where == f"block {log.block.number}, log {log.index}"
        assert finding.loan_id == log.topics[1]


def flipped(log: Log, bit: int) -> Log:
    data = bytearray(log.data)
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    return dataclasses.replace(log, data=bytes(data))


def test_reconcile__log_dropped_at_the_tail__is_found_from_the_heads(
    live: LiveBook, tmp_path: Path
) -> None:
    """The mirror of one node, reconciled against another."""
    with new_store(tmp_path) as store:
        place = place_of(live.deployment)
        Mirror(live.client, store, place).sync()
        assert reconcile(live.client, store).ok
        snapshot = live.node.snapshot()
        live.node.travel_to(live.node.now() + 1)
        loan = live.loans[5]
        live.repay(loan, 100)
        blind = LyingClient(live.client, lambda told: [x for x in told if loan.id not in x.topics])
        Mirror(blind, store, place).sync()
        result = reconcile(live.client, store)
        live.node.revert(snapshot)
    assert not result.ok
    assert not result.checks["completeness"].ok
    assert [finding.loan_id for finding in result.findings if finding.code == "head"] == [loan.id]
