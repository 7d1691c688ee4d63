"""One loan of the play: what its people do with it, in token mode or at the bank.

What moves at the bank carries the loan's attestation count as it stands on the chain, and
payments the value date that the custodian attests.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, repeat

from ledger.chain.abi import Call
from ledger.chain.loan_book import ALL, ALL_PRINCIPAL, ANY_COUNT
from ledger.chain.signers import DevelopmentSigner
from ledger.core.agreement import Assignment, Cancellation, Prepayment
from ledger.core.allocation import DAY_SECONDS, day_of
from ledger.core.schedule import Schedule
from ledger.core.types import LoanId, MinorUnits, Status, Timestamp
from ledger.demo.stage import Person, Stage
from ledger.origination import USUAL_CONDITIONS, Conditions, Draft, Labels, Parties, draft, shares

ORDER_SECONDS = DAY_SECONDS
"""For so long after it is signed an order may be carried out."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is settled of a loan before the play begins; ``others`` may take over its notes."""

    story: str
    schedule: Schedule
    borrower: Person
    lenders: tuple[Person, ...]
    others: tuple[Person, ...] = ()
    bank: bool = False
    payee: Person | None = None
    conditions: Conditions = USUAL_CONDITIONS
    product: str = "marketplace/1"
    purpose: str = "general"


