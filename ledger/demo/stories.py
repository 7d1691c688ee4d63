"""What can happen to a loan, each as a story that is told in the chain's time.

A story yields the instant (Unix seconds) that it waits for; between two instants things happen.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from ledger.core.allocation import DAY_SECONDS
from ledger.demo.loan import DemoLoan

Story: TypeAlias = Iterator[int]
Plot: TypeAlias = Callable[[DemoLoan], Story]

_HOUR = 3_600
_MORNING, _EVENING = 10 * _HOUR, 18 * _HOUR


def _evening(loan: DemoLoan, row: int, days: int = 0) -> int:
    """Return the evening of the day on which row ``row`` is due, or some days later."""
    return loan.rows[row].due_at - DAY_SECONDS + days * DAY_SECONDS + _EVENING


def _funding(loan: DemoLoan) -> Story:
    """Open three days before interest runs, fund from two sides, disburse on the value date."""
    yield loan.value_date - 3 * DAY_SECONDS + _MORNING
    loan.open(loan.part.lenders[:1])
    yield loan.value_date + _MORNING
    loan.disburse(loan.part.lenders[1:])


def _instalments(loan: DemoLoan, first: int, end: int) -> Story:
    """Pay each of these rows on its due date, and the holders at once."""
    for row in range(first, end):
        yield _evening(loan, row)
        loan.repay()
        loan.pay_out()


def on_time(loan: DemoLoan) -> Story:
    """Pay every instalment on its due date."""
    yield from _funding(loan)
    yield from _instalments(loan, 0, len(loan.rows))


def late(loan: DemoLoan) -> Story:
    """Pay the second instalment late, in two parts and with penalty; the rest on time."""
    yield from _funding(loan)
    yield from _instalments(loan, 0, 1)
    yield _evening(loan, 1, days=5)
    loan.repay(loan.rows[1].total // 2)
    loan.pay_out()
    yield _evening(loan, 1, days=19)
    loan.repay()
    loan.pay_out()
    yield from _instalments(loan, 2, len(loan.rows))


def early_in_full(loan: DemoLoan) -> Story:
    """Pay half of the instalments, then everything at once with the agreed fee."""
    half = len(loan.rows) // 2
    yield from _funding(loan)
    yield from _instalments(loan, 0, half)
    yield _evening(loan, half - 1, days=11)
    loan.prepay()
    loan.pay_out()


def early_in_part(loan: DemoLoan) -> Story:
    """Pay a third of the principal early: it falls off the last rows."""
    yield from _funding(loan)
    yield from _instalments(loan, 0, 2)
    yield _evening(loan, 1, days=12)
    loan.prepay(loan.principal // 3)
    loan.pay_out()
    for row in range(2, len(loan.rows)):
        yield _evening(loan, row)
        if loan.owes:
            loan.repay()
            loan.pay_out()


def default(loan: DemoLoan) -> Story:
    """Stop paying: default is declared after the agreed days, and part is recovered."""
    yield from _funding(loan)
    yield from _instalments(loan, 0, 2)
    late_days = loan.part.conditions.default_after_days + 1
    yield _evening(loan, 2, days=late_days)
    loan.declare_default()
    for days, divisor in ((30, 3), (60, 6)):
        yield _evening(loan, 2, days=late_days + days)
        loan.repay(loan.principal // divisor)
        loan.pay_out()


def behind(loan: DemoLoan) -> Story:
    """Pay until some weeks before the end of the play, then nothing."""
    yield from _funding(loan)
    yield from _instalments(loan, 0, len(loan.rows) - 2)


def cancelled(loan: DemoLoan) -> Story:
    """Withdraw while lenders commit; they get their money back."""
    yield loan.value_date - 3 * DAY_SECONDS + _MORNING
    loan.open(loan.part.lenders)
    yield loan.value_date - DAY_SECONDS + _MORNING
    loan.cancel()


def expired(loan: DemoLoan) -> Story:
    """Fail to be funded by the deadline; lenders get their money back."""
    yield loan.value_date - 3 * DAY_SECONDS + _MORNING
    loan.open(loan.part.lenders[:-1])
    yield loan.value_date + DAY_SECONDS + _MORNING
    loan.expire()


def at_the_bank(loan: DemoLoan) -> Story:
    """Pay at the bank: attested two days later, counted as of the value date."""
    yield from _funding(loan)
    for row in range(len(loan.rows)):
        yield _evening(loan, row, days=2)
        loan.repay(days_ago=2)
        loan.pay_out()


def traded(loan: DemoLoan) -> Story:
    """Sell notes, then give others away, between payments that all holders share in."""
    first, second = loan.part.lenders[:2]
    buyer, receiver = loan.part.others
    yield from _funding(loan)
    yield from _instalments(loan, 0, 2)
    yield _evening(loan, 1, days=9)
    units = loan.principal // 10
    loan.sell(first, buyer, units, units * 97 // 100)
    yield from _instalments(loan, 2, 3)
    yield _evening(loan, 2, days=4)
    loan.give(second, receiver)
    yield from _instalments(loan, 3, len(loan.rows))
