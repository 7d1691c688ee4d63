"""Loans: lists, one loan, its history, its schedule against what was paid, its holders."""

import re
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field, WithJsonSchema

from api import present
from api.deps import LoanIdPath, Paging, Read, Snapshot, WalletPath, WalletText
from api.schemas.loans import (
    History,
    Holders,
    Loans,
    LoanStatus,
    OneLoan,
    Positions,
    Schedule,
)
from ledger.core.events import LoanEvent
from ledger.core.loan import Loan
from ledger.core.repayments import repayments
from ledger.core.types import Address, LoanId, Status
from ledger.store.pages import MAX_LIMIT, EventView

router = APIRouter(tags=["loans"])

LABEL_BYTES = 32
_WORD = re.compile("0x[0-9a-fA-F]{64}")
_TEXT = re.compile("[ -~]{0,32}")


def read_label(text: str) -> bytes:
    """Return the 32-byte word of a label: its text, or the hex that it is shown as."""
    if _WORD.fullmatch(text):
        return bytes.fromhex(text[2:])
    if _TEXT.fullmatch(text):
        return text.encode().ljust(LABEL_BYTES, b"\0")
    raise ValueError("must be at most 32 characters of ASCII, or 0x and 64 hex digits")


def _checked_label(text: str) -> str:
    read_label(text)
    return text


Label = Annotated[
    str,
    AfterValidator(_checked_label),
    WithJsonSchema({"type": "string", "pattern": f"^({_WORD.pattern}|{_TEXT.pattern})$"}),
]


class LoanFilter(Paging):
    """Which loans; all that is given must hold."""

    status: LoanStatus | None = None
    borrower: WalletText | None = None
    holder: WalletText | None = Field(default=None, description="Who ever held notes of it.")
    product: Label | None = Field(
        default=None, description="The product's label, as answers show it."
    )


def find_loans(snapshot: Snapshot, wanted: LoanFilter) -> Loans:
    """Return a page of loans."""
    page = snapshot.view.loans(
        status=None if wanted.status is None else Status[wanted.status.name],
        borrower=None if wanted.borrower is None else Address(wanted.borrower),
        holder=None if wanted.holder is None else Address(wanted.holder),
        product=None if wanted.product is None else read_label(wanted.product),
        after=wanted.after,
        limit=wanted.limit,
    )
    items = [present.loan(item, snapshot.at) for item in page.items]
    return Loans(block=snapshot.block, items=items, next=page.next)


def loan_events(snapshot: Snapshot, loan_id: LoanId) -> list[EventView]:
    """Return every event of a loan, in order."""
    events: list[EventView] = []
    after: str | None = None
    while True:
        page = snapshot.view.history(loan_id, after=after, limit=MAX_LIMIT)
        events += page.items
        if page.next is None:
            return events
        after = page.next


def account_of(snapshot: Snapshot, loan: Loan, events: list[EventView]) -> Schedule:
    """Return a loan's schedule against what all its ``events`` paid."""
    past = (event.event for event in events)
    paid = repayments(loan, (event for event in past if isinstance(event, LoanEvent)), snapshot.at)
    return present.schedule(loan, paid, snapshot.block)


@router.get("/loans", response_model=Loans)
def list_loans(read: Read, wanted: Annotated[LoanFilter, Query()]) -> Response:
    """Loans in the order of opening."""
    return read.json(lambda snapshot: find_loans(snapshot, wanted))


@router.get("/loans/{loan_id}", response_model=OneLoan)
def one_loan(read: Read, loan_id: LoanIdPath) -> Response:
    """One loan: terms as signed, what is due, how late it is."""
    return read.json(
        lambda snapshot: OneLoan(
            block=snapshot.block, loan=present.loan_detail(snapshot.loan(loan_id), snapshot.at)
        )
    )


@router.get("/loans/{loan_id}/history", response_model=History)
def history(read: Read, loan_id: LoanIdPath, paging: Annotated[Paging, Query()]) -> Response:
    """Every event of a loan with transaction, block, sequence and head."""

    def build(snapshot: Snapshot) -> History:
        loan = snapshot.loan(loan_id).loan
        page = snapshot.view.history(loan.loan_id, after=paging.after, limit=paging.limit)
        return History(
            block=snapshot.block,
            loan=loan.loan_id,
            currency=present.currency(loan),
            items=[present.history_line(line) for line in page.items],
            next=page.next,
        )

    return read.json(build)


@router.get("/loans/{loan_id}/schedule", response_model=Schedule)
def schedule(read: Read, loan_id: LoanIdPath) -> Response:
    """Instalments, row by row against what was paid."""

    def build(snapshot: Snapshot) -> Schedule:
        loan = snapshot.loan(loan_id).loan
        return account_of(snapshot, loan, loan_events(snapshot, loan.loan_id))

    return read.json(build)


@router.get("/loans/{loan_id}/holders", response_model=Holders)
def holders(read: Read, loan_id: LoanIdPath) -> Response:
    """Everybody who ever held notes of a loan."""

    def build(snapshot: Snapshot) -> Holders:
        loan = snapshot.loan(loan_id).loan
        return Holders(
            block=snapshot.block,
            loan=loan.loan_id,
            currency=present.currency(loan),
            items=[present.holder(item) for item in snapshot.view.holders(loan.loan_id)],
        )

    return read.json(build)


@router.get("/holders/{address}/positions", response_model=Positions)
def positions(read: Read, address: WalletPath, paging: Annotated[Paging, Query()]) -> Response:
    """Every loan that a wallet ever held notes of, with its account there."""

    def build(snapshot: Snapshot) -> Positions:
        holder = Address(address)
        page = snapshot.view.positions(holder, after=paging.after, limit=paging.limit)
        items = [present.position(item, snapshot.at) for item in page.items]
        return Positions(block=snapshot.block, holder=holder, items=items, next=page.next)

    return read.json(build)
