"""From the core's records to the API's models. Pure: everything stands on one snapshot."""

from dataclasses import fields
from datetime import date, timedelta
from functools import cache
from typing import Any, get_type_hints

from api.schemas.base import Block, BlockOf, Settlement
from api.schemas.book import JournalEntry, JournalLine
from api.schemas.loans import (
    Acceleration,
    Amounts,
    EarlyRepayment,
    HistoryLine,
    Holder,
    Instalment,
    Loan,
    LoanDetail,
    LoanStatus,
    Position,
    RiskClass,
    Schedule,
    Standing,
)
from api.units import iso, to_hex
from ledger.core.allocation import DAY_SECONDS, Split, day_of
from ledger.core.events import Opened, Prepaid, Repaid
from ledger.core.loan import EventRef, claimable
from ledger.core.loan import Loan as CoreLoan
from ledger.core.method import method_of
from ledger.core.repayments import EarlyPayment, Repayments, RowAccount
from ledger.core.types import ZERO_ADDRESS, Address, BlockRef, MinorUnits, Status, Timestamp
from ledger.core.views import bucket, days_past_due, due_at, risk_class
from ledger.store import pages

HALF_DAY = DAY_SECONDS // 2
_UNDISBURSED = (Status.FUNDING, Status.CANCELLED)
UNIX_EPOCH = date(1970, 1, 1).toordinal()


def block(standing: pages.Standing) -> Block:
    """Return the block that an answer stands on."""
    ref = standing.block
    return Block(number=ref.number, hash=ref.hash, time=ref.timestamp, final=standing.is_final)


def block_of(place: BlockRef | EventRef) -> BlockOf:
    """Return the block of something that happened."""
    if isinstance(place, EventRef):
        return BlockOf(number=place.block, hash=place.block_hash, time=place.at)
    return BlockOf(number=place.number, hash=place.hash, time=place.timestamp)


def label(word: bytes) -> str:
    """Return a 32-byte label as the text that it holds, else as hex."""
    text = word.rstrip(b"\0")
    printable = text.isascii() and text.decode("latin-1").isprintable()
    return text.decode("ascii") if printable else to_hex(word)


def currency(loan: CoreLoan) -> str:
    """Return the ISO 4217 code of a loan's amounts."""
    return loan.agreement.currency.decode("latin-1")


def _wallet(address: Address) -> Address | None:
    return None if address == ZERO_ADDRESS else address


def amounts(split: Split) -> Amounts:
    """Return money by bucket."""
    return Amounts(
        fee=split.fee,
        penalty=split.penalty,
        interest=split.interest,
        principal=split.principal,
        total=split.total,
    )


def standing(loan: CoreLoan, at: Timestamp) -> Standing:
    """Return how late a loan is at ``at``."""
    days = days_past_due(loan, at)
    found = risk_class(loan, at)
    return Standing(
        days_past_due=days,
        bucket=bucket(days),
        risk_class=RiskClass(found.name.lower()),
        risk_class_zh=found.value,
    )


def loan(view: pages.LoanView, at: Timestamp) -> Loan:
    """Return a loan as lists show it."""
    return Loan(**_summary(view, at))


def _summary(view: pages.LoanView, at: Timestamp) -> dict[str, Any]:
    found = view.loan
    signed = found.agreement
    return {
        "id": found.loan_id,
        "number": view.ordinal,
        "status": LoanStatus(found.status.name.lower()),
        "product": label(signed.product),
        "currency": currency(found),
        "settlement": Settlement.BANK if found.bank else Settlement.TOKEN,
        "borrower": signed.borrower,
        "principal": signed.principal,
        "funded": found.outstanding if found.status in _UNDISBURSED else signed.principal,
        "outstanding": 0 if found.status in _UNDISBURSED else found.outstanding,
        "instalments": len(found.rows),
        "method": method_of(found.rows),
        "standing": standing(found, at),
        "opened": block_of(found.opened),
    }


def loan_detail(view: pages.LoanView, at: Timestamp) -> LoanDetail:
    """Return one loan with its terms."""
    found, signed = view.loan, view.loan.agreement
    return LoanDetail(
        **_summary(view, at),
        payee=signed.payee,
        guarantor=_wallet(signed.guarantor),
        fee_receiver=signed.fee_receiver,
        asset=_wallet(signed.asset),
        purpose=label(signed.purpose),
        value_date=signed.value_date,
        funding_deadline=signed.funding_deadline,
        penalty_rate=signed.penalty_rate,
        grace_days=signed.grace_days,
        prepayment_fee_bps=signed.prepayment_fee_bps,
        default_after_days=signed.default_after_days,
        write_off_after_days=signed.write_off_after_days,
        schedule_hash=signed.schedule_hash,
        documents=signed.documents,
        due=amounts(due_at(found, at)),
        accepted=found.accepted,
        repaid_early=found.position.early,
        events=found.seq,
        head=found.head,
        changed=block_of(found.last),
    )


