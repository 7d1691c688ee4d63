"""The pages as the server writes them: two languages, plain links, and nothing that can run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from ledger.store import Store, open_store
from tests.portfolio import BAD_RUN, HOSTILE, Portfolio, mirrored, record_run
from tests.simulated_logs import BORROWER, LENDERS

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    portfolio = Portfolio()
    portfolio.many(20)
    portfolio.live()
    return portfolio


@pytest.fixture(scope="module")
def book(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store, _ = mirrored(portfolio, tmp_path_factory.mktemp("book") / "book.db")
    with store:
        record_run(store, BAD_RUN)
        yield store


@pytest.fixture(scope="module")
def http(book: Store) -> TestClient:
    return TestClient(create_app(book), headers=BROWSER, follow_redirects=False)


class Seen(HTMLParser):
    """What a page consists of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(html)
        self.text = "".join(self.pieces)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    def links(self) -> list[str]:
        return [attrs["href"] or "" for tag, attrs in self.tags if tag == "a" and "href" in attrs]


def addresses(portfolio: Portfolio) -> list[str]:
    loans = [f"/loans/0x{loan.id.hex()}" for loan in portfolio.named.values()]
    return ["/", "/trial-balance", "/reconciliation", "/docs", "/nothing", *loans[-8:]]


def page(http: TestClient, path: str, **headers: str) -> Seen:
    response = http.get(path, headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Seen(response.text)


def test_pages__any__hold_nothing_that_runs_and_nothing_from_elsewhere(
    http: TestClient, portfolio: Portfolio
) -> None:
    for path in addresses(portfolio):
        seen = Seen(http.get(path).text)
        for tag, attrs in seen.tags:
            assert "style" not in attrs, (path, tag)
            assert not any(name.startswith("on") for name in attrs), (path, tag)
            for name in ("src", "href", "action"):
                target = attrs.get(name) or "/"
                assert target.startswith(("/", "#")), (path, tag, target)
                assert not target.startswith("//")
            if tag == "script":
                assert attrs == {"type": "module", "src": "/static/copy.js"}
            assert tag not in ("style", "iframe", "object", "embed")


def test_pages__stored_script__is_text(http: TestClient, portfolio: Portfolio) -> None:
    for path in (
        "/?status=repaid",
        f"/loans/0x{portfolio.named['sold'].id.hex()}",
        "/reconciliation",
    ):
        response = http.get(path)
        assert HOSTILE not in response.text
        assert HOSTILE in Seen(response.text).text


def test_pages__asked_script__is_text(http: TestClient) -> None:
    for path in (f"/?product={HOSTILE}", f"/?find={HOSTILE}", f"/?lang={HOSTILE}"):
        assert HOSTILE not in http.get(path).text


@pytest.mark.parametrize(
    ("query", "header", "tag", "word"),
    [
        ("", "en-GB", "en", "Outstanding"),
        ("", "zh-CN,zh;q=0.9", "zh-Hans", "借贷余额"),
        ("?lang=zh", "en-GB", "zh-Hans", "逾期天数"),
        ("?lang=en", "zh-CN", "en", "Days past due"),
        ("?lang=xx", "zh-CN", "zh-Hans", "等额本息"),
    ],
)
def test_language__asked_or_wished__is_the_pages(
    http: TestClient, query: str, header: str, tag: str, word: str
) -> None:
    response = http.get(f"/{query}", headers={"Accept-Language": header})
    seen = Seen(response.text)
    assert ("html", {"lang": tag}) in seen.tags
    assert response.headers["content-language"] == tag
    assert response.headers["vary"] == "Accept-Language"
    assert word in seen.text


def test_language__chosen__stays_in_links_and_form(http: TestClient) -> None:
    seen = page(http, "/?lang=zh&status=active")
    inside = [link for link in seen.links() if link.startswith("/loans/")]
    assert inside
    assert all(link.endswith("?lang=zh") for link in inside)
    assert ("input", {"type": "hidden", "name": "lang", "value": "zh"}) in seen.tags
    assert any(
        parse_qs(link[2:]) == {"lang": ["en"], "status": ["active"]} for link in seen.links()
    )


def test_loans__more_than_a_page__lead_on_with_the_filter(
    http: TestClient, portfolio: Portfolio
) -> None:
    path: str | None = "/?status=funding&lang=en"
    found: list[str] = []
    while path:
        seen = page(http, path)
        found += [link for link in seen.links() if link.startswith("/loans/")]
        following = [attrs["href"] for _, attrs in seen.tags if attrs.get("rel") == "next"]
        path = following[0] if following else None
    expected = [loan for name, loan in portfolio.named.items() if name.startswith(("many", "fund"))]
    assert found == [f"/loans/0x{loan.id.hex()}?lang=en" for loan in expected]


def test_search__loan_id__leads_to_the_loan(http: TestClient, portfolio: Portfolio) -> None:
    loan = f"0x{portfolio.named['late'].id.hex()}"
    response = http.get(f"/?find={loan}&party=holder&lang=zh")
    assert response.status_code == 303
    assert response.headers["location"] == f"/loans/{loan}?lang=zh"


def test_search__wallet__shows_its_loans_and_what_it_holds(
    http: TestClient, portfolio: Portfolio
) -> None:
    sold = f"/loans/0x{portfolio.named['sold'].id.hex()}"
    held = page(http, f"/?find={LENDERS[3]}&party=holder")
    assert [link for link in held.links() if link.startswith("/loans/")] == [sold]
    assert "Units held" in held.text
    assert "1,000.00" in held.text
    owed = page(http, f"/?find={LENDERS[3]}&party=borrower")
    assert [link for link in owed.links() if link.startswith("/loans/")] == [sold]
    assert "Units held" not in owed.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        (f"/loans/0x{'00' * 32}", 404),
        ("/loans/1", 422),
        ("/?find=bob", 422),
        ("/?status=late", 422),
        ("/?find=" + "0x" + "z" * 64, 303),
    ],
)
def test_error__in_a_browser__is_a_page_in_its_language(
    http: TestClient, path: str, status: int
) -> None:
    response = http.get(path, headers={"Accept-Language": "zh-CN"})
    assert response.status_code == status
    if status != 303:
        assert "无法显示此页" in response.text
        assert "Traceback" not in response.text


