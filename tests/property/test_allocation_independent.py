"""``ledger.core.allocation`` against a model that shares nothing with it, and across default."""

import random

import pytest

from ledger.core import allocation
from ledger.core.allocation import Position, Terms
from ledger.core.packing import Row
from ledger.errors import AllocationError
from tests.property.independent import DAY, Model

HISTORIES = 3_000
WIDEST = 2**88 - 1


def random_rows(draw: random.Random) -> tuple[Row, ...]:
    """Return rows in odd places: one unit, the widest amounts, nothing owed, hundreds of rows."""
    count = draw.choice([1, 1, 2, 3, 5, 8, draw.randint(2, 40), 300 if draw.random() < 0.02 else 4])
    principal = draw.choice([1, 2, count, draw.randint(1, 1000), draw.randint(1, 10**9), WIDEST])
    parts, left = [], principal - 1
    for _ in range(count - 1):
        parts.append(draw.choice([0, min(left, principal // count), draw.randint(0, left)]))
        left -= parts[-1]
    rows, day = [], 0
    for part in [*parts, principal - sum(parts)]:
        day += draw.choice([1, 1, 7, 30, draw.randint(1, 50)])
        interest = draw.choice([0, 0, 1, draw.randint(0, min(2**80 - 1, max(1, principal // 50)))])
        fee = draw.choice([0, 0, 1, draw.randint(0, 100)])
        rows.append(Row(day * DAY + draw.choice([1, DAY // 2, DAY]), part, interest, fee))
    return tuple(rows)


def random_terms(draw: random.Random, principal: int) -> Terms:
    grace = draw.choice([0, 1, 3, 40])
    return Terms(
        principal=principal,
        value_date=0,
        penalty_rate=draw.choice([0, 1, 500, 10_000]),
        grace_days=grace,
        prepayment_fee_bps=draw.choice([0, 1, 500]),
        default_after_days=grace + draw.choice([0, 0, 5, 30]),
        write_off_after_days=0,
    )


class Pair:
    """One loan in both models."""

    def __init__(self, draw: random.Random) -> None:
        self.draw, self.rows = draw, random_rows(draw)
        principal = sum(row.principal for row in self.rows)
        terms = self.terms = random_terms(draw, principal)
        self.position, self.day = Position(outstanding=principal), 0
        rate, grace, fee = terms.penalty_rate, terms.grace_days, terms.prepayment_fee_bps
        self.model = Model(self.rows, principal, rate, grace, fee)

    def pay(self) -> None:
        due = allocation.due(self.terms, self.position, self.rows, self.day).total
        budget = self.draw.choice([None, 0, 1, due // 2, max(0, due - 1), due])
        self.position, split = allocation.pay(
            self.terms, self.position, self.rows, self.day, budget
        )
        found = split.fee, split.penalty, split.interest, split.principal
        assert found == self.model.pay(self.day, budget)

    def prepay(self) -> None:
        due = allocation.due(self.terms, self.position, self.rows, self.day)
        left = self.position.outstanding - due.principal
        if not left:
            return
        amount = self.draw.choice([1, left, self.draw.randint(1, left)])
        self.position, split, early = allocation.prepay(
            self.terms, self.position, self.rows, self.day, amount
        )
        assert (split.fee, split.penalty, split.interest, split.principal) == self.model.pay(
            self.day, None
        )
        assert (early.fee, early.interest) == self.model.prepay(self.day, amount)

    def default(self) -> None:
        try:
            self.position, claim = allocation.accelerate(
                self.terms, self.position, self.rows, self.day
            )
        except AllocationError:
            return
        assert (claim.fee, claim.interest, claim.penalty) == self.model.default(self.day)

    def live(self) -> None:
        for _ in range(self.draw.randint(1, 25)):
            if not self.position.outstanding:
                return
            jump = self.draw.choice(
                [0, 0, 1, 1, self.draw.randint(0, 40), self.draw.randint(0, 40)]
            )
            self.day = min(allocation.MAX_DAY, self.day + jump)
            steps = [self.pay, self.pay, self.pay]
            if self.position.accelerated is None:
                steps += [self.prepay, self.default]
            self.draw.choice(steps)()
            assert self.position.outstanding == self.model.outstanding


@pytest.mark.parametrize("seed", range(0, HISTORIES, 500))
def test_allocation__random_histories__equals_the_independent_model(seed: int) -> None:
    for number in range(seed, seed + 500):
        Pair(random.Random(number)).live()


def test_accelerate__never_makes_a_loan_cheaper() -> None:
    """Where everything is due already, default changes what is owed by rounding alone."""
    for number in range(1_500):
        draw = random.Random(number)
        rows = random_rows(draw)
        terms = random_terms(draw, sum(row.principal for row in rows))
        position = Position(outstanding=terms.principal)
        last = allocation.day_of(0, rows[-1].due_at)
        declared = last + terms.default_after_days + draw.randint(1, 60)
        paid = declared + draw.randint(terms.grace_days + 1, 90)
        without = allocation.due(terms, position, rows, paid).total
        after, _ = allocation.accelerate(terms, position, rows, declared)
        # One floor for each row and one more after default, instead of one for each row.
        assert allocation.due(terms, after, rows, paid).total >= without - len(rows)
