"""Tokens that take fees, lie, block, call back or refuse zero: exact, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.core.types import Address
from ledger.errors import Reverted
from tests.contract.agreed import Draft
from tests.contract.chain import Key
from tests.contract.evm import ALL, ANY, REF
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

WEIRD = 3
"""Index of the weird token's settlement."""


class WeirdWorld(World):
    """A world whose loans settle in a token with bad habits."""

    def __init__(self) -> None:
        super().__init__()
        self.weird = self.create_mock("WeirdToken", 2)
        self.allow_token(self.weird)
        for key in (self.ann, self.ben, self.borrower):
            self.transact(key, self.weird, "mint", key.address, 10**9)
            self.transact(key, self.weird, "approve", self.book, ALL)

    def habit(self, name: str, *arguments: Any) -> None:
        """Switch a habit of the token."""
        self.transact(self.stranger, self.weird, name, *arguments)

    def weird_draft(self, **terms: Any) -> Draft:
        draft = self.draft(asset=self.weird, **terms)
        self.open(draft)
        return draft

    def weird_active(self, **terms: Any) -> Draft:
        """Return an active loan whose first row is due."""
        draft = self.weird_draft(**terms)
        self.commit(draft, self.ann, fund=False)
        self.disburse(draft)
        self.chain.travel(draft.rows[0].due_at)
        return draft

    def held(self, owner: Key | Address) -> int:
        return self.balance(owner, self.weird)


@pytest.fixture
def weird() -> WeirdWorld:
    return WeirdWorld()


# ---------------------------------------------------------------------- fee on transfer


def test_fee_on_transfer__commit__is_refused(weird: WeirdWorld) -> None:
    draft = weird.weird_draft()
    weird.habit("setFee", 100)
    values = {"token": weird.weird, "expected": 120_000, "received": 118_800}
    with expect_refusal(weird, "InexactTransfer", **values):
        weird.commit(draft, weird.ann, fund=False)


def test_fee_on_transfer__switched_on_later__every_movement_is_refused(
    weird: WeirdWorld,
) -> None:
    funded = weird.weird_draft()
    weird.commit(funded, weird.ann, fund=False)
    gone = weird.weird_draft()
    weird.commit(gone, weird.ann, fund=False)
    weird.cancel(gone)
    draft = weird.weird_active()
    weird.repay(draft, 5_000)
    weird.chain.travel(funded.agreement.value_date)
    weird.habit("setFee", 100)

    def values(expected: int, received: int) -> dict[str, Any]:
        return {"token": weird.weird, "expected": expected, "received": received}

    with expect_refusal(weird, "InexactTransfer", **values(120_000, 118_800)):
        weird.disburse(funded)
    with expect_refusal(weird, "InexactTransfer", **values(120_000, 118_800)):
        weird.refund(gone, weird.ann)
    with expect_refusal(weird, "InexactTransfer", **values(5_000, 4_950)):
        weird.pay_out(draft, weird.ann)
    with expect_refusal(weird, "InexactTransfer", **values(900, 891)):
        weird.assign(draft, weird.ann, weird.ben, 1_000, 900, fund=False)
    weird.chain.travel(draft.rows[0].due_at)
    with expect_refusal(weird, "InexactTransfer", **values(36_200, 35_838)):
        weird.repay(draft)


# ---------------------------------------------------------------------- return values


def test_returns_false__is_refused(weird: WeirdWorld) -> None:
    draft = weird.weird_draft()
    weird.habit("setReturnsFalse", True)
    with expect_refusal(weird, "SafeERC20FailedOperation", token=weird.weird):
        weird.commit(draft, weird.ann, fund=False)


def test_returns_false__on_the_way_out__is_refused(weird: WeirdWorld) -> None:
    draft = weird.weird_active()
    weird.repay(draft)
    weird.habit("setReturnsFalse", True)
    with expect_refusal(weird, "SafeERC20FailedOperation", token=weird.weird):
        weird.pay_out(draft, weird.ann)
    weird.habit("setReturnsFalse", False)
    weird.pay_out(draft, weird.ann)


def test_returns_nothing__whole_life__is_exact(weird: WeirdWorld) -> None:
    weird.habit("setReturnsNothing", True)
    draft = weird.weird_active()
    weird.repay(draft)
    before = weird.held(weird.ann)
    weird.pay_out(draft, weird.ann)
    assert weird.held(weird.ann) - before == 41_200
    weird.assign(draft, weird.ann, weird.ben, 1_000, 900, fund=False)
    weird.prepay(draft)
    assert weird.loan(draft).status == 3


# ---------------------------------------------------------------------- blocking


def test_blocked_holder__never_blocks_another(weird: WeirdWorld) -> None:
    draft = weird.weird_draft()
    weird.commit(draft, weird.ann, 60_000, fund=False)
    weird.commit(draft, weird.ben, 60_000, fund=False)
    weird.disburse(draft)
    weird.chain.travel(draft.rows[0].due_at)
    weird.habit("setBlocked", weird.ann.address, True)
    weird.repay(draft)
    weird.pay_out(draft, weird.ben)
    with pytest.raises(Reverted):
        weird.pay_out(draft, weird.ann)
    assert weird.claimable(draft, weird.ann) == 20_600
    weird.habit("setBlocked", weird.ann.address, False)
    weird.pay_out(draft, weird.ann)


def test_blocked_fee_receiver__bricks_nothing(weird: WeirdWorld) -> None:
    weird.habit("setBlocked", weird.receiver.address, True)
    draft = weird.weird_active()
    weird.prepay(draft)
    assert weird.loan(draft).status == 3
    with pytest.raises(Reverted):
        weird.withdraw_fees(WEIRD, 1)
    assert weird.fees(WEIRD, weird.receiver).credited == 800
    weird.habit("setBlocked", weird.receiver.address, False)
    weird.withdraw_fees(WEIRD, 800)


