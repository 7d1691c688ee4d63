"""repay: the split, value dates, counts, and every reason to refuse a payment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from ledger.core.events import Repaid
from ledger.core.packing import Row, pack_rows, schedule_hash
from tests.contract.agreed import Draft
from tests.contract.evm import ALL, DAY, REF, role
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

MODES = pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])


def days_late(world: World, draft: Draft, days: int, row: int = 0) -> None:
    """Go to the last second of the day so many days after a row is due."""
    world.chain.travel(draft.rows[row].due_at + days * DAY)


# ---------------------------------------------------------------------- what is taken


@MODES
def test_repay__all_on_the_due_day__closes_the_row(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    days_late(world, draft, 0)
    sent = world.repay(draft)
    (event,) = world.events(sent)
    payer = world.payer(draft).address
    now = world.chain.now
    assert event == Repaid(draft.loan_id, 4, now, now, payer, 0, 0, 1_200, 40_000, REF)
    view = world.loan(draft)
    assert (view.status, view.row, view.row_paid, view.last_day) == (2, 1, 0, 29)
    assert (view.outstanding, view.accepted) == (80_000, 41_200)
    assert (view.numerator, view.settled) == (0, 0)
    assert view.attestations == (3 if bank else 1)
    assert [int.from_bytes(sent.value[at : at + 32], "big") for at in (0, 32, 64, 96)] == [
        0,
        0,
        1_200,
        40_000,
    ]
    assert world.balance(world.book) == (0 if bank else 41_200)


def test_repay__last_row__ends_the_loan(world: World) -> None:
    draft = world.active()
    for row in range(3):
        days_late(world, draft, 0, row)
        world.repay(draft)
    view = world.loan(draft)
    assert (view.status, view.outstanding, view.row) == (3, 0, 3)
    assert view.accepted == 123_600


def test_repay__part__goes_to_interest_before_principal(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 0)
    for amount, interest, principal in ((1_000, 1_000, 0), (300, 200, 100), (5, 0, 5)):
        (event,) = world.events(world.repay(draft, amount))
        assert isinstance(event, Repaid)
        assert (event.interest, event.principal) == (interest, principal)
    assert world.loan(draft).row_paid == 1_305


def test_repay__fee_comes_first_and_goes_to_its_receiver(world: World) -> None:
    start = world.chain.now
    row = Row(start + 30 * DAY, 120_000, 1_000, 200)
    draft = world.active(rows=[row])
    days_late(world, draft, 0)
    world.repay(draft, 150)
    world.repay(draft, 51)
    assert world.fees(0, world.receiver).credited == 200
    assert world.loan(draft).accepted == 1


def test_repay__anyone__may_pay_from_its_own_money(world: World) -> None:
    draft = world.active()
    world.fund(world.stranger, 41_200)
    days_late(world, draft, 0)
    (event,) = world.events(world.repay(draft, sender=world.stranger))
    assert isinstance(event, Repaid)
    assert event.payer == world.stranger.address
    assert world.balance(world.stranger) == 0


def test_repay__two_rows_late__oldest_first(world: World) -> None:
    draft = world.active(grace_days=0)
    days_late(world, draft, 1, row=1)
    # Row 1 is 31 days late: 41,200 * 31 * 500e-6 = 638.6; row 2 one day: 20.6.
    assert world.due(draft, world.chain.now) == (0, 638 + 20, 2_400, 80_000)
    world.repay(draft, 638 + 41_200 + 7)
    view = world.loan(draft)
    assert (view.row, view.row_paid, view.settled, view.numerator) == (1, 0, 7, 41_200)


# ---------------------------------------------------------------------- penalty and grace


@pytest.mark.parametrize(("late", "penalty"), [(0, 0), (3, 0), (4, 82), (10, 206)])
def test_repay__penalty__is_owed_once_grace_has_passed(
    world: World, late: int, penalty: int
) -> None:
    draft = world.active()
    days_late(world, draft, late)
    # 41,200 * days * 500e-6.
    assert world.due(draft, world.chain.now)[1] == penalty


def test_repay__one_second_past_midnight__is_a_day_late(world: World) -> None:
    draft = world.active(grace_days=0)
    days_late(world, draft, 0)
    assert world.due(draft, world.chain.now)[1] == 0
    world.chain.travel(world.chain.now + 1)
    assert world.due(draft, world.chain.now)[1] == 20


def test_repay__within_grace__days_count_once_grace_is_over(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 2)
    world.repay(draft, 21_200)
    days_late(world, draft, 4)
    # 41,200 * 2 + 20,000 * 2 days.
    assert world.due(draft, world.chain.now) == (0, (82_400 + 40_000) * 500 // 10**6, 0, 20_000)


def test_repay__penalty_before_interest(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 10)
    (event,) = world.events(world.repay(draft, 207))
    assert isinstance(event, Repaid)
    assert (event.penalty, event.interest) == (206, 1)


# ---------------------------------------------------------------------- amounts refused


@MODES
def test_repay__before_anything_is_due__is_refused(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    world.chain.travel(draft.rows[0].due_at - DAY)
    for amount in (1, 41_200, ALL):
        with expect_refusal(world, "NothingDue", loanId=draft.loan_id):
            world.repay(draft, amount)


@MODES
@pytest.mark.parametrize("amount", [41_201, 123_600, ALL - 1])
def test_repay__more_than_is_due__is_refused(world: World, bank: bool, amount: int) -> None:
    draft = world.active(bank=bank)
    days_late(world, draft, 0)
    with expect_refusal(world, "ExceedsDue", due=41_200, amount=amount):
        world.repay(draft, amount)


@MODES
def test_repay__nothing__is_refused(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    days_late(world, draft, 0)
    with expect_refusal(world, "ZeroAmount"):
        world.repay(draft, 0)


def test_repay__dust_in_front__does_not_break_the_full_payment(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 0)
    world.fund(world.stranger, 1)
    world.repay(draft, 1, sender=world.stranger)
    with expect_refusal(world, "ExceedsDue", due=41_199, amount=41_200):
        world.repay(draft, 41_200)
    world.repay(draft, ALL)
    assert world.loan(draft).row == 1


def test_repay__payer_without_money__is_refused(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 0)
    world.fund(world.stranger, 41_199)
    values = {"sender": world.stranger.address, "balance": 41_199, "needed": 41_200}
    with expect_refusal(world, "ERC20InsufficientBalance", **values):
        world.repay(draft, sender=world.stranger)


# ---------------------------------------------------------------------- rows


def test_repay__rows_that_were_not_signed__is_refused(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 0)
    cheaper = replace(draft.rows[0], interest=0), *draft.rows[1:]
    found, expected = schedule_hash(cheaper), draft.agreement.schedule_hash
    with expect_refusal(world, "WrongScheduleHash", expected=expected, found=found):
        world.repay(draft, words=pack_rows(cheaper))


def test_repay__rows_of_another_loan_or_none__is_refused(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 0)
    expected = draft.agreement.schedule_hash
    for words in ([], draft.words[:2], [*draft.words, bytes(32)]):
        found = keccak(b"".join(words))
        with expect_refusal(world, "WrongScheduleHash", expected=expected, found=found):
            world.repay(draft, words=words)


# ---------------------------------------------------------------------- anyhow


def test_repay__paused_and_roles_revoked__borrowers_still_repay(world: World) -> None:
    draft = world.active()
    world.act(world.guardian, "setPaused", True)
    world.act(world.admin, "revokeRole", role("ORIGINATOR"), world.originator.address)
    days_late(world, draft, 0)
    world.repay(draft)
    assert world.loan(draft).row == 1


def test_due_at__matches_what_repay_takes(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 7)
    (event,) = world.events(world.repay(draft, 20_000))
    days_late(world, draft, 12)
    due = world.due(draft, world.chain.now)
    (event,) = world.events(world.repay(draft))
    assert isinstance(event, Repaid)
    assert due == (event.fee, event.penalty, event.interest, event.principal)


def test_due_at__before_the_last_payment__is_refused(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 2)
    world.repay(draft, 5)
    with expect_refusal(world, "ValueDateBeforeLast", day=30, lastDay=31):
        world.due(draft, world.chain.now - DAY)
