"""How values look in JSON: exact, and one way each.

Models hold the core's own values; only serialisation turns amounts into decimal strings, bytes
into ``0x`` hex and Unix seconds into ISO 8601.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import PlainSerializer, WithJsonSchema

EXAMPLE_WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"
INTEGER = "-?(0|[1-9][0-9]*)"


def iso(at: int) -> str:
    """Return Unix seconds as ISO 8601 in UTC; decimal seconds beyond what a calendar holds."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError):
        return str(at)


def to_hex(value: bytes) -> str:
    """Return bytes as ``0x`` hex."""
    return "0x" + value.hex()


def _text(pattern: str, description: str, example: str, **more: Any) -> WithJsonSchema:
    schema = {"type": "string", "pattern": f"^{pattern}$", "description": description}
    return WithJsonSchema({**schema, "examples": [example], **more})


Amount: TypeAlias = Annotated[
    int,
    PlainSerializer(str, return_type=str),
    _text(INTEGER, "Minor units of the currency, as a decimal string.", "120000"),
]
Number: TypeAlias = Annotated[
    int,
    PlainSerializer(str, return_type=str),
    _text(INTEGER, "An integer, as a decimal string.", "500"),
]
Time: TypeAlias = Annotated[
    int,
    PlainSerializer(iso, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "description": "ISO 8601 in UTC.",
            "examples": ["2026-01-15T16:00:00Z"],
        }
    ),
]
Hash: TypeAlias = Annotated[
    bytes,
    PlainSerializer(to_hex, return_type=str),
    _text("0x[0-9a-f]{64}", "32 bytes.", "0x" + "ab" * 32),
]
Wallet: TypeAlias = Annotated[
    str,
    _text("0x[0-9a-fA-F]{40}", "Address with EIP-55 checksum.", EXAMPLE_WALLET, format="eip-55"),
]
