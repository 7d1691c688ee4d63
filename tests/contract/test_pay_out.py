"""payOut: exact entitlement, in both modes, and what is refused."""

from __future__ import annotations

import pytest

from ledger.core.events import PaidOut
from tests.contract.agreed import Draft
from tests.contract.evm import ALL, ANY, DAY, REF, role
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

MODES = pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])


def thirds(world: World, *, bank: bool = False) -> Draft:
    """Return a loan of three lenders on which 41,200 came in."""
    shares = (world.ann, 40_001), (world.ben, 39_998), (world.cay, 40_001)
    draft = world.active(*shares, bank=bank)
    world.chain.travel(draft.rows[0].due_at)
    world.repay(draft)
    return draft


@MODES
def test_pay_out__each_holder__gets_its_share_rounded_down(world: World, bank: bool) -> None:
    draft = thirds(world, bank=bank)
    # 41,200 * 40,001 / 120,000 = 13,733.67...; 41,200 * 39,998 / 120,000 = 13,732.64...
    for holder, share in ((world.ann, 13_733), (world.ben, 13_732), (world.cay, 13_733)):
        assert world.claimable(draft, holder) == share
        before = world.balance(holder)
        sent = world.pay_out(draft, holder)
        seq = world.loan(draft).seq
        event = PaidOut(draft.loan_id, seq, world.chain.now, holder.address, share, REF)
        assert world.events(sent) == [event]
        assert world.balance(holder) - before == (0 if bank else share)
        assert world.claimable(draft, holder) == 0
        assert world.holding(draft, holder).paid_out == share
    assert world.balance(world.book) == (0 if bank else 2)


@MODES
def test_pay_out__twice__is_refused(world: World, bank: bool) -> None:
    draft = thirds(world, bank=bank)
    world.pay_out(draft, world.ann)
    values = {"loanId": draft.loan_id, "holder": world.ann.address}
    with expect_refusal(world, "NothingClaimable", **values):
        world.pay_out(draft, world.ann, ALL)


@MODES
def test_pay_out__rest_of_a_unit__is_paid_with_the_next_payment(world: World, bank: bool) -> None:
    draft = thirds(world, bank=bank)
    world.pay_out(draft, world.ann)
    for row in (1, 2):
        world.chain.travel(draft.rows[row].due_at)
        world.repay(draft)
    world.pay_out(draft, world.ann)
    # 123,600 * 40,001 / 120,000 = 41,201.03: nothing is lost to rounding twice.
    assert world.holding(draft, world.ann).paid_out == 41_201


@MODES
def test_pay_out__never_held__is_refused(world: World, bank: bool) -> None:
    draft = thirds(world, bank=bank)
    values = {"loanId": draft.loan_id, "holder": world.stranger.address}
    with expect_refusal(world, "NothingClaimable", **values):
        world.pay_out(draft, world.stranger, ALL)


@pytest.mark.parametrize("amount", [0, 1, 13_733])
def test_pay_out__token__pays_all_or_nothing(world: World, amount: int) -> None:
    draft = thirds(world)
    if amount == 0:
        with expect_refusal(world, "ZeroAmount"):
            world.pay_out(draft, world.ann, 0)
    else:
        with expect_refusal(world, "PayoutIsAll", amount=amount):
            world.pay_out(draft, world.ann, amount)


def test_pay_out__bank__attests_what_the_bank_moved(world: World) -> None:
    draft = thirds(world, bank=True)
    count = world.loan(draft).attestations
    world.pay_out(draft, world.ann, 13_000)
    assert world.claimable(draft, world.ann) == 733
    assert world.loan(draft).attestations == count + 1
    with expect_refusal(world, "ZeroAmount"):
        world.pay_out(draft, world.ann, 0)
    for amount in (734, ALL):
        with expect_refusal(world, "ExceedsEntitlement", claimable=733, amount=amount):
            world.pay_out(draft, world.ann, amount)
    world.pay_out(draft, world.ann, 733)


def test_pay_out__token__does_not_move_the_count(world: World) -> None:
    draft = thirds(world)
    world.pay_out(draft, world.ann)
    assert world.loan(draft).attestations == 1
    with expect_refusal(world, "StaleAttestation", expected=0, found=1):
        world.pay_out(draft, world.ben, expected=0)
    world.pay_out(draft, world.ben, expected=1)


@pytest.mark.parametrize("expected", [0, 4, 6, ANY])
def test_pay_out__bank_and_stale_count__is_refused(world: World, expected: int) -> None:
    draft = thirds(world, bank=True)
    with expect_refusal(world, "StaleAttestation", expected=expected, found=5):
        world.pay_out(draft, world.ann, expected=expected)


def test_pay_out__bank__only_the_custodian(world: World) -> None:
    draft = thirds(world, bank=True)
    values = {"account": world.ann.address, "neededRole": role("CUSTODIAN")}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.pay_out(draft, world.ann, sender=world.ann)


@MODES
def test_pay_out__after_the_loan_is_repaid__still_pays(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    world.prepay(draft)
    assert world.loan(draft).status == 3
    world.travel_days(4_000)
    world.pay_out(draft, world.ann)
    assert world.holding(draft, world.ann).paid_out == 120_000


def test_pay_out__sold_everything__keeps_what_it_earned(world: World) -> None:
    draft = thirds(world)
    world.transfer(draft, world.ann, world.ben, 40_001)
    assert world.claimable(draft, world.ann) == 13_733
    world.pay_out(draft, world.ann)
    assert (world.units(draft, world.ann), world.claimable(draft, world.ann)) == (0, 0)


def test_pay_out__paused_and_all_roles_revoked__lenders_are_still_paid(world: World) -> None:
    draft = thirds(world)
    world.act(world.guardian, "setPaused", True)
    for name, key in (("ORIGINATOR", world.originator), ("CUSTODIAN", world.custodian)):
        world.act(world.admin, "revokeRole", role(name), key.address)
    world.pay_out(draft, world.ann)
    assert world.holding(draft, world.ann).paid_out == 13_733


def test_pay_out__donated_tokens__change_nothing(world: World) -> None:
    draft = thirds(world)
    claims = [world.claimable(draft, key) for key in (world.ann, world.ben, world.cay)]
    world.transact(world.custodian, world.token, "mint", world.book, 10**9)
    assert claims == [world.claimable(draft, key) for key in (world.ann, world.ben, world.cay)]
    for key in (world.ann, world.ben, world.cay):
        world.pay_out(draft, key)
    assert world.balance(world.book) == 10**9 + 2


def test_pay_out__transfers_in_between__lose_nothing_but_the_last_fraction(world: World) -> None:
    shares = (world.ann, 1), (world.ben, 119_999)
    draft = world.active(*shares)
    holders = [world.ann, world.ben, world.cay]
    for row in range(3):
        world.chain.travel(draft.rows[row].due_at)
        for step in range(12):
            world.repay(draft, 1 + step)
            if world.units(draft, holders[step % 3]):
                world.transfer(draft, holders[step % 3], holders[(step + 1) % 3], 1)
        world.repay(draft)
    for holder in holders:
        if world.claimable(draft, holder):
            world.pay_out(draft, holder)
    assert 0 <= world.balance(world.book) < 3


def test_pay_out__ninety_days_late__interest_on_penalty_is_none(world: World) -> None:
    draft = world.active()
    world.chain.travel(draft.rows[0].due_at + 50 * DAY)
    once = world.due(draft, world.chain.now)[1]
    assert once == 41_200 * 50 * 500 // 10**6 + 41_200 * 20 * 500 // 10**6
