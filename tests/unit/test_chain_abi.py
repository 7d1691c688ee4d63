"""Calls, refusals and linked code, against the compiled contracts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from ledger.chain import artifacts
from ledger.chain.abi import Call, interface
from ledger.chain.client import Client
from ledger.chain.contract import Contract
from ledger.chain.custody_token import CustodyToken
from ledger.chain.loan_book import ALL, ANY_COUNT, NO_REF, LoanBook
from ledger.chain.party_registry import PartyRegistry
from ledger.chain.reverts import decode_revert, known_errors
from ledger.core.agreement import Commitment
from ledger.core.packing import Row, pack_rows
from ledger.core.types import Address, Kind, LoanId, MinorUnits, Subject, Timestamp
from ledger.errors import ArtifactError, InconsistentNode, InputError

BOOK = Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
LENDER = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
LOAN = LoanId(b"\x11" * 32)


class NoTransport:
    name = "none"

    def request(self, method: str, _params: object) -> object:
        raise AssertionError(f"building a call asked the node for {method}")

    def batch(self, questions: object) -> list[object]:
        raise AssertionError(f"building a call asked the node {questions}")


@pytest.fixture
def book() -> LoanBook:
    return LoanBook(Client(NoTransport()), BOOK)


def _selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


def test_commit__built__selector_and_arguments_of_the_signature(book: LoanBook) -> None:
    commitment = Commitment(LOAN, LENDER, MinorUnits(5), Timestamp(6), 7)

    call = book.commit(commitment, b"sig", 3, b"\x22" * 32)

    types = ["(bytes32,address,uint128,uint40,uint256)", "bytes", "uint32", "bytes32"]
    arguments = encode(types, [(LOAN, LENDER, 5, 6, 7), b"sig", 3, b"\x22" * 32])
    assert call == Call(BOOK, _selector(f"commit({','.join(types)})") + arguments)


def test_repay__defaults__all_that_is_due_by_any_count(book: LoanBook) -> None:
    rows = [Row(86_400, 100, 5), Row(172_800, 100, 3)]

    call = book.repay(LOAN, rows)

    types = ["bytes32", "bytes32[]", "uint256", "uint40", "uint32", "bytes32"]
    arguments = encode(types, [LOAN, pack_rows(rows), ALL, 0, ANY_COUNT, NO_REF])
    assert call.data == _selector(f"repay({','.join(types)})") + arguments


def test_multicall__several_calls__their_data_in_order(book: LoanBook) -> None:
    calls = [book.disburse(LOAN), book.expire(LOAN)]

    call = book.multicall(calls)

    assert call.data == _selector("multicall(bytes[])") + encode(
        ["bytes[]"], [[each.data for each in calls]]
    )


def test_register__built__kind_as_its_number() -> None:
    registry = PartyRegistry(Client(NoTransport()), BOOK)

    call = registry.register(LENDER, Subject(b"\x01" * 16), Kind.COMPANY)

    types = ["address", "(bytes16,uint8,bool)"]
    assert call.data == _selector(f"register({','.join(types)})") + encode(
        types, [LENDER, (b"\x01" * 16, 2, False)]
    )


@pytest.mark.parametrize("amount", [-1, 2**256, 1.5, "1", None])
def test_build__argument_that_does_not_fit__refused(amount: object) -> None:
    token = CustodyToken(Client(NoTransport()), BOOK)

    with pytest.raises(InputError, match="mint: an argument does not fit its type"):
        token.build("mint", LENDER, amount)


def test_build__no_such_function__refused(book: LoanBook) -> None:
    with pytest.raises(ArtifactError, match="LoanBook: has no function seize"):
        book.build("seize", LOAN)


@pytest.mark.parametrize("contract", [LoanBook, PartyRegistry, CustodyToken])
def test_contracts__own_role_functions__in_their_artifact(contract: type[Contract]) -> None:
    instance = contract(Client(NoTransport()), BOOK)

    assert instance.grant_role(NO_REF, LENDER) != instance.revoke_role(NO_REF, LENDER)


def test_decode__answer_of_another_contract__refused() -> None:
    with pytest.raises(InconsistentNode, match="is another contract at this address"):
        interface("LoanBook")["policy"].decode(b"\x01")


# -------------------------------------------------------------------------- refusals


def test_decode_revert__custom_error__name_and_values() -> None:
    data = _selector("NothingEscrowed(bytes32,address)") + encode(
        ["bytes32", "address"], [LOAN, LENDER]
    )

    refusal = decode_revert(data)

    assert refusal.name == "NothingEscrowed"
    assert refusal.values == {"loanId": LOAN, "lender": LENDER}
    assert f"lender={LENDER}" in str(refusal)


def test_decode_revert__every_error_of_the_library__known() -> None:
    declared = {item["name"] for item in artifacts.load("Errors").abi if item["type"] == "error"}

    assert declared
    assert declared <= {error.name for error in known_errors().values()}


def test_decode_revert__plain_reason_and_panic__readable() -> None:
    reason = decode_revert(bytes.fromhex("08c379a0") + encode(["string"], ["too late"]))
    panic = decode_revert(bytes.fromhex("4e487b71") + encode(["uint256"], [0x11]))

    assert (reason.name, reason.values) == ("Error", {"reason": "too late"})
    assert panic.values == {"code": 0x11, "meaning": "arithmetic overflow or underflow"}


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x02\x03\x04\x05", b"\x08\xc3\x79\xa0\x01"])
def test_decode_revert__unknown_data__kept(data: bytes) -> None:
    refusal = decode_revert(data)

    assert (refusal.name, refusal.data) == ("", data)
    assert data.hex() in str(refusal)


# -------------------------------------------------------------------------- artifacts


def test_linked__libraries__addresses_where_they_belong() -> None:
    artifact = artifacts.load("LoanBook")
    libraries = {
        name: Address(f"0x{index + 1:040x}") for index, name in enumerate(artifact.libraries)
    }

    code = artifact.linked(libraries)

    assert artifact.libraries
    for names in artifact.link_references.values():
        for name, places in names.items():
            for place in places:
                found = code[place["start"] : place["start"] + place["length"]]
                assert found == bytes.fromhex(libraries[name][2:])


def test_linked__library_missing__named() -> None:
    artifact = artifacts.load("LoanBook")

    with pytest.raises(ArtifactError, match=f"library {artifact.libraries[0]}"):
        artifact.linked({})


def test_linked__interface__has_no_code() -> None:
    with pytest.raises(ArtifactError, match="it is an interface"):
        artifacts.load("ILoanBook").linked({})


def test_read__missing_or_malformed__says_what_to_do(tmp_path: Path) -> None:
    odd = tmp_path / "Odd.json"
    odd.write_text(json.dumps({"contractName": "Odd"}))

    with pytest.raises(ArtifactError, match="run `make contracts`"):
        artifacts.read(tmp_path / "None.json")
    with pytest.raises(ArtifactError, match="is not an artifact"):
        artifacts.read(odd)
