"""Damage to what reconcile itself starts from: it is named, and never hides other damage."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.mirror import Mirror
from ledger.reconcile import Reconciliation, reconcile
from tests.live_book import LiveBook
from tests.live_fixtures import live_portfolio, place_of
from tests.stores import new_store


@dataclass(frozen=True)
class Mirrored:
    """A chain, and the file of a database that mirrors it."""

    live: LiveBook
    file: Path


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    folder = tmp_path_factory.mktemp("damage")
    with live_portfolio("embedded") as live:
        with new_store(folder) as store:
            Mirror(live.client, store, place_of(live.deployment)).sync()
        with sqlite3.connect(folder / "book.db") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield Mirrored(live, folder / "book.db")


@pytest.fixture
def copy(mirrored: Mirrored, tmp_path: Path) -> Path:
    """Return the folder of a copy that a test may damage."""
    shutil.copy(mirrored.file, tmp_path / "book.db")
    return tmp_path


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
