"""The borrower's cost as an effective annual rate."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ledger.core.schedule import schedule
from ledger.core.terms_json import parse_terms
from ledger.rates import irr_annual

BASE: dict[str, Any] = {
    "principal": 1_000_000,
    "annual_rate": "0.1",
    "periods": 1,
    "value_date": "2026-01-15",
    "method": "bullet",
}


def rate(**changes: Any) -> Decimal | None:
    return irr_annual(schedule(parse_terms({**BASE, **changes})))


def test_irr_annual__bullet_of_365_days__is_the_nominal_rate() -> None:
    assert rate(frequency="365D", day_count="ACT/365") == Decimal("0.100000")


def test_irr_annual__half_a_year__is_compounded() -> None:
    # 10000.00 becomes 10500.00 after 181 days: 1.05 ** (365 / 181) - 1.
    assert rate(frequency="6M") == Decimal("0.103392")


def test_irr_annual__twelve_months__discounts_the_payments_to_the_principal() -> None:
    built = schedule(parse_terms({**BASE, "method": "annuity", "periods": 12}))
    found = irr_annual(built)
    assert found is not None
    value = sum(
        row.row.total / (1 + float(found)) ** ((row.due - built.terms.value_date).days / 365)
        for row in built.instalments
    )
    assert abs(value - built.terms.principal) < 1


def test_irr_annual__fee_in_the_rows__raises_the_cost() -> None:
    assert rate(frequency="365D", annual_rate="0", fee_per_period=50_000) == Decimal("0.050000")


def test_irr_annual__no_cost__is_zero() -> None:
    assert rate(method="annuity", periods=12, annual_rate="0") == 0


def test_irr_annual__daily_interest__counts_what_accrues() -> None:
    whole_year = rate(method="daily", frequency="365D", day_count="ACT/365")
    assert whole_year is not None
    assert abs(whole_year - Decimal("0.1")) < Decimal("0.000002")
    by_rows = rate(method="equal_principal", periods=12, day_count="ACT/365")
    by_day = rate(method="daily", periods=12, day_count="ACT/365")
    assert by_rows is not None
    assert by_day is not None
    assert abs(by_rows - by_day) < Decimal("0.00003")


@pytest.mark.parametrize("days", [1, 7, 30])
def test_irr_annual__short_and_dear__is_finite_or_none(days: int) -> None:
    found = rate(frequency=f"{days}D", annual_rate="36", day_count="ACT/360")
    exact = (1 + 36 * days / 360) ** (365 / days) - 1
    assert found is not None
    assert abs(float(found) / exact - 1) < 1e-6


def test_irr_annual__beyond_any_float__is_none() -> None:
    assert rate(principal=1, frequency="1D", fee_per_period=10**12) is None
