"""Real development chains for tests: Anvil and the Hardhat node, each on a free port."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from scripts.toolchain import CHAIN_ID, HARDFORK, ROOT, find_foundry, find_tool, tool_environment

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.05
_LOG_TAIL = 2_000


class NodeStartError(Exception):
    """A node ended, or gave no answer in time; the message ends with what it printed."""


@contextmanager
def anvil(*arguments: str, port: int | None = None) -> Iterator[str]:
    """Run Anvil (chain 31337, Prague) on 127.0.0.1; yield its RPC URL.

    Args:
        arguments: more of Anvil's options, such as `--block-time 1`.
        port: the port to listen on; a free one without it. Give one to start a node again
            where another has been.

    Raises:
        NodeStartError: it did not start.
    """
    port = port or free_port()
    command = [str(find_foundry("anvil")), "--hardfork", HARDFORK, "--chain-id", str(CHAIN_ID)]
    command += ["--host", "127.0.0.1", "--port", str(port), *arguments]
    with _running(command, f"http://127.0.0.1:{port}") as url:
        yield url


@contextmanager
def hardhat_node(port: int | None = None) -> Iterator[str]:
    """Run the Hardhat node of hardhat.config.js on 127.0.0.1; yield its RPC URL.

    Raises:
        NodeStartError: it did not start.
    """
    port = port or free_port()
    # Without the launcher in node_modules/.bin, so that the signal reaches the node itself.
    hardhat = find_tool("hardhat").resolve()
    command = [str(find_tool("node")), str(hardhat), "node"]
    command += ["--hostname", "127.0.0.1", "--port", str(port)]
    with _running(command, f"http://127.0.0.1:{port}") as url:
        yield url


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: Sequence[str], url: str) -> Iterator[str]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=tool_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            if not _answers(process, url):
                log.seek(0)
                printed = log.read()[-_LOG_TAIL:].decode(errors="replace")
                raise NodeStartError(f"{Path(command[0]).name} did not start:\n{printed}")
            yield url
        finally:
            _stop(process)


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    question = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            answer = httpx.post(url, json=question, trust_env=False).json()
        except httpx.TransportError:
            time.sleep(_POLL_SECONDS)
        else:
            return bool(answer.get("result") == hex(CHAIN_ID))
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
