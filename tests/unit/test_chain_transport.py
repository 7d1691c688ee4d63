"""What the errors of different nodes become."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.chain.transport import HttpTransport, node_error, revert_data
from ledger.errors import (
    BlockUnknown,
    ConfigError,
    LoanbookError,
    MethodMissing,
    NodeLimit,
    NodeRefused,
    NodeUnreachable,
    Reverted,
)

IS_PAUSED = "0x1309a563"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        # Anvil
        ({"code": 3, "message": "execution reverted", "data": IS_PAUSED}, Reverted),
        ({"code": -32001, "message": "Resource not found"}, BlockUnknown),
        ({"code": -32601, "message": "Method not found"}, MethodMissing),
        # Hardhat
        (
            {"code": 3, "message": "Error: reverted", "data": {"message": "x", "data": IS_PAUSED}},
            Reverted,
        ),
        ({"code": -32004, "message": "Method eth_x is not supported"}, MethodMissing),
        ({"code": -32000, "message": "Received invalid block tag 0x01. Latest"}, BlockUnknown),
        # geth
        ({"code": 3, "message": "execution reverted: why", "data": "0x08c379a0"}, Reverted),
        ({"code": -32000, "message": "header not found"}, BlockUnknown),
        ({"code": -32000, "message": "missing trie node abc"}, BlockUnknown),
        ({"code": -32000, "message": "nonce too low: next nonce 5, tx nonce 4"}, NodeRefused),
        ({"code": -32000, "message": "insufficient funds for gas * price"}, NodeRefused),
        ({"code": -32000, "message": "replacement transaction underpriced"}, NodeRefused),
        # hosted nodes
        ({"code": -32005, "message": "query returned more than 10000 results"}, NodeLimit),
        ({"code": -32602, "message": "block range is too wide"}, NodeLimit),
        ({"code": -32000, "message": "exceed maximum block range: 5000"}, NodeLimit),
        ({"code": -32600, "message": "Log response size exceeded"}, NodeLimit),
        ({"code": -32005, "message": "daily request rate exceeded"}, NodeUnreachable),
        ({"code": 429, "message": "slow down"}, NodeUnreachable),
        # Besu, Nethermind
        ({"code": -32000, "message": "Execution reverted", "data": IS_PAUSED}, Reverted),
        ({"code": -32015, "message": "VM execution error", "data": "Reverted 0x"}, NodeRefused),
        ({"code": -32015, "message": "VM error", "data": f"Reverted {IS_PAUSED}"}, Reverted),
        # malformed
        ("boom", NodeRefused),
        ({}, NodeRefused),
        ({"code": "x", "message": None}, NodeRefused),
    ],
)
def test_node_error__known_shapes__their_kind(error: Any, kind: type[LoanbookError]) -> None:
    assert type(node_error("here", "eth_call", error)) is kind


@pytest.mark.parametrize("data", [None, 7, "0xzz", {"data": None}, {}, []])
def test_revert_data__nothing_usable__none(data: object) -> None:
    assert revert_data(data) is None


@pytest.mark.parametrize("url", ["", "localhost", "ftp://x", "http://", "file:///etc/passwd"])
def test_http_transport__not_an_http_url__refused(url: str) -> None:
    with pytest.raises(ConfigError, match="rpc_url"):
        HttpTransport(url)


def test_http_transport__name__without_keys() -> None:
    assert HttpTransport("https://me:key@node.example:1/v3/key").name == "https://node.example:1"
