"""Every reading route over a mirrored portfolio: what it says, and that it says it in one form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from ledger.store import Store
from tests.fake_node import FakeNode
from tests.portfolio import GOOD_RUN, HOSTILE, Portfolio, mirrored, record_run
from tests.simulated_logs import BOOK, BORROWER, CHAIN_ID, LENDERS, REGISTRY, TOKEN

AMOUNT = re.compile("-?(0|[1-9][0-9]*)")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    portfolio = Portfolio()
    portfolio.live()
    return portfolio


@pytest.fixture(scope="module")
def source(
    portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, FakeNode]]:
    store, node = mirrored(portfolio, tmp_path_factory.mktemp("book") / "book.db")
    with store:
        record_run(store, GOOD_RUN)
        yield store, node


@pytest.fixture(scope="module")
def http(source: tuple[Store, FakeNode]) -> TestClient:
    store, node = source
    return TestClient(create_app(store, head=node.head))


def read(http: TestClient, path: str) -> Any:
    response = http.get(path)
    assert response.status_code == 200, response.text
    return response.json()


def path_of(portfolio: Portfolio, name: str, rest: str = "") -> str:
    return f"/v1/loans/0x{portfolio.named[name].id.hex()}{rest}"


def totals(part: dict[str, str]) -> int:
    return sum(int(part[name]) for name in ("fee", "penalty", "interest", "principal"))


# ---------------------------------------------------------------- the book


def test_book__mirrored__names_place_heads_and_journal(
    http: TestClient, portfolio: Portfolio, source: tuple[Store, FakeNode]
) -> None:
    book = read(http, "/v1/book")
    assert (book["chain_id"], book["address"], book["registry"]) == (CHAIN_ID, BOOK, REGISTRY)
    assert book["book_head"] == "0x" + portfolio.book_head.hex()
    assert book["registry_head"] == "0x" + portfolio.registry_head.hex()
    assert book["loans"] == len(portfolio.loans)
    with source[0].read() as view:
        standing = view.standing()
    assert standing is not None
    assert book["journal"] == {
        "entries": standing.entries,
        "root": "0x" + standing.journal_root.hex(),
    }
    assert [option["asset"] for option in book["settlements"]] == [TOKEN[0], None]


def test_every_answer__names_its_block_and_whether_it_is_final(
    http: TestClient, portfolio: Portfolio
) -> None:
    one = path_of(portfolio, "late")
    for path in (
        "/v1/book", "/v1/loans", one, f"{one}/history", f"{one}/schedule", f"{one}/holders",
        f"/v1/holders/{LENDERS[0]}/positions", "/v1/journal", "/v1/trial-balance",
        "/v1/reconciliation",
    ):  # fmt: skip
        block = read(http, path)["block"]
        assert block["number"] == portfolio.number
        assert block["final"] is True
        assert re.fullmatch("0x[0-9a-f]{64}", block["hash"])
        assert TIME.fullmatch(block["time"])


def test_block__not_final_yet__says_so(portfolio: Portfolio, tmp_path: Path) -> None:
    store, _ = mirrored(portfolio, tmp_path / "book.db", finality=3)
    with store:
        assert read(TestClient(create_app(store)), "/v1/book")["block"]["final"] is False


def test_trial_balance__any_book__sums_to_zero_by_unit(http: TestClient) -> None:
    answer = read(http, "/v1/trial-balance")
    assert answer["balanced"] is True
    sums: dict[str, int] = {}
    for account, amount in answer["accounts"].items():
        assert AMOUNT.fullmatch(amount)
        unit = account.split(":")[1]
        sums[unit] = sums.get(unit, 0) + int(amount)
    assert set(sums.values()) == {0}
    receivable = [total for total in answer["totals"] if total["kind"] == "receivable"]
    assert {total["name_zh"] for total in receivable} == {"应收借款本金"}
    owed = sum(int(loan["outstanding"]) for loan in all_loans(http) if owes(loan))
    assert sum(int(total["debit"]) for total in receivable) == owed


def owes(loan: dict[str, Any]) -> bool:
    return loan["status"] in ("active", "defaulted")


def test_journal__paged__gives_every_entry_once_and_each_balances(
    http: TestClient, source: tuple[Store, FakeNode]
) -> None:
    entries = pages(http, "/v1/journal?limit=7")
    assert [entry["number"] for entry in entries] == list(range(len(entries)))
    assert len(entries) == read(http, "/v1/book")["journal"]["entries"]
    assert all(sum(int(line["amount"]) for line in entry["lines"]) == 0 for entry in entries)


def test_reconciliation__never_run__is_null(portfolio: Portfolio, tmp_path: Path) -> None:
    store, _ = mirrored(portfolio, tmp_path / "book.db")
    with store:
        assert read(TestClient(create_app(store)), "/v1/reconciliation")["latest"] is None


def test_reconciliation__after_a_run__shows_checks_and_findings(
    http: TestClient, portfolio: Portfolio
) -> None:
    latest = read(http, "/v1/reconciliation")["latest"]
    assert latest["ok"] is True
    assert latest["number"] == portfolio.number
    assert latest["checks"] == GOOD_RUN["checks"]


# ---------------------------------------------------------------- loans


def pages(http: TestClient, path: str) -> list[dict[str, Any]]:
    items, after = list[dict[str, Any]](), ""
    while True:
        page = read(http, f"{path}{after}")
        items += page["items"]
        if page["next"] is None:
            return items
        after = f"&after={page['next']}"


def all_loans(http: TestClient) -> list[dict[str, Any]]:
    return pages(http, "/v1/loans?limit=3")


def test_loans__paged__gives_every_loan_once_in_order(
    http: TestClient, portfolio: Portfolio
) -> None:
    loans = all_loans(http)
    assert [loan["id"] for loan in loans] == ["0x" + loan.id.hex() for loan in portfolio.loans]
    assert [loan["number"] for loan in loans] == list(range(1, len(portfolio.loans) + 1))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("status=funding", ["funding"]),
        ("status=defaulted", ["default"]),
        ("product=marketplace@1", ["on time", "early in part"]),
        ("status=repaid&product=bank-term@1", ["early in full"]),
        (f"holder={LENDERS[3]}", ["sold"]),
        (f"borrower={LENDERS[3].lower()}", ["sold"]),
        (f"borrower={BORROWER}&status=cancelled", ["cancelled"]),
        ("product=nothing", []),
    ],
)
def test_loans__filtered__are_those_that_fit(
    http: TestClient, portfolio: Portfolio, query: str, names: list[str]
) -> None:
    found = [loan["id"] for loan in read(http, f"/v1/loans?{query}")["items"]]
    assert found == ["0x" + portfolio.named[name].id.hex() for name in names]


def test_loans__product_that_is_no_text__is_found_by_its_hex(http: TestClient) -> None:
    shown = read(http, f"/v1/loans?product=0x{HOSTILE.encode().ljust(32, bytes(1)).hex()}")
    assert [loan["product"] for loan in shown["items"]] == [HOSTILE]


def test_loan__late__says_how_late_as_of_the_block(http: TestClient, portfolio: Portfolio) -> None:
    loan = read(http, path_of(portfolio, "late"))["loan"]
    # Row 2 was due on day 59; the book stands on day 125.
    assert loan["standing"] == {
        "days_past_due": 66,
        "bucket": "61-90",
        "risk_class": "special_mention",
        "risk_class_zh": "关注",
    }
    assert loan["settlement"] == "token"
    assert (loan["product"], loan["purpose"], loan["method"]) == (
        "small-ticket@1",
        "travel",
        "annuity",
    )
    assert totals(loan["due"]) == int(loan["due"]["total"]) > 0
    simulated = portfolio.named["late"]
    assert loan["head"] == "0x" + simulated.head.hex()
    assert loan["outstanding"] == str(simulated.position.outstanding)
    assert loan["changed"]["number"] > loan["opened"]["number"]


def test_loan__not_disbursed__has_money_of_lenders_and_nothing_outstanding(
    http: TestClient, portfolio: Portfolio
) -> None:
    funded = {}
    for name in ("funding", "cancelled", "late"):
        loan = read(http, path_of(portfolio, name))["loan"]
        funded[name] = (loan["funded"], loan["outstanding"] != "0")
    assert funded == {
        "funding": ("70000000", False),
        "cancelled": ("0", False),
        "late": ("5000000", True),
    }


def test_history__paged__has_place_sequence_and_head_of_every_event(
    http: TestClient, portfolio: Portfolio
) -> None:
    lines = pages(http, path_of(portfolio, "sold", "/history?limit=4"))
    simulated = portfolio.named["sold"]
    assert [line["sequence"] for line in lines] == list(range(1, simulated.seq + 1))
    assert lines[-1]["head"] == "0x" + simulated.head.hex()
    assert len({line["head"] for line in lines}) == len(lines)
    events = [line["event"] for line in lines]
    assert events[0] == "Opened"
    assert {"Committed", "Disbursed", "Repaid", "Transferred", "Assigned", "PaidOut"} <= set(events)
    repaid = next(line for line in lines if line["event"] == "Repaid")
    assert set(repaid["amounts"]) == {"fee", "penalty", "interest", "principal"}
    assert all(re.fullmatch("0x[0-9a-f]{64}", line["transaction"]) for line in lines)
    sold = next(line for line in lines if line["event"] == "Assigned")
    assert sold["parties"] == {"seller": LENDERS[0], "buyer": LENDERS[3]}
    moved = next(line for line in lines if line["event"] == "Transferred")
    assert set(moved["parties"]) == {"from", "to"}


@pytest.mark.parametrize(
    "name", ["on time", "late", "early in full", "early in part", "default", "sold"]
)
def test_schedule__any_loan__adds_up_to_what_the_events_paid(
    http: TestClient, portfolio: Portfolio, name: str
) -> None:
    schedule = read(http, path_of(portfolio, name, "/schedule"))
    lines = pages(http, path_of(portfolio, name, "/history?limit=200"))
    payments = [line for line in lines if line["event"] in ("Repaid", "Prepaid")]
    for bucket in ("fee", "penalty", "interest", "principal"):
        paid = sum(int(line["amounts"].get(bucket, "0")) for line in payments)
        assert int(schedule["paid"][bucket]) == paid
    loan = read(http, path_of(portfolio, name))["loan"]
    assert int(schedule["unpaid"]["principal"]) == int(loan["outstanding"])
    assert int(schedule["signed"]["principal"]) == int(loan["principal"])


def test_schedule__late_loan__shows_each_row_against_what_was_paid(
    http: TestClient, portfolio: Portfolio
) -> None:
    rows = read(http, path_of(portfolio, "late", "/schedule"))["instalments"]
    assert [row["status"] for row in rows[:5]] == [
        "paid", "overdue", "overdue", "overdue", "upcoming",
    ]  # fmt: skip
    assert (rows[0]["due"], rows[0]["due_at"]) == ("2026-02-01", "2026-02-02T00:00:00Z")
    assert rows[0]["paid"]["total"] == rows[0]["signed"]["total"]
    assert rows[1]["paid"]["total"] == "200000"
    assert [row["days_late"] for row in rows[:5]] == [0, 66, 35, 5, 0]
    due = read(http, path_of(portfolio, "late"))["loan"]["due"]
    assert sum(int(row["unpaid"]["total"]) for row in rows[:4]) == int(due["total"])


def test_schedule__after_default__what_was_accelerated_stands_apart(
    http: TestClient, portfolio: Portfolio
) -> None:
    schedule = read(http, path_of(portfolio, "default", "/schedule"))
    claim = schedule["acceleration"]
    assert claim["paid"]["total"] == "1000000"
    assert int(claim["unpaid"]["total"]) > 0
    assert {row["status"] for row in schedule["instalments"]} == {"paid", "accelerated"}


def test_holders__after_a_sale__share_what_was_accepted(
    http: TestClient, portfolio: Portfolio
) -> None:
    items = read(http, path_of(portfolio, "sold", "/holders"))["items"]
    simulated = portfolio.named["sold"]
    assert {item["holder"]: int(item["units"]) for item in items} == simulated.units
    assert {item["holder"]: int(item["paid_out"]) for item in items} == simulated.paid_out


def test_positions__of_a_buyer__name_the_loan_and_the_account(
    http: TestClient, portfolio: Portfolio
) -> None:
    answer = read(http, f"/v1/holders/{LENDERS[3].lower()}/positions")
    (position,) = answer["items"]
    assert answer["holder"] == LENDERS[3]
    assert position["loan"]["id"] == "0x" + portfolio.named["sold"].id.hex()
    assert position["account"]["units"] == "100000"


def test_positions__of_a_stranger__is_empty(http: TestClient) -> None:
    assert read(http, f"/v1/holders/0x{'11' * 20}/positions")["items"] == []


# ---------------------------------------------------------------- probes


def test_healthz__always__is_ok(http: TestClient) -> None:
    assert read(http, "/healthz")["status"] == "ok"


def test_readyz__in_step__says_lag_and_last_reconciliation(
    http: TestClient, portfolio: Portfolio
) -> None:
    answer = read(http, "/readyz")
    assert answer["status"] == "ready"
    assert (answer["chain_block"], answer["lag"]) == (portfolio.number, 0)
    assert (answer["reconciled_block"], answer["reconciled_ok"]) == (portfolio.number, True)
