"""Strict decoding of raw logs into events, and its exact inverse.

A log is accepted only if encoding the event again gives the same bytes: no trailing or moved
data, no dirty padding, no value out of its type's range. An unknown topic of one of our
contracts is an error, never skipped. This is the careful path; it has no state and no side
effects.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, cast

from eth_abi import abi
from eth_abi.exceptions import DecodingError, EncodingError
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from ledger.core import agreement, events
from ledger.core.events import BookEvent, Event, LoanEvent, RegistryEvent
from ledger.core.solidity import Member, parse_members
from ledger.core.types import Kind, Policy
from ledger.errors import DecodeError, InputError

_LOAN = "bytes32 indexed loanId, uint32 seq, uint40 at"
_OWN = "uint32 seq, uint40 at"

BOOK_EVENTS: Mapping[type[LoanEvent | BookEvent], str] = {
    events.Opened: (
        f"{_LOAN}, Agreement agreement, bytes32[] rows, bytes borrowerSignature, "
        "bytes guarantorSignature"
    ),
    events.Committed: (
        f"{_LOAN}, address lender, uint128 amount, uint40 deadline, uint256 salt, "
        "bytes signature, bytes32 ref"
    ),
    events.Disbursed: f"{_LOAN}, address payee, uint128 amount, bytes32 ref",
    events.Repaid: (
        f"{_LOAN}, uint40 paidAt, address payer, uint256 fee, uint256 penalty, "
        "uint256 interest, uint256 principal, bytes32 ref"
    ),
    events.Prepaid: (
        f"{_LOAN}, uint40 paidAt, uint256 fee, uint256 interest, uint256 principal, "
        "uint128 signedAmount, uint40 deadline, uint256 salt, bytes signature, bytes32 ref"
    ),
    events.PaidOut: f"{_LOAN}, address holder, uint256 amount, bytes32 ref",
    events.Transferred: f"{_LOAN}, address from, address to, uint256 units",
    events.Assigned: (
        f"{_LOAN}, address seller, address buyer, uint128 units, uint128 price, "
        "uint40 deadline, uint256 salt, bytes sellerSignature, bytes buyerSignature, bytes32 ref"
    ),
    events.Defaulted: (
        f"{_LOAN}, uint16 day, uint256 fee, uint256 penalty, uint256 interest, uint256 principal"
    ),
    events.Cancelled: f"{_LOAN}, uint40 deadline, bytes signature",
    events.FundingExpired: _LOAN,
    events.Refunded: f"{_LOAN}, address lender, uint128 amount, bytes32 ref",
    events.BookCreated: f"{_OWN}, address registry, address admin",
    events.RoleChanged: f"{_OWN}, bytes32 role, address account, bool granted",
    events.PauseChanged: f"{_OWN}, bool paused",
    events.PolicyChanged: f"{_OWN}, Policy policy",
    events.SettlementChanged: (
        f"{_OWN}, uint16 settlement, address token, bytes3 currency, bool open"
    ),
    events.FeesWithdrawn: (
        f"{_OWN}, uint16 settlement, address receiver, uint256 amount, bytes32 ref"
    ),
}
"""Parameters of each event of ILoanBook, as declared there; the name is the class's."""

REGISTRY_EVENTS: Mapping[type[RegistryEvent], str] = {
    events.PartyRegistered: f"{_OWN}, address wallet, bytes16 subject, Kind kind, bool related",
    events.PartyUpdated: f"{_OWN}, address wallet, Kind kind, bool related",
    events.RegistryRoleChanged: f"{_OWN}, bytes32 role, address account, bool granted",
}
"""The same for IPartyRegistry."""

STRUCTS: Mapping[type, tuple[Member, ...]] = {
    agreement.Agreement: agreement.MEMBERS[agreement.Agreement],
    Policy: parse_members(
        "uint32 legalAnnualRate, uint16 maxPenaltyRate, uint16 maxPrepaymentFeeBps, "
        "uint16 maxAttestationLag"
    ),
}
"""Members of the structs that events carry."""

_ACCESS_CONTROL = {
    "RoleGranted(bytes32,address,address)": 4,
    "RoleRevoked(bytes32,address,address)": 4,
    "RoleAdminChanged(bytes32,bytes32,bytes32)": 4,
}
_ERC6909 = {
    "Transfer(address,address,address,uint256,uint256)": 4,
    "Approval(address,address,uint256,uint256)": 4,
    "OperatorSet(address,address,bool)": 3,
}

_STRUCT_BY_NAME = {struct.__name__: struct for struct in STRUCTS}


def _topics_of(counts: Mapping[str, int]) -> Mapping[bytes, int]:
    return {keccak(signature.encode()): count for signature, count in counts.items()}


# Standard events that our own ones repeat, with how many topics they have: they stand outside
# the heads.
_OUTSIDE_BOOK = _topics_of(_ACCESS_CONTROL | _ERC6909)
_OUTSIDE_REGISTRY = _topics_of(_ACCESS_CONTROL)


def abi_type(type_name: str) -> str:
    """Return the ABI's name of a type as declared: structs as tuples, enums as ``uint8``."""
    if type_name in _STRUCT_BY_NAME:
        members = STRUCTS[_STRUCT_BY_NAME[type_name]]
        return f"({','.join(member.type for member in members)})"
    return "uint8" if type_name == Kind.__name__ else type_name


