"""Random calls on a loan that is owed: payments, default, and its notes."""

from __future__ import annotations

from ledger.core.agreement import Assignment, Prepayment
from ledger.core.types import MinorUnits, Status, Timestamp
from tests.contract.chain import Key
from tests.contract.evm import ALL, ALL_PRINCIPAL
from tests.property.differential.driver import History
from tests.property.differential.model_loan import ModelLoan
from tests.property.differential.source import Source

OWING = Status.ACTIVE, Status.DEFAULTED


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
    holder = history.holder(source, loan)
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
    seller = history.holder(source, loan)
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
