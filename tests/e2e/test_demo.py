"""The demo: the whole play on the embedded chain, and on real nodes with an independent replay."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.core.accounts import CHART
from tests.cli import run, run_apart
from tests.nodes import anvil, hardhat_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# What must have become of each loan, and how many hold its notes at the end.
FATES = {
    "repaid on time 按时结清": ("repaid", 3),
    "late with penalty 逾期罚息": ("repaid", 3),
    "repaid early in full 提前结清": ("repaid", 4),
    "repaid early in part 部分提前还款": ("repaid", 3),
    "in default, part recovered 违约": ("defaulted", 3),
    "cancelled, refunded 撤销退款": ("cancelled", 0),
    "expired, refunded 流标退款": ("cancelled", 0),
    "at the bank, value dates 银行起息日": ("repaid", 3),
    "notes changed hands 债权转让": ("repaid", 4),
    "purchase, merchant paid 消费分期": ("repaid", 2),
    "bank term loan 先息后本": ("repaid", 1),
    "cash loan, one row 一次性还本付息": ("repaid", 2),
    "behind with payments 逾期": ("active", 2),
    "running to plan 正常还款": ("active", 6),
}


@dataclass(frozen=True)
class Run:
    """What one demo printed, and the folder with its database."""

    document: Any
    folder: Path

    def loan(self, story: str) -> Any:
        (found,) = [loan for loan in self.document["loans"] if loan["story"].startswith(story)]
        return found

    def query(self, question: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.folder}/demo.db?mode=ro", uri=True) as database:
            return database.execute(question).fetchall()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("demo")
    answer = run("demo", "--db", f"sqlite:///{folder}/demo.db", "--json", folder=folder)
    assert answer.code == 0, answer.err
    return Run(answer.json, folder)


@pytest.mark.xdist_group("demo")
class TestEmbedded:
    """The play on the chain inside this process."""

    def test_demo__every_story__ends_as_it_must(self, embedded: Run) -> None:
        fates = {
            loan["story"]: (loan["status"], loan["holders"]) for loan in embedded.document["loans"]
        }
        assert fates == FATES

    def test_demo__chain_books_and_replay__agree(self, embedded: Run) -> None:
        document = embedded.document
        assert document["ok"]
        assert document["reconcile"]["ok"]
        assert document["replay"]["ok"]
        assert document["replay"]["journal"] == document["journal"]
        assert document["replay"]["book_head"] == document["book_head"]
        assert [finding for finding in document["findings"] if finding["severity"] != "info"] == []

    def test_demo__on_time__pays_the_schedule_and_nothing_else(self, embedded: Run) -> None:
        # 12,000.00 at 10.75% in six months: about 2,063.17 a month, and a fee of 5.00.
        loan = embedded.loan("repaid on time")
        assert (loan["paid"], loan["penalty"]) == (str(1_237_904 + 6 * 500), "0")

    def test_demo__late__owes_penalty(self, embedded: Run) -> None:
        loan = embedded.loan("late with penalty")
        assert 0 < int(loan["penalty"]) < 1_000
        assert int(loan["paid"]) > int(loan["principal"]) + int(loan["penalty"])

    def test_demo__default__goes_on_counting_days(self, embedded: Run) -> None:
        loan = embedded.loan("in default")
        assert loan["bucket"] == "91-180"
        assert 0 < int(loan["outstanding"]) < 800_000
        assert int(loan["penalty"]) > 0

    def test_demo__behind__is_overdue_and_active(self, embedded: Run) -> None:
        loan = embedded.loan("behind")
        assert loan["days_past_due"] > 0
        assert int(loan["outstanding"]) > 0

    def test_demo__notes__were_sold_and_given_away(self, embedded: Run) -> None:
        events = dict(embedded.query("SELECT event, count(*) FROM log GROUP BY event"))
        assert events["Assigned"] == 1
        assert events["Transferred"] == 2
        assert {"Defaulted", "Cancelled", "FundingExpired", "Refunded", "Prepaid"} <= set(events)
        assert events["FeesWithdrawn"] == 2

    def test_demo__every_transaction__went_through_the_outbox(self, embedded: Run) -> None:
        ((count, confirmed),) = embedded.query(
            "SELECT count(*), sum(state = 'confirmed') FROM outbox_intent"
        )
        assert count == embedded.document["transactions"]
        assert count == confirmed

    def test_demo__borrowers_facts__stay_in_the_vault(self, embedded: Run) -> None:
        ((roots,),) = embedded.query("SELECT count(DISTINCT root) FROM vault_fact")
        assert roots == len(FATES)
        clear = embedded.query("SELECT count(*) FROM vault_fact WHERE ciphertext LIKE '%borrower%'")
        assert clear == [(0,)]

    def test_demo__trial_balance__sums_to_zero_and_finished_loans_leave_dust(
        self, embedded: Run
    ) -> None:
        balances = {name: int(sum_) for name, sum_ in embedded.document["trial_balance"].items()}
        assert sum(balances.values()) == 0
        assert {name.split(":")[0] for name in balances} <= set(CHART)
        assert not any(name.startswith(("fees:", "escrow:")) for name in balances)
        open_loans = {
            loan["loan_id"] for loan in embedded.document["loans"] if int(loan["outstanding"])
        }
        for name, amount in balances.items():
            if name.split(":")[0] in {"receivable", "claims"}:
                assert name.split(":")[2] in open_loans
            if name.startswith("payable:"):
                assert -6 < amount < 0  # below one unit a holder

    def test_demo__same_seed__is_the_same_to_the_last_bit(self, tmp_path: Path) -> None:
        first, again = (run("demo", "--loans", 1, "--json", folder=tmp_path) for _ in range(2))
        other = run("demo", "--loans", 1, "--seed", 2, "--json", folder=tmp_path)
        assert first.code == again.code == other.code == 0
        assert first.json == again.json
        assert first.json["journal"]["root"] != other.json["journal"]["root"]
        assert list(tmp_path.iterdir()) == []

    def test_demo__for_people__ends_with_who_agrees(self, tmp_path: Path) -> None:
        answer = run("demo", "--loans", 2, folder=tmp_path)
        assert answer.code == 0
        for text in ("借贷余额", "逾期天数", "Trial balance 试算平衡表", "Journal root  books"):
            assert text in answer.out
        assert answer.out.rstrip().endswith("chain = books = replay")


TAPE = """\
id,principal,annual_rate,periods,value_date,method,timezone
T-1,much,0.12,12,2018-01-01,annuity,UTC
T-2,240000,0.12,2,2018-01-01,annuity,UTC
"""


@pytest.mark.node
@pytest.mark.parametrize("node", [anvil, hardhat_node], ids=["anvil", "hardhat"])
def test_demo__real_node__another_process_replays_it_without_a_database(
    node: Callable[[], AbstractContextManager[str]], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tape.csv").write_text(TAPE)
    from_tape = ("--tape", "tape.csv", "--profile", "generic", "--loans", len(FATES) + 1)
    with node() as url:
        answer = run("demo", "--rpc", url, *from_tape, "--json", folder=tmp_path)
        assert answer.code == 0, answer.err
        document = answer.json
        book = document["book"]
        command = ("replay", "--rpc", url, "--book", book, "--json")
        replayed = run_apart(command, tmp_path / "elsewhere")
    assert replayed.code == 0, replayed.err
    assert replayed.json["ok"]
    assert replayed.json["journal"]["root"] == document["journal"]["root"]
    assert replayed.json["block"] == document["block"]
    assert replayed.json["trial_balance"] == document["trial_balance"]
    assert list((tmp_path / "elsewhere").iterdir()) == []
    # These nodes give storage proofs: nothing is left to the node's word.
    assert document["findings"] == replayed.json["findings"] == []
    fates = {loan["story"]: (loan["status"], loan["holders"]) for loan in document["loans"]}
    taped = fates.pop("from the tape, line 3")
    assert (fates, taped[0]) == (FATES, "repaid")
    assert "left out: row 2: principal" in answer.err
    deployed = json.loads((tmp_path / "deployments" / "31337.json").read_text())
    assert deployed["book"]["address"] == book
