"""The page in a real browser: readable, operable, inert, on wide and narrow screens."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from api.main import create_app
from scripts.toolchain import find_browser
from tests.portfolio import BAD_RUN, HOSTILE, Portfolio, mirrored, record_run
from tests.simulated_logs import LENDERS

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
]
WIDTHS = (320, 390, 768, 1024, 1120, 1280)
READABLE = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Site:
    """The running application and what it shows."""

    url: str
    portfolio: Portfolio

    def loan(self, name: str) -> str:
        return f"/loans/0x{self.portfolio.named[name].id.hex()}"

    def paths(self) -> list[str]:
        loans = [self.loan(name) for name in ("late", "early in part", "default", "cancelled")]
        held = f"/?find={LENDERS[3]}&party=holder"
        return ["/", held, *loans, "/trial-balance", "/reconciliation", "/docs", "/nothing"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    portfolio = Portfolio()
    portfolio.many(20)
    portfolio.live()
    store, node = mirrored(portfolio, tmp_path_factory.mktemp("book") / "book.db")
    with store:
        record_run(store, BAD_RUN)
        config = uvicorn.Config(create_app(store, head=node.head), port=0, log_level="error")
        with running(uvicorn.Server(config)) as url:
            yield Site(url, portfolio)


@contextmanager
def running(server: uvicorn.Server) -> Iterator[str]:
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_browser()
    assert program is not None, "no Chromium: run `make browser`"
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(program), args=ARGUMENTS)
        yield opened
        opened.close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Open]:
    """Open a path; the test fails if anything was loaded from elsewhere, refused or complained."""
    complaints: list[str] = []
    contexts = []

    def open_(path: str = "/", width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request",
            lambda request: (
                request.url.startswith(site.url) or complaints.append(f"asked {request.url}")
            ),
        )
        page.goto(site.url + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [text for text in complaints if "404 (Not Found)" not in text] == []


def test_page__a_reader_follows_a_loan__finds_schedule_holders_and_history(
    open_page: Open, site: Site
) -> None:
    page = open_page("/?lang=en")
    page.get_by_role("link", name="Active", exact=True).click()
    late = site.portfolio.named["late"]
    page.locator(f"a[href*='{late.id.hex()}']").click()
    schedule = page.get_by_role("table", name="Instalments with what is owed")
    second = schedule.get_by_role("row").filter(has_text="2026-03-01")
    assert "Overdue" in second.inner_text()
    assert "66 days late" in second.inner_text()
    assert "2,000.00" in second.inner_text()
    history = page.get_by_role("table", name="Every event of this loan")
    assert history.get_by_role("row").count() == late.seq + 1
    holders = page.get_by_role("table", name="Who holds or ever held notes")
    assert holders.get_by_role("row").count() == len(late.units) + 1
    page.get_by_role("link", name="All loans").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Loans"


def test_page__language_switched__changes_words_address_and_lang(open_page: Open) -> None:
    page = open_page("/trial-balance", locale="en-US")
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("link", name="简体中文").click()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert "lang=zh" in page.url
    page.get_by_role("link", name="借款", exact=True).click()
    assert "lang=zh" in page.url
    assert page.get_by_role("heading", level=1).inner_text() == "借款"


def test_page__searched_for_a_wallet__shows_what_it_holds(open_page: Open) -> None:
    page = open_page("/?lang=en")
    page.get_by_label("Loan or wallet").fill(LENDERS[3])
    page.get_by_label("Wallet is").select_option("holder")
    page.get_by_role("button", name="Find").click()
    assert page.get_by_role("columnheader", name="Units held").is_visible()
    assert page.locator("tbody tr").count() == 1


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_page__any_width__nothing_overflows(open_page: Open, site: Site, locale: str) -> None:
    page = open_page(locale=locale)
    for path in site.paths():
        page.goto(site.url + path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            root = "document.documentElement"
            over = page.evaluate(f"() => {root}.scrollWidth - {root}.clientWidth")
            assert over == 0, (path, width)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page__light_and_dark__every_text_is_readable(
    open_page: Open, site: Site, scheme: str
) -> None:
    page = open_page(color_scheme=scheme)
    for path in site.paths():
        page.goto(site.url + path)
        # Contrast as WCAG 2.2 computes it: 4.5 for text, 3 for large text.
        assert page.evaluate(READABLE) == [], path


def test_page__dark_scheme__is_dark(open_page: Open) -> None:
    shades = []
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        colour = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        shades.append(sum(int(part) for part in colour[4:-1].split(",")))
    assert shades[0] > 600
    assert shades[1] < 150


def test_page__narrow__tables_stay_tables(open_page: Open, site: Site) -> None:
    counts = []
    for width in (1280, 390):
        page = open_page(site.loan("late"), width=width, locale="en-US")
        table = page.get_by_role("table", name="Instalments with what is owed")
        counts.append(
            [table.get_by_role(role).count() for role in ("row", "columnheader", "rowheader")]
        )
    assert counts[0] == counts[1] == [14, 10, 13]


def test_page__stored_script__does_not_run(open_page: Open, site: Site) -> None:
    for path in ("/?status=repaid", site.loan("sold"), "/reconciliation"):
        page = open_page(path)
        assert page.get_by_text(HOSTILE).first.is_visible()


def test_page__script_that_got_in__is_refused_by_the_policy(browser: Browser, site: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.url)
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            const image = document.createElement("img");
            image.setAttribute("onerror", "window.ran = true");
            image.src = "/nothing.png";
            document.body.append(image);
        }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("() => window.ran") is None
    context.close()


def test_page__hash_copied__is_whole_and_said_so(open_page: Open, site: Site) -> None:
    page = open_page(
        site.loan("late"), permissions=["clipboard-read", "clipboard-write"], locale="en-US"
    )
    head = "0x" + site.portfolio.named["late"].head.hex()
    page.locator(f"button[data-copy='{head}']").first.click()
    page.get_by_role("status").get_by_text("Copied").wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()") == head


def test_page__without_scripts__shows_all_and_no_dead_button(open_page: Open, site: Site) -> None:
    page = open_page("/?lang=en", java_script_enabled=False)
    page.locator(f"a[href*='{site.portfolio.named['late'].id.hex()}']").count()
    assert page.locator("tbody tr").count() == 25
    assert page.locator("button.copy:visible").count() == 0
    page.get_by_role("link", name="Next page").click()
    assert page.locator("tbody tr").count() == len(site.portfolio.loans) - 25


def test_page__by_keyboard__skips_to_the_content_and_shows_focus(open_page: Open) -> None:
    page = open_page("/?lang=en")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    assert skip.evaluate("node => node === document.activeElement")
    assert skip.bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "content"
    for _ in range(2):
        page.keyboard.press("Tab")
    outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