def test_blocked_payee__lenders_get_their_money_back(weird: WeirdWorld) -> None:
    draft = weird.weird_draft()
    weird.commit(draft, weird.ann, fund=False)
    weird.habit("setBlocked", weird.borrower.address, True)
    with pytest.raises(Reverted):
        weird.disburse(draft)
    weird.travel_days(2)
    weird.expire(draft)
    weird.refund(draft, weird.ann)
    assert weird.held(weird.ann) == 10**9


def test_blocked_borrower__another_may_pay(weird: WeirdWorld) -> None:
    draft = weird.weird_active()
    weird.habit("setBlocked", weird.borrower.address, True)
    with pytest.raises(Reverted):
        weird.repay(draft)
    weird.repay(draft, sender=weird.ben)
    assert weird.loan(draft).row == 1


# ---------------------------------------------------------------------- zero


def test_refuses_zero__free_assignment__is_refused_and_all_else_works(
    weird: WeirdWorld,
) -> None:
    weird.habit("setRefusesZero", True)
    draft = weird.weird_active()
    weird.repay(draft)
    weird.pay_out(draft, weird.ann)
    weird.transfer(draft, weird.ann, weird.ben, 10)
    weird.prepay(draft)
    assert weird.loan(draft).status == 3
    # No movement of nothing is ever asked for, but for a sale without a price.
    draft = weird.weird_active()
    with pytest.raises(Reverted):
        weird.assign(draft, weird.ann, weird.ben, 10, 0, fund=False)


# ---------------------------------------------------------------------- calling back


def reentry_calls(weird: WeirdWorld, draft: Draft) -> dict[str, bytes]:
    """Return calls of the book that anyone may make in token mode."""
    sale = weird.sale(draft, weird.ann, weird.ben, 10, 0)
    signatures = weird.sign(weird.ann, sale), weird.sign(weird.ben, sale)
    members = tuple(getattr(sale, name) for name in sale.__slots__)
    loan_id, ann = draft.loan_id, weird.ann.address
    return {
        "payOut": weird.encode("payOut", loan_id, ann, ALL, ANY, REF),
        "repay": weird.encode("repay", loan_id, draft.words, 1, 0, ANY, REF),
        "assign": weird.encode("assign", members, *signatures, ANY, REF),
        "refund": weird.encode("refund", loan_id, ann, ANY, REF),
        "withdrawFees": weird.encode("withdrawFees", WEIRD, weird.weird, 1, ALL, REF),
    }


@pytest.mark.parametrize("inner", ["payOut", "repay", "assign", "refund", "withdrawFees"])
@pytest.mark.parametrize("outer", ["payOut", "repay", "assign"])
def test_call_back__into_the_book__is_closed(weird: WeirdWorld, outer: str, inner: str) -> None:
    draft = weird.weird_active()
    weird.repay(draft, 30_000)
    weird.habit("setCallback", weird.book, reentry_calls(weird, draft)[inner])
    if outer == "payOut":
        weird.pay_out(draft, weird.ann)
    elif outer == "repay":
        weird.repay(draft, 100)
    else:
        weird.assign(draft, weird.ann, weird.ben, 50, 7, fund=False)
    assert weird.ask(weird.weird, "calledBack") is False
    guard = "3ee5aeb5"  # ReentrancyGuardReentrantCall()
    assert weird.ask(weird.weird, "answer").hex() == guard


def test_call_back__during_a_payout__never_pays_twice(weird: WeirdWorld) -> None:
    draft = weird.weird_active()
    weird.repay(draft)
    weird.habit("setCallback", weird.book, reentry_calls(weird, draft)["payOut"])
    before = weird.held(weird.ann)
    weird.pay_out(draft, weird.ann)
    assert weird.held(weird.ann) - before == 41_200
    assert weird.claimable(draft, weird.ann) == 0


def test_call_back__notes_move_during_a_payment__claims_stay_exact(weird: WeirdWorld) -> None:
    # Notes may move while a token calls back: R has been raised before money moves.
    draft = weird.weird_active()
    loan = int.from_bytes(draft.loan_id, "big")
    weird.act(weird.ann, "setOperator", weird.weird, True)
    call = weird.encode("transferFrom", weird.ann.address, weird.ben.address, loan, 120_000)
    weird.habit("setCallback", weird.book, call)
    weird.repay(draft)
    assert weird.ask(weird.weird, "calledBack") is True
    assert weird.claimable(draft, weird.ann) == 41_200
    assert weird.claimable(draft, weird.ben) == 0


def test_call_back__default_and_expiry_during_a_movement__see_the_new_state(
    weird: WeirdWorld,
) -> None:
    draft = weird.weird_active(default_after_days=10)
    weird.chain.travel(draft.rows[0].due_at + 11 * 86_400)
    weird.habit(
        "setCallback", weird.book, weird.encode("declareDefault", draft.loan_id, draft.words)
    )
    weird.repay(draft)
    # What was overdue has been paid before the token called: no default.
    assert weird.ask(weird.weird, "calledBack") is False
    assert weird.loan(draft).status == 2


# ---------------------------------------------------------------------- two tokens


def test_two_tokens__money_of_one_never_pays_for_the_other(weird: WeirdWorld) -> None:
    plain = weird.active()
    odd = weird.weird_active()
    weird.repay(odd)
    weird.chain.travel(plain.rows[0].due_at)
    weird.repay(plain)
    assert (weird.balance(weird.book), weird.held(weird.book)) == (41_200, 41_200)
    weird.pay_out(odd, weird.ann)
    assert (weird.balance(weird.book), weird.held(weird.book)) == (41_200, 0)
