"""Invariant 6: what the events alone tell is what the contract stores, field by field."""

from __future__ import annotations

from ledger.core.book import Book, apply
from ledger.core.types import BlockRef, Log, Timestamp
from tests.contract.chain import CHAIN_ID
from tests.property.differential.check import same
from tests.property.differential.driver import History
from tests.property.differential.model_loan import Account, view_of


def check_replay(history: History) -> None:
    """Rebuild the book from the logs of a history and compare it with the contract's views."""
    book = rebuilt(history)
    reader = history.reader
    same("loans", set(history.model.loans), set(book.loans))
    for loan_id, loan in book.loans.items():
        same("loanOf from events", reader.loan(loan_id), view_of(loan.agreement, loan))
        for holder, held in loan.holders.items():
            account = Account(held.units, held.earned, held.seen, held.paid_out)
            same("holding from events", reader.account(loan_id, holder), account)
    for (settlement, receiver), fees in book.rules.fees.items():
        view = reader.fees(settlement, receiver)
        same("fees from events", (view.credited, view.withdrawn), (fees.credited, fees.withdrawn))
    for subject, head in book.subjects.items():
        same("loansHead from events", reader.loans_head(subject), head)
    same("bookHead from events", reader.book_head(), book.rules.book_head)


def rebuilt(history: History) -> Book:
    """Return the book that the logs of a history tell, one log a block."""
    world = history.world
    book = Book(CHAIN_ID, world.book, world.registry)
    for number, (at, log) in enumerate(world.history):
        if log.address in (world.book, world.registry):
            parent = (number - 1).to_bytes(32, "big") if number else bytes(32)
            block = BlockRef(number, number.to_bytes(32, "big"), parent, Timestamp(at))
            apply(book, Log(block, block.hash, 0, 0, log.address, log.topics, log.data))
    return book
