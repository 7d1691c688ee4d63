"""Random histories of several loans, for property tests."""

from collections.abc import Callable
from typing import TypeAlias

from hypothesis import strategies as st

from ledger.core.packing import Row
from ledger.core.types import Status
from tests.simulated_logs import BANK, DAY, LENDERS, START, TOKEN, agreement
from tests.simulation import SimulatedChain, SimulatedLoan

Move: TypeAlias = tuple[int, int, int, int, int]
"""What happens, to which loan, after how many days, with which amount, by whom."""

MOVES = st.lists(
    st.tuples(
        st.integers(0, 59),
        st.integers(0, 1),
        st.integers(0, 30),
        st.integers(0, 60_000),
        st.integers(0, 59),
    ),
    min_size=6,
    max_size=30,
)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Row, ...]:
    """Draw rows whose cost stays well below the legal cap; zero principal and fees occur."""
    parts = draw(st.lists(st.integers(0, 50_000), min_size=0, max_size=4))
    parts.append(draw(st.integers(1, 50_000)))
    rows, day, balance = [], 0, sum(parts)
    for principal in parts:
        gap = draw(st.integers(1, 40))
        day += gap
        most = balance * gap // 1_000
        interest, fee = draw(st.integers(0, most)), draw(st.integers(0, most // 4))
        rows.append(Row(START + day * DAY + DAY, principal, interest, fee))
        balance -= principal
    return tuple(rows)


@st.composite
def histories(draw: st.DrawFn) -> SimulatedChain:
    """Draw a book with two loans, one of each mode, and what happens to them."""
    chain = SimulatedChain()
    chain.create()
    terms = st.fixed_dictionaries(
        {
            "penalty_rate": st.integers(0, 10_000),
            "grace_days": st.integers(0, 10),
            "prepayment_fee_bps": st.integers(0, 1_000),
            "default_after_days": st.integers(0, 30),
        }
    ).filter(lambda drawn: drawn["default_after_days"] >= drawn["grace_days"])
    for salt, settlement in enumerate((TOKEN, BANK)):
        rows = draw(schedules())
        signed = agreement(rows, settlement=settlement, salt=salt, **draw(terms))
        loan = chain.open(signed, rows)
        if draw(st.integers(0, 4)):
            _disburse(chain, loan, 0, draw(st.integers(0, 59)))
    for move in draw(MOVES):
        play(chain, move)
    return chain


def play(chain: SimulatedChain, move: Move) -> None:
    """Let one thing happen, if the loan allows it."""
    what, which, days, amount, who = move
    loan = chain.loans[which]
    chain.advance(60 if loan.status is Status.FUNDING else 60 + days * DAY)
    moves = _MOVES[loan.status]
    moves[what % len(moves)](chain, loan, amount, who)


Play: TypeAlias = Callable[[SimulatedChain, SimulatedLoan, int, int], object]


def _commit(chain: SimulatedChain, loan: SimulatedLoan, amount: int, who: int) -> None:
    free = [lender for lender in LENDERS if not loan.units.get(lender)]
    missing = loan.signed.principal - loan.position.outstanding
    in_time = chain.now + 2 <= loan.signed.funding_deadline
    if missing and in_time and free:
        chain.commit(
            loan, free[who % len(free)], missing if len(free) == 1 else amount % missing + 1
        )


def _disburse(chain: SimulatedChain, loan: SimulatedLoan, amount: int, who: int) -> None:
    while loan.position.outstanding < loan.signed.principal:
        before = loan.position.outstanding
        _commit(chain, loan, loan.signed.principal // 3, who)
        if loan.position.outstanding == before:
            return
    if chain.now + 2 <= loan.signed.funding_deadline:
        chain.disburse(loan)


def _repay(chain: SimulatedChain, loan: SimulatedLoan, amount: int, who: int) -> None:
    chain.repay(loan, None if who % 3 else 1 + amount, days_ago=who % 11)


def _prepay(chain: SimulatedChain, loan: SimulatedLoan, amount: int, who: int) -> None:
    chain.prepay(loan, None if who % 4 == 0 else 1 + amount // 4, days_ago=who % 11)


def _pay_out(chain: SimulatedChain, loan: SimulatedLoan, amount: int, who: int) -> None:
    holders = sorted(loan.units)
    chain.pay_out(loan, holders[who % len(holders)], None if amount % 2 else amount)


def _move_notes(chain: SimulatedChain, loan: SimulatedLoan, amount: int, who: int) -> None:
    sellers = sorted(holder for holder, units in loan.units.items() if units)
    seller, buyer = sellers[who % len(sellers)], LENDERS[amount % len(LENDERS)]
    sell = chain.assign if who % 2 else chain.transfer
    sell(loan, seller, buyer, 1 + amount % loan.units[seller])


def _refund(chain: SimulatedChain, loan: SimulatedLoan, amount: int, who: int) -> None:
    lenders = sorted(holder for holder, units in loan.units.items() if units)
    if lenders:
        chain.refund(loan, lenders[who % len(lenders)])


def _withdraw(chain: SimulatedChain, loan: SimulatedLoan, amount: int, who: int) -> None:
    index = int(loan.bank)
    if chain.fees[index]:
        chain.withdraw_fees(index, 1 + amount % chain.fees[index])


def _default(chain: SimulatedChain, loan: SimulatedLoan, amount: int, who: int) -> None:
    chain.default(loan)


def _give_up(chain: SimulatedChain, loan: SimulatedLoan, amount: int, who: int) -> None:
    if who % 3 == 0:
        give_up = chain.expire if amount % 2 else chain.cancel
        give_up(loan)


_FUNDING: list[Play] = [
    _disburse,
    _commit,
    _disburse,
    _disburse,
    _give_up,
]
_OWING: list[Play] = [_repay, _repay, _pay_out, _move_notes, _withdraw]
_MOVES: dict[Status, list[Play]] = {
    Status.FUNDING: _FUNDING,
    Status.ACTIVE: [*_OWING, _prepay, _default],
    Status.DEFAULTED: _OWING,
    Status.REPAID: [_pay_out, _withdraw],
    Status.CANCELLED: [_refund],
}


def settle(chain: SimulatedChain) -> None:
    """Bring every loan to its end: all that is owed paid, everybody paid out or refunded."""
    for loan in chain.loans:
        if loan.status is Status.FUNDING:
            chain.expire(loan)
        while loan.status is Status.CANCELLED and loan.position.outstanding:
            _refund(chain, loan, 0, 0)
    chain.advance(300 * DAY)
    for loan in chain.loans:
        if loan.status in (Status.ACTIVE, Status.DEFAULTED):
            chain.repay(loan, None)
        for holder in sorted(loan.units):
            chain.pay_out(loan, holder)
