"""``loanbook serve``, and an auditor who compares what it publishes with the chain."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.cli import run, start
from tests.nodes import anvil

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("cli_serve")]

START_SECONDS = 120.0
TAPE = """\
id,principal,annual_rate,periods,value_date,method,timezone
S-1,1200000,0.12,12,2018-01-01,annuity,UTC
"""


@dataclass(frozen=True)
class Service:
    node: str
    api: str
    book: str
    folder: Path
    process: subprocess.Popen[str]

    def replay(self, api: str) -> Any:
        return run("replay", "--rpc", self.node, "--book", self.book, "--compare", api, "--json")


def listening_url(process: subprocess.Popen[str]) -> str:
    """Read what the service says until it names its address."""
    assert process.stderr is not None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if "Serving" in line and found:
            # What follows must not fill the pipe.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return found[0]
        assert line or process.poll() is None, "the service has ended"
    raise AssertionError("the service did not start")


def wait_until_alive(api: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{api}/healthz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the service does not answer")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("serve")
    (folder / "tape.csv").write_text(TAPE)
    with anvil() as node:
        assert run("deploy", "--rpc", node, folder=folder).code == 0
        book = orjson.loads((folder / "deployments/31337.json").read_bytes())["book"]["address"]
        process = start(("serve", "--rpc", node, "--port", "0"), folder)
        try:
            api = listening_url(process)
            wait_until_alive(api)
            yield Service(node, api, book, folder, process)
        finally:
            process.kill()
            process.wait()


def test_serve__new_loan__appears_without_a_restart(service: Service) -> None:
    command = ("tape", "import", "tape.csv", "--profile", "generic", "--rpc", service.node)
    answer = run(*command, "--db", "sqlite:///sender.db", folder=service.folder)
    assert answer.code == 0, answer.err
    deadline = time.monotonic() + START_SECONDS
    items: list[Any] = []
    while not items and time.monotonic() < deadline:
        time.sleep(0.2)
        items = httpx.get(f"{service.api}/v1/loans", trust_env=False).json()["items"]
    assert [item["status"] for item in items] == ["active"]


def test_replay__compare__agrees_with_the_honest_api(service: Service) -> None:
    answer = service.replay(service.api)
    assert answer.code == 0, answer.out
    assert answer.json["ok"]


def test_replay__compare__finds_what_a_lying_api_changed(service: Service) -> None:
    published = httpx.get(f"{service.api}/v1/book", trust_env=False).json()
    lie = published | {"journal": published["journal"] | {"root": "0x" + "00" * 32}}

    class Liar(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(orjson.dumps(lie))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Liar) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answer = service.replay(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert answer.code == 1
    assert [finding["code"] for finding in answer.json["findings"]] == ["published"]
    assert answer.json["findings"][0]["where"] == "the API's journal"


def test_replay__compare__api_that_is_not_there_exits_3(service: Service) -> None:
    answer = service.replay("http://127.0.0.1:1")
    assert answer.code == 3
    assert "gives no usable answer" in answer.err


def test_serve__without_a_node__serves_an_empty_book_of_its_own(tmp_path: Path) -> None:
    process = start(("serve", "--port", "0"), tmp_path)
    try:
        api = listening_url(process)
        wait_until_alive(api)
        book = httpx.get(f"{api}/v1/book", trust_env=False).json()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert (book["loans"], len(book["settlements"])) == (0, 4)
    assert list(tmp_path.iterdir()) == []


def test_serve__port_in_use__exits_2_before_anything_else(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = run("demo", "--serve", "--port", port, folder=tmp_path)
    assert answer.code == 2
    assert f"port {port}" in answer.err


def test_serve__terminated__ends_by_itself(service: Service) -> None:
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 128 + signal.SIGTERM
