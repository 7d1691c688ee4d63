"""A loan's schedule against what was paid: every payment, placed on the instalments it settled.

The contract stores where servicing stands and no more; which payment closed which row follows
from the events, by the same allocation. Nothing here is stored or posted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ledger.core import allocation
from ledger.core.allocation import EarlyRepayment, Position, Split, day_of, pay_by_row
from ledger.core.events import Defaulted, Disbursed, LoanEvent, Prepaid, Repaid
from ledger.core.loan import Loan
from ledger.core.packing import Row
from ledger.core.servicing import ALL_PRINCIPAL
from ledger.core.types import Status, Timestamp
from ledger.core.views import RowStatus, RowView, due_at, schedule_view

_UNSETTLED = (RowStatus.DUE, RowStatus.OVERDUE, RowStatus.ACCELERATED)


@dataclass(frozen=True, slots=True)
class RowAccount:
    """One instalment: as signed, paid so far, and still to be paid, minor units.

    ``paid_at`` is when money last moved for it; ``days_late`` counts from its due date to then
    if it is settled, else to the time asked for.
    """

    index: int
    signed: Row
    paid: Split
    unpaid: Split
    paid_at: Timestamp | None
    days_late: int
    status: RowStatus


@dataclass(frozen=True, slots=True)
class EarlyPayment:
    """Principal repaid before it was due, with what that cost; event ``seq`` of the loan."""

    seq: int
    paid_at: Timestamp
    cost: EarlyRepayment


@dataclass(frozen=True, slots=True)
class Accelerated:
    """What default made due at once: the claim as declared, paid of it, still to be paid.

    ``unpaid`` holds the penalty that has grown since.
    """

    seq: int
    declared_at: Timestamp
    claim: Split
    paid: Split
    unpaid: Split


@dataclass(frozen=True, slots=True)
class Repayments:
    """Every payment of a loan: on instalments, early, and on what default made due."""

    rows: tuple[RowAccount, ...]
    early: tuple[EarlyPayment, ...]
    accelerated: Accelerated | None


def repayments(loan: Loan, history: Iterable[LoanEvent], at: Timestamp) -> Repayments:
    """Return the loan's schedule against what was paid, as it stands at ``at``.

    ``history`` is the loan's events in order, all of them; other kinds than payments and default
    may be left out.
    """
    past = _Past(loan)
    for event in history:
        past.add(event)
    late = _penalties(loan, at)
    rows = tuple(
        _account(loan, view, past, late.get(view.index, 0), at) for view in schedule_view(loan, at)
    )
    return Repayments(rows, tuple(past.early), _accelerated(loan, past, at))


@dataclass(slots=True)
class _Past:
    """Servicing run again from the events, noting the row of each part."""

    loan: Loan
    position: Position = field(default_factory=lambda: Position(outstanding=0))
    paid: dict[int, Split] = field(default_factory=dict)
    paid_at: dict[int, Timestamp] = field(default_factory=dict)
    early: list[EarlyPayment] = field(default_factory=list)
    default: Defaulted | None = None
    after_default: Split = field(default_factory=Split)

    def add(self, event: LoanEvent) -> None:
        loan = self.loan
        if isinstance(event, Disbursed):
            self.position = Position(outstanding=event.amount)
        elif isinstance(event, Repaid):
            self._repaid(event)
        elif isinstance(event, Prepaid):
            day = day_of(loan.agreement.value_date, event.paid_at)
            amount = None if event.signed_amount == ALL_PRINCIPAL else event.signed_amount
            self.position, _, cost = allocation.prepay(
                loan.terms, self.position, loan.rows, day, amount
            )
            self.early.append(EarlyPayment(event.seq, event.paid_at, cost))
        elif isinstance(event, Defaulted):
            self.position, _ = allocation.accelerate(
                loan.terms, self.position, loan.rows, event.day
            )
            self.default = event

    def _repaid(self, event: Repaid) -> None:
        loan = self.loan
        day = day_of(loan.agreement.value_date, event.paid_at)
        money = Split(event.fee, event.penalty, event.interest, event.principal)
        if self.default is None:
            steps = pay_by_row(loan.terms, self.position, loan.rows, day, money.total)
            for index, part, _ in steps:
                if part.total:
                    self.paid[index] = self.paid.get(index, Split()) + part
                    self.paid_at[index] = event.paid_at
        else:
            self.after_default += money
        self.position, _ = allocation.pay(loan.terms, self.position, loan.rows, day, money.total)


def _penalties(loan: Loan, at: Timestamp) -> dict[int, int]:
    """Return the penalty that each due row owes at ``at``."""
    if loan.status != Status.ACTIVE:
        return {}
    day = day_of(loan.agreement.value_date, at)
    steps = pay_by_row(loan.terms, loan.position, loan.rows, day, None)
    return {index: part.penalty for index, part, _ in steps}


def _account(loan: Loan, view: RowView, past: _Past, penalty: int, at: Timestamp) -> RowAccount:
    paid_at = past.paid_at.get(view.index)
    counted_to = at if view.status in _UNSETTLED else paid_at
    days_late = 0
    if counted_to is not None and view.status != RowStatus.UPCOMING:
        start = loan.agreement.value_date
        days_late = max(0, day_of(start, counted_to) - day_of(start, view.signed.due_at))
    return RowAccount(
        index=view.index,
        signed=view.signed,
        paid=past.paid.get(view.index, Split()),
        unpaid=Split(view.fee, penalty, view.interest, view.principal),
        paid_at=paid_at,
        days_late=days_late,
        status=view.status,
    )


def _accelerated(loan: Loan, past: _Past, at: Timestamp) -> Accelerated | None:
    event = past.default
    if event is None:
        return None
    claim = Split(event.fee, event.penalty, event.interest, event.principal)
    return Accelerated(event.seq, event.at, claim, past.after_default, due_at(loan, at))
