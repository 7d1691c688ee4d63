"""Invariant 10, and what a borrower cannot gain: properties of the allocation twin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.core import allocation
from ledger.core.allocation import Position, Terms
from ledger.core.packing import Row

DAY = 86_400
DUE_DAY = 30
WIDEST = 2**88 - 1

amounts = st.one_of(st.integers(0, 50), st.integers(0, 10**9), st.integers(0, 2**80 - 1))


@st.composite
def late_rows(draw: st.DrawFn) -> tuple[Terms, tuple[Row, ...]]:
    """Draw a loan of one row that is due on day 30."""
    principal = draw(st.one_of(st.integers(1, 100), st.integers(1, 10**9), st.just(WIDEST)))
    row = Row((DUE_DAY + 1) * DAY, principal, draw(amounts), draw(st.integers(0, 2**48 - 1)))
    terms = Terms(
        principal=principal,
        value_date=0,
        penalty_rate=draw(st.integers(0, 10_000)),
        grace_days=draw(st.integers(0, 40)),
        prepayment_fee_bps=0,
        default_after_days=draw(st.integers(0, 90)),
        write_off_after_days=0,
    )
    return terms, (row,)


part_payments = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 100)), max_size=5)
"""Days since the payment before, and percent of what is due then."""


def after_parts(
    terms: Terms, rows: tuple[Row, ...], parts: list[tuple[int, int]]
) -> tuple[Position, int, int]:
    """Return the position after part payments, what they cost, and the day of the last."""
    position, paid, day = Position(outstanding=terms.principal), 0, DUE_DAY
    for gap, percent in parts:
        day += gap
        due = allocation.due(terms, position, rows, day).total
        amount = due * percent // 100
        if amount and position.outstanding:
            position, split = allocation.pay(terms, position, rows, day, amount)
            paid += split.total
    return position, paid, day


@given(late_rows(), part_payments, st.integers(0, 400), st.integers(0, 400))
def test_pay__fixed_row_on_a_later_day__never_costs_less(
    loan: tuple[Terms, tuple[Row, ...]],
    parts: list[tuple[int, int]],
    wait: int,
    longer: int,
) -> None:
    terms, rows = loan
    position, _, day = after_parts(terms, rows, parts)
    sooner = allocation.due(terms, position, rows, day + wait).total
    later = allocation.due(terms, position, rows, day + wait + longer).total
    assert sooner <= later


@given(late_rows(), part_payments, st.integers(1, 200), st.integers(0, 200))
def test_pay__after_default_on_a_later_day__never_costs_less(
    loan: tuple[Terms, tuple[Row, ...]],
    parts: list[tuple[int, int]],
    wait: int,
    longer: int,
) -> None:
    terms, rows = loan
    position, _, day = after_parts(terms, rows, parts)
    if not position.outstanding:
        return
    day = max(day, DUE_DAY + terms.default_after_days) + 1
    position, _ = allocation.accelerate(terms, position, rows, day)
    sooner = allocation.due(terms, position, rows, day + wait).total
    later = allocation.due(terms, position, rows, day + wait + longer).total
    assert sooner <= later


@given(late_rows(), part_payments, st.integers(0, 400))
def test_pay__in_parts__costs_at_least_the_row_and_never_more_penalty_than_in_one(
    loan: tuple[Terms, tuple[Row, ...]], parts: list[tuple[int, int]], wait: int
) -> None:
    terms, rows = loan
    position, paid, day = after_parts(terms, rows, parts)
    last = day + wait
    total = paid + allocation.due(terms, position, rows, last).total
    at_once = allocation.due(terms, Position(outstanding=terms.principal), rows, last).total
    assert rows[0].total <= total <= at_once


@given(late_rows(), st.integers(0, 400), st.integers(0, 2**90))
def test_pay__any_budget__splits_without_loss(
    loan: tuple[Terms, tuple[Row, ...]], late: int, budget: int
) -> None:
    terms, rows = loan
    start = Position(outstanding=terms.principal)
    due = allocation.due(terms, start, rows, DUE_DAY + late)
    position, split = allocation.pay(terms, start, rows, DUE_DAY + late, budget)
    assert split.total == min(budget, due.total)
    assert position.outstanding == terms.principal - split.principal
    rest = allocation.due(terms, position, rows, DUE_DAY + late)
    assert split + rest == due
