"""Random calls from the agreement to the disbursed loan, and the ways back."""

from __future__ import annotations

from ledger.core.agreement import Cancellation, Commitment
from ledger.core.types import MinorUnits, Status, Timestamp
from tests.property.differential.drafts import random_draft, spoilt
from tests.property.differential.driver import History
from tests.property.differential.model_loan import ModelLoan
from tests.property.differential.opening_model import Signature
from tests.property.differential.source import Source

LIVE = Status.FUNDING, Status.ACTIVE, Status.DEFAULTED
MOST_LIVE = 6


def open_loan(history: History, source: Source) -> None:
    """Open a random loan; one in eight spoilt, some twice. Few live at a time."""
    world, model = history.world, history.model
    if sum(loan.status in LIVE for loan in model.loans.values()) >= MOST_LIVE:
        return
    draft = random_draft(source, world, model.policy)
    if source.chance(12):
        draft = spoilt(source, world, draft, model.policy)
    elif model.loans and source.chance(4):
        draft = source.pick(list(model.loans.values())).draft
    sender = history.sender(source, world.originator)
    signature = history.signature(source, draft.borrower, draft.loan_id)
    # Without a guarantor nobody reads the second signature.
    second = Signature(source.pick((b"", b"", b"", b"any bytes")), True)
    if draft.guarantor:
        second = history.signature(source, draft.guarantor, draft.loan_id)
    history.step(
        "open",
        lambda: model.open(sender.address, draft, draft.words, signature, second),
        lambda: world.open(
            draft, sender=sender, signature=signature.raw, guarantor_signature=second.raw
        ),
        model.loans.get(draft.loan_id),
    )
    loan = model.loans.get(draft.loan_id)
    if loan and source.chance(80):
        bring_to_life(history, source, loan)


def bring_to_life(history: History, source: Source, loan: ModelLoan) -> None:
    """Fund and disburse a loan before time passes: most loans should live."""
    for _ in range(4):
        if loan.position.outstanding < loan.draft.agreement.principal:
            commit(history, source, loan)
    disburse(history, source, loan)


def commit(history: History, source: Source, loan: ModelLoan | None = None) -> None:
    """Fund a part of a loan, or all that is missing."""
    world, model = history.world, history.model
    loan = loan or history.pick_loan(source, Status.FUNDING)
    if loan is None:
        return
    agreed = loan.draft.agreement
    missing = agreed.principal - loan.position.outstanding
    idle = [key for key in history.people if not loan.account(key.address).units]
    lender = source.pick(idle) if idle and source.chance(95) else source.pick(history.people)
    if source.chance(2):
        lender = source.pick((world.stranger, world.platform))
    last = len(idle) <= 1 or source.chance(50)
    amount = missing if last else source.integer(1, max(1, missing))
    if source.chance(4):
        amount = source.pick((0, missing + 1, 2**128 - 1))
    deadline = Timestamp(history.deadline(source))
    promise = Commitment(
        loan.draft.loan_id, lender.address, MinorUnits(amount), deadline, world.salt()
    )
    digest = world.digest(promise)
    signature = history.signature(source, lender, digest)
    sender = history.sender(source, world.operator(loan.draft))
    expected = history.expected(source, loan)
    history.step(
        "commit",
        lambda: model.commit(sender.address, loan, promise, digest, signature, expected),
        lambda: world.commit(
            loan.draft,
            lender,
            document=promise,
            sender=sender,
            signature=signature.raw,
            expected=expected,
            fund=False,
        ),
        loan,
    )


def disburse(history: History, source: Source, loan: ModelLoan | None = None) -> None:
    """Pay the principal out."""
    world, model = history.world, history.model
    loan = loan or history.pick_loan(source, Status.FUNDING)
    if loan is None:
        return
    sender = history.sender(source, world.operator(loan.draft))
    expected = history.expected(source, loan)
    history.step(
        "disburse",
        lambda: model.disburse(sender.address, loan, expected),
        lambda: world.disburse(loan.draft, sender=sender, expected=expected),
        loan,
    )


def cancel(history: History, source: Source) -> None:
    """Cancel a loan that is still funding."""
    world, model = history.world, history.model
    loan = history.pick_loan(source, Status.FUNDING)
    if loan is None or not source.chance(30):
        return
    document = Cancellation(loan.draft.loan_id, Timestamp(history.deadline(source)))
    digest = world.digest(document)
    signature = history.signature(source, loan.draft.borrower, digest)
    sender = history.sender(source, world.originator)
    history.step(
        "cancel",
        lambda: model.cancel(sender.address, loan, document.deadline, digest, signature),
        lambda: world.cancel(loan.draft, document=document, sender=sender, signature=signature.raw),
        loan,
    )


def expire(history: History, source: Source) -> None:
    """Cancel a loan whose funding took too long."""
    loan = history.pick_loan(source, Status.FUNDING)
    if loan is not None:
        if source.chance(80):
            deadline = loan.draft.agreement.funding_deadline
            history.travel_to(deadline + source.integer(0, 1))
        history.step(
            "expire",
            lambda: history.model.expire(loan),
            lambda: history.world.expire(loan.draft),
            loan,
        )


def refund(history: History, source: Source) -> None:
    """Give a lender of a cancelled loan its money back."""
    world, model = history.world, history.model
    loan = history.pick_loan(source, Status.CANCELLED)
    if loan is None:
        return
    lender = history.holder(source, loan)
    right = world.custodian if loan.bank else world.stranger
    sender, expected = history.sender(source, right), history.expected(source, loan)
    history.step(
        "refund",
        lambda: model.refund(sender.address, loan, lender.address, expected),
        lambda: world.refund(loan.draft, lender, sender=sender, expected=expected),
        loan,
    )
