"""Add the platform packages of other machines to package-lock.json.

npm leaves an optional package out of the lock when the registry at hand does not serve it,
and `npm ci` then refuses the lock on every machine. The parents name these packages with
exact versions, so they are entered here from that; npm checks the operating system and
processor of an entry before it fetches anything. Download addresses are dropped.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parent.parent / "package-lock.json"
EXACT_VERSION = re.compile(r"\d+\.\d+\.\d+[\w.-]*")
PLATFORM = re.compile(r"-(darwin|linux|win32|freebsd|android)-(\w+?)(?:-(gnu|musl|msvc))?$")
PROCESSOR = {"amd64": "x64"}


def platform_entry(name: str, version: str) -> dict[str, Any] | None:
    """Return the lock entry of a platform package, None when the name tells no platform."""
    match = PLATFORM.search(name)
    if match is None or not EXACT_VERSION.fullmatch(version):
        return None
    system, processor, libc = match.groups()
    entry: dict[str, Any] = {
        "version": version,
        "cpu": [PROCESSOR.get(processor, processor)],
        "optional": True,
        "os": [system],
    }
    if libc in ("gnu", "musl"):
        entry["libc"] = ["glibc" if libc == "gnu" else libc]
    return entry


def complete(packages: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the lock's packages with every missing platform package entered, sorted."""
    full = {path: dict(entry) for path, entry in packages.items()}
    for parent in packages.values():
        for name, version in parent.get("optionalDependencies", {}).items():
            entry = platform_entry(name, version)
            if entry is not None:
                if parent.get("dev"):
                    entry["dev"] = True
                in_order = {"version": entry.pop("version"), **dict(sorted(entry.items()))}
                full.setdefault(f"node_modules/{name}", in_order)
    for entry in full.values():
        entry.pop("resolved", None)
    return dict(sorted(full.items()))


def main() -> None:
    """Rewrite the lock file in place."""
    lock = json.loads(LOCK.read_text())
    lock["packages"] = complete(lock["packages"])
    LOCK.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
