"""assign: notes and price move together, under both signatures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.core.events import Assigned, Transferred
from tests.contract.chain import Key
from tests.contract.evm import ANY, REF, role
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

MODES = pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])


@MODES
def test_assign__part__moves_notes_and_price(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    sale = world.sale(draft, world.ann, world.ben, 50_000, 49_000)
    world.fund(world.ben, 60_000)
    sent = world.assign(draft, world.ann, world.ben, document=sale, fund=False)
    now = world.chain.now
    assert world.events(sent) == [
        Transferred(draft.loan_id, 4, now, world.ann.address, world.ben.address, 50_000),
        Assigned(
            draft.loan_id,
            5,
            now,
            world.ann.address,
            world.ben.address,
            50_000,
            49_000,
            sale.deadline,
            sale.salt,
            world.sign(world.ann, sale),
            world.sign(world.ben, sale),
            REF,
        ),
    ]
    assert (world.units(draft, world.ann), world.units(draft, world.ben)) == (70_000, 50_000)
    moved = 0 if bank else 49_000
    assert (world.balance(world.ann), world.balance(world.ben)) == (moved, 60_000 - moved)
    assert world.loan(draft).attestations == (3 if bank else 0)
    assert world.balance(world.book) == 0


@MODES
def test_assign__what_was_earned__stays_with_the_seller(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    world.chain.travel(draft.rows[0].due_at)
    world.repay(draft)
    world.assign(draft, world.ann, world.ben, 120_000, 80_000)
    assert world.claimable(draft, world.ann) == 41_200
    assert world.claimable(draft, world.ben) == 0
    world.chain.travel(draft.rows[1].due_at)
    world.repay(draft)
    assert world.claimable(draft, world.ann) == 41_200
    assert world.claimable(draft, world.ben) == 41_200


def test_assign__for_nothing__is_a_gift(world: World) -> None:
    draft = world.active()
    world.assign(draft, world.ann, world.ben, 10, 0)
    assert world.units(draft, world.ben) == 10


def test_assign__defaulted_loan__still_trades(world: World) -> None:
    draft = world.active()
    world.chain.travel(draft.rows[0].due_at + 61 * 86_400)
    world.declare_default(draft)
    world.assign(draft, world.ann, world.ben, 10, 1)
    assert world.units(draft, world.ben) == 10


# ---------------------------------------------------------------------- refusals


@MODES
def test_assign__used_twice__is_refused(world: World, bank: bool) -> None:
    draft = world.active(bank=bank)
    sale = world.sale(draft, world.ann, world.ben, 10, 9)
    world.fund(world.ben, 100)
    world.assign(draft, world.ann, world.ben, document=sale, fund=False)
    with expect_refusal(world, "DigestUsed", digest=world.digest(sale)):
        world.assign(draft, world.ann, world.ben, document=sale, fund=False)


def test_assign__no_units__is_refused(world: World) -> None:
    draft = world.active()
    with expect_refusal(world, "ZeroAmount"):
        world.assign(draft, world.ann, world.ben, 0, 0)


def test_assign__more_than_held__is_refused(world: World) -> None:
    draft = world.active()
    loan = int.from_bytes(draft.loan_id, "big")
    values = {"sender": world.ann.address, "balance": 120_000, "needed": 120_001, "id": loan}
    with expect_refusal(world, "ERC6909InsufficientBalance", **values):
        world.assign(draft, world.ann, world.ben, 120_001, 0)


@pytest.mark.parametrize("side", ["seller", "buyer"])
@pytest.mark.parametrize("who", ["stranger", "platform"])
def test_assign__party_that_may_not_hold__is_refused(world: World, side: str, who: str) -> None:
    draft, key = world.active(), world.key(who)
    sides: tuple[Key, Key] = (key, world.ben) if side == "seller" else (world.ann, key)
    error = "UnregisteredParty" if who == "stranger" else "PlatformParty"
    with expect_refusal(world, error, wallet=key.address):
        world.assign(draft, *sides, 10, 0)


@pytest.mark.parametrize("side", ["seller", "buyer"])
def test_assign__one_side_did_not_sign__is_refused(world: World, side: str) -> None:
    draft = world.active()
    sale = world.sale(draft, world.ann, world.ben, 10, 0)
    good = world.sign(world.ann, sale), world.sign(world.ben, sale)
    wrong = world.sign(world.cay, sale)
    signatures = (wrong, good[1]) if side == "seller" else (good[0], wrong)
    signer = (world.ann if side == "seller" else world.ben).address
    with expect_refusal(world, "BadSignature", signer=signer, digest=world.digest(sale)):
        world.assign(draft, world.ann, world.ben, document=sale, signatures=signatures)


def test_assign__another_price_than_signed__is_refused(world: World) -> None:
    draft = world.active()
    sale = world.sale(draft, world.ann, world.ben, 10, 9)
    cheaper = replace(sale, price=1)
    signatures = world.sign(world.ann, sale), world.sign(world.ben, sale)
    world.fund(world.ben, 9)
    signer, digest = world.ann.address, world.digest(cheaper)
    with expect_refusal(world, "BadSignature", signer=signer, digest=digest):
        world.assign(
            draft, world.ann, world.ben, document=cheaper, signatures=signatures, fund=False
        )


def test_assign__expired__is_refused(world: World) -> None:
    draft = world.active()
    now = world.chain.now
    sale = world.sale(draft, world.ann, world.ben, 10, 0, deadline=now)
    world.chain.travel(now + 1)
    with expect_refusal(world, "Expired", deadline=now, now_=now + 1):
        world.assign(draft, world.ann, world.ben, document=sale)


def test_assign__buyer_without_money__is_refused(world: World) -> None:
    draft = world.active()
    world.fund(world.ben, 8)
    values = {"sender": world.ben.address, "balance": 8, "needed": 9}
    with expect_refusal(world, "ERC20InsufficientBalance", **values):
        world.assign(draft, world.ann, world.ben, 10, 9, fund=False)


def test_assign__to_oneself_for_money__is_refused(world: World) -> None:
    draft = world.active()
    world.fund(world.ann, 9)
    values = {"token": world.token, "expected": 9, "received": 0}
    with expect_refusal(world, "InexactTransfer", **values):
        world.assign(draft, world.ann, world.ann, 10, 9, fund=False)


def test_assign__to_oneself_for_nothing__changes_no_units(world: World) -> None:
    draft = world.active()
    world.assign(draft, world.ann, world.ann, 10, 0)
    assert world.units(draft, world.ann) == 120_000


@pytest.mark.parametrize("expected", [0, 1, 3, ANY])
def test_assign__bank_and_stale_count__is_refused(world: World, expected: int) -> None:
    draft = world.active(bank=True)
    with expect_refusal(world, "StaleAttestation", expected=expected, found=2):
        world.assign(draft, world.ann, world.ben, 10, 0, expected=expected)


def test_assign__bank__only_the_custodian(world: World) -> None:
    draft = world.active(bank=True)
    values = {"account": world.ann.address, "neededRole": role("CUSTODIAN")}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.assign(draft, world.ann, world.ben, 10, 0, sender=world.ann)


def test_assign__repaid_loan__is_refused(world: World) -> None:
    draft = world.active()
    world.prepay(draft)
    with expect_refusal(world, "NotTransferable", loanId=draft.loan_id, status=3):
        world.assign(draft, world.ann, world.ben, 10, 0)
