"""commit: escrow in both modes, notes, and every reason to refuse a lender's money."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.core.events import Committed
from tests.contract.chain import Key
from tests.contract.evm import ANY, DAY, REF, role
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

MODES = pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])


@MODES
def test_commit__part__mints_locked_notes_and_moves_the_money(world: World, bank: bool) -> None:
    draft = world.draft(bank=bank)
    world.open(draft)
    world.fund(world.ann, 50_000)
    world.commit(draft, world.ann, 30_000, fund=False)
    view = world.loan(draft)
    assert (view.status, view.outstanding, view.seq) == (1, 30_000, 2)
    assert view.attestations == (1 if bank else 0)
    assert world.units(draft, world.ann) == 30_000
    assert world.balance(world.book) == (0 if bank else 30_000)
    assert world.balance(world.ann) == (50_000 if bank else 20_000)


@MODES
def test_commit__event__carries_the_promise_and_its_signature(world: World, bank: bool) -> None:
    draft = world.draft(bank=bank)
    world.open(draft)
    promise = world.commitment(draft, world.ann, 30_000)
    sent = world.commit(draft, world.ann, document=promise)
    assert world.events(sent) == [
        Committed(
            draft.loan_id,
            2,
            world.chain.now,
            world.ann.address,
            30_000,
            promise.deadline,
            promise.salt,
            world.sign(world.ann, promise),
            REF,
        )
    ]


@MODES
def test_commit__three_lenders__fill_the_loan_exactly(world: World, bank: bool) -> None:
    draft = world.draft(bank=bank)
    world.open(draft)
    for lender, amount in ((world.ann, 1), (world.ben, 119_998), (world.cay, 1)):
        world.commit(draft, lender, amount)
    assert world.loan(draft).outstanding == 120_000


@pytest.mark.parametrize("amount", [100_001, 120_001, 2**128 - 1])
def test_commit__more_than_is_missing__is_refused(world: World, amount: int) -> None:
    draft = world.draft()
    world.open(draft)
    world.commit(draft, world.ann, 20_000)
    world.fund(world.ben, amount)
    with expect_refusal(world, "OverFunded", missing=100_000, amount=amount):
        world.commit(draft, world.ben, amount, fund=False)


def test_commit__funded_already__is_refused(world: World) -> None:
    draft = world.funded()
    world.fund(world.ben, 1)
    with expect_refusal(world, "OverFunded", missing=0, amount=1):
        world.commit(draft, world.ben, 1, fund=False)


def test_commit__nothing__is_refused(world: World) -> None:
    draft = world.draft()
    world.open(draft)
    with expect_refusal(world, "ZeroAmount"):
        world.commit(draft, world.ann, 0)


@MODES
def test_commit__twice_by_one_lender__is_refused(world: World, bank: bool) -> None:
    draft = world.draft(bank=bank)
    world.open(draft)
    promise = world.commitment(draft, world.ann, 30_000)
    world.fund(world.ann, 60_000)
    world.commit(draft, world.ann, document=promise, fund=False)
    values = {"loanId": draft.loan_id, "lender": world.ann.address}
    with expect_refusal(world, "AlreadyCommitted", **values):
        world.commit(draft, world.ann, document=promise, fund=False)
    with expect_refusal(world, "AlreadyCommitted", **values):
        world.commit(draft, world.ann, 5, fund=False)


@pytest.mark.parametrize("who", ["stranger", "platform"])
def test_commit__lender_that_may_not_lend__is_refused(world: World, who: str) -> None:
    draft, key = world.draft(), world.key(who)
    world.open(draft)
    world.fund(key, 10)
    error = "UnregisteredParty" if who == "stranger" else "PlatformParty"
    with expect_refusal(world, error, wallet=key.address):
        world.commit(draft, key, 10, fund=False)


@pytest.mark.parametrize(("bank", "needed"), [(False, "ORIGINATOR"), (True, "CUSTODIAN")])
def test_commit__wrong_operator__is_refused(world: World, bank: bool, needed: str) -> None:
    draft = world.draft(bank=bank)
    world.open(draft)
    world.fund(world.ann, 10)
    wrong: Key = world.originator if bank else world.custodian
    values = {"account": wrong.address, "neededRole": role(needed)}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.commit(draft, world.ann, 10, sender=wrong, fund=False)


def test_commit__paused__is_refused(world: World) -> None:
    draft = world.draft()
    world.open(draft)
    world.act(world.guardian, "setPaused", True)
    with expect_refusal(world, "IsPaused"):
        world.commit(draft, world.ann, 10, fund=False)


@MODES
def test_commit__after_the_funding_deadline__is_refused(world: World, bank: bool) -> None:
    draft = world.draft(bank=bank)
    world.open(draft)
    deadline = draft.agreement.funding_deadline
    world.chain.travel(deadline)
    world.commit(draft, world.ann, 10)
    world.chain.travel(deadline + 1)
    with expect_refusal(world, "FundingClosed", deadline=deadline, now_=deadline + 1):
        world.commit(draft, world.ben, 10, fund=False)


def test_commit__promise_expired__is_refused(world: World) -> None:
    draft = world.draft()
    world.open(draft)
    now = world.chain.now
    promise = world.commitment(draft, world.ann, 10, deadline=now)
    world.chain.travel(now + 1)
    with expect_refusal(world, "Expired", deadline=now, now_=now + 1):
        world.commit(draft, world.ann, document=promise, fund=False)
    world.chain.travel(now)
    world.commit(draft, world.ann, document=promise)


@pytest.mark.parametrize("expected", [0, 2, ANY])
def test_commit__bank_and_stale_count__is_refused(world: World, expected: int) -> None:
    draft = world.draft(bank=True)
    world.open(draft)
    world.commit(draft, world.ann, 10)
    with expect_refusal(world, "StaleAttestation", expected=expected, found=1):
        world.commit(draft, world.ben, 10, expected=expected)


def test_commit__token_and_any_or_right_count__is_taken(world: World) -> None:
    draft = world.draft()
    world.open(draft)
    world.commit(draft, world.ann, 10, expected=ANY)
    world.commit(draft, world.ben, 10, expected=0)
    world.fund(world.cay, 10)
    with expect_refusal(world, "StaleAttestation", expected=1, found=0):
        world.commit(draft, world.cay, 10, expected=1, fund=False)


def test_commit__token_without_allowance__is_refused(world: World) -> None:
    draft = world.draft()
    world.open(draft)
    world.transact(world.custodian, world.token, "mint", world.ann.address, 10)
    values = {"spender": world.book, "allowance": 0, "needed": 10}
    with expect_refusal(world, "ERC20InsufficientAllowance", **values):
        world.commit(draft, world.ann, 10, fund=False)


def test_commit__token_without_money__is_refused(world: World) -> None:
    draft = world.draft()
    world.open(draft)
    world.fund(world.ann, 9)
    values = {"sender": world.ann.address, "balance": 9, "needed": 10}
    with expect_refusal(world, "ERC20InsufficientBalance", **values):
        world.commit(draft, world.ann, 10, fund=False)


def test_commit__another_amount_than_signed__is_refused(world: World) -> None:
    draft = world.draft()
    world.open(draft)
    promise = world.commitment(draft, world.ann, 10)
    more = replace(promise, amount=11)
    world.fund(world.ann, 11)
    digest = world.digest(more)
    with expect_refusal(world, "BadSignature", signer=world.ann.address, digest=digest):
        world.commit(
            draft, world.ann, document=more, signature=world.sign(world.ann, promise), fund=False
        )


def test_commit__payee_and_borrower_may_lend_too(world: World) -> None:
    draft = world.draft(payee=world.merchant.address)
    world.open(draft)
    world.commit(draft, world.merchant, 60_000)
    world.commit(draft, world.borrower, 60_000)
    world.disburse(draft)
    assert world.units(draft, world.borrower) == 60_000


def test_commit__value_date_ahead__is_open_until_the_day_after_it(world: World) -> None:
    draft = world.draft(value_date=world.chain.now + 10 * DAY)
    world.open(draft)
    world.travel_days(11)
    world.commit(draft, world.ann, 10)
