"""From schedules and parties to agreements: shares, labels, other days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.signers import LocalSigner
from ledger.core.agreement import Domain, recover
from ledger.core.allocation import DAY_SECONDS
from ledger.core.schedule import schedule
from ledger.core.terms_json import parse_terms
from ledger.core.types import ZERO_ADDRESS, Address
from ledger.errors import InputError, TermsError
from ledger.origination import (
    USUAL_CONDITIONS,
    Labels,
    Parties,
    Settling,
    dated,
    draft,
    label,
    shares,
)

TERMS = parse_terms(
    {
        "principal": 120_000,
        "annual_rate": "0.12",
        "periods": 3,
        "value_date": "2026-01-15",
        "method": "annuity",
    }
)
BORROWER = LocalSigner(b"\1" * 32)
BOOK = Address("0x" + "12" * 20)
DOMAIN = Domain(31337, BOOK)


@given(st.integers(1, 2**88 - 1), st.lists(st.integers(1, 1_000), min_size=1, max_size=9))
def test_shares__any_weights__sum_to_the_principal(principal: int, weights: list[int]) -> None:
    parts = shares(principal, weights)
    assert sum(parts) == principal
    assert min(parts) >= 0
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - principal * weight) < sum(weights) * len(weights)


def test_label__short_text__is_padded_to_32_bytes() -> None:
    assert label("marketplace/1") == b"marketplace/1" + bytes(19)


def test_label__too_long__is_refused() -> None:
    with pytest.raises(InputError, match="longer than 32"):
        label("x" * 33)


def test_dated__other_day__keeps_amounts_and_length() -> None:
    later = schedule(dated(TERMS, date(2026, 3, 2)))
    before = schedule(TERMS)
    assert [row.total for row in later.rows] == [row.total for row in before.rows]
    assert later.terms.value_date_at - before.terms.value_date_at == 46 * DAY_SECONDS


def test_dated__first_due__moves_by_as_many_days() -> None:
    terms = replace(TERMS, first_due=date(2026, 2, 20))
    assert dated(terms, date(2026, 1, 25)).first_due == date(2026, 3, 2)


def test_dated__custom_rows__are_refused() -> None:
    row = {"due": "2026-02-15", "principal": "10", "interest": "1"}
    document = {"principal": 10, "annual_rate": "0", "value_date": "2026-01-15"}
    terms = parse_terms(document | {"method": "custom", "rows": [row]})
    with pytest.raises(TermsError, match="days of their own"):
        dated(terms, date(2026, 1, 16))


def test_draft__signed_id__recovers_the_borrower_and_funding_ends_with_the_value_date() -> None:
    item = draft(
        schedule(TERMS),
        DOMAIN,
        Settling(ZERO_ADDRESS, "CNY"),
        Parties(BORROWER.address, BOOK),
        USUAL_CONDITIONS,
        Labels("marketplace/1", "general"),
        salt=7,
    )
    assert recover(item.loan_id, BORROWER.sign_digest(item.loan_id)) == BORROWER.address
    agreement = item.agreement
    assert agreement.payee == agreement.borrower
    assert agreement.funding_deadline == agreement.value_date + DAY_SECONDS
    assert sum(row.principal for row in item.rows) == agreement.principal
