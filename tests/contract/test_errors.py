"""Every custom error of the contracts is provoked by a test, with its values."""

from __future__ import annotations

import ast
from pathlib import Path

from ledger.chain.artifacts import load

TESTS = Path(__file__).parent
UNREACHED: dict[str, str] = {}
"""Errors that no call can provoke, with the reason."""


def provoked() -> set[str]:
    """Return the names that tests of this folder give to ``expect_refusal``."""
    names = set()
    for path in TESTS.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
    return names


def test_errors__each_one__is_provoked_by_a_test() -> None:
    declared = {item["name"] for item in load("Errors").abi if item["type"] == "error"}
    assert declared - provoked() == set(UNREACHED)


def test_errors__the_books_abi__holds_no_error_that_no_library_declares() -> None:
    declared = {item["name"] for item in load("Errors").abi}
    standard = ("AccessControl", "ERC6909", "SafeERC20", "Reentrancy", "ECDSA", "ShortString")
    others = {
        item["name"]
        for item in load("LoanBook").abi
        if item["type"] == "error" and item["name"] not in declared
    }
    known = {"StringTooLong", "InvalidShortString", "FailedCall", "AddressEmptyCode"}
    assert {name for name in others if not name.startswith(standard)} <= known
