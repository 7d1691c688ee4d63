"""JSON-RPC over HTTP: requests and batches with retries, failures as Loanbook errors."""

import logging
import re
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

import orjson
import requests
import tenacity
from eth_typing import URI
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from ledger.chain.reverts import decode_revert
from ledger.errors import (
    BlockUnknown,
    ChainError,
    ConfigError,
    MethodMissing,
    NodeLimit,
    NodeRefused,
    NodeUnreachable,
)

log = logging.getLogger(__name__)

Question: TypeAlias = tuple[str, Sequence[Any]]
"""Method and parameters."""

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
"""Seconds between two attempts: exponential with jitter, up to the second."""

# EIP-1474: "method not found" and "method not supported", "resource not found" (a block that
# the node does not have), "limit exceeded".
_METHOD_MISSING = {-32601, -32004}
_NOT_FOUND = -32001
_LIMIT_EXCEEDED = -32005
_BUSY = re.compile(r"rate.?limit|too many requests|request rate|throttl|capacity", re.I)
_LIMIT = re.compile(
    r"more than \d+|block range|range (is )?too|too (large|wide|many|big)|limit exceeded|"
    r"exceed\w* (the )?(max|limit|range|size)|max\w* (block|result|range|response)|response size",
    re.I,
)
_NO_BLOCK = re.compile(
    r"unknown block|header not found|block not found|block ?out ?of ?range|invalid block tag|"
    r"(no|missing) (state|trie node)|not been mined|no block found",
    re.I,
)
# A lost reply to one of these must not make it happen twice.
_NOT_REPEATABLE = re.compile(r"(evm|anvil|hardhat|testing)_")
_REVERTED = re.compile(r"revert", re.I)


class Transport(Protocol):
    """Where a client's questions go. Results are JSON as the node gives it."""

    @property
    def name(self) -> str:
        """Where it goes, without anything secret."""

    def request(self, method: str, params: Sequence[Any]) -> Any:
        """Ask one question. Raises a ``ChainError``."""

    def batch(self, questions: Sequence[Question]) -> list[Any]:
        """Ask many at once; a question that the node refused has its ``ChainError`` as answer."""


def ask_many(transport: Transport, questions: Sequence[Question]) -> list[Any]:
    """Ask in a batch, or one by one where the node takes none. Answers as ``Transport.batch``."""
    try:
        return transport.batch(questions)
    except NodeRefused as refusal:
        log.debug("%s takes no batch: %s", transport.name, refusal)
    answers: list[Any] = []
    for method, params in questions:
        try:
            answers.append(transport.request(method, params))
        except NodeUnreachable:
            raise
        except ChainError as error:
            answers.append(error)
    return answers


