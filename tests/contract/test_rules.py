"""The rules of a book: roles, pause, policy, settlements; each change an event in the head."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import Any

import pytest
from eth_hash.auto import keccak

from ledger.chain.artifacts import load
from ledger.core.decode import decode_book
from ledger.core.events import (
    BookCreated,
    PauseChanged,
    PolicyChanged,
    RoleChanged,
    SettlementChanged,
)
from ledger.core.types import ZERO_ADDRESS
from ledger.errors import Reverted
from tests.contract.evm import CNY, OUTSIDE, POLICY, USD, role
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

ADMIN_ROLE = bytes(32)


def chained(world: World) -> bytes:
    """Return the head that all events of the book so far chain into."""
    head = bytes(32)
    for _, log in world.history:
        if log.address == world.book and log.topics[0] not in OUTSIDE:
            head = keccak(head + keccak(b"".join(log.topics) + keccak(log.data)))
    return head


# ---------------------------------------------------------------------- creation


def test_creation__first_events__say_registry_admin_and_policy(world: World) -> None:
    logs = [log for _, log in world.history if log.address == world.book]
    kinds = [log for log in logs if log.topics[0] not in OUTSIDE][:3]
    first = [decode_book(log.topics, log.data) for log in kinds]
    now = world.chain.now
    assert first == [
        BookCreated(1, now, world.registry, world.admin.address),
        RoleChanged(2, now, ADMIN_ROLE, world.admin.address, True),
        PolicyChanged(3, now, POLICY),
    ]
    assert world.raw("bookHead") == chained(world)


@pytest.mark.parametrize("place", ["registry", "admin"])
def test_creation__zero_address__is_refused(world: World, place: str) -> None:
    registry = ZERO_ADDRESS if place == "registry" else world.registry
    admin = ZERO_ADDRESS if place == "admin" else world.admin.address
    with expect_refusal(world, "ZeroAddress"):
        world.create(load("LoanBook"), registry, astuple(POLICY), admin)


def test_creation__policy_out_of_range__is_refused(world: World) -> None:
    policy = replace(POLICY, max_attestation_lag=91)
    values = {"name": b"maxAttestationLag".ljust(32, b"\0"), "value": 91, "most": 90}
    with expect_refusal(world, "PolicyOutOfRange", **values):
        world.create(load("LoanBook"), world.registry, astuple(policy), world.admin.address)


# ---------------------------------------------------------------------- roles

ADMIN_CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("setPolicy", (astuple(POLICY),)),
    ("setSettlement", (ZERO_ADDRESS, CNY, False)),
    ("grantRole", (role("ORIGINATOR"), ZERO_ADDRESS)),
    ("revokeRole", (role("ORIGINATOR"), ZERO_ADDRESS)),
]


@pytest.mark.parametrize(("call", "arguments"), ADMIN_CALLS)
def test_rules__not_the_admin__is_refused(
    world: World, call: str, arguments: tuple[Any, ...]
) -> None:
    for key in (world.originator, world.guardian, world.stranger):
        values = {"account": key.address, "neededRole": ADMIN_ROLE}
        with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
            world.act(key, call, *arguments)


def test_grant_and_revoke__are_events_of_the_book(world: World) -> None:
    seq, now = world.ask(world.book, "bookSeq"), world.chain.now
    who, what = world.stranger.address, role("CUSTODIAN")
    granted = world.act(world.admin, "grantRole", what, who)
    revoked = world.act(world.admin, "revokeRole", what, who)
    assert world.events(granted) == [RoleChanged(seq + 1, now, what, who, True)]
    assert world.events(revoked) == [RoleChanged(seq + 2, now, what, who, False)]
    assert world.raw("bookHead") == chained(world)


def test_grant__held_already__changes_nothing(world: World) -> None:
    before = world.raw("bookHead")
    sent = world.act(world.admin, "grantRole", role("CUSTODIAN"), world.custodian.address)
    assert (sent.logs, world.raw("bookHead")) == ((), before)


def test_renounce__own_role__is_an_event_of_the_book(world: World) -> None:
    who = world.guardian.address
    sent = world.act(world.guardian, "renounceRole", role("GUARDIAN"), who)
    seq = world.ask(world.book, "bookSeq")
    event = RoleChanged(seq, world.chain.now, role("GUARDIAN"), who, False)
    assert world.events(sent) == [event]
    with expect_refusal(world, "AccessControlBadConfirmation"):
        world.act(world.stranger, "renounceRole", role("ORIGINATOR"), world.originator.address)


def test_revoked__originator__opens_no_more(world: World) -> None:
    draft = world.draft()
    world.act(world.admin, "revokeRole", role("ORIGINATOR"), world.originator.address)
    values = {"account": world.originator.address, "neededRole": role("ORIGINATOR")}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.open(draft)


def test_revoked__custodian_midway__attests_no_more_and_the_next_one_does(world: World) -> None:
    draft = world.active(bank=True)
    world.chain.travel(draft.rows[0].due_at)
    world.act(world.admin, "revokeRole", role("CUSTODIAN"), world.custodian.address)
    values = {"account": world.custodian.address, "neededRole": role("CUSTODIAN")}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.repay(draft)
    world.act(world.admin, "grantRole", role("CUSTODIAN"), world.stranger.address)
    world.repay(draft, sender=world.stranger)
    assert world.loan(draft).row == 1


# ---------------------------------------------------------------------- pause


def test_pause__guardian__stops_and_resumes(world: World) -> None:
    seq, now = world.ask(world.book, "bookSeq"), world.chain.now
    sent = world.act(world.guardian, "setPaused", True)
    assert world.events(sent) == [PauseChanged(seq + 1, now, True)]
    assert world.ask(world.book, "paused") is True
    world.act(world.guardian, "setPaused", False)
    world.open(world.draft())


@pytest.mark.parametrize("who", ["admin", "originator", "custodian", "stranger"])
def test_pause__not_the_guardian__is_refused(world: World, who: str) -> None:
    key = world.key(who)
    values = {"account": key.address, "neededRole": role("GUARDIAN")}
    with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
        world.act(key, "setPaused", True)


# ---------------------------------------------------------------------- policy

LIMITS = [
    ("legal_annual_rate", "legalAnnualRate", 1_000_000),
    ("max_penalty_rate", "maxPenaltyRate", 10_000),
    ("max_prepayment_fee_bps", "maxPrepaymentFeeBps", 1_000),
    ("max_attestation_lag", "maxAttestationLag", 90),
]


@pytest.mark.parametrize(("field", "name", "most"), LIMITS)
def test_set_policy__at_and_over_each_limit(world: World, field: str, name: str, most: int) -> None:
    seq, at_limit = world.ask(world.book, "bookSeq"), replace(POLICY, **{field: most})
    sent = world.set_policy(at_limit)
    assert world.events(sent) == [PolicyChanged(seq + 1, world.chain.now, at_limit)]
    assert world.ask(world.book, "policy") == astuple(at_limit)
    values = {"name": name.encode().ljust(32, b"\0"), "value": most + 1, "most": most}
    with expect_refusal(world, "PolicyOutOfRange", **values):
        world.set_policy(replace(POLICY, **{field: most + 1}))


def test_set_policy__stricter__binds_new_agreements_only(world: World) -> None:
    draft, later = world.active(), world.draft()
    world.set_policy(replace(POLICY, legal_annual_rate=0, max_penalty_rate=0))
    world.chain.travel(draft.rows[0].due_at + 10 * 86_400)
    assert world.due(draft, world.chain.now)[1] == 206
    world.chain.travel(later.agreement.value_date)
    with expect_refusal(world, "PenaltyRateTooHigh", rate=500, most=0):
        world.open(later)


def test_set_policy__lag__stays_with_the_loan(world: World) -> None:
    draft = world.active(bank=True)
    world.set_policy(replace(POLICY, max_attestation_lag=0))
    world.chain.travel(draft.rows[0].due_at + 5 * 86_400)
    world.repay(draft, 5, paid_at=draft.rows[0].due_at)
    assert world.loan(draft).attestation_lag == 5


# ---------------------------------------------------------------------- settlements


def test_set_settlement__new_closed_and_open_again(world: World) -> None:
    token = world.create_token("Custody USD", USD, 6)
    seq, now = world.ask(world.book, "bookSeq"), world.chain.now
    for step, is_open in enumerate((True, False, True)):
        sent = world.act(world.admin, "setSettlement", token, USD, is_open)
        event = SettlementChanged(seq + 1 + step, now, 3, token, USD, is_open)
        assert world.events(sent) == [event]
        found = world.ask(world.book, "settlementAt", 3)
        assert (found[0].lower(), found[1:]) == (token.lower(), (USD, is_open))
    assert world.ask(world.book, "settlementCount") == 4


def test_set_settlement__more_than_six_decimals__is_refused(world: World) -> None:
    token = world.create_token("Wei", CNY, 7)
    with expect_refusal(world, "DecimalsTooMany", token=token, decimals=7, most=6):
        world.act(world.admin, "setSettlement", token, CNY, True)


def test_set_settlement__no_token_at_all__is_refused(world: World) -> None:
    before = world.raw("bookHead")
    for address in (world.stranger.address, world.registry):
        with pytest.raises(Reverted):
            world.act(world.admin, "setSettlement", address, CNY, True)
    assert world.raw("bookHead") == before


def test_settlement_at__beyond_the_list__is_refused(world: World) -> None:
    with expect_refusal(world, "SettlementOutOfRange", settlement=3, count=3):
        world.ask(world.book, "settlementAt", 3)


# ---------------------------------------------------------------------- the rest


def test_supports_interface__access_control_and_erc6909(world: World) -> None:
    for interface in ("7965db0b", "0f632fb3", "01ffc9a7"):
        assert world.ask(world.book, "supportsInterface", bytes.fromhex(interface))
    assert not world.ask(world.book, "supportsInterface", b"\xff\xff\xff\xff")


def test_multicall__open_commit_disburse__in_one_transaction(world: World) -> None:
    draft = world.draft()
    promise = world.commitment(draft, world.ann)
    world.fund(world.ann, 120_000)
    calls = [
        world.encode("open", *world.open_arguments(draft)),
        world.encode("commit", *world.commit_arguments(draft, world.ann, promise)),
        world.encode("disburse", draft.loan_id, 2**32 - 1, bytes(32)),
    ]
    world.act(world.originator, "multicall", calls)
    assert world.loan(draft).status == 2
    assert world.balance(world.borrower) == 120_000


def test_multicall__one_bad_call__undoes_all(world: World) -> None:
    draft = world.draft()
    calls = [
        world.encode("open", *world.open_arguments(draft)),
        world.encode("disburse", draft.loan_id, 2**32 - 1, bytes(32)),
    ]
    with expect_refusal(world, "NotFullyFunded", missing=120_000):
        world.act(world.originator, "multicall", calls)
