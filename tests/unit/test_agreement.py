"""Typed data, digests and signers, held against ethers (golden) and eth-account."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from ledger.core import agreement as documents
from ledger.core.agreement import (
    HALF_CURVE_ORDER,
    MEMBERS,
    Agreement,
    Assignment,
    Cancellation,
    Commitment,
    Document,
    Domain,
    Prepayment,
    digest,
    loan_id,
    recover,
    struct_hash,
    terms_of,
    type_string,
    typed_data,
)
from ledger.core.allocation import Terms
from ledger.core.types import Address
from ledger.errors import SignatureError, TermsError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "typed_data.json").read_text())
DOMAIN = Domain(GOLDEN["domain"]["chainId"], GOLDEN["domain"]["verifyingContract"])
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def read(case: dict[str, Any]) -> Document:
    kind: type[Document] = getattr(documents, case["primaryType"])
    values: dict[str, Any] = {}
    for member in MEMBERS[kind]:
        text = case["message"][member.name]
        if member.type.startswith("uint"):
            values[member.field] = int(text)
        elif member.type == "address":
            values[member.field] = text
        else:
            values[member.field] = bytes.fromhex(text[2:])
    return kind(**values)


CASES = [(case, read(case)) for case in GOLDEN["documents"]]
AGREEMENT: Any = CASES[0][1]
SIGNATURE = bytes.fromhex(GOLDEN["documents"][0]["signature"][2:])
DIGEST = bytes.fromhex(GOLDEN["documents"][0]["digest"][2:])
each_case = pytest.mark.parametrize(
    ("case", "document"), CASES, ids=[case["primaryType"] for case, _ in CASES]
)


def test_golden__documents__cover_every_kind() -> None:
    kinds = {type(document) for _, document in CASES}
    assert kinds == {Agreement, Commitment, Prepayment, Assignment, Cancellation} == set(MEMBERS)


def test_separator__golden_domain__matches_ethers() -> None:
    assert DOMAIN.separator.hex() == GOLDEN["separator"][2:]


@each_case
def test_digest__golden_document__matches_ethers(case: dict[str, Any], document: Document) -> None:
    assert type_string(type(document)) == case["typeString"]
    assert digest(document, DOMAIN).hex() == case["digest"][2:]


@each_case
def test_typed_data__golden_document__is_what_a_wallet_signed(
    case: dict[str, Any], document: Document
) -> None:
    data = json.loads(json.dumps(typed_data(document, DOMAIN)))
    assert data["message"] == case["message"]
    assert data["domain"] == GOLDEN["domain"]
    assert data["primaryType"] == case["primaryType"]


@each_case
def test_digest__golden_document__matches_eth_account(
    case: dict[str, Any], document: Document
) -> None:
    message = encode_typed_data(full_message=typed_data(document, DOMAIN))
    assert message.header == DOMAIN.separator
    assert message.body == struct_hash(document)
    whole = b"\x19" + message.version + message.header + message.body
    assert keccak(whole) == digest(document, DOMAIN)


@each_case
def test_recover__signed_by_ethers__is_the_signer(case: dict[str, Any], document: Document) -> None:
    signature = bytes.fromhex(case["signature"][2:])
    assert recover(digest(document, DOMAIN), signature) == GOLDEN["signer"]


def test_recover__signed_by_eth_account__is_the_signer() -> None:
    account = Account.from_key(b"\x07" * 32)
    signed = account.sign_typed_data(full_message=typed_data(AGREEMENT, DOMAIN))
    assert recover(digest(AGREEMENT, DOMAIN), bytes(signed.signature)) == account.address


def test_loan_id__agreement__is_its_digest() -> None:
    assert loan_id(AGREEMENT, DOMAIN) == DIGEST


def changed(value: Any) -> Any:
    if isinstance(value, str):
        return to_checksum_address(bytes([0xEE]) * 20)
    return value + 1 if isinstance(value, int) else bytes([value[0] ^ 1]) + value[1:]


@pytest.mark.parametrize("field", [member.field for member in MEMBERS[Agreement]])
def test_loan_id__one_changed_term__is_another_loan(field: str) -> None:
    other = replace(AGREEMENT, **{field: changed(getattr(AGREEMENT, field))})
    assert loan_id(other, DOMAIN) != DIGEST


@pytest.mark.parametrize(
    "domain", [replace(DOMAIN, chain_id=1), replace(DOMAIN, book=Address("0x" + "11" * 20))]
)
def test_loan_id__another_chain_or_book__is_another_loan(domain: Domain) -> None:
    assert loan_id(AGREEMENT, domain) != DIGEST


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("principal", 1 << 128),
        ("principal", -1),
        ("principal", True),
        ("principal", "1"),
        ("penalty_rate", 1 << 32),
        ("value_date", 1 << 40),
        ("salt", 1 << 256),
        ("currency", b"CN"),
        ("currency", b"CNYX"),
        ("currency", "CNY"),
        ("documents", b""),
        ("borrower", "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"),
        ("borrower", "0x11"),
        ("borrower", b"\x11" * 20),
    ],
)
def test_struct_hash__value_out_of_type__is_refused_by_name(field: str, value: Any) -> None:
    document = replace(AGREEMENT, **{field: value})
    with pytest.raises(TermsError) as caught:
        struct_hash(document)
    assert caught.value.field == field
    with pytest.raises(TermsError):
        typed_data(document, DOMAIN)


def flipped_s(signature: bytes) -> bytes:
    s = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


def test_recover__malleable_twin__is_refused() -> None:
    assert 2 * HALF_CURVE_ORDER + 1 == CURVE_ORDER
    with pytest.raises(SignatureError, match="upper half"):
        recover(DIGEST, flipped_s(SIGNATURE))


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


REFUSED = {
    "empty": b"",
    "64 bytes": SIGNATURE[:64],
    "66 bytes": SIGNATURE + b"\0",
    "v of 0": SIGNATURE[:64] + b"\x00",
    "v of 1": SIGNATURE[:64] + b"\x01",
    "v of 26": SIGNATURE[:64] + b"\x1a",
    "v of 29": SIGNATURE[:64] + b"\x1d",
    "r of 0": word(0) + SIGNATURE[32:],
    "s of 0": SIGNATURE[:32] + word(0) + SIGNATURE[64:],
    "r of the order": word(CURVE_ORDER) + SIGNATURE[32:],
    "r of no point": word(5) + SIGNATURE[32:],
    "all zero": bytes(64) + b"\x1b",
    "all ones": b"\xff" * 64 + b"\x1b",
}


@pytest.mark.parametrize("signature", REFUSED.values(), ids=list(REFUSED))
def test_recover__malformed_signature__is_refused(signature: bytes) -> None:
    with pytest.raises(SignatureError):
        recover(DIGEST, signature)


@pytest.mark.parametrize("digest", [b"", DIGEST[:31], DIGEST + b"\0"])
def test_recover__digest_of_another_length__is_refused(digest: bytes) -> None:
    with pytest.raises(SignatureError, match="digest is 32 bytes"):
        recover(digest, SIGNATURE)


def test_recover__largest_low_s__is_not_refused_for_its_size() -> None:
    signature = SIGNATURE[:32] + word(HALF_CURVE_ORDER) + SIGNATURE[64:]
    assert recover(DIGEST, signature) != GOLDEN["signer"]


def test_recover__another_digest__is_another_address() -> None:
    assert recover(bytes(32), SIGNATURE) != GOLDEN["signer"]


def test_terms_of__agreement__keeps_what_servicing_needs() -> None:
    assert terms_of(replace(AGREEMENT, daily_rate=7, write_off_after_days=181)) == Terms(
        principal=1_200_000,
        value_date=1_767_225_600,
        penalty_rate=500,
        grace_days=3,
        prepayment_fee_bps=100,
        default_after_days=90,
        write_off_after_days=181,
        daily_rate=7,
    )
