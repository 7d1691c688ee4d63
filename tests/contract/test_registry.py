"""PartyRegistry: who is registered, by whom, and a head over every change."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from ledger.chain.artifacts import load
from ledger.core.events import PartyRegistered, PartyUpdated, RegistryRoleChanged
from ledger.core.types import ZERO_ADDRESS, Kind
from tests.contract.chain import Key
from tests.contract.evm import OUTSIDE, role, subject
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

SUBJECT = b"sixteen bytes id"


def register(
    world: World,
    wallet: str,
    named: bytes = SUBJECT,
    kind: Kind = Kind.PERSON,
    *,
    sender: Key | None = None,
) -> object:
    party = named, kind, False
    return world.transact(sender or world.registrar, world.registry, "register", wallet, party)


def chained(world: World) -> bytes:
    """Return the head that all events of the registry so far chain into."""
    head = bytes(32)
    for _, log in world.history:
        if log.address == world.registry and log.topics[0] not in OUTSIDE:
            head = keccak(head + keccak(b"".join(log.topics) + keccak(log.data)))
    return head


def test_register__new_wallet__is_bound_and_chained(world: World) -> None:
    seq = world.ask(world.registry, "seq")
    party = SUBJECT, Kind.COMPANY, True
    who = world.stranger.address
    sent = world.transact(world.registrar, world.registry, "register", who, party)
    event = PartyRegistered(seq + 1, world.chain.now, who, SUBJECT, Kind.COMPANY, True)
    assert world.events(sent) == [event]
    assert world.ask(world.registry, "partyOf", who) == (SUBJECT, Kind.COMPANY, True)
    assert world.ask(world.registry, "head") == chained(world)


def test_register__two_wallets_of_one_subject__share_its_loans_head(world: World) -> None:
    second = world.key("borrower's second wallet")
    register(world, second.address, subject(world.borrower))
    first_loan, second_loan = world.draft(), world.draft(borrower=second)
    world.open(first_loan)
    world.open(second_loan)
    expected = keccak(keccak(bytes(32) + first_loan.loan_id) + second_loan.loan_id)
    assert world.raw("loansHead", subject(world.borrower)) == expected


def test_register__bound_wallet__is_refused(world: World) -> None:
    who = world.ann.address
    with expect_refusal(world, "WalletTaken", wallet=who):
        register(world, who)


def test_register__zero_wallet__is_refused(world: World) -> None:
    with expect_refusal(world, "ZeroAddress"):
        register(world, ZERO_ADDRESS)


def test_register__zero_subject__is_refused(world: World) -> None:
    with expect_refusal(world, "ZeroSubject"):
        register(world, world.stranger.address, bytes(16))


def test_register__no_kind__is_refused(world: World) -> None:
    who = world.stranger.address
    with expect_refusal(world, "KindMissing", wallet=who):
        register(world, who, kind=Kind.NONE)


@pytest.mark.parametrize("call", ["register", "update"])
def test_registry__not_the_registrar__is_refused(world: World, call: str) -> None:
    arguments = (
        (world.stranger.address, (SUBJECT, Kind.PERSON, False))
        if call == "register"
        else (world.ann.address, Kind.COMPANY, False)
    )
    for key in (world.admin, world.originator, world.stranger):
        values = {"account": key.address, "neededRole": role("REGISTRAR")}
        with expect_refusal(world, "AccessControlUnauthorizedAccount", **values):
            world.transact(key, world.registry, call, *arguments)


def test_update__kind_and_flag__subject_stays(world: World) -> None:
    seq, who = world.ask(world.registry, "seq"), world.ann.address
    sent = world.transact(world.registrar, world.registry, "update", who, Kind.BANK, True)
    assert world.events(sent) == [PartyUpdated(seq + 1, world.chain.now, who, Kind.BANK, True)]
    assert world.ask(world.registry, "partyOf", who) == (subject(world.ann), Kind.BANK, True)
    assert world.ask(world.registry, "head") == chained(world)


def test_update__to_platform__lends_no_more(world: World) -> None:
    draft = world.draft()
    world.open(draft)
    who = world.ann.address
    world.transact(world.registrar, world.registry, "update", who, Kind.PLATFORM, True)
    with expect_refusal(world, "PlatformParty", wallet=who):
        world.commit(draft, world.ann, 10, fund=False)


def test_update__unregistered__is_refused(world: World) -> None:
    who = world.stranger.address
    with expect_refusal(world, "UnregisteredParty", wallet=who):
        world.transact(world.registrar, world.registry, "update", who, Kind.PERSON, False)


def test_update__no_kind__is_refused(world: World) -> None:
    who = world.ann.address
    with expect_refusal(world, "KindMissing", wallet=who):
        world.transact(world.registrar, world.registry, "update", who, Kind.NONE, False)


def test_party_of__unregistered__is_refused(world: World) -> None:
    who = world.stranger.address
    with expect_refusal(world, "UnregisteredParty", wallet=who):
        world.ask(world.registry, "partyOf", who)


def test_roles__granted_and_revoked__are_events(world: World) -> None:
    seq, who, what = world.ask(world.registry, "seq"), world.stranger.address, role("REGISTRAR")
    granted = world.transact(world.admin, world.registry, "grantRole", what, who)
    revoked = world.transact(world.admin, world.registry, "revokeRole", what, who)
    now = world.chain.now
    assert world.events(granted) == [RegistryRoleChanged(seq + 1, now, what, who, True)]
    assert world.events(revoked) == [RegistryRoleChanged(seq + 2, now, what, who, False)]
    assert world.ask(world.registry, "head") == chained(world)


def test_creation__no_admin__is_refused(world: World) -> None:
    with expect_refusal(world, "ZeroAddress"):
        world.create(load("PartyRegistry"), ZERO_ADDRESS)
