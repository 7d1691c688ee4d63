"""One answer, one snapshot: its ETag changes when, and only when, what it shows can change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import deps
from api.main import create_app
from ledger.mirror import Mirror
from ledger.store import Store
from ledger.store.pages import LoanView
from tests.fake_node import FakeNode, deployment_of
from tests.portfolio import BAD_RUN, GOOD_RUN, Portfolio, mirrored, record_run


@pytest.fixture
def portfolio() -> Portfolio:
    portfolio = Portfolio()
    portfolio.open_all()
    return portfolio


@pytest.fixture
def source(portfolio: Portfolio, tmp_path: Path) -> Iterator[tuple[Store, FakeNode]]:
    store, node = mirrored(portfolio, tmp_path / "book.db")
    with store:
        yield store, node


@pytest.fixture
def http(source: tuple[Store, FakeNode]) -> TestClient:
    return TestClient(create_app(source[0]))


def advance(portfolio: Portfolio, source: tuple[Store, FakeNode]) -> None:
    """Let one more block come, with a payment in it."""
    store, node = source
    portfolio.travel(31)
    portfolio.repay(portfolio.named["late"], None)
    node.serve(portfolio)
    Mirror(node, store, deployment_of(node)).sync()  # type: ignore[arg-type]


def tag(http: TestClient, path: str, **headers: str) -> str:
    value = http.get(path, headers=headers).headers["etag"]
    assert value.startswith('W/"')
    return value


def test_etag__sent_back__answers_304_without_a_body(http: TestClient) -> None:
    for path in ("/v1/book", "/v1/loans?limit=2", "/"):
        known = tag(http, path)
        response = http.get(path, headers={"If-None-Match": f'"other", {known}'})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == known
        assert response.headers["cache-control"] == "no-cache"


def test_etag__after_another_block__is_another(
    http: TestClient, portfolio: Portfolio, source: tuple[Store, FakeNode]
) -> None:
    known = tag(http, "/v1/loans")
    advance(portfolio, source)
    response = http.get("/v1/loans", headers={"If-None-Match": known})
    assert response.status_code == 200
    assert response.headers["etag"] != known


def test_etag__of_another_address_language_or_version__is_another(
    http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = [
        tag(http, "/v1/loans"),
        tag(http, "/v1/loans?limit=2"),
        tag(http, "/v1/book"),
        tag(http, "/"),
        tag(http, "/", **{"Accept-Language": "zh-CN"}),
        tag(http, "/?lang=zh"),
    ]
    monkeypatch.setattr(deps, "CODE_VERSION", "another")
    tags.append(tag(http, "/v1/loans"))
    assert len(set(tags)) == len(tags)


def test_etag__another_reconciliation_at_the_same_block__is_another(
    http: TestClient, source: tuple[Store, FakeNode]
) -> None:
    tags = []
    for run in (None, GOOD_RUN, BAD_RUN):
        if run is not None:
            record_run(source[0], run)
        tags.append((tag(http, "/v1/reconciliation"), tag(http, "/")))
    assert len({one for pair in tags for one in pair}) == 6


def test_answer__a_block_comes_while_it_is_read__stands_on_one_block(
    http: TestClient,
    portfolio: Portfolio,
    source: tuple[Store, FakeNode],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loan = f"/v1/loans/0x{portfolio.named['late'].id.hex()}"
    before = http.get(loan).json()
    find = deps.Snapshot.loan

    def find_late(snapshot: deps.Snapshot, loan_id: bytes) -> LoanView:
        monkeypatch.setattr(deps.Snapshot, "loan", find)
        advance(portfolio, source)
        return find(snapshot, loan_id)

    monkeypatch.setattr(deps.Snapshot, "loan", find_late)
    assert http.get(loan).json() == before
    after = http.get(loan).json()
    assert after["block"]["number"] == portfolio.number > before["block"]["number"]
    assert int(after["loan"]["outstanding"]) < int(before["loan"]["outstanding"])
