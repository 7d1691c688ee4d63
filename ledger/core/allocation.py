"""What is due on a loan, and how a payment is split: the twin of ``Allocation.sol``.

Integers only. Days are days of the loan, ``day(t) = max(0, floor((t - 1 - valueDate) / 86400))``:
24:00 belongs to the day that ends. A payment goes to the oldest unpaid row that is due, within
it to fee, penalty, interest, principal. Every division rounds down unless its function says
otherwise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ledger.core.packing import Row
from ledger.errors import AllocationError

DAY_SECONDS = 86_400
MAX_DAY = 65_535
PENALTY_SCALE = 1_000_000
BPS = 10_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What servicing needs of the agreement; ``penalty_rate`` in 1e-6 a day."""

    principal: int
    value_date: int
    penalty_rate: int
    grace_days: int
    prepayment_fee_bps: int
    default_after_days: int
    write_off_after_days: int
    daily_rate: int = 0


@dataclass(frozen=True, slots=True)
class Acceleration:
    """What default made due at once, beside the outstanding principal."""

    fee: int
    interest: int
    penalty: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where servicing stands.

    ``row`` is the oldest row that is not fully paid; ``row_paid`` the fee, interest and
    principal paid on it (or on what default accelerated); ``numerator`` its unpaid base times
    days, complete to ``last_day``; ``settled`` its penalty paid or waived; ``early`` all
    principal ever repaid early.
    """

    outstanding: int
    row: int = 0
    row_paid: int = 0
    numerator: int = 0
    settled: int = 0
    last_day: int = 0
    early: int = 0
    accelerated: Acceleration | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """One payment by bucket, minor units."""

    fee: int = 0
    penalty: int = 0
    interest: int = 0
    principal: int = 0

    @property
    def total(self) -> int:
        """The whole payment."""
        return self.fee + self.penalty + self.interest + self.principal

    @property
    def holders(self) -> int:
        """What goes to the holders of the notes: all but the fee."""
        return self.penalty + self.interest + self.principal

    def __add__(self, other: "Split") -> "Split":
        return Split(
            self.fee + other.fee,
            self.penalty + other.penalty,
            self.interest + other.interest,
            self.principal + other.principal,
        )


@dataclass(frozen=True, slots=True)
class EarlyRepayment:
    """What an early repayment of ``principal`` costs, minor units."""

    fee: int
    interest: int
    principal: int


def day_of(value_date: int, at: int) -> int:
    """Return the day of the loan on which the instant ``at`` (Unix seconds) falls."""
    return min(MAX_DAY, max(0, (at - 1 - value_date) // DAY_SECONDS))


def balance_before(rows: Sequence[Row], index: int) -> int:
    """Return the scheduled balance before row ``index``: principal of it and all later rows."""
    return sum(row.principal for row in rows[index:])


def effective_row(rows: Sequence[Row], index: int, early: int) -> Row:
    """Return what row ``index`` owes once ``early`` principal came off the last rows.

    ``interest = floor(row.interest * max(0, B - P) / B)``, B the scheduled balance before the
    row and P all principal repaid early. A row that is emptied owes no fee.
    """
    row = rows[index]
    if not early:
        return row
    balance = balance_before(rows, index)
    remaining = max(0, balance - early)
    return Row(
        due_at=row.due_at,
        principal=min(row.principal, remaining),
        interest=row.interest * remaining // balance,
        fee=row.fee if remaining else 0,
    )


def unpaid(row: Row, paid: int) -> tuple[int, int, int]:
    """Return (fee, interest, principal) still unpaid when ``paid`` went to them in that order."""
    fee = max(0, row.fee - paid)
    interest = max(0, row.fee + row.interest - max(paid, row.fee))
    principal = row.total - max(paid, row.fee + row.interest)
    return fee, interest, principal


def _take(owed: Split, budget: int | None) -> Split:
    """Split ``budget`` (``None``: enough) over what is owed, in the order of the buckets."""
    if budget is None:
        return owed
    fee = min(budget, owed.fee)
    penalty = min(budget - fee, owed.penalty)
    interest = min(budget - fee - penalty, owed.interest)
    principal = min(budget - fee - penalty - interest, owed.principal)
    return Split(fee, penalty, interest, principal)


def pay(
    terms: Terms, position: Position, rows: Sequence[Row], day: int, budget: int | None
) -> tuple[Position, Split]:
    """Pay up to ``budget`` minor units (``None``: all that is due) on ``day``.

    Returns the new position and the split. The split's total is less than the budget when less
    was due: the caller refuses that. Raises ``AllocationError`` for a day before the last
    payment.
    """
    if day < position.last_day:
        raise AllocationError(
            f"day {day} lies before the last payment on day {position.last_day}: "
            "payments are recorded in the order of their value dates"
        )
    if position.accelerated is not None:
        return _pay_accelerated(terms, position, position.accelerated, day, budget)
    return _pay_rows(terms, position, rows, day, budget)


def _pay_rows(
    terms: Terms, position: Position, rows: Sequence[Row], day: int, budget: int | None
) -> tuple[Position, Split]:
    total = Split()
    for _, part, after in pay_by_row(terms, position, rows, day, budget):
        total += part
        position = after
    return replace(position, last_day=day), total


def pay_by_row(
    terms: Terms, position: Position, rows: Sequence[Row], day: int, budget: int | None
) -> Iterator[tuple[int, Split, Position]]:
    """Yield (index of the row, what goes to it, position after it) of one payment on due rows.

    The steps of ``pay`` while nothing is accelerated; ``last_day`` moves with the last of them.
    """
    since = position.last_day
    while position.outstanding and position.row < len(rows):
        index = position.row
        due_day = day_of(terms.value_date, rows[index].due_at)
        if day < due_day:
            return
        row = effective_row(rows, index, position.early)
        fee, interest, principal = unpaid(row, position.row_paid)
        numerator = position.numerator + (interest + principal) * (day - max(since, due_day))
        late = day - due_day > terms.grace_days
        penalty = numerator * terms.penalty_rate // PENALTY_SCALE - position.settled if late else 0
        owed = Split(fee, penalty, interest, principal)
        part = _take(owed, budget)
        budget = None if budget is None else budget - part.total
        position = replace(
            position,
            numerator=numerator,
            settled=position.settled + part.penalty,
            row_paid=position.row_paid + part.total - part.penalty,
            outstanding=position.outstanding - part.principal,
        )
        if part != owed:
            yield index, part, position
            return
        # Fully paid: the next row counts from its own due day, whenever this one was reached.
        position = replace(position, row=index + 1, row_paid=0, numerator=0, settled=0)
        yield index, part, position
        since = 0


def _pay_accelerated(
    terms: Terms, position: Position, due: Acceleration, day: int, budget: int | None
) -> tuple[Position, Split]:
    claim = Row(due_at=0, principal=0, interest=due.interest, fee=due.fee)
    fee, interest, _ = unpaid(claim, min(position.row_paid, claim.total))
    base = interest + position.outstanding
    numerator = position.numerator + base * (day - position.last_day)
    penalty = due.penalty + numerator * terms.penalty_rate // PENALTY_SCALE - position.settled
    part = _take(Split(fee, penalty, interest, position.outstanding), budget)
    position = replace(
        position,
        numerator=numerator,
        settled=position.settled + part.penalty,
        row_paid=position.row_paid + part.total - part.penalty,
        outstanding=position.outstanding - part.principal,
        last_day=day,
    )
    return position, part


def due(terms: Terms, position: Position, rows: Sequence[Row], day: int) -> Split:
    """Return what is due on ``day``, by bucket."""
    return pay(terms, position, rows, day, None)[1]


def oldest_unpaid(terms: Terms, position: Position, rows: Sequence[Row], day: int) -> int | None:
    """Return the index of the oldest row on which something is owed on ``day``.

    ``None`` while nothing is due. A due row that owes nothing (an early repayment can leave one)
    is passed over.
    """
    paid = position.row_paid
    for index in range(position.row, len(rows)):
        if not position.outstanding or day < day_of(terms.value_date, rows[index].due_at):
            return None
        if effective_row(rows, index, position.early).total > paid:
            return index
        paid = 0
    return None


def days_past_due(terms: Terms, position: Position, rows: Sequence[Row], day: int) -> int:
    """Return the days late of the oldest unpaid row on ``day``; 0 while nothing is overdue.

    After default the row that led to it goes on counting: acceleration does not rejuvenate a
    debt.
    """
    if position.accelerated is not None:
        index = position.row if position.outstanding else None
    else:
        index = oldest_unpaid(terms, position, rows, day)
    if index is None:
        return 0
    return max(0, day - day_of(terms.value_date, rows[index].due_at))


def _period(terms: Terms, rows: Sequence[Row], index: int) -> tuple[int, int]:
    """Return the first and the last day of the interest period that ends with row ``index``."""
    start = day_of(terms.value_date, rows[index - 1].due_at) if index else 0
    return start, day_of(terms.value_date, rows[index].due_at)


def accrued_interest(
    terms: Terms, rows: Sequence[Row], index: int, principal: int, day: int
) -> int:
    """Return the interest by days on ``principal`` within the period of row ``index``.

    ``ceil(row.interest * principal * days into the period / (B * days of the period))``: rounded
    up, for the holders.
    """
    start, end = _period(terms, rows, index)
    scale = balance_before(rows, index) * (end - start)
    return -(-rows[index].interest * principal * max(0, day - start) // scale)


def prepay(
    terms: Terms, position: Position, rows: Sequence[Row], day: int, amount: int | None
) -> tuple[Position, Split, EarlyRepayment]:
    """Pay all that is due on ``day``, then ``amount`` of principal early (``None``: all).

    Returns the new position, the split of what was due, and the cost of the early part: the
    principal comes off the last rows. Raises ``AllocationError`` when more than is outstanding
    would be repaid, or nothing.
    """
    if position.accelerated is not None:
        raise AllocationError("the loan is in default: everything is due already, repay it")
    position, paid = pay(terms, position, rows, day, None)
    principal = position.outstanding if amount is None else amount
    if not 0 < principal <= position.outstanding:
        raise AllocationError(
            f"cannot repay {principal} early: {position.outstanding} is outstanding "
            "after what is due"
        )
    interest = accrued_interest(terms, rows, position.row, principal, day)
    fee = principal * terms.prepayment_fee_bps // BPS
    position = replace(
        position,
        outstanding=position.outstanding - principal,
        early=position.early + principal,
    )
    return position, paid, EarlyRepayment(fee, interest, principal)


def accelerate(
    terms: Terms, position: Position, rows: Sequence[Row], day: int
) -> tuple[Position, Acceleration]:
    """Make everything due at once on ``day``: the declaration of default.

    Due are fees, penalties and interest of the rows due by then, the current period's interest
    to ``day`` (rounded up), and all outstanding principal. Later interest and fees fall away.
    Default ends every grace: else declaring it would forgive what rows within grace have accrued,
    and a borrower could declare it to pay less.
    Raises ``AllocationError`` unless the oldest unpaid row is more than ``default_after_days``
    late.
    """
    index = oldest_unpaid(terms, position, rows, day)
    late = 0 if index is None else day - day_of(terms.value_date, rows[index].due_at)
    if index is None or late <= terms.default_after_days:
        raise AllocationError(
            f"{late} days late on day {day}: default needs more than {terms.default_after_days}"
        )
    after, owed = pay(replace(terms, grace_days=0), position, rows, day, None)
    interest = owed.interest
    if after.outstanding:
        interest += accrued_interest(terms, rows, after.row, after.outstanding, day)
    claim = Acceleration(fee=owed.fee, interest=interest, penalty=owed.penalty)
    position = replace(
        position,
        row=index,
        row_paid=0,
        numerator=0,
        settled=0,
        last_day=day,
        accelerated=claim,
    )
    return position, claim
