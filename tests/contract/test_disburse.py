"""disburse: the whole principal to the payee, once, in time."""

from __future__ import annotations

import pytest

from ledger.core.events import Disbursed
from ledger.core.types import Kind
from tests.contract.chain import Key
from tests.contract.evm import REF, role
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

MODES = pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])


@MODES
@pytest.mark.parametrize("payee", ["borrower", "merchant"])
def test_disburse__funded__pays_the_whole_principal(world: World, bank: bool, payee: str) -> None:
    key = world.key(payee)
    draft = world.funded(bank=bank, payee=key.address)
    sent = world.disburse(draft)
    view = world.loan(draft)
    assert (view.status, view.outstanding, view.last_day) == (2, 120_000, 0)
    assert view.attestations == (2 if bank else 0)
    assert world.balance(key) == (0 if bank else 120_000)
    assert world.balance(world.book) == 0
    event = Disbursed(draft.loan_id, 3, world.chain.now, key.address, 120_000, REF)
    assert world.events(sent) == [event]


def test_disburse__notes__unlock(world: World) -> None:
    draft = world.funded()
    with expect_refusal(world, "NotTransferable", loanId=draft.loan_id, status=1):
        world.transfer(draft, world.ann, world.ben, 10)
    world.disburse(draft)
    world.transfer(draft, world.ann, world.ben, 10)
    assert world.units(draft, world.ben) == 10


@MODES
def test_disburse__one_unit_missing__is_refused(world: World, bank: bool) -> None:
    draft = world.funded((world.ann, 119_999), bank=bank)
    with expect_refusal(world, "NotFullyFunded", missing=1):
        world.disburse(draft)


@MODES
def test_disburse__twice__is_refused(world: World, bank: bool) -> None:
    draft = world.funded(bank=bank)
    world.disburse(draft)
    with expect_refusal(world, "WrongStatus", loanId=draft.loan_id, status=2):
        world.disburse(draft)


@MODES
def test_disburse__after_the_deadline__is_refused(world: World, bank: bool) -> None:
    draft = world.funded(bank=bank)
    deadline = draft.agreement.funding_deadline
    world.chain.travel(deadline + 1)
    with expect_refusal(world, "FundingClosed", deadline=deadline, now_=deadline + 1):
        world.disburse(draft)
    world.chain.travel(deadline)
    world.disburse(draft)


@pytest.mark.parametrize(("bank", "needed"), [(False, "ORIGINATOR"), (True, "CUSTODIAN")])
def test_disburse__wrong_operator__is_refused(world: World, bank: bool, needed: str) -> None:
    draft = world.funded(bank=bank)
    wrong: Key = world.originator if bank else world.custodian
    values = {"account": wrong.address, "neededRole": role(needed)}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.disburse(draft, sender=wrong)


def test_disburse__paused__is_refused(world: World) -> None:
    draft = world.funded()
    world.act(world.guardian, "setPaused", True)
    with expect_refusal(world, "IsPaused"):
        world.disburse(draft)


@pytest.mark.parametrize("expected", [0, 2, 2**32 - 1])
def test_disburse__bank_and_stale_count__is_refused(world: World, expected: int) -> None:
    draft = world.funded(bank=True)
    with expect_refusal(world, "StaleAttestation", expected=expected, found=1):
        world.disburse(draft, expected=expected)


def test_disburse__settlement_closed_meanwhile__still_pays(world: World) -> None:
    draft = world.funded()
    world.act(world.admin, "setSettlement", world.token, b"CNY", False)
    world.disburse(draft)
    assert world.balance(world.borrower) == 120_000


def test_disburse__payee_turned_platform_meanwhile__is_refused(
    world: World,
) -> None:
    draft = world.funded(payee=world.merchant.address)
    arguments = world.merchant.address, Kind.PLATFORM, True
    world.transact(world.registrar, world.registry, "update", *arguments)
    with expect_refusal(world, "PlatformParty", wallet=world.merchant.address):
        world.disburse(draft)
    assert world.balance(world.merchant) == 0
