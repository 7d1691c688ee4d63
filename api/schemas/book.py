"""Answers about the book as a whole: its heads, its journal, its agreement with the chain."""

from pydantic import Field

from api.schemas.base import Answer, Block, BlockOf, Model, Settlement
from api.units import Amount, Hash, Number, Time, Wallet
from ledger.core.findings import Severity


class JournalLine(Model):
    """One side of an entry: a debit above zero, a credit below."""

    account: str
    amount: Amount


class JournalEntry(Model):
    """One balanced entry of the journal (记账凭证)."""

    number: int
    loan: Hash | None
    sequence: int
    event: str
    unit: str = Field(description="The currency at the bank, else the token's address.")
    holder: Wallet | None
    effective: Time
    block: BlockOf
    log_index: int
    lines: list[JournalLine]
    hash: Hash


class Journal(Answer):
    """A page of the journal, in order."""

    items: list[JournalEntry]
    next: str | None


class KindTotal(Model):
    """All accounts of one kind and unit together."""

    kind: str
    name: str
    name_zh: str
    unit: str
    accounts: int
    debit: Amount
    credit: Amount


class TrialBalance(Answer):
    """Every account that is not at zero, debit above zero (试算平衡表)."""

    accounts: dict[str, Amount]
    totals: list[KindTotal]
    balanced: bool = Field(description="The accounts of each unit sum to zero.")


class Policy(Model):
    """Limits for new agreements."""

    legal_annual_rate: Number = Field(description="1e-6 a year.")
    max_penalty_rate: Number = Field(description="1e-6 a day.")
    max_prepayment_fee_bps: int
    max_attestation_lag: int = Field(description="Days.")


class SettlementOption(Model):
    """An asset and currency in which loans may be settled."""

    settlement: Settlement
    asset: Wallet | None
    currency: str
    open: bool = Field(description="Takes new loans.")


class JournalEnd(Model):
    """Where the journal ends: entries so far, and the RFC 6962 tree head over them."""

    entries: int
    root: Hash


class Book(Answer):
    """The book, and what its hash chains say at the block."""

    chain_id: int
    address: Wallet
    registry: Wallet
    deployed_block: int
    genesis: Hash
    loans: int
    events: int
    paused: bool
    book_head: Hash
    registry_head: Hash
    journal: JournalEnd
    policy: Policy | None
    settlements: list[SettlementOption]


class Check(Model):
    """One check of a reconciliation."""

    ok: bool
    checked: int = Field(description="How much it compared.")
    through_block: int | None = Field(description="All is proven up to here.")


class Finding(Model):
    """One thing that differs (差异)."""

    code: str
    severity: Severity
    loan_id: str | None
    expected: str
    found: str
    where: str


class ReconciliationRun(Model):
    """The latest comparison of the book with the chain (对账)."""

    number: int = Field(description="Block up to which all was compared.")
    hash: Hash
    full: bool
    ok: bool
    findings: list[Finding]
    checks: dict[str, Check]


class Reconciliation(Answer):
    """The latest reconciliation; null before the first."""

    latest: ReconciliationRun | None


class Health(Model):
    """The process answers."""

    status: str = "ok"
    version: str


class Readiness(Model):
    """The mirror follows the chain, and the last reconciliation found nothing wrong."""

    status: str = "ready"
    block: Block
    chain_block: int | None = Field(description="The chain's head; null where no chain is asked.")
    lag: int | None = Field(description="Blocks that the mirror is behind.")
    reconciled_block: int | None
    reconciled_ok: bool | None
