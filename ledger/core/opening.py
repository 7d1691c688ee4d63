"""Opening a loan: what the chain accepted must satisfy the book's rules here too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.core.agreement import Agreement, Domain, loan_id, recover
from ledger.core.allocation import DAY_SECONDS, Position, day_of
from ledger.core.events import Opened
from ledger.core.hashchain import EMPTY_HEAD
from ledger.core.loan import Consent, EventRef, Loan
from ledger.core.packing import Row, schedule_hash, unpack_row
from ledger.core.refusal import ensure, ensure_equal
from ledger.core.rules import Party, Rules, participant
from ledger.core.types import ZERO_ADDRESS, Address, Policy, Status
from ledger.errors import BookError, SignatureError

MAX_ROWS = 600
MAX_TERM_DAYS = 18_300
MAX_PRINCIPAL = 2**88 - 1
YEAR_DAYS = 365
RATE_SCALE = 1_000_000
NO_LINE = bytes(32)


@dataclass(frozen=True, slots=True)
class Context:
    """What an event of a loan is judged against; ``entry`` is the hash of its log."""

    domain: Domain
    rules: Rules
    parties: Mapping[Address, Party]
    ref: EventRef
    entry: bytes

    @property
    def policy(self) -> Policy:
        """The limits in force. Raises ``BookError`` while the book has none."""
        if self.rules.policy is None:
            raise BookError("rules", "a book has a policy before its first loan", "a policy", None)
        return self.rules.policy


def open_loan(event: Opened, context: Context) -> Loan:
    """Return the new loan, before the event is counted and chained.

    Raises ``BookError``: ``agreement``, ``schedule``, ``party``, ``settlement``, ``paused`` or
    ``deadline``.
    """
    signed = event.agreement
    ensure_equal(
        "agreement",
        "the loan's id is the digest of its agreement",
        loan_id(signed, context.domain),
        event.loan_id,
    )
    ensure(not context.rules.paused, "paused", "no loan opens in a pause", "not paused", "paused")
    rows = tuple(unpack_row(word) for word in event.rows)
    _check_parties(signed, context.parties, context.domain.book)
    _check_terms(signed, context)
    check_rows(signed, rows, context.policy)
    guaranteed = signed.guarantor != ZERO_ADDRESS
    return Loan(
        loan_id=event.loan_id,
        agreement=signed,
        rows=rows,
        consent=consent(signed.borrower, event.loan_id, event.borrower_signature),
        guarantor_consent=(
            consent(signed.guarantor, event.loan_id, event.guarantor_signature)
            if guaranteed
            else None
        ),
        status=Status.FUNDING,
        settlement=_settlement(signed, context.rules),
        position=Position(outstanding=0),
        head=EMPTY_HEAD,
        opened=context.ref,
        last=context.ref,
        holders={},
        attestation_lag=context.policy.max_attestation_lag,
    )


def consent(signer: Address, digest: bytes, signature: bytes) -> Consent:
    """Return how the signature was accepted.

    One that does not recover to ``signer`` can only have been accepted by a contract wallet: the
    chain judged it (ERC-1271), the logs alone cannot.
    """
    try:
        recovered = recover(digest, signature)
    except SignatureError:
        return Consent.CONTRACT
    return Consent.KEY if recovered == signer else Consent.CONTRACT


def _check_parties(signed: Agreement, parties: Mapping[Address, Party], book: Address) -> None:
    receiver = signed.fee_receiver
    ensure(receiver not in {ZERO_ADDRESS, book}, "party", "a fee receiver", "a wallet", receiver)
    participant(parties, signed.borrower)
    participant(parties, signed.payee)
    if signed.guarantor != ZERO_ADDRESS:
        participant(parties, signed.guarantor)


def _check_terms(signed: Agreement, context: Context) -> None:
    policy, latest = context.policy, signed.value_date + DAY_SECONDS
    ensure(signed.daily_rate == 0, "agreement", "daily interest", 0, signed.daily_rate)
    ensure(signed.line == NO_LINE, "agreement", "a credit line", NO_LINE, signed.line)
    for name, found, most in (
        ("penalty rate", signed.penalty_rate, policy.max_penalty_rate),
        ("prepayment fee", signed.prepayment_fee_bps, policy.max_prepayment_fee_bps),
        ("principal", signed.principal, MAX_PRINCIPAL),
        ("funding deadline", signed.funding_deadline, latest),
    ):
        ensure(found <= most, "agreement", f"the {name} is limited", f"at most {most}", found)
    ensure(
        signed.default_after_days >= signed.grace_days,
        "agreement",
        "default comes after grace",
        f"at least {signed.grace_days}",
        signed.default_after_days,
    )
    ensure(
        context.ref.at <= signed.funding_deadline,
        "deadline",
        "opened after its funding deadline",
        f"at most {signed.funding_deadline}",
        context.ref.at,
    )


def check_rows(signed: Agreement, rows: Sequence[Row], policy: Policy) -> None:
    """Check what the contract's ``Schedule.check`` does: dates, sums, the legal cap on cost."""
    ensure_equal("schedule", "rows hash", signed.schedule_hash, schedule_hash(rows))
    ensure(0 < len(rows) <= MAX_ROWS, "schedule", "rows", f"1 to {MAX_ROWS}", len(rows))
    principal = sum(row.principal for row in rows)
    ensure_equal("schedule", "principal of the rows", signed.principal, principal)
    ensure(rows[-1].principal > 0, "schedule", "the last row repays principal", "> 0", 0)
    balance, last_day, balance_days = principal, 0, 0
    for row in rows:
        day = day_of(signed.value_date, row.due_at)
        ensure(last_day < day, "schedule", "due days rise", f"after day {last_day}", day)
        balance_days += balance * (day - last_day)
        balance -= row.principal
        last_day = day
    ensure(
        last_day <= MAX_TERM_DAYS,
        "schedule",
        "days of the term",
        f"at most {MAX_TERM_DAYS}",
        last_day,
    )
    cost = sum(row.interest + row.fee for row in rows)
    most = policy.legal_annual_rate * balance_days // (YEAR_DAYS * RATE_SCALE)
    ensure(cost <= most, "schedule", "interest and fees over the term", f"at most {most}", cost)


def _settlement(signed: Agreement, rules: Rules) -> int:
    for index, listed in enumerate(rules.settlements):
        if (listed.token, listed.currency) == (signed.asset, signed.currency):
            ensure(listed.open, "settlement", f"{listed.unit} takes new loans", "open", "closed")
            return index
    raise BookError(
        "settlement",
        "the book settles in listed assets and currencies",
        [listed.unit for listed in rules.settlements],
        (signed.asset, signed.currency),
    )
