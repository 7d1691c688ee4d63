"""The commands that need a node, against Anvil: one book, filled from a small tape."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.chain.client import connect
from ledger.chain.development import DevelopmentNode
from ledger.core.types import Status
from ledger.store import open_store
from tests.cli import Outcome, run, start
from tests.nodes import anvil

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("cli_chain")]

TAPE = """\
id,principal,annual_rate,periods,value_date,method,timezone,label_grade
A-1,1200000,0.12,12,2018-01-01,annuity,UTC,B2
A-2,much,0.12,12,2018-01-01,annuity,UTC,B2
A-3,600000,0.099,6,2018-02-01,equal_principal,Asia/Shanghai,C1
A-4,600000,0.99,6,2018-02-01,annuity,UTC,E5
A-5,600000,0.1,6
A-1,500000,0.1,6,2018-02-01,annuity,UTC,A1
A-6,7,0.1,3,2018-02-01,interest_only,UTC,A1
"""
GOOD = 3


@dataclass(frozen=True)
class Place:
    """A node, and a folder with a deployment and a database."""

    url: str
    folder: Path
    imported: Outcome

    @property
    def deployment(self) -> Any:
        return json.loads((self.folder / "deployments" / "31337.json").read_text())

    @property
    def book(self) -> str:
        return str(self.deployment["book"]["address"])

    @property
    def database(self) -> Path:
        return self.folder / "loanbook.db"

    def run(self, *arguments: object) -> Outcome:
        return run(*arguments, "--rpc", self.url, folder=self.folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "tape.csv").write_text(TAPE)
    with anvil() as url:
        assert run("deploy", "--rpc", url, folder=folder).code == 0
        command = ("tape", "import", "tape.csv", "--profile", "generic", "--rpc", url, "--json")
        yield Place(url, folder, run(*command, folder=folder))


def test_deploy__again_with_the_same_database__gives_the_same_book(place: Place) -> None:
    before = place.deployment
    answer = place.run("deploy", "--json")
    assert answer.code == 0
    assert answer.json == before == place.deployment


def test_tape_import__bad_rows_between_good_ones__names_them_and_goes_on(place: Place) -> None:
    answer = place.imported
    assert answer.code == 1
    document = answer.json
    assert (document["rows"], len(document["opened"]), document["already"]) == (7, GOOD, 0)
    refused = {row["row"]: (row["field"], row["problem"]) for row in document["refused"]}
    assert sorted(refused) == [3, 5, 6, 7]
    assert refused[3][0] == "principal"
    assert "much" in refused[3][1]
    assert refused[5][0] == "schedule"
    assert "expected at most" in refused[5][1]
    assert refused[6] == ("row", "has 4 cells where the header has 8")
    assert refused[7][0] == "id"
    assert document["principal"] == str(1_200_000 + 600_000 + 7)
    assert document["reconcile"]["ok"]


def test_tape_import__what_was_opened__is_funded_by_several_and_disbursed(place: Place) -> None:
    with open_store(f"sqlite:///{place.database}") as store, store.read() as view:
        loans = [item.loan for item in view.loans().items]
    assert [loan.status for loan in loans] == [Status.ACTIVE] * GOOD
    assert [len(loan.holders) for loan in loans] == [3, 3, 3]
    for loan in loans:
        assert sum(holding.units for holding in loan.holders.values()) == loan.agreement.principal
        opened_on_its_value_date = loan.opened.at - loan.agreement.value_date
        assert -3_600 <= opened_on_its_value_date < 86_400


def test_tape_import__again__opens_nothing_twice(place: Place) -> None:
    answer = place.run("tape", "import", "tape.csv", "--profile", "generic", "--json")
    assert (len(answer.json["opened"]), answer.json["already"]) == (0, GOOD)
    assert place.run("replay", "--book", place.book, "--json").json["loans"] == GOOD


def test_tape_import__with_a_new_database__finds_the_loans_on_the_chain(place: Place) -> None:
    command = ("tape", "import", "tape.csv", "--profile", "generic", "--json")
    answer = place.run(*command, "--db", "sqlite:///other.db")
    assert (len(answer.json["opened"]), answer.json["already"]) == (0, GOOD)


def test_tape_import__limit__reads_so_many_rows(place: Place) -> None:
    command = ("tape", "import", "tape.csv", "--profile", "generic", "--limit", 1, "--json")
    answer = place.run(*command)
    assert (answer.code, answer.json["rows"], answer.json["refused"]) == (0, 1, [])


def test_tape_import__for_people__says_how_many_were_refused_and_why(place: Place) -> None:
    answer = place.run("tape", "import", "tape.csv", "--profile", "generic")
    assert answer.code == 1
    for text in ("Refused: 4", "must be a whole number", "current day", "By field:"):
        assert text in answer.out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file": "none.csv"}, "none.csv"),
        ({"profile": "lendingclub"}, "loan_amount"),
        ({"profile": "somebody"}, "somebody"),
        ({"--currency": "EUR"}, "no EUR token"),
    ],
)
def test_tape_import__wrong_use__exits_2_and_sends_nothing(
    place: Place, changes: dict[str, str], message: str
) -> None:
    head = place.run("mirror", "--json").json["block"]
    given = {"file": "tape.csv", "profile": "generic", "--currency": "USD"} | changes
    command = ("tape", "import", given["file"], "--profile", given["profile"])
    answer = place.run(*command, "--currency", given["--currency"])
    assert answer.code == 2
    assert message in answer.err
    assert place.run("mirror", "--json").json["block"] == head


def test_mirror_and_replay__same_block__give_the_same_root(place: Place) -> None:
    mirrored, replayed = place.run("mirror", "--json"), place.run("replay", "--book", place.book)
    assert mirrored.code == replayed.code == 0
    assert mirrored.json["journal"]["root"] in replayed.out
    document = place.run("replay", "--book", place.book, "--json").json
    assert document["journal"] == mirrored.json["journal"]
    assert document["book_head"] == mirrored.json["book_head"]
    assert (document["ok"], document["findings"]) == (True, [])


def test_mirror__follow__brings_new_blocks_until_it_is_stopped(
    place: Place, tmp_path: Path
) -> None:
    command = ("mirror", "--follow", "--rpc", place.url, "--book", place.book)
    process = start(command, tmp_path)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.startswith("Block ")
    known = int(first.split()[1])
    mined = DevelopmentNode(connect(place.url)).mine().number
    assert process.stderr is not None
    while f"block {mined}:" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert (process.returncode, mined > known) == (0, True)


def test_replay__at_an_earlier_block__knows_less(place: Place) -> None:
    block = place.deployment["tokens"]["USD"]["block"]
    document = place.run("replay", "--book", place.book, "--at", block, "--json").json
    assert (document["ok"], document["loans"], document["block"]["number"]) == (True, 0, block)


def test_reconcile__all_well__says_what_it_checked(place: Place) -> None:
    answer = place.run("reconcile", "--full", "--json")
    assert answer.code == 0
    assert answer.json["ok"]
    assert answer.json["checks"]["state"]["checked"] > GOOD
    shown = place.run("reconcile")
    assert shown.code == 0
    assert "Findings: none" in shown.out


def test_reconcile__altered_amount__is_found_and_exits_1(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.folder, tmp_path, dirs_exist_ok=True)
    with sqlite3.connect(tmp_path / "loanbook.db") as database:
        database.execute("UPDATE journal_line SET amount = amount + 1 WHERE rowid = 1")
    command = ("reconcile", "--full", "--rpc", place.url, "--json")
    answer = run(*command, folder=tmp_path)
    assert answer.code == 1
    assert not answer.json["ok"]
    assert answer.json["findings"]


def test_export__csv__writes_every_loan(place: Place, tmp_path: Path) -> None:
    answer = run("export", "-o", tmp_path / "out", "--format", "csv", folder=place.folder)
    assert answer.code == 0
    with (tmp_path / "out" / "loans.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == GOOD
    document = run("export", "-o", tmp_path / "out", "--json", folder=place.folder).json
    assert document["rows"]["loans.csv"] == GOOD


@pytest.mark.parametrize("name", ["nobody", "token"])
def test_replay__address_without_a_book__exits_2(place: Place, name: str) -> None:
    token = place.deployment["tokens"]["USD"]["address"]
    address = {"nobody": "0x" + "12" * 20, "token": token}[name]
    answer = place.run("replay", "--book", address, "--json")
    assert answer.code == 2
    assert answer.out == ""
    assert address in answer.err


@pytest.mark.parametrize("command", [("mirror",), ("reconcile",), ("deploy",)])
def test_commands__wrong_chain_id__exit_2_and_change_nothing(
    place: Place, tmp_path: Path, command: tuple[str, ...]
) -> None:
    answer = run(*command, "--rpc", place.url, "--chain-id", 1, folder=tmp_path)
    assert answer.code == 2
    assert "expected chain id 1, the node is on 31337" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_mirror__locked_database__exits_3_and_goes_on_afterwards(place: Place) -> None:
    lock = sqlite3.connect(place.database, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        answer = place.run("mirror")
    finally:
        lock.close()
    assert answer.code == 3
    assert "locked by another process" in answer.err
    assert place.run("mirror").code == 0


def test_mirror__database_of_another_book__exits_2(place: Place, tmp_path: Path) -> None:
    deployed = run("deploy", "--rpc", place.url, "--db", "sqlite:///two.db", folder=tmp_path)
    assert deployed.code == 0
    answer = run(
        "mirror", "--rpc", place.url, "--db", f"sqlite:///{place.database}", folder=tmp_path
    )
    assert answer.code == 2
    assert "give another database" in answer.err


def test_demo__database_that_holds_a_book__exits_2_and_sends_nothing(place: Place) -> None:
    head = place.run("mirror", "--json").json["block"]
    answer = place.run("demo", "--db", "sqlite:///loanbook.db", "--json")
    assert answer.code == 2
    assert answer.out == ""
    assert "another database" in answer.err
    assert place.run("mirror", "--json").json["block"] == head
