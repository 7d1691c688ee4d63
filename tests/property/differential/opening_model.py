"""The book as the design says it should be: what each call does, or why it is refused.

Written from the design and the order of the contract's checks, on plain Python numbers; shares
nothing with the contract but the allocation twin, which is what is being compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from eth_hash.auto import keccak

from ledger.core import events
from ledger.core.agreement import Agreement, Commitment
from ledger.core.allocation import Position
from ledger.core.types import ZERO_ADDRESS, Address, Kind, LoanId, MinorUnits, Policy, Status
from ledger.core.types import Timestamp as At
from tests.contract.agreed import Draft
from tests.contract.evm import REF, role
from tests.property.differential.model_loan import ANY_COUNT, ModelLoan
from tests.property.differential.refusal import refuse
from tests.property.differential.schedules import check_rows, check_terms

RawEvent = tuple[tuple[bytes, ...], bytes]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as sent, and whether it is one of the right key over the right digest."""

    raw: bytes
    good: bool


@dataclass(slots=True)
class OpeningModel:
    """A book, its registry and its one token: from the agreement to the disbursed loan.

    ``allowing`` are the wallets that let the book pull without limit. ``donated`` is what came
    to the book outside of any entry point.
    """

    book: Address
    token: Address
    policy: Policy
    kinds: dict[Address, Kind]
    roles: dict[str, set[Address]]
    settlements: list[tuple[Address, bytes]]
    allowing: set[Address]
    balances: dict[Address, int]
    now: int
    paused: bool = False
    loans: dict[LoanId, ModelLoan] = field(default_factory=dict)
    used: set[bytes] = field(default_factory=set)
    fees: dict[tuple[int, Address], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )
    donated: int = 0
    closed: set[int] = field(default_factory=set)
    book_head: bytes = bytes(32)
    book_seq: int = 0
    loans_heads: dict[Address, bytes] = field(default_factory=dict)

    # ------------------------------------------------------------------ who, when, how much

    def require_role(self, name: str, sender: Address) -> None:
        if sender not in self.roles[name]:
            refuse("AccessControlUnauthorizedAccount", account=sender, neededRole=role(name))

    def require_operator(self, loan: ModelLoan, sender: Address) -> None:
        self.require_role("CUSTODIAN" if loan.bank else "ORIGINATOR", sender)

    def require_custodian_of_bank(self, loan: ModelLoan, sender: Address) -> None:
        if loan.bank:
            self.require_role("CUSTODIAN", sender)

    def require_running(self) -> None:
        if self.paused:
            refuse("IsPaused")

    def require_participant(self, wallet: Address) -> None:
        kind = self.kinds.get(wallet, Kind.NONE)
        if kind is Kind.NONE:
            refuse("UnregisteredParty", wallet=wallet)
        if kind is Kind.PLATFORM:
            refuse("PlatformParty", wallet=wallet)

    def require_count(self, loan: ModelLoan, expected: int) -> None:
        if expected != loan.attestations and (loan.bank or expected != ANY_COUNT):
            refuse("StaleAttestation", expected=expected, found=loan.attestations)

    def require_status(self, loan: ModelLoan, *statuses: Status) -> None:
        if loan.status not in statuses:
            refuse("WrongStatus", loanId=loan.draft.loan_id, status=int(loan.status))

    def require_in_time(self, deadline: int) -> None:
        if self.now > deadline:
            refuse("Expired", deadline=deadline, now_=self.now)

    def require_consent(self, signer: Address, digest: bytes, signature: Signature) -> None:
        if not signature.good:
            refuse("BadSignature", signer=signer, digest=digest)

    def require_unused(self, digest: bytes) -> None:
        if digest in self.used:
            refuse("DigestUsed", digest=digest)

    def require_money(self, payer: Address, amount: int, spender: bool = True) -> None:
        """Refuse as OpenZeppelin's ERC-20 does when the payer cannot pay."""
        if spender and payer not in self.allowing and amount:
            refuse("ERC20InsufficientAllowance", spender=self.book, allowance=0, needed=amount)
        have = self.balances.get(payer, 0)
        if have < amount:
            refuse("ERC20InsufficientBalance", sender=payer, balance=have, needed=amount)

    def move(self, loan: ModelLoan, payer: Address, payee: Address, amount: int) -> None:
        if not loan.bank:
            self.balances[payer] = self.balances.get(payer, 0) - amount
            self.balances[payee] = self.balances.get(payee, 0) + amount

    # ------------------------------------------------------------------ opening and funding

    def open(
        self,
        sender: Address,
        draft: Draft,
        words: Sequence[bytes],
        signature: Signature,
        guarantor_signature: Signature,
    ) -> list[RawEvent]:
        self.require_role("ORIGINATOR", sender)
        self.require_running()
        agreed = draft.agreement
        self.require_participant(agreed.borrower)
        if agreed.payee != agreed.borrower:
            self.require_participant(agreed.payee)
        if agreed.guarantor != ZERO_ADDRESS:
            self.require_participant(agreed.guarantor)
        settlement = self._settlement(agreed)
        if draft.loan_id in self.loans:
            refuse("AlreadyOpened", loanId=draft.loan_id)
        check_terms(agreed, self.policy, self.now)
        check_rows(words, agreed, self.policy)
        self.require_consent(agreed.borrower, draft.loan_id, signature)
        if agreed.guarantor != ZERO_ADDRESS:
            self.require_consent(agreed.guarantor, draft.loan_id, guarantor_signature)
        loan = self.loans[draft.loan_id] = ModelLoan(
            draft, settlement, self.policy.max_attestation_lag
        )
        opened = events.Opened(
            draft.loan_id,
            1,
            At(self.now),
            agreed,
            tuple(words),
            signature.raw,
            guarantor_signature.raw,
        )
        raw = loan.record(opened)
        self.chain_book(raw)
        before = self.loans_heads.get(agreed.borrower, bytes(32))
        self.loans_heads[agreed.borrower] = keccak(before + draft.loan_id)
        return [raw]

    def _settlement(self, agreed: Agreement) -> int:
        wanted = agreed.asset, agreed.currency
        if wanted not in self.settlements:
            refuse("UnknownSettlement", token=agreed.asset, currency=agreed.currency)
        index = self.settlements.index(wanted)
        if index in self.closed:
            refuse("SettlementClosed", settlement=index)
        return index

    def chain_book(self, raw: RawEvent) -> None:
        """Take an event into the book's head."""
        topics, data = raw
        entry = keccak(b"".join(topics) + keccak(data))
        self.book_head = keccak(self.book_head + entry)

    def commit(
        self,
        sender: Address,
        loan: ModelLoan,
        promise: Commitment,
        digest: bytes,
        signature: Signature,
        expected: int,
    ) -> list[RawEvent]:
        lender, amount = promise.lender, promise.amount
        self.require_running()
        self.require_operator(loan, sender)
        self.require_participant(lender)
        if loan.account(lender).units:
            refuse("AlreadyCommitted", loanId=loan.draft.loan_id, lender=lender)
        self.require_status(loan, Status.FUNDING)
        self.require_count(loan, expected)
        self._require_funding_open(loan)
        self.require_in_time(promise.deadline)
        self.require_consent(lender, digest, signature)
        if not amount:
            refuse("ZeroAmount")
        missing = loan.draft.agreement.principal - loan.position.outstanding
        if amount > missing:
            refuse("OverFunded", missing=missing, amount=amount)
        if not loan.bank:
            self.require_money(lender, amount)
        loan.position = _with_outstanding(loan, loan.position.outstanding + amount)
        loan.account(lender).units = amount
        loan.attestations += loan.bank
        self.move(loan, lender, self.book, amount)
        event = events.Committed(
            loan.draft.loan_id,
            loan.seq + 1,
            At(self.now),
            lender,
            amount,
            promise.deadline,
            promise.salt,
            signature.raw,
            REF,
        )
        return [loan.record(event)]

    def _require_funding_open(self, loan: ModelLoan) -> None:
        deadline = loan.draft.agreement.funding_deadline
        if self.now > deadline:
            refuse("FundingClosed", deadline=deadline, now_=self.now)

    def disburse(self, sender: Address, loan: ModelLoan, expected: int) -> list[RawEvent]:
        self.require_running()
        self.require_operator(loan, sender)
        self.require_status(loan, Status.FUNDING)
        self.require_count(loan, expected)
        self._require_funding_open(loan)
        agreed = loan.draft.agreement
        missing = agreed.principal - loan.position.outstanding
        if missing:
            refuse("NotFullyFunded", missing=missing)
        self.require_participant(agreed.payee)
        loan.status = Status.ACTIVE
        loan.attestations += loan.bank
        self.move(loan, self.book, agreed.payee, agreed.principal)
        at = At(self.now)
        event = events.Disbursed(
            loan.draft.loan_id, loan.seq + 1, at, agreed.payee, agreed.principal, REF
        )
        return [loan.record(event)]

    def cancel(
        self,
        sender: Address,
        loan: ModelLoan,
        deadline: int,
        digest: bytes,
        signature: Signature,
    ) -> list[RawEvent]:
        self.require_role("ORIGINATOR", sender)
        self.require_status(loan, Status.FUNDING)
        self.require_in_time(deadline)
        self.require_consent(loan.draft.agreement.borrower, digest, signature)
        loan.status = Status.CANCELLED
        at = At(self.now)
        event = events.Cancelled(loan.draft.loan_id, loan.seq + 1, at, At(deadline), signature.raw)
        return [loan.record(event)]

    def expire(self, loan: ModelLoan) -> list[RawEvent]:
        self.require_status(loan, Status.FUNDING)
        deadline = loan.draft.agreement.funding_deadline
        if self.now <= deadline:
            refuse("FundingStillOpen", deadline=deadline, now_=self.now)
        loan.status = Status.CANCELLED
        event = events.FundingExpired(loan.draft.loan_id, loan.seq + 1, At(self.now))
        return [loan.record(event)]

    def refund(
        self, sender: Address, loan: ModelLoan, lender: Address, expected: int
    ) -> list[RawEvent]:
        self.require_custodian_of_bank(loan, sender)
        self.require_status(loan, Status.CANCELLED)
        self.require_count(loan, expected)
        units = loan.account(lender).units
        if not units:
            refuse("NothingEscrowed", loanId=loan.draft.loan_id, lender=lender)
        loan.position = _with_outstanding(loan, loan.position.outstanding - units)
        loan.account(lender).units = 0
        loan.attestations += loan.bank
        self.move(loan, self.book, lender, units)
        at = At(self.now)
        event = events.Refunded(
            loan.draft.loan_id, loan.seq + 1, at, lender, MinorUnits(units), REF
        )
        return [loan.record(event)]


def _with_outstanding(loan: ModelLoan, outstanding: int) -> Position:
    return replace(loan.position, outstanding=outstanding)
