"""What the contract asks of a new agreement: checked here a second time, from the document."""

from __future__ import annotations

from collections.abc import Sequence

from eth_hash.auto import keccak

from ledger.core.agreement import Agreement
from ledger.core.packing import Row, unpack_row
from ledger.core.types import ZERO_ADDRESS, Policy
from tests.property.differential.refusal import refuse

DAY = 86_400
MAX_DAY = 65_535
MAX_TERM_DAYS = 18_300
MAX_ROWS = 600
WIDEST_PRINCIPAL = 2**88 - 1


def day(value_date: int, at: int) -> int:
    """Return the day of the loan on which an instant falls; 24:00 ends a day."""
    if at <= value_date:
        return 0
    return min(MAX_DAY, (at - value_date - 1) // DAY)


def check_terms(agreement: Agreement, policy: Policy, now: int) -> None:
    """Refuse terms that the book does not take."""
    if agreement.fee_receiver == ZERO_ADDRESS:
        refuse("BadFeeReceiver", receiver=agreement.fee_receiver)
    if agreement.default_after_days < agreement.grace_days:
        refuse(
            "DefaultWithinGrace",
            defaultAfterDays=agreement.default_after_days,
            graceDays=agreement.grace_days,
        )
    if agreement.daily_rate:
        refuse("UnsupportedTerm", name=b"dailyRate".ljust(32, b"\0"))
    if any(agreement.line):
        refuse("UnsupportedTerm", name=b"line".ljust(32, b"\0"))
    if agreement.penalty_rate > policy.max_penalty_rate:
        refuse("PenaltyRateTooHigh", rate=agreement.penalty_rate, most=policy.max_penalty_rate)
    if agreement.prepayment_fee_bps > policy.max_prepayment_fee_bps:
        most = policy.max_prepayment_fee_bps
        refuse("PrepaymentFeeTooHigh", bps=agreement.prepayment_fee_bps, most=most)
    if agreement.principal > WIDEST_PRINCIPAL:
        refuse("PrincipalTooWide", principal=agreement.principal, most=WIDEST_PRINCIPAL)
    latest = agreement.value_date + DAY
    if agreement.funding_deadline > latest:
        refuse("FundingDeadlineTooLate", deadline=agreement.funding_deadline, latest=latest)
    if now > agreement.funding_deadline:
        refuse("FundingClosed", deadline=agreement.funding_deadline, now_=now)


def check_rows(words: Sequence[bytes], agreement: Agreement, policy: Policy) -> None:
    """Refuse rows that were not signed, or are no schedule that the policy allows."""
    found = keccak(b"".join(words))
    if found != agreement.schedule_hash:
        refuse("WrongScheduleHash", expected=agreement.schedule_hash, found=found)
    if not 0 < len(words) <= MAX_ROWS:
        refuse("RowCount", found=len(words), most=MAX_ROWS)
    rows = [unpack_row(word) for word in words]
    _check_dates_and_principal(rows, agreement)
    days = [day(agreement.value_date, row.due_at) for row in rows]
    if days[-1] > MAX_TERM_DAYS:
        refuse("TermTooLong", termDays=days[-1], most=MAX_TERM_DAYS)
    if not rows[-1].principal:
        refuse("LastRowWithoutPrincipal")
    balances = [sum(row.principal for row in rows[index:]) for index in range(len(rows))]
    periods = [after - before for before, after in zip([0, *days], days, strict=False)]
    balance_days = sum(b * p for b, p in zip(balances, periods, strict=True))
    cost = sum(row.interest + row.fee for row in rows)
    most = policy.legal_annual_rate * balance_days // (365 * 1_000_000)
    if cost > most:
        refuse("CostOverLegalCap", cost=cost, most=most)


def _check_dates_and_principal(rows: Sequence[Row], agreement: Agreement) -> None:
    """Walk the rows in order: whichever of the two is wrong first is named."""
    last, left = 0, int(agreement.principal)
    total = sum(row.principal for row in rows)
    for index, row in enumerate(rows):
        due = day(agreement.value_date, row.due_at)
        if due <= last:
            refuse("DatesMustRise", row=index, dueAt=row.due_at)
        if row.principal > left:
            refuse("PrincipalMismatch", expected=agreement.principal, found=total)
        last, left = due, left - row.principal
    if left:
        refuse("PrincipalMismatch", expected=agreement.principal, found=total)
