"""The auditor's auditor: payments reckoned day by day from the published rules alone.

Exact fractions, a log of payments per row, no running numerators: nothing here is shared with
``ledger.core.allocation`` but the shape of its inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from ledger.core.packing import Row

DAY = 86_400
Amounts = tuple[int, int, int, int]
"""Fee, penalty, interest, principal."""


def spend(owed: Amounts, budget: int | None) -> Amounts:
    """Pay in the order fee, penalty, interest, principal; ``None`` pays all."""
    given = []
    for amount in owed:
        part = amount if budget is None else min(amount, budget)
        budget = None if budget is None else budget - part
        given.append(part)
    return given[0], given[1], given[2], given[3]


def penalty_numerator(base: int, first: int, payments: list[tuple[int, int]], day: int) -> int:
    """Return the sum of the unpaid base over every day after ``first`` up to ``day``."""
    total, since = 0, first
    for paid_on, amount in payments:
        total += base * max(0, paid_on - since)
        since, base = max(since, paid_on), base - amount
    return total + base * max(0, day - since)


@dataclass
class Debt:
    """A row, or all that default made due: what was owed first and every payment on it."""

    owed: Amounts
    since: int
    payments: list[tuple[int, Amounts]] = field(default_factory=list)

    def paid(self, bucket: int) -> int:
        return sum(amounts[bucket] for _, amounts in self.payments)

    def left(self, rate: int, day: int, grace: int) -> Amounts:
        """Return what is unpaid on ``day``; ``rate`` in 1e-6 a day."""
        fee, carried, interest, principal = self.owed
        base = [(on, amounts[2] + amounts[3]) for on, amounts in self.payments]
        numerator = penalty_numerator(interest + principal, self.since, base, day)
        late = day - self.since > grace
        penalty = carried + floor(Fraction(numerator * rate, 10**6)) if late else self.paid(1)
        return (
            fee - self.paid(0),
            penalty - self.paid(1),
            interest - self.paid(2),
            principal - self.paid(3),
        )


class Model:
    """One loan whose value date is 1970-01-01."""

    def __init__(
        self, rows: tuple[Row, ...], principal: int, rate: int, grace: int, fee_bps: int
    ) -> None:
        self.rows, self.rate, self.grace, self.fee_bps = rows, rate, grace, fee_bps
        self.due_days = [max(0, (row.due_at - 1) // DAY) for row in rows]
        self.balances = [sum(row.principal for row in rows[at:]) for at in range(len(rows))]
        self.debts: list[Debt] = []
        self.early = 0
        self.outstanding = principal
        self.claim: Debt | None = None

    def owed(self, index: int) -> Amounts:
        """Return what a row owes once ``early`` principal came off the last rows."""
        row, balance = self.rows[index], self.balances[index]
        rest = max(0, balance - self.early)
        interest = floor(Fraction(row.interest * rest, balance))
        return (row.fee if rest else 0), 0, interest, min(row.principal, rest)

    def pay(self, day: int, budget: int | None, grace: int | None = None) -> Amounts:
        """Pay what is due; returns the split."""
        if self.claim is not None:
            given = spend(self.claim.left(self.rate, day, -1), budget)
            self.claim.payments.append((day, given))
            self.outstanding -= given[3]
            return given
        grace = self.grace if grace is None else grace
        total = [0, 0, 0, 0]
        while self.outstanding:
            debt = self._current(day)
            if debt is None:
                break
            left = debt.left(self.rate, day, grace)
            given = spend(left, budget)
            budget = None if budget is None else budget - sum(given)
            debt.payments.append((day, given))
            self.outstanding -= given[3]
            total = [before + now for before, now in zip(total, given, strict=True)]
            if given != left:
                break
            self._open = False
        return total[0], total[1], total[2], total[3]

    _open = False

    def _current(self, day: int) -> Debt | None:
        """Return the oldest unpaid row that is due, its first day being its due day."""
        if self._open:
            return self.debts[-1]
        index = len(self.debts)
        if index == len(self.rows) or day < self.due_days[index]:
            return None
        self.debts.append(Debt(self.owed(index), self.due_days[index]))
        self._open = True
        return self.debts[-1]

    def accrued(self, principal: int, day: int) -> int:
        """Return the interest by days on principal in the current period, rounded up."""
        index = len(self.debts)
        start = self.due_days[index - 1] if index else 0
        whole = self.balances[index] * (self.due_days[index] - start)
        days = max(0, day - start)
        return ceil(Fraction(self.rows[index].interest * principal * days, whole))

    def prepay(self, day: int, amount: int) -> tuple[int, int]:
        """Repay principal early once nothing is due; returns fee and interest."""
        interest = self.accrued(amount, day)
        self.outstanding -= amount
        self.early += amount
        return amount * self.fee_bps // 10_000, interest

    def default(self, day: int) -> tuple[int, int, int]:
        """Make everything due; returns fee, interest, penalty. Default ends every grace."""
        outstanding = self.outstanding
        fee, penalty, interest, _ = self.pay(day, None, grace=-1)
        if self.outstanding:
            interest += self.accrued(self.outstanding, day)
        self.outstanding = outstanding
        self.claim = Debt((fee, penalty, interest, outstanding), day)
        return fee, interest, penalty
