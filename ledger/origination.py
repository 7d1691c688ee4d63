"""From a schedule and its parties to signed documents, and to the calls that put them on chain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from ledger.chain.abi import Call
from ledger.chain.loan_book import ANY_COUNT, NO_REF, LoanBook
from ledger.chain.signers import PartySigner
from ledger.core.agreement import (
    Agreement,
    Assignment,
    Cancellation,
    Commitment,
    Document,
    Domain,
    Prepayment,
    digest,
    loan_id,
)
from ledger.core.allocation import DAY_SECONDS
from ledger.core.packing import Row
from ledger.core.schedule import Schedule, daily_rate
from ledger.core.terms import Terms
from ledger.core.types import ZERO_ADDRESS, Address, LoanId, MinorUnits, Timestamp
from ledger.errors import InputError, TermsError

_NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is agreed beside the schedule; units as in ``Agreement``."""

    penalty_rate: int = 500
    grace_days: int = 3
    prepayment_fee_bps: int = 0
    default_after_days: int = 90
    write_off_after_days: int = 360


USUAL_CONDITIONS = Conditions()


@dataclass(frozen=True, slots=True)
class Settling:
    """What a loan is settled in: an allowed token, or the zero address for money at the bank."""

    asset: Address
    currency: str


@dataclass(frozen=True, slots=True)
class Parties:
    """Who owes, who is paid fees, who is paid the principal if it is not the borrower."""

    borrower: Address
    fee_receiver: Address
    payee: Address | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """What readers are told: product, purpose, and the root over the borrower's facts."""

    product: str = ""
    purpose: str = ""
    documents: bytes = _NOTHING


@dataclass(frozen=True, slots=True)
class Draft:
    """An agreement ready to be signed; ``loan_id`` is the digest that its parties sign."""

    agreement: Agreement
    rows: tuple[Row, ...]
    loan_id: LoanId


def label(text: str) -> bytes:
    """Return a label for readers as 32 bytes of ASCII. Raises ``InputError`` if it is too long."""
    encoded = text.encode("ascii", errors="replace")
    if len(encoded) > 32:
        raise InputError(f"label {text!r} is longer than 32 characters: shorten it")
    return encoded.ljust(32, b"\0")


def draft(
    schedule: Schedule,
    domain: Domain,
    settling: Settling,
    parties: Parties,
    conditions: Conditions,
    labels: Labels,
    salt: int,
) -> Draft:
    """Return the agreement over ``schedule``; lenders may commit until the value date has ended.

    Raises ``TermsError``, and ``InputError`` for a label that is too long.
    """
    value_date = schedule.terms.value_date_at
    agreement = Agreement(
        borrower=parties.borrower,
        payee=parties.payee or parties.borrower,
        guarantor=ZERO_ADDRESS,
        fee_receiver=parties.fee_receiver,
        asset=settling.asset,
        currency=settling.currency.encode("ascii"),
        principal=MinorUnits(schedule.terms.principal),
        schedule_hash=schedule.schedule_hash,
        daily_rate=daily_rate(schedule.terms),
        penalty_rate=conditions.penalty_rate,
        grace_days=conditions.grace_days,
        prepayment_fee_bps=conditions.prepayment_fee_bps,
        default_after_days=conditions.default_after_days,
        write_off_after_days=conditions.write_off_after_days,
        value_date=value_date,
        funding_deadline=Timestamp(value_date + DAY_SECONDS),
        line=_NOTHING,
        product=label(labels.product),
        purpose=label(labels.purpose),
        documents=labels.documents,
        salt=salt,
    )
    return Draft(agreement, schedule.rows, loan_id(agreement, domain))


def dated(terms: Terms, value_date: date) -> Terms:
    """Return terms whose interest runs from another day; amounts, rate and length stay.

    Raises ``TermsError`` where they do not fit that day, and for custom rows, which have days of
    their own.
    """
    if terms.rows:
        raise TermsError("rows", "have days of their own: they cannot be dated to another")
    first_due = terms.first_due and terms.first_due + (value_date - terms.value_date)
    return replace(terms, value_date=value_date, first_due=first_due)


class SigningDesk:
    """Has documents signed by keys at hand and builds the calls that carry them to one book."""

    def __init__(self, book: LoanBook, domain: Domain) -> None:
        self._book = book
        self._domain = domain

    def sign(self, signer: PartySigner, document: Document) -> bytes:
        """Return the signer's 65 bytes under a document."""
        return signer.sign_digest(digest(document, self._domain))

    def opening(self, item: Draft, borrower: PartySigner) -> Call:
        """Build the registration of the agreement, signed by the borrower. Originator."""
        return self._book.open(item.agreement, item.rows, borrower.sign_digest(item.loan_id))

    def commitment(
        self,
        item: Draft,
        lender: PartySigner,
        amount: int,
        *,
        expected: int = ANY_COUNT,
        ref: bytes = NO_REF,
    ) -> Call:
        """Build the escrow of ``amount``, signed by the lender. Originator or custodian."""
        agreement = item.agreement
        document = Commitment(
            item.loan_id,
            lender.address,
            MinorUnits(amount),
            agreement.funding_deadline,
            agreement.salt,
        )
        return self._book.commit(document, self.sign(lender, document), expected, ref)

    def prepayment(
        self,
        order: Prepayment,
        rows: Sequence[Row],
        borrower: PartySigner,
        *,
        paid_at: int = 0,
        expected: int = ANY_COUNT,
        ref: bytes = NO_REF,
    ) -> Call:
        """Build an early repayment, signed by the borrower. Originator or custodian."""
        signature = self.sign(borrower, order)
        return self._book.prepay(order, signature, rows, paid_at, expected, ref)

    def assignment(
        self,
        sale: Assignment,
        seller: PartySigner,
        buyer: PartySigner,
        *,
        expected: int = ANY_COUNT,
        ref: bytes = NO_REF,
    ) -> Call:
        """Build a sale of notes, signed by both sides. Token: anyone. Bank: custodian."""
        signatures = self.sign(seller, sale), self.sign(buyer, sale)
        return self._book.assign(sale, *signatures, expected, ref)

    def cancellation(self, document: Cancellation, borrower: PartySigner) -> Call:
        """Build the cancellation of a loan that is funding. Originator."""
        return self._book.cancel(document, self.sign(borrower, document))


def shares(principal: int, weights: Sequence[int]) -> list[int]:
    """Split ``principal`` in proportion to ``weights``, exactly: the last takes what is left."""
    parts = [principal * weight // sum(weights) for weight in weights[:-1]]
    return [*parts, principal - sum(parts)]
