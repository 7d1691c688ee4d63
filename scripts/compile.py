"""Compile the contracts and write the artifacts that Python loads.

`python scripts/compile.py` compiles contracts/ into contracts/artifacts/ and the test-only
contracts of tests/contract/mocks/ into tests/contract/artifacts/. `--check` writes nothing
and exits 1 when a committed artifact differs from what the sources give.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError

from scripts.artifacts import artifact_of, encode, has_artifact
from scripts.sources import MissingImportError, SourceTree
from scripts.toolchain import HARDFORK, ROOT, tool_environment

SOLC = ROOT / "scripts" / "solc"
# EIP-170.
MAX_CODE_BYTES = 24_576
SETTINGS: dict[str, Any] = {
    "optimizer": {"enabled": True, "runs": 1000},
    "viaIR": True,
    "evmVersion": HARDFORK,
    # Without the metadata hash the bytecode depends on the code alone, not on comments.
    "metadata": {"bytecodeHash": "none"},
}
OUTPUTS = [
    "abi",
    "evm.bytecode.object",
    "evm.bytecode.linkReferences",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.methodIdentifiers",
    "storageLayout",
]


@dataclass(frozen=True)
class Group:
    """Contracts that are compiled together, and the folder of their artifacts."""

    name: str
    sources: Path
    artifacts: Path


GROUPS = (
    Group("contracts", ROOT / "contracts", ROOT / "contracts" / "artifacts"),
    Group("mocks", ROOT / "tests/contract/mocks", ROOT / "tests/contract/artifacts"),
)


class DuplicateNameError(Exception):
    """Two contracts of one group have the same name, so their artifacts would collide."""


def compile_group(group: Group) -> dict[str, dict[str, Any]]:
    """Return the artifacts of a group by contract name.

    Raises:
        SolcError: the compiler refused the sources.
        MissingImportError: a source imports a file that does not exist.
        DuplicateNameError: two contracts have one name.
    """
    tree = SourceTree.load(group.sources)
    if not tree.own:
        return {}
    os.environ["PATH"] = tool_environment()["PATH"]
    version = solcx.wrapper.get_version_str_from_solc_binary(SOLC)
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {name: {"content": text} for name, text in tree.texts.items()},
            "settings": SETTINGS | {"outputSelection": {"*": {"*": OUTPUTS}}},
        },
        solc_binary=SOLC,
    )
    print_warnings(output.get("errors", []))
    compiler = {"version": version, "settings": SETTINGS}
    artifacts: dict[str, dict[str, Any]] = {}
    for source in tree.own:
        for name, contract in output["contracts"].get(source, {}).items():
            if not has_artifact(source, contract):
                continue
            if name in artifacts:
                raise DuplicateNameError(
                    f"{name} is in {artifacts[name]['sourceName']} and in {source}: rename one"
                )
            artifacts[name] = artifact_of(source, name, contract, compiler, tree.digest(source))
    return artifacts


def print_warnings(messages: list[dict[str, Any]]) -> None:
    """Print one compiler message of each kind to standard error, and how many more there are."""
    for code, count in Counter(message["errorCode"] for message in messages).items():
        first = next(message for message in messages if message["errorCode"] == code)
        print(first["formattedMessage"].rstrip(), file=sys.stderr)
        if count > 1:
            print(f"   ... and {count - 1} more warnings of this kind ({code})", file=sys.stderr)


def write(folder: Path, artifacts: dict[str, dict[str, Any]]) -> None:
    """Write one file a contract and remove the files of contracts that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        if path.stem not in artifacts:
            path.unlink()
    for name, artifact in artifacts.items():
        (folder / f"{name}.json").write_text(encode(artifact))


def differences(folder: Path, artifacts: dict[str, dict[str, Any]]) -> list[str]:
    """Return a line for each artifact in `folder` that is missing, stale or different."""
    lines = [
        f"{path}: no contract has this name any more"
        for path in sorted(folder.glob("*.json"))
        if path.stem not in artifacts
    ]
    for name, artifact in sorted(artifacts.items()):
        path = folder / f"{name}.json"
        if not path.exists():
            lines.append(f"{path}: missing")
        elif path.read_text() != encode(artifact):
            committed = json.loads(path.read_text())
            keys = sorted(
                key
                for key in artifact.keys() | committed.keys()
                if artifact.get(key) != committed.get(key)
            )
            lines.append(f"{path}: differs in {', '.join(keys) or 'its layout'}")
    return lines


def report_sizes(artifacts: dict[str, dict[str, Any]]) -> list[str]:
    """Print the code size of each contract; return those over the limit of EIP-170."""
    too_large = []
    for name, artifact in sorted(artifacts.items()):
        size = len(artifact["deployedBytecode"].removeprefix("0x")) // 2
        if size == 0:
            continue
        left = MAX_CODE_BYTES - size
        print(f"{name:<24} {size:>6} of {MAX_CODE_BYTES} bytes, {left} left")
        if left < 0:
            too_large.append(f"{name}: {-left} bytes over the limit of {MAX_CODE_BYTES}")
    return too_large


def parse_arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write to DIR/contracts and DIR/mocks instead"
    )
    return parser.parse_args()


def main() -> int:
    """Compile every group; return 1 when something is wrong."""
    options = parse_arguments()
    findings: list[str] = []
    for group in GROUPS:
        try:
            artifacts = compile_group(group)
        except SolcError as error:
            print(error.message, file=sys.stderr)
            return 1
        except (MissingImportError, DuplicateNameError) as error:
            print(error, file=sys.stderr)
            return 1
        findings += report_sizes(artifacts)
        folder = options.out / group.name if options.out else group.artifacts
        if options.check:
            findings += differences(folder, artifacts)
        elif artifacts or folder.exists():
            write(folder, artifacts)
    for line in findings:
        print(line, file=sys.stderr)
    if findings and options.check:
        print("run `make contracts` and commit the artifacts", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
