"""Bad input, missing things and failing parts: each a problem document, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from api.main import create_app
from ledger.core.types import BlockRef, Timestamp
from ledger.errors import CodecError, NodeUnreachable, StoreBusy, StoreError
from ledger.store import Store, open_store
from tests.portfolio import BAD_RUN, Portfolio, mirrored, record_run
from tests.simulated_logs import LENDERS, address

ZERO_ID = "0x" + "00" * 32


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    portfolio = Portfolio()
    portfolio.open_all()
    store, _ = mirrored(portfolio, tmp_path_factory.mktemp("book") / "book.db")
    with store:
        yield store


@pytest.fixture
def http(book: Store) -> TestClient:
    return TestClient(create_app(book), raise_server_exceptions=False)


def problem(response: Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in response.text
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["type"].startswith("/docs#problem-")
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == response.request.url.path
    return document


@pytest.mark.parametrize(
    "path",
    [
        "/v1/loans?limit=0",
        "/v1/loans?limit=-1",
        "/v1/loans?limit=201",
        "/v1/loans?limit=1e2",
        "/v1/loans?limit=1_0",
        "/v1/loans?limit=%EF%BC%91%EF%BC%90",  # full-width digits
        "/v1/loans?limit=%D9%A1",  # Arabic-Indic digit
        "/v1/loans?limit=NaN",
        "/v1/loans?limit=" + "9" * 400,
        "/v1/loans?after=" + "9" * 400,
        "/v1/loans?after=-1",
        "/v1/loans?after=1-1",
        "/v1/loans?after=%D9%A1",
        "/v1/loans?status=late",
        "/v1/loans?status=",
        "/v1/loans?staus=active",
        "/v1/loans?borrower=0x12",
        "/v1/loans?borrower=" + address("x").replace("a", "A").replace("b", "B"),
        "/v1/loans?product=" + "x" * 33,
        "/v1/loans?product=%E8%B4%B7",
        "/v1/loans?product=%00",
        "/v1/journal?after=abc",
        f"/v1/loans/{ZERO_ID}/history?limit=1000",
        "/v1/loans/0x12",
        "/v1/loans/" + "0" * 64,
        "/v1/loans/0x" + "%EF%BC%91" * 64,
        "/v1/loans/0x" + "0 " * 32,
        "/v1/loans/0x" + "00 " * 21 + "0",
        "/v1/loans/1",
        "/v1/holders/bob/positions",
        "/v1/holders/0x" + "zz" * 20 + "/positions",
    ],
)
def test_input__not_usable__is_422_with_the_reason(http: TestClient, path: str) -> None:
    document = problem(http.get(path), 422)
    (error,) = document["errors"]
    assert error["field"].split(".")[0] in ("path", "query")
    assert error["problem"]
    assert error["problem"] in document["detail"]


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/loans/{ZERO_ID}",
        f"/v1/loans/{ZERO_ID}/history",
        f"/v1/loans/{ZERO_ID}/schedule",
        f"/v1/loans/{ZERO_ID}/holders",
        "/v1/nothing",
        "/v1/loans/",
        "/nothing",
        "/static/../main.py",
    ],
)
def test_address__of_nothing__is_404(http: TestClient, path: str) -> None:
    problem(http.get(path), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_method__that_only_writes__is_405_and_names_what_is_allowed(
    http: TestClient, method: str
) -> None:
    response = http.request(method, "/v1/book")
    problem(response, 405)
    assert response.headers["allow"] == "GET"


def test_book__not_mirrored_yet__is_503_to_try_again(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/book.db") as store:
        http = TestClient(create_app(store))
        for path in ("/v1/book", "/v1/loans", "/readyz"):
            response = http.get(path)
            document = problem(response, 503)
            assert document["retry"] is True
            assert "loanbook mirror" in document["detail"]
            assert response.headers["retry-after"] == "5"
        assert http.get("/healthz").status_code == 200


def test_readyz__mirror_far_behind__is_503_with_the_lag(book: Store) -> None:
    with book.read() as view:
        standing = view.standing()
    assert standing is not None
    ahead = BlockRef(standing.block.number + 8, bytes(32), bytes(32), Timestamp(1))
    document = problem(
        TestClient(create_app(book, head=lambda: ahead, max_lag=7)).get("/readyz"), 503
    )
    assert "8 behind" in document["detail"]
    assert (
        TestClient(create_app(book, head=lambda: ahead, max_lag=8)).get("/readyz").json()["lag"]
        == 8
    )


def test_readyz__chain_does_not_answer__is_503_without_its_address(book: Store) -> None:
    def head() -> BlockRef:
        raise NodeUnreachable("http://user:password@node:8545", "refused")

    document = problem(TestClient(create_app(book, head=head)).get("/readyz"), 503)
    assert "password" not in str(document)


def test_readyz__reconciliation_has_findings__is_503(tmp_path: Path) -> None:
    portfolio = Portfolio()
    store, _ = mirrored(portfolio, tmp_path / "book.db")
    with store:
        record_run(store, BAD_RUN)
        http = TestClient(create_app(store))
        assert "findings" in problem(http.get("/readyz"), 503)["detail"]
        assert http.get("/v1/reconciliation").json()["latest"]["ok"] is False


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreBusy("database sqlite:////secret/book.db is locked"), 503),
        (StoreError("database sqlite:////secret/book.db cannot be used"), 503),
        (CodecError("Loan.secret", "is no decimal string"), 500),
        (ZeroDivisionError("secret"), 500),
    ],
)
def test_failure__inside__is_a_problem_that_tells_nothing_private(
    http: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("api.routes.loans.present.loan_detail", fail)
    monkeypatch.setattr("api.deps.Snapshot.loan", fail)
    assert "secret" not in str(problem(http.get(f"/v1/loans/{ZERO_ID}"), status))


def test_headers__any_answer__carry_the_policy(http: TestClient) -> None:
    for path in ("/", "/v1/book", "/v1/nothing", "/v1/loans?limit=0", "/static/style.css", "/docs"):
        headers = http.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_head__any_route__is_get_without_a_body(http: TestClient) -> None:
    for path in ("/", "/v1/book", f"/v1/holders/{LENDERS[0]}/positions"):
        response = http.head(path)
        assert response.status_code == 200
        assert response.content == b""
        assert response.headers["etag"] == http.get(path).headers["etag"]
