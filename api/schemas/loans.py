"""Answers about loans and their holders."""

from enum import StrEnum

from pydantic import Field

from api.schemas.base import Answer, BlockOf, Model, Settlement
from api.units import Amount, Hash, Number, Time, Wallet
from ledger.core.terms import Method
from ledger.core.views import RowStatus


class LoanStatus(StrEnum):
    """Where a loan stands."""

    FUNDING = "funding"
    ACTIVE = "active"
    REPAID = "repaid"
    DEFAULTED = "defaulted"
    WRITTEN_OFF = "written_off"
    CANCELLED = "cancelled"


class RiskClass(StrEnum):
    """The five categories that regulators report (五级分类)."""

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"


class Standing(Model):
    """How late a loan is, as of the time of the answer's block."""

    days_past_due: int = Field(description="DPD (逾期天数) of the oldest unpaid instalment.")
    bucket: str = Field(examples=["current", "1-30"])
    risk_class: RiskClass
    risk_class_zh: str = Field(description="五级分类", examples=["正常"])


class Amounts(Model):
    """Money by bucket, in the order in which a payment is split within an instalment."""

    fee: Amount
    penalty: Amount
    interest: Amount
    principal: Amount
    total: Amount


class Loan(Model):
    """A loan (借款) in a list."""

    id: Hash
    number: int = Field(description="Counts loans from 1 in the order of opening.")
    status: LoanStatus
    product: str = Field(description="Label of the product; hex where it is no text.")
    currency: str = Field(description="ISO 4217.", examples=["CNY"])
    settlement: Settlement
    borrower: Wallet
    principal: Amount
    funded: Amount = Field(
        description="Brought in by lenders (募集金额) and, without disbursement, not given back."
    )
    outstanding: Amount = Field(
        description="Unpaid principal (借贷余额), without interest; 0 before disbursement."
    )
    instalments: int
    method: Method = Field(description="Repayment method, read from the signed rows.")
    standing: Standing
    opened: BlockOf


class LoanDetail(Loan):
    """One loan with its terms as signed and where servicing stands."""

    payee: Wallet
    guarantor: Wallet | None
    fee_receiver: Wallet
    asset: Wallet | None = Field(description="The token; null when money moves at the bank.")
    purpose: str
    value_date: Time = Field(description="Interest runs from here (起息日).")
    funding_deadline: Time
    penalty_rate: Number = Field(description="1e-6 a day.")
    grace_days: int
    prepayment_fee_bps: int
    default_after_days: int
    write_off_after_days: int
    schedule_hash: Hash
    documents: Hash = Field(description="Root over the borrower's salted facts.")
    due: Amounts = Field(description="Due now, as of the time of the answer's block (当前应还).")
    accepted: Amount = Field(description="All that was ever accepted for the holders.")
    repaid_early: Amount = Field(description="Principal repaid early (提前还款).")
    events: int = Field(description="Sequence number of the last event.")
    head: Hash = Field(description="Hash chain over all events of the loan.")
    changed: BlockOf = Field(description="The block of the last event.")


class Instalment(Model):
    """One instalment (期次) against what was paid."""

    index: int = Field(description="From 1.")
    due: str = Field(description="Due date in the days of the loan.", examples=["2026-02-15"])
    due_at: Time = Field(description="24:00 of the due date.")
    signed: Amounts = Field(description="As agreed.")
    paid: Amounts
    unpaid: Amounts = Field(description="Of what is left after early repayment, with penalty.")
    paid_at: Time | None = Field(description="When money last moved for it.")
    days_late: int
    status: RowStatus


class EarlyRepayment(Model):
    """Principal repaid before it was due (提前还款) and what that cost."""

    sequence: int
    paid_at: Time
    amounts: Amounts


class Acceleration(Model):
    """What default made due at once (加速到期)."""

    sequence: int
    declared_at: Time
    due: Amounts
    paid: Amounts
    unpaid: Amounts


class Schedule(Answer):
    """A loan's instalments (还款计划), row by row against what was paid."""

    loan: Hash
    currency: str
    instalments: list[Instalment]
    early: list[EarlyRepayment]
    acceleration: Acceleration | None
    signed: Amounts
    paid: Amounts = Field(description="All that the borrower ever paid.")
    unpaid: Amounts = Field(description="Due and still to come, as things stand.")


class Holder(Model):
    """One holder's account in a loan (债权持有人)."""

    holder: Wallet
    units: Amount = Field(description="Notes held, in minor units of principal.")
    claimable: Amount = Field(description="Accepted for the holder and not yet paid out.")
    paid_out: Amount


class Position(Model):
    """A holder's account, with the loan it is in."""

    loan: Loan
    account: Holder


class HistoryLine(Model):
    """One event of a loan, and where on the chain it stands."""

    sequence: int
    event: str = Field(examples=["Repaid"])
    amounts: dict[str, Amount]
    parties: dict[str, Wallet]
    value_time: Time = Field(description="When the money moved: block time, or the bank's date.")
    transaction: Hash
    block: BlockOf
    log_index: int
    head: Hash = Field(description="The loan's hash chain after this event.")


class OneLoan(Answer):
    """One loan."""

    loan: LoanDetail


class Loans(Answer):
    """A page of loans, in the order of opening."""

    items: list[Loan]
    next: str | None = Field(description="Cursor of the page after this one.")


class History(Answer):
    """A page of a loan's events, in order."""

    loan: Hash
    currency: str
    items: list[HistoryLine]
    next: str | None


class Holders(Answer):
    """Everybody who ever held notes of a loan."""

    loan: Hash
    currency: str
    items: list[Holder]


class Positions(Answer):
    """A page of the loans that a wallet ever held notes of."""

    holder: Wallet
    items: list[Position]
    next: str | None
