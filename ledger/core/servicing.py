"""What each event of a loan does to it: one table of pure handlers.

Every amount that the contract computed is computed again and must be the same. A status moves
along the diagram only: the table says from where each event may start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ledger.core import allocation
from ledger.core.allocation import DAY_SECONDS, EarlyRepayment, Position, Split, day_of
from ledger.core.events import (
    Assigned,
    Cancelled,
    Committed,
    Defaulted,
    Disbursed,
    FundingExpired,
    LoanEvent,
    Opened,
    PaidOut,
    Prepaid,
    Refunded,
    Repaid,
    Transferred,
)
from ledger.core.hashchain import next_head
from ledger.core.loan import Loan, claimable, with_holding, with_units
from ledger.core.opening import Context, open_loan
from ledger.core.refusal import ensure, ensure_equal
from ledger.core.rules import participant
from ledger.core.types import Status, Timestamp
from ledger.errors import AllocationError, BookError

ALL_PRINCIPAL = 2**128 - 1
"""The signed amount of a prepayment that means everything outstanding."""

_Handler: TypeAlias = Callable[[Loan, Any, Context], Loan]


def apply_loan(loan: Loan | None, event: LoanEvent, context: Context) -> Loan:
    """Return the loan after ``event``; ``loan`` is ``None`` before it was opened.

    Raises ``BookError`` for an event that the contract cannot have written in this state.
    """
    last = loan.seq if loan else 0
    ensure_equal("sequence", "events of a loan are numbered", last + 1, event.seq)
    if isinstance(event, Opened):
        loan = open_loan(event, context)
    elif loan is None:
        raise BookError("unknown_loan", "a loan begins with Opened", "Opened", type(event).__name__)
    else:
        loan = _change(loan, event, context)
    return replace(loan, seq=event.seq, head=next_head(loan.head, context.entry), last=context.ref)


def _change(loan: Loan, event: LoanEvent, context: Context) -> Loan:
    step = _STEPS[type(event)]
    ensure(
        loan.status in step.starts,
        "status",
        f"{type(event).__name__} needs another status",
        " or ".join(status.name for status in sorted(step.starts)),
        loan.status.name,
    )
    try:
        loan = step.handler(loan, event, context)
    except AllocationError as error:
        raise BookError("allocation", str(error), "a payment that is due", event) from error
    counted = step.attests_bank if loan.bank else step.attests_token
    return replace(loan, attestations=loan.attestations + 1) if counted else loan


def _committed(loan: Loan, event: Committed, context: Context) -> Loan:
    _require_funding_open(loan, context)
    _require_in_time(event.deadline, context)
    participant(context.parties, event.lender)
    units = loan.holding(event.lender).units
    ensure_equal("funding", f"one commitment of {event.lender}", 0, units)
    missing = loan.agreement.principal - loan.outstanding
    ensure(0 < event.amount <= missing, "funding", "committed", f"1 to {missing}", event.amount)
    loan = with_units(loan, event.lender, event.amount)
    return _with_outstanding(loan, loan.outstanding + event.amount)


def _disbursed(loan: Loan, event: Disbursed, context: Context) -> Loan:
    _require_funding_open(loan, context)
    signed = loan.agreement
    ensure_equal("funding", "the loan is fully funded", signed.principal, loan.outstanding)
    ensure_equal("funding", "the whole principal is disbursed", signed.principal, event.amount)
    ensure_equal("party", "the principal goes to the payee", signed.payee, event.payee)
    participant(context.parties, event.payee)
    return replace(loan, status=Status.ACTIVE)


def _cancelled(loan: Loan, event: Cancelled, context: Context) -> Loan:
    _require_in_time(event.deadline, context)
    return replace(loan, status=Status.CANCELLED)


def _expired(loan: Loan, event: FundingExpired, _context: Context) -> Loan:
    deadline = loan.agreement.funding_deadline
    ensure(event.at > deadline, "deadline", "funding expired", f"after {deadline}", event.at)
    return replace(loan, status=Status.CANCELLED)


def _refunded(loan: Loan, event: Refunded, _context: Context) -> Loan:
    units = loan.holding(event.lender).units
    ensure(units > 0, "units", f"{event.lender} has money in escrow", "> 0", units)
    ensure_equal("units", f"refund of {event.lender}", units, event.amount)
    loan = with_units(loan, event.lender, -event.amount)
    return _with_outstanding(loan, loan.outstanding - event.amount)


def _repaid(loan: Loan, event: Repaid, context: Context) -> Loan:
    day = _value_day(loan, event.paid_at, context)
    found = Split(event.fee, event.penalty, event.interest, event.principal)
    ensure(found.total > 0, "allocation", "a repayment", "> 0", 0)
    position, expected = allocation.pay(loan.terms, loan.position, loan.rows, day, found.total)
    ensure_equal("allocation", "split of the repayment", expected, found)
    return _with_payment(loan, position, found.holders)


def _prepaid(loan: Loan, event: Prepaid, context: Context) -> Loan:
    _require_in_time(event.deadline, context)
    day = _value_day(loan, event.paid_at, context)
    amount = None if event.signed_amount == ALL_PRINCIPAL else event.signed_amount
    found = EarlyRepayment(event.fee, event.interest, event.principal)
    position, due, expected = allocation.prepay(loan.terms, loan.position, loan.rows, day, amount)
    ensure_equal("allocation", "what is due is paid before principal early", Split(), due)
    ensure_equal("allocation", "cost of the early repayment", expected, found)
    return _with_payment(loan, position, found.interest + found.principal)


def _defaulted(loan: Loan, event: Defaulted, _context: Context) -> Loan:
    day = day_of(loan.agreement.value_date, event.at)
    if loan.bank:
        # No value date may still come that lies before the day of default.
        day = max(day - loan.attestation_lag, loan.position.last_day)
    ensure_equal("default", "day of default", day, event.day)
    position, claim = allocation.accelerate(loan.terms, loan.position, loan.rows, day)
    expected = Split(claim.fee, claim.penalty, claim.interest, position.outstanding)
    found = Split(event.fee, event.penalty, event.interest, event.principal)
    ensure_equal("allocation", "what default made due", expected, found)
    return replace(loan, status=Status.DEFAULTED, position=position)


def _paid_out(loan: Loan, event: PaidOut, _context: Context) -> Loan:
    most = claimable(loan, event.holder)
    what = f"payout to {event.holder}"
    ensure(0 < event.amount <= most, "entitlement", what, f"1 to {most}", event.amount)
    if not loan.bank:
        ensure_equal("entitlement", what, most, event.amount)
    holding = loan.holding(event.holder)
    paid = replace(holding, paid_out=holding.paid_out + event.amount)
    return with_holding(loan, event.holder, paid)


def _transferred(loan: Loan, event: Transferred, context: Context) -> Loan:
    participant(context.parties, event.from_)
    participant(context.parties, event.to)
    units = loan.holding(event.from_).units
    what = f"notes of {event.from_}"
    ensure(0 < event.units <= units, "units", what, f"1 to {units}", event.units)
    return with_units(with_units(loan, event.from_, -event.units), event.to, event.units)


def _assigned(loan: Loan, event: Assigned, context: Context) -> Loan:
    """Record price and consent; the notes moved with the ``Transferred`` before."""
    _require_in_time(event.deadline, context)
    ensure(event.units > 0, "units", "notes sold", "> 0", event.units)
    return loan


def _value_day(loan: Loan, paid_at: Timestamp, context: Context) -> int:
    """Return the day of a payment: now, or the bank's value date within its bounds."""
    day = day_of(loan.agreement.value_date, paid_at)
    if not loan.bank:
        ensure_equal("value_date", "a token payment is made now", context.ref.at, paid_at)
        return day
    # Before the value date every day of the loan is 0: the calendar bounds the value date.
    zone = loan.agreement.value_date % DAY_SECONDS
    today, valued = day_of(zone, context.ref.at), day_of(zone, paid_at)
    first = today - loan.attestation_lag
    what = "calendar day of the payment, counted from 1970"
    ensure(first <= valued <= today, "value_date", what, f"{first} to {today}", valued)
    last = loan.position.last_day
    ensure(day >= last, "value_date", "day of the payment", f"at least {last}", day)
    return day


