"""Where the tools that `make setup` installs lie, for scripts and tests."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = ROOT / "node_modules"
# Fixed from the first release on: py-evm, Hardhat and Anvil all run it.
HARDFORK = "prague"
CHAIN_ID = 31337

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PROCESSORS = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def tool_environment() -> dict[str, str]:
    """Return this process's environment with the project's tools first on PATH."""
    folders = [str(Path(sys.prefix) / "bin"), str(NODE_MODULES / ".bin")]
    return os.environ | {"PATH": os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])}


def find_tool(name: str) -> Path:
    """Return the program `name`: node, npm, hardhat, solcjs, ...

    Raises:
        FileNotFoundError: the tool is not installed.
    """
    found = shutil.which(name, path=tool_environment()["PATH"])
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: run `make setup` in {ROOT}")
    return Path(found)


def find_foundry(name: str) -> Path:
    """Return the native program of a Foundry tool: anvil, forge or cast.

    The npm package's own entry is a Node script that starts the program as its child; the
    program itself starts faster and dies with the signal that it is sent.

    Raises:
        FileNotFoundError: the package of this machine's platform is not installed.
    """
    processor = _PROCESSORS.get(platform.machine().lower(), platform.machine().lower())
    package = f"{name}-{sys.platform}-{processor}"
    program = NODE_MODULES / "@foundry-rs" / package / "bin" / name
    if not program.exists():
        raise FileNotFoundError(f"{program} is missing: run `make setup` in {ROOT}")
    return program


def find_browser() -> Path | None:
    """Return a Chromium on PATH, else the one that playwright downloaded, else None."""
    for name in _BROWSERS:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    # Not at the top: scripts that need no browser run without the test dependencies.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        own = Path(driver.chromium.executable_path)
    return own if own.exists() else None