class HttpTransport:
    """A node behind a URL. Safe to share between threads.

    ``timeout`` in seconds for one attempt, ``attempts`` at most, counting the first.
    """

    def __init__(self, url: str, *, timeout: float = 30.0, attempts: int = 5) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError("rpc_url", "expected http://HOST:PORT or https://...")
        # The path and the user part of a URL often carry an API key.
        self._name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._provider = _Provider(url, timeout)
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(attempts),
            wait=tenacity.wait_exponential_jitter(
                multiplier=FIRST_WAIT, max=LONGEST_WAIT, jitter=FIRST_WAIT
            ),
            retry=tenacity.retry_if_exception_type(NodeUnreachable),
            reraise=True,
        )

    @property
    def name(self) -> str:
        """Scheme, host and port."""
        return self._name

    def request(self, method: str, params: Sequence[Any]) -> Any:
        """Ask one question. Raises a ``ChainError``."""

        def ask() -> Any:
            answer = self._send(self._provider.encode_rpc_request(RPCEndpoint(method), params))
            if not isinstance(answer, dict):
                raise NodeUnreachable(self._name, f"answered {method} with something else")
            return self._result(method, answer)

        return ask() if _NOT_REPEATABLE.match(method) else self._retrying(ask)

    def batch(self, questions: Sequence[Question]) -> list[Any]:
        """Ask many at once; a question that the node refused has its ``ChainError`` as answer."""
        if not questions:
            return []
        return self._retrying(self._batch, questions)

    def _batch(self, questions: Sequence[Question]) -> list[Any]:
        body = self._provider.encode_batch(questions)
        answers = self._send(body)
        if isinstance(answers, dict):
            # The whole batch was refused: too large, or the node is busy.
            self._result("a batch", answers)
        by_id = (
            {item.get("id"): item for item in answers if isinstance(item, dict)}
            if isinstance(answers, list)
            else {}
        )
        if len(by_id) != len(questions):
            raise NodeUnreachable(
                self._name, f"answered {len(by_id)} of a batch of {len(questions)}"
            )
        results: list[Any] = []
        for index, (method, _) in enumerate(questions):
            try:
                results.append(self._result(method, by_id.get(index, {})))
            except NodeUnreachable:
                raise
            except ChainError as error:
                results.append(error)
        return results

    def _send(self, body: bytes) -> Any:
        try:
            return orjson.loads(self._provider.post(body))
        except requests.HTTPError as error:
            answer = _error_body(error.response)
            if answer is None:
                raise NodeUnreachable(self._name, _http_problem(error)) from error
            return answer
        except requests.RequestException as error:
            raise NodeUnreachable(self._name, type(error).__name__) from error
        except orjson.JSONDecodeError as error:
            raise NodeUnreachable(self._name, "it does not answer in JSON") from error

    def _result(self, method: str, answer: dict[str, Any]) -> Any:
        error = answer.get("error")
        if error is not None:
            raise node_error(self._name, method, error)
        if "result" not in answer:
            raise NodeUnreachable(self._name, f"answered {method} with no result")
        return answer["result"]


class _Provider(HTTPProvider):
    """web3's HTTP sessions, without its middleware and with one fast JSON reader."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__(
            url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None
        )
        self._url = URI(url)

    def encode_rpc_request(self, method: RPCEndpoint, params: Any) -> bytes:
        return orjson.dumps({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})

    @staticmethod
    def encode_batch(questions: Sequence[Question]) -> bytes:
        return orjson.dumps(
            [
                {"jsonrpc": "2.0", "id": index, "method": method, "params": params}
                for index, (method, params) in enumerate(questions)
            ]
        )

    def post(self, body: bytes) -> bytes:
        return self._request_session_manager.make_post_request(
            self._url, body, **self.get_request_kwargs()
        )


def node_error(name: str, method: str, error: Any) -> ChainError:
    """Return the Loanbook error for a JSON-RPC error object."""
    if not isinstance(error, dict):
        error = {"message": str(error)}
    code = error.get("code", 0)
    code = code if isinstance(code, int) else 0
    message = str(error.get("message", ""))
    data = revert_data(error.get("data"))
    if code == 3 or data or _REVERTED.search(message):
        return decode_revert(data or b"", message)
    if code in _METHOD_MISSING:
        return MethodMissing(method, code, message)
    if _BUSY.search(message) or code == 429:
        return NodeUnreachable(name, message)
    if code == _NOT_FOUND or _NO_BLOCK.search(message):
        return BlockUnknown(message)
    if code == _LIMIT_EXCEEDED or _LIMIT.search(message):
        return NodeLimit(method, code, message)
    return NodeRefused(method, code, message)


def revert_data(data: Any) -> bytes | None:
    """Return what a contract gave with its refusal, wherever the node puts it."""
    if isinstance(data, dict):
        # Hardhat wraps it once more.
        return revert_data(data.get("data") or data.get("result"))
    if isinstance(data, str):
        text = data.removeprefix("Reverted ").removeprefix("0x")
        try:
            return bytes.fromhex(text)
        except ValueError:
            return None
    return None


def _http_problem(error: requests.HTTPError) -> str:
    return f"HTTP {error.response.status_code}" if error.response is not None else "HTTP error"


def _error_body(response: requests.Response | None) -> Any:
    """Return the JSON-RPC error that some nodes send under an HTTP error status."""
    if response is None or response.status_code in {429, 502, 503, 504}:
        return None
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) and "error" in answer else None
