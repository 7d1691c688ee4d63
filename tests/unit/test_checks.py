"""Checks against a contract storage that says what the book says, but for one thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ledger.chain.state import layout
from ledger.core.book import Book
from ledger.core.checks import CHECKS, LOANS_AT_ONCE, Outcome, Run, loan_accounts
from ledger.core.findings import Finding, Severity, all_well
from ledger.core.journal import Entry, Line, Tail, trial_balance
from ledger.core.journal_checks import StoredEntry, check_journal
from ledger.core.layout import Layout, Place
from ledger.core.places import (
    book_places,
    loan_places,
    party_fields,
    party_places,
    registry_places,
    subject_places,
)
from ledger.core.storage import Fields, loan_fields, rules_fields
from ledger.core.types import Address
from ledger.errors import InputError
from tests.replayed import entries_of, replay
from tests.simulated_logs import BANK, LENDERS, TOKEN, agreement
from tests.simulation import SimulatedChain
from tests.stores import ROWS, grow, small_chain

BOOK_LAYOUT, REGISTRY_LAYOUT = layout("LoanBook"), layout("PartyRegistry")


@dataclass
class Told:
    """A ``ChainState`` that tells a book's own values, by slot and offset."""

    values: dict[tuple[str, int, int], Any]
    held: dict[Address, int]
    proven: bool = True
    book_layout: Layout = BOOK_LAYOUT
    registry_layout: Layout = REGISTRY_LAYOUT
    asked: int = field(default=0)

    def book(self, places: Mapping[str, Place]) -> Fields:
        return self._told("book", places)

    def registry(self, places: Mapping[str, Place]) -> Fields:
        return self._told("registry", places)

    def tokens(self, token: Address) -> int:
        return self.held[token]

    def _told(self, contract: str, places: Mapping[str, Place]) -> Fields:
        self.asked += 1
        return {
            name: self.values[contract, place.slot, place.offset] for name, place in places.items()
        }


def told_by(book: Book, held: dict[Address, int]) -> Told:
    known = rules_fields(book.rules)
    values: dict[tuple[str, int, int], Any] = {}

    def tell(contract: str, places: Mapping[str, Place], fields: Fields) -> None:
        for name, place in places.items():
            values[contract, place.slot, place.offset] = fields[name]

    tell("book", book_places(BOOK_LAYOUT, book.rules), known)
    tell("registry", registry_places(REGISTRY_LAYOUT, book.rules), known)
    for loan in book.loans.values():
        tell("book", loan_places(BOOK_LAYOUT, loan), loan_fields(loan))
    for wallet, party in book.parties.items():
        tell("registry", party_places(REGISTRY_LAYOUT, wallet), party_fields(wallet, party))
    for subject, head in book.subjects.items():
        places = subject_places(BOOK_LAYOUT, subject)
        tell("book", places, dict.fromkeys(places, head))
    return Told(values, held)


def run_of(chain: SimulatedChain) -> tuple[Run, Told]:
    book, steps = replay(chain.logs)
    told = told_by(book, {TOKEN[0]: chain.money[TOKEN[0]]})
    run = Run(
        block=chain.number,
        rules=book.rules,
        loans=lambda: list(book.loans.values()),
        parties=book.parties,
        subjects=book.subjects,
        balances=trial_balance(entries_of(steps)),
        state=told,
    )
    return run, told


def outcomes(run: Run) -> dict[str, Outcome]:
    return {name: check(run) for name, check in CHECKS.items()}


def every_life() -> SimulatedChain:
    """Return a chain with a loan in each state that there is."""
    chain = small_chain()
    grow(chain)
    cancelled = chain.loans[-1]
    chain.commit(cancelled, LENDERS[0], 300)
    chain.commit(cancelled, LENDERS[1], 100)
    chain.cancel(cancelled)
    chain.refund(cancelled, LENDERS[0])
    return chain


CHAIN = every_life()


def test_checks__book_and_chain_agree__find_nothing() -> None:
    run, _ = run_of(CHAIN)
    for name, outcome in outcomes(run).items():
        assert outcome.ok, name
        assert outcome.findings == ()
        assert outcome.checked > 0


def test_places__every_stored_field__has_one_and_only_one() -> None:
    run, _ = run_of(CHAIN)
    for loan in run.loans():
        places = loan_places(BOOK_LAYOUT, loan)
        assert places.keys() == loan_fields(loan).keys()
        bits = {(p.slot, 8 * p.offset + n) for p in places.values() for n in range(8 * p.size)}
        assert len(bits) == sum(8 * place.size for place in places.values())
    both = book_places(BOOK_LAYOUT, run.rules) | registry_places(REGISTRY_LAYOUT, run.rules)
    assert both.keys() == rules_fields(run.rules).keys()


def wrong(value: Any) -> Any:
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return value[:-1] + ("0" if value[-1] != "0" else "1") if isinstance(value, str) else value + 1


def test_checks__any_single_value_in_storage_differs__is_found() -> None:
    run, told = run_of(small_chain(1))
    for place, value in list(told.values.items()):
        told.values[place] = wrong(value)
        found = [item for outcome in outcomes(run).values() for item in outcome.findings]
        assert not all_well(found), place
        assert all(item.expected != item.found for item in found)
        told.values[place] = value


