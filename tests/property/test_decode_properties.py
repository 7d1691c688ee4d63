"""Any event survives the log; whatever bytes are read are written back alike."""

from __future__ import annotations

import json
from dataclasses import astuple, is_dataclass
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from web3 import Web3

from ledger.core.decode import BOOK_EVENTS, decode_book, decode_registry, encode
from ledger.core.events import Event
from ledger.core.solidity import parse_members
from ledger.errors import DecodeError
from tests.event_samples import DECLARATIONS, any_event

ARTIFACTS = Path(__file__).parents[2] / "contracts" / "artifacts"


def interface(name: str) -> Any:
    artifact = json.loads((ARTIFACTS / f"{name}.json").read_text())
    return Web3().eth.contract(abi=artifact["abi"])


BOOK, REGISTRY = interface("ILoanBook"), interface("IPartyRegistry")


def read(event: Event, topics: tuple[bytes, ...], data: bytes) -> Event | None:
    """Decode with the function for the contract that writes such events."""
    decode = decode_book if type(event) in BOOK_EVENTS else decode_registry
    return decode(topics, data)


@given(any_event())
def test_decode__any_event_encoded__is_the_event(event: Event) -> None:
    assert read(event, *encode(event)) == event


def plain(value: Any) -> Any:
    """The form in which web3.py gives a value."""
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(plain(item) for item in astuple(value))
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def web3_reads(event: Event, topics: tuple[bytes, ...], data: bytes) -> dict[str, Any]:
    contract = BOOK if type(event) in BOOK_EVENTS else REGISTRY
    log = {
        "address": "0x" + "00" * 20,
        "topics": topics,
        "data": data,
        "blockHash": bytes(32),
        "blockNumber": 0,
        "transactionHash": bytes(32),
        "transactionIndex": 0,
        "logIndex": 0,
        "removed": False,
    }
    read_log = contract.events[type(event).__name__]().process_log(log)
    arguments: dict[str, Any] = dict(read_log["args"])
    return arguments


@given(any_event())
def test_encode__any_event__is_read_alike_by_web3_with_the_compiled_abi(event: Event) -> None:
    arguments = web3_reads(event, *encode(event))
    members = parse_members(DECLARATIONS[type(event)])
    assert set(arguments) == {member.name for member in members}
    for member in members:
        ours, theirs = plain(getattr(event, member.field)), arguments[member.name]
        if isinstance(theirs, dict):
            theirs = tuple(theirs.values())
        assert ours == theirs


def decoded_or_refused(event: Event, topics: tuple[bytes, ...], data: bytes) -> bool:
    """Whether the log was read; then writing what was read must give the same log."""
    try:
        found = read(event, topics, data)
    except DecodeError:
        return False
    assert found is not None
    assert encode(found) == (topics, data)
    return True


@given(any_event(), st.data())
def test_decode__one_flipped_bit__is_refused_or_another_event(
    event: Event, data: st.DataObject
) -> None:
    topics, raw = encode(event)
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    flipped = (int.from_bytes(raw, "big") ^ 1 << bit).to_bytes(len(raw), "big")
    if decoded_or_refused(event, topics, flipped):
        assert read(event, topics, flipped) != event


WORDS = st.one_of(
    st.integers(0, 2**256 - 1),
    st.integers(0, 2048),
    st.sampled_from([2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64, 2**255, 2**256 - 32, 2**256 - 1]),
)


@given(any_event(), st.data())
def test_decode__one_replaced_word__is_refused_or_written_back(
    event: Event, data: st.DataObject
) -> None:
    topics, raw = encode(event)
    index = data.draw(st.integers(0, len(raw) // 32 - 1))
    word = data.draw(WORDS).to_bytes(32, "big")
    decoded_or_refused(event, topics, raw[: 32 * index] + word + raw[32 * index + 32 :])


@given(any_event(), st.one_of(st.binary(max_size=1500), st.lists(WORDS, max_size=40)))
def test_decode__any_data__is_refused_or_written_back(
    event: Event, data: bytes | list[int]
) -> None:
    raw = data if isinstance(data, bytes) else b"".join(word.to_bytes(32, "big") for word in data)
    decoded_or_refused(event, encode(event)[0], raw)


@given(any_event(), st.binary(min_size=1, max_size=64))
def test_decode__trailing_bytes__is_refused(event: Event, trailing: bytes) -> None:
    topics, raw = encode(event)
    assert not decoded_or_refused(event, topics, raw + trailing)


@given(any_event(), st.data())
def test_decode__cut_short__is_refused(event: Event, data: st.DataObject) -> None:
    topics, raw = encode(event)
    length = data.draw(st.integers(0, len(raw) - 1))
    assert not decoded_or_refused(event, topics, raw[:length])
