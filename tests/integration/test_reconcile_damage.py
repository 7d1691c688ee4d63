"""Damage to what reconcile itself starts from: it is named, and never hides other damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.chain.client import Client
from ledger.errors import StoreError
from ledger.mirror import Mirror
from ledger.reconcile import Reconciliation, reconcile
from tests.cli import run as cli
from tests.live_fixtures import place_of
from tests.mirrored import Mirrored, mirrored_portfolio
from tests.stores import new_store, url_of


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    with mirrored_portfolio("embedded", tmp_path_factory.mktemp("damage")) as found:
        yield found


@pytest.fixture
def copy(mirrored: Mirrored, tmp_path: Path) -> Path:
    """Return the folder of a copy that a test may damage."""
    return mirrored.copied_to(tmp_path)


def run(mirrored: Mirrored, folder: Path, *, full: bool = False) -> Reconciliation:
    with new_store(folder) as store:
        return reconcile(mirrored.live.client, store, full=full)


def change(folder: Path, *statements: str) -> None:
    """Run statements, the last of which must change something."""
    with sqlite3.connect(folder / "book.db") as connection:
        for statement in statements:
            changed = connection.execute(statement).rowcount
    assert changed


# ------------------------------------------------------------------ what earlier runs leave


def test_plain_run__after_a_full_one_that_failed__finds_the_damage_again(
    mirrored: Mirrored, copy: Path
) -> None:
    assert run(mirrored, copy).ok
    change(copy, "UPDATE log SET tx_hash = zeroblob(32) WHERE event = 'Repaid'")
    assert not run(mirrored, copy, full=True).ok
    for _ in range(2):
        again = run(mirrored, copy)
        assert again.full
        assert not again.ok
        assert again.checks["tables"].through_block is None


def test_plain_run__after_the_damage_is_mended__goes_on_from_the_full_run(
    mirrored: Mirrored, copy: Path
) -> None:
    change(copy, "UPDATE journal_line SET amount = amount + 1 WHERE entry = 3 AND position = 0")
    assert not run(mirrored, copy, full=True).ok
    change(copy, "UPDATE journal_line SET amount = amount - 1 WHERE entry = 3 AND position = 0")
    mended = run(mirrored, copy)
    assert (mended.full, mended.ok) == (True, True)
    after = run(mirrored, copy)
    assert (after.full, after.ok) == (False, True)
    assert after.checks["journal"].checked == 0


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "poison",
    [
        "journal = x'ff'",
        "journal = 7",
        "block_number = -5",
        "block_number = 'ten'",
        "block_hash = 'none'",
    ],
)
def test_run__earlier_result_unreadable__is_named_and_all_is_checked(
    mirrored: Mirrored, copy: Path, poison: str, full: bool
) -> None:
    first = run(mirrored, copy)
    change(copy, f"UPDATE reconciliation SET {poison}")
    result = run(mirrored, copy, full=full)
    (found,) = [item for item in result.findings if item.code == "record"]
    assert (found.where, found.severity) == ("reconciliation (1)", "warning")
    assert result.ok
    assert result.checks["journal"].checked == first.checks["journal"].checked > 0
    assert not [item for item in run(mirrored, copy).findings if item.code == "record"]


# --------------------------------------------------------------------- where the database stands

END = "(SELECT block_number FROM mirror_cursor)"


@pytest.mark.parametrize(
    ("row", "statement"),
    [
        ("mirror_cursor (1)", "DELETE FROM mirror_cursor"),
        ("mirror_cursor (1) block", "UPDATE mirror_cursor SET block_number = block_number + 1000"),
        ("mirror_cursor (1) block", "UPDATE mirror_cursor SET block_number = 'ten'"),
        ("mirror_cursor (1) final", f"UPDATE mirror_cursor SET final_number = {1 << 62}"),
        ("mirror_cursor (1) final", "UPDATE mirror_cursor SET final_number = -1"),
        ("block (", f"DELETE FROM block WHERE number = {END}"),
        ("block (", f"UPDATE block SET hash = zeroblob(32) WHERE number = {END}"),
        ("deployment (1) genesis", "UPDATE deployment SET genesis = zeroblob(32)"),
        ("deployment (1) deployed", "UPDATE deployment SET deployed_block = deployed_block + 1"),
        ("book_state (rules", "UPDATE book_state SET state = x'ff' WHERE part = 'rules'"),
        ("book_state (journal", "UPDATE book_state SET state = x'ff' WHERE part = 'journal'"),
        ("book_state (rules", "DELETE FROM book_state WHERE part = 'rules'"),
        ("book_state (journal", "DELETE FROM book_state WHERE part = 'journal'"),
    ],
)
def test_reconcile_command__database_damaged__names_the_row_in_json(
    mirrored: Mirrored, copy: Path, monkeypatch: pytest.MonkeyPatch, row: str, statement: str
) -> None:
    change(copy, "PRAGMA foreign_keys = off", statement)
    client, place = mirrored.live.client, place_of(mirrored.live.deployment)
    monkeypatch.setattr("ledger.commands.reconcile.node", lambda _: client)
    monkeypatch.setattr("ledger.commands.reconcile.deployed", lambda *_: place)
    snapshot = mirrored.live.node.snapshot()
    mirrored.live.node.travel_to(mirrored.live.node.now() + 1)
    mirrored.live.repay(mirrored.live.loans[5], 100)
    try:
        for flags in (["--full"], []):
            answer = cli("reconcile", *flags, "--json", "--db", url_of(copy / "book.db"))
            assert answer.code == 1
            assert not answer.json["ok"]
            places = [item["where"] for item in answer.json["findings"]]
            assert [item for item in places if item.startswith(row)], places
    finally:
        mirrored.live.node.revert(snapshot)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM mirror_cursor", "no cursor says"),
        (f"DELETE FROM block WHERE number = {END}", "which is not stored"),
        (f"UPDATE mirror_cursor SET final_number = {1 << 62}", "says that block .* is final"),
    ],
)
def test_sync__cursor_damaged__is_no_first_sync(
    mirrored: Mirrored, copy: Path, statement: str, problem: str
) -> None:
    change(copy, "PRAGMA foreign_keys = off", statement)
    with new_store(copy) as store, pytest.raises(StoreError, match=problem):
        Mirror(mirrored.live.client, store, place_of(mirrored.live.deployment)).sync()


def test_full_run__final_raised_above_the_nodes__is_said(mirrored: Mirrored, copy: Path) -> None:
    with new_store(copy) as store:
        place = place_of(mirrored.live.deployment)
        client = Client(mirrored.live.client.transport, finality=5)
        result = reconcile(client, store, full=True)
        (found,) = [item for item in result.findings if item.code == "final"]
        assert found.severity == "warning"
        assert found.where == "mirror_cursor (1) final_number"
        Mirror(client, store, place).sync()
