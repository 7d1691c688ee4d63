"""Exported files hold the whole book of one block, exactly."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

from ledger import export
from ledger.errors import InputError
from ledger.export import export_csv
from tests.fake_node import FakeNode
from tests.replayed import entries_of, replay
from tests.stores import mirror_of, new_store, small_chain


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("page", [1, 3, 500])
def test_export_csv__a_book__is_complete_and_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(export, "PAGE", page)
    chain = small_chain()
    book, steps = replay(chain.logs)
    seen: list[tuple[int, int]] = []
    with new_store(tmp_path) as store:
        mirror_of(FakeNode(chain), store).sync()
        out = tmp_path / "out" / "csv"
        written = export_csv(store, out, lambda *step: seen.append(step))
    assert {path.name for path in out.iterdir()} == set(written)
    files = {name: read(out / name) for name in written}
    assert {name: len(rows) for name, rows in files.items()} == written
    loans = files["loans.csv"]
    assert [row["loan_id"] for row in loans] == ["0x" + loan.id.hex() for loan in chain.loans]
    assert [int(row["outstanding"]) for row in loans] == [
        loan.outstanding for loan in book.loans.values()
    ]
    events = files["events.csv"]
    assert [row["event"] for row in events] == [type(step.event).__name__ for step in steps]
    assert all(json.loads(row["fields"])["seq"] == row["seq"] for row in events)
    entries = entries_of(steps)
    assert [row["hash"] for row in files["entries.csv"]] == [
        "0x" + entry.hash.hex() for entry in entries
    ]
    balances: dict[str, int] = defaultdict(int)
    for row in files["lines.csv"]:
        balances[row["account"]] += int(row["amount"])
    assert {row["account"]: int(row["balance"]) for row in files["trial_balance.csv"]} == {
        account: sum_ for account, sum_ in balances.items() if sum_
    }
    assert seen[-1][0] == seen[-1][1]


def test_export_csv__nothing_mirrored__says_so(tmp_path: Path) -> None:
    with new_store(tmp_path) as store, pytest.raises(InputError, match="nothing is mirrored yet"):
        export_csv(store, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_export_csv__folder_is_a_file__says_so(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with new_store(tmp_path) as store:
        mirror_of(FakeNode(small_chain(1)), store).sync()
        with pytest.raises(InputError, match="cannot write to"):
            export_csv(store, tmp_path / "out")