# -------------------------------------------------------------------------- schedule


def loan_date(value_date: int, days: int) -> str:
    """Return the calendar date ``days`` after a loan's value date, in the days of the loan.

    They begin where the value date begins; its date is that of the nearest UTC midnight, which
    is right in every zone from twelve hours behind UTC to twelve ahead.
    """
    try:
        first = date.fromordinal(UNIX_EPOCH + (value_date + HALF_DAY) // DAY_SECONDS)
        return (first + timedelta(days=days)).isoformat()
    except (OverflowError, ValueError):
        return iso(value_date + days * DAY_SECONDS)


def schedule(found: CoreLoan, account: Repayments, stand: Block) -> Schedule:
    """Return the schedule against what was paid."""
    signed = Split()
    paid = sum((row.paid for row in account.rows), Split())
    unpaid = sum((row.unpaid for row in account.rows), Split())
    for row in found.rows:
        signed += Split(row.fee, 0, row.interest, row.principal)
    early = [_early(payment) for payment in account.early]
    paid = sum((_cost(payment) for payment in account.early), paid)
    claim = account.accelerated
    if claim is not None:
        paid += claim.paid
        unpaid += claim.unpaid
    return Schedule(
        block=stand,
        loan=found.loan_id,
        currency=currency(found),
        instalments=[_instalment(found, row) for row in account.rows],
        early=early,
        acceleration=None
        if claim is None
        else Acceleration(
            sequence=claim.seq,
            declared_at=claim.declared_at,
            due=amounts(claim.claim),
            paid=amounts(claim.paid),
            unpaid=amounts(claim.unpaid),
        ),
        signed=amounts(signed),
        paid=amounts(paid),
        unpaid=amounts(unpaid),
    )


def _cost(payment: EarlyPayment) -> Split:
    cost = payment.cost
    return Split(cost.fee, 0, cost.interest, cost.principal)


def _early(payment: EarlyPayment) -> EarlyRepayment:
    return EarlyRepayment(
        sequence=payment.seq, paid_at=payment.paid_at, amounts=amounts(_cost(payment))
    )


def _instalment(found: CoreLoan, row: RowAccount) -> Instalment:
    signed, start = row.signed, found.agreement.value_date
    return Instalment(
        index=row.index + 1,
        due=loan_date(start, day_of(start, signed.due_at)),
        due_at=signed.due_at,
        signed=amounts(Split(signed.fee, 0, signed.interest, signed.principal)),
        paid=amounts(row.paid),
        unpaid=amounts(row.unpaid),
        paid_at=row.paid_at,
        days_late=row.days_late,
        status=row.status,
    )


# -------------------------------------------------------------------------- holders, history


def holder(view: pages.HolderView) -> Holder:
    """Return a holder's account."""
    return Holder(
        holder=view.holder,
        units=view.holding.units,
        claimable=view.claimable,
        paid_out=view.holding.paid_out,
    )


def holder_of(found: CoreLoan, wallet: Address) -> Holder:
    """Return the account of a wallet in a loan."""
    return holder(pages.HolderView(wallet, found.holding(wallet), claimable(found, wallet)))


def position(view: pages.PositionView, at: Timestamp) -> Position:
    """Return a holder's account with its loan."""
    return Position(loan=loan(view.loan, at), account=holder(view.holder))


@cache
def _names(kind: Any, unit: object) -> tuple[str, ...]:
    """Return the members of an event that are declared as ``unit``."""
    hints = get_type_hints(kind)
    return tuple(member.name for member in fields(kind) if hints[member.name] is unit)


def history_line(view: pages.EventView) -> HistoryLine:
    """Return one event of a loan with its place on the chain."""
    event: Any = view.event
    source: Any = event.agreement if isinstance(event, Opened) else event
    return HistoryLine(
        sequence=view.seq,
        event=view.name,
        amounts={name: getattr(source, name) for name in _names(source.__class__, MinorUnits)},
        parties={
            name.rstrip("_"): getattr(source, name)
            for name in _names(source.__class__, Address)
            if name != "asset" and getattr(source, name) != ZERO_ADDRESS
        },
        value_time=event.paid_at if isinstance(event, Repaid | Prepaid) else event.at,
        transaction=view.tx_hash,
        block=block_of(view.block),
        log_index=view.log_index,
        head=view.head,
    )


def journal_entry(view: pages.EntryView) -> JournalEntry:
    """Return one entry of the journal."""
    return JournalEntry(
        number=view.number,
        loan=view.loan_id,
        sequence=view.seq,
        event=view.event,
        unit=view.unit,
        holder=view.holder,
        effective=view.effective,
        block=block_of(view.block),
        log_index=view.log_index,
        lines=[JournalLine(account=line.account, amount=line.amount) for line in view.lines],
        hash=view.hash,
    )
