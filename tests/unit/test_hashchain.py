"""Heads as the contracts compute them; expected hashes were made by Foundry's `cast keccak`."""

from __future__ import annotations

import pytest

from ledger.core.hashchain import EMPTY_HEAD, entry_hash, next_head, next_loans_head
from ledger.core.types import LoanId
from ledger.errors import DecodeError

TOPICS = (b"\x11" * 32, b"\x22" * 32)
DATA = b"\x01\x02"
ENTRY = bytes.fromhex("915c3f8a99361bcdf5a7919c84ac6f5ca501b092cfde4c3cb8aece04fe583c60")
FIRST_HEAD = bytes.fromhex("6556918bb256df63fb2be66397abcb93d0f6513d9f9a0c0df77487166d524a32")
SECOND_HEAD = bytes.fromhex("1b05373e468f6ec7de44606657b092cc5b1ffb44bc4f5f2e121bf2cb3a063645")


def test_entry_hash__two_topics__matches_foundry() -> None:
    assert entry_hash(TOPICS, DATA) == ENTRY


def test_next_head__from_empty__matches_foundry_twice() -> None:
    assert next_head(bytes(32), ENTRY) == FIRST_HEAD
    assert next_head(FIRST_HEAD, ENTRY) == SECOND_HEAD


def test_empty_head__is_what_storage_starts_with() -> None:
    assert not any(EMPTY_HEAD)
    assert len(EMPTY_HEAD) == 32


def test_next_loans_head__from_empty__chains_the_loan_id_itself() -> None:
    assert next_loans_head(bytes(32), LoanId(ENTRY)) == FIRST_HEAD
    assert next_loans_head(FIRST_HEAD, LoanId(ENTRY)) == SECOND_HEAD


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        (TOPICS[::-1], DATA),
        (TOPICS[:1], DATA),
        (TOPICS, DATA[::-1]),
        (TOPICS, DATA + b"\0"),
        (TOPICS, b""),
    ],
)
def test_entry_hash__another_log__is_another_entry(topics: tuple[bytes, ...], data: bytes) -> None:
    assert entry_hash(topics, data) != ENTRY


@pytest.mark.parametrize("topics", [(), (b"\x11" * 31,), (b"\x11" * 32, b""), (b"\x11" * 64,)])
def test_entry_hash__malformed_topics__is_refused(topics: tuple[bytes, ...]) -> None:
    with pytest.raises(DecodeError, match="32 bytes"):
        entry_hash(topics, DATA)
