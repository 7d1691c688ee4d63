"""Events with any values that a log can hold, built from their declarations."""

from __future__ import annotations

from typing import Any

from eth_utils.address import to_checksum_address
from hypothesis import strategies as st

from ledger.core.decode import BOOK_EVENTS, REGISTRY_EVENTS, STRUCTS
from ledger.core.events import Event
from ledger.core.solidity import Member, parse_members
from ledger.core.types import Kind

DECLARATIONS: dict[type[Event], str] = dict((*BOOK_EVENTS.items(), *REGISTRY_EVENTS.items()))
KINDS = list(DECLARATIONS)


def fixed(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


def value_of(type_name: str) -> st.SearchStrategy[Any]:
    """Any value of one Solidity type, as our records hold it."""
    plain: dict[str, st.SearchStrategy[Any]] = {
        "address": fixed(20).map(to_checksum_address),
        "bool": st.booleans(),
        "bytes": st.binary(max_size=70),
        "bytes32[]": st.lists(fixed(32), max_size=4).map(tuple),
        "Kind": st.sampled_from(Kind),
    }
    structs = {struct.__name__: struct for struct in STRUCTS}
    if type_name in structs:
        return record_of(structs[type_name], STRUCTS[structs[type_name]])
    if type_name.startswith("uint"):
        return st.integers(0, 2 ** int(type_name[4:]) - 1)
    return plain[type_name] if type_name in plain else fixed(int(type_name[5:]))


def record_of(record: type, members: tuple[Member, ...]) -> st.SearchStrategy[Any]:
    return st.builds(record, **{member.field: value_of(member.type) for member in members})


def event_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    return record_of(kind, parse_members(DECLARATIONS[kind]))


def any_event() -> st.SearchStrategy[Event]:
    return st.sampled_from(KINDS).flatmap(event_of)
