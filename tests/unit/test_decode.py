"""Strict decoding: what the contracts write is read, anything else is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi import abi
from eth_hash.auto import keccak

from ledger.core import events
from ledger.core.agreement import Agreement
from ledger.core.decode import abi_type, decode_book, decode_registry, encode
from ledger.core.events import Cancelled, Disbursed, Event, PartyRegistered, PauseChanged
from ledger.core.types import ZERO_ADDRESS, Address, Kind, LoanId, MinorUnits, Subject, Timestamp
from ledger.errors import DecodeError, InputError

ARTIFACTS = Path(__file__).parents[2] / "contracts" / "artifacts"

# Topics and data below were made by Foundry's `cast sig-event` and `cast abi-encode`.
WALLET = Address("0x0202020202020202020202020202020202020202")
LOAN = LoanId(b"\x11" * 32)
AT = Timestamp(1_767_225_600)
AT_WORD = f"{AT:064x}"

DISBURSED = Disbursed(LOAN, 3, AT, WALLET, MinorUnits(1_200_000), b"\xab" * 32)
DISBURSED_TOPICS = (
    bytes.fromhex("1396ef65113bb6fc727fa86aaf63d66700289e64fe575ff6bf3d10fcf608e9c5"),
    LOAN,
)
DISBURSED_DATA = bytes.fromhex(
    f"{3:064x}" + AT_WORD + "00" * 12 + "02" * 20 + f"{0x124F80:064x}" + "ab" * 32
)

CANCELLED = Cancelled(LOAN, 5, Timestamp(AT + 1), Timestamp(1_767_312_000), b"\x01\x02\x03\x04\x05")
CANCELLED_TOPICS = (
    bytes.fromhex("449542b2f4ea30f7cd98f2c927cb2e999fa272d3d4f14a87e33cf3d54514f346"),
    LOAN,
)
CANCELLED_DATA = bytes.fromhex(
    f"{5:064x}{AT + 1:064x}{1_767_312_000:064x}{0x80:064x}{5:064x}" + "0102030405" + "00" * 27
)

REGISTERED = PartyRegistered(1, AT, WALLET, Subject(bytes(range(16))), Kind.GUARANTOR, True)
REGISTERED_TOPICS = (
    bytes.fromhex("96f952d142d3a7c4f1a319211ffb55c192797876798defe2632ae18abc1b412f"),
)
REGISTERED_DATA = bytes.fromhex(
    f"{1:064x}"
    + AT_WORD
    + "00" * 12
    + "02" * 20
    + bytes(range(16)).hex()
    + "00" * 16
    + f"{4:064x}{1:064x}"
)


def with_word(data: bytes, index: int, word: int) -> bytes:
    return data[: 32 * index] + word.to_bytes(32, "big") + data[32 * index + 32 :]


def topic(signature: str) -> bytes:
    return keccak(signature.encode())


@pytest.mark.parametrize(
    ("event", "topics", "data"),
    [
        (DISBURSED, DISBURSED_TOPICS, DISBURSED_DATA),
        (CANCELLED, CANCELLED_TOPICS, CANCELLED_DATA),
    ],
)
def test_decode_book__log_made_by_foundry__is_read_and_written_alike(
    event: Event, topics: tuple[bytes, ...], data: bytes
) -> None:
    assert decode_book(list(topics), data) == event
    assert encode(event) == (topics, data)


def test_decode_registry__log_made_by_foundry__is_read_and_written_alike() -> None:
    event = decode_registry(REGISTERED_TOPICS, REGISTERED_DATA)
    assert event == REGISTERED
    assert isinstance(event, PartyRegistered)
    assert isinstance(event.kind, Kind)
    assert encode(REGISTERED) == (REGISTERED_TOPICS, REGISTERED_DATA)


def test_decode_book__address_in_the_log__comes_checksummed() -> None:
    account = Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
    created = events.BookCreated(1, AT, account, ZERO_ADDRESS)
    assert decode_book(*encode(created)) == created


# Signature and how many topics the standards give it, the event's own included.
STANDARD_EVENTS = {
    "RoleGranted(bytes32,address,address)": 4,
    "RoleRevoked(bytes32,address,address)": 4,
    "RoleAdminChanged(bytes32,bytes32,bytes32)": 4,
    "Transfer(address,address,address,uint256,uint256)": 4,
    "Approval(address,address,uint256,uint256)": 4,
    "OperatorSet(address,address,bool)": 3,
}


def standard(signature: str, more: int = 0) -> list[bytes]:
    """Return the topics of a standard event, or ``more`` than it has."""
    return [topic(signature), *[bytes(32)] * (STANDARD_EVENTS[signature] - 1 + more)]


@pytest.mark.parametrize("signature", sorted(STANDARD_EVENTS))
def test_decode_book__standard_event_outside_the_heads__is_none(signature: str) -> None:
    assert decode_book(standard(signature), b"") is None


@pytest.mark.parametrize("more", [-2, -1, 1])
@pytest.mark.parametrize("signature", sorted(STANDARD_EVENTS))
def test_decode_book__standard_event_with_other_topics__is_refused(
    signature: str, more: int
) -> None:
    with pytest.raises(DecodeError, match="a standard event has"):
        decode_book(standard(signature, more), b"")


@pytest.mark.parametrize("signature", sorted(STANDARD_EVENTS))
def test_decode_registry__standard_event__is_none_only_for_roles(signature: str) -> None:
    log = standard(signature), b""
    if signature.startswith("Role"):
        assert decode_registry(*log) is None
    else:
        with pytest.raises(DecodeError):
            decode_registry(*log)


@pytest.mark.parametrize("contract", ["LoanBook", "PartyRegistry"])
def test_decode__every_event_the_deployed_contract_can_emit__is_known(contract: str) -> None:
    artifact = json.loads((ARTIFACTS / f"{contract}.json").read_text())
    interface = json.loads((ARTIFACTS / f"I{contract}.json").read_text())
    ours = {item["name"] for item in interface["abi"] if item["type"] == "event"}
    beside = {
        f"{item['name']}({','.join(part['type'] for part in item['inputs'])})": 1
        + sum(part["indexed"] for part in item["inputs"])
        for item in artifact["abi"]
        if item["type"] == "event" and item["name"] not in ours
    }
    # Inherited with EIP-5267 and written only by upgradeable contracts, which this is not.
    beside.pop("EIP712DomainChanged()", None)
    assert beside.items() <= STANDARD_EVENTS.items()


def test_decode__unknown_topic__is_refused_with_the_topic() -> None:
    unknown = topic("EIP712DomainChanged()")
    with pytest.raises(DecodeError, match=unknown.hex()) as caught:
        decode_book([unknown], b"")
    assert caught.value.topic == unknown


def test_decode__event_of_the_other_contract__is_refused() -> None:
    with pytest.raises(DecodeError, match="no such event"):
        decode_book(REGISTERED_TOPICS, REGISTERED_DATA)
    with pytest.raises(DecodeError, match="no such event"):
        decode_registry(DISBURSED_TOPICS, DISBURSED_DATA)


def test_decode__no_topics__is_refused() -> None:
    with pytest.raises(DecodeError, match="anonymous") as caught:
        decode_book([], DISBURSED_DATA)
    assert caught.value.topic is None


@pytest.mark.parametrize(
    "topics",
    [
        DISBURSED_TOPICS[:1],
        (*DISBURSED_TOPICS, LOAN),
        (DISBURSED_TOPICS[0], LOAN[:31]),
        (DISBURSED_TOPICS[0], LOAN + b"\0"),
        (DISBURSED_TOPICS[0], b""),
    ],
    ids=["missing", "extra", "short", "long", "empty"],
)
def test_decode__wrong_topics__is_refused(topics: tuple[bytes, ...]) -> None:
    with pytest.raises(DecodeError, match="topics of 32 bytes"):
        decode_book(topics, DISBURSED_DATA)


DISBURSED_DAMAGE = {
    "empty": b"",
    "short by a byte": DISBURSED_DATA[:-1],
    "short by a word": DISBURSED_DATA[:-32],
    "a byte too many": DISBURSED_DATA + b"\0",
    "a word too many": DISBURSED_DATA + bytes(32),
    "seq over 32 bits": with_word(DISBURSED_DATA, 0, 1 << 32),
    "time over 40 bits": with_word(DISBURSED_DATA, 1, 1 << 40),
    "address with dirty padding": with_word(DISBURSED_DATA, 2, 1 << 160 | 2),
    "amount over 128 bits": with_word(DISBURSED_DATA, 3, 1 << 128),
}


@pytest.mark.parametrize("data", DISBURSED_DAMAGE.values(), ids=list(DISBURSED_DAMAGE))
def test_decode__damaged_words__is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="Disbursed"):
        decode_book(DISBURSED_TOPICS, data)


CANCELLED_DAMAGE = {
    "bytes with dirty padding": CANCELLED_DATA[:-1] + b"\1",
    "bytes longer than said": with_word(CANCELLED_DATA, 4, 4),
    "bytes shorter than said": with_word(CANCELLED_DATA, 4, 33),
    "length beyond memory": with_word(CANCELLED_DATA, 4, 2**256 - 1),
    "length beyond a machine word": with_word(CANCELLED_DATA, 4, 2**63),
    "offset into the head": with_word(CANCELLED_DATA, 3, 0),
    "offset beyond the data": with_word(CANCELLED_DATA, 3, 2**255),
    "offset off the word": with_word(CANCELLED_DATA, 3, 0x81),
    "tail moved behind a gap": with_word(CANCELLED_DATA[:128], 3, 0xA0)
    + bytes(32)
    + CANCELLED_DATA[128:],
    "unpadded tail": CANCELLED_DATA[:-27],
}


@pytest.mark.parametrize("data", CANCELLED_DAMAGE.values(), ids=list(CANCELLED_DAMAGE))
def test_decode__damaged_dynamic_part__is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="Cancelled"):
        decode_book(CANCELLED_TOPICS, data)


@pytest.mark.parametrize(
    "data",
    [
        with_word(REGISTERED_DATA, 3, int.from_bytes(bytes(range(32)), "big")),
        with_word(REGISTERED_DATA, 4, 6),
        with_word(REGISTERED_DATA, 4, 256),
        with_word(REGISTERED_DATA, 5, 2),
    ],
    ids=["subject with dirty padding", "no such kind", "kind over 8 bits", "bool of 2"],
)
def test_decode_registry__damaged_words__is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="PartyRegistered"):
        decode_registry(REGISTERED_TOPICS, data)


def opened() -> events.Opened:
    agreement = Agreement(
        borrower=WALLET,
        payee=WALLET,
        guarantor=ZERO_ADDRESS,
        fee_receiver=WALLET,
        asset=ZERO_ADDRESS,
        currency=b"CNY",
        principal=MinorUnits(1_200_000),
        schedule_hash=b"\x01" * 32,
        daily_rate=0,
        penalty_rate=500,
        grace_days=3,
        prepayment_fee_bps=100,
        default_after_days=90,
        write_off_after_days=180,
        value_date=AT,
        funding_deadline=Timestamp(AT + 86_400),
        line=bytes(32),
        product=b"\x02" * 32,
        purpose=b"\x03" * 32,
        documents=b"\x04" * 32,
        salt=2**256 - 1,
    )
    rows = (b"\x05" * 32, b"\x06" * 32)
    return events.Opened(LOAN, 1, AT, agreement, rows, b"\x07" * 65, b"")


def test_decode__opened__keeps_agreement_rows_and_signatures() -> None:
    assert decode_book(*encode(opened())) == opened()


def test_decode__opened_with_shared_tails__is_refused() -> None:
    """Two offsets to the same bytes decode alike, but the contract never writes them so."""
    event = replace(opened(), guarantor_signature=opened().borrower_signature)
    topics, data = encode(event)
    tails = 2 + 21  # seq, time and the agreement's members come first
    borrower_tail = int.from_bytes(data[32 * (tails + 1) : 32 * (tails + 2)], "big")
    shared = with_word(data, tails + 2, borrower_tail)[: borrower_tail + 32 + 96]
    types = ["uint32", "uint40", abi_type("Agreement"), "bytes32[]", "bytes", "bytes"]
    assert abi.decode(types, shared) == abi.decode(types, data)
    with pytest.raises(DecodeError, match="Opened"):
        decode_book(topics, shared)


@pytest.mark.parametrize(
    "event",
    [
        replace(DISBURSED, ref=b"\xab" * 31),
        replace(DISBURSED, ref=b"\xab" * 33),
        replace(DISBURSED, loan_id=LoanId(b"")),
        replace(DISBURSED, amount=MinorUnits(1 << 128)),
        replace(DISBURSED, amount=MinorUnits(-1)),
        replace(REGISTERED, wallet=Address("0xF39fd6e51aad88f6f4ce6ab8827279cfffb92266")),
        replace(REGISTERED, subject=Subject(b"\1")),
        replace(opened(), rows=(b"\x05" * 31,)),
    ],
    ids=["short", "long", "no id", "too big", "negative", "no checksum", "subject", "row"],
)
def test_encode__event_no_log_can_hold__is_refused(event: Event) -> None:
    with pytest.raises(InputError, match="encoding"):
        encode(event)


def test_encode__book_event__has_one_topic() -> None:
    topics, data = encode(PauseChanged(7, AT, True))
    assert topics == (topic("PauseChanged(uint32,uint40,bool)"),)
    assert data == bytes.fromhex(f"{7:064x}{AT:064x}{1:064x}")
