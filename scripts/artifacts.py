"""What an artifact file holds: a stable extract of the compiler's output."""

from __future__ import annotations

import json
import re
from typing import Any

# The compiler numbers user types and immutables by their place in the whole source tree, so a
# change anywhere would change every artifact: t_struct(Loan)1234_storage -> t_struct(Loan)_storage.
_TYPE_NUMBER = re.compile(r"(t_(?:struct|enum|contract|userDefinedValueType)\([^)]*\))\d+")


def has_artifact(source: str, contract: dict[str, Any]) -> bool:
    """Tell whether a contract is worth a file: it can be deployed, or is an interface of ours.

    Abstract contracts have no code. Libraries of internal functions have neither an ABI nor
    methods; external ones may have methods alone, as storage references are not part of an ABI.
    """
    deployable = bool(contract["evm"]["bytecode"]["object"])
    callable_or_read = bool(contract["abi"] or contract["evm"]["methodIdentifiers"])
    return callable_or_read and (deployable or "/interfaces/" in source)


def artifact_of(
    source: str, name: str, contract: dict[str, Any], compiler: dict[str, Any], digest: str
) -> dict[str, Any]:
    """Return the artifact of one contract from the compiler's output for it."""
    evm = contract["evm"]
    return {
        "contractName": name,
        "sourceName": source,
        "sourceDigest": digest,
        "compiler": compiler,
        "abi": contract["abi"],
        "bytecode": "0x" + evm["bytecode"]["object"],
        "linkReferences": evm["bytecode"]["linkReferences"],
        "deployedBytecode": "0x" + evm["deployedBytecode"]["object"],
        "immutableReferences": _immutables(evm["deployedBytecode"].get("immutableReferences", {})),
        "methodIdentifiers": evm["methodIdentifiers"],
        "storageLayout": _layout(contract.get("storageLayout", {})),
    }


def encode(artifact: dict[str, Any]) -> str:
    """Return the text of an artifact file: sorted keys, the same on every machine."""
    return json.dumps(artifact, indent=2, sort_keys=True) + "\n"


def _immutables(references: dict[str, list[dict[str, int]]]) -> list[list[dict[str, int]]]:
    """Return the places of each immutable, ordered by the first."""
    return sorted(references.values(), key=lambda places: places[0]["start"])


def _layout(layout: dict[str, Any]) -> dict[str, Any]:
    stable = _without_numbers(layout)
    types, original = stable.get("types") or {}, layout.get("types") or {}
    if len(types) != len(original):
        raise ValueError(f"two types of one name in the storage layout: {sorted(original)}")
    return {"storage": stable.get("storage", []), "types": types}


def _without_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            _without_numbers(key): _without_numbers(item)
            for key, item in value.items()
            if key != "astId"
        }
    if isinstance(value, list):
        return [_without_numbers(item) for item in value]
    return _TYPE_NUMBER.sub(r"\1", value) if isinstance(value, str) else value
