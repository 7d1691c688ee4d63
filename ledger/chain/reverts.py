"""Why a contract refused: custom errors of every compiled contract, reasons and panics."""

import functools

from eth_abi import abi as eth_abi
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address

from ledger.chain.abi import Function, function
from ledger.chain.artifacts import all_artifacts
from ledger.errors import Reverted

REASON = Function("Error", bytes.fromhex("08c379a0"), ("string",), ("reason",), ())
PANIC = Function("Panic", bytes.fromhex("4e487b71"), ("uint256",), ("code",), ())

# https://docs.soliditylang.org/en/latest/control-structures.html#panic-via-assert-and-error-via-require
PANICS = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow or underflow",
    0x12: "division by zero",
    0x21: "value outside of an enum",
    0x31: "pop from an empty array",
    0x32: "array index out of bounds",
    0x41: "too much memory",
}


def decode_revert(data: bytes, message: str = "") -> Reverted:
    """Return the refusal that ``data`` stands for.

    ``message`` is what the node said; it is the reason where the contract gave no data.
    """
    error = known_errors().get(data[:4])
    if error is None:
        return Reverted("", {"message": message} if message and not data else {}, data)
    try:
        values = eth_abi.decode(error.inputs, data[4:])
    except DecodingError:
        return Reverted("", {}, data)
    named: dict[str, object] = {}
    for name, kind, value in zip(error.input_names, error.inputs, values, strict=True):
        named[name] = to_checksum_address(value) if kind == "address" else value
    if error is PANIC:
        named["meaning"] = PANICS.get(int(values[0]), "unknown")
    return Reverted(error.name, named, data)


@functools.cache
def known_errors() -> dict[bytes, Function]:
    """Return every error that a contract of ours can give, by selector."""
    known = {REASON.selector: REASON, PANIC.selector: PANIC}
    for artifact in all_artifacts():
        for item in artifact.abi:
            if item["type"] == "error":
                error = function(item)
                known[error.selector] = error
    return known
