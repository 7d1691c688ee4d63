"""The records hold what the contracts' interfaces declare, in their order."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from enum import IntEnum
from pathlib import Path
from typing import Any, get_args

import pytest

from ledger.core.agreement import MEMBERS
from ledger.core.decode import BOOK_EVENTS, REGISTRY_EVENTS, STRUCTS, abi_type
from ledger.core.events import BookEvent, Event, LoanEvent, RegistryEvent
from ledger.core.solidity import Member, parse_members
from ledger.core.types import Kind, Status
from tests.event_samples import DECLARATIONS

CONTRACTS = Path(__file__).parents[2] / "contracts"
DECLARED: list[tuple[type, tuple[Member, ...]]] = [
    *((kind, parse_members(text)) for kind, text in DECLARATIONS.items()),
    *STRUCTS.items(),
    *MEMBERS.items(),
]


def abi_of(contract: str) -> list[dict[str, Any]]:
    artifact = json.loads((CONTRACTS / "artifacts" / f"{contract}.json").read_text())
    abi: list[dict[str, Any]] = artifact["abi"]
    return abi


def declared_type(parameter: dict[str, Any]) -> str:
    return str(parameter["internalType"]).removeprefix("struct ").removeprefix("enum ")


def members_of(parameters: list[dict[str, Any]]) -> tuple[Member, ...]:
    return tuple(
        Member(declared_type(item), item["name"], item.get("indexed", False)) for item in parameters
    )


@pytest.mark.parametrize(
    ("record", "members"), DECLARED, ids=lambda item: getattr(item, "__name__", "")
)
def test_fields__every_record__are_the_declared_members_in_order(
    record: type, members: tuple[Member, ...]
) -> None:
    assert [field.name for field in fields(record)] == [member.field for member in members]


@pytest.mark.parametrize(
    ("contract", "table"), [("ILoanBook", BOOK_EVENTS), ("IPartyRegistry", REGISTRY_EVENTS)]
)
def test_declarations__against_the_compiled_interface__are_equal(
    contract: str, table: dict[type[Event], str]
) -> None:
    compiled = {
        item["name"]: members_of(item["inputs"])
        for item in abi_of(contract)
        if item["type"] == "event"
    }
    assert {kind.__name__: parse_members(text) for kind, text in table.items()} == compiled


def structs_in(parameters: list[dict[str, Any]]) -> dict[str, tuple[Member, ...]]:
    return {
        declared_type(item): members_of(item["components"])
        for item in parameters
        if item["type"] == "tuple"
    }


def test_structs__against_the_compiled_interface__are_equal() -> None:
    compiled: dict[str, tuple[Member, ...]] = {}
    for item in abi_of("ILoanBook"):
        compiled |= structs_in(item.get("inputs", []))
    ours = {record.__name__: members for record, members in {**STRUCTS, **MEMBERS}.items()}
    assert ours == {name: compiled[name] for name in ours}


def test_abi_type__every_event_parameter__is_the_compiled_type() -> None:
    for item in abi_of("ILoanBook") + abi_of("IPartyRegistry"):
        for parameter in item["inputs"] if item["type"] == "event" else []:
            parts = ",".join(part["type"] for part in parameter.get("components", []))
            expected = f"({parts})" if parts else parameter["type"]
            assert abi_type(declared_type(parameter)) == expected


def test_unions__loan_book_registry__cover_the_tables() -> None:
    assert {*get_args(LoanEvent), *get_args(BookEvent)} == set(BOOK_EVENTS)
    assert set(get_args(RegistryEvent)) == set(REGISTRY_EVENTS)
    assert set(get_args(Event)) == set(DECLARATIONS)


def test_indexed__loan_events_their_id__others_nothing() -> None:
    for kind, text in DECLARATIONS.items():
        indexed = [member.field for member in parse_members(text) if member.indexed]
        assert indexed == (["loan_id"] if kind in get_args(LoanEvent) else [])


@pytest.mark.parametrize(
    ("ours", "source"), [(Status, "ILoanBook.sol"), (Kind, "IPartyRegistry.sol")]
)
def test_enums__against_the_interface__have_the_same_members_in_order(
    ours: type[IntEnum], source: str
) -> None:
    text = (CONTRACTS / "interfaces" / source).read_text()
    declared = re.search(rf"enum {ours.__name__} \{{([^}}]*)\}}", text)
    assert declared is not None
    names = [name.strip() for name in declared[1].split(",")]
    assert [member.name.replace("_", "") for member in ours] == [name.upper() for name in names]
    assert [int(member) for member in ours] == list(range(len(names)))
