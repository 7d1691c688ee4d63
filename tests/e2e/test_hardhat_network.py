"""Every command of hardhat_network.md, run as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.toolchain import ROOT, tool_environment
from tests.nodes import free_port

PAGE = (ROOT / "hardhat_network.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
START_SECONDS = 120
COPIED = ("tests", "scripts", "hardhat.config.js", "package.json", "pyproject.toml")
LINKED = (".venv", "node_modules", "api", "contracts", "ledger")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the repository just after set-up."""
    for name in COPIED:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, tmp_path / name)
    for name in LINKED:
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def environment() -> dict[str, str]:
    inherited = tool_environment()
    return {name: value for name, value in inherited.items() if "LOANBOOK_" not in name}


def blocks(kind: str, port: int) -> list[str]:
    return [text.replace("8545", str(port)) for found, text in BLOCK.findall(PAGE) if found == kind]


@pytest.fixture
def port(folder: Path, environment: dict[str, str]) -> Iterator[int]:
    """The node, started with the page's own command, on a port that is free."""
    number = free_port()
    (command,) = blocks("sh node", number)
    log = folder / "node.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while f"127.0.0.1:{number}" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield number
    finally:
        process.terminate()
        process.wait()


def test_page__fences__are_all_commands() -> None:
    assert {kind for kind, _ in BLOCK.findall(PAGE)} == {"sh", "sh node"}


@pytest.mark.node
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_page__every_command__works(folder: Path, environment: dict[str, str], port: int) -> None:
    script = "set -euxo pipefail\n" + "\n".join(blocks("sh", port))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    assert "Opened, funded, disbursed: 2 loans" in done.stdout
    assert "Findings: none" in done.stdout
    assert (folder / "books" / "loans.csv").exists()
    before, travelled, reverted = (
        int(line) for line in done.stdout.split("\n") if re.fullmatch(r"1[0-9]{9}", line)
    )
    assert travelled - before >= 30 * 86_400
    assert reverted - before < 86_400
