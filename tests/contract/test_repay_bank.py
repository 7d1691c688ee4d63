"""repay by attestation: value dates, counts, and who may attest."""

from __future__ import annotations

import pytest

from ledger.core.events import Repaid
from tests.contract.agreed import Draft
from tests.contract.evm import ANY, DAY, role
from tests.contract.refusals import expect_refusal
from tests.contract.world import World


def days_late(world: World, draft: Draft, days: int, row: int = 0) -> None:
    """Go to the last second of the day so many days after a row is due."""
    world.chain.travel(draft.rows[row].due_at + days * DAY)


def test_repay__bank__only_the_custodian_attests(world: World) -> None:
    draft = world.active(bank=True)
    days_late(world, draft, 0)
    values = {"account": world.borrower.address, "neededRole": role("CUSTODIAN")}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.repay(draft, sender=world.borrower)


@pytest.mark.parametrize("expected", [0, 1, 3, ANY])
def test_repay__bank_and_stale_count__is_refused(world: World, expected: int) -> None:
    draft = world.active(bank=True)
    days_late(world, draft, 0)
    with expect_refusal(world, "StaleAttestation", expected=expected, found=2):
        world.repay(draft, 5, expected=expected)


def test_repay__bank_attestation_repeated__is_refused(world: World) -> None:
    draft = world.active(bank=True)
    days_late(world, draft, 0)
    world.repay(draft, 5, expected=2)
    with expect_refusal(world, "StaleAttestation", expected=2, found=3):
        world.repay(draft, 5, expected=2)


def test_repay__token_count__stops_a_repeated_payment(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 0)
    world.repay(draft, 5, expected=0)
    with expect_refusal(world, "StaleAttestation", expected=0, found=1):
        world.repay(draft, 5, expected=0)
    world.repay(draft, 5, expected=ANY)
    assert world.loan(draft).attestations == 2


def test_repay__bank_value_date__counts_instead_of_today(world: World) -> None:
    draft = world.active(bank=True)
    days_late(world, draft, 4)
    on_time = draft.rows[0].due_at
    (event,) = world.events(world.repay(draft, paid_at=on_time))
    assert isinstance(event, Repaid)
    assert (event.paid_at, event.at) == (on_time, world.chain.now)
    assert (event.penalty, world.loan(draft).last_day) == (0, 29)


def test_repay__bank_value_date_later_than_today__is_refused(world: World) -> None:
    draft = world.active(bank=True)
    days_late(world, draft, 0)
    world.repay(draft, 5, paid_at=world.chain.now)
    today = draft.agreement.value_date // DAY + 29
    with expect_refusal(world, "ValueDateInFuture", day=today + 1, today=today):
        world.repay(draft, 5, paid_at=world.chain.now + 1)


def test_repay__bank_value_date_later_on_the_same_day__is_taken(world: World) -> None:
    draft = world.active(bank=True)
    world.chain.travel(draft.rows[0].due_at - 3_600)
    world.repay(draft, 5, paid_at=draft.rows[0].due_at)
    assert world.loan(draft).last_day == 29


def test_repay__bank_value_date_before_the_last_payment__is_refused(world: World) -> None:
    draft = world.active(bank=True)
    days_late(world, draft, 2)
    world.repay(draft, 5, paid_at=draft.rows[0].due_at + DAY)
    with expect_refusal(world, "ValueDateBeforeLast", day=29, lastDay=30):
        world.repay(draft, 5, paid_at=draft.rows[0].due_at)
    world.repay(draft, 5, paid_at=draft.rows[0].due_at + DAY)


@pytest.mark.parametrize("paid_at", [0, 1])
def test_repay__bank_value_date_older_than_the_lag__is_refused(world: World, paid_at: int) -> None:
    draft = world.active(bank=True)
    days_late(world, draft, 5)
    world.repay(draft, 5, paid_at=draft.rows[0].due_at)
    days_late(world, draft, 6)
    oldest = draft.agreement.value_date // DAY + 30
    with expect_refusal(world, "ValueDateTooOld", day=oldest - 1, oldest=oldest):
        world.repay(draft, 5, paid_at=draft.rows[0].due_at)
    with expect_refusal(world, "ValueDateBeforeLast", day=0, lastDay=29):
        world.repay(draft, 5, paid_at=paid_at)


def test_repay__token_with_a_value_date__is_refused(world: World) -> None:
    draft = world.active()
    days_late(world, draft, 0)
    with expect_refusal(world, "ValueDateInTokenMode", paidAt=world.chain.now):
        world.repay(draft, paid_at=world.chain.now)
