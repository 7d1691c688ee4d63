"""Notes as ERC-6909: transfer, approve, operator; locked until disbursed, over when repaid."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from ledger.chain.artifacts import load
from ledger.core.events import Transferred
from ledger.core.types import Kind
from ledger.errors import Reverted
from tests.contract.agreed import Draft
from tests.contract.chain import Key
from tests.contract.evm import ALL
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

STANDARD_TRANSFER = keccak(b"Transfer(address,address,address,uint256,uint256)")


def note(draft: Draft) -> int:
    """Return the token id of a loan's notes."""
    return int.from_bytes(draft.loan_id, "big")


def test_transfer__event__stands_in_the_head_beside_the_standard_one(world: World) -> None:
    draft = world.active()
    before = world.raw("head", draft.loan_id)
    sent = world.transfer(draft, world.ann, world.ben, 7)
    seq = world.loan(draft).seq
    now, ann, ben = world.chain.now, world.ann.address, world.ben.address
    assert world.events(sent) == [Transferred(draft.loan_id, seq, now, ann, ben, 7)]
    ours, standard = sent.logs
    entry = keccak(b"".join(ours.topics) + keccak(ours.data))
    assert world.raw("head", draft.loan_id) == keccak(before + entry)
    assert standard.topics[0] == STANDARD_TRANSFER


def test_transfer__both_sides_are_settled_first(world: World) -> None:
    draft = world.active()
    world.chain.travel(draft.rows[0].due_at)
    world.repay(draft)
    world.transfer(draft, world.ann, world.ben, 30_000)
    ann, ben = world.holding(draft, world.ann), world.holding(draft, world.ben)
    assert (ann.earned, ann.seen) == (120_000 * 41_200, 41_200)
    assert (ben.earned, ben.seen) == (0, 41_200)
    world.chain.travel(draft.rows[1].due_at)
    world.repay(draft)
    assert world.claimable(draft, world.ann) == 41_200 + 30_900
    assert world.claimable(draft, world.ben) == 10_300


def test_transfer__to_oneself__changes_no_claim(world: World) -> None:
    draft = world.active()
    world.chain.travel(draft.rows[0].due_at)
    world.repay(draft)
    world.transfer(draft, world.ann, world.ann, 30_000)
    assert world.units(draft, world.ann) == 120_000
    assert world.claimable(draft, world.ann) == 41_200


def test_transfer__does_not_move_the_attestation_count(world: World) -> None:
    draft = world.active(bank=True)
    count = world.loan(draft).attestations
    world.transfer(draft, world.ann, world.ben, 7)
    assert world.loan(draft).attestations == count


def test_transfer__more_than_held__is_refused(world: World) -> None:
    draft = world.active()
    values = {"sender": world.ben.address, "balance": 0, "needed": 1, "id": note(draft)}
    with expect_refusal(world, "ERC6909InsufficientBalance", **values):
        world.transfer(draft, world.ben, world.ann, 1)


def test_transfer__nothing__is_refused(world: World) -> None:
    draft = world.active()
    with expect_refusal(world, "ZeroAmount"):
        world.transfer(draft, world.ann, world.ben, 0)


@pytest.mark.parametrize("who", ["stranger", "platform"])
def test_transfer__to_who_may_not_hold__is_refused(world: World, who: str) -> None:
    draft, key = world.active(), world.key(who)
    error = "UnregisteredParty" if who == "stranger" else "PlatformParty"
    with expect_refusal(world, error, wallet=key.address):
        world.transfer(draft, world.ann, key, 7)


def test_transfer__holder_turned_platform__is_refused(world: World) -> None:
    draft, who = world.active(), world.ann.address
    world.transact(world.registrar, world.registry, "update", who, Kind.PLATFORM, True)
    with expect_refusal(world, "PlatformParty", wallet=who):
        world.transfer(draft, world.ann, world.ben, 7)


def test_transfer__to_zero__is_refused(world: World) -> None:
    draft = world.active()
    zero = "0x" + "00" * 20
    with expect_refusal(world, "ERC6909InvalidReceiver", receiver=zero):
        world.act(world.ann, "transfer", zero, note(draft), 7)


def test_transfer__loan_that_is_none__is_refused(world: World) -> None:
    with expect_refusal(world, "NotTransferable", loanId=keccak(b"none"), status=0):
        world.act(
            world.ann, "transfer", world.ben.address, int.from_bytes(keccak(b"none"), "big"), 1
        )


@pytest.mark.parametrize("ended", ["repaid", "cancelled"])
def test_transfer__when_the_loan_is_over__is_refused(world: World, ended: str) -> None:
    draft = world.active() if ended == "repaid" else world.funded()
    if ended == "repaid":
        world.prepay(draft)
    else:
        world.cancel(draft)
    status = 3 if ended == "repaid" else 6
    with expect_refusal(world, "NotTransferable", loanId=draft.loan_id, status=status):
        world.transfer(draft, world.ann, world.ben, 7)


def move_for(world: World, draft: Draft, spender: Key, units: int) -> None:
    arguments = world.ann.address, world.ben.address, note(draft), units
    world.act(spender, "transferFrom", *arguments)


def test_transfer_from__approved__moves_so_much_and_no_more(world: World) -> None:
    draft = world.active()
    world.act(world.ann, "approve", world.stranger.address, note(draft), 10)
    move_for(world, draft, world.stranger, 7)
    values = {"spender": world.stranger.address, "allowance": 3, "needed": 4, "id": note(draft)}
    with expect_refusal(world, "ERC6909InsufficientAllowance", **values):
        move_for(world, draft, world.stranger, 4)
    assert world.units(draft, world.ben) == 7
    assert world.loan(draft).seq == 4


def test_transfer_from__operator__moves_any_amount(world: World) -> None:
    draft = world.active()
    world.act(world.ann, "setOperator", world.stranger.address, True)
    move_for(world, draft, world.stranger, 7)
    world.act(world.ann, "setOperator", world.stranger.address, False)
    values = {"spender": world.stranger.address, "allowance": 0, "needed": 1, "id": note(draft)}
    with expect_refusal(world, "ERC6909InsufficientAllowance", **values):
        move_for(world, draft, world.stranger, 1)


def test_transfer_from__operator_while_funding__is_refused(world: World) -> None:
    draft = world.funded()
    world.act(world.ann, "setOperator", world.stranger.address, True)
    with expect_refusal(world, "NotTransferable", loanId=draft.loan_id, status=1):
        move_for(world, draft, world.stranger, 7)


def test_approve__unlimited__is_not_used_up(world: World) -> None:
    draft = world.active()
    world.act(world.ann, "approve", world.stranger.address, note(draft), ALL)
    move_for(world, draft, world.stranger, 7)
    left = world.ask(
        world.book, "allowance", world.ann.address, world.stranger.address, note(draft)
    )
    assert left == ALL


def test_notes__cannot_be_minted_or_burned_by_hand() -> None:
    functions = {item["name"] for item in load("LoanBook").abi if item["type"] == "function"}
    assert not {name for name in functions if "mint" in name.lower() or "burn" in name.lower()}


def test_transfer__paused__still_works(world: World) -> None:
    draft = world.active()
    world.act(world.guardian, "setPaused", True)
    world.transfer(draft, world.ann, world.ben, 7)
    assert world.units(draft, world.ben) == 7


def test_transfer__units_wider_than_any_principal__is_refused(world: World) -> None:
    draft = world.active()
    with pytest.raises(Reverted, match="ERC6909InsufficientBalance"):
        world.transfer(draft, world.ann, world.ben, ALL)
