"""Random histories of several loans: the book follows them exactly and refuses what was altered."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.core import events
from ledger.core.book import Book, apply, book_digest
from ledger.core.codec import canonical, from_plain, to_plain
from ledger.core.decode import decode_book, encode
from ledger.core.events import Event
from ledger.core.journal import Entry, Tail, append
from ledger.core.loan import Loan
from ledger.core.rules import Party, Rules
from ledger.core.types import Log
from ledger.errors import BookError, DecodeError
from tests.histories import histories, settle
from tests.replayed import assert_money, assert_same, entries_of, new_book, replay
from tests.simulated_logs import BOOK
from tests.simulation import SimulatedChain


@given(histories())
@settings(max_examples=25, deadline=None)
def test_apply__any_history__equals_the_simulation(chain: SimulatedChain) -> None:
    book, steps = replay(chain.logs)
    assert_same(book, chain)
    assert_money(chain, entries_of(steps))
    for step in steps:
        if step.after is not None and step.before is not None:
            assert step.after.accepted >= step.before.accepted
            assert step.after.seq == step.before.seq + 1


@given(histories())
@settings(max_examples=25, deadline=None)
def test_journal__any_history__balances_and_links(chain: SimulatedChain) -> None:
    book, steps = replay(chain.logs)
    tail = Tail()
    for entry in entries_of(steps):
        assert sum(line.amount for line in entry.lines) == 0
        assert all(entry.unit in line.account.split(":") for line in entry.lines)
        tail = append(tail, entry)
    assert tail == book.journal


@given(histories())
@settings(max_examples=25, deadline=None)
def test_journal__ended_loans__zero_but_for_less_than_a_unit_a_holder(
    chain: SimulatedChain,
) -> None:
    settle(chain)
    book, steps = replay(chain.logs)
    assert_same(book, chain)
    assert_money(chain, entries_of(steps))
    for loan in chain.loans:
        assert loan.ended
        rest = loan.accepted - sum(loan.paid_out.values())
        assert 0 <= rest < max(1, len(loan.units))


@given(histories(), st.data())
@settings(max_examples=25, deadline=None)
def test_codec__any_state__goes_on_after_a_round_trip(
    chain: SimulatedChain, data: st.DataObject
) -> None:
    blocks = [log.block.number for log in chain.logs]
    cut = blocks.index(data.draw(st.sampled_from(blocks)))
    book, _ = replay(chain.logs[:cut])
    assert all(reread(loan, Loan) == loan for loan in book.loans.values())
    stored = Book(
        book.chain_id,
        book.address,
        book.registry,
        loans={key: reread(loan, Loan) for key, loan in book.loans.items()},
        parties={key: reread(party, Party) for key, party in book.parties.items()},
        subjects=dict(book.subjects),
        rules=reread(book.rules, Rules),
        journal=reread(book.journal, Tail),
        cursor=book.cursor,
    )
    whole, _ = replay(chain.logs)
    resumed, steps = replay(chain.logs[cut:], stored)
    assert book_digest(resumed) == book_digest(whole)
    assert all(reread(entry, Entry) == entry for entry in entries_of(steps))


def reread(record: Any, kind: type) -> Any:
    """Write a record as canonical JSON and read it back."""
    data = canonical(record)
    again = from_plain(kind, orjson.loads(data))
    assert to_plain(again) == to_plain(record)
    assert canonical(again) == data
    return again


# ---------------------------------------------------------------- forged histories


def run(logs: list[Log]) -> tuple[Book, bool]:
    """Apply logs up to the first that is refused, which must change nothing."""
    book = new_book()
    for log in logs:
        before = contents(book)
        try:
            apply(book, log)
        except (BookError, DecodeError):
            assert contents(book) == before
            return book, True
    return book, False


def contents(book: Book) -> tuple[Any, ...]:
    """Return the book's state as it is now; later changes do not show in it."""
    tables = dict(book.loans), dict(book.parties), dict(book.subjects)
    return *tables, book.rules, book.journal, book.cursor


@given(histories(), st.data())
@settings(max_examples=20, deadline=None)
def test_apply__one_bit_flipped__refused_or_seen_in_a_head(
    chain: SimulatedChain, data: st.DataObject
) -> None:
    inside = [index for index, log in enumerate(chain.logs) if reads(log)]
    index = data.draw(st.sampled_from(inside))
    log = chain.logs[index]
    raw = bytearray(b"".join(log.topics) + log.data)
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8
    size = 32 * len(log.topics)
    topics = tuple(bytes(raw[start : start + 32]) for start in range(0, size, 32))
    forged = replace(log, topics=topics, data=bytes(raw[size:]))
    book, refused = run([*chain.logs[:index], forged, *chain.logs[index + 1 :]])
    assert refused or heads(book) != heads(replay(chain.logs)[0])


@given(histories(), st.data())
@settings(max_examples=20, deadline=None)
def test_apply__dropped_or_repeated_log__refused_or_seen_in_a_head(
    chain: SimulatedChain, data: st.DataObject
) -> None:
    inside = [index for index, log in enumerate(chain.logs) if reads(log)]
    index = data.draw(st.sampled_from(inside))
    kept = [*chain.logs[:index], *chain.logs[index + 1 :]]
    book, refused = run(kept)
    assert refused or heads(book) != heads(replay(chain.logs)[0])
    twice = [*chain.logs[: index + 1], *chain.logs[index:]]
    assert run(twice)[1]


@given(histories())
@settings(max_examples=20, deadline=None)
def test_apply__amount_altered__refused_at_once(chain: SimulatedChain) -> None:
    seen = set()
    for index, log in enumerate(chain.logs):
        event = reads(log) if log.address == BOOK else None
        if event is None or type(event) in seen or type(event) not in ALTERED:
            continue
        seen.add(type(event))
        book, _ = replay(chain.logs[:index])
        before = contents(book)
        topics, data = encode(ALTERED[type(event)](event))
        with_other_amount = replace(log, topics=topics, data=data)
        with pytest.raises(BookError) as caught:
            apply(book, with_other_amount)
        assert caught.value.loan_id == log.topics[1]
        assert contents(book) == before


def shifted(event: events.Repaid) -> Event:
    """Book one unit of a repayment in another bucket."""
    if event.interest:
        return replace(event, interest=event.interest - 1, penalty=event.penalty + 1)
    if event.penalty:
        return replace(event, penalty=event.penalty - 1, interest=1)
    if event.fee:
        return replace(event, fee=event.fee - 1, interest=1)
    return replace(event, principal=event.principal - 1, interest=1)


ALTERED: dict[type[Event], Callable[[Any], Event]] = {
    events.Disbursed: lambda event: replace(event, amount=event.amount + 1),
    events.Repaid: shifted,
    events.Prepaid: lambda event: replace(event, interest=event.interest + 1),
    events.Defaulted: lambda event: replace(event, penalty=event.penalty + 1),
    events.Refunded: lambda event: replace(event, amount=event.amount + 1),
    events.Transferred: lambda event: replace(event, units=2**80),
    events.Assigned: lambda event: replace(event, units=0),
    events.PaidOut: lambda event: replace(event, amount=2**80),
}


def reads(log: Log) -> Event | None:
    """Return the event of the book in a log, if it is inside the heads."""
    return decode_book(log.topics, log.data) if log.address == BOOK else None


def heads(book: Book) -> tuple[Any, ...]:
    """Return every head that the contract can be asked for."""
    loans = tuple(sorted((key, loan.head) for key, loan in book.loans.items()))
    return book.rules.book_head, book.rules.registry_head, loans
