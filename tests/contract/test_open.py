"""open: what is stored and emitted, and every reason to refuse an agreement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_hash.auto import keccak

from ledger.core.events import Opened
from ledger.core.packing import Row, schedule_hash
from ledger.core.types import ZERO_ADDRESS
from tests.contract.agreed import Draft
from tests.contract.chain import Key
from tests.contract.evm import CNY, DAY, TOKEN_CNY, USD, role, subject
from tests.contract.refusals import expect_refusal
from tests.contract.world import World

WIDEST = 2**88 - 1


def with_rows(world: World, draft: Draft, *rows: Row) -> Draft:
    """Return the draft over other rows, which hash to what is signed."""
    return world.redraft(replace(draft, rows=rows), schedule_hash=schedule_hash(rows))


# ---------------------------------------------------------------------- what it does


def test_open__plain_loan__stores_the_terms_that_servicing_needs(world: World) -> None:
    draft = world.draft()
    world.open(draft)
    view, agreed = world.loan(draft), draft.agreement
    assert (view.status, view.bank, view.settlement, view.seq) == (1, 0, TOKEN_CNY, 1)
    assert (view.outstanding, view.accepted, view.row, view.attestations) == (0, 0, 0, 0)
    assert (view.principal, view.value_date) == (agreed.principal, agreed.value_date)
    assert (view.penalty_rate, view.grace_days, view.prepayment_fee_bps) == (500, 3, 100)
    assert (view.default_after_days, view.write_off_after_days) == (60, 180)
    assert view.schedule_hash == int.from_bytes(agreed.schedule_hash, "big")
    assert view.funding_deadline == agreed.funding_deadline
    assert view.borrower == int(agreed.borrower, 16)
    assert view.fee_receiver == int(agreed.fee_receiver, 16)
    assert (view.payee, view.guarantor) == (0, 0)


def test_open__merchant_and_guarantor__are_stored(world: World) -> None:
    draft = world.draft(guarantor=world.guarantor, payee=world.merchant.address)
    world.open(draft)
    view = world.loan(draft)
    assert view.payee == int(world.merchant.address, 16)
    assert view.guarantor == int(world.guarantor.address, 16)


def test_open__event__carries_agreement_rows_and_consent(world: World) -> None:
    draft = world.draft(guarantor=world.guarantor)
    sent = world.open(draft)
    assert world.events(sent) == [
        Opened(
            draft.loan_id,
            1,
            world.chain.now,
            draft.agreement,
            tuple(draft.words),
            world.borrower.sign(draft.loan_id),
            world.guarantor.sign(draft.loan_id),
        )
    ]
    assert sent.value == draft.loan_id


def test_open__heads__chain_the_raw_log(world: World) -> None:
    draft = world.draft()
    book_head, book_seq = world.raw("bookHead"), world.ask(world.book, "bookSeq")
    (log,) = world.open(draft).logs
    entry = keccak(b"".join(log.topics) + keccak(log.data))
    assert log.topics[1] == draft.loan_id
    assert world.raw("head", draft.loan_id) == keccak(bytes(32) + entry)
    assert world.raw("bookHead") == keccak(book_head + entry)
    assert world.ask(world.book, "bookSeq") == book_seq


def test_open__two_loans_of_a_subject__chain_into_its_loans_head(world: World) -> None:
    first, second = world.draft(), world.draft(bank=True)
    world.open(first)
    world.open(second)
    expected = keccak(keccak(bytes(32) + first.loan_id) + second.loan_id)
    assert world.raw("loansHead", subject(world.borrower)) == expected


@pytest.mark.parametrize("bank", [False, True])
def test_open__widest_principal_and_600_rows__opens(world: World, bank: bool) -> None:
    base = world.draft(bank=bank)
    part = WIDEST // 600
    start = base.agreement.value_date
    rows = [Row(start + DAY * (day + 2), part, 2**76, 2**48 - 1) for day in range(599)]
    rows.append(Row(start + DAY * 602, WIDEST - 599 * part, 0, 0))
    draft = with_rows(world, world.redraft(base, principal=WIDEST), *rows)
    world.open(draft)
    assert world.loan(draft).principal == WIDEST


# ---------------------------------------------------------------------- who and when


def test_open__not_the_originator__is_refused(world: World) -> None:
    draft = world.draft()
    who, needed = world.custodian.address, role("ORIGINATOR")
    with expect_refusal(world, "AccessControlUnauthorizedAccount", account=who, neededRole=needed):
        world.open(draft, sender=world.custodian)


def test_open__paused__is_refused(world: World) -> None:
    draft = world.draft()
    world.act(world.guardian, "setPaused", True)
    with expect_refusal(world, "IsPaused"):
        world.open(draft)


def test_open__twice__is_refused(world: World) -> None:
    draft = world.draft()
    world.open(draft)
    with expect_refusal(world, "AlreadyOpened", loanId=draft.loan_id):
        world.open(draft)


def test_open__last_second_of_funding__opens_and_then_no_more(world: World) -> None:
    first, second = world.draft(), world.draft()
    deadline = first.agreement.funding_deadline
    world.chain.travel(deadline)
    world.open(first)
    world.chain.travel(deadline + 1)
    with expect_refusal(world, "FundingClosed", deadline=deadline, now_=deadline + 1):
        world.open(second)


@pytest.mark.parametrize("place", ["borrower", "payee", "guarantor"])
@pytest.mark.parametrize("who", ["stranger", "platform"])
def test_open__party_that_may_not_take_part__is_refused(world: World, place: str, who: str) -> None:
    key = world.key(who)
    draft = world.redraft(world.draft(), **{place: key.address})
    draft = replace(draft, borrower=key if place == "borrower" else world.borrower, guarantor=key)
    error = "UnregisteredParty" if who == "stranger" else "PlatformParty"
    with expect_refusal(world, error, wallet=key.address):
        world.open(draft)


def test_open__payee_zero__is_no_party(world: World) -> None:
    draft = world.redraft(world.draft(), payee=ZERO_ADDRESS)
    with expect_refusal(world, "UnregisteredParty", wallet=ZERO_ADDRESS):
        world.open(draft)


# ---------------------------------------------------------------------- terms

TERMS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"fee_receiver": ZERO_ADDRESS}, "BadFeeReceiver", {"receiver": ZERO_ADDRESS}),
    (
        {"grace_days": 31, "default_after_days": 30},
        "DefaultWithinGrace",
        {"defaultAfterDays": 30, "graceDays": 31},
    ),
    ({"daily_rate": 1}, "UnsupportedTerm", {"name": b"dailyRate".ljust(32, b"\0")}),
    ({"line": keccak(b"line")}, "UnsupportedTerm", {"name": b"line".ljust(32, b"\0")}),
    ({"penalty_rate": 1_001}, "PenaltyRateTooHigh", {"rate": 1_001, "most": 1_000}),
    ({"prepayment_fee_bps": 501}, "PrepaymentFeeTooHigh", {"bps": 501, "most": 500}),
    ({"principal": WIDEST + 1}, "PrincipalTooWide", {"principal": WIDEST + 1, "most": WIDEST}),
    ({"principal": 2**128 - 1}, "PrincipalTooWide", {"principal": 2**128 - 1, "most": WIDEST}),
    ({"principal": 119_999}, "PrincipalMismatch", {"expected": 119_999, "found": 120_000}),
    ({"principal": 120_001}, "PrincipalMismatch", {"expected": 120_001, "found": 120_000}),
    ({"currency": b"XXX"}, "UnknownSettlement", {"currency": b"XXX"}),
    ({"currency": USD}, "UnknownSettlement", {"currency": USD}),
]


@pytest.mark.parametrize(("terms", "error", "values"), TERMS)
def test_open__term_out_of_bounds__is_refused(
    world: World, terms: dict[str, Any], error: str, values: dict[str, Any]
) -> None:
    draft = world.redraft(world.draft(), **terms)
    if error == "UnknownSettlement":
        values = {"token": world.token, **values}
    with expect_refusal(world, error, **values):
        world.open(draft)


def test_open__terms_at_their_bounds__opens(world: World) -> None:
    world.open(world.redraft(world.draft(), penalty_rate=1_000, prepayment_fee_bps=500))


def test_open__funding_deadline_after_the_first_day__is_refused(world: World) -> None:
    draft = world.draft()
    latest = draft.agreement.value_date + DAY
    late = world.redraft(draft, funding_deadline=latest + 1)
    with expect_refusal(world, "FundingDeadlineTooLate", deadline=latest + 1, latest=latest):
        world.open(late)


def test_open__closed_settlement__is_refused(world: World) -> None:
    draft = world.draft()
    world.act(world.admin, "setSettlement", world.token, CNY, False)
    with expect_refusal(world, "SettlementClosed", settlement=TOKEN_CNY):
        world.open(draft)


# ---------------------------------------------------------------------- consent


def test_open__borrower_did_not_sign__is_refused(world: World) -> None:
    draft = world.draft()
    signature = world.stranger.sign(draft.loan_id)
    who = world.borrower.address
    with expect_refusal(world, "BadSignature", signer=who, digest=draft.loan_id):
        world.open(draft, signature=signature)


@pytest.mark.parametrize("signer", ["borrower", "platform", None])
def test_open__guarantor_did_not_sign__is_refused(world: World, signer: str | None) -> None:
    draft = world.draft(guarantor=world.guarantor)
    key: Key | None = world.key(signer) if signer else None
    signature = key.sign(draft.loan_id) if key else b""
    who = world.guarantor.address
    with expect_refusal(world, "BadSignature", signer=who, digest=draft.loan_id):
        world.open(draft, guarantor_signature=signature)
