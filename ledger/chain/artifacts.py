"""Compiled contracts: what ``scripts/compile.py`` wrote and the package carries."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from ledger.core.types import Address
from ledger.errors import ArtifactError


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract; code with unlinked places keeps them as text."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: str
    deployed_bytecode: str
    link_references: Mapping[str, Mapping[str, list[dict[str, int]]]]
    immutable_references: list[list[dict[str, int]]]
    storage_layout: Mapping[str, Any] | None

    @property
    def libraries(self) -> list[str]:
        """Names of the external libraries that have to be deployed first."""
        return sorted(name for names in self.link_references.values() for name in names)

    def linked(self, libraries: Mapping[str, Address]) -> bytes:
        """Return the creation code with the libraries' addresses filled in.

        Raises ``ArtifactError`` when one is missing or the contract has no code.
        """
        code = self.bytecode.removeprefix("0x")
        for names in self.link_references.values():
            for name, places in names.items():
                if name not in libraries:
                    raise ArtifactError(self.name, f"needs the address of library {name}")
                address = libraries[name].removeprefix("0x").lower()
                for place in places:
                    start = 2 * place["start"]
                    code = code[:start] + address + code[start + 2 * place["length"] :]
        if not code:
            raise ArtifactError(self.name, "has no code: it is an interface")
        return bytes.fromhex(code)


def artifacts_folder() -> Traversable:
    """Return where the artifacts lie: beside the package, in a checkout and in a wheel."""
    return files("ledger").joinpath("../contracts/artifacts")


@functools.cache
def load(name: str) -> Artifact:
    """Return the artifact ``name``. Raises ``ArtifactError``."""
    return read(artifacts_folder().joinpath(f"{name}.json"))


def read(path: Traversable | Path) -> Artifact:
    """Return the artifact in one file. Raises ``ArtifactError``."""
    name = path.name.removesuffix(".json")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Artifact(
            name=content["contractName"],
            abi=content["abi"],
            bytecode=content["bytecode"],
            deployed_bytecode=content["deployedBytecode"],
            link_references=content["linkReferences"],
            immutable_references=content["immutableReferences"],
            storage_layout=content.get("storageLayout"),
        )
    except FileNotFoundError:
        raise ArtifactError(name, f"there is no {path}; run `make contracts`") from None
    except (ValueError, KeyError) as error:
        raise ArtifactError(name, f"{path} is not an artifact: {error!r}") from error


def all_artifacts() -> list[Artifact]:
    """Return every artifact, by name."""
    names = sorted(item.name for item in artifacts_folder().iterdir())
    return [load(name.removesuffix(".json")) for name in names if name.endswith(".json")]