def test_error__elsewhere__is_a_problem_document(http: TestClient) -> None:
    assert http.get("/v1/nothing").headers["content-type"] == "application/problem+json"
    plain = http.get("/nothing", headers={"Accept": "*/*"})
    assert plain.headers["content-type"] == "application/problem+json"


def test_loans__nothing_mirrored_yet__says_so(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/book.db") as store:
        response = TestClient(create_app(store), headers=BROWSER).get("/")
    assert response.status_code == 503
    assert "loanbook mirror" in response.text


def test_loan__every_story__shows_schedule_history_and_holders(
    http: TestClient, portfolio: Portfolio
) -> None:
    for name in ("on time", "late", "early in full", "early in part", "default", "cancelled"):
        loan = portfolio.named[name]
        seen = page(http, f"/loans/0x{loan.id.hex()}")
        copied = {attrs.get("data-copy") for _, attrs in seen.tags}
        assert f"0x{loan.head.hex()}" in copied
        assert BORROWER in copied
        captions = sum(tag == "caption" for tag, _ in seen.tags)
        assert captions == sum(tag == "table" for tag, _ in seen.tags)


def test_reconciliation__with_findings__shows_them(http: TestClient) -> None:
    seen = page(http, "/reconciliation?lang=zh")
    assert "存在差异" in seen.text
    assert "state.outstanding" in seen.text


def test_docs__every_operation_and_problem__is_listed(http: TestClient) -> None:
    seen = page(http, "/docs")
    document = http.get("/openapi.json").json()
    for path in document["paths"]:
        assert path in seen.text
    anchors = {attrs.get("id") for _, attrs in seen.tags}
    targets = {link[1:] for link in seen.links() if link.startswith("#")}
    assert targets - {"content"} <= anchors
    problem = http.get("/v1/loans/1").json()["type"]
    assert problem.removeprefix("/docs#") in anchors


def test_loan__more_events_than_a_page__lead_on_to_the_last(
    http: TestClient, portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.web.pages.EVENTS_ON_A_PAGE", 4)
    loan = portfolio.named["sold"]
    path: str | None = f"/loans/0x{loan.id.hex()}"
    sequence: list[str] = []
    while path:
        seen = page(http, path)
        following = [attrs["href"] for _, attrs in seen.tags if attrs.get("rel") == "next"]
        path = following[0] if following else None
        sequence += re.findall(r"^(\d+)\. $", "\n".join(seen.pieces), re.MULTILINE)
    assert sequence == [str(number) for number in range(1, loan.seq + 1)]
