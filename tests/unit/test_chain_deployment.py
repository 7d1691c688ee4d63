"""The file that says where a book is."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ledger.chain.deploy import Deployed, Deployment, read_deployment, write_deployment
from ledger.core.types import Address
from ledger.errors import InputError

BOOK = Deployed(Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"), 5, "0x" + "aa" * 32)
REGISTRY = Deployed(Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8"), 2, "0x" + "bb" * 32)


def _deployment(chain_id: int) -> Deployment:
    return Deployment(chain_id, "0x" + "00" * 32, BOOK, REGISTRY, {"CNY": BOOK}, {"Notes": BOOK})


def test_write_deployment__read_back__same(tmp_path: Path) -> None:
    path = write_deployment(_deployment(31337), tmp_path / "deployments")

    assert path == tmp_path / "deployments" / "31337.json"
    assert read_deployment(path) == _deployment(31337)
    assert json.loads(path.read_text())["book"]["address"] == BOOK.address
    assert read_deployment(path).first_block == REGISTRY.block


def test_write_deployment__other_book_on_a_production_chain__kept(tmp_path: Path) -> None:
    path = write_deployment(_deployment(1), tmp_path)
    other = dataclasses.replace(_deployment(1), book=REGISTRY)

    write_deployment(_deployment(1), tmp_path)
    with pytest.raises(InputError, match=f"names the book {BOOK.address}: move the file away"):
        write_deployment(other, tmp_path)

    assert read_deployment(path) == _deployment(1)


def test_write_deployment__other_book_on_a_development_chain__replaced(tmp_path: Path) -> None:
    write_deployment(_deployment(31337), tmp_path)
    other = dataclasses.replace(_deployment(31337), book=REGISTRY)

    assert read_deployment(write_deployment(other, tmp_path)) == other


@pytest.mark.parametrize(
    "change",
    [
        {"book": {"address": "0x12", "block": 1, "code_hash": "0x"}},
        {"book": None},
        {"chain_id": "x"},
        {"tokens": []},
    ],
)
def test_read_deployment__malformed__refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = write_deployment(_deployment(31337), tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    with pytest.raises(InputError, match="does not describe a deployment"):
        read_deployment(path)


def test_read_deployment__missing__says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run `loanbook deploy`"):
        read_deployment(tmp_path / "31337.json")