def _require_funding_open(loan: Loan, context: Context) -> None:
    ensure(not context.rules.paused, "paused", "no funding in a pause", "not paused", "paused")
    _require_in_time(loan.agreement.funding_deadline, context)


def _require_in_time(deadline: Timestamp, context: Context) -> None:
    at = context.ref.at
    ensure(at <= deadline, "deadline", "the deadline has passed", f"at most {deadline}", at)


def _with_outstanding(loan: Loan, outstanding: int) -> Loan:
    return replace(loan, position=replace(loan.position, outstanding=outstanding))


def _with_payment(loan: Loan, position: Position, holders: int) -> Loan:
    """Return the loan after a payment of which ``holders`` went to its holders."""
    return replace(
        loan,
        position=position,
        accepted=loan.accepted + holders,
        status=loan.status if position.outstanding else Status.REPAID,
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """One event: the statuses it may start from, what it does, whether it is counted."""

    starts: frozenset[Status]
    handler: _Handler
    attests_bank: bool = False
    attests_token: bool = False


_FUNDING = frozenset({Status.FUNDING})
_ACTIVE = frozenset({Status.ACTIVE})
_OWING = frozenset({Status.ACTIVE, Status.DEFAULTED})
_OPENED = frozenset(Status) - {Status.NONE}

_STEPS: Mapping[type[LoanEvent], _Step] = {
    Committed: _Step(_FUNDING, _committed, attests_bank=True),
    Disbursed: _Step(_FUNDING, _disbursed, attests_bank=True),
    Cancelled: _Step(_FUNDING, _cancelled),
    FundingExpired: _Step(_FUNDING, _expired),
    Refunded: _Step(frozenset({Status.CANCELLED}), _refunded, attests_bank=True),
    Repaid: _Step(_OWING, _repaid, attests_bank=True, attests_token=True),
    Prepaid: _Step(_ACTIVE, _prepaid, attests_bank=True, attests_token=True),
    Defaulted: _Step(_ACTIVE, _defaulted),
    PaidOut: _Step(_OPENED, _paid_out, attests_bank=True),
    Transferred: _Step(_OWING, _transferred),
    Assigned: _Step(_OWING, _assigned, attests_bank=True),
}
