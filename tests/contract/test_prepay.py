"""prepay: in part and in full, what it costs, and every reason to refuse an order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from ledger.core.events import Prepaid, Repaid
from tests.contract.agreed import Draft
from tests.contract.evm import ALL_PRINCIPAL, ANY, DAY, REF, role
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

MODES = pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])


def go_to_day(world: World, draft: Draft, day: int) -> None:
    """Go to the end of a day of the loan."""
    world.chain.travel(draft.agreement.value_date + (day + 1) * DAY)


@MODES
def test_prepay__part_in_the_first_period__costs_interest_and_fee(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    go_to_day(world, draft, 10)
    order = world.order(draft, 30_000)
    sent = world.prepay(draft, document=order)
    now = world.chain.now
    # Interest: 1,200 * 30,000 * 10 of 29 days / 120,000 = 103.4..., up; fee: 1% of 30,000.
    assert world.events(sent) == [
        Prepaid(
            draft.loan_id,
            4,
            now,
            now,
            300,
            104,
            30_000,
            30_000,
            order.deadline,
            order.salt,
            world.sign(world.borrower, order),
            REF,
        )
    ]
    view = world.loan(draft)
    assert (view.early, view.early_principal, view.outstanding) == (1, 30_000, 90_000)
    assert (view.accepted, view.row, view.last_day) == (30_104, 0, 10)
    assert view.attestations == (3 if bank else 1)
    assert world.fees(1 if bank else 0, world.receiver).credited == 300
    assert world.balance(world.book) == (0 if bank else 30_404)


def test_prepay__part__comes_off_the_last_rows(world: World) -> None:
    draft = world.active()
    world.prepay(draft, 50_000)
    expected = [
        # Interest 1,200 * (B - 50,000) / B, B = 120,000, 80,000, 40,000; the last row is empty.
        (0, 0, 700, 40_000),
        (0, 0, 450, 30_000),
    ]
    for row, due in enumerate(expected):
        world.chain.travel(draft.rows[row].due_at)
        assert world.due(draft, world.chain.now) == due
        world.repay(draft)
    assert world.loan(draft).status == 3


def test_prepay__emptied_row__owes_no_fee(world: World) -> None:
    draft = world.draft()
    rows = tuple(replace(row, fee=100) for row in draft.rows)
    draft = world.active(rows=rows)
    world.prepay(draft, 40_000)
    for row in (0, 1):
        world.chain.travel(draft.rows[row].due_at)
        world.repay(draft)
    assert world.loan(draft).status == 3
    # 1% of 40,000 early, and two rows.
    assert world.fees(0, world.receiver).credited == 400 + 200


@MODES
def test_prepay__something_due__is_paid_first(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    world.chain.travel(draft.rows[0].due_at + 4 * DAY)
    first, second = world.events(world.prepay(draft, 1_000))
    assert isinstance(first, Repaid)
    assert isinstance(second, Prepaid)
    assert (first.penalty, first.interest, first.principal) == (82, 1_200, 40_000)
    # 1,200 * 1,000 * 4 of 30 days / 80,000 = 2.
    assert (second.interest, second.fee, second.principal) == (2, 10, 1_000)
    assert first.payer == world.borrower.address
    view = world.loan(draft)
    assert (view.row, view.outstanding, view.seq) == (1, 79_000, 5)
    assert view.attestations == (4 if bank else 2)


@MODES
def test_prepay__all__ends_the_loan(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    go_to_day(world, draft, 15)
    (event,) = world.events(world.prepay(draft, ALL_PRINCIPAL))
    assert isinstance(event, Prepaid)
    assert (event.principal, event.fee, event.interest) == (120_000, 1_200, 621)
    assert event.signed_amount == ALL_PRINCIPAL
    assert world.loan(draft).status == 3


def test_prepay__exactly_all__ends_the_loan_too(world: World) -> None:
    draft = world.active()
    world.prepay(draft, 120_000)
    assert world.loan(draft).status == 3


def test_prepay__full_on_a_late_loan__is_no_way_around_the_penalty(world: World) -> None:
    draft = world.active()
    world.chain.travel(draft.rows[0].due_at + 20 * DAY)
    first, _ = world.events(world.prepay(draft, ALL_PRINCIPAL))
    assert isinstance(first, Repaid)
    assert first.penalty == 412


def test_prepay__on_the_day_of_disbursement__costs_no_interest(world: World) -> None:
    draft = world.active(prepayment_fee_bps=0)
    world.prepay(draft, ALL_PRINCIPAL)
    assert world.loan(draft).accepted == 120_000


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize("amount", [120_001, ALL_PRINCIPAL - 1])
def test_prepay__more_than_is_outstanding__is_refused(world: World, amount: int) -> None:
    draft = world.active()
    with expect_refusal(world, "ExceedsOutstanding", outstanding=120_000, amount=amount):
        world.prepay(draft, amount)


def test_prepay__more_than_is_left_after_what_is_due__is_refused(world: World) -> None:
    draft = world.active()
    world.chain.travel(draft.rows[0].due_at)
    with expect_refusal(world, "ExceedsOutstanding", outstanding=80_000, amount=80_001):
        world.prepay(draft, 80_001)


@pytest.mark.parametrize("amount", [1, ALL_PRINCIPAL])
def test_prepay__everything_due_already__is_refused(world: World, amount: int) -> None:
    draft = world.active()
    world.chain.travel(draft.rows[2].due_at)
    with expect_refusal(world, "ExceedsOutstanding", outstanding=0, amount=amount):
        world.prepay(draft, amount)


def test_prepay__nothing__is_refused(world: World) -> None:
    draft = world.active()
    with expect_refusal(world, "ZeroAmount"):
        world.prepay(draft, 0)


@MODES
def test_prepay__order_used_twice__is_refused(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    order = world.order(draft, 1_000)
    world.prepay(draft, document=order)
    with expect_refusal(world, "DigestUsed", digest=world.digest(order)):
        world.prepay(draft, document=order)
    assert world.ask(world.book, "digestUsed", world.digest(order))


def test_prepay__order_refused__can_be_used_later(world: World) -> None:
    draft = world.active()
    order = world.order(draft, 120_000)
    world.chain.travel(draft.rows[0].due_at)
    with expect_refusal(world, "ExceedsOutstanding", outstanding=80_000, amount=120_000):
        world.prepay(draft, document=order)
    assert not world.ask(world.book, "digestUsed", world.digest(order))


def test_prepay__order_expired__is_refused(world: World) -> None:
    draft = world.active()
    now = world.chain.now
    order = world.order(draft, 10, deadline=now)
    world.chain.travel(now + 1)
    with expect_refusal(world, "Expired", deadline=now, now_=now + 1):
        world.prepay(draft, document=order)


def test_prepay__another_amount_than_signed__is_refused(world: World) -> None:
    draft = world.active()
    order = world.order(draft, 10)
    more = replace(order, amount=11)
    who = world.borrower.address
    with expect_refusal(world, "BadSignature", signer=who, digest=world.digest(more)):
        world.prepay(draft, document=more, signature=world.sign(world.borrower, order))


def test_prepay__order_of_another_loan__is_refused(world: World) -> None:
    draft, other = world.active(), world.active()
    order = world.order(other, 10)
    here = replace(order, loan_id=draft.loan_id)
    who = world.borrower.address
    with expect_refusal(world, "BadSignature", signer=who, digest=world.digest(here)):
        world.prepay(draft, document=here, signature=world.sign(world.borrower, order))


@pytest.mark.parametrize(("bank", "needed"), [(False, "ORIGINATOR"), (True, "CUSTODIAN")])
def test_prepay__wrong_operator__is_refused(world: World, bank: bool, needed: str) -> None:
    draft = world.active(bank=bank)
    values = {"account": world.borrower.address, "neededRole": role(needed)}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.prepay(draft, 10, sender=world.borrower)


def test_prepay__rows_that_were_not_signed__is_refused(world: World) -> None:
    draft = world.active()
    words = draft.words[1:]
    expected, found = draft.agreement.schedule_hash, keccak(b"".join(words))
    with expect_refusal(world, "WrongScheduleHash", expected=expected, found=found):
        world.prepay(draft, 10, words=words)


@pytest.mark.parametrize("expected", [0, 1, 3, ANY])
def test_prepay__bank_and_stale_count__is_refused(world: World, expected: int) -> None:
    draft = world.active(bank=True)
    with expect_refusal(world, "StaleAttestation", expected=expected, found=2):
        world.prepay(draft, 10, expected=expected)


def test_prepay__value_dates__are_bound_as_in_repay(world: World) -> None:
    bank, token = world.active(bank=True), world.active()
    go_to_day(world, bank, 10)
    now = world.chain.now
    today = bank.agreement.value_date // DAY + 10
    with expect_refusal(world, "ValueDateInFuture", day=today + 1, today=today):
        world.prepay(bank, 10, paid_at=now + 1)
    with expect_refusal(world, "ValueDateTooOld", day=today - 6, oldest=today - 5):
        world.prepay(bank, 10, paid_at=now - 6 * DAY)
    world.prepay(bank, 10, paid_at=now - 5 * DAY)
    world.prepay(bank, 10, paid_at=now - 4 * DAY)
    with expect_refusal(world, "ValueDateBeforeLast", day=5, lastDay=6):
        world.prepay(bank, 10, paid_at=now - 5 * DAY)
    with expect_refusal(world, "ValueDateInTokenMode", paidAt=now):
        world.prepay(token, 10, paid_at=now)


def test_prepay__before_the_value_date__value_dates_are_bound_all_the_same(world: World) -> None:
    value_date = world.chain.now // DAY * DAY + 400 * DAY
    bank = world.active(bank=True, value_date=value_date)
    now = world.chain.now
    today = (now - 1) // DAY  # 24:00 belongs to the day that ends
    for paid_at, error, values in (
        (0, "ValueDateTooOld", {"day": 0, "oldest": today - 5}),
        (now - 6 * DAY, "ValueDateTooOld", {"day": today - 6, "oldest": today - 5}),
        (now + DAY, "ValueDateInFuture", {"day": today + 1, "today": today}),
        (value_date, "ValueDateInFuture", {"day": value_date // DAY - 1, "today": today}),
    ):
        with expect_refusal(world, error, **values):
            world.prepay(bank, 10, paid_at=paid_at)
    world.prepay(bank, 10, paid_at=now)


def test_prepay__borrower_without_money__is_refused(world: World) -> None:
    draft = world.funded(prepayment_fee_bps=0)
    world.disburse(draft)
    world.fund(world.borrower, 1)
    world.transact(world.borrower, world.token, "transfer", world.ann.address, 2)
    values = {"sender": world.borrower.address, "balance": 119_999, "needed": 120_000}
    with expect_refusal(world, "ERC20InsufficientBalance", **values):
        world.prepay(draft, ALL_PRINCIPAL)


def test_prepay__defaulted__is_refused(world: World) -> None:
    draft = world.active()
    world.chain.travel(draft.rows[0].due_at + 61 * DAY)
    world.declare_default(draft)
    with expect_refusal(world, "WrongStatus", loanId=draft.loan_id, status=4):
        world.prepay(draft, 10)


def test_prepay__paused__still_works(world: World) -> None:
    draft = world.active()
    world.act(world.guardian, "setPaused", True)
    world.prepay(draft, 10)
    assert world.loan(draft).outstanding == 119_990
