"""A tape import that is killed in the middle and run again."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli import run, start
from tests.nodes import anvil

LOANS = 80
START_SECONDS = 120.0


def sent(database: Path) -> int:
    """Return how many transactions a database knows of."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM outbox_intent").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # not made yet, or being written


@pytest.mark.node
@pytest.mark.slow
@pytest.mark.parametrize("after", [30, 90])
def test_tape_import__killed_and_run_again__every_loan_is_there_once(
    tmp_path: Path, after: int
) -> None:
    rows = [f"K-{number},{600_000 + number},0.12,6,2018-01-01,annuity" for number in range(LOANS)]
    header = "id,principal,annual_rate,periods,value_date,method"
    (tmp_path / "tape.csv").write_text("\n".join([header, *rows]))
    database = tmp_path / "loanbook.db"
    with anvil() as url:
        deployed = run("deploy", "--rpc", url, "--json", folder=tmp_path)
        before = sent(database)
        command = ("tape", "import", "tape.csv", "--profile", "generic", "--rpc", url)
        process = start(command, tmp_path)
        deadline = time.monotonic() + START_SECONDS
        while sent(database) < before + after and time.monotonic() < deadline:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        process.kill()
        process.communicate()
        again = run(*command, "--json", folder=tmp_path)
        assert again.code == 0, again.err
        book = deployed.json["book"]["address"]
        replayed = run("replay", "--rpc", url, "--book", book, "--json")
    assert again.json["already"] + len(again.json["opened"]) == LOANS
    assert replayed.json["ok"]
    assert replayed.json["loans"] == LOANS
    receivable = sum(
        int(amount)
        for name, amount in replayed.json["trial_balance"].items()
        if name.startswith("receivable:")
    )
    assert receivable == sum(600_000 + number for number in range(LOANS))