@dataclass(frozen=True, slots=True)
class _Codec:
    """One event's layout: indexed parameters come first, in topics of 32 bytes each."""

    event: type[Event]
    topic: bytes
    members: tuple[Member, ...]
    indexed: tuple[str, ...]
    plain: tuple[str, ...]


def _codec(event: type[Event], declaration: str) -> _Codec:
    members = parse_members(declaration)
    types = [abi_type(member.type) for member in members]
    count = sum(member.indexed for member in members)
    return _Codec(
        event=event,
        topic=keccak(f"{event.__name__}({','.join(types)})".encode()),
        members=members,
        indexed=tuple(types[:count]),
        plain=tuple(types[count:]),
    )


_BOOK = {codec.topic: codec for codec in (_codec(*item) for item in BOOK_EVENTS.items())}
_REGISTRY = {codec.topic: codec for codec in (_codec(*item) for item in REGISTRY_EVENTS.items())}
_BY_EVENT = {codec.event: codec for codec in (*_BOOK.values(), *_REGISTRY.values())}


def decode_book(topics: Sequence[bytes], data: bytes) -> LoanEvent | BookEvent | None:
    """Read one log of LoanBook; ``None`` for a standard event that stands outside the heads.

    Raises ``DecodeError`` for anything that LoanBook cannot have written.
    """
    return cast("LoanEvent | BookEvent | None", _decode(_BOOK, _OUTSIDE_BOOK, topics, data))


def decode_registry(topics: Sequence[bytes], data: bytes) -> RegistryEvent | None:
    """Read one log of PartyRegistry; ``None`` for a standard event outside its head.

    Raises ``DecodeError`` for anything that PartyRegistry cannot have written.
    """
    return cast("RegistryEvent | None", _decode(_REGISTRY, _OUTSIDE_REGISTRY, topics, data))


def encode(event: Event) -> tuple[tuple[bytes, ...], bytes]:
    """Return topics and data of the log that the contract writes for ``event``.

    Raises ``InputError`` for an event that no log can hold.
    """
    codec = _BY_EVENT[type(event)]
    try:
        topics, data = _encode(codec, event)
        same = _event(codec, topics, data) == event
    except (EncodingError, TypeError) as error:
        raise InputError(f"{event!r} has no encoding: {error}") from error
    if not same:
        raise InputError(
            f"{event!r} has no exact encoding: fixed bytes need their full length and addresses "
            "their checksum"
        )
    return topics, data


def _decode(
    table: Mapping[bytes, _Codec],
    outside: Mapping[bytes, int],
    topics: Sequence[bytes],
    data: bytes,
) -> Event | None:
    if not topics:
        raise DecodeError(None, "our contracts write no anonymous events")
    if topics[0] in outside:
        _require_topics("a standard event", topics, outside[topics[0]])
        return None
    codec = table.get(topics[0])
    if codec is None:
        raise DecodeError(topics[0], "this contract has no such event")
    name = codec.event.__name__
    _require_topics(name, topics, 1 + len(codec.indexed))
    try:
        event = _event(codec, topics, data)
        again = _encode(codec, event)
    except (DecodingError, OverflowError, ValueError) as error:
        raise DecodeError(topics[0], f"{name}: {error}") from error
    if again != (tuple(topics), data):
        raise DecodeError(topics[0], f"{name}: not encoded as the contract encodes it")
    return event


def _require_topics(name: str, topics: Sequence[bytes], count: int) -> None:
    if [len(topic) for topic in topics] != [32] * count:
        raise DecodeError(
            topics[0],
            f"{name} has {count} topics of 32 bytes, got {[topic.hex() for topic in topics]}",
        )


def _event(codec: _Codec, topics: Sequence[bytes], data: bytes) -> Event:
    raw = (
        *abi.decode(codec.indexed, b"".join(topics[1:])),
        *abi.decode(codec.plain, data),
    )
    return codec.event(*_read_all(codec.members, raw))


def _encode(codec: _Codec, event: Event) -> tuple[tuple[bytes, ...], bytes]:
    raw = [_raw(getattr(event, member.field)) for member in codec.members]
    count = len(codec.indexed)
    words = abi.encode(codec.indexed, raw[:count])
    indexed = [words[i : i + 32] for i in range(0, len(words), 32)]
    return (codec.topic, *indexed), abi.encode(codec.plain, raw[count:])


def _read_all(members: Iterable[Member], raw: Iterable[Any]) -> list[Any]:
    return [_read(member.type, value) for member, value in zip(members, raw, strict=True)]


def _read(type_name: str, raw: Any) -> Any:
    """Turn what the ABI library gives into what our records hold."""
    if type_name == "address":
        return to_checksum_address(raw)
    if type_name == Kind.__name__:
        return Kind(raw)
    if type_name in _STRUCT_BY_NAME:
        struct = _STRUCT_BY_NAME[type_name]
        return struct(*_read_all(STRUCTS[struct], raw))
    return raw


def _raw(value: Any) -> Any:
    return astuple(value) if type(value) in STRUCTS else value
