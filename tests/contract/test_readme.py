"""contracts/README.md speaks of the contracts as they are."""

from __future__ import annotations

import json
import re
from typing import Any

from eth_hash.auto import keccak

from ledger.chain.artifacts import artifacts_folder, load
from scripts.toolchain import ROOT
from tests.contract.chain import Revm
from tests.contract.evm import subject
from tests.contract.world import World

README = (ROOT / "contracts" / "README.md").read_text(encoding="utf-8")
CODE = set(re.findall(r"`([A-Za-z0-9_.]+)`", README))
ENTRY_POINTS = README.partition("## Entry points")[2].partition("\nViews:")[0]


def names(contract: str, kind: str) -> set[str]:
    """Return what a contract's ABI has of a kind: function, event, error."""
    return {item["name"] for item in load(contract).abi if item["type"] == kind}


def layout(contract: str) -> dict[str, Any]:
    text = artifacts_folder().joinpath(f"{contract}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)["storageLayout"]
    return found


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the tables under a heading."""
    part = README.partition(f"## {heading}")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_readme__every_function_event_and_error__appears() -> None:
    for contract in ("LoanBook", "PartyRegistry"):
        assert names(contract, "function") - CODE == set()
        assert names(contract, "event") - CODE == set()
    assert names("Errors", "error") - CODE == set()


def test_readme__entry_points__name_errors_that_exist() -> None:
    standard = {"AccessControlUnauthorizedAccount", "SafeERC20FailedOperation"}
    standard |= {"ReentrancyGuardReentrantCall", "PartyRegistry", "CustodyToken"}
    quoted = set(re.findall(r"`([A-Z][A-Za-z0-9]+)`", ENTRY_POINTS))
    assert quoted - standard == names("Errors", "error")


def test_readme__storage_table__is_the_compilers_layout() -> None:
    slots = {
        contract: {item["label"]: int(item["slot"]) for item in layout(contract)["storage"]}
        for contract in ("LoanBook", "PartyRegistry")
    }
    table = [row for row in rows("Storage that proofs rely on") if row[0] in slots]
    assert len(table) >= 10
    for contract, what, slot in table:
        for label in re.findall(r"`(\w+)`", what):
            assert slots[contract][label] == int(slot), label


def test_readme__members_of_a_loan__are_the_compilers_layout() -> None:
    types = layout("LoanBook")["types"]
    (loan,) = (kind for name, kind in types.items() if name.startswith("t_struct(Loan)"))
    offsets = {item["label"]: int(item["slot"]) for item in loan["members"]}
    table = rows("Storage that proofs rely on")
    told = {
        row[0].split("`")[1]: int(row[1]) for row in table if len(row) == 2 and row[1].isdigit()
    }
    assert told == offsets


def test_storage__heads__lie_where_proofs_look_for_them(world: World) -> None:
    draft = world.active()
    assert isinstance(world.chain, Revm)

    def stored(address: str, slot: int) -> bytes:
        return int(world.chain.evm.storage(address, slot)).to_bytes(32, "big")  # type: ignore[attr-defined]

    base = int.from_bytes(keccak(draft.loan_id + (12).to_bytes(32, "big")), "big")
    assert stored(world.book, base) == world.raw("head", draft.loan_id)
    assert stored(world.book, 1) == world.raw("bookHead")
    assert stored(world.registry, 1) == world.ask(world.registry, "head")
    key = subject(world.borrower).ljust(32, b"\0") + (13).to_bytes(32, "big")
    at = int.from_bytes(keccak(key), "big")
    assert stored(world.book, at) == world.raw("loansHead", subject(world.borrower))
