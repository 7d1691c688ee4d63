"""declareDefault: when it may be declared, what it makes due, and payments after it."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from ledger.core.events import Defaulted, Repaid
from tests.contract.agreed import Draft
from tests.contract.evm import ALL, DAY
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

MODES = pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])


def late(world: World, draft: Draft, days: int, row: int = 0) -> None:
    """Go to the end of the day so many days after a row is due."""
    world.chain.travel(draft.rows[row].due_at + days * DAY)


def test_default__61_days_late__makes_everything_due(world: World) -> None:
    draft = world.active()
    late(world, draft, 61)
    sent = world.declare_default(draft)
    # Rows 1 to 3 are 61, 31 and 1 days late: all interest is due, and default ends row 3's grace.
    penalty = sum(41_200 * days * 500 // 10**6 for days in (61, 31, 1))
    assert world.events(sent) == [
        Defaulted(draft.loan_id, 4, world.chain.now, 90, 0, penalty, 3_600, 120_000)
    ]
    view = world.loan(draft)
    assert (view.status, view.row, view.row_paid, view.last_day) == (4, 0, 0, 90)
    assert (view.numerator, view.settled) == (0, 0)
    assert (view.claim_fee, view.claim_interest, view.claim_penalty) == (0, 3_600, penalty)
    assert view.outstanding == 120_000
    assert world.due(draft, world.chain.now) == (0, penalty, 3_600, 120_000)


def test_default__within_a_period__owes_its_interest_by_days_rounded_up(world: World) -> None:
    draft = world.active(default_after_days=10)
    late(world, draft, 11)
    (event,) = world.events(world.declare_default(draft))
    assert isinstance(event, Defaulted)
    # Row 1's 1,200 and 1,200 * 11 of 30 days.
    assert (event.interest, event.principal) == (1_200 + 440, 120_000)
    late(world, draft, 12)
    draft = world.active(default_after_days=10)
    late(world, draft, 12)
    (event,) = world.events(world.declare_default(draft))
    assert isinstance(event, Defaulted)
    assert event.interest == 1_200 + 480


def test_default__part_paid__owes_only_the_rest(world: World) -> None:
    draft = world.active(default_after_days=10)
    late(world, draft, 0)
    world.repay(draft, 11_200)
    late(world, draft, 11)
    (event,) = world.events(world.declare_default(draft))
    assert isinstance(event, Defaulted)
    assert (event.interest, event.principal) == (440 * 1, 110_000)
    assert event.penalty == 30_000 * 11 * 500 // 10**6


@pytest.mark.parametrize(("days", "row"), [(60, 0), (1, 0), (0, 0)])
def test_default__not_late_enough__is_refused(world: World, days: int, row: int) -> None:
    draft = world.active()
    late(world, draft, days, row)
    with expect_refusal(world, "NotYetInDefault", daysLate=days, required=61):
        world.declare_default(draft)


def test_default__nothing_due__is_refused(world: World) -> None:
    draft = world.active()
    with expect_refusal(world, "NotYetInDefault", daysLate=0, required=61):
        world.declare_default(draft)


def test_default__oldest_row_paid__counts_from_the_next(world: World) -> None:
    draft = world.active()
    late(world, draft, 61)
    world.repay(draft, 41_200 + 41_200 * 61 * 500 // 10**6)
    with expect_refusal(world, "NotYetInDefault", daysLate=31, required=61):
        world.declare_default(draft)


def test_default__zero_days_agreed__one_day_late_is_enough(world: World) -> None:
    draft = world.active(default_after_days=0, grace_days=0)
    late(world, draft, 0)
    with expect_refusal(world, "NotYetInDefault", daysLate=0, required=1):
        world.declare_default(draft)
    late(world, draft, 1)
    world.declare_default(draft)
    assert world.loan(draft).status == 4


def test_default__bank__waits_for_the_attestation_lag(world: World) -> None:
    draft = world.active(bank=True)
    late(world, draft, 65)
    with expect_refusal(world, "NotYetInDefault", daysLate=60, required=61):
        world.declare_default(draft)
    late(world, draft, 66)
    (event,) = world.events(world.declare_default(draft))
    assert isinstance(event, Defaulted)
    assert event.day == 29 + 61
    # A value date before the day of default would be older than the lag.
    with expect_refusal(world, "ValueDateBeforeLast", day=89, lastDay=90):
        world.repay(draft, 1, paid_at=draft.rows[0].due_at + 60 * DAY)
    world.repay(draft, 1, paid_at=draft.rows[0].due_at + 61 * DAY)


def test_default__bank_payment_after_the_lag_day__counts_from_it(world: World) -> None:
    draft = world.active(bank=True, default_after_days=10)
    late(world, draft, 14)
    world.repay(draft, 5, paid_at=world.chain.now)
    (event,) = world.events(world.declare_default(draft))
    assert isinstance(event, Defaulted)
    assert event.day == 29 + 14


def test_default__twice__is_refused(world: World) -> None:
    draft = world.active()
    late(world, draft, 61)
    world.declare_default(draft)
    with expect_refusal(world, "WrongStatus", loanId=draft.loan_id, status=4):
        world.declare_default(draft)


def test_default__rows_that_were_not_signed__is_refused(world: World) -> None:
    draft = world.active()
    late(world, draft, 61)
    words = draft.words[::-1]
    expected, found = draft.agreement.schedule_hash, keccak(b"".join(words))
    with expect_refusal(world, "WrongScheduleHash", expected=expected, found=found):
        world.declare_default(draft, words=words)


# ---------------------------------------------------------------------- afterwards


@MODES
def test_default__repaid_in_full__ends_the_loan(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    late(world, draft, 66)
    world.declare_default(draft)
    before = world.loan(draft)
    world.repay(draft)
    view = world.loan(draft)
    assert (view.status, view.outstanding) == (3, 0)
    # In bank mode the penalty of five more days came on top: 123,600 * 5 * 500e-6.
    more = 123_600 * 5 * 500 // 10**6 if bank else 0
    assert view.accepted == 120_000 + before.claim_interest + before.claim_penalty + more


def test_default__penalty_goes_on_over_everything(world: World) -> None:
    draft = world.active()
    late(world, draft, 61)
    world.declare_default(draft)
    claim = world.loan(draft)
    late(world, draft, 71)
    # 123,600 * 10 days * 500e-6, no grace.
    expected = claim.claim_penalty + 618
    assert world.due(draft, world.chain.now) == (0, expected, 3_600, 120_000)
    world.repay(draft, expected + 3_600 + 20_000)
    late(world, draft, 81)
    assert world.due(draft, world.chain.now) == (0, 500, 0, 100_000)


def test_default__more_than_is_due__is_refused(world: World) -> None:
    draft = world.active()
    late(world, draft, 61)
    world.declare_default(draft)
    due = sum(world.due(draft, world.chain.now))
    for amount in (due + 1, ALL - 1):
        with expect_refusal(world, "ExceedsDue", due=due, amount=amount):
            world.repay(draft, amount)


def test_default__fees_of_due_rows__go_to_their_receiver(world: World) -> None:
    draft = world.draft()
    rows = [type(row)(row.due_at, row.principal, row.interest, 50) for row in draft.rows]
    draft = world.active(rows=rows, default_after_days=10)
    late(world, draft, 11)
    (event,) = world.events(world.declare_default(draft))
    assert isinstance(event, Defaulted)
    assert event.fee == 50
    (paid,) = world.events(world.repay(draft, 51))
    assert isinstance(paid, Repaid)
    assert (paid.fee, paid.penalty) == (50, 1)


def test_default__after_early_repayment__owes_reduced_interest(world: World) -> None:
    draft = world.active(default_after_days=10)
    world.prepay(draft, 60_000)
    late(world, draft, 11)
    (event,) = world.events(world.declare_default(draft))
    assert isinstance(event, Defaulted)
    # Row 1: 1,200 / 2; outstanding 60,000, of which row 2 accrues on 20,000 of 80,000:
    # 1,200 * 20,000 * 11 / (80,000 * 30) = 110.
    assert (event.interest, event.principal) == (600 + 110, 60_000)


def test_default__paused__still_works(world: World) -> None:
    draft = world.active()
    late(world, draft, 61)
    world.act(world.guardian, "setPaused", True)
    world.declare_default(draft)
    assert world.loan(draft).status == 4
