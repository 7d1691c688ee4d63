"""The outbox's tables and the lock of a sender."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.core.intents import Attempt, Intent, IntentState
from ledger.core.types import Address
from ledger.errors import SenderBusy, StoreError
from ledger.store import Store
from tests.stores import new_store

ALICE = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
BOB = Address("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as store:
        yield store


def intent(name: str, nonce: int, sender: Address = ALICE) -> Intent:
    return Intent(name, 31337, sender, nonce, BOB, b"\x01\x02", 21_000)


def attempt(name: str, number: int = 1) -> Attempt:
    tx_hash = f"{name}/{number}".encode().ljust(32, b"\0")
    return Attempt(tx_hash, name, number, b"raw", 2**62, 10**9, 5)


def test_add__then_find__gives_back_the_same(store: Store) -> None:
    created = replace(intent("create", 1), to=None, data=bytes(50_000))
    with store.outbox.transaction() as outbox:
        outbox.add([intent("a", 0), created], [attempt("a"), attempt("create")])
    with store.outbox.transaction() as outbox:
        assert outbox.find("a") == intent("a", 0)
        assert outbox.find("create") == created
        assert outbox.find("b") is None
        assert outbox.attempts(["a", "b"]) == {"a": [attempt("a")], "b": []}


def test_attempts__thousands_of_requests__are_asked_in_parts(store: Store) -> None:
    names = [f"r{number}" for number in range(2_500)]
    with store.outbox.transaction() as outbox:
        outbox.add([intent(name, n) for n, name in enumerate(names)], list(map(attempt, names)))
        outbox.add_attempt(attempt("r7", 2))
        found = outbox.attempts(names)
        assert list(found) == names
        assert found["r7"] == [attempt("r7"), attempt("r7", 2)]


def test_unfinished__in_the_order_of_nonces__leaves_out_what_is_final(store: Store) -> None:
    states = [IntentState.PENDING, IntentState.CONFIRMED, IntentState.MINED, IntentState.REVERTED]
    intents = [replace(intent(f"r{n}", n), state=state) for n, state in enumerate(states)]
    with store.outbox.transaction() as outbox:
        outbox.add([*reversed(intents), intent("bob", 0, BOB)], [])
        assert outbox.unfinished(31337, ALICE) == [intents[0], intents[2]]
        assert outbox.unfinished(1, ALICE) == []


def test_update__what_the_chain_said__is_stored_and_can_be_taken_back(store: Store) -> None:
    mined = replace(
        intent("a", 0),
        state=IntentState.MINED,
        tx_hash=bytes(32),
        block_number=7,
        block_hash=b"\x01" * 32,
        succeeded=False,
        reason="WrongStatus",
    )
    with store.outbox.transaction() as outbox:
        outbox.add([intent("a", 0)], [])
        assert outbox.find("a") == intent("a", 0)
        outbox.update([mined])
        assert outbox.find("a") == mined
        outbox.update([intent("a", 0)])
        assert outbox.find("a") == intent("a", 0)
        outbox.update([])


def test_next_nonce__per_key_and_chain__is_remembered(store: Store) -> None:
    with store.outbox.transaction() as outbox:
        assert outbox.next_nonce(31337, ALICE) is None
        outbox.set_next_nonce(31337, ALICE, 5)
        outbox.set_next_nonce(31337, ALICE, 6)
        outbox.set_next_nonce(1, ALICE, 40)
    with store.outbox.transaction() as outbox:
        assert outbox.next_nonce(31337, ALICE) == 6
        assert outbox.next_nonce(1, ALICE) == 40
        assert outbox.next_nonce(31337, BOB) is None


def test_transaction__error_inside__leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.outbox.transaction() as outbox:
            outbox.set_next_nonce(31337, ALICE, 1)
            outbox.add([intent("a", 0)], [attempt("a")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.outbox.transaction() as outbox:
        assert outbox.find("a") is None
        assert outbox.next_nonce(31337, ALICE) is None


def test_add__nonce_used_twice__is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="UNIQUE"), store.outbox.transaction() as outbox:
        outbox.add([intent("a", 0), intent("b", 0)], [])


def test_lock_sender__held__refuses_a_second_holder(store: Store, tmp_path: Path) -> None:
    with store.outbox.lock_sender(31337, ALICE):
        with pytest.raises(SenderBusy) as caught, store.outbox.lock_sender(31337, ALICE):
            pass
        assert caught.value.retry
        with (
            new_store(tmp_path) as other,
            pytest.raises(SenderBusy),
            other.outbox.lock_sender(31337, ALICE),
        ):
            pass
        with store.outbox.lock_sender(31337, BOB), store.outbox.lock_sender(1, ALICE):
            pass
    with store.outbox.lock_sender(31337, ALICE):
        pass


def test_lock_sender__same_file_behind_a_link__refuses_a_second_holder(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.db").symlink_to(tmp_path / "book.db")

    with (
        store.outbox.lock_sender(31337, ALICE),
        new_store(tmp_path / "elsewhere", "link.db") as other,
        pytest.raises(SenderBusy),
        other.outbox.lock_sender(31337, ALICE),
    ):
        pass


HOLDER = """
import sys, time
from ledger.store import open_store
with open_store(sys.argv[1]).outbox.lock_sender(31337, sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_lock_sender__holder_killed__is_free_again(store: Store, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'book.db'}"
    command = [sys.executable, "-c", HOLDER, url, ALICE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(SenderBusy), store.outbox.lock_sender(31337, ALICE):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with store.outbox.lock_sender(31337, ALICE):
        pass
