"""A tape import on a database that was restored from a backup."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli import run
from tests.nodes import anvil

HEADER = "id,principal,annual_rate,periods,value_date,method\n"
ROWS = [f"R-{number},600000,0.12,6,2018-01-01,annuity\n" for number in (1, 2, 3)]


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


@pytest.mark.node
def test_tape_import__restored_from_an_old_backup__catches_up_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    tape = tmp_path / "tape.csv"
    command = ("tape", "import", "tape.csv", "--profile", "generic", "--json")
    with anvil() as url:
        assert run("deploy", "--rpc", url, folder=tmp_path).code == 0
        for known in (1, 2):
            tape.write_text(HEADER + "".join(ROWS[:known]))
            assert run(*command, "--rpc", url, folder=tmp_path).code == 0
            if known == 1:
                _copy(tmp_path / "loanbook.db", tmp_path / "backup.db")
        tape.write_text(HEADER + "".join(ROWS))
        restored = run(*command, "--rpc", url, "--db", "sqlite:///backup.db", folder=tmp_path)

    assert restored.code == 0, restored.err
    assert (len(restored.json["opened"]), restored.json["already"]) == (1, 2)
    assert restored.json["reconcile"]["ok"]
