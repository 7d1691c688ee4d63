"""Every event that does not follow from its loan is refused, named, and changes nothing."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.core.packing import pack_rows
from ledger.core.types import ZERO_ADDRESS
from ledger.errors import BookError
from tests.replayed import replay
from tests.scenes import (
    PLATFORM,
    ROWS,
    STRANGER,
    Scene,
    active,
    assert_refused,
    assigned,
    cancelled,
    chain_with,
    changed,
    committed,
    committed_late,
    committed_twice,
    defaulted,
    defaulted_at_the_bank,
    disbursed_twice,
    expired,
    last_event,
    opened,
    opened_over,
    opened_with,
    overfunded,
    paid_out,
    paid_out_at_the_bank,
    paused,
    prepaid,
    prepaid_after_default,
    refunded,
    refunded_while_active,
    repaid,
    repaid_at_the_bank,
    transferred,
    transferred_while_funding,
    underfunded,
)
from tests.simulated_logs import (
    BORROWER,
    DAY,
    LENDERS,
    START,
    agreement,
    rows_of,
)
from tests.simulation import SimulatedChain

UNLAWFUL: dict[str, tuple[Scene, str]] = {
    "opened in a pause": (paused(opened), "paused"),
    "borrower not registered": (opened_with(borrower=STRANGER), "party"),
    "payee not registered": (opened_with(payee=STRANGER), "party"),
    "guarantor not registered": (opened_with(guarantor=STRANGER), "party"),
    "borrower is the platform": (opened_with(borrower=PLATFORM), "party"),
    "guarantor is the platform": (opened_with(guarantor=PLATFORM), "party"),
    "no fee receiver": (opened_with(fee_receiver=ZERO_ADDRESS), "party"),
    "daily interest": (opened_with(daily_rate=1), "agreement"),
    "credit line": (opened_with(line=b"\1" * 32), "agreement"),
    "penalty rate over the maximum": (opened_with(penalty_rate=10_001), "agreement"),
    "prepayment fee over the maximum": (opened_with(prepayment_fee_bps=1_001), "agreement"),
    "funding after the value date": (opened_with(funding_deadline=START + DAY + 1), "agreement"),
    "opened after its deadline": (opened_with(funding_deadline=START - 6 * DAY), "deadline"),
    "unlisted currency": (opened_with(currency=b"USD"), "settlement"),
    "rows do not hash": (opened_with(schedule_hash=b"\1" * 32), "schedule"),
    "rows do not sum": (opened_with(principal=120_001), "schedule"),
    "no rows": (opened_over((), principal=1), "schedule"),
    "same due day twice": (opened_over(rows_of((9, 5, 0, 0), (9, 5, 0, 0))), "schedule"),
    "due on the value date": (opened_over(rows_of((0, 5, 0, 0))), "schedule"),
    "last row without principal": (opened_over(rows_of((9, 5, 0, 0), (18, 0, 0, 0))), "schedule"),
    "term too long": (opened_over(rows_of((18_301, 5, 0, 0))), "schedule"),
    "interest over the cap": (opened_over(rows_of((365, 1_000, 1_001, 0))), "schedule"),
    "fees over the cap": (opened_over(rows_of((365, 1_000, 999, 2))), "schedule"),
    "over-funded": (overfunded, "funding"),
    "committed twice": (committed_twice, "funding"),
    "committed after the deadline": (committed_late, "deadline"),
    "disbursed too early": (underfunded, "funding"),
    "disbursed twice": (disbursed_twice, "status"),
    "transferred while funding": (transferred_while_funding, "status"),
    "prepaid after default": (prepaid_after_default, "status"),
    "refunded while active": (refunded_while_active, "status"),
}


@pytest.mark.parametrize("name", UNLAWFUL)
def test_apply__event_against_the_rules__refused(name: str) -> None:
    scene, code = UNLAWFUL[name]
    chain = chain_with(scene)
    index = last_event(chain)
    error = assert_refused(chain.logs[:index], chain.logs[index], code)
    assert error.loan_id == chain.loans[-1].id
    assert f"0x{chain.loans[-1].id.hex()}" in str(error)


def test_apply__cost_at_the_cap__accepted() -> None:
    chain = chain_with(opened_over(rows_of((365, 1_000, 998, 2))))
    book, _ = replay(chain.logs)
    assert len(book.loans) == 1


# ---------------------------------------------------------------- what a node may forge

FORGED: dict[str, tuple[Scene, dict[str, Any], str]] = {
    "agreement of another loan": (opened, {"agreement": agreement(ROWS, salt=9)}, "agreement"),
    "other rows": (opened, {"rows": tuple(pack_rows(rows_of((9, 120_000, 0, 0))))}, "schedule"),
    "loan number skipped": (committed, {"seq": 3}, "sequence"),
    "loan number repeated": (committed, {"seq": 1}, "sequence"),
    "other time": (committed, {"at": START}, "time"),
    "commitment of nothing": (committed, {"amount": 0}, "funding"),
    "commitment of more": (committed, {"amount": 120_001}, "funding"),
    "lender not registered": (committed, {"lender": STRANGER}, "party"),
    "lender is the platform": (committed, {"lender": PLATFORM}, "party"),
    "commitment expired": (committed, {"deadline": START - 9 * DAY}, "deadline"),
    "disbursed to another": (active, {"payee": BORROWER}, "party"),
    "less disbursed": (active, {"amount": 119_999}, "funding"),
    "fee booked as interest": (repaid, {"fee": 9, "interest": 1_201}, "allocation"),
    "penalty booked as interest": (repaid, {"penalty": 0, "interest": 1_353}, "allocation"),
    "nothing repaid": (
        repaid,
        {"fee": 0, "penalty": 0, "interest": 0, "principal": 0},
        "allocation",
    ),
    "more than due": (repaid, {"principal": 40_001}, "allocation"),
    "token paid at another time": (repaid, {"paid_at": START + 36 * DAY}, "value_date"),
    "value date ahead": (repaid_at_the_bank, {"paid_at": START + 42 * DAY}, "value_date"),
    "value date too old": (repaid_at_the_bank, {"paid_at": START + 30 * DAY}, "value_date"),
    "value date moved": (repaid_at_the_bank, {"paid_at": START + 40 * DAY}, "allocation"),
    "token payout not all": (paid_out, {"amount": 1}, "entitlement"),
    "token payout too much": (paid_out, {"amount": 3_327}, "entitlement"),
    "bank payout too much": (paid_out_at_the_bank, {"amount": 3_327}, "entitlement"),
    "bank payout of nothing": (paid_out_at_the_bank, {"amount": 0}, "entitlement"),
    "payout to a stranger": (paid_out, {"holder": STRANGER}, "entitlement"),
    "prepaid more than signed": (prepaid, {"signed_amount": 999}, "allocation"),
    "prepaid more than all": (prepaid, {"signed_amount": 10**6}, "allocation"),
    "prepaid nothing": (prepaid, {"signed_amount": 0, "principal": 0}, "allocation"),
    "prepayment fee waived": (prepaid, {"fee": 0}, "allocation"),
    "prepayment order expired": (prepaid, {"deadline": START}, "deadline"),
    "more notes than held": (transferred, {"units": 80_001}, "units"),
    "no notes": (transferred, {"units": 0}, "units"),
    "notes of a stranger": (transferred, {"from_": STRANGER}, "party"),
    "notes to a stranger": (transferred, {"to": STRANGER}, "party"),
    "notes to the platform": (transferred, {"to": PLATFORM}, "party"),
    "assignment of nothing": (assigned, {"units": 0}, "units"),
    "assignment expired": (assigned, {"deadline": START - 9 * DAY}, "deadline"),
    "default on another day": (defaulted, {"day": 61}, "default"),
    "default with more interest": (defaulted, {"interest": 99_999}, "allocation"),
    "default with less principal": (defaulted, {"principal": 119_999}, "allocation"),
    "bank default today": (defaulted_at_the_bank, {"day": 72}, "default"),
    "cancellation expired": (cancelled, {"deadline": START - 9 * DAY}, "deadline"),
    "refund of less": (refunded, {"amount": 49_999}, "units"),
    "refund to another": (refunded, {"lender": LENDERS[1]}, "units"),
}


@pytest.mark.parametrize("name", FORGED)
def test_apply__forged_member__refused(name: str) -> None:
    scene, fields, code = FORGED[name]
    chain = chain_with(scene)
    index = last_event(chain)
    replay(chain.logs)
    error = assert_refused(chain.logs[:index], changed(chain.logs[index], **fields), code)
    assert error.loan_id == chain.loans[-1].id


def test_apply__default_too_early__refused() -> None:
    chain = chain_with(defaulted)
    index = last_event(chain)
    log = chain.logs[index]
    earlier = replace(log.block, timestamp=START + 61 * DAY)
    forged = changed(replace(log, block=earlier), at=earlier.timestamp, day=60)
    assert_refused(chain.logs[:index], forged, "allocation")


def test_apply__expired_before_the_deadline__refused() -> None:
    chain = chain_with(expired)
    index = last_event(chain)
    log = chain.logs[index]
    earlier = replace(log.block, timestamp=START + DAY)
    forged = changed(replace(log, block=earlier), at=earlier.timestamp)
    assert_refused(chain.logs[:index], forged, "deadline")


def test_apply__value_date_before_the_last_payment__refused() -> None:
    def twice(chain: SimulatedChain) -> None:
        chain.repay(repaid_at_the_bank(chain), 5_000)

    chain = chain_with(twice)
    index = last_event(chain)
    forged = changed(chain.logs[index], paid_at=START + 35 * DAY)
    assert_refused(chain.logs[:index], forged, "value_date")


def test_apply__token_payment_from_the_future_chain_time__never_goes_back() -> None:
    chain = chain_with(repaid)
    with pytest.raises(BookError, match="logs rise"):
        replay([*chain.logs, chain.logs[-1]])
