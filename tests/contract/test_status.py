"""No status moves against the diagram: every status against every entry point, both modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.agreed import Draft
from tests.contract.chain import Key
from tests.contract.evm import ALL
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

NONE, FUNDING, ACTIVE, REPAID, DEFAULTED, CANCELLED = 0, 1, 2, 3, 4, 6


def bring(world: World, status: int, *, bank: bool) -> Draft:
    """Return a loan in a status; where it is owed, ten days late; ben has no notes."""
    draft = world.draft(bank=bank, default_after_days=0, grace_days=0)
    if status == NONE:
        return draft
    world.open(draft)
    share = draft.agreement.principal - (10 if status == FUNDING else 0)
    world.commit(draft, world.ann, share)
    if status == FUNDING:
        return draft
    if status == CANCELLED:
        world.cancel(draft)
        return draft
    world.disburse(draft)
    if not bank:
        world.fund(world.borrower, 200_000)
    if status == REPAID:
        world.prepay(draft)
    if status == DEFAULTED:
        world.chain.travel(draft.rows[0].due_at + 10 * 86_400)
        world.declare_default(draft)
    if status == ACTIVE:
        world.chain.travel(draft.rows[0].due_at + 10 * 86_400)
    return draft


Call = Callable[[World, Draft, Key], object]
CALLS: dict[str, Call] = {
    "open": lambda w, d, _: w.open(d),
    "commit": lambda w, d, _: w.commit(d, w.ben, 10, fund=False),
    "disburse": lambda w, d, _: w.disburse(d),
    "cancel": lambda w, d, _: w.cancel(d),
    "expire": lambda w, d, _: w.expire(d),
    "refund": lambda w, d, holder: w.refund(d, holder),
    "repay": lambda w, d, _: w.repay(d, 5),
    "prepay": lambda w, d, _: w.prepay(d, 5),
    "declareDefault": lambda w, d, _: w.declare_default(d),
    "payOut": lambda w, d, holder: w.pay_out(d, holder, ALL),
    "transfer": lambda w, d, holder: w.transfer(d, holder, w.cay, 5),
    "assign": lambda w, d, holder: w.assign(d, holder, w.cay, 5, 0),
}
STATUSES = (NONE, FUNDING, ACTIVE, REPAID, DEFAULTED, CANCELLED)
ALLOWED = {
    "open": {NONE},
    "commit": {FUNDING},
    "disburse": {FUNDING},
    "cancel": {FUNDING},
    "expire": {FUNDING},
    "refund": {CANCELLED},
    "repay": {ACTIVE, DEFAULTED},
    "prepay": {ACTIVE},
    "declareDefault": {ACTIVE},
    "payOut": {ACTIVE, REPAID, DEFAULTED},
    "transfer": {ACTIVE, DEFAULTED},
    "assign": {ACTIVE, DEFAULTED},
}
"""What the diagram allows. Disbursing and expiring need more than the status."""

FORBIDDEN = [
    (call, status, bank)
    for call, allowed in ALLOWED.items()
    for status in STATUSES
    for bank in (False, True)
    # A loan that is none has no mode yet.
    if status not in allowed and not (status == NONE and bank)
]


def refusal(world: World, call: str, status: int, draft: Draft) -> tuple[str, dict[str, Any]]:
    """Return the error of a forbidden call."""
    if call == "open":
        return "AlreadyOpened", {"loanId": draft.loan_id}
    if call == "payOut":
        return "NothingClaimable", {"loanId": draft.loan_id, "holder": world.ann.address}
    name = "NotTransferable" if call in ("transfer", "assign") else "WrongStatus"
    return name, {"loanId": draft.loan_id, "status": status}


@pytest.mark.parametrize(("call", "status", "bank"), FORBIDDEN)
def test_status__forbidden_call__is_refused(
    world: World, call: str, status: int, bank: bool
) -> None:
    draft = bring(world, status, bank=bank)
    assert world.loan(draft).status == status
    world.fund(world.ben, 10)
    error, values = refusal(world, call, status, draft)
    with expect_refusal(world, error, **values):
        CALLS[call](world, draft, world.ann)


@pytest.mark.parametrize("bank", [False, True], ids=["token", "bank"])
@pytest.mark.parametrize(
    ("call", "status"),
    [(call, status) for call, allowed in ALLOWED.items() for status in sorted(allowed)],
)
def test_status__allowed_call__is_taken(world: World, call: str, status: int, bank: bool) -> None:
    draft = bring(world, status, bank=bank)
    world.fund(world.ben, 10)
    if call == "disburse":
        world.commit(draft, world.ben, 10)
    if call == "expire":
        world.travel_days(2)
    if call == "payOut":
        if status != REPAID:
            world.repay(draft, 100)
        claim = world.claimable(draft, world.ann)
        world.pay_out(draft, world.ann, claim if bank else ALL)
        assert world.claimable(draft, world.ann) == 0
        return
    before = world.raw("head", draft.loan_id)
    CALLS[call](world, draft, world.ann)
    assert world.raw("head", draft.loan_id) != before
