"""Histories that end with the one event that a test is about, right or wrong."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.core.allocation import EarlyRepayment
from ledger.core.book import apply, book_digest
from ledger.core.decode import decode_book, decode_registry, encode
from ledger.core.packing import Row
from ledger.core.types import Kind, Log
from ledger.errors import BookError
from tests.replayed import replay
from tests.simulated_logs import (
    BANK,
    BOOK,
    LENDERS,
    REGISTRY,
    TOKEN,
    address,
    agreement,
    rows_of,
)
from tests.simulation import SimulatedChain, SimulatedLoan

ROWS = rows_of((31, 40_000, 1_200, 10), (59, 40_000, 804, 10), (90, 40_000, 404, 10))
PLATFORM = address("platform")
STRANGER = address("stranger")

Scene = Callable[[SimulatedChain], object]


def chain_with(scene: Scene) -> SimulatedChain:
    chain = SimulatedChain()
    chain.create()
    chain.register(PLATFORM, 900, Kind.PLATFORM)
    scene(chain)
    return chain


def changed(log: Log, **fields: Any) -> Log:
    """Return the log with members of its event replaced."""
    decode = decode_book if log.address == BOOK else decode_registry
    event = decode(log.topics, log.data)
    topics, data = encode(replace(event, **fields))
    return replace(log, topics=topics, data=data)


def last_event(chain: SimulatedChain) -> int:
    """Return the index of the last log that is inside the heads."""
    return max(
        index
        for index, log in enumerate(chain.logs)
        if log.address == REGISTRY or decode_book(log.topics, log.data) is not None
    )


def assert_refused(before: list[Log], log: Log, code: str) -> BookError:
    book, _ = replay(before)
    digest, cursor = book_digest(book), book.cursor
    with pytest.raises(BookError) as caught:
        apply(book, log)
    assert caught.value.code == code, caught.value
    assert (book_digest(book), book.cursor) == (digest, cursor)
    assert caught.value.where == f"block {log.block.number}, log {log.index}"
    return caught.value


# ---------------------------------------------------------------- scenes


def opened(chain: SimulatedChain, **terms: Any) -> SimulatedLoan:
    return chain.open(agreement(ROWS, **terms), ROWS)


def opened_over(rows: tuple[Row, ...], **terms: Any) -> Scene:
    return lambda chain: chain.open(agreement(rows, **terms), rows)


def opened_with(**terms: Any) -> Scene:
    return lambda chain: opened(chain, **terms)


def active(chain: SimulatedChain, *, bank: bool = False) -> SimulatedLoan:
    loan = opened(chain, settlement=BANK if bank else TOKEN)
    chain.fund(loan, 40_000)
    return loan


def committed(chain: SimulatedChain) -> None:
    chain.commit(opened(chain), LENDERS[0], 100_000)


def overfunded(chain: SimulatedChain) -> None:
    loan = opened(chain)
    chain.commit(loan, LENDERS[0], 100_000)
    chain.commit(loan, LENDERS[1], 20_001)


def committed_twice(chain: SimulatedChain) -> None:
    loan = opened(chain)
    chain.commit(loan, LENDERS[0], 10_000)
    chain.commit(loan, LENDERS[0], 20_000)


def committed_late(chain: SimulatedChain) -> None:
    loan = opened(chain)
    chain.travel(2)
    chain.commit(loan, LENDERS[0], 10_000)


def underfunded(chain: SimulatedChain) -> None:
    loan = opened(chain)
    chain.commit(loan, LENDERS[0], 100_000)
    chain.disburse(loan)


def disbursed_twice(chain: SimulatedChain) -> None:
    chain.disburse(active(chain))


def repaid(chain: SimulatedChain, day: int = 36, amount: int | None = 5_000) -> SimulatedLoan:
    loan = active(chain)
    chain.travel(day)
    chain.repay(loan, amount)
    return loan


def repaid_at_the_bank(chain: SimulatedChain) -> SimulatedLoan:
    loan = active(chain, bank=True)
    chain.travel(40)
    chain.repay(loan, 5_000, days_ago=5)
    return loan


def paid_out(chain: SimulatedChain) -> None:
    chain.pay_out(repaid(chain), LENDERS[0])


def paid_out_at_the_bank(chain: SimulatedChain) -> None:
    chain.pay_out(repaid_at_the_bank(chain), LENDERS[0])


def prepaid(chain: SimulatedChain) -> None:
    chain.prepay(repaid(chain, amount=None), 1_000)


def transferred(chain: SimulatedChain) -> None:
    chain.transfer(active(chain), LENDERS[0], LENDERS[2], 10)


def transferred_while_funding(chain: SimulatedChain) -> None:
    loan = opened(chain)
    chain.commit(loan, LENDERS[0], 50_000)
    chain.transfer(loan, LENDERS[0], LENDERS[2], 10)


def assigned(chain: SimulatedChain) -> None:
    chain.assign(active(chain), LENDERS[0], LENDERS[2], 10)


def defaulted(chain: SimulatedChain) -> SimulatedLoan:
    loan = active(chain)
    chain.travel(62)
    assert chain.default(loan)
    return loan


def defaulted_at_the_bank(chain: SimulatedChain) -> None:
    loan = active(chain, bank=True)
    chain.travel(72)
    assert chain.default(loan)


def prepaid_after_default(chain: SimulatedChain) -> None:
    loan = defaulted(chain)
    chain.advance()
    chain.emit_prepaid(loan, chain.now, EarlyRepayment(0, 0, 1_000), 1_000)


def expired(chain: SimulatedChain) -> None:
    chain.expire(opened(chain))


def cancelled(chain: SimulatedChain) -> None:
    chain.cancel(opened(chain))


def refunded(chain: SimulatedChain) -> None:
    loan = opened(chain)
    chain.commit(loan, LENDERS[0], 50_000)
    chain.cancel(loan)
    chain.refund(loan, LENDERS[0])


def refunded_while_active(chain: SimulatedChain) -> None:
    chain.refund(active(chain), LENDERS[0])


def fees_withdrawn(chain: SimulatedChain) -> None:
    repaid(chain)
    chain.withdraw_fees(0, 10)


def paused(scene: Scene) -> Scene:
    def paused_scene(chain: SimulatedChain) -> None:
        chain.pause(True)
        scene(chain)

    return paused_scene
