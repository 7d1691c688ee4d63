"""A node that fails in every way that HTTP allows: the client tries again, or says what it met."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ledger.chain.client import Client, connect
from ledger.chain.transport import HttpTransport
from ledger.errors import MethodMissing, NodeLimit, NodeRefused, NodeUnreachable

Fault = Callable[[BaseHTTPRequestHandler, Any], bool]
"""Answers a request in its own way and returns True, or returns False for an honest answer."""


class Server(ThreadingHTTPServer):
    """Knows chain id and version; serves the faults in its queue first, one a request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults: list[Fault] = []
        self.requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        server.requests += 1
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault = server.faults.pop(0) if server.faults else None
        if fault is None or not fault(self, question):
            reply(self, honest(question))

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def honest(question: Any) -> Any:
    if isinstance(question, list):
        return [honest(item) for item in question]
    results = {"eth_chainId": "0x7a69", "web3_clientVersion": "by hand"}
    if question["method"] in results:
        return {"jsonrpc": "2.0", "id": question["id"], "result": results[question["method"]]}
    if question["method"] == "eth_getTransactionReceipt":
        return {"jsonrpc": "2.0", "id": question["id"], "result": None}
    return {"jsonrpc": "2.0", "id": question["id"], "error": {"code": -32601, "message": "no"}}


def reply(handler: BaseHTTPRequestHandler, answer: Any, status: int = 200) -> bool:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    return True


def status(code: int, answer: Any = b"") -> Fault:
    return lambda handler, _: reply(handler, answer, code)


def closes(handler: BaseHTTPRequestHandler, _question: Any) -> bool:
    handler.close_connection = True
    return True


def hangs(_handler: BaseHTTPRequestHandler, _question: Any) -> bool:
    time.sleep(0.5)
    return False


def shuffled(handler: BaseHTTPRequestHandler, question: Any) -> bool:
    return reply(handler, list(reversed(honest(question))))


def partial(handler: BaseHTTPRequestHandler, question: Any) -> bool:
    return reply(handler, honest(question)[1:])


def repeated(handler: BaseHTTPRequestHandler, question: Any) -> bool:
    return reply(handler, [honest(question)[0]] * len(question))


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.mark.parametrize(
    "fault",
    [
        status(429),
        status(500),
        status(503, {"error": {"code": -32000, "message": "overloaded"}}),
        status(200, b'{"jsonrpc": "2.0", "resu'),
        status(200, b"<html>"),
        status(200, [1, 2]),
        status(200, {"jsonrpc": "2.0", "id": 0}),
        status(200, {"error": {"code": -32005, "message": "rate limit reached"}}),
        closes,
        hangs,
    ],
)
def test_request__fails_twice_and_recovers__answer(server: Server, fault: Fault) -> None:
    server.faults = [fault, fault]

    client = connect(server.url, timeout=0.3)

    assert client.chain_id == 31337
    assert server.requests == 3


def test_request__keeps_failing__unreachable_after_the_attempts(server: Server) -> None:
    server.faults = [status(503)] * 10

    with pytest.raises(NodeUnreachable, match="HTTP 503") as caught:
        connect(server.url, attempts=3)

    assert server.requests == 3
    assert caught.value.retry


def test_request__refusal__not_asked_again(server: Server) -> None:
    client = connect(server.url)
    before = server.requests

    with pytest.raises(MethodMissing):
        client.transport.request("eth_getProof", [])

    assert server.requests == before + 1


def test_request__refusal_under_an_http_error__read(server: Server) -> None:
    transport = HttpTransport(server.url)
    server.faults = [status(400, {"error": {"code": -32602, "message": "block range is too wide"}})]

    with pytest.raises(NodeLimit):
        transport.request("eth_getLogs", [{}])


def test_request__moves_the_clock_and_reply_is_lost__not_repeated(server: Server) -> None:
    transport = HttpTransport(server.url)
    server.faults = [closes]

    with pytest.raises(NodeUnreachable):
        transport.request("evm_mine", [])

    assert server.requests == 1


@pytest.mark.parametrize("fault", [partial, repeated, status(200, []), closes])
def test_batch__not_every_answer__asked_again(server: Server, fault: Fault) -> None:
    client = Client(HttpTransport(server.url))
    server.faults = [fault]

    assert client.receipts([bytes(32), bytes(32)]) == [None, None]
    assert server.requests == 2


def test_batch__answers_in_another_order__matched_by_id(server: Server) -> None:
    transport = HttpTransport(server.url)
    server.faults = [shuffled]

    answers = transport.batch([("eth_chainId", []), ("web3_clientVersion", []), ("eth_x", [])])

    assert answers[:2] == ["0x7a69", "by hand"]
    assert isinstance(answers[2], MethodMissing)


def test_batch__refused_as_a_whole__raised(server: Server) -> None:
    transport = HttpTransport(server.url)
    server.faults = [status(200, {"error": {"code": -32600, "message": "batches are off"}})]

    with pytest.raises(NodeRefused, match="batches are off"):
        transport.batch([("eth_chainId", [])])