def test_completeness__storage_not_proven__says_so_and_passes() -> None:
    run, told = run_of(CHAIN)
    told.proven = False
    outcome = CHECKS["completeness"](run)
    assert outcome.ok
    (finding,) = outcome.findings
    assert (finding.code, finding.severity) == ("unproven", Severity.INFO)


def test_checks__many_loans__are_read_in_groups() -> None:
    chain = SimulatedChain()
    chain.create()
    for salt in range(LOANS_AT_ONCE + 1):
        chain.open(agreement(ROWS, salt=salt), ROWS)
    run, told = run_of(chain)
    assert CHECKS["state"](run).ok
    # The book, the registry, and two groups of loans.
    assert told.asked == 1 + 1 + 2


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        (-1, "custody", Severity.ERROR),
        (-(10**9), "custody", Severity.ERROR),
        (1, "surplus", Severity.INFO),
        (0, None, None),
    ],
)
def test_money__tokens_held__cover_custody(
    change: int, code: str | None, severity: Severity | None
) -> None:
    run, told = run_of(CHAIN)
    told.held[TOKEN[0]] += change
    found = [(item.code, item.severity) for item in CHECKS["money"](run).findings]
    assert found == ([] if code is None else [(code, severity)])


def test_money__any_balance_wrong__is_found() -> None:
    run, _ = run_of(CHAIN)
    for account in run.balances:
        if account == f"custody:{BANK[1].decode()}":
            continue  # nobody but the custodian's statement can say
        changed = replace(run, balances={**run.balances, account: run.balances[account] + 1})
        found = CHECKS["money"](changed).findings
        assert any(account in item.where for item in found), account


def test_loan_accounts__after_every_history__are_the_journals() -> None:
    run, _ = run_of(CHAIN)
    for loan in run.loans():
        for account, amount in loan_accounts(loan).items():
            assert run.balances.get(account, 0) == amount, account


def test_finding__to_json__has_the_promised_members() -> None:
    finding = Finding("code", "there", "1", "2")
    assert finding.to_json() == {
        "code": "code",
        "severity": "error",
        "loan_id": None,
        "expected": "1",
        "found": "2",
        "where": "there",
    }


# ---------------------------------------------------------------- the journal


def stored(chain: SimulatedChain) -> tuple[list[StoredEntry], Tail]:
    book, steps = replay(chain.logs)
    return [StoredEntry(entry, entry.hash) for entry in entries_of(steps)], book.journal


def test_check_journal__as_posted__finds_nothing() -> None:
    entries, end = stored(CHAIN)
    assert check_journal(entries, Tail(), end) == Outcome(len(entries))


def test_check_journal__from_the_middle__needs_only_what_is_new() -> None:
    short, end = stored(small_chain())
    chain = small_chain()
    grow(chain)
    entries, later = stored(chain)
    assert check_journal(entries[len(short) :], end, later) == Outcome(len(entries) - len(short))


def reposted(change: Callable[[Entry], Entry]) -> Callable[[StoredEntry], StoredEntry]:
    return lambda item: StoredEntry(change(item.entry), item.hash)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda item: StoredEntry(item.entry, bytes(32)), "hash"),
        (reposted(lambda entry: replace(entry, number=99)), "without a gap"),
        (reposted(lambda entry: replace(entry, previous=bytes(32))), "links"),
        (reposted(lambda entry: replace(entry, lines=entry.lines[:1])), "debits less credits"),
        (reposted(lambda entry: replace(entry, lines=())), "lines"),
        (reposted(lambda entry: replace(entry, effective=entry.effective + 1)), "hash"),
        (
            reposted(
                lambda e: replace(e, lines=tuple(Line(x.account + "0", x.amount) for x in e.lines))
            ),
            "hash",
        ),
    ],
)
def test_check_journal__one_entry_changed__is_named(
    change: Callable[[StoredEntry], StoredEntry], where: str
) -> None:
    entries, end = stored(CHAIN)
    place = len(entries) // 2
    changed = change(entries[place])
    entries[place] = changed
    found = check_journal(entries, Tail(), end).findings
    named = f"journal entry {changed.entry.number}: "
    assert any(item.where.startswith(named) and where in item.where for item in found)


@pytest.mark.parametrize("lost", [slice(None, -1), slice(1, None), slice(0, 0)])
def test_check_journal__entries_lost__is_found(lost: slice) -> None:
    entries, end = stored(CHAIN)
    found = check_journal(entries[lost], Tail(), end).findings
    assert "end of the journal: root" in {item.where for item in found}


# ---------------------------------------------------------------- layout


def test_layout__unknown_path__is_refused() -> None:
    for path in (("nothing",), ("_loans", bytes(32), "nothing"), ("bookSeq", 1)):
        with pytest.raises(InputError, match="the contract stores no"):
            BOOK_LAYOUT.places(*path)


def test_layout__packed_word__reads_each_member() -> None:
    places = BOOK_LAYOUT.places("_settlements", 0)
    token = bytes.fromhex("5fc8d32690cc91d4c39d9d3abcbd16989f875707")
    word = (b"\x01" + b"CNY"[::1] + token).rjust(32, b"\0")
    assert places["token"].read(word) == "0x5FC8d32690cc91D4c39d9d3abcBD16989F875707"
    assert places["currency"].read(word) == b"CNY"
    assert places["open"].read(word) is True
    assert places["open"].read(bytes(32)) is False
