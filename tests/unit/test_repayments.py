"""The schedule against what was paid: each payment stands on the rows that it settled."""

import pytest

from ledger.core.allocation import Split, due
from ledger.core.book import Book, apply
from ledger.core.events import LoanEvent, Prepaid, Repaid
from ledger.core.loan import Loan
from ledger.core.repayments import Repayments, repayments
from ledger.core.types import Timestamp
from ledger.core.views import RowStatus
from tests.simulated_logs import BANK, BOOK, CHAIN_ID, DAY, REGISTRY, START, agreement, rows_of
from tests.simulation import SimulatedChain, SimulatedLoan

ROWS = rows_of((30, 39_603, 1_200, 50), (58, 39_999, 804, 50), (89, 40_398, 404, 50))


@pytest.fixture
def chain() -> SimulatedChain:
    chain = SimulatedChain()
    chain.create()
    return chain


def opened(chain: SimulatedChain, **terms: int) -> SimulatedLoan:
    loan = chain.open(agreement(ROWS, settlement=BANK, **terms), ROWS)
    chain.fund(loan, 20_000, 10_000)
    return loan


def account_of(chain: SimulatedChain, loan: SimulatedLoan) -> tuple[Loan, Repayments]:
    """Rebuild the book from the logs, and the loan's account from its events."""
    book, history = Book(CHAIN_ID, BOOK, REGISTRY), list[LoanEvent]()
    for log in chain.logs:
        applied = apply(book, log)
        if applied and applied.loan_id == loan.id:
            history.append(applied.event)
    rebuilt = book.loans[loan.id]
    result = repayments(rebuilt, history, Timestamp(chain.now))
    assert received(history) == total(result)
    return rebuilt, result


def received(history: list[LoanEvent]) -> Split:
    money = Split()
    for event in history:
        if isinstance(event, Repaid):
            money += Split(event.fee, event.penalty, event.interest, event.principal)
        elif isinstance(event, Prepaid):
            money += Split(event.fee, 0, event.interest, event.principal)
    return money


def total(result: Repayments) -> Split:
    money = sum((row.paid for row in result.rows), Split())
    for early in result.early:
        money += Split(early.cost.fee, 0, early.cost.interest, early.cost.principal)
    return money + result.accelerated.paid if result.accelerated else money


def test_repayments__nothing_paid__all_rows_are_unpaid(chain: SimulatedChain) -> None:
    _, result = account_of(chain, opened(chain))
    assert [row.unpaid.total for row in result.rows] == [row.total for row in ROWS]
    assert {row.status for row in result.rows} == {RowStatus.UPCOMING}
    assert all(row.paid == Split() and row.paid_at is None for row in result.rows)


def test_repayments__one_payment_over_two_rows__stands_on_both(chain: SimulatedChain) -> None:
    loan = opened(chain)
    chain.travel(68)
    split = chain.repay(loan, None)
    assert split is not None
    _, result = account_of(chain, loan)
    first, second, third = result.rows
    # 38 days late on 39,603 + 1,200 at 500e-6 a day; 10 days late on 39,999 + 804.
    assert first.paid == Split(50, 40_803 * 38 * 500 // 10**6, 1_200, 39_603)
    assert second.paid == Split(50, 40_803 * 10 * 500 // 10**6, 804, 39_999)
    assert first.paid + second.paid == split
    assert (first.days_late, second.days_late, third.days_late) == (38, 10, 0)
    assert first.paid_at == second.paid_at == chain.now
    assert [row.status for row in result.rows] == [
        RowStatus.PAID,
        RowStatus.PAID,
        RowStatus.UPCOMING,
    ]


def test_repayments__part_paid_and_late__owes_the_rest_with_penalty(chain: SimulatedChain) -> None:
    loan = opened(chain)
    chain.travel(35)
    chain.repay(loan, 20_000)
    chain.travel(40)
    chain.advance()
    rebuilt, result = account_of(chain, loan)
    first = result.rows[0]
    assert first.status is RowStatus.OVERDUE
    assert first.days_late == 10
    assert first.paid.total == 20_000
    assert first.paid_at == START + 35 * DAY + DAY // 2 + 1
    assert first.unpaid.penalty > 0
    assert first.unpaid == due(rebuilt.terms, rebuilt.position, rebuilt.rows, 40)


def test_repayments__early_in_part_after_a_paid_row__paid_row_keeps_its_interest(
    chain: SimulatedChain,
) -> None:
    loan = opened(chain)
    chain.travel(30)
    chain.repay(loan, None)
    chain.travel(42)
    chain.prepay(loan, 30_000)
    _, result = account_of(chain, loan)
    assert result.rows[0].paid == Split(50, 0, 1_200, 39_603)
    assert result.rows[1].unpaid == Split(50, 0, 503, 39_999)
    assert result.rows[2].unpaid == Split(50, 0, 103, 10_398)
    (early,) = result.early
    assert (early.cost.principal, early.cost.interest) == (30_000, 129)


def test_repayments__early_in_full__later_rows_are_prepaid(chain: SimulatedChain) -> None:
    loan = opened(chain)
    chain.travel(30)
    chain.prepay(loan, None)
    _, result = account_of(chain, loan)
    assert [row.status for row in result.rows] == [
        RowStatus.PAID,
        RowStatus.PREPAID,
        RowStatus.PREPAID,
    ]
    assert result.early[0].cost.principal == 39_999 + 40_398


def test_repayments__paid_after_default__stands_on_the_claim(chain: SimulatedChain) -> None:
    loan = opened(chain)
    chain.travel(40)
    chain.repay(loan, 10_000)
    chain.travel(75)
    assert chain.default(loan)
    chain.travel(80)
    chain.repay(loan, 50_000)
    _, result = account_of(chain, loan)
    assert result.accelerated is not None
    assert (
        result.accelerated.claim.principal == loan.signed.principal - result.rows[0].paid.principal
    )
    assert result.accelerated.paid.total == 50_000
    assert result.accelerated.unpaid.total > 0
    assert {row.status for row in result.rows} == {RowStatus.ACCELERATED}
    assert all(row.unpaid == Split() for row in result.rows)
    assert result.rows[0].days_late == 50
