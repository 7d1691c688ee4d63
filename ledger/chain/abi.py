"""Calls as bytes: encoding by a contract's ABI, apart from any sending."""

import functools
from dataclasses import dataclass
from typing import Any

from eth_abi import abi as eth_abi
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import (
    function_abi_to_4byte_selector,
    get_abi_input_names,
    get_abi_input_types,
    get_abi_output_types,
)

from ledger.chain.artifacts import load
from ledger.core.types import Address
from ledger.errors import ArtifactError, InconsistentNode, InputError


@dataclass(frozen=True, slots=True)
class Call:
    """What a transaction does: ``data`` sent to ``to``; ``None`` creates a contract."""

    to: Address | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a contract, or one of its custom errors."""

    name: str
    selector: bytes
    inputs: tuple[str, ...]
    input_names: tuple[str, ...]
    outputs: tuple[str, ...]

    def encode(self, *arguments: Any) -> bytes:
        """Return selector and arguments. Raises ``InputError`` for what does not fit."""
        return self.selector + encode(self.name, self.inputs, arguments)

    def decode(self, answer: bytes) -> tuple[Any, ...]:
        """Return the values that the function gave. Raises ``InconsistentNode``."""
        try:
            return tuple(eth_abi.decode(self.outputs, answer))
        except DecodingError as error:
            raise InconsistentNode(
                f"{self.name} answered 0x{answer.hex()}, which is not {self.outputs}: "
                "is another contract at this address?"
            ) from error


class Interface:
    """The functions of a contract by name; its constructor."""

    def __init__(self, name: str, abi: list[dict[str, Any]]) -> None:
        self.name = name
        self._functions: dict[str, Function] = {}
        self._constructor: tuple[str, ...] = ()
        for item in abi:
            if item["type"] == "constructor":
                self._constructor = tuple(get_abi_input_types(_element(item)))
            elif item["type"] == "function":
                self._functions[item["name"]] = function(item)

    def __getitem__(self, name: str) -> Function:
        """Return a function. Raises ``ArtifactError`` if the contract has none of that name."""
        try:
            return self._functions[name]
        except KeyError:
            raise ArtifactError(self.name, f"has no function {name}") from None

    def constructor(self, *arguments: Any) -> bytes:
        """Return what follows the creation code."""
        return encode(f"{self.name} constructor", self._constructor, arguments)


def encode(name: str, types: tuple[str, ...], arguments: tuple[Any, ...]) -> bytes:
    """Return ABI-encoded arguments. Raises ``InputError`` for what does not fit."""
    try:
        return eth_abi.encode(types, arguments)
    except (EncodingError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name}: an argument does not fit its type: {error}") from error


def function(item: dict[str, Any]) -> Function:
    """Return the function (or custom error) of one ABI entry."""
    element = _element(item)
    return Function(
        name=item["name"],
        selector=function_abi_to_4byte_selector(element),
        inputs=tuple(get_abi_input_types(element)),
        input_names=tuple(name or "" for name in get_abi_input_names(element)),
        outputs=tuple(get_abi_output_types(element)) if item["type"] == "function" else (),
    )


def _element(item: dict[str, Any]) -> Any:
    # eth-utils types ABI entries as TypedDicts; ours come from JSON.
    return item


@functools.cache
def interface(name: str) -> Interface:
    """Return the interface of a compiled contract. Raises ``ArtifactError``."""
    return Interface(name, load(name).abi)
