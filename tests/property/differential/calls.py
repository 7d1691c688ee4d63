"""The calls of a random history, each with parts that are mostly right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ledger.core.agreement import Assignment, Cancellation, Commitment, Prepayment
from ledger.core.types import MinorUnits, Status, Timestamp
from tests.contract.chain import Key
from tests.contract.evm import ALL, ALL_PRINCIPAL
from tests.property.differential.drafts import random_draft, spoilt
from tests.property.differential.driver import History
from tests.property.differential.model_loan import ModelLoan
from tests.property.differential.opening_model import Signature
from tests.property.differential.source import Source

OWING = Status.ACTIVE, Status.DEFAULTED
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
    second = Signature(b"", True)
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
    lender = _holder(history, source, loan)
    right = world.custodian if loan.bank else world.stranger
    sender, expected = history.sender(source, right), history.expected(source, loan)
    history.step(
        "refund",
        lambda: model.refund(sender.address, loan, lender.address, expected),
        lambda: world.refund(loan.draft, lender, sender=sender, expected=expected),
        loan,
    )


def _holder(history: History, source: Source, loan: ModelLoan) -> Key:
    holders = [key for key in history.people if loan.account(key.address).units]
    return source.pick(holders) if holders and source.chance(85) else source.pick(history.people)


def repay(history: History, source: Source) -> None:
    """Pay on due rows: part, all, too much, nothing, out of order."""
    world, model = history.world, history.model
    loan = history.pick_loan(source, *OWING)
    if loan is None:
        return
    if not loan.day_due(model.now) and source.chance(80):
        history.travel_to_due(source, loan, source.pick((0, 0, 0, 2, 5, 12)))
    paid_at = history.paid_at(source, loan)
    day = max(loan.day(paid_at or model.now), loan.position.last_day)
    due = loan.due(day).total if loan.status in OWING else 0
    amount = history.amount(source, due)
    words, expected = history.words(source, loan), history.expected(source, loan)
    payer = world.custodian if loan.bank else source.pick((loan.draft.borrower, world.merchant))
    sender = history.sender(source, payer)
    history.step(
        "repay",
        lambda: model.repay(sender.address, loan, words, amount, paid_at, expected),
        lambda: world.repay(
            loan.draft, amount, paid_at=paid_at, sender=sender, words=words, expected=expected
        ),
        loan,
    )


def prepay(history: History, source: Source) -> None:
    """Repay principal early, in part or in full."""
    world, model = history.world, history.model
    loan = history.pick_loan(source, Status.ACTIVE)
    if loan is None:
        return
    left = loan.position.outstanding
    amount = source.pick((ALL_PRINCIPAL, source.integer(1, max(1, left)), 1, max(1, left // 3)))
    if source.chance(5):
        amount = source.pick((0, left, left + 1))
    deadline = Timestamp(history.deadline(source))
    order = Prepayment(loan.draft.loan_id, MinorUnits(amount), deadline, world.salt())
    digest = world.digest(order)
    signature = history.signature(source, loan.draft.borrower, digest)
    words, expected = history.words(source, loan), history.expected(source, loan)
    paid_at = history.paid_at(source, loan)
    sender = history.sender(source, world.operator(loan.draft))

    def once() -> bool:
        return history.step(
            "prepay",
            lambda: model.prepay(
                sender.address, loan, order, digest, signature, words, paid_at, expected
            ),
            lambda: world.prepay(
                loan.draft,
                document=order,
                paid_at=paid_at,
                sender=sender,
                signature=signature.raw,
                words=words,
                expected=expected,
            ),
            loan,
        )

    if once() and source.chance(10):
        once()


def declare_default(history: History, source: Source) -> None:
    """Accelerate a loan that is late enough, or try to."""
    loan = history.pick_loan(source, Status.ACTIVE)
    if loan is None:
        return
    if source.chance(60):
        late = loan.draft.agreement.default_after_days + loan.attestation_lag * loan.bank
        history.travel_to_due(source, loan, late + source.integer(-1, 1))
    words = history.words(source, loan)
    history.step(
        "default",
        lambda: history.model.declare_default(loan, words),
        lambda: history.world.declare_default(loan.draft, words=words),
        loan,
    )


def pay_out(history: History, source: Source) -> None:
    """Pay a holder."""
    world, model = history.world, history.model
    loan = history.pick_loan(source, *OWING, Status.REPAID)
    if loan is None:
        return
    holder = _holder(history, source, loan)
    if source.chance(90):
        holder = max(history.people, key=lambda key: loan.claimable(key.address))
        if not loan.claimable(holder.address):
            return
    amount, most = ALL, loan.claimable(holder.address)
    if loan.bank:
        amount = most if source.chance(60) else source.integer(0, most + 1)
    elif source.chance(3):
        amount = source.pick((0, most))
    right = world.custodian if loan.bank else world.stranger
    sender, expected = history.sender(source, right), history.expected(source, loan)
    history.step(
        "payOut",
        lambda: model.pay_out(sender.address, loan, holder.address, amount, expected),
        lambda: world.pay_out(loan.draft, holder, amount, sender=sender, expected=expected),
        loan,
    )


def _deal(history: History, source: Source, loan: ModelLoan) -> tuple[Key, Key, int]:
    """Return seller, buyer and units of a move of notes."""
    seller = _holder(history, source, loan)
    have = loan.account(seller.address).units
    units = source.pick((have, source.integer(1, max(1, have)), 1))
    if source.chance(4):
        units = source.pick((0, have + 1))
    world = history.world
    buyer = source.pick(history.people)
    if source.chance(3):
        buyer = source.pick((world.stranger, world.platform, world.guarantor))
    return seller, buyer, units


def transfer(history: History, source: Source) -> None:
    """Give notes away."""
    loan = history.pick_loan(source, *OWING)
    if loan is None:
        return
    seller, buyer, units = _deal(history, source, loan)
    before = loan.claimable(seller.address), loan.claimable(buyer.address)
    done = history.step(
        "transfer",
        lambda: history.model.transfer(loan, seller.address, buyer.address, units),
        lambda: history.world.transfer(loan.draft, seller, buyer, units),
        loan,
    )
    if done:
        history.same_claims(loan, (seller, buyer), before)


def assign(history: History, source: Source) -> None:
    """Sell notes."""
    world, model = history.world, history.model
    loan = history.pick_loan(source, *OWING)
    if loan is None:
        return
    seller, buyer, units = _deal(history, source, loan)
    price = source.pick((0, 1, units, source.integer(0, 2 * units)))
    deadline = Timestamp(history.deadline(source))
    sale = Assignment(
        loan.draft.loan_id,
        seller.address,
        buyer.address,
        MinorUnits(units),
        MinorUnits(price),
        deadline,
        world.salt(),
    )
    digest = world.digest(sale)
    first = history.signature(source, seller, digest)
    second = history.signature(source, buyer, digest)
    right = world.custodian if loan.bank else world.stranger
    sender, expected = history.sender(source, right), history.expected(source, loan)
    history.step(
        "assign",
        lambda: model.assign(sender.address, loan, sale, digest, (first, second), expected),
        lambda: world.assign(
            loan.draft,
            seller,
            buyer,
            document=sale,
            sender=sender,
            signatures=(first.raw, second.raw),
            expected=expected,
            fund=False,
        ),
        loan,
    )


def withdraw_fees(history: History, source: Source) -> None:
    """Pay fees out."""
    world, model = history.world, history.model
    settlement = source.integer(0, 2)
    receiver = world.receiver
    credited, withdrawn = model.fees[settlement, receiver.address]
    left = credited - withdrawn
    amount = source.pick((left, source.integer(1, max(1, left)), 1))
    if source.chance(5):
        amount = source.pick((0, left + 1))
    expected = withdrawn if settlement or source.chance(30) else ALL
    if source.chance(5):
        expected = source.pick((withdrawn + 1, ALL))
    sender = history.sender(source, world.custodian if settlement else receiver)
    history.step(
        "withdrawFees",
        lambda: model.withdraw_fees(sender.address, settlement, receiver.address, amount, expected),
        lambda: world.withdraw_fees(
            settlement, amount, receiver=receiver, sender=sender, expected=expected
        ),
    )


def change_rules(history: History, source: Source) -> None:
    """Pause, resume, move the attestation lag, or donate tokens to the book."""
    world, model = history.world, history.model
    kind = source.integer(0, 3)
    if kind == 0 or model.paused:
        paused = not model.paused and source.chance(50)
        sender = history.sender(source, world.guardian)
        history.step(
            "setPaused",
            lambda: model.set_paused(sender.address, paused),
            lambda: world.act(sender, "setPaused", paused),
        )
    elif kind == 1:
        policy = replace(model.policy, max_attestation_lag=source.integer(0, 10))
        history.step(
            "setPolicy", lambda: model.set_policy(policy), lambda: world.set_policy(policy)
        )
    else:
        history.donate(source.integer(1, 1_000))


def travel(history: History, source: Source) -> None:
    """Let time pass."""
    history.travel(source)


CALLS: dict[str, tuple[int, Callable[[History, Source], None]]] = {
    "open": (6, open_loan),
    "commit": (4, commit),
    "disburse": (2, disburse),
    "cancel": (1, cancel),
    "expire": (1, expire),
    "refund": (3, refund),
    "repay": (34, repay),
    "prepay": (5, prepay),
    "default": (3, declare_default),
    "payOut": (12, pay_out),
    "transfer": (5, transfer),
    "assign": (5, assign),
    "withdrawFees": (2, withdraw_fees),
    "rules": (1, change_rules),
    "travel": (11, travel),
}
"""Each call with its weight."""

_DECK = [name for name, (weight, _) in CALLS.items() for _ in range(weight)]


def play(history: History, source: Source) -> None:
    """Make one random call."""
    name = "open" if not history.model.loans else source.pick(_DECK)
    CALLS[name][1](history, source)
