"""Where a contract keeps its variables, from the compiler's ``storageLayout``.

Slots follow the Solidity documentation, "Layout of State Variables in Storage": a mapping's value
lies at ``keccak256(key ‖ slot)``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from ledger.errors import InputError

Key: TypeAlias = str | bytes | int
"""A mapping's key (address, fixed bytes, integer), or a member's name."""

Value: TypeAlias = int | bool | bytes | str

WORD = 32
_BYTES = re.compile(r"bytes\d+")


@dataclass(frozen=True, slots=True)
class Place:
    """One value in storage: ``size`` bytes of a slot, ``offset`` from its low end."""

    name: str
    slot: int
    offset: int
    size: int
    kind: str

    def read(self, word: bytes) -> Value:
        """Return the value in the slot's 32-byte word, as the contract's views give it."""
        raw = word[WORD - self.offset - self.size : WORD - self.offset]
        if self.kind == "bool":
            return any(raw)
        if self.kind == "address":
            return str(to_checksum_address(raw))
        return raw if _BYTES.fullmatch(self.kind) else int.from_bytes(raw, "big")


class Layout:
    """The storage of one contract."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._variables = {item["label"]: item for item in document["storage"]}
        self._types: Mapping[str, Any] = document["types"]

    def places(self, variable: str, *path: Key) -> dict[str, Place]:
        """Return the values at a path by name: ``""`` for a plain one, a struct's by member.

        Members of structs within join by a dot; mappings are left to a longer path.
        Raises ``InputError`` for a path that the contract does not have.
        """
        try:
            item = self._variables[variable]
            kind, slot, offset = item["type"], int(item["slot"]), int(item["offset"])
            for key in path:
                kind, slot, offset = self._step(kind, slot, key)
            return {place.name: place for place in self._leaves("", kind, slot, offset)}
        except KeyError as error:
            raise InputError(f"the contract stores no {variable} at {path}: {error}") from error

    def _step(self, kind: str, slot: int, key: Key) -> tuple[str, int, int]:
        about = self._types[kind]
        if about["encoding"] == "mapping":
            word = _key_word(key) + slot.to_bytes(WORD, "big")
            return about["value"], int.from_bytes(keccak(word), "big"), 0
        for member in about.get("members", ()):
            if member["label"] == key:
                return member["type"], slot + int(member["slot"]), int(member["offset"])
        raise KeyError(key)

    def _leaves(self, name: str, kind: str, slot: int, offset: int) -> Iterator[Place]:
        about = self._types[kind]
        if "members" in about:
            for member in about["members"]:
                inner = f"{name}.{member['label']}" if name else member["label"]
                at = slot + int(member["slot"]), int(member["offset"])
                yield from self._leaves(inner, member["type"], *at)
        elif about["encoding"] == "inplace":
            yield Place(name, slot, offset, int(about["numberOfBytes"]), about["label"])


def _key_word(key: Key) -> bytes:
    """Return a mapping's key padded to a word: numbers and addresses left, fixed bytes right."""
    if isinstance(key, int):
        return key.to_bytes(WORD, "big")
    if isinstance(key, str):
        return bytes.fromhex(key.removeprefix("0x")).rjust(WORD, b"\0")
    return key.ljust(WORD, b"\0")
