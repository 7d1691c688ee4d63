"""Schedules: golden vectors, the limits of every method, and what is refused."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ledger.core import packing
from ledger.core.amortisation import METHODS
from ledger.core.calendar import end_of_day
from ledger.core.rounding import RoundingMode, round_to
from ledger.core.schedule import Schedule, daily_rate, period_rates, schedule
from ledger.core.terms import MAX_PERIODS, Method
from ledger.core.terms_json import parse_terms
from ledger.errors import TermsError

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "schedules.json").read_text(encoding="utf-8")
)["cases"]
BASE: dict[str, Any] = {
    "principal": 120000,
    "annual_rate": "0.12",
    "periods": 3,
    "value_date": "2026-01-15",
    "method": "annuity",
}


def build(**changes: Any) -> Schedule:
    return schedule(parse_terms({**BASE, **changes}))


def parts(built: Schedule) -> list[tuple[int, int]]:
    return [(row.principal, row.interest) for row in built.rows]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_schedule__golden_vector__is_reproduced(case: dict[str, Any]) -> None:
    built = schedule(parse_terms(case["terms"]))
    rows = [
        {
            "due": instalment.due.isoformat(),
            "due_at": instalment.row.due_at,
            "principal": instalment.row.principal,
            "interest": instalment.row.interest,
            "fee": instalment.row.fee,
            "balance": instalment.balance,
        }
        for instalment in built.instalments
    ]
    assert rows == case["rows"]
    assert "0x" + built.schedule_hash.hex() == case["schedule_hash"]


def test_schedule__golden_vectors__cover_every_method() -> None:
    assert {case["terms"]["method"] for case in GOLDEN} == {method.value for method in Method}


def test_methods__table__holds_every_method_but_custom() -> None:
    assert set(METHODS) == set(Method) - {Method.CUSTOM}


def test_schedule__worked_example__is_396_03_and_so_on() -> None:
    assert parts(build()) == [(39603, 1200), (39999, 804), (40398, 404)]


def test_schedule__due_at__is_24_00_in_the_zone_of_the_terms() -> None:
    for zone in ("Asia/Shanghai", "UTC", "Etc/GMT+5", "Asia/Kolkata"):
        for instalment in build(timezone=zone, periods=36).instalments:
            assert instalment.row.due_at == end_of_day(instalment.due, zone)


def test_schedule__rows__pack_to_the_hash() -> None:
    built = build()
    words = packing.pack_rows(built.rows)
    assert [packing.unpack_row(word) for word in words] == list(built.rows)
    assert packing.schedule_hash(built.rows) == built.schedule_hash


def test_to_json__worked_example__is_the_interface() -> None:
    document = build(fee_per_period=100).to_json()
    assert set(document) == {"loan", "rows", "totals", "schedule_hash"}
    assert document["rows"][0] == {  # type: ignore[index]
        "index": 1,
        "due": "2026-02-15",
        "due_at": "2026-02-15T16:00:00Z",
        "principal": "39603",
        "interest": "1200",
        "fee": "100",
        "total": "40903",
        "balance": "80397",
    }
    assert document["totals"] == {
        "principal": "120000",
        "interest": "2408",
        "fee": "300",
        "total": "122708",
    }
    assert parse_terms(document["loan"]) == build(fee_per_period=100).terms
    assert json.loads(json.dumps(document)) == document


def test_to_json__last_balance__is_zero() -> None:
    rows = build(method="equal_principal", periods=7).to_json()["rows"]
    assert rows[-1]["balance"] == "0"  # type: ignore[index]


@pytest.mark.parametrize("method", ["annuity", "equal_principal", "interest_only", "flat"])
def test_schedule__one_period__repays_everything_in_it(method: str) -> None:
    assert parts(build(method=method, periods=1)) == [(120000, 1200)]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("half_up", [4, 4, 4, 2]), ("half_even", [4, 4, 4, 2]), ("half_down", [3, 3, 3, 5])],
)
def test_schedule__tie__goes_where_the_mode_says(mode: str, expected: list[int]) -> None:
    built = build(
        principal=14,
        annual_rate="0",
        periods=4,
        method="equal_principal",
        rounding={"instalment": mode},
    )
    assert [row.principal for row in built.rows] == expected


def test_schedule__rounding_up_exhausts_the_principal__later_rows_are_empty() -> None:
    built = build(principal=13, annual_rate="0", periods=12, rounding={"instalment": "up"})
    assert [row.principal for row in built.rows] == [2, 2, 2, 2, 2, 2, 1, 0, 0, 0, 0, 0]


def test_schedule__more_periods_than_minor_units__last_row_takes_all() -> None:
    built = build(principal=5, periods=12)
    assert [row.principal for row in built.rows] == [0] * 11 + [5]


def test_schedule__interest_deferred__comes_with_the_first_row_after() -> None:
    plain = build(method="interest_only", periods=6)
    deferred = build(method="interest_only", periods=6, interest_deferred_periods=3)
    assert [row.interest for row in deferred.rows] == [0, 0, 0, 4800, 1200, 1200]
    assert deferred.totals == plain.totals


def test_schedule__principal_free__spreads_principal_over_the_rest() -> None:
    built = build(method="equal_principal", periods=6, principal_free_periods=2)
    assert [row.principal for row in built.rows] == [0, 0, 30000, 30000, 30000, 30000]
    flat = build(method="flat", periods=6, principal_free_periods=2)
    assert [row.principal for row in flat.rows] == [0, 0, 30000, 30000, 30000, 30000]
    assert {row.interest for row in flat.rows} == {1200}


def test_schedule__flat_with_interest_rounded_up__last_row_takes_what_is_left() -> None:
    built = build(
        principal=500, annual_rate="0.12", periods=4, method="flat", rounding={"interest": "up"}
    )
    assert [row.interest for row in built.rows] == [5, 5, 5, 5]
    tiny = build(
        principal=125, annual_rate="0.12", periods=4, method="flat", rounding={"interest": "up"}
    )
    assert [row.interest for row in tiny.rows] == [1, 1, 1, 2]


def test_schedule__balloon__pays_the_longer_annuity_until_the_last_row() -> None:
    longer = build(periods=60)
    balloon = build(method="balloon", periods=12, amortisation_periods=60)
    assert parts(balloon)[:11] == parts(longer)[:11]
    assert balloon.rows[11].principal == longer.instalments[10].balance


def test_schedule__even_last__moves_only_where_it_helps() -> None:
    terms = {"periods": 24, "annual_rate": "0.094822", "value_date": "2024-01-01"}
    moved = build(principal=10054, level_adjustment="even_last", **terms)
    plain = build(principal=10054, **terms)
    assert (plain.rows[0].total, plain.rows[-1].total) == (462, 449)
    assert (moved.rows[0].total, moved.rows[-1].total) == (461, 473)
    near = {"principal": 10000, "annual_rate": "0.15678", "periods": 6, "day_count": "ACT/365"}
    # 4 minor units are more than half of 6 rows, but one step would leave 5 on the other side.
    far = build(level_adjustment="even_last", value_date="2024-01-01", **near)
    assert far.rows == build(value_date="2024-01-01", **near).rows


@pytest.mark.parametrize(
    "changes",
    [
        # The long first period earns more than the level payment.
        {"periods": 24, "annual_rate": "0.6", "first_due": "2027-12-15"},
        {"principal": 10, "periods": 120, "rounding": {"interest": "up", "instalment": "down"}},
        {"periods": 600, "annual_rate": "0.36", "instalment_multiple": 2500},
        {"periods": 12, "method": "flat", "annual_rate": "0.9", "instalment_multiple": 50000},
        {
            "periods": 600,
            "method": "balloon",
            "annual_rate": "0.36",
            "amortisation_periods": 900,
            "instalment_multiple": 2500,
        },
    ],
)
def test_schedule__level_payment_below_the_interest__names_the_rate(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(TermsError, match=r"level payment of \d+ .* below the interest") as caught:
        build(**changes)
    assert caught.value.field == "annual_rate"


def test_schedule__interest_too_wide_for_the_row__is_named() -> None:
    with pytest.raises(TermsError, match="80 unsigned bits") as caught:
        build(principal=(1 << 88) - 1, method="bullet", periods=1)
    assert caught.value.field == "rows.interest"


def test_schedule__longest_loan__is_built() -> None:
    built = build(principal=10**20, annual_rate="0.023456789012", periods=MAX_PERIODS)
    assert built.instalments[-1].due.isoformat() == "2126-01-15"
    assert built.instalments[-1].balance == 0


def test_period_rates__bullet__is_one_period_from_value_date() -> None:
    act = parse_terms({**BASE, "method": "bullet", "periods": 6, "day_count": "ACT/365"})
    assert period_rates(act) == [Fraction(12, 100) * Fraction(181, 365)]
    # Month by month the thirty-day months would add up to a day more.
    thirty = {**BASE, "method": "bullet", "value_date": "2026-01-31", "day_count": "30/360"}
    assert period_rates(parse_terms({**thirty, "periods": 2})) == [Fraction(12, 100) / 6]


@pytest.mark.parametrize(
    ("day_count", "expected"),
    [
        ("ACT/365", 493_150_684),
        ("ACT/364", 494_505_494),
        ("ACT/360", 500_000_000),
        ("period", 500_000_000),
    ],
)
def test_daily_rate__daily_loan__is_rounded_down(day_count: str, expected: int) -> None:
    terms = parse_terms({**BASE, "annual_rate": "0.18", "method": "daily", "day_count": day_count})
    assert daily_rate(terms) == expected


def test_daily_rate__interest_in_the_rows__is_zero() -> None:
    assert daily_rate(parse_terms(BASE)) == 0


@pytest.mark.parametrize(
    ("value", "half_up", "half_even", "half_down", "up", "down"),
    [
        ("5/2", 3, 2, 2, 3, 2),
        ("7/2", 4, 4, 3, 4, 3),
        ("249/100", 2, 2, 2, 3, 2),
        ("251/100", 3, 3, 3, 3, 2),
        ("3", 3, 3, 3, 3, 3),
        ("0", 0, 0, 0, 0, 0),
        ("1/1000000", 0, 0, 0, 1, 0),
    ],
)
def test_round_to__each_mode__rounds_once(
    value: str, half_up: int, half_even: int, half_down: int, up: int, down: int
) -> None:
    exact = Fraction(value)
    assert round_to(exact, RoundingMode.HALF_UP) == half_up
    assert round_to(exact, RoundingMode.HALF_EVEN) == half_even
    assert round_to(exact, RoundingMode.HALF_DOWN) == half_down
    assert round_to(exact, RoundingMode.UP) == up
    assert round_to(exact, RoundingMode.DOWN) == down


def test_round_to__multiple__ties_by_multiples() -> None:
    assert round_to(Fraction(150), RoundingMode.HALF_UP, 100) == 200
    assert round_to(Fraction(250), RoundingMode.HALF_EVEN, 100) == 200
    assert round_to(Fraction(150), RoundingMode.HALF_DOWN, 100) == 100
    assert round_to(Fraction(15001, 100), RoundingMode.HALF_DOWN, 100) == 200
    assert round_to(Fraction(101), RoundingMode.UP, 100) == 200
