"""The development chains start as configured, and end with their test."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest

from scripts.toolchain import CHAIN_ID
from tests.nodes import NodeStartError, anvil, hardhat_node


def ask(url: str, method: str, *params: object) -> dict[str, object]:
    question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return dict(httpx.post(url, json=question).json())


@pytest.mark.node
@pytest.mark.parametrize("node", [anvil, hardhat_node])
def test_node__started__is_the_configured_chain_until_it_ends(
    node: Callable[[], AbstractContextManager[str]],
) -> None:
    with node() as url:
        assert ask(url, "eth_chainId")["result"] == hex(CHAIN_ID)
        block = ask(url, "eth_getBlockByNumber", "latest", False)["result"]
        # Prague was the first fork with a requests hash in the header.
        assert isinstance(block, dict)
        assert "requestsHash" in block
    with pytest.raises(httpx.ConnectError):
        ask(url, "eth_chainId")


@pytest.mark.node
def test_anvil__unknown_option__says_what_it_printed() -> None:
    with pytest.raises(NodeStartError, match="--no-such-option"), anvil("--no-such-option"):
        pass
