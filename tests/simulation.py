"""A second, small model of the loan book, by rules of its own.

It shares the allocation functions and the log encoding with the product; state, entitlements (as
exact fractions of every payment) and money are kept here a second time, so that tests can compare
them with what ``ledger.core.book`` rebuilds from the logs.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from ledger.core import allocation, events
from ledger.core.agreement import Agreement, Domain, loan_id, terms_of
from ledger.core.allocation import EarlyRepayment, Position, Split, day_of
from ledger.core.packing import Row, pack_rows
from ledger.core.types import ZERO_ADDRESS, Address, LoanId, Status
from tests.simulated_logs import (
    ADMIN,
    BOOK,
    CHAIN_ID,
    DAY,
    EVERYTHING,
    LENDERS,
    POLICY,
    START,
    ZERO,
    LogWriter,
)


@dataclass
class SimulatedLoan:
    """One loan as the simulation sees it."""

    id: LoanId
    signed: Agreement
    rows: tuple[Row, ...]
    status: Status = Status.FUNDING
    position: Position = field(default_factory=lambda: Position(0))
    seq: int = 0
    head: bytes = ZERO
    attestations: int = 0
    accepted: int = 0
    units: dict[Address, int] = field(default_factory=dict)
    entitled: dict[Address, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    paid_out: dict[Address, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def bank(self) -> bool:
        return self.signed.asset == ZERO_ADDRESS

    @property
    def ended(self) -> bool:
        return self.status is Status.REPAID or (
            self.status is Status.CANCELLED and not self.position.outstanding
        )

    def claimable(self, holder: Address) -> int:
        return int(self.entitled[holder]) - self.paid_out[holder]

    def accept(self, amount: int) -> None:
        """Share ``amount`` among the holders of this moment."""
        self.accepted += amount
        for holder, units in self.units.items():
            self.entitled[holder] += Fraction(amount * units, self.signed.principal)


class SimulatedChain(LogWriter):
    """A chain on which loans live; each call is one transaction in one block."""

    def __init__(self) -> None:
        super().__init__()
        self.loans: list[SimulatedLoan] = []

    # ------------------------------------------------------------ life of a loan

    def open(
        self, signed: Agreement, rows: tuple[Row, ...], signature: bytes = b""
    ) -> SimulatedLoan:
        self.advance()
        loan = SimulatedLoan(loan_id(signed, Domain(CHAIN_ID, BOOK)), signed, rows)
        self.loans.append(loan)
        self.emit_loan(
            loan,
            events.Opened,
            agreement=signed,
            rows=tuple(pack_rows(rows)),
            borrower_signature=signature,
            guarantor_signature=b"",
        )
        return loan

    def commit(self, loan: SimulatedLoan, lender: Address, amount: int) -> None:
        self.advance()
        loan.units[lender] = amount
        loan.position = Position(loan.position.outstanding + amount)
        self._move(loan, amount)
        self.outside()
        self.emit_loan(
            loan,
            events.Committed,
            lender=lender,
            amount=amount,
            deadline=self.now,
            salt=0,
            signature=b"",
            ref=ZERO,
        )

    def disburse(self, loan: SimulatedLoan) -> None:
        self.advance()
        loan.status = Status.ACTIVE
        principal = loan.signed.principal
        self._move(loan, -principal)
        self.emit_loan(loan, events.Disbursed, payee=loan.signed.payee, amount=principal, ref=ZERO)

    def fund(self, loan: SimulatedLoan, *amounts: int) -> None:
        """Commit one amount a lender (the first takes the rest) and disburse."""
        rest = loan.signed.principal - sum(amounts)
        for lender, amount in zip(LENDERS, (rest, *amounts), strict=False):
            self.commit(loan, lender, amount)
        self.disburse(loan)

    def repay(self, loan: SimulatedLoan, amount: int | None, days_ago: int = 0) -> Split | None:
        """Pay up to ``amount`` of what is due (``None``: all); ``None`` when nothing is."""
        self.advance()
        paid_at = self._paid_at(loan, days_ago)
        position, split = allocation.pay(
            terms_of(loan.signed), loan.position, loan.rows, self._day(loan, paid_at), amount
        )
        if not split.total:
            return None
        loan.attestations += 1
        self._receive(loan, position, split)
        self._emit_repaid(loan, paid_at, split, payer=ADMIN)
        return split

    def prepay(self, loan: SimulatedLoan, amount: int | None, days_ago: int = 0) -> None:
        """Pay all that is due and up to ``amount`` early (``None``: all)."""
        self.advance()
        paid_at = self._paid_at(loan, days_ago)
        day, terms = self._day(loan, paid_at), terms_of(loan.signed)
        paid, due = allocation.pay(terms, loan.position, loan.rows, day, None)
        if not paid.outstanding:
            return
        if amount is not None:
            amount = min(amount, paid.outstanding)
        position, _, cost = allocation.prepay(terms, loan.position, loan.rows, day, amount)
        loan.attestations += 2 if due.total else 1
        if due.total:
            self._receive(loan, paid, due)
            self._emit_repaid(loan, paid_at, due, payer=loan.signed.borrower)
        early = Split(cost.fee, 0, cost.interest, cost.principal)
        self._receive(loan, position, early)
        self.emit_prepaid(loan, paid_at, cost, EVERYTHING if amount is None else amount)

    def default(self, loan: SimulatedLoan) -> bool:
        """Declare default if it may be."""
        self.advance()
        day = self._day(loan, self.now)
        if loan.bank:
            day = max(day - POLICY.max_attestation_lag, loan.position.last_day, 0)
        terms = terms_of(loan.signed)
        late = allocation.days_past_due(terms, loan.position, loan.rows, day)
        if late <= terms.default_after_days:
            return False
        loan.position, claim = allocation.accelerate(terms, loan.position, loan.rows, day)
        loan.status = Status.DEFAULTED
        self.emit_loan(
            loan,
            events.Defaulted,
            day=day,
            fee=claim.fee,
            penalty=claim.penalty,
            interest=claim.interest,
            principal=loan.position.outstanding,
        )
        return True

    def pay_out(self, loan: SimulatedLoan, holder: Address, most: int | None = None) -> None:
        """Pay a holder all it may claim, or at the bank at most ``most``."""
        self.advance()
        amount = loan.claimable(holder)
        if loan.bank and most is not None:
            amount = min(amount, most)
        if not amount:
            return
        loan.paid_out[holder] += amount
        self._move(loan, -amount)
        self.emit_loan(loan, events.PaidOut, holder=holder, amount=amount, ref=ZERO)

    def transfer(self, loan: SimulatedLoan, seller: Address, buyer: Address, units: int) -> None:
        self.advance()
        self._transfer(loan, seller, buyer, units)

    def _transfer(self, loan: SimulatedLoan, seller: Address, buyer: Address, units: int) -> None:
        loan.units[seller] = loan.units.get(seller, 0) - units
        loan.units[buyer] = loan.units.get(buyer, 0) + units
        self.emit_loan(loan, events.Transferred, from_=seller, to=buyer, units=units)
        self.outside()

    def assign(self, loan: SimulatedLoan, seller: Address, buyer: Address, units: int) -> None:
        self.advance()
        self._transfer(loan, seller, buyer, units)
        loan.attestations += loan.bank
        self.emit_loan(
            loan,
            events.Assigned,
            seller=seller,
            buyer=buyer,
            units=units,
            price=units,
            deadline=self.now,
            salt=0,
            seller_signature=b"",
            buyer_signature=b"",
            ref=ZERO,
        )

    def cancel(self, loan: SimulatedLoan) -> None:
        self.advance()
        loan.status = Status.CANCELLED
        self.emit_loan(loan, events.Cancelled, deadline=self.now, signature=b"")

    def expire(self, loan: SimulatedLoan) -> None:
        self.advance(max(1, loan.signed.funding_deadline + 1 - self.now))
        loan.status = Status.CANCELLED
        self.emit_loan(loan, events.FundingExpired)

    def refund(self, loan: SimulatedLoan, lender: Address) -> None:
        self.advance()
        amount = loan.units[lender]
        loan.units[lender] = 0
        loan.position = Position(loan.position.outstanding - amount)
        self._move(loan, -amount)
        self.emit_loan(loan, events.Refunded, lender=lender, amount=amount, ref=ZERO)

    # ------------------------------------------------------------ parts

    def _paid_at(self, loan: SimulatedLoan, days_ago: int) -> int:
        if not loan.bank:
            return self.now
        first = START + loan.position.last_day * DAY + DAY
        return max(self.now - days_ago * DAY, min(first, self.now))

    def _day(self, loan: SimulatedLoan, at: int) -> int:
        return day_of(loan.signed.value_date, at)

    def _move(self, loan: SimulatedLoan, amount: int) -> None:
        """Move money into custody (or out), counted in bank mode as an attestation."""
        self.money[loan.signed.asset] += amount
        loan.attestations += loan.bank

    def _receive(self, loan: SimulatedLoan, position: Position, split: Split) -> None:
        loan.position = position
        loan.accept(split.holders)
        self.fees[int(loan.bank)] += split.fee
        self.money[loan.signed.asset] += split.total
        if not position.outstanding:
            loan.status = Status.REPAID

    def _emit_repaid(self, loan: SimulatedLoan, paid_at: int, split: Split, payer: Address) -> None:
        self.emit_loan(
            loan,
            events.Repaid,
            paid_at=paid_at,
            payer=payer,
            fee=split.fee,
            penalty=split.penalty,
            interest=split.interest,
            principal=split.principal,
            ref=ZERO,
        )

    def emit_prepaid(
        self, loan: SimulatedLoan, paid_at: int, cost: EarlyRepayment, signed: int
    ) -> None:
        """Write a prepayment's event and nothing else."""
        self.emit_loan(
            loan,
            events.Prepaid,
            paid_at=paid_at,
            fee=cost.fee,
            interest=cost.interest,
            principal=cost.principal,
            signed_amount=signed,
            deadline=self.now,
            salt=0,
            signature=b"",
            ref=ZERO,
        )