class DemoLoan:
    """A loan on stage. Amounts are minor units, times Unix seconds."""

    def __init__(self, stage: Stage, part: Part) -> None:
        self.stage = stage
        self.part = part
        self.rows = part.schedule.rows
        self.value_date = part.schedule.terms.value_date_at
        self.principal = part.schedule.terms.principal
        self.holders = list(part.lenders)
        self.draft = self._draft()

    def _draft(self) -> Draft:
        stage, part = self.stage, self.part
        facts = {
            "name": part.borrower.name,
            "score_model": "scorecard/1",
            "score_band": stage.random.choice("ABCD"),
            "requested": str(self.principal),
        }
        return draft(
            part.schedule,
            stage.domain,
            stage.settling(bank=part.bank),
            Parties(
                borrower=part.borrower.wallet,
                fee_receiver=stage.fee_receiver.address,
                payee=part.payee.wallet if part.payee else None,
            ),
            part.conditions,
            Labels(part.product, part.purpose, stage.documents(part.borrower, facts)),
            salt=stage.random.getrandbits(256),
        )

    @property
    def loan_id(self) -> LoanId:
        """The digest that the parties sign."""
        return self.draft.loan_id

    @property
    def operator(self) -> DevelopmentSigner:
        """Who moves lenders' money: the originator, or the custodian at the bank."""
        return self.stage.custodian if self.part.bank else self.stage.originator

    # ---------------------------------------------------------------- funding

    def open(self, lenders: Sequence[Person]) -> None:
        """Have the borrower sign, register the agreement, and escrow these lenders' shares."""
        if not self.part.bank:
            # What the borrower will pay, and a tenth more for when it is late.
            self.stage.deposit(self.part.borrower, self.part.schedule.totals.total * 11 // 10)
        opening = self.stage.desk.opening(self.draft, self.part.borrower.signer)
        if self.part.bank:
            self._send(self.stage.originator, "open", [opening])
            self._send(self.operator, "fund", self._commitments(lenders, count(0)))
        else:
            commitments = self._commitments(lenders, self._counts())
            self._send(self.operator, "open", [opening, *commitments])

    def disburse(self, lenders: Sequence[Person]) -> None:
        """Escrow the shares of the last lenders and pay the whole principal out."""
        counts = self._counts()
        calls = self._commitments(lenders, counts)
        calls.append(self.stage.book.disburse(self.loan_id, next(counts)))
        self._send(self.operator, "disburse", calls)

    def _commitments(self, lenders: Sequence[Person], counts: Iterator[int]) -> list[Call]:
        weights = range(len(self.part.lenders) + 1, 1, -1)
        amounts = dict(zip(self.part.lenders, shares(self.principal, weights), strict=True))
        return [
            self.stage.desk.commitment(
                self.draft, lender.signer, amounts[lender], expected=next(counts)
            )
            for lender in lenders
        ]

    def cancel(self) -> None:
        """Have the borrower withdraw, and give every lender back what was escrowed."""
        order = Cancellation(self.loan_id, self._deadline())
        call = self.stage.desk.cancellation(order, self.part.borrower.signer)
        self._send(self.stage.originator, "cancel", [call])
        self._refund()

    def expire(self) -> None:
        """Close a loan that was not funded in time, and give the lenders' money back."""
        self._send(self.stage.originator, "expire", [self.stage.book.expire(self.loan_id)])
        self._refund()

    def _refund(self) -> None:
        counts, book = self._counts(), self.stage.book
        holders = [holder for holder in self.holders if self._units(holder)]
        calls = [book.refund(self.loan_id, holder.wallet, next(counts)) for holder in holders]
        self._send(self.operator, "refund", calls)

    # ---------------------------------------------------------------- payments

    def repay(self, amount: int = ALL, *, days_ago: int = 0) -> None:
        """Pay on what is due; at the bank the money arrived ``days_ago``."""
        payer = self.stage.custodian if self.part.bank else self.part.borrower.signer
        paid_at, count = self._paid_at(days_ago), next(self._counts())
        call = self.stage.book.repay(self.loan_id, self.rows, amount, paid_at, count)
        self._send(payer, "repay", [call])

    def prepay(self, principal: int = ALL_PRINCIPAL) -> None:
        """Pay all that is due, then principal early as the borrower orders."""
        salt = self.stage.random.getrandbits(256)
        order = Prepayment(self.loan_id, MinorUnits(principal), self._deadline(), salt)
        call = self.stage.desk.prepayment(
            order,
            self.rows,
            self.part.borrower.signer,
            paid_at=self._paid_at(0),
            expected=next(self._counts()),
        )
        self._send(self.operator, "prepay", [call])

    def declare_default(self) -> None:
        """Make everything due at once: anybody may, when the loan is late enough."""
        call = self.stage.book.declare_default(self.loan_id, self.rows)
        self._send(self.stage.originator, "default", [call])

    # ---------------------------------------------------------------- holders

    def pay_out(self) -> None:
        """Pay every holder what it is entitled to."""
        book, head, counts = self.stage.book, self.stage.head(), self._counts()
        calls = []
        for holder in self.holders:
            amount = book.claimable(self.loan_id, holder.wallet, head)
            if amount:
                asked = amount if self.part.bank else ALL
                calls.append(book.pay_out(self.loan_id, holder.wallet, asked, next(counts)))
        self._send(self.operator, "payout", calls)

    def sell(self, seller: Person, buyer: Person, units: int, price: int) -> None:
        """Assign notes for a price, which moves with them or is attested by the bank."""
        sale = Assignment(
            self.loan_id,
            seller.wallet,
            buyer.wallet,
            MinorUnits(units),
            MinorUnits(price),
            self._deadline(),
            self.stage.random.getrandbits(256),
        )
        call = self.stage.desk.assignment(
            sale, seller.signer, buyer.signer, expected=next(self._counts())
        )
        self._send(self.operator, "assign", [call])
        self._join(buyer)

    def give(self, giver: Person, receiver: Person) -> None:
        """Transfer all notes of one holder to another wallet, without a price."""
        call = self.stage.book.transfer(self.loan_id, receiver.wallet, self._units(giver))
        self._send(giver.signer, "transfer", [call])
        self._join(receiver)

    def _join(self, holder: Person) -> None:
        if holder not in self.holders:
            self.holders.append(holder)

    # ---------------------------------------------------------------- how things stand

    def _send(self, signer: DevelopmentSigner, what: str, calls: Sequence[Call]) -> None:
        call = calls[0] if len(calls) == 1 else self.stage.book.multicall(calls)
        self.stage.send(signer, what, call)

    def _counts(self) -> Iterator[int]:
        """Yield the attestation count that each of several calls in a row expects.

        At the bank each movement adds one, and a stale count is refused. With tokens nothing
        can be attested twice: any count will do.
        """
        if not self.part.bank:
            return repeat(ANY_COUNT)
        state = self.stage.book.loan_of(self.loan_id, self.stage.head()).state
        return count(state.attestations)

    @property
    def owes(self) -> bool:
        """Whether the borrower owes anything still."""
        state = self.stage.book.loan_of(self.loan_id, self.stage.head()).state
        return state.status in (Status.ACTIVE, Status.DEFAULTED)

    def _units(self, holder: Person) -> int:
        place = (self.loan_id, holder.wallet)
        return self.stage.book.units_of([place], self.stage.head())[0]

    def _paid_at(self, days_ago: int) -> int:
        """Return the value date, given as its 24:00; 0 with tokens, where it is the block's."""
        if not self.part.bank:
            return 0
        day = day_of(self.value_date, self.stage.now()) - days_ago
        return self.value_date + (day + 1) * DAY_SECONDS

    def _deadline(self) -> Timestamp:
        return Timestamp(self.stage.now() + ORDER_SECONDS)
