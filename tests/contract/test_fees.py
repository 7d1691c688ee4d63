"""withdrawFees: credited fees, by settlement and receiver."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.core.events import FeesWithdrawn
from tests.contract.agreed import Draft
from tests.contract.evm import ALL, ANY, BANK_CNY, BANK_USD, REF, TOKEN_CNY, USD, role
from tests.contract.refusals import expect_refusal
from tests.contract.world import World


def earned(world: World, *, bank: bool = False, fee: int = 500, **terms: object) -> Draft:
    """Return a loan whose first row's fee was paid."""
    rows = tuple(replace(row, fee=fee) for row in world.draft().rows)
    draft = world.active(rows=rows, bank=bank, **terms)
    world.chain.travel(draft.rows[0].due_at)
    world.repay(draft)
    return draft


def test_withdraw_fees__token__in_parts(world: World) -> None:
    earned(world)
    seq = world.ask(world.book, "bookSeq")
    sent = world.withdraw_fees(TOKEN_CNY, 200)
    who = world.receiver.address
    event = FeesWithdrawn(seq + 1, world.chain.now, TOKEN_CNY, who, 200, REF)
    assert world.events(sent) == [event]
    assert world.balance(world.receiver) == 200
    world.withdraw_fees(TOKEN_CNY, 300, expected=200)
    fees = world.fees(TOKEN_CNY, world.receiver)
    assert (fees.credited, fees.withdrawn) == (500, 500)
    assert world.ask(world.book, "bookSeq") == seq + 2


def test_withdraw_fees__two_loans__add_up(world: World) -> None:
    earned(world)
    earned(world)
    assert world.fees(TOKEN_CNY, world.receiver).credited == 1_000


def test_withdraw_fees__settlements__are_kept_apart(world: World) -> None:
    earned(world)
    earned(world, bank=True)
    earned(world, bank=True, currency=USD)
    for settlement in (TOKEN_CNY, BANK_CNY, BANK_USD):
        assert world.fees(settlement, world.receiver).credited == 500
    world.withdraw_fees(BANK_CNY, 500)
    assert world.fees(BANK_USD, world.receiver).withdrawn == 0


@pytest.mark.parametrize("settlement", [TOKEN_CNY, BANK_CNY])
def test_withdraw_fees__more_than_credited__is_refused(world: World, settlement: int) -> None:
    earned(world, bank=settlement == BANK_CNY)
    world.withdraw_fees(settlement, 200)
    for amount in (301, ALL):
        with expect_refusal(world, "ExceedsFees", credited=300, amount=amount):
            world.withdraw_fees(settlement, amount)


def test_withdraw_fees__nothing__is_refused(world: World) -> None:
    earned(world)
    with expect_refusal(world, "ZeroAmount"):
        world.withdraw_fees(TOKEN_CNY, 0)


def test_withdraw_fees__nothing_credited__is_refused(world: World) -> None:
    with expect_refusal(world, "ExceedsFees", credited=0, amount=1):
        world.withdraw_fees(TOKEN_CNY, 1)


def test_withdraw_fees__token_by_another__is_refused(world: World) -> None:
    earned(world)
    who = world.originator.address
    with expect_refusal(world, "NotReceiver", caller=who, receiver=world.receiver.address):
        world.withdraw_fees(TOKEN_CNY, 1, sender=world.originator)


def test_withdraw_fees__bank__only_the_custodian(world: World) -> None:
    earned(world, bank=True)
    values = {"account": world.receiver.address, "neededRole": role("CUSTODIAN")}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.withdraw_fees(BANK_CNY, 1, sender=world.receiver)


@pytest.mark.parametrize("expected", [0, 199, 201, ANY, ALL])
def test_withdraw_fees__bank_and_stale_count__is_refused(world: World, expected: int) -> None:
    earned(world, bank=True)
    world.withdraw_fees(BANK_CNY, 200)
    with expect_refusal(world, "StaleAttestation", expected=expected, found=200):
        world.withdraw_fees(BANK_CNY, 200, expected=expected)


def test_withdraw_fees__token_and_wrong_count__is_refused(world: World) -> None:
    earned(world)
    world.withdraw_fees(TOKEN_CNY, 200)
    with expect_refusal(world, "StaleAttestation", expected=0, found=200):
        world.withdraw_fees(TOKEN_CNY, 200, expected=0)


def test_withdraw_fees__settlement_that_is_none__is_refused(world: World) -> None:
    arguments = 3, world.receiver.address, 1, ALL, REF
    with expect_refusal(world, "SettlementOutOfRange", settlement=3, count=3):
        world.act(world.receiver, "withdrawFees", *arguments)


def test_withdraw_fees__paused__still_works(world: World) -> None:
    earned(world)
    world.act(world.guardian, "setPaused", True)
    world.withdraw_fees(TOKEN_CNY, 500)
    assert world.balance(world.receiver) == 500


def test_fees__platform_may_receive_the_signed_fee(world: World) -> None:
    earned(world, fee_receiver=world.platform.address)
    world.withdraw_fees(TOKEN_CNY, 500, receiver=world.platform)
    assert world.balance(world.platform) == 500
