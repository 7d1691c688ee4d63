"""The ways back: cancel, expire, and every lender's money returned exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.core.agreement import Cancellation
from ledger.core.events import Cancelled, FundingExpired, Refunded
from tests.contract.agreed import Draft
from tests.contract.evm import ANY, REF, role
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

MODES = pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])


def cancelled(world: World, *, bank: bool = False) -> Draft:
    """Return a cancelled loan of two lenders."""
    draft = world.funded((world.ann, 70_000), (world.ben, 50_000), bank=bank)
    world.cancel(draft)
    return draft


# ---------------------------------------------------------------------- cancel


@MODES
def test_cancel__funding__ends_the_loan(world: World, bank: bool) -> None:
    draft = world.funded(bank=bank)
    document = Cancellation(draft.loan_id, world.chain.now + 5)
    sent = world.cancel(draft, document=document)
    signature = world.sign(world.borrower, document)
    now = world.chain.now
    assert world.events(sent) == [Cancelled(draft.loan_id, 3, now, now + 5, signature)]
    view = world.loan(draft)
    assert (view.status, view.outstanding) == (6, 120_000)


def test_cancel__not_the_originator__is_refused(world: World) -> None:
    draft = world.funded()
    values = {"account": world.borrower.address, "neededRole": role("ORIGINATOR")}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.cancel(draft, sender=world.borrower)


def test_cancel__without_the_borrowers_consent__is_refused(world: World) -> None:
    draft = world.funded()
    document = Cancellation(draft.loan_id, world.chain.now)
    signature = world.sign(world.ann, document)
    who = world.borrower.address
    with expect_refusal(world, "BadSignature", signer=who, digest=world.digest(document)):
        world.cancel(draft, document=document, signature=signature)


def test_cancel__consent_to_another_loan__is_refused(world: World) -> None:
    draft, other = world.funded(), world.funded()
    document = Cancellation(other.loan_id, world.chain.now)
    here = replace(document, loan_id=draft.loan_id)
    who = world.borrower.address
    with expect_refusal(world, "BadSignature", signer=who, digest=world.digest(here)):
        world.cancel(draft, document=here, signature=world.sign(world.borrower, document))


def test_cancel__expired_consent__is_refused(world: World) -> None:
    draft = world.funded()
    now = world.chain.now
    document = Cancellation(draft.loan_id, now)
    world.chain.travel(now + 1)
    with expect_refusal(world, "Expired", deadline=now, now_=now + 1):
        world.cancel(draft, document=document)


def test_cancel__twice__is_refused(world: World) -> None:
    draft = cancelled(world)
    with expect_refusal(world, "WrongStatus", loanId=draft.loan_id, status=6):
        world.cancel(draft)


# ---------------------------------------------------------------------- expire


@MODES
def test_expire__deadline_passed__anyone_may(world: World, bank: bool) -> None:
    draft = world.funded(bank=bank)
    deadline = draft.agreement.funding_deadline
    world.chain.travel(deadline)
    with expect_refusal(world, "FundingStillOpen", deadline=deadline, now_=deadline):
        world.expire(draft)
    world.chain.travel(deadline + 1)
    sent = world.expire(draft, sender=world.stranger)
    assert world.events(sent) == [FundingExpired(draft.loan_id, 3, deadline + 1)]
    assert world.loan(draft).status == 6


def test_expire__active__is_refused(world: World) -> None:
    draft = world.active()
    world.travel_days(2)
    with expect_refusal(world, "WrongStatus", loanId=draft.loan_id, status=2):
        world.expire(draft)


# ---------------------------------------------------------------------- refund


@MODES
def test_refund__each_lender__gets_exactly_its_escrow(world: World, bank: bool) -> None:
    draft = cancelled(world, bank=bank)
    for lender, amount, left in ((world.ann, 70_000, 50_000), (world.ben, 50_000, 0)):
        before = world.balance(lender)
        sent = world.refund(draft, lender)
        seq = world.loan(draft).seq
        event = Refunded(draft.loan_id, seq, world.chain.now, lender.address, amount, REF)
        assert world.events(sent) == [event]
        assert world.balance(lender) - before == (0 if bank else amount)
        assert world.units(draft, lender) == 0
        assert world.loan(draft).outstanding == left
    assert world.balance(world.book) == 0
    assert world.loan(draft).attestations == (4 if bank else 0)


def test_refund__after_expiry__works_too(world: World) -> None:
    draft = world.funded((world.ann, 7))
    world.travel_days(2)
    world.expire(draft)
    world.refund(draft, world.ann)
    assert world.balance(world.ann) == 7


@MODES
def test_refund__twice__is_refused(world: World, bank: bool) -> None:
    draft = cancelled(world, bank=bank)
    world.refund(draft, world.ann)
    values = {"loanId": draft.loan_id, "lender": world.ann.address}
    with expect_refusal(world, "NothingEscrowed", **values):
        world.refund(draft, world.ann)


def test_refund__never_lent__is_refused(world: World) -> None:
    draft = cancelled(world)
    values = {"loanId": draft.loan_id, "lender": world.cay.address}
    with expect_refusal(world, "NothingEscrowed", **values):
        world.refund(draft, world.cay)


@MODES
def test_refund__still_funding__is_refused(world: World, bank: bool) -> None:
    draft = world.funded(bank=bank)
    with expect_refusal(world, "WrongStatus", loanId=draft.loan_id, status=1):
        world.refund(draft, world.ann)


@pytest.mark.parametrize("expected", [0, 1, 3, ANY])
def test_refund__bank_and_stale_count__is_refused(world: World, expected: int) -> None:
    draft = cancelled(world, bank=True)
    with expect_refusal(world, "StaleAttestation", expected=expected, found=2):
        world.refund(draft, world.ann, expected=expected)


def test_refund__bank__only_the_custodian(world: World) -> None:
    draft = cancelled(world, bank=True)
    values = {"account": world.ann.address, "neededRole": role("CUSTODIAN")}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.refund(draft, world.ann, sender=world.ann)


def test_refund__paused__still_works(world: World) -> None:
    draft = cancelled(world)
    world.act(world.guardian, "setPaused", True)
    world.refund(draft, world.ann)
    assert world.balance(world.ann) == 70_000
