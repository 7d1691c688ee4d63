"""What follows from a loan and a time: due amounts, days past due, its class, its schedule.

Nothing here is stored or posted: all of it is a function of the state and the time asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledger.core import allocation
from ledger.core.allocation import Split, day_of, effective_row, unpaid
from ledger.core.loan import Loan
from ledger.core.packing import Row
from ledger.core.types import Status, Timestamp

_OWING = (Status.ACTIVE, Status.DEFAULTED)

BUCKETS: Sequence[tuple[int, str]] = (
    (0, "current"),
    (30, "1-30"),
    (60, "31-60"),
    (90, "61-90"),
    (180, "91-180"),
)
"""Most days past due of each bucket, and its name; beyond the last it is ``181+``."""


class RiskClass(StrEnum):
    """The five categories that regulators report (五级分类)."""

    NORMAL = "正常"
    SPECIAL_MENTION = "关注"
    SUBSTANDARD = "次级"
    DOUBTFUL = "可疑"
    LOSS = "损失"


@dataclass(frozen=True, slots=True)
class ClassPolicy:
    """Most days past due of each class but the last: a policy of the reader, not of the loan."""

    normal: int = 0
    special_mention: int = 90
    substandard: int = 180
    doubtful: int = 360


DEFAULT_CLASSES = ClassPolicy()


def due_at(loan: Loan, at: Timestamp) -> Split:
    """Return what is due at ``at``, by bucket; nothing unless the loan owes.

    Raises ``AllocationError`` for a time before the day of the last payment.
    """
    if loan.status not in _OWING:
        return Split()
    return allocation.due(loan.terms, loan.position, loan.rows, _day(loan, at))


def days_past_due(loan: Loan, at: Timestamp) -> int:
    """Return the days from the oldest unpaid due date to ``at`` (DPD); 0 if nothing is late."""
    if loan.status not in _OWING:
        return 0
    return allocation.days_past_due(loan.terms, loan.position, loan.rows, _day(loan, at))


def bucket(days: int) -> str:
    """Return the name of the bucket for ``days`` past due."""
    return next((name for most, name in BUCKETS if days <= most), "181+")


def risk_class(loan: Loan, at: Timestamp, policy: ClassPolicy = DEFAULT_CLASSES) -> RiskClass:
    """Return the loan's class at ``at``."""
    days = days_past_due(loan, at)
    if loan.status == Status.WRITTEN_OFF or days > policy.doubtful:
        return RiskClass.LOSS
    if days > policy.substandard:
        return RiskClass.DOUBTFUL
    if days > policy.special_mention:
        return RiskClass.SUBSTANDARD
    return RiskClass.SPECIAL_MENTION if days > policy.normal else RiskClass.NORMAL


class RowStatus(StrEnum):
    """How an instalment stands."""

    UPCOMING = "upcoming"
    DUE = "due"
    OVERDUE = "overdue"
    PAID = "paid"
    PREPAID = "prepaid"
    """Nothing is owed on it, because principal was repaid early."""
    ACCELERATED = "accelerated"
    """It fell into what default made due at once."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class RowView:
    """One instalment: as signed, and what is still unpaid of it (penalty apart), minor units."""

    index: int
    signed: Row
    fee: int
    interest: int
    principal: int
    status: RowStatus

    @property
    def unpaid(self) -> int:
        """What is still to be paid for this row, without penalty."""
        return self.fee + self.interest + self.principal


def schedule_view(loan: Loan, at: Timestamp) -> tuple[RowView, ...]:
    """Return every instalment as it stands at ``at``."""
    return tuple(_row_view(loan, index, _day(loan, at)) for index in range(len(loan.rows)))


def _row_view(loan: Loan, index: int, day: int) -> RowView:
    position, signed = loan.position, loan.rows[index]
    settled = _settled_status(loan, index)
    if settled is not None:
        return RowView(index, signed, 0, 0, 0, settled)
    row = effective_row(loan.rows, index, position.early)
    paid = position.row_paid if index == position.row else 0
    fee, interest, principal = unpaid(row, paid)
    days_late = day - day_of(loan.agreement.value_date, signed.due_at)
    if not fee + interest + principal:
        status = RowStatus.PREPAID if position.early else RowStatus.PAID
    elif days_late < 0:
        status = RowStatus.UPCOMING
    else:
        status = RowStatus.OVERDUE if days_late else RowStatus.DUE
    return RowView(index, signed, fee, interest, principal, status)


def _settled_status(loan: Loan, index: int) -> RowStatus | None:
    """Return how a row stands on which nothing is owed any more; ``None`` if something may be."""
    position = loan.position
    if loan.status == Status.CANCELLED:
        return RowStatus.CANCELLED
    if index < position.row:
        return RowStatus.PAID
    if loan.status == Status.REPAID:
        return RowStatus.PAID if position.accelerated else RowStatus.PREPAID
    return RowStatus.ACCELERATED if position.accelerated else None


def _day(loan: Loan, at: Timestamp) -> int:
    return day_of(loan.agreement.value_date, at)
